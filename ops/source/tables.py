"""The legacy server: how to reach it, and which of its tables and columns may land."""

import os
import re
from typing import Any, NamedTuple

import psycopg2
from psycopg2 import sql

from ops.database.connection import NO_ANSWER, TIMEOUT_SECONDS, Connection, last_line, rows, settle
from ops.dbt.profiles import session_options
from ops.errors import Failure
from ops.source import sequences
from ops.source.declared import SCHEMA, declared

SOURCE_SCHEMA = "public"  # where Django keeps its tables
DSN = "DISPATCH_LEGACY_DSN"


class Table(NamedTuple):
    """A table of the legacy database, as it lands."""

    name: str
    columns: dict[str, str]  # name → exact type at the source; undeclared and secret columns are not among them
    key: list[str]  # columns of the primary key, [] when there is none
    identity: str  # pg_class.relreplident: "d" when the primary key identifies updated and deleted rows

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


def legacy_dsn() -> str:
    """Return the connection string in DISPATCH_LEGACY_DSN; raise Failure, without its text, when it is unusable."""
    dsn = os.environ.get(DSN)
    example = f"{DSN}='host=… dbname=… user=…' (the password with password=… or in a passfile)"
    if not dsn:
        raise Failure(f"The legacy server is not named: set {example}.")
    try:
        parts = psycopg2.extensions.parse_dsn(dsn)
    except psycopg2.ProgrammingError:
        raise Failure(f"{DSN} is not a connection string: write {example}.") from None
    # The warehouse connects with it, too, and has other defaults than this process.
    if missing := [name for name in ("host", "dbname", "user") if not parts.get(name)]:
        raise Failure(f"{DSN} lacks {' and '.join(missing)}: write {example}.")
    return dsn


def connect_legacy() -> Connection:
    """Connect to the legacy server, each statement committing by itself."""
    dsn = legacy_dsn()
    # The usual settings, except those that PostgreSQL 13 does not know. With row security off, a table of which only a
    # part is visible ends in an error. Slot and publication can be created even in a database that is read-only for the
    # cut-over.
    options = re.sub(r"--(idle_session_timeout|client_connection_check_interval)=\S+", "", session_options())
    try:
        connection = psycopg2.connect(
            dsn, connect_timeout=TIMEOUT_SECONDS, application_name="dispatch", options=options
        )
    except psycopg2.OperationalError as error:
        reason = last_line(error)
        if NO_ANSWER.search(reason):
            raise Failure(
                f"No PostgreSQL answers at the host and port in {DSN}: start the legacy server, or correct them"
                f" ({reason})."
            ) from None
        raise Failure(f"Cannot connect to the legacy server that {DSN} names: {reason}") from None
    settle(connection)
    return connection


def examine(connection: Connection) -> tuple[list[Table], list[str]]:
    """Look up the declared tables in the legacy database; return them, and a line for everything not as declared.

    Lengths and precisions may differ from the declared ones; the landing uses those of the source.
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
            else:
                tables[-1].columns[column] = exact
                if not may:
                    problems.append(f"{name}.{column} may not be read by user {connection.info.user}")
    return tables, problems


def plan(connection: Connection) -> list[Table]:
    """Return the tables to land; raise Failure when the legacy database is not as the dbt sources declare it."""
    tables, problems = examine(connection)
    unreadable = [each for each in sequences.examine(connection, SOURCE_SCHEMA) if not each.may_read]
    problems += [f"sequence {each.name} may not be read by user {connection.info.user}" for each in unreadable]
    if not problems:
        return tables
    if all("may not be read" in problem for problem in problems):
        user = sql.Identifier(connection.info.user)
        grants = [sql.SQL("grant usage on schema {} to {}").format(sql.Identifier(SOURCE_SCHEMA), user)]
        grants += [sql.SQL("grant select ({}) on {} to {}").format(each.names, each.source, user) for each in tables]
        grants += sequences.grants(connection, unreadable)
        raise Failure(
            f"User {connection.info.user} may not read all that lands, and nothing was written. Let the owner of the "
            "legacy tables run this there:\n" + "\n".join(f"{grant.as_string(connection)};" for grant in grants)
        )
    raise Failure(
        "The legacy database is not as models/staging/*/*sources*.yml declares it, and nothing was written:\n  "
        + "\n  ".join(problems)
        + "\nDeclare it as it is, and adapt the staging models."
    )
