"""The hand-over: the published marts become the tables of the new application, in one transaction that checks itself.

The marts are only read. The table `handovers` records the hand-over; while it is in force, releases, publish and
rollback are refused. It can be undone until the application has written.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from time import monotonic
from typing import Any

import psycopg2

from ops.console import console, duration, printable, say, step
from ops.database.connection import Connection, Cursor, Target, check_server, connect, rows, transaction
from ops.database.server import CLIENT, POSTGRES_VERSIONS
from ops.dbt import run as dbt
from ops.docs import diagrams
from ops.errors import Failure
from ops.handover import amend, application, structure
from ops.handover.application import ANALYST, IDS, ROLE, Table
from ops.project import dbt_target_folder, git_commit
from ops.release import records
from ops.release.production import APPLICATION
from ops.source.declared import SCHEMA

OUTPUT = dbt_target_folder() / "handover"
NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")
LOCK_TIMEOUT = "5s"
SHOWN = 20  # changes of the structure that are named
COMMENT = "Tables of the application, made from the published marts by python -m ops handover."

UNINDEXED = """
select conrelid::regclass::text || ' (' || conname || ')'
from pg_constraint
where
    contype = 'f'
    and connamespace = %s::regnamespace
    and not exists (
        select 1 from pg_index
        where indrelid = conrelid and indisvalid and indpred is null and indkey[0] = conkey[1]
    )
"""


def run(target: Target, schema: str, is_dry: bool, folder: Path) -> None:
    """Hand the published version over, or with `is_dry` print the SQL; raise Failure when a check fails."""
    start = monotonic()
    with closing(connect(target)) as connection:
        check_server(connection)
        records.prepare(connection)
        _check_published(connection, schema)
        manifest = _manifest(target)
        if is_dry:
            _print(_plan(connection, manifest, schema)[1])
            return
        with _changing(connection, "Nothing was handed over") as cursor:
            # Readers of the marts are not blocked; publish, rollback and new candidates are.
            records.call(connection, "begin_hand_over", schema)
            tables, planned = _plan(connection, manifest, schema)
            for heading, statements in planned:
                with step(heading):
                    for statement in statements:
                        cursor.execute(statement)
            with step("Check"):
                counted = _check(connection, tables, schema)
        say(
            f"Handed over {len(tables) - len(application.READ_ONLY)} tables with {counted:,} rows to schema {schema}"
            f" in {duration(monotonic() - start)}; the application connects as a member of {ROLE}."
        )
        try:
            write_files(target, connection, schema, manifest, folder)
        except (Failure, OSError) as failure:
            raise Failure(f"The hand-over is done, but {failure} Then: python -m ops handover --files.") from None


def files(target: Target, folder: Path) -> None:
    """Write schema.sql and the diagrams of what was handed over."""
    with closing(connect(target)) as connection:
        write_files(target, connection, _require(connection), _manifest(target), folder)


def undo(target: Target) -> None:
    """Drop the application's schema; raise Failure when the application has written or others use the schema."""
    with closing(connect(target)) as connection:
        schema = _require(connection)
        tables = application.read(connection, _manifest(target))
        with _changing(connection, "The hand-over was not undone") as cursor:
            names = [f"{schema}.{name}" for name in [*(table.name for table in tables), IDS]]
            with step("Waiting until no session uses the tables"):
                _lock(cursor, names)
            _check_unaltered(connection, schema)
            _check_unwritten(connection, tables, schema)
            views = [f"drop view {schema}.{table.view}" for table in tables if table.computed]
            # No `cascade`: it would also drop what nobody looked for.
            for statement in (
                *views,
                f"drop table {', '.join(names)}",
                f"drop schema {schema}",
                f"drop table {connection.schemas.release}.{structure.TABLE}",
                *amend.forgetting(connection),
                f"select {connection.schemas.release}.undo_hand_over()",
            ):
                cursor.execute(statement)
    say(f"Schema {schema} is dropped. Releases are possible again, and so is another hand-over.")


def write_files(target: Target, connection: Connection, schema: str, manifest: dict[str, Any], folder: Path) -> None:
    """Write schema.sql, from pg_dump, and the diagrams."""
    text = _dump(target, connection.server_version // 10000, schema)
    marts = diagrams.tables(manifest)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "schema.sql").write_text(text, encoding="utf-8")
    (folder / "schema.svg").write_text(diagrams.overall(marts), encoding="utf-8")
    for name in diagrams.domains(marts):
        (folder / f"schema_{name}.svg").write_text(diagrams.domain(marts, name), encoding="utf-8")
    say(f"schema.sql and diagrams are in {folder}.")


@contextmanager
def _changing(connection: Connection, refusal: str) -> Iterator[Cursor]:
    """Run the block in one transaction, while no release runs; if it fails, raise Failure with the reason."""
    try:
        with transaction(connection) as cursor:
            records.keep_out(connection)
            cursor.execute(f"set local lock_timeout = '{LOCK_TIMEOUT}'")
            yield cursor
    except psycopg2.Error as error:
        if connection.closed or isinstance(error, psycopg2.errors.QueryCanceled):
            raise  # __main__ says what happened; the server rolls back
        said = [error.diag.message_primary or str(error).strip(), error.diag.message_detail]
        raise Failure(f"{refusal}: {'; '.join(part.rstrip('.') for part in said if part)}.") from None
    except Failure as failure:
        raise Failure(f"{refusal}: {failure}") from None


def _plan(connection: Connection, manifest: dict[str, Any], schema: str) -> tuple[list[Table], list[application.Step]]:
    """Return the tables of the published version, and the statements that hand them over."""
    _check_published(connection, schema)
    tables = application.read(connection, manifest)
    planned = application.steps(connection, tables, schema, COMMENT)
    recording = [*amend.forgetting(connection), *_record(tables, schema, connection.schemas.release)]
    return tables, [*planned, application.Step("Record", recording)]


def _check_published(connection: Connection, schema: str) -> None:
    """Raise Failure when nothing can be handed over to this schema."""
    reserved = (f"{connection.schemas.prefix}_", "pg_")
    if not NAME.fullmatch(schema) or schema.startswith(reserved) or schema in ("analytics", SCHEMA):
        raise Failure(f"“{schema}” cannot be the application's schema: use another name, in lower case.")
    if rows(connection, "select quote_ident(%s)", (schema,)) != [(schema,)]:
        raise Failure(f"“{schema}” cannot be the application's schema, because it is a word of SQL: use another name.")
    records.call(connection, "published_for_hand_over", schema)


def _require(connection: Connection) -> str:
    """Return the application's schema; raise Failure when nothing is handed over."""
    records.prepare(connection)
    if found := records.handover(connection):
        return found[0]
    raise Failure("Nothing is handed over.")


def _manifest(target: Target) -> dict[str, Any]:
    """Parse the project, whose contracts say what the application needs."""
    # The same application name as the release: after a change of the profile dbt parses the whole project again.
    environment = {**target.environment, "DISPATCH_APPLICATION": APPLICATION}
    with tempfile.TemporaryDirectory(prefix="dispatch-handover-") as scratch:
        with console.status("Reading the contracts …"):
            code, progress = dbt.run(["parse", "--target", "prod", *dbt.scratch_options(scratch)], environment)
        if code:
            raise Failure("\n".join([*progress.messages, "dbt parse failed."]))
        return json.loads((Path(scratch) / "manifest.json").read_text(encoding="utf-8"))


def _record(tables: list[Table], schema: str, release_schema: str) -> list[str]:
    """Return statements that record the hand-over."""
    written = ", ".join(f"'{table.name}'" for table in tables if table.is_written)
    return [
        f"select {release_schema}.hand_over('{schema}', '{git_commit() or ''}', array[{written}])",
        *structure.recording(schema, release_schema),
    ]


def _print(planned: list[application.Step]) -> None:
    print("begin;")
    for heading, statements in planned:
        print(f"\n-- {heading}")
        for statement in statements:
            # A file receives every character; a terminal would obey some of them.
            print(f"{printable(statement.strip()) if sys.stdout.isatty() else statement.strip()};")
    print("\ncommit;")


def _check(connection: Connection, tables: list[Table], schema: str) -> int:
    """Compare the new tables, before the commit, with the published marts; return the number of rows."""
    counted = sum(_count_equal(connection, table, schema) for table in tables if table.is_written)
    for table in tables:
        if not table.is_written:
            _count_equal(connection, table, schema)
    promised = {(table.name, each.name) for table in tables for each in table.kept}
    held = set(
        rows(
            connection,
            "select relname, conname from pg_constraint inner join pg_class on conrelid = pg_class.oid"
            " where relnamespace = %s::regnamespace and convalidated",
            (schema,),
        )
    )
    if missing := sorted(promised - held):
        raise Failure(f"constraint {missing[0][1]} of {schema}.{missing[0][0]} is missing or not validated.")
    if unindexed := rows(connection, UNINDEXED, (schema,)):
        raise Failure(f"foreign key {unindexed[0][0]} has no index.")
    seen = rows(
        connection,
        "select relname from pg_class where relnamespace = %s::regnamespace and relkind in ('r', 'v')"
        f" and has_table_privilege('{ANALYST}', oid, 'select')",
        (schema,),
    )
    if seen:
        raise Failure(f"{ANALYST} may read {schema}.{seen[0][0]}.")
    for table in tables:
        if table.is_written:
            _try_defaults(connection, table)
    return counted


def _count_equal(connection: Connection, table: Table, schema: str) -> int:
    """Return the number of rows of a table of the application; raise Failure when they differ from the published."""
    theirs, ours = _fingerprints(connection, table, schema)
    if theirs != ours:
        raise Failure(
            f"{schema}.{table.name} has {ours[0]:,} rows and {table.source} {theirs[0]:,}, or their values differ."
        )
    return ours[0]


def _fingerprints(
    connection: Connection, table: Table, schema: str, received: str | None = None
) -> list[tuple[int, int | None]]:
    return [rows(connection, query)[0] for query in application.fingerprints(table, schema, received)]


def _try_defaults(connection: Connection, table: Table) -> None:
    """Insert a row of defaults and roll back; the sequences start again."""
    with connection.cursor() as cursor:
        cursor.execute("savepoint trial")
        try:
            for statement in application.trial(table):
                cursor.execute(statement)
        except psycopg2.Error as error:
            raise Failure(f"the defaults of {table.name} do not work: {error.diag.message_primary}.") from None
        cursor.execute("rollback to savepoint trial")
        for column in table.own:
            if column.sequence:
                cursor.execute(f"alter sequence {column.sequence} restart")


def _lock(cursor: Cursor, names: list[str]) -> None:
    """Lock those of the tables that still have their names."""
    cursor.execute("select name from unnest(%s) as name where to_regclass(name) is not null", (names,))
    if present := ", ".join(name for (name,) in cursor.fetchall()):
        try:
            cursor.execute(f"lock table {present} in access exclusive mode")
        except psycopg2.errors.LockNotAvailable:
            raise Failure("the application still uses its tables: stop it first.") from None


def _check_unaltered(connection: Connection, schema: str) -> None:
    """Raise Failure, with each difference, when the structure of the schema is not that of the hand-over."""
    found = structure.differences(connection, schema, connection.schemas.release)
    if found:
        shown = "; ".join(found[:SHOWN]) + (f"; and {len(found) - SHOWN:,} more" if len(found) > SHOWN else "")
        raise Failure(f"schema {schema} was changed after the hand-over, and the change would be lost: {shown}.")


def _check_unwritten(connection: Connection, tables: list[Table], schema: str) -> None:
    """Raise Failure, with tables and times, when the application has written and its rows would be lost."""
    with step("Comparing with the published marts"):
        changed = [
            table.name
            for table in tables
            if len({*_fingerprints(connection, table, schema, amend.received(connection, table))}) > 1
        ]
    if changed:
        times = dict(
            rows(
                connection,
                f"select table_name, min(written_at) from {connection.schemas.release}.first_writes group by 1",
            )
        )
        listed = [
            f"{schema}.{name} "
            + (f"(first on {times[name]:%Y-%m-%d at %H:%M:%S %Z})" if name in times else "(time unknown)")
            for name in changed
        ]
        raise Failure(
            f"the application has written to {', '.join(listed)}. python -m ops handover --changes lists what."
        )


def _dump(target: Target, version: int, schema: str) -> str:
    """Return the schema from pg_dump; the same text for the same schema."""
    # On 16, psql would not know a setting that the client of 18 writes.
    program = POSTGRES_VERSIONS.get(version, CLIENT) / "pg_dump"
    done = subprocess.run(
        [str(program), "--schema-only", "--no-owner", "--no-privileges", "--schema", schema],
        capture_output=True,
        encoding="utf-8",
        check=False,
        env=os.environ | target.libpq_environment | {"LC_ALL": "C"},
    )
    if done.returncode:
        raise Failure(f"pg_dump failed: {done.stderr.strip()}.")
    # Remove the triggers that --undo needs, the random key for psql, and the version numbers.
    text = re.sub(r"--\n-- Name: \w+ note_first_write;[^\n]*\n--\n\n[^\n]*\n\n\n", "", done.stdout)
    text = re.sub(r"^(\\(un)?restrict|-- Dumped (from|by)).*\n", "", text, flags=re.MULTILINE)
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"
