"""The copy: everything that may land, from one snapshot and in one transaction."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing, contextmanager
from datetime import datetime
from typing import NamedTuple

import psycopg2
from psycopg2 import sql

from ops.database.connection import Cursor, Target, connect, interrupted, transaction
from ops.errors import Failure
from ops.source import inventory, sequences
from ops.source.landing import check_landing, mark, prepare
from ops.source.tables import SOURCE_SCHEMA, Table, connect_legacy, plan


class Landed(NamedTuple):
    """The result of a copy."""

    at: datetime  # when its snapshot was taken, by the legacy server's clock
    tables: int
    rows: int
    unknown: str  # a sentence about tables and columns of the legacy database that nobody has decided about


def copy(target: Target, step: Callable[[str], AbstractContextManager[None]]) -> Landed:
    """Copy everything that may land, from one snapshot and in one transaction, each table inside `step(name)`.

    Raises Failure when that is impossible; the previous landing then stays unchanged.
    """
    with (
        _able_to_copy(),
        closing(connect_legacy()) as keeper,
        closing(connect_legacy()) as source,
        closing(connect(target)) as warehouse,
    ):
        tables = plan(source)
        # A table that is truncated or rewritten after a snapshot looks empty in it. So first lock the tables, in
        # another transaction, and then take the snapshot.
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
            sequences.land(out, into, SOURCE_SCHEMA)
            others = inventory.not_landed(source)
            unknown = inventory.sentence([entry for entry in others if entry.is_unknown])
            landed = Landed(at, len(tables), total, unknown)
            mark(into, how="copied", at=at, tables=landed.tables, rows=total, not_landed=others)
        return landed


def _copy_table(out: Cursor, into: Cursor, table: Table, count: int) -> None:
    try:
        _pump(
            out,
            # Not the table itself: that has neither partitions, nor inheritance children, nor generated columns.
            sql.SQL("copy (select {} from {}) to stdout").format(table.names, table.source),
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
    """Connect two COPY statements by a pipe, so that only its buffer is in memory."""
    reading, writing = os.pipe()

    def send() -> None:
        with open(writing, "wb") as sink:  # noqa: PTH123 - a file descriptor
            out.copy_expert(read, sink)

    with ThreadPoolExecutor(1) as pool, open(reading, "rb") as stream:  # noqa: PTH123
        sending = pool.submit(send)
        try:
            into.copy_expert(write, stream)
        except psycopg2.Error:
            stream.close()  # otherwise the sender would wait forever
            failed = sending.exception()
            if isinstance(failed, psycopg2.Error):  # the cause: the sender failed first
                raise failed from None
            raise
        sending.result()


@contextmanager
def _able_to_copy() -> Iterator[None]:
    """Remove the callback that lets Ctrl-C interrupt a statement: COPY cannot use it, and does not need it."""
    callback = psycopg2.extensions.get_wait_callback()
    psycopg2.extensions.set_wait_callback(None)
    try:
        yield
    finally:
        psycopg2.extensions.set_wait_callback(callback)
