"""The sequences of the legacy keys, which give the numbers that rows had which no longer exist.

They land beside the tables, each owned by the key of its table, because PostgreSQL does not replicate sequences.
"""

from typing import NamedTuple

from psycopg2 import sql

from ops.database.connection import Connection, Cursor, rows
from ops.errors import Failure
from ops.source.declared import SCHEMA, declared


class Sequence(NamedTuple):
    """A sequence of the legacy database that numbers the rows of a declared table."""

    table: str
    key: str
    schema: str
    name: str
    may_read: bool

    @property
    def source(self) -> sql.Identifier:
        """The sequence in the legacy database."""
        return sql.Identifier(self.schema, self.name)


def examine(source: Connection, schema: str) -> list[Sequence]:
    """Return the sequences of the keys of the declared tables, serial or identity, in a schema of the legacy server."""
    return [
        Sequence(*each)
        for each in rows(
            source,
            """
            select
                numbered.relname, attname, nspname, sequence.relname,
                has_schema_privilege(sequence.relnamespace, 'usage') and has_sequence_privilege(sequence.oid, 'select')
            from pg_depend
            inner join pg_class as sequence on sequence.oid = objid and sequence.relkind = 'S'
            inner join pg_namespace on pg_namespace.oid = sequence.relnamespace
            inner join pg_class as numbered on numbered.oid = refobjid
            inner join pg_attribute on attrelid = refobjid and attnum = refobjsubid
            inner join pg_index on indrelid = refobjid and indisprimary and refobjsubid = any(cast(indkey as int2[]))
            where
                classid = cast('pg_class' as regclass) and refclassid = classid and deptype in ('a', 'i')
                and numbered.relnamespace = to_regnamespace(%s) and numbered.relname = any(%s)
            order by 1, 2
            """,
            (schema, list(declared())),
        )
    ]


def grants(source: Connection, sequences: list[Sequence]) -> list[sql.Composable]:
    """Return the statements that let this user read them."""
    user = sql.Identifier(source.info.user)
    return [sql.SQL("grant select on sequence {} to {}").format(each.source, user) for each in sequences]


def land(source: Cursor, warehouse: Cursor, schema: str) -> None:
    """Set the sequences of the landing to the values that those of the legacy database have now."""
    found = examine(source.connection, schema)
    if unreadable := [each for each in found if not each.may_read]:
        statements = [f"{each.as_string(source)};" for each in grants(source.connection, unreadable)]
        raise Failure(
            f"User {source.connection.info.user} may not read the sequences of the legacy keys. Let their owner run"
            " this there:\n" + "\n".join(statements)
        )
    for each in found:
        source.execute(sql.SQL("select last_value, is_called from {}").format(each.source))
        ((value, is_called),) = source.fetchall()
        landed = sql.Identifier(SCHEMA, each.name)
        key = sql.Identifier(SCHEMA, each.table, each.key)
        warehouse.execute(sql.SQL("create sequence if not exists {} as bigint").format(landed))
        warehouse.execute(sql.SQL("alter sequence {} owned by {}").format(landed, key))
        name = landed.as_string(warehouse)
        warehouse.execute("select setval(cast(%s as regclass), %s, %s)", (name, max(1, value), is_called))


def last_number(warehouse: Connection, table: str) -> int:
    """Return the last number that a landed sequence gave to a row of the table; 0 without one."""
    ((name,),) = rows(
        warehouse,
        "select pg_get_serial_sequence(t, 'id') from (values (%s)) as v (t) where to_regclass(t) is not null"
        " union all select null limit 1",
        (f"{SCHEMA}.{table}",),
    )
    if name is None:
        return 0
    ((value, is_called),) = rows(warehouse, f"select last_value, is_called from {name}")
    return value if is_called else value - 1
