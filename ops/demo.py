"""Everything from a clone to the ledger: packages, profile, server, legacy data, dbt build."""

from time import monotonic

from ops import legacy
from ops.console import complain, console, duration, say, step
from ops.database.connection import Connection, preflight, start_if_embedded, target_from_environment
from ops.database.server import Server
from ops.dbt import deps, profiles
from ops.dbt.run import build
from ops.project import ROOT
from ops.report import ledger
from ops.source import contract, inventory

NEXT = """
What next
  look       .venv/bin/python -m ops psql -c "select status, sum(amount) from {marts}.payments group by 1"
  report     make report                            what was migrated, what was left out and why
  browse     make docs                              every table and column, with diagrams and lineage
  rebuild    .venv/bin/dbt build                    after a change to a model or a seed
             .venv/bin/dbt build -s payments+       one model and what depends on it
  ledger     .venv/bin/python -m ops ledger
  more data  make demo SCALE=full
  stop       .venv/bin/python -m ops server stop"""


def run(scale: legacy.Scale) -> None:
    """Install packages, write the profile, start the server, load the legacy data, build and print the ledger."""
    start = monotonic()
    install_packages()
    say(profiles.write(Server().folder))
    target = start_if_embedded(target_from_environment(profiles.schema()))
    connection = preflight(target)
    load_legacy(connection, scale)
    check_legacy(connection)
    build(target.environment)
    console.print()
    ledger.show(connection)
    say(f"\nDone in {duration(monotonic() - start)}, at scale {scale.value}, on {target.where}.")
    say(NEXT.format(marts=connection.schemas.marts))


def install_packages() -> None:
    """Install the dbt packages."""
    with console.status("dbt packages …"):
        done = deps.install(ROOT)
    say(done)


def check_legacy(connection: Connection) -> None:
    """Raise Failure when the legacy tables are not as dbt's sources declare them; print what is unusual."""
    for note in contract.check(
        connection,
        "load them there, or load the synthetic ones again with .venv/bin/python -m ops legacy load --force.",
    ):
        say(f"Note: {note}")
    if said := inventory.sentence(inventory.unknown(connection)):
        complain(f"{said}. {inventory.REMEDY}")


def load_legacy(connection: Connection, scale: legacy.Scale, schema: str = legacy.SCHEMA, force: bool = False) -> None:
    """Load the synthetic legacy database unless it is loaded already."""
    start = monotonic()
    if legacy.load(connection, scale, step, schema, force):
        say(f"Legacy database loaded at scale {scale.value} into schema {schema}: {duration(monotonic() - start)}")
    else:
        say(f"Legacy database already loaded at scale {scale.value} in schema {schema}")
