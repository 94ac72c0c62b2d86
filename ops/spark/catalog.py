"""What is in the cluster: sessions, and the legacy tables as external tables on their Parquet files."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pyspark.sql import SparkSession

from ops.errors import Failure
from ops.source.declared import SCHEMA
from ops.spark import export
from ops.spark.cluster import Cluster


def session() -> SparkSession:
    """Connect to the cluster that SPARK_REMOTE names, or else to the local one; raise Failure when none answers."""
    remote = os.environ.get("SPARK_REMOTE")
    if not remote and "driver" not in Cluster().status():
        raise Failure("No Spark driver runs: python -m ops spark start, or set SPARK_REMOTE.")
    try:
        opened = SparkSession.builder.remote(remote or Cluster().remote).getOrCreate()
        opened.conf.set("spark.sql.session.timeZone", "UTC")
    except Exception as error:
        raise Failure(f"No Spark cluster answers at {remote or Cluster().remote}: {_first_line(error)}") from None
    return opened


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
