"""The landing: which tables and columns of the live legacy database may leave it, and the one-shot copy of them."""

import json
import os
import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing, contextmanager
from datetime import datetime
from typing import Any, NamedTuple

import psycopg2
import yaml
from psycopg2 import sql
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

from ops import legacy
from ops.database.connection import (
    NO_ANSWER,
    TIMEOUT_SECONDS,
    Target,
    connect,
    interrupted,
    last_line,
    rows,
    settle,
    transaction,
)
from ops.dbt.profiles import session_options
from ops.errors import Failure
from ops.project import SOURCE_FILES
from ops.release import records as releases

SCHEMA = legacy.SCHEMA
LOCK_TIMEOUT = "10min"
SOURCE_SCHEMA = "public"  # where Django keeps its tables
SUBSCRIPTION = "dispatch_legacy"
DSN = "DISPATCH_LEGACY_DSN"
MARK = "Landed from the legacy database by dispatch-migration: "


class Table(NamedTuple):
    """A table of the legacy database, as it lands."""

    name: str
    columns: dict[str, str]  # name → exact type at the source; undeclared and secret columns are not among them
    key: list[str]  # columns of the primary key, [] when there is none
    identity: str  # pg_class.relreplident: "d" when updates and deletes are told by the primary key

    @property
    def names(self) -> sql.Composable:
        """The columns, quoted and separated by commas."""
        return sql.SQL(", ").join(map(sql.Identifier, self.columns))

    @property
    def source(self) -> sql.Identifier:
        """The table in the legacy database."""
        return sql.Identifier(SOURCE_SCHEMA, self.name)

    @property
    def landing(self) -> sql.Identifier:
        """The table in the warehouse."""
        return sql.Identifier(SCHEMA, self.name)


class Landed(NamedTuple):
    """What a copy brought."""

    at: datetime  # when its snapshot was taken, by the legacy server's clock
    tables: int
    rows: int


class Difference(NamedTuple):
    """A table that is not the same on both sides."""

    table: str
    legacy_rows: int
    landed_rows: int


def legacy_dsn() -> str:
    """Return the connection string in DISPATCH_LEGACY_DSN; raise Failure, without its text, when it will not do."""
    dsn = os.environ.get(DSN)
    example = f"{DSN}='host=… dbname=… user=…' (the password with password=… or in a passfile)"
    if not dsn:
        raise Failure(f"The legacy server is not named: set {example}.")
    try:
        parts = psycopg2.extensions.parse_dsn(dsn)
    except psycopg2.ProgrammingError:
        raise Failure(f"{DSN} is not a connection string: write {example}.") from None
    # The warehouse connects with it too, and has other defaults than this process.
    if missing := [name for name in ("host", "dbname", "user") if not parts.get(name)]:
        raise Failure(f"{DSN} lacks {' and '.join(missing)}: write {example}.")
    return dsn


def connect_legacy() -> Connection:
    """Connect to the legacy server, each statement committing by itself."""
    dsn = legacy_dsn()
    # The session of every connection, but for what PostgreSQL 13 does not know. With row security off a table comes
    # as an error where it would come in part and without a word; and a database that was made read-only for the
    # cut-over does not keep slot and publication from being made, or removed.
    options = re.sub(r"--(idle_session_timeout|client_connection_check_interval)=\S+", "", session_options())
    try:
        connection = psycopg2.connect(
            dsn, connect_timeout=TIMEOUT_SECONDS, application_name="dispatch", options=options
        )
    except psycopg2.OperationalError as error:
        reason = last_line(error)
        if NO_ANSWER.search(reason):
            raise Failure(
                f"No PostgreSQL answers where {DSN} leads: start the legacy server, or correct host and port"
                f" there ({reason})."
            ) from None
        raise Failure(f"Cannot connect to the legacy server that {DSN} names: {reason}") from None
    settle(connection)
    return connection


def declared() -> dict[str, dict[str, str]]:
    """Return the declared type of every column that may land, by table: those of the dbt sources but the secret."""
    return {
        table.get("identifier", table["name"]): {
            column["name"]: column["data_type"]
            for column in table["columns"]
            if not column.get("config", {}).get("meta", {}).get("secret")
        }
        for file in sorted(SOURCE_FILES.glob("**/*sources*.yml"))
        for source in yaml.safe_load(file.read_text(encoding="utf-8"))["sources"]
        for table in source["tables"]
    }


def examine(connection: Connection) -> tuple[list[Table], list[str]]:
    """Look the declared tables up in the legacy database; return them, and a line for all that is not as declared.

    Lengths and precisions may differ from the declared ones; the landing takes the source's.
    """
    wanted = declared()
    types = {type_ for columns in wanted.values() for type_ in columns.values()}
    plain = dict(rows(connection, "select t, cast(cast(t as regtype) as text) from unnest(%s) as t", (list(types),)))
    found: dict[str, list[tuple[Any, ...]]] = {}
    for name, *column in rows(
        connection,
        """
        select
            pg_class.relname,
            pg_class.relreplident,
            attname,
            format_type(atttypid, atttypmod),
            format_type(atttypid, null),
            has_schema_privilege(relnamespace, 'usage') and has_column_privilege(pg_class.oid, attnum, 'select'),
            array_position(cast(indkey as int2[]), attnum)
        from pg_class
        inner join pg_attribute on pg_attribute.attrelid = pg_class.oid and attnum > 0 and not attisdropped
        left join pg_index on pg_index.indrelid = pg_class.oid and indisprimary
        where relnamespace = to_regnamespace(%s) and relkind = 'r' and relname = any(%s)
        order by pg_class.relname, attnum
        """,
        (SOURCE_SCHEMA, list(wanted)),
    ):
        found.setdefault(name, []).append(tuple(column))

    tables, problems = [], []
    for name, columns in sorted(wanted.items()):
        if name not in found:
            problems.append(f"there is no table {SOURCE_SCHEMA}.{name}")
            continue
        present = {column: (exact, bare, may) for _, column, exact, bare, may, _ in found[name]}
        key = sorted((position, column) for _, column, *_, position in found[name] if position is not None)
        tables.append(Table(name, {}, [column for _, column in key], found[name][0][0]))
        for column, type_ in columns.items():
            exact, bare, may = present.get(column, (None, None, None))
            if exact is None:
                problems.append(f"{name} has no column {column}")
            elif bare != plain[type_]:
                problems.append(f"{name}.{column} is of type {exact}, declared as {type_}")
            elif not may:
                problems.append(f"{name}.{column} may not be read by user {connection.info.user}")
                tables[-1].columns[column] = exact
            else:
                tables[-1].columns[column] = exact
    return tables, problems


def plan(connection: Connection) -> list[Table]:
    """Return the tables to land; raise Failure when the legacy database is not as the dbt sources declare it."""
    tables, problems = examine(connection)
    if not problems:
        return tables
    if all("may not be read" in problem for problem in problems):
        user = sql.Identifier(connection.info.user)
        grants = [sql.SQL("grant usage on schema {} to {}").format(sql.Identifier(SOURCE_SCHEMA), user)]
        grants += [sql.SQL("grant select ({}) on {} to {}").format(each.names, each.source, user) for each in tables]
        raise Failure(
            f"User {connection.info.user} may not read all that lands, and nothing was written. Let the owner of the "
            "legacy tables run this there:\n" + "\n".join(f"{grant.as_string(connection)};" for grant in grants)
        )
    raise Failure(
        "The legacy database is not as models/staging/*/*sources*.yml declares it, and nothing was written:\n  "
        + "\n  ".join(problems)
        + "\nDeclare it as it is, and mend the staging models."
    )


def check_landing(cursor: Cursor) -> None:
    """Take the landing for this transaction; raise Failure when it is in use, or must not be overwritten."""
    releases.keep_out(cursor)
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
        raise Failure(f"Schema {SCHEMA} is fed by replication: python -m ops source stop ends that.")
    if not has_tables or (comment or "").startswith(MARK):
        return
    what = "the synthetic legacy database" if (comment or "").startswith(legacy.MARK) else "tables that did not land"
    raise Failure(
        f"Schema {SCHEMA} of the warehouse holds {what} and will not be overwritten: if nobody needs them, "
        f'python -m ops psql -c "drop schema {SCHEMA} cascade" (the staging views go too; dbt build makes them again).'
    )


def check_owners(cursor: Cursor) -> None:
    """Raise Failure when writing into the landing would run what somebody else has put there."""
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
            f"Schema {SCHEMA} holds tables that are not as a copy makes them, and their functions would run with the"
            f" rights of {cursor.connection.info.user}: {', '.join(found)}. Drop them, or take triggers, rules and"
            " foreign owners away."
        )


def prepare(cursor: Cursor, tables: Sequence[Table]) -> None:
    """Make the landing tables that are missing, add columns to those that lack some, and empty them all."""
    cursor.execute(sql.SQL("create schema if not exists {}").format(sql.Identifier(SCHEMA)))
    check_owners(cursor)
    cursor.execute(
        """
        select relname, json_object_agg(attname, format_type(atttypid, atttypmod))
        from pg_class
        inner join pg_attribute on attrelid = pg_class.oid and attnum > 0 and not attisdropped
        where relnamespace = to_regnamespace(%s) and relkind = 'r'
        group by relname
        """,
        (SCHEMA,),
    )
    found = {name: json.loads(columns) for name, columns in cursor.fetchall()}
    problems = []
    for table in tables:
        if table.name not in found:
            _create(cursor, table)
            continue
        for column, type_ in table.columns.items():
            has = found[table.name].pop(column, None)
            if has is None:
                cursor.execute(
                    sql.SQL("alter table {} add column {} " + type_).format(table.landing, sql.Identifier(column))
                )
            elif has != type_:
                problems.append(f"{table.name}.{column} is of type {has} here and {type_} at the source")
        problems += [f"{table.name}.{column} is here and does not land any more" for column in found[table.name]]
    if problems:
        names = sorted({problem.partition(".")[0] for problem in problems})
        raise Failure(
            f"Tables in schema {SCHEMA} do not fit the source, and nothing was changed:\n  "
            + "\n  ".join(problems)
            + "\nThey come anew once they are dropped (the staging views on them go too; dbt build makes them again): "
            f'python -m ops psql -c "drop table {", ".join(f"{SCHEMA}.{name}" for name in names)} cascade"'
        )
    # A copy holds tables of the source: it does not wait for ever for somebody who reads the landing.
    cursor.execute(f"set local lock_timeout = '{LOCK_TIMEOUT}'")
    try:
        cursor.execute(sql.SQL("truncate {}").format(sql.SQL(", ").join(table.landing for table in tables)))
    except psycopg2.errors.LockNotAvailable:
        raise Failure(
            f"Somebody has been reading schema {SCHEMA}, or a view on it, in one transaction for {LOCK_TIMEOUT}:"
            " end it (pg_stat_activity names it) and copy again."
        ) from None


def mark(cursor: Cursor, **facts: object) -> None:
    """Write on the landing schema where its tables come from."""
    comment = MARK + json.dumps(facts, default=str)
    cursor.execute(sql.SQL("comment on schema {} is %s").format(sql.Identifier(SCHEMA)), (comment,))


def facts(connection: Connection) -> dict[str, Any]:
    """Return what `mark` wrote, {} when nothing has landed."""
    found = rows(connection, "select obj_description(to_regnamespace(%s), 'pg_namespace')", (SCHEMA,))[0][0] or ""
    return json.loads(found.removeprefix(MARK)) if found.startswith(MARK) else {}


def copy(target: Target, step: Callable[[str], AbstractContextManager[None]]) -> Landed:
    """Copy everything that may land, from one snapshot and in one transaction, each table inside `step(name)`.

    Raises Failure when that cannot be done; the previous landing is then as it was.
    """
    with (
        _able_to_copy(),
        closing(connect_legacy()) as keeper,
        closing(connect_legacy()) as source,
        closing(connect(target)) as warehouse,
    ):
        tables = plan(source)
        # A truncate or a rewrite that commits after a snapshot shows in it as an empty table: so first hold the tables,
        # in another transaction, and then take the snapshot.
        keeper.autocommit = False
        for table in tables:
            keeper.cursor().execute(sql.SQL("select {} from {} limit 0").format(table.names, table.source))
        source.set_session("repeatable read", readonly=True, autocommit=False)
        total = 0
        with transaction(warehouse) as into, source.cursor() as out:
            check_landing(into)
            prepare(into, tables)
            out.execute("select now()")
            ((at,),) = out.fetchall()
            for table in tables:
                out.execute(sql.SQL("select count(*) from {}").format(table.source))
                ((count,),) = out.fetchall()
                with step(f"  {table.name}, {count:,} row{'' if count == 1 else 's'}"):
                    _copy_table(out, into, table, count)
                total += count
            landed = Landed(at, len(tables), total)
            mark(into, how="copied", **landed._asdict())
        return landed


def compare(warehouse: Connection, source: Connection) -> tuple[int, int, list[Difference]]:
    """Count and checksum every table on both sides; return the number of tables, of rows, and what differs.

    Each side is read in one snapshot; only when nothing is written meanwhile do they belong together.
    """
    tables = plan(source)
    total, differences = 0, []
    with transaction(source) as there, transaction(warehouse) as here:
        for cursor in (there, here):
            cursor.execute("set transaction isolation level repeatable read, read only")
        with ThreadPoolExecutor(1) as pool:
            for table in tables:
                landed = pool.submit(_fingerprint, here, table, table.landing)
                expected = _fingerprint(there, table, table.source)
                total += expected[0]
                if landed.result() != expected:
                    differences.append(Difference(table.name, expected[0], landed.result()[0]))
    return len(tables), total, differences


def _create(cursor: Cursor, table: Table) -> None:
    parts = [sql.SQL("{} " + type_).format(sql.Identifier(name)) for name, type_ in table.columns.items()]
    if table.key and set(table.key) <= set(table.columns):
        parts.append(sql.SQL("primary key ({})").format(sql.SQL(", ").join(map(sql.Identifier, table.key))))
    cursor.execute(sql.SQL("create table {} ({})").format(table.landing, sql.SQL(", ").join(parts)))


def _copy_table(out: Cursor, into: Cursor, table: Table, count: int) -> None:
    try:
        _pump(
            out,
            sql.SQL("copy {} ({}) to stdout").format(table.source, table.names),
            into,
            sql.SQL("copy {} ({}) from stdin").format(table.landing, table.names),
        )
        into.execute(sql.SQL("analyze {}").format(table.landing))
        into.execute(sql.SQL("select count(*) from {}").format(table.landing))
    except psycopg2.Error as error:
        if interrupted.is_set():
            raise
        reason = error.diag.message_primary or "the connection was lost"
        raise Failure(f"{table.name}: {reason}; the previous landing is untouched.") from None
    ((landed,),) = into.fetchall()
    if landed != count:
        raise Failure(
            f"{table.name}: {count:,} rows at the source and {landed:,} here; the previous landing is untouched."
        )


def _pump(out: Cursor, read: sql.Composable, into: Cursor, write: sql.Composable) -> None:
    """Let one COPY read what another writes, through a pipe: no more than the pipe is ever in memory."""
    reading, writing = os.pipe()

    def send() -> None:
        with open(writing, "wb") as sink:  # noqa: PTH123 - a file descriptor
            out.copy_expert(read, sink)

    with ThreadPoolExecutor(1) as pool, open(reading, "rb") as stream:  # noqa: PTH123
        sending = pool.submit(send)
        try:
            into.copy_expert(write, stream)
        except psycopg2.Error:
            stream.close()  # or the sender would wait for ever
            failed = sending.exception()
            if isinstance(failed, psycopg2.Error):  # what was sent was cut off, and this is why
                raise failed from None
            raise
        sending.result()


@contextmanager
def _able_to_copy() -> Iterator[None]:
    """Switch off what lets Ctrl-C interrupt a statement: psycopg2 cannot COPY with it (and COPY hears Ctrl-C)."""
    callback = psycopg2.extensions.get_wait_callback()
    psycopg2.extensions.set_wait_callback(None)
    try:
        yield
    finally:
        psycopg2.extensions.set_wait_callback(callback)


def _fingerprint(cursor: Cursor, table: Table, where: sql.Composable) -> tuple[int, int]:
    """Return the number of rows and a checksum that does not depend on their order."""
    cursor.execute(
        sql.SQL(
            "select count(*), coalesce(sum(cast(cast('x' || left(md5(convert_to(cast(row({}) as text), 'UTF8')), 15)"
            " as bit(60)) as bigint)), 0) from {}"
        ).format(table.names, where)
    )
    ((count, checksum),) = cursor.fetchall()
    return count, int(checksum)
