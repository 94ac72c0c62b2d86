"""The hand-over: the published marts become the tables of the new application, in one transaction that proves itself.

The marts are only read. The hand-over is recorded in dispatch_release.handovers; while it is in force, releases,
publish and rollback are refused. It can be undone until the application has written.
"""

import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from time import monotonic
from typing import Any

import psycopg2
from psycopg2.extensions import connection as Connection

from ops.console import console, duration, say, step
from ops.database.connection import Cursor, Target, check_server, connect, rows, transaction
from ops.database.server import POSTGRES_VERSIONS
from ops.dbt import run as build
from ops.docs import diagrams as docs_diagrams
from ops.errors import Failure
from ops.handover import application
from ops.handover.application import IDS, ROLE, STRANGER, Table
from ops.project import ROOT
from ops.release import records as releases
from ops.release.production import APPLICATION, git_commit

OUTPUT = ROOT / "target" / "handover"
NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")
LOCK_TIMEOUT = "5s"
COMMENT = "Tables of the application, made from the published marts by python -m ops handover."

STATE = """
create table if not exists dispatch_release.handovers (
    handed_over_at timestamp with time zone primary key default now(),
    schema_name text not null,
    build_id text not null,
    git_commit text,
    undone_at timestamp with time zone
);
comment on table dispatch_release.handovers is
    'Hand-overs of the marts to the application. One row per hand-over; while undone_at is null, nothing is released.';
create table if not exists dispatch_release.first_writes (
    table_name text not null,
    written_at timestamp with time zone not null
);
comment on table dispatch_release.first_writes is
    'When the application first wrote to a table. One row per table, or per transaction if several were the first.';
create or replace function dispatch_release.note_first_write() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
    -- Without a unique key concurrent first writers do not wait for each other.
    if not exists (select 1 from dispatch_release.first_writes where table_name = tg_table_name) then
        insert into dispatch_release.first_writes values (tg_table_name, clock_timestamp());
    end if;
    return null;
end $$;
grant select on dispatch_release.handovers, dispatch_release.first_writes to dispatch_engineer
"""

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
    """Hand the published version over, or with `is_dry` print the SQL that would do it; raise Failure otherwise."""
    start = monotonic()
    with closing(connect(target)) as connection:
        check_server(connection)
        _check_published(connection, schema)
        manifest = _manifest(target)
        if is_dry:
            _print(_plan(connection, manifest, schema)[1])
            return
        with _changing(connection, "Nothing was handed over") as cursor:
            # Readers of the marts are not blocked; publish, rollback and new candidates are.
            cursor.execute(
                "lock table dispatch_release.publications, dispatch_release.builds in share row exclusive mode"
            )
            tables, planned = _plan(connection, manifest, schema)
            for heading, statements in planned:
                with step(heading):
                    for statement in statements:
                        cursor.execute(statement)
            with step("Proof"):
                counted = _prove(connection, tables, schema)
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
    """Drop the application's schema; raise Failure when the application has written, or something else is there."""
    with closing(connect(target)) as connection:
        schema = _require(connection)
        tables = application.read(connection, _manifest(target))
        with _changing(connection, "The hand-over was not undone") as cursor:
            names = ", ".join(f"{schema}.{name}" for name in [*(table.name for table in tables), IDS])
            with step("Waiting until nobody uses the tables"):
                try:
                    cursor.execute(f"lock table {names} in access exclusive mode")
                except psycopg2.errors.LockNotAvailable:
                    raise Failure("the application still uses its tables: stop it first.") from None
            _check_unwritten(connection, tables, schema)
            views = [f"drop view {schema}.{table.view}" for table in tables if table.computed]
            # No `cascade`: objects that others created in the schema, or on its tables, must stop the drop.
            for statement in (
                *views,
                f"drop table {names}",
                f"drop schema {schema}",
                "drop function if exists dispatch_release.note_first_write",
                "update dispatch_release.handovers set undone_at = now() where undone_at is null",
            ):
                cursor.execute(statement)
    say(f"Schema {schema} is dropped. Releases are possible again, and so is another hand-over.")


def write_files(target: Target, connection: Connection, schema: str, manifest: dict[str, Any], folder: Path) -> None:
    """Write schema.sql, as pg_dump has it, and the diagrams."""
    text = _dump(target, connection.server_version // 10000, schema)
    marts = docs_diagrams.tables(manifest)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "schema.sql").write_text(text, encoding="utf-8")
    (folder / "schema.svg").write_text(docs_diagrams.overall(marts), encoding="utf-8")
    for name in docs_diagrams.domains(marts):
        (folder / f"schema_{name}.svg").write_text(docs_diagrams.domain(marts, name), encoding="utf-8")
    say(f"schema.sql and diagrams are in {folder}.")


@contextmanager
def _changing(connection: Connection, refusal: str) -> Iterator[Cursor]:
    """Run the block in one transaction without a release beside it; if it fails, raise Failure with the reason."""
    try:
        with transaction(connection) as cursor:
            releases.keep_out(cursor)
            cursor.execute(f"set local lock_timeout = '{LOCK_TIMEOUT}'")
            yield cursor
    except psycopg2.Error as error:
        if connection.closed or isinstance(error, psycopg2.errors.QueryCanceled):
            raise  # python -m ops says what happened; the server rolls back
        said = [error.diag.message_primary or str(error).strip(), error.diag.message_detail]
        raise Failure(f"{refusal}: {'; '.join(part.rstrip('.') for part in said if part)}.") from None
    except Failure as failure:
        raise Failure(f"{refusal}: {failure}") from None


def _plan(connection: Connection, manifest: dict[str, Any], schema: str) -> tuple[list[Table], list[application.Step]]:
    """Return the tables of the published version, and what hands them over."""
    build_id = _check_published(connection, schema)
    tables = application.read(connection, manifest)
    planned = application.steps(connection, tables, schema, COMMENT)
    return tables, [*planned, application.Step("State", _state(tables, schema, build_id))]


def _check_published(connection: Connection, schema: str) -> str:
    """Return the build that is read; raise Failure when there is none, it is handed over, or the schema is taken."""
    releases.check_not_handed_over(connection)
    if not NAME.fullmatch(schema) or schema.startswith(("dispatch_", "pg_")) or schema in ("analytics", "legacy"):
        raise Failure(f"“{schema}” cannot be the application's schema: use another name, in lower case.")
    published = "select to_regclass('dispatch_release.publications')"
    found = rows(connection, published)[0][0] and rows(
        connection,
        "select live_build_id from dispatch_release.publications order by publication_id desc limit 1",
    )
    if not found:
        raise Failure("Nothing was published that could be handed over: run make release first.")
    if rows(connection, "select to_regnamespace(%s)", (schema,))[0][0]:
        raise Failure(f"Schema {schema} is there already: rename it, or name another one with --schema.")
    return found[0][0]


def _require(connection: Connection) -> str:
    """Return the application's schema; raise Failure when nothing is handed over."""
    found = releases.handover(connection)
    if found is None:
        raise Failure("Nothing is handed over.")
    return found[0]


def _manifest(target: Target) -> dict[str, Any]:
    """Parse the project: its contracts say what the application needs."""
    environment = {
        **target.environment,
        "DBT_PROFILES_DIR": os.environ.get("DBT_PROFILES_DIR") or str(ROOT),
        # The same profile as the release; with another one dbt parses the whole project again.
        "DISPATCH_APPLICATION": APPLICATION,
    }
    parsed = Path(os.environ.get("DBT_TARGET_PATH") or ROOT / "target") / "partial_parse.msgpack"
    with tempfile.TemporaryDirectory(prefix="dispatch-handover-") as scratch:
        command = ["parse", "--target", "prod", "--target-path", scratch]
        if parsed.exists():
            command += ["--partial-parse-file-path", str(parsed)]
        with console.status("Reading the contracts …"):
            code, progress = build.run(command, environment)
        if code:
            raise Failure("\n".join([*progress.messages, "dbt parse failed."]))
        return json.loads((Path(scratch) / "manifest.json").read_text(encoding="utf-8"))


def _state(tables: list[Table], schema: str, build_id: str) -> list[str]:
    """Record the hand-over; triggers note the first write to each table after it."""
    return [
        STATE,
        "truncate dispatch_release.first_writes",
        "insert into dispatch_release.handovers (schema_name, build_id, git_commit)"
        f" values ('{schema}', '{build_id}', nullif('{git_commit() or ''}', ''))",
        *(
            f"create trigger note_first_write after insert or update or delete or truncate on {table.name}"
            " for each statement execute function dispatch_release.note_first_write()"
            for table in tables
            if table.is_written
        ),
    ]


def _print(planned: list[application.Step]) -> None:
    print("begin;")
    for heading, statements in planned:
        print(f"\n-- {heading}")
        for statement in statements:
            print(f"{statement.strip()};")
    print("\ncommit;")


def _prove(connection: Connection, tables: list[Table], schema: str) -> int:
    """Compare what is about to be committed with the published marts; return the number of rows."""
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
        f" and has_table_privilege('{STRANGER}', oid, 'select')",
        (schema,),
    )
    if seen:
        raise Failure(f"{STRANGER} may read {schema}.{seen[0][0]}.")
    for table in tables:
        if table.is_written:
            _try_defaults(connection, table)
    return counted


def _count_equal(connection: Connection, table: Table, schema: str) -> int:
    """Return the number of rows of a table of the application; raise Failure when they are not those published."""
    theirs, ours = _fingerprints(connection, table, schema)
    if theirs != ours:
        raise Failure(
            f"{schema}.{table.name} holds {ours[0]:,} rows and {table.source} {theirs[0]:,}, or their values differ."
        )
    return ours[0]


def _fingerprints(connection: Connection, table: Table, schema: str) -> list[tuple[int, int | None]]:
    return [rows(connection, query)[0] for query in application.fingerprints(table, schema)]


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


def _check_unwritten(connection: Connection, tables: list[Table], schema: str) -> None:
    """Raise Failure when rows of the application would be lost, with the table and the time of the first write."""
    with step("Comparing with the published marts"):
        changed = [table.name for table in tables if len({*_fingerprints(connection, table, schema)}) > 1]
    if changed:
        times = dict(
            rows(connection, "select table_name, min(written_at) from dispatch_release.first_writes group by 1")
        )
        listed = [
            f"{schema}.{name} "
            + (f"(first on {times[name]:%Y-%m-%d at %H:%M:%S %Z})" if name in times else "(time unknown)")
            for name in changed
        ]
        raise Failure(f"the application has written to {', '.join(listed)}.")


def _dump(target: Target, version: int, schema: str) -> str:
    """Return the schema as pg_dump of the server's own version has it, the same for the same schema."""
    packaged = POSTGRES_VERSIONS.get(version)
    program = str(packaged / "pg_dump") if packaged else shutil.which("pg_dump")
    if program is None:
        raise Failure(f"there is no pg_dump for PostgreSQL {version}: install its client.")
    command = [program, "--schema-only", "--no-owner", "--no-privileges", "--schema", schema]
    command += ["--host", target.host, "--port", str(target.port), "--username", target.user, target.dbname]
    done = subprocess.run(
        command,
        capture_output=True,
        encoding="utf-8",
        check=False,
        env={**os.environ, "PGPASSWORD": target.password, "PGSSLMODE": target.sslmode, "LC_ALL": "C"},
    )
    if done.returncode:
        raise Failure(f"pg_dump failed: {done.stderr.strip()}.")
    # Remove the triggers that --undo needs, the random key for psql, and the version numbers.
    text = re.sub(r"--\n-- Name: \w+ note_first_write;[^\n]*\n--\n\n[^\n]*\n\n\n", "", done.stdout)
    text = re.sub(r"^(\\(un)?restrict|-- Dumped (from|by)).*\n", "", text, flags=re.MULTILINE)
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"
