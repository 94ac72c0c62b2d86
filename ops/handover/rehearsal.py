"""The cut-over day on two temporary servers: a legacy server, PostgreSQL 16, and a warehouse, PostgreSQL 18.

Every step is the command of docs/cut-over.md, run as the operator runs it, at the smallest scale.
"""

import os
import subprocess
import tempfile
from collections.abc import Callable
from contextlib import closing, nullcontext
from dataclasses import replace
from pathlib import Path
from time import monotonic

import psycopg2
from psycopg2.extensions import make_dsn

from ops import legacy
from ops.console import console, duration, say
from ops.database.connection import Target, connect, rows
from ops.database.server import CLIENT, POSTGRES_VERSIONS, SETTINGS, temporary_server
from ops.dbt import sandbox
from ops.errors import Failure
from ops.source.tables import DSN, SOURCE_SCHEMA

LEGACY = POSTGRES_VERSIONS[16]
PUBLISHING = SETTINGS | {"wal_level": "logical", "max_wal_senders": 10}
CLIENTS, ORDERS = 4, 25
WORKLOAD = Path(__file__).with_name("workload.sql")

# The sign-off queries of docs/cut-over.md, with the names of the schemas; none may find a row.
SIGN_OFF = {
    "source = migrated + excluded + rejected": "select entity from {0.audit}.migration_ledger"
    " where source_rows <> migrated_rows + excluded_rows + rejected_rows",
    "no orphan, every foreign key enforced": "select child from {0.audit}.foreign_key_ledger"
    " where orphan_rows > 0 or not is_enforced",
    "payments, operations and items agree to the cent": "select * from {0.audit}.money_reconciliation"
    " where unexplained_difference <> 0",
    "the release is recorded as published": "select outcome from {0.release}.releases where outcome <> 'published'",
}
UNKNOWN = "'00000000-0000-0000-0000-000000000000'"
# A statement of the application, and the constraint that refuses it.
REFUSED = {
    f"insert into app.patients (profile_id) values ({UNKNOWN})": "patients__profile_id__fk",
    "update app.orders set status = 'lost'": "status_is_known",
    "delete from app.profiles": "__fk",
}


def run() -> None:
    """Run all steps and print their durations; raise Failure at the first that fails."""
    start = monotonic()
    with (
        tempfile.TemporaryDirectory(prefix="dispatch-rehearsal-") as scratch,
        temporary_server(LEGACY, PUBLISHING) as old,
        temporary_server() as new,
    ):
        Rehearsal(sandbox.target(old.folder), sandbox.target(new.folder), Path(scratch)).run()
    say(f"\nThe rehearsal succeeded, from replication to the first writes, in {duration(monotonic() - start)}.")


def run_workload(target: Target, clients: int, *arguments: str) -> str:
    """Run the workload as the user `application`; return the output of pgbench, or raise Failure with its errors."""
    done = subprocess.run(
        [
            str(CLIENT / "pgbench"),
            *("--no-vacuum", "--protocol", "prepared", "--file", str(WORKLOAD)),
            *("--client", str(clients), *arguments),
        ],
        capture_output=True,
        encoding="utf-8",
        check=False,
        env=os.environ | replace(target, user="application").libpq_environment | {"LC_ALL": "C"},
    )
    if done.returncode:
        raise Failure(f"The application could not write: {done.stderr.strip()}")
    return done.stdout


class Rehearsal:
    """The cut-over day on its two databases."""

    def __init__(self, old: Target, new: Target, folder: Path) -> None:
        """Use a legacy database, a warehouse, and a folder for output."""
        self.old, self.new, self.folder = old, new, folder
        dsn = make_dsn(host=old.host, port=old.port, dbname=old.dbname, user=old.user)
        self.environment = sandbox.environment(new, folder) | {DSN: dsn}
        self.repaired = 0  # id of the legacy row that is repaired after the hand-over

    def run(self) -> None:
        """Run all steps."""
        freeze = (
            "set default_transaction_read_only = off; alter database postgres set default_transaction_read_only = on"
        )
        say("Days before", style="bold")
        self.step("The legacy application's data", self.load_legacy)
        self.ops("source", "replicate")
        say("\nThe day", style="bold")
        self.step("The legacy application still writes", self.write_legacy)
        self.step("Freeze", lambda: self.execute(self.old, freeze))
        self.step("… it can no longer write", self.check_frozen)
        self.ops("source", "status")
        self.ops("source", "compare")
        self.ops("release")
        for what, query in SIGN_OFF.items():
            self.step(f"Sign off: {what}", lambda query=query: self.check_nothing(query))
        say("\nHand-over", style="bold")
        output = ["--output", str(self.folder / "handover")]
        self.ops("handover", *output)
        self.ops("handover", "--undo")
        self.ops("handover", *output)
        self.step(f"The application writes: {CLIENTS} clients, {ORDERS} orders each", self.write)
        for statement, constraint in REFUSED.items():
            self.step(f"… is refused: {constraint}", lambda s=statement, c=constraint: self.check_refused(s, c))
        self.ops("release", expecting=1)
        self.ops("handover", "--undo", expecting=1)
        say("\nThe first weeks", style="bold")
        self.ops("handover", "--changes", str(self.folder / "changes"))
        self.step("A legacy row that was left out is repaired", self.repair)
        self.ops("handover", "--amend", "--dry-run")
        self.ops("handover", "--amend")
        self.step("… it is in the application", self.check_repaired)

    def step(self, heading: str, action: Callable[[], object]) -> None:
        """Run an action and print its duration and result."""
        start = monotonic()
        with console.status(f"{heading} …"):
            said = action()
        say(f"  {duration(monotonic() - start):>12}  {heading}" + (f": {said}" if said else ""))

    def ops(self, *arguments: str, expecting: int = 0) -> None:
        """Run a command as the operator does, and print its last line."""
        shown = ["…" if each.startswith(str(self.folder)) else each for each in arguments]
        heading = f"python -m ops {' '.join(shown)}"

        def command() -> str:
            done = sandbox.ops(self.environment, *arguments)
            lines = [line for line in done.stdout.splitlines() if line and not line.startswith("The log is")]
            if done.returncode != expecting:
                raise Failure("\n".join([f"{heading} ended with exit code {done.returncode}:", *lines[-10:]]))
            return lines[-1]

        self.step(heading, command)

    def load_legacy(self) -> None:
        """Load the synthetic data into Django's schema."""
        with closing(connect(self.old)) as opened:
            legacy.load(opened, legacy.Scale.TINY, lambda _: nullcontext(), SOURCE_SCHEMA)

    def execute(self, target: Target, statement: str) -> None:
        """Run statements that return nothing."""
        with closing(connect(target)) as opened:
            opened.cursor().execute(statement)

    def write_legacy(self) -> None:
        """Write like the legacy application, whose sessions have the settings of its database."""
        self.execute_as("postgres", self.old, _LAST_WRITES)

    def execute_as(self, user: str, target: Target, statement: str) -> None:
        """Run statements as a user of an application."""
        with closing(
            psycopg2.connect(host=target.host, port=target.port, dbname=target.dbname, user=user)
        ) as application:
            application.autocommit = True
            application.cursor().execute(statement)

    def check_frozen(self) -> None:
        """Raise Failure when the legacy application can still write."""
        try:
            self.write_legacy()
        except psycopg2.errors.ReadOnlySqlTransaction:
            return
        raise Failure("The legacy database could still be written to.")

    def check_nothing(self, query: str) -> None:
        """Raise Failure when the query finds a row."""
        with closing(connect(self.new)) as opened:
            query = query.format(opened.schemas)
            if found := rows(opened, query):
                raise Failure(f"{len(found)} rows do not hold, such as {found[0]}: {query}")

    def write(self) -> None:
        """Write and read as an application does, as a user of its role."""
        self.execute(self.new, "create role application login in role dispatch_app")
        run_workload(self.new, CLIENTS, "--transactions", str(ORDERS))

    def repair(self) -> None:
        """Correct a row in the legacy database, which stays read-only for its application."""
        with closing(connect(self.new)) as opened:
            ((self.repaired,),) = rows(opened, _MALFORMED)
        self.execute(
            self.old,
            "set default_transaction_read_only = off;"
            f" update {SOURCE_SCHEMA}.dispatch_notification set template_context = '{{}}' where id = {self.repaired}",
        )

    def check_repaired(self) -> None:
        """Raise Failure when the row is not there, or is still listed as left out."""
        with closing(connect(self.new)) as opened:
            found = rows(
                opened,
                "select (select count(*) from app.notifications where legacy_notification_id = %s), count(*)"
                " from app.migration_rejects where entity = 'notifications' and legacy_id = %s",
                (self.repaired, self.repaired),
            )
        if found != [(1, 0)]:
            raise Failure(f"Notification {self.repaired} was not added: {found}")

    def check_refused(self, statement: str, constraint: str) -> None:
        """Raise Failure when the database accepts what it must refuse."""
        try:
            self.execute_as("application", self.new, statement)
        except psycopg2.errors.IntegrityError as error:
            if (error.diag.constraint_name or "").endswith(constraint):
                return
            raise Failure(f"{error.diag.constraint_name} refused it, not {constraint}: {statement}") from None
        raise Failure(f"Nothing refused it: {statement}")


_MALFORMED = (
    "select min(legacy_id) from app.migration_rejects where entity = 'notifications' and reason = 'malformed_json'"
)
_LAST_WRITES = (
    "update dispatch_notification set read = true;"
    "insert into dispatch_note select (jsonb_populate_record(n, jsonb_build_object('id', id + 100000))).*"
    " from dispatch_note as n where id = (select max(id) from dispatch_note)"
)
