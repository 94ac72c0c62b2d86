"""Rows that were left out at the hand-over and have been repaired since: built again, tested, added to the application.

The build goes into schemas of its own; the marts stay as they were handed over. Only rows that the hand-over had listed
in `migration_rejects` are added, each with its own verdict: what the application's tables refuse is left out and named.
Nothing that exists in them is changed. What is added is also kept in the schema `<prefix>_amended`, so that undo and
--changes still know what the application received.
"""

import json
import tempfile
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import psycopg2
from rich import box
from rich.table import Table as Grid

from ops.console import complain, console, say, step
from ops.database.connection import Connection, Cursor, Target, check_server, connect, rows, transaction
from ops.dbt import profiles
from ops.dbt import run as dbt
from ops.errors import Failure
from ops.handover import application
from ops.handover.application import IDS, READ_ONLY, Table
from ops.project import git_commit
from ops.release import records
from ops.report.formats import several
from ops.source import contract
from ops.source.replication import frozen

TARGET = "amend"  # of dbt, and the part of the schemas that says what they are
MARK = "Made by python -m ops handover --amend, which drops it when it has ended."
LOCK_TIMEOUT = "5s"
LONGEST_NAME = 63
SHOWN = 20  # ids per table
LOG = "amendments"
SQL = {name: Path(__file__).with_name(f"{name}.sql").read_text(encoding="utf-8") for name in ("amend", "amended")}


class Row(NamedTuple):
    """A row that was left out at the hand-over and would be migrated now."""

    entity: str
    legacy_id: int
    reason: str | None  # why it is still left out; None when it was added


class Result(NamedTuple):
    """What an amendment did."""

    rows: list[Row]
    arrived: dict[str, int]  # by table, how many rows of the landing did not exist at the hand-over


def run(target: Target, is_dry: bool) -> None:
    """Build again, and add what was repaired; with `is_dry`, print what would be added."""
    with closing(connect(target)) as keeper, closing(connect(target)) as connection:
        check_server(connection)
        schema = require(connection)
        with transaction(keeper) as lock:
            # Neither a copy nor a release, an undo or another amendment may begin.
            records.keep_out(lock.connection)
            contract.check(connection, "land the legacy database again (docs/live-source.md).")
            own = profiles.Schemas(f"{connection.schemas.prefix}_{TARGET}")
            clear(connection, own)
            with frozen(connection):
                manifest = _build(target, connection, own, keeper)
            with step("Adding repaired rows" if not is_dry else "Adding repaired rows, for this list only"):
                result = apply(connection, manifest, own, schema, is_dry)
            clear(connection, own)
    show(result, schema, is_dry)


def require(connection: Connection) -> str:
    """Return the application's schema; raise Failure when nothing is handed over."""
    found = records.handover(connection)
    if found is None:
        raise Failure("Nothing is handed over: make release migrates what was repaired.")
    if rows(connection, "select to_regnamespace(%s)", (found[0],)) == [(None,)]:
        raise Failure(f"Schema {found[0]} does not exist any more: somebody renamed or dropped it.")
    return found[0]


def clear(connection: Connection, own: profiles.Schemas) -> None:
    """Drop the schemas of an amendment; raise Failure when one of that name was made by others."""
    query = "select nspname, obj_description(oid, 'pg_namespace') from pg_namespace where nspname = any(%s)"
    if (excess := max(map(len, own.layers)) - LONGEST_NAME) > 0:
        raise Failure(f"The schema of target prod is too long for an amendment, by {excess} characters.")
    found = dict(rows(connection, query, (own.layers,)))
    for name, comment in found.items():
        if comment != MARK:
            raise Failure(f"Schema {name} was not made by an amendment, which needs the name: rename the schema.")
    for name in found:
        # One at a time: each table takes a lock.
        connection.cursor().execute(f"drop schema {name} cascade")


def apply(connection: Connection, manifest: dict[str, Any], own: profiles.Schemas, schema: str, is_dry: bool) -> Result:
    """Add to the application what a build has migrated and the hand-over had left out; roll back with `is_dry`."""
    tables = [table for table in application.read(connection, manifest) if table.is_written]
    try:
        with transaction(connection) as cursor:
            cursor.execute(f"set local lock_timeout = '{LOCK_TIMEOUT}'")
            cursor.execute(SQL["amend"])
            arrived = _find(cursor, tables, own)
            inserts = _prepare(cursor, tables, own, schema)
            cursor.execute(f"set local search_path to {schema}")  # for triggers of the application
            noted = _first_writes(cursor)
            # Parents first: a row whose parent comes later is tried again.
            while _value(cursor, "select pg_temp.add_rows(%s)", (json.dumps(inserts),)):
                pass
            cursor.execute(
                f"delete from {connection.schemas.release}.first_writes where not table_name = any(%s)", (noted,)
            )
            _record(cursor, own, schema)
            found = _rows(cursor, tables, own, schema)
            if is_dry or all(row.reason for row in found):
                connection.rollback()
    except psycopg2.Error as error:
        if connection.closed or isinstance(error, psycopg2.errors.QueryCanceled):
            raise
        reason = error.diag.message_primary or str(error).strip()
        raise Failure(f"Nothing was added: {reason}. Run the command again.") from None
    return Result(found, arrived)


def received(connection: Connection, table: Table) -> str:
    """Return the relation, or the subquery, of the rows that the application received."""
    added = f"{connection.schemas.amended}.{table.name}"
    if rows(connection, "select to_regclass(%s)", (added,)) == [(None,)]:
        return table.source
    return f"(select * from {table.source} union all select * from {added})" if table.is_written else added


def forgetting(connection: Connection) -> list[str]:
    """Return statements that drop the record of what was added."""
    schema = connection.schemas.amended
    tables = rows(connection, "select tablename from pg_tables where schemaname = %s order by 1", (schema,))
    statements = [f"drop table {schema}.{table}" for (table,) in tables]
    return [*statements, f"drop schema {schema}"] if tables else []


def show(result: Result, schema: str, is_dry: bool) -> None:
    """Print what was added, what was left out and why, and what is new in the landing."""
    verb = "would be added" if is_dry else "added"
    added = [row for row in result.rows if row.reason is None]
    if added:
        grid = Grid(title=f"Rows {verb} to schema {schema}", title_justify="left", box=box.SIMPLE_HEAD)
        for heading, justify in (("table", "left"), ("rows", "right"), ("legacy ids", "left")):
            grid.add_column(heading, justify=justify)
        for entity in dict.fromkeys(row.entity for row in added):
            ids = [row.legacy_id for row in added if row.entity == entity]
            more = f" and {len(ids) - SHOWN:,} more" if len(ids) > SHOWN else ""
            grid.add_row(entity, f"{len(ids):,}", ", ".join(map(str, ids[:SHOWN])) + more)
        console.print(grid)
    for row in result.rows:
        if row.reason is not None:
            complain(f"Left out: {row.entity} {row.legacy_id}: {row.reason.rstrip('.')}.")
    for entity, number in result.arrived.items():
        complain(
            f"Left out: {several(number, 'row')} of {entity} whose id did not exist at the hand-over. Enter them in the"
            " application, unless somebody has done so."
        )
    left_out = len(result.rows) - len(added)
    say(
        f"{several(len(added), 'row')} {verb}, {left_out:,} left out."
        if result.rows
        else "No row that was left out at the hand-over would be migrated now: there is nothing to add."
    )


def _build(target: Target, connection: Connection, own: profiles.Schemas, keeper: Connection) -> dict[str, Any]:
    """Build and test everything in schemas of its own; return the manifest."""
    for name in own.layers:
        connection.cursor().execute(f"create schema {name}; comment on schema {name} is '{MARK}'")
    with tempfile.TemporaryDirectory(prefix="dispatch-amend-") as scratch:
        profiles.write_copy(Path(scratch), TARGET, own.prefix)
        arguments = ["build", "--target", TARGET, "--exclude-resource-type", "unit_test", "--target-path", scratch]
        code, progress = dbt.run(
            arguments, {**target.environment, "DBT_PROFILES_DIR": scratch}, lambda: rows(keeper, "select 1")
        )
        if code:
            end = f"Nothing was added: the build failed. Its schemas, {own.prefix}_…, stay until the next amendment."
            raise Failure("\n".join([*progress.messages, end]))
        say(f"Built and tested: {progress.done:,} models, seeds and tests")
        return json.loads((Path(scratch) / "manifest.json").read_text(encoding="utf-8"))


def _find(cursor: Cursor, tables: Iterable[Table], own: profiles.Schemas) -> dict[str, int]:
    """List the rows to be added; return by table how many others did not exist at the hand-over."""
    connection = cursor.connection
    arrived = {}
    for position, table in enumerate(tables):
        new = (
            f"from {own.marts}.{table.name} as n"
            f" where not exists (select 1 from {received(connection, table)} as o where o.{table.key} = n.{table.key})"
        )
        listed = (
            f"exists (select 1 from {connection.schemas.audit}.migration_rejects as r"
            f" where r.entity = '{table.name}' and r.legacy_id = n.{table.legacy_id})"
        )
        cursor.execute(
            "insert into pg_temp.amended_rows (position, entity, legacy_id, new_key)"
            f" select {position}, '{table.name}', n.{table.legacy_id}, n.{table.key} {new} and {listed}"
        )
        if number := _value(cursor, f"select count(*) {new} and not {listed}"):
            arrived[table.name] = number
    return arrived


def _prepare(cursor: Cursor, tables: Iterable[Table], own: profiles.Schemas, schema: str) -> dict[str, str]:
    """Return for each table that can be added to the statement that adds a row, and gives the others their reason."""
    connection = cursor.connection
    amended = connection.schemas.amended
    wanted = {entity for (entity,) in rows(connection, "select distinct entity from pg_temp.amended_rows")}
    if wanted:
        _create_record(cursor, amended)
    inserts = {}
    for table in tables:
        if table.name not in wanted:
            continue
        if reason := _obstacle(connection, table, own, schema):
            cursor.execute("update pg_temp.amended_rows set reason = %s where entity = %s", (reason, table.name))
            continue
        cursor.execute(f"create table if not exists {amended}.{table.name} (like {table.source})")
        every = ", ".join(column.name for column in table.columns)
        generated = _generated(connection, table, schema)
        settable = ", ".join(column.name for column in table.own if column.name not in generated)
        selected = f"from {own.marts}.{table.name} where {table.key} = $1"
        # One statement: what is recorded is what was added.
        inserts[table.name] = (
            f"with added as (insert into {schema}.{table.name} ({settable}) select {settable} {selected} returning 1)"
            f" insert into {amended}.{table.name} ({every}) select {every} {selected} and exists (select from added)"
        )
    return inserts


def _create_record(cursor: Cursor, amended: str) -> None:
    schemas = cursor.connection.schemas
    cursor.execute(
        f"create schema if not exists {amended};"
        f" comment on schema {amended} is 'What handover --amend has added to the application, beside the marts.';"
        f" create table if not exists {amended}.{LOG} (entity text not null, legacy_id bigint not null,"
        " new_key uuid not null, amended_at timestamp with time zone not null default now(), git_commit text)"
    )
    for name in READ_ONLY:
        cursor.execute(f"create table if not exists {amended}.{name} (like {schemas.audit}.{name})")
        cursor.execute(
            f"insert into {amended}.{name} select * from {schemas.audit}.{name}"
            f" where not exists (select 1 from {amended}.{LOG})"
        )


def _obstacle(connection: Connection, table: Table, own: profiles.Schemas, schema: str) -> str | None:
    """Return why no row can be added to a table, if there is a reason."""
    names = {name for (name,) in rows(connection, COLUMNS, (f"{schema}.{table.name}",))}
    if not names:
        return f"table {schema}.{table.name} has gone"
    if missing := [column.name for column in table.own if column.name not in names]:
        return f"column {schema}.{table.name}.{missing[0]} has gone: it was renamed or dropped"
    displaced = rows(
        connection,
        f"select o.{table.legacy_id} from {received(connection, table)} as o"
        f" inner join {own.audit}.migration_rejects as r on r.entity = %s and r.legacy_id = o.{table.legacy_id}"
        f" where r.reason like 'duplicate%%' and not exists"
        f" (select 1 from {own.marts}.{table.name} as n where n.{table.key} = o.{table.key}) order by 1",
        (table.name,),
    )
    if displaced:
        return (
            f"a repaired row is a duplicate of legacy row {displaced[0][0]}, which the application already has: decide"
            " which of them is right, and delete the other in the legacy table"
        )
    return None


COLUMNS = "select attname from pg_attribute where attrelid = to_regclass(%s) and attnum > 0 and not attisdropped"


def _generated(connection: Connection, table: Table, schema: str) -> set[str]:
    query = f"{COLUMNS} and attgenerated <> ''"
    return {name for (name,) in rows(connection, query, (f"{schema}.{table.name}",))}


def _first_writes(cursor: Cursor) -> list[str]:
    """Return the tables that the application is known to have written to: what is added here is no write of its own."""
    cursor.execute(f"select distinct table_name from {cursor.connection.schemas.release}.first_writes")
    return [name for (name,) in cursor.fetchall()]


def _record(cursor: Cursor, own: profiles.Schemas, schema: str) -> None:
    """Bring the lists up to date, those of the application and those that undo compares them with."""
    schemas = cursor.connection.schemas
    if not _value(cursor, "select count(*) from pg_temp.amended_rows where is_added"):
        return
    cursor.execute(
        f"insert into {schema}.{IDS} (entity, legacy_id, new_key)"
        " select entity, legacy_id, new_key from pg_temp.amended_rows where is_added"
    )
    for each in (schema, schemas.amended):
        cursor.execute(SQL["amended"].format(schema=each, audit=own.audit))
    cursor.execute(
        f"insert into {schemas.amended}.{LOG} (entity, legacy_id, new_key, git_commit)"
        " select entity, legacy_id, new_key, %s from pg_temp.amended_rows where is_added",
        (git_commit(),),
    )


def _rows(cursor: Cursor, tables: Iterable[Table], own: profiles.Schemas, schema: str) -> list[Row]:
    """Return all rows that were tried; a missing parent is named."""
    by_name = {table.name: table for table in tables}
    cursor.execute(
        "select entity, legacy_id, new_key, reason, constraint_name from pg_temp.amended_rows"
        " order by position, legacy_id"
    )
    found = []
    for entity, legacy_id, key, reason, constraint in cursor.fetchall():
        table = by_name[entity]
        foreign = next((each for each in table.kept if each.kind == "f" and each.name == constraint), None)
        if foreign and foreign.parent:
            reason = _missing_parent(cursor, table, by_name[foreign.parent], foreign.columns[0], key, own, schema)
        found.append(Row(entity, legacy_id, reason))
    return found


def _missing_parent(
    cursor: Cursor, table: Table, parent: Table, column: str, key: str, own: profiles.Schemas, schema: str
) -> str:
    """Say which row a row needs, and why the application does not have it."""
    cursor.execute(
        f"select p.{parent.legacy_id},"
        f" exists (select 1 from {received(cursor.connection, parent)} as o where o.{parent.key} = p.{parent.key}),"
        f" exists (select 1 from pg_temp.amended_rows where new_key = p.{parent.key})"
        f" from {own.marts}.{parent.name} as p inner join {own.marts}.{table.name} as c"
        f" on c.{column} = p.{parent.key} where c.{table.key} = %s",
        (key,),
    )
    ((legacy_id, was_received, is_repaired),) = cursor.fetchall()
    why = (
        "which the application has deleted"
        if was_received
        else "which is left out, too"
        if is_repaired
        else "which did not exist at the hand-over"
    )
    return f"it needs {parent.name} {legacy_id} ({column}), {why}"


def _value(cursor: Cursor, query: str, arguments: tuple[Any, ...] | None = None) -> int:
    cursor.execute(query, arguments)
    return cursor.fetchone()[0]
