"""The legacy server: how to reach it, and which of its tables and columns may land."""

import os
import re
from collections.abc import Sequence
from typing import NamedTuple

import psycopg2
from psycopg2 import sql

from ops.console import say
from ops.database.connection import NO_ANSWER, TIMEOUT_SECONDS, Connection, last_line, rows, settle
from ops.dbt.profiles import session_options
from ops.errors import Failure
from ops.source import contract, sequences
from ops.source.declared import SCHEMA, declared
from ops.source.errors import LegacyConnection

SOURCE_SCHEMA = "public"  # where Django keeps its tables
DSN = "DISPATCH_LEGACY_DSN"


class Table(NamedTuple):
    """A table of the legacy database, as it lands."""

    name: str
    columns: dict[str, str]  # name → exact type at the source; undeclared and secret columns are not among them
    key: list[str]  # columns of the primary key, [] when there is none

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
    if "://" in dsn and dsn.partition("?")[0].count("@") > 1:
        # What follows would be part of the host, which messages name.
        raise Failure(f"{DSN} has more than one @: write each in the user or the password as %40.")
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
            dsn,
            connect_timeout=TIMEOUT_SECONDS,
            application_name="dispatch",
            options=options,
            connection_factory=LegacyConnection,
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


def plan(connection: Connection, purpose: str = "copy", subscriber: int = 0, others: Sequence[str] = ()) -> list[Table]:
    """Return the tables to land; raise Failure when the legacy database is not as the dbt sources declare it.

    Lengths and precisions may differ from the declared ones; the landing uses those of the source. `others` are
    problems to be named with the rest.
    """
    found = contract.examine(connection, SOURCE_SCHEMA, purpose, subscriber)
    user = connection.info.user
    if found.missing or found.refused or others:
        raise Failure(
            "The legacy database is not as models/staging/*/*sources*.yml declares it, and nothing was written:\n  "
            + "\n  ".join([*others, *found.problems])
        )
    tables = declared_tables(connection)
    unreadable = [each for each in sequences.examine(connection, SOURCE_SCHEMA) if not each.may_read]
    if found.unreadable or unreadable:
        reader = sql.Identifier(user)
        grants = [sql.SQL("grant usage on schema {} to {}").format(sql.Identifier(SOURCE_SCHEMA), reader)]
        grants += [sql.SQL("grant select ({}) on {} to {}").format(each.names, each.source, reader) for each in tables]
        grants += sequences.grants(connection, unreadable)
        raise Failure(
            f"User {user} may not read all that lands, and nothing was written. Let the owner of the legacy tables run"
            " this there:\n" + "\n".join(f"{grant.as_string(connection)};" for grant in grants)
        )
    for note in found.note:
        say(f"Note: {note}")
    return tables


def declared_tables(connection: Connection, schema: str = SOURCE_SCHEMA) -> list[Table]:
    """Return the declared tables and columns that a schema has."""
    wanted = declared()
    tables: dict[str, Table] = {}
    keys: dict[str, dict[int, str]] = {}
    for name, column, type_, place in rows(
        connection,
        """
        select
            relname,
            attname,
            format_type(atttypid, atttypmod),
            -- An inheritance child may repeat its parent's keys.
            case
                when relkind = 'p' or not exists (select 1 from pg_inherits where inhparent = pg_class.oid)
                    then array_position(cast(indkey as int2[]), attnum)
            end
        from pg_class
        inner join pg_attribute on attrelid = pg_class.oid and attnum > 0 and not attisdropped
        left join pg_index on indrelid = pg_class.oid and indisprimary
        where relnamespace = to_regnamespace(%s) and relkind in ('r', 'p')
        order by relname, attnum
        """,
        (schema,),
    ):
        if name not in wanted:
            continue
        table = tables.setdefault(name, Table(name, {}, []))
        if column in wanted[name]:
            table.columns[column] = type_
        if place is not None:
            keys.setdefault(name, {})[place] = column
    for name, key in keys.items():
        tables[name].key.extend(column for _, column in sorted(key.items()))
    return list(tables.values())
