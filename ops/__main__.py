"""The command line: python -m ops."""

import os
import signal
import sys
from pathlib import Path
from typing import Annotated

import psycopg2
import typer

from ops import checks, demo, docs, handover, ledger, profiles, psql, rehearsal, release, report, source
from ops.connection import (
    Target,
    connect,
    ignore_libpq_variables,
    interrupt,
    interrupted,
    target_from_environment,
)
from ops.console import complain, say
from ops.errors import Failure
from ops.legacy import SCHEMA, Scale
from ops.project import close_folders
from ops.server import VERSION, Server
from ops.spark import commands as spark

HELP = {"help_option_names": ["-h", "--help"]}
ScaleOption = Annotated[Scale, typer.Option(help="tiny: seconds; phase7: giants at 1 %; full: every row.")]

app = typer.Typer(
    help="The hands around the dbt project. The database is the embedded server, or the one that DISPATCH_PGHOST, "
    "DISPATCH_PGPORT, DISPATCH_PGUSER, DISPATCH_PGPASSWORD and DISPATCH_PGDATABASE name.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings=HELP,
)
server_app = typer.Typer(
    help=f"The embedded PostgreSQL {VERSION}, in .postgres or in DISPATCH_PGDATA.", no_args_is_help=True
)
legacy_app = typer.Typer(help="The synthetic legacy database.", no_args_is_help=True)
app.add_typer(server_app, name="server")
app.add_typer(legacy_app, name="legacy")
app.add_typer(source.app, name="source")
app.add_typer(spark.app, name="spark")
source.app.command("export")(spark.export_command)


@app.command("demo")
def demo_command(scale: ScaleOption = Scale.PHASE7) -> None:
    """Do everything: packages, profile, server, legacy data, dbt build; then print the ledger."""
    demo.run(target_from_environment(), scale)


@app.command("deps")
def deps_command() -> None:
    """Install the dbt packages, from the package hub or else the bundled stand-ins."""
    demo.install_packages()


@app.command()
def setup() -> None:
    """Write profiles.yml from the example, and make the folders for logs; a profile of your own is kept."""
    close_folders()
    say(profiles.write(Server().folder))


@app.command()
def doctor() -> None:
    """Check that dbt build can start: profile, connection, version, rights, legacy tables."""
    target = target_from_environment()
    connection = demo.preflight(target)
    say(f"PostgreSQL {connection.server_version // 10000} answers at {target.where}, database {target.dbname}.")
    demo.check_legacy(connection)
    say(f"Every legacy table that dbt reads is in schema {SCHEMA}.")


@app.command("release")
def release_command() -> None:
    """Run production: freshness, build, test, publish, report; exit code 0 published, 1 failed, 75 try again later."""
    raise typer.Exit(release.run(target_from_environment()))


@app.command("handover")
def handover_command(
    schema: Annotated[str, typer.Option(help="Schema of the application; it must not exist yet.")] = "app",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the SQL and write nothing.")] = False,
    undo: Annotated[
        bool, typer.Option("--undo", help="Take it back; refused once the application has written.")
    ] = False,
    files: Annotated[bool, typer.Option("--files", help="Only write schema.sql and the diagrams again.")] = False,
    output: Annotated[
        Path, typer.Option(help="Folder for schema.sql and the diagrams.", show_default="target/handover")
    ] = handover.OUTPUT,
) -> None:
    """Hand the published marts over to the new application, in one transaction; from then on nothing is released."""
    target = target_from_environment() if dry_run else _running_target()
    if undo:
        handover.undo(target)
    elif files:
        handover.files(target, output)
    else:
        handover.run(target, schema, dry_run, output)


@app.command()
def rehearse() -> None:
    """Go through the cut-over day on two servers of its own, from replication to the application's first writes."""
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
def ledger_command() -> None:
    """Print what the last build migrated, left out and why."""
    ledger.show(connect(target_from_environment()))


@app.command("report")
def report_command(
    output: Annotated[
        Path, typer.Option(help="Folder to write to; it is made when missing.", show_default="target/report")
    ] = report.OUTPUT,
) -> None:
    """Write the migration report of the last build, as HTML and as Markdown."""
    report.show(connect(_running_target()), output)


@app.command("docs")
def docs_command(
    output: Annotated[
        Path, typer.Option(help="Folder to write to; it is made when missing.", show_default="target/docs")
    ] = docs.OUTPUT,
) -> None:
    """Write dbt's documentation of what is built, with diagrams, as one page that opens without a server."""
    docs.show(_running_target(), output)


@app.command()
def check() -> None:
    """Run everything a change must pass: lint, parse, tests."""
    raise typer.Exit(checks.run())


@legacy_app.command("load")
def legacy_load(
    scale: ScaleOption = Scale.PHASE7,
    schema: Annotated[str, typer.Option(help="Schema to load into; an older copy there is replaced.")] = SCHEMA,
    force: Annotated[bool, typer.Option("--force", help="Load again even if this very copy is there.")] = False,
) -> None:
    """Run synthetic_legacy/*.sql in one transaction; does nothing when the same files are loaded at the same scale."""
    demo.load_legacy(connect(target_from_environment()), scale, schema, force)


@server_app.command()
def start() -> None:
    """Start the server, making its data folder first; does nothing when it runs."""
    demo.start_server()


@server_app.command()
def stop() -> None:
    """Stop the server; its data stay."""
    server = Server()
    say(f"PostgreSQL {'stopped' if server.stop() else 'was not running'} in {server.folder}")


@server_app.command()
def status() -> None:
    """Tell whether the server runs; exit code 1 when it does not."""
    server = Server()
    state, process = server.status()
    if process is None:
        say(f"PostgreSQL is not running in {server.folder}" + (" (no data there yet)" if state == "absent" else ""))
        raise typer.Exit(1)
    say(f"PostgreSQL {VERSION} is {state} in {server.folder}: process {process}, {server.size() / 1e6:,.0f} MB")


def _running_target() -> Target:
    """Return the target, with the embedded server started if that is it."""
    target = target_from_environment()
    if target.is_embedded:
        demo.start_server()
    return target


def main() -> None:
    """Run the command line; what a person can put right ends in one sentence and exit code 1."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # a terminal may not know every character
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, interrupt)
    os.environ["PYTHONUTF8"] = "1"  # what is read from dbt and other programs is UTF-8
    if ignored := ignore_libpq_variables():
        complain(f"Ignored: {', '.join(ignored)}; only the DISPATCH_PG* variables name the server.")
    try:
        app(prog_name="python -m ops")
    except Failure as failure:
        complain(str(failure))
    except psycopg2.errors.QueryCanceled as error:
        if interrupted.is_set():  # what Ctrl-C becomes while a statement runs
            sys.exit(130)
        complain(
            f"The server ended a statement: {' '.join(str(error).split())}. Somebody has cancelled it there, or a"
            " timeout has: run the command again."
        )
    except (psycopg2.OperationalError, psycopg2.InterfaceError) as error:
        complain(
            f"The connection was lost: {' '.join(str(error).split())}."
            " Once .venv/bin/python -m ops doctor finds everything well, run the command again."
        )
    else:
        return
    sys.exit(1)


if __name__ == "__main__":
    main()
