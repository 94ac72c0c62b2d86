"""What the application has inserted, updated and deleted since the hand-over: a list that a person can enter elsewhere.

The application's tables are compared with what they received, by the catalog alone: their owner may have renamed,
dropped or added columns and tables since.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from psycopg2 import sql
from rich import box
from rich.table import Table as Grid

from ops.console import complain, console, say
from ops.database.connection import Connection, Target, connect, rows
from ops.errors import Failure
from ops.handover import structure
from ops.release import records

HEADER = ("change", "key", "legacy_id", "column", "old_value", "new_value", "refers_to_legacy_id")
KINDS = ("inserted", "updated", "deleted")
CATALOG = Path(__file__).with_name("received.sql").read_text(encoding="utf-8")


class Column(NamedTuple):
    """A column of a table that was handed over, and what has become of it."""

    name: str | None  # None when the application has added it
    now: str | None  # its name in the application's table; None when it has gone
    is_same_type: bool
    is_generated: bool
    parent: str | None  # the table that it refers to


@dataclass(frozen=True)
class Table:
    """A table that was handed over."""

    name: str
    relation: str | None  # the application's table, quoted; None when it has gone
    received: sql.Composable  # the rows that the application received
    key: str
    legacy_id: str
    columns: tuple[Column, ...]

    @property
    def own_key(self) -> str | None:
        """The name of the key in the application's table."""
        return next((column.now for column in self.columns if column.name == self.key), None)

    @property
    def is_comparable(self) -> bool:
        """Whether its rows can still be recognised."""
        return self.relation is not None and self.own_key is not None


def write(target: Target, folder: Path) -> None:
    """Write a CSV file for every table in which the application has changed something, and print a summary."""
    try:
        _write(target, folder)
    except Failure as failure:
        raise Failure(f"The changes cannot be listed: {failure}") from None


def _write(target: Target, folder: Path) -> None:
    with closing(connect(target)) as connection, _snapshot(connection):
        found = records.handover(connection)
        if found is None:
            raise Failure("nothing is handed over.")
        schema, moment = found
        altered = structure.differences(connection, schema, connection.schemas.release)
        tables = read(connection, schema)
        with console.status("Comparing with what was handed over …"):
            counts = {table.name: count(connection, table) for table in tables if table.is_comparable}
        changed = [table for table in tables if any(counts.get(table.name, ()))]
        with _files(folder) as create:
            for table in changed:
                with create(f"{table.name}.csv") as file:
                    file.writelines(map(_line, [HEADER, *lines(connection, table, tables)]))
    for difference in altered:
        say(f"Structure: {difference}.")
    for table in tables:
        if not table.is_comparable:
            complain(f"{schema}.{table.name} is not compared: the table, or its key {table.key}, has gone.")
    if not changed:
        say(f"The application has written nothing since {moment}.")
        return
    grid = Grid(title=f"Changes in schema {schema} since {moment}", title_justify="left", box=box.SIMPLE_HEAD)
    for heading in ("table", *KINDS):
        grid.add_column(heading, justify="left" if heading == "table" else "right")
    for table in changed:
        grid.add_row(table.name, *(f"{number:,}" for number in counts[table.name]))
    console.print(grid)
    say(f"{len(changed)} files are in {folder}. They contain personal data: delete them after use.")


def read(connection: Connection, schema: str) -> list[Table]:
    """Return the tables that were handed over."""
    schemas = connection.schemas
    structure.require(connection, schema, schemas.release)
    names = {"marts": schemas.marts, "audit": schemas.audit, "application": schema, "amended": schemas.amended}
    record = sql.Identifier(schemas.release, structure.TABLE).as_string(connection)
    ledger = sql.Identifier(schemas.audit, "migration_ledger").as_string(connection)
    found = rows(connection, CATALOG.format(record=record, ledger=ledger), names)
    tables: dict[str, Table] = {}
    for name, relation, is_amended, key, legacy_id, *column in found:
        rows_received = received(schemas.marts, name, schemas.amended if is_amended else None)
        table = tables.setdefault(name, Table(name, relation, rows_received, key, legacy_id, ()))
        tables[name] = replace(table, columns=(*table.columns, Column(*column)))
    return list(tables.values())


def received(marts: str, name: str, amended: str | None) -> sql.Composable:
    """Return the rows that the application received: those of the mart, and those that were added since."""
    mart = sql.Identifier(marts, name)
    if not amended:
        return mart
    return sql.SQL("(select * from {} union all select * from {})").format(mart, sql.Identifier(amended, name))


def count(connection: Connection, table: Table) -> tuple[int, ...]:
    """Return how many rows of a table the application has inserted, updated and deleted."""
    query = sql.SQL("select {} from {}").format(
        sql.SQL(", ").join(sql.SQL("count(*) filter (where change = {})").format(sql.Literal(kind)) for kind in KINDS),
        _compared(table, []),
    )
    return rows(connection, query.as_string(connection))[0]


def lines(connection: Connection, table: Table, tables: Iterable[Table]) -> Iterator[tuple[Any, ...]]:
    """Return a line per changed column, in the order of HEADER; of a new or deleted row, one per value."""
    parents = {each.name: each for each in tables}
    values = [_value(place, column, table, parents) for place, column in enumerate(_listed(table))]
    query = sql.SQL(
        "select change, key, legacy_id, column_name, old_value, new_value, parent_id from {}"
        " where differs order by position(left(change, 1) in 'iud'), legacy_id, key, place"
    ).format(_compared(table, values))
    with connection.cursor("changes") as cursor:
        cursor.itersize = 10_000
        cursor.execute(query)
        yield from cursor


def _listed(table: Table) -> list[Column]:
    """Return the columns that are compared: a generated one follows from others."""
    return [column for column in table.columns if column.now and not column.is_generated]


def _compared(table: Table, values: list[sql.Composable]) -> sql.Composable:
    """Return a subquery of the rows that differ, with the values of their columns if there are any."""
    differing = sql.SQL(" or ").join(
        [sql.SQL("old.{0} is null or new.{1} is null").format(sql.Identifier(table.key), sql.Identifier(table.own_key))]
        + [_differs(column) for column in _listed(table)]
    )
    unpivoted = sql.SQL("")
    if values:
        unpivoted = sql.SQL(
            " cross join lateral (values {}) as v (place, column_name, old_value, new_value, differs, parent_id)"
        ).format(sql.SQL(", ").join(values))
    return sql.SQL(
        "(select case when old.{key} is null then 'inserted' when new.{own} is null then 'deleted' else 'updated' end"
        " as change, coalesce(old.{key}, new.{own}) as key, old.{legacy_id} as legacy_id, {columns}"
        " from {received} as old full join {relation} as new on new.{own} = old.{key}{unpivoted}"
        " where {differing}) as compared"
    ).format(
        key=sql.Identifier(table.key),
        own=sql.Identifier(table.own_key),
        legacy_id=sql.Identifier(table.legacy_id),
        columns=sql.SQL("v.*" if values else "true"),
        received=table.received,
        relation=sql.SQL(table.relation),
        unpivoted=unpivoted,
        differing=differing,
    )


def _value(place: int, column: Column, table: Table, parents: dict[str, Table]) -> sql.Composable:
    old = sql.SQL("old.{}").format(sql.Identifier(column.name)) if column.name else sql.SQL("null")
    new = sql.SQL("new.{}").format(sql.Identifier(column.now))
    parent = parents.get(column.parent or "")
    refers = sql.SQL("null")
    if parent and column.is_same_type:
        refers = sql.SQL(
            "(select p.{id} from {received} as p where p.{key} = case when new.{own} is null then {old} else {new} end)"
        ).format(
            id=sql.Identifier(parent.legacy_id),
            received=parent.received,
            key=sql.Identifier(parent.key),
            own=sql.Identifier(table.own_key),
            old=old,
            new=new,
        )
    return sql.SQL("({}, {}, cast({} as text), cast({} as text), {}, {})").format(
        sql.Literal(place), sql.Literal(column.name or column.now), old, new, _differs(column), refers
    )


def _differs(column: Column) -> sql.Composable:
    if not column.name:
        return sql.SQL("new.{} is not null").format(sql.Identifier(column.now))
    text = "old.{} is distinct from new.{}"
    if not column.is_same_type:  # two types, or two collations, need not have an operator
        text = "to_jsonb(old.{}) is distinct from to_jsonb(new.{})"
    return sql.SQL(text).format(sql.Identifier(column.name), sql.Identifier(column.now))


def _line(values: Iterable[Any]) -> str:
    """Return a line of CSV in which, unlike in Python's, an empty text differs from null."""
    return ",".join("" if each is None else '"' + str(each).replace('"', '""') + '"' for each in values) + "\n"


@contextmanager
def _snapshot(connection: Connection) -> Iterator[None]:
    """Let all statements of the block see the same moment."""
    connection.set_session("repeatable read", readonly=True, autocommit=False)
    with connection:
        yield


@contextmanager
def _files(folder: Path) -> Iterator[Any]:
    """Give a function that creates files in an empty folder, for their owner alone; a failure leaves none of them."""
    written: list[Path] = []

    def create(name: str) -> Any:
        written.append(folder / name)
        return open(folder / name, "x", encoding="utf-8", opener=lambda path, flags: os.open(path, flags, 0o600))

    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise Failure(f"the folder {folder} is not empty: name another one, because old files would look like new.")
        yield create
    except BaseException as error:
        for file in written:
            file.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise Failure(f"{folder} cannot be written to ({error.strerror}).") from None
        raise
