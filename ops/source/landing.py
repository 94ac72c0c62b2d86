"""The landing: the schema of the warehouse that copy and replication fill."""

import json
from collections.abc import Sequence
from typing import Any

import psycopg2
from psycopg2 import sql

from ops import legacy
from ops.database.connection import Connection, Cursor, rows
from ops.errors import Failure
from ops.release import records
from ops.source.declared import SCHEMA
from ops.source.tables import SOURCE_SCHEMA, Table

LOCK_TIMEOUT = "10min"
SUBSCRIPTION = "dispatch_legacy"
MARK = "Landed from the legacy database by dispatch-migration: "


def check_landing(cursor: Cursor) -> None:
    """Reserve the landing for this transaction; raise Failure when it is in use, or must not be overwritten."""
    if SCHEMA == SOURCE_SCHEMA:
        raise Failure(
            f"legacy_schema is {SCHEMA}, which is also the schema of the legacy database: the landing needs a schema of"
            " its own. Name another one in dbt_project.yml."
        )
    records.keep_out(cursor.connection)
    cursor.execute(
        """
        select
            obj_description(oid, 'pg_namespace'),
            exists (select 1 from pg_class where relnamespace = pg_namespace.oid),
            exists (
                select 1 from pg_subscription inner join pg_database on pg_database.oid = subdbid
                where subname = %s and datname = current_database()
            )
        from pg_namespace
        where nspname = %s
        """,
        (SUBSCRIPTION, SCHEMA),
    )
    comment, has_tables, is_replicated = cursor.fetchone() or ("", False, False)
    if is_replicated:
        raise Failure(f"Replication fills schema {SCHEMA}: python -m ops source stop ends it.")
    if not has_tables or (comment or "").startswith(MARK):
        return
    what = "the synthetic legacy database" if (comment or "").startswith(legacy.MARK) else "tables that did not land"
    raise Failure(
        f"Schema {SCHEMA} of the warehouse contains {what} and will not be overwritten: if it is not needed, "
        f'python -m ops psql -c "drop schema {SCHEMA} cascade" (this drops the staging views; dbt build creates them '
        "again)."
    )


def check_owners(cursor: Cursor) -> None:
    """Raise Failure when writing into the landing would run code of another user."""
    cursor.execute(
        """
        select relname || case when relowner <> own.oid then ' belongs to ' || pg_get_userbyid(relowner)
            else ' has triggers or rules' end
        from pg_class
        inner join pg_roles as own on rolname = current_user
        where relnamespace = to_regnamespace(%s) and relkind = 'r' and (
            relowner <> own.oid
            or relhasrules
            or exists (select 1 from pg_trigger where tgrelid = pg_class.oid and not tgisinternal)
        )
        order by 1
        """,
        (SCHEMA,),
    )
    if found := [problem for (problem,) in cursor.fetchall()]:
        raise Failure(
            f"Schema {SCHEMA} contains tables that a copy did not create, and their functions would run with the"
            f" rights of {cursor.connection.info.user}: {', '.join(found)}. Drop the tables, or remove triggers and"
            " rules and change the owner."
        )


def prepare(cursor: Cursor, tables: Sequence[Table]) -> None:
    """Create missing landing tables, add missing columns, and empty all tables."""
    cursor.execute(sql.SQL("create schema if not exists {}").format(sql.Identifier(SCHEMA)))
    check_owners(cursor)
    found = _landed(cursor)
    for table in tables:
        if table.name not in found:
            _create(cursor, table)
            continue
        for column in table.columns.keys() - found[table.name]:
            cursor.execute(
                sql.SQL("alter table {} add column {} " + table.columns[column]).format(
                    table.landing, sql.Identifier(column)
                )
            )
    problems = misfits(cursor, tables)
    if problems:
        names = sorted({problem.partition(".")[0] for problem in problems})
        raise Failure(
            f"Tables in schema {SCHEMA} do not fit the source, and nothing was changed:\n  "
            + "\n  ".join(problems)
            + "\nDrop them, and they are created again (this drops the staging views; dbt build creates them again): "
            f'python -m ops psql -c "drop table {", ".join(f"{SCHEMA}.{name}" for name in names)} cascade"'
        )
    # A copy locks tables of the source, so it must not wait for a reader of the landing without limit.
    cursor.execute(f"set local lock_timeout = '{LOCK_TIMEOUT}'")
    try:
        cursor.execute(sql.SQL("truncate {}").format(sql.SQL(", ").join(table.landing for table in tables)))
    except psycopg2.errors.LockNotAvailable:
        raise Failure(
            f"A transaction has been reading schema {SCHEMA}, or a view on it, for {LOCK_TIMEOUT}:"
            " end it (pg_stat_activity shows it) and copy again."
        ) from None


def misfits(cursor: Cursor, tables: Sequence[Table]) -> list[str]:
    """Return a sentence for every column that has another type in the landing than at the source, or is there only."""
    found = _landed(cursor)
    return [
        f"{table.name}.{column} is of type {has} here and {table.columns[column]} at the source"
        if column in table.columns
        else f"{table.name}.{column} exists here and no longer lands"
        for table in tables
        for column, has in found.get(table.name, {}).items()
        if table.columns.get(column) != has
    ]


def mark(cursor: Cursor, **facts: object) -> None:
    """Record in the comment on the landing schema where its tables come from."""
    comment = MARK + json.dumps(facts, default=str)
    cursor.execute(sql.SQL("comment on schema {} is %s").format(sql.Identifier(SCHEMA)), (comment,))


def facts(connection: Connection) -> dict[str, Any]:
    """Return what `mark` recorded; {} when nothing has landed."""
    found = rows(connection, "select obj_description(to_regnamespace(%s), 'pg_namespace')", (SCHEMA,))[0][0] or ""
    return json.loads(found.removeprefix(MARK)) if found.startswith(MARK) else {}


def _landed(cursor: Cursor) -> dict[str, dict[str, str]]:
    """Return the exact type of every column in the landing, by table."""
    cursor.execute(
        """
        select relname, json_object_agg(attname, format_type(atttypid, atttypmod) order by attnum)
        from pg_class
        inner join pg_attribute on attrelid = pg_class.oid and attnum > 0 and not attisdropped
        where relnamespace = to_regnamespace(%s) and relkind = 'r'
        group by relname
        """,
        (SCHEMA,),
    )
    return {name: json.loads(columns) for name, columns in cursor.fetchall()}


def _create(cursor: Cursor, table: Table) -> None:
    parts = [sql.SQL("{} " + type_).format(sql.Identifier(name)) for name, type_ in table.columns.items()]
    if table.key and set(table.key) <= set(table.columns):
        parts.append(sql.SQL("primary key ({})").format(sql.SQL(", ").join(map(sql.Identifier, table.key))))
    cursor.execute(sql.SQL("create table {} ({})").format(table.landing, sql.SQL(", ").join(parts)))
