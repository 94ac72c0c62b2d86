"""The command line: python -m ops spark."""

import os
from contextlib import closing
from time import monotonic
from typing import Annotated

import typer

from ops import demo, legacy
from ops.console import complain, console, duration, say, step
from ops.database.connection import Connection, connect, reading_marts, rows, target_from_environment
from ops.database.server import Server
from ops.dbt import profiles
from ops.dbt.run import build
from ops.errors import Failure
from ops.source import landing
from ops.source.declared import SCHEMA
from ops.source.tables import DSN, SOURCE_SCHEMA, connect_legacy, plan
from ops.spark import cluster, environment
from ops.spark.cluster import LOOPBACK, THRIFT_PORT, Cluster

app = typer.Typer(
    help="Apache Spark: a cluster on this machine, or the one that SPARK_REMOTE names (sc://host:port).",
    no_args_is_help=True,
)
Workers = Annotated[int, typer.Option(help="Number of workers; each has one core and 2 GB of memory.", min=1)]


@app.command()
def start(workers: Workers = 2) -> None:
    """Start a master, workers and a driver on the loopback address; does nothing when they run."""
    environment.require()
    if os.environ.get("SPARK_REMOTE"):
        say(f"SPARK_REMOTE names the cluster at {cluster.place()}: there is nothing to start.")
        return
    local = Cluster()
    with console.status("Spark …") as shown:
        started = local.start(workers, lambda what: shown.update(f"Spark: {what} …"))
    say(
        f"Spark {'started' if started else 'is running'} in {local.folder}: Connect at {local.remote},"
        f" Thrift at {LOOPBACK}:{THRIFT_PORT}"
    )


@app.command()
def stop() -> None:
    """Stop the cluster; its tables stay."""
    local = Cluster()
    with console.status("Spark …"):
        stopped = local.stop()
    say(f"Spark {'stopped' if stopped else 'was not running'} in {local.folder}")


@app.command()
def status() -> None:
    """Print the processes of the cluster and their memory; exit code 1 when no driver runs."""
    running = Cluster().status()
    for name, process in running.items():
        with_children = [process, *process.children(recursive=True)]
        memory = sum(each.memory_info().rss for each in with_children)
        say(f"{name}: process {process.pid}, {memory / 1e6:,.0f} MB")
    if "driver" not in running:
        say("No Spark driver runs: python -m ops spark start.")
        raise typer.Exit(1)


def export_command(
    address: Annotated[str, typer.Argument(help="A folder, or an address such as s3://bucket/folder.")],
    live: Annotated[bool, typer.Option("--live", help=f"Read the server that {DSN} names.")] = False,
) -> None:
    """Write the landed legacy tables as Parquet, from one snapshot; an interrupted export of a copy continues."""
    environment.require()
    from ops.spark import export

    os.umask(0o077)  # the files hold personal data
    start = monotonic()
    with closing(connect_legacy() if live else connect(target_from_environment())) as source:
        if live:
            tables, schema, still = plan(source), SOURCE_SCHEMA, ""
        else:
            tables, schema, still = export.landed_tables(source), SCHEMA, _still(source)
        written = export.export(source, tables, schema, address, step, still)
    for column, many in written.changed.items():
        complain(
            f"{column}: {many:,} value{'' if many == 1 else 's'} that Spark cannot hold (NaN, infinity, too large, or a"
            " year outside 1 to 9999); exported as the nearest that is out of range, so that the row is rejected."
        )
    total = sum(written.rows.values())
    say(
        f"{len(written.rows)} tables with {total:,} rows, as they were at {written.at}, are in {address}:"
        f" {duration(monotonic() - start)}"
    )


@app.command()
def register(address: Annotated[str, typer.Argument(help="Where python -m ops source export wrote to.")]) -> None:
    """Make the current export's files the tables of the legacy schema of the cluster; older ones are replaced."""
    environment.require()
    from ops.spark import catalog

    start = monotonic()
    with console.status("Registering …"), catalog.reached():
        tables = catalog.register(address)
    say(f"{tables} tables are in schema {SCHEMA} of the Spark cluster: {duration(monotonic() - start)}")


@app.command(
    "build", context_settings={"ignore_unknown_options": True, "help_option_names": ["--help"]}, options_metavar=""
)
def build_command(
    options: Annotated[list[str] | None, typer.Argument(help="dbt's own: --select, --exclude, …")] = None,
) -> None:
    """Run dbt build --target spark; ends at once when the cluster is lost, where dbt would wait for ten minutes."""
    environment.require()
    build({"PYTHONWARNINGS": "ignore"}, "--target", "spark", *(options or []), lost=cluster.lost)


@app.command("compare")
def compare_command() -> None:
    """Compare every mart and audit table of PostgreSQL and Spark; exit code 1 when one differs."""
    environment.require()
    from ops.spark import catalog, parity

    start = monotonic()
    with closing(_warehouse()) as warehouse, catalog.reached() as session:
        found = []
        say(f"{'table':<40}{'rows':>12}")
        for each in parity.compare(warehouse, session, profiles.Schemas(profiles.schema("spark"))):
            found.append(each)
            say(f"{each.table:<40}{each.rows:>12,}  {'differs' if each.problems else 'the same'}")
    differing = [each for each in found if each.problems]
    if differing:
        lines = (f"{each.table}: " + "\n    ".join(each.problems) for each in differing)
        raise Failure("\n".join([*lines, f"{len(differing)} of {len(found)} tables differ."]))
    total = sum(each.rows for each in found)
    say(f"{len(found)} tables with {total:,} rows are the same on both engines: {duration(monotonic() - start)}")
    for name, reason in (parity.BY_DESIGN | parity.ONLY_POSTGRES).items():
        say(f"Not compared: {name} ({reason})")


@app.command("demo")
def demo_command(workers: Workers = 2) -> None:
    """Do everything: start, export, register, build, compare; stops the cluster unless it ran before.

    Without an embedded PostgreSQL server, as in a new clone, one is made and built first, at scale tiny.
    """
    environment.require()
    if not os.environ.get("SPARK_REMOTE"):
        environment.java_home()
    begin = monotonic()
    if target_from_environment().is_embedded and not Server().folder.exists():
        demo.run(legacy.Scale.TINY)
    with closing(_warehouse()) as warehouse, reading_marts("compare with"):
        rows(warehouse, f"select 1 from {warehouse.schemas.audit}.migration_ledger")
    local = Cluster()
    ran = "driver" in local.status()
    try:
        start(workers)
        address = str(local.folder / "export")
        export_command(address)
        register(address)
        build_command()
        compare_command()
    finally:
        if not ran:
            stop()
    say(f"Done in {duration(monotonic() - begin)}.")


def _warehouse() -> Connection:
    """Connect to the marts of PostgreSQL, those of the default target."""
    return connect(target_from_environment(profiles.schema()))


def _still(source: Connection) -> str:
    """Return what the landing is a copy of; "" when it is replicated, and may change while it is read."""
    ((comment,),) = rows(source, "select obj_description(to_regnamespace(%s), 'pg_namespace')", (SCHEMA,))
    is_copy = (comment or "").startswith(legacy.MARK) or landing.facts(source).get("how") == "copied"
    return comment if is_copy else ""
