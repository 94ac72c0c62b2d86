"""Everything from a bare clone to the ledger, and the checks before it."""

from time import monotonic

from psycopg2.extensions import connection as Connection

from ops import legacy
from ops.console import complain, console, duration, say, step
from ops.database.connection import Target, check_server, connect
from ops.database.server import Server
from ops.dbt import deps, profiles
from ops.dbt import run as build
from ops.errors import Failure
from ops.project import PROFILES, ROOT
from ops.report import ledger


def run(target: Target, scale: legacy.Scale) -> None:
    """Install packages, start the server, load the legacy data, build and print the ledger."""
    start = monotonic()
    install_packages()
    say(profiles.write(Server().folder))
    if target.is_embedded:
        start_server()
    connection = preflight(target)
    load_legacy(connection, scale)
    check_legacy(connection)
    build.build(target.environment)
    console.print()
    ledger.show(connection)
    say(f"\nDone in {duration(monotonic() - start)}, at scale {scale.value}, on {target.where}.")
    show_next()


def install_packages() -> None:
    """Put the dbt packages in place."""
    with console.status("dbt packages …"):
        try:
            done = deps.install(ROOT)
        except deps.DepsError as error:
            raise Failure(str(error)) from None
    say(done)


def start_server() -> None:
    """Start the embedded server."""
    server = Server()
    with console.status("PostgreSQL …"):
        started = server.start(say)
    say(f"PostgreSQL {'started' if started else 'is running'} in {server.folder}")


def preflight(target: Target) -> Connection:
    """Connect to a server that will do; raise Failure with the reason when there is none."""
    if not PROFILES.exists():
        raise Failure("There is no profiles.yml: make setup writes it.")
    connection = connect(target)
    if warning := check_server(connection):
        complain(warning)
    return connection


def check_legacy(connection: Connection) -> None:
    """Raise Failure when a legacy table that dbt reads is missing."""
    if missing := legacy.missing_tables(connection):
        names = ", ".join(missing[:5]) + (f" and {len(missing) - 5} more" if len(missing) > 5 else "")
        raise Failure(
            f"Schema {legacy.SCHEMA} lacks {names}: load them there,"
            " or load the synthetic ones anew with .venv/bin/python -m ops legacy load --force."
        )


def load_legacy(connection: Connection, scale: legacy.Scale, schema: str = legacy.SCHEMA, force: bool = False) -> None:
    """Load the synthetic legacy database unless it is there."""
    start = monotonic()
    if legacy.load(connection, scale, step, schema, force):
        say(f"Legacy database loaded at scale {scale.value} into schema {schema}: {duration(monotonic() - start)}")
    else:
        say(f"Legacy database already loaded at scale {scale.value} in schema {schema}")


def show_next() -> None:
    """Say what can be done now."""
    say(
        """
What next
  look       .venv/bin/python -m ops psql -c "select status, sum(amount) from dispatch_marts.payments group by 1"
  report     make report                            what was migrated, what was left out and why
  browse     make docs                              every table and column, with diagrams and lineage
  rebuild    .venv/bin/dbt build                    after a change to a model or a seed
             .venv/bin/dbt build -s payments+       one model and what depends on it
  ledger     .venv/bin/python -m ops ledger
  more data  make demo SCALE=full
  stop       .venv/bin/python -m ops server stop"""
    )
