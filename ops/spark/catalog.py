"""What is in the cluster: sessions, and the legacy tables as external tables on their Parquet files."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from pyspark.errors import PySparkException
from pyspark.sql import SparkSession
from pyspark.sql.connect.client.retries import DefaultPolicy

from ops.errors import Failure
from ops.source.declared import SCHEMA
from ops.spark import cluster, export


def session() -> SparkSession:
    """Connect to the cluster that SPARK_REMOTE names, or else to the local one; raise Failure when none answers."""
    if reason := cluster.lost():
        raise Failure(reason)
    try:
        opened = SparkSession.builder.remote(cluster.address()).getOrCreate()
        # Gives up after a quarter of a minute instead of ten.
        opened.client.set_retry_policies([DefaultPolicy(max_retries=5)])
        opened.conf.set("spark.sql.session.timeZone", "UTC")
    except Exception as error:
        raise Failure(f"The Spark cluster at {cluster.place()} refuses the session: {_first_line(error)}") from None
    return opened


@contextmanager
def reached() -> Iterator[SparkSession]:
    """Give a session, and end it after the block; raise Failure with one sentence when the cluster is lost inside."""
    opened = session()
    try:
        yield opened
    except PySparkException:
        if reason := cluster.lost():
            raise Failure(reason) from None
        raise
    opened.stop()


def register(address: str) -> int:
    """Make each table of the current export a table of the legacy schema; return their number."""
    folder, exported = export.current(address)
    if "://" not in folder:
        folder = Path(folder).expanduser().resolve().as_uri()
    opened = session()
    schema = SCHEMA.replace("`", "``")
    opened.sql(f"create schema if not exists `{schema}`")

    def create(table: str) -> None:
        # An external table: dropping it leaves its files.
        opened.sql(f"drop table if exists `{schema}`.`{table}`")
        opened.sql(f"create table `{schema}`.`{table}` using parquet location '{folder}/{table}'")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(create, exported.rows))
    return len(exported.rows)


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
