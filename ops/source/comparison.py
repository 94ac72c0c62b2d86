"""The comparison of the landing with the legacy database, by counts and checksums."""

from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from psycopg2 import sql

from ops.database.connection import Connection, Cursor, transaction
from ops.source import contract
from ops.source.tables import Table, plan


class Difference(NamedTuple):
    """A table that differs between the two sides."""

    table: str
    legacy_rows: int
    landed_rows: int


def compare(warehouse: Connection, source: Connection) -> tuple[int, int, list[Difference]]:
    """Count and checksum every table on both sides; return the number of tables, of rows, and the differences.

    Each side is read in one snapshot; they are comparable only while nothing is written to the legacy database.
    """
    tables = plan(source)
    contract.check(warehouse, "python -m ops source copy lands them.")
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
