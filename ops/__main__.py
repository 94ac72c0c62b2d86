"""The command line: python -m ops."""

import os
import signal
import sys
from contextlib import closing
from pathlib import Path
from time import monotonic
from typing import Annotated

import psycopg2
import typer

from ops import demo, report
from ops.console import complain, console, duration, say, step
from ops.database import psql
from ops.database.connection import (
    Connection,
    Target,
    connect,
    ignore_libpq_variables,
    interrupt,
    interrupted,
    preflight,
    start_if_embedded,
    target_from_environment,
)
from ops.database.server import Server, start_server
from ops.dbt import profiles
from ops.docs import page
from ops.errors import Failure
from ops.handover import amend, changes, handover, rehearsal
from ops.legacy import Scale
from ops.project import close_folders
from ops.release import production
from ops.report import ledger
from ops.source import comparison, copying, inventory, replication
from ops.source.declared import SCHEMA
from ops.source.errors import explain, is_lost
from ops.source.tables import DSN, SOURCE_SCHEMA, connect_legacy
from ops.spark import commands as spark

HELP = {"help_option_names": ["-h", "--help"]}
ScaleOption = Annotated[
    Scale, typer.Option(help="tiny: seconds; phase7: the three largest tables at 1 %; full: every row.")
]
TargetOption = Annotated[
    str | None,
    typer.Option(
        "--target", envvar="DBT_TARGET", help="Target of profiles.yml that was built.", show_default="that of dbt"
    ),
]

app = typer.Typer(
    help="Everything around dbt. The database is the embedded server, or the one in DISPATCH_PGHOST, "
    "DISPATCH_PGPORT, DISPATCH_PGUSER, DISPATCH_PGPASSWORD and DISPATCH_PGDATABASE.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings=HELP,
)
server_app = typer.Typer(help="The embedded PostgreSQL, in .postgres or in DISPATCH_PGDATA.", no_args_is_help=True)
legacy_app = typer.Typer(help="The synthetic legacy database.", no_args_is_help=True)
source_app = typer.Typer(help=f"The live legacy database; {DSN} is its libpq connection string.", no_args_is_help=True)
app.add_typer(server_app, name="server")
app.add_typer(legacy_app, name="legacy")
app.add_typer(source_app, name="source")
app.add_typer(spark.app, name="spark")
source_app.command("export")(spark.export_command)


@app.command("demo")
def demo_command(scale: ScaleOption = Scale.PHASE7) -> None:
    """Do everything: packages, profile, server, legacy data, dbt build; then print the ledger."""
    demo.run(scale)


@app.command("deps")
def deps_command() -> None:
    """Install the dbt packages, from the package hub or else the bundled stand-ins."""
    demo.install_packages()


@app.command()
def setup() -> None:
    """Write profiles.yml from the example unless you have changed it, and create the folders for logs."""
    close_folders()
    say(profiles.write(Server().folder))


@app.command()
def doctor() -> None:
    """Check that dbt build can start: profile, connection, version, rights, legacy tables."""
    target = _target()
    connection = preflight(target)
    say(f"PostgreSQL {connection.server_version // 10000} answers at {target.where}, database {target.dbname}.")
    demo.check_legacy(connection)
    say(f"The legacy tables in schema {SCHEMA} are as their sources declare them.")


@app.command("release")
def release_command() -> None:
    """Run production: freshness, build, test, publish, report; exit code 0 published, 1 failed, 75 try again later."""
    raise typer.Exit(production.run(_production()))


@app.command("handover")
def handover_command(
    schema: Annotated[str, typer.Option(help="Schema of the application; it must not exist yet.")] = "app",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the SQL, or with --amend the rows, and write nothing.")
    ] = False,
    undo: Annotated[bool, typer.Option("--undo", help="Undo it; refused once the application has written.")] = False,
    files: Annotated[bool, typer.Option("--files", help="Only write schema.sql and the diagrams again.")] = False,
    changed: Annotated[
        Path | None,
        typer.Option("--changes", metavar="DIR", help="Write what the application has changed since, as CSV files."),
    ] = None,
    amending: Annotated[
        bool, typer.Option("--amend", help="Add rows that were left out and have been repaired since.")
    ] = False,
    output: Annotated[
        Path, typer.Option(help="Folder for schema.sql and the diagrams.", show_default="target/handover")
    ] = handover.OUTPUT,
) -> None:
    """Hand the published marts over to the new application, in one transaction; this ends releases."""
    if sum([undo, files, amending, changed is not None]) > 1 or (dry_run and (undo or files or changed)):
        raise Failure("Name one of --undo, --files, --changes and --amend; --dry-run goes with --amend, or alone.")
    target = _production()
    if not dry_run or amending:
        start_if_embedded(target)
    if undo:
        handover.undo(target)
    elif files:
        handover.files(target, output)
    elif amending:
        amend.run(target, dry_run)
    elif changed:
        changes.write(target, changed)
    else:
        handover.run(target, schema, dry_run, output)


@app.command()
def rehearse() -> None:
    """Rehearse the cut-over day on two temporary servers, from replication to the application's first writes."""
    rehearsal.run()


@app.command(
    "psql",
    context_settings={"ignore_unknown_options": True, "help_option_names": ["--help"]},
    options_metavar="",
)
def psql_command(
    arguments: Annotated[list[str] | None, typer.Argument(help='psql\'s own: -c "…", --csv, …')] = None,
) -> None:
    """Run psql on the database that dbt builds in; without arguments, a prompt."""
    psql.run(target_from_environment(), arguments or [])


@app.command("ledger")
def ledger_command(target: TargetOption = None) -> None:
    """Print how many rows the last build migrated and left out, and why."""
    ledger.show(connect(_target(target)))


@app.command("report")
def report_command(
    output: Annotated[
        Path, typer.Option(help="Folder to write to; created if missing.", show_default="target/report")
    ] = report.OUTPUT,
    target: TargetOption = None,
) -> None:
    """Write the migration report of the last build, as HTML and as Markdown."""
    report.show(connect(start_if_embedded(_target(target))), output)


@app.command("docs")
def docs_command(
    output: Annotated[
        Path, typer.Option(help="Folder to write to; created if missing.", show_default="target/docs")
    ] = page.OUTPUT,
    target: TargetOption = None,
) -> None:
    """Write dbt's documentation of what is built, with diagrams, as one page that needs no server."""
    page.show(start_if_embedded(_target(target)), output, target)


@legacy_app.command("load")
def legacy_load(
    scale: ScaleOption = Scale.PHASE7,
    schema: Annotated[str, typer.Option(help="Schema to load into; an older copy there is replaced.")] = SCHEMA,
    force: Annotated[bool, typer.Option("--force", help="Load even if the same data are loaded already.")] = False,
) -> None:
    """Run synthetic_legacy/*.sql in one transaction, unless the same files are loaded at the same scale."""
    demo.load_legacy(connect(target_from_environment()), scale, schema, force)


@source_app.command("copy")
def source_copy() -> None:
    """Copy everything as it is now: one snapshot, one transaction."""
    start = monotonic()
    landed = copying.copy(_production(), step)
    say(
        f"{landed.tables} tables with {landed.rows:,} rows, as they were at {landed.at:%Y-%m-%d %H:%M:%S %Z}, "
        f"are in schema {SCHEMA}: {duration(monotonic() - start)}"
    )
    if landed.unknown:
        complain(f"{landed.unknown}. {inventory.REMEDY}")


@source_app.command("inventory")
def source_inventory(
    output: Annotated[
        Path, typer.Option(help="File for the YAML of what is unknown.", show_default="target/inventory/sources.yml")
    ] = inventory.OUTPUT,
) -> None:
    """Print every table of the legacy database with its rows and decision, and write YAML for what is unknown."""
    with closing(connect_legacy()) as source, console.status("Counting …"):
        found = inventory.read(source, SOURCE_SCHEMA, everywhere=True)
    console.print(inventory.as_table(found))
    if said := inventory.sentence(unknown := [entry for entry in found if entry.is_unknown]):
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(inventory.skeleton(unknown), encoding="utf-8")
        complain(f"{said}. {inventory.REMEDY}")
        say(f"YAML of what is unknown: {output}")


@source_app.command("replicate")
def source_replicate() -> None:
    """Copy everything and keep it up to date; waits until every table has been copied."""
    start = monotonic()
    with closing(_warehouse()) as warehouse, closing(connect_legacy()) as source:
        tables = replication.replicate(warehouse, source)
    say(f"{tables} tables are in schema {SCHEMA} and follow the legacy server: {duration(monotonic() - start)}")


@source_app.command("status")
def source_status() -> None:
    """Show how the landing is filled and how far behind it is; exit code 1 when something is wrong."""
    with closing(_warehouse()) as warehouse:
        lines, problems = replication.status(warehouse)
        if said := inventory.sentence(inventory.unknown(warehouse)):
            lines.append(f"{said}. {inventory.REMEDY}")
    for line in lines:
        say(line)
    for problem in problems:
        complain(problem)
    raise typer.Exit(bool(problems))


@source_app.command("pause")
def source_pause() -> None:
    """Pause replication between two transactions, for builds by hand; a release does this by itself."""
    with closing(_warehouse()) as warehouse:
        replication.pause(warehouse)
    say("Replication is paused, and the legacy server keeps its log, until python -m ops source resume.")


@source_app.command("resume")
def source_resume() -> None:
    """Resume replication."""
    with closing(_warehouse()) as warehouse:
        replication.resume(warehouse)
    say("The landing follows the legacy server again.")


@source_app.command("compare")
def source_compare() -> None:
    """Count and checksum every table on both sides; nothing may write to the legacy database meanwhile."""
    start = monotonic()
    with closing(_warehouse()) as warehouse, closing(connect_legacy()) as source:
        replication.catch_up(warehouse, source)
        with console.status("Comparing …"):
            tables, total, differences = comparison.compare(warehouse, source)
    if differences:
        raise Failure(
            "\n".join(
                f"{each.table}: {each.legacy_rows:,} rows at the source, {each.landed_rows:,} landed"
                + (", of which some differ" if each.legacy_rows == each.landed_rows else "")
                for each in differences
            )
            + "\nThe landing differs from the legacy database: was the database written to meanwhile?"
        )
    say(f"{tables} tables, {total:,} rows: the same on both sides, in every value: {duration(monotonic() - start)}")


@source_app.command("stop")
def source_stop() -> None:
    """End replication and remove what it created on both servers; the landed tables stay."""
    with closing(_warehouse()) as warehouse:
        remaining = replication.stop(warehouse)
    say(f"Nothing replicates into schema {SCHEMA} any more; its tables stay as they are.")
    if remaining:
        raise Failure(remaining)


@server_app.command()
def start() -> None:
    """Create the data folder if it is missing, and start the server unless it runs."""
    start_server()


@server_app.command()
def stop() -> None:
    """Stop the server; its data stay."""
    server = Server()
    say(f"PostgreSQL {'stopped' if server.stop() else 'was not running'} in {server.folder}")


@server_app.command()
def status() -> None:
    """Show whether the server runs; exit code 1 when it does not."""
    server = Server()
    state, process = server.status()
    if process is None:
        say(f"PostgreSQL is not running in {server.folder}" + (" (no data there yet)" if state == "absent" else ""))
        raise typer.Exit(1)
    say(f"PostgreSQL {server.version} is {state} in {server.folder}: process {process}, {server.size() / 1e6:,.0f} MB")


def _target(dbt_target: str | None = None) -> Target:
    return target_from_environment(profiles.schema(dbt_target))


def _production() -> Target:
    return _target(profiles.PRODUCTION)


def _warehouse() -> Connection:
    return connect(_production())


def main() -> None:
    """Run the command line; a Failure becomes a message and exit code 1, without a traceback."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # a terminal may not know every character
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, interrupt)
    os.environ["PYTHONUTF8"] = "1"  # the output of dbt and other programs is UTF-8
    if ignored := ignore_libpq_variables():
        complain(f"Ignored: {', '.join(ignored)}; only the DISPATCH_PG* variables name the server.")
    try:
        app(prog_name="python -m ops")
    except Failure as failure:
        complain(str(failure))
    except psycopg2.errors.QueryCanceled as error:
        if interrupted.is_set():  # Ctrl-C while a statement ran
            sys.exit(130)
        complain(
            f"The server ended a statement: {' '.join(str(error).split())}. A user or a timeout has cancelled it: run"
            " the command again."
        )
    except psycopg2.Error as error:
        complain(
            f"The connection was lost: {' '.join(str(error).split())}."
            " Once .venv/bin/python -m ops doctor reports no error, run the command again."
            if is_lost(error)
            else explain(error)
        )
    else:
        return
    sys.exit(1)


if __name__ == "__main__":
    main()
