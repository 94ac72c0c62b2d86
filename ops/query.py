"""A statement and its result: a table on a terminal, CSV anywhere else."""

import csv
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import psycopg2
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor
from rich.table import Table
from rich.text import Text

from ops.connection import is_broken
from ops.console import complain, console, say
from ops.errors import Failure

LONGEST_CELL = 60  # characters
MOST_ROWS = 200
# Codes of the types that read better flush right: int8, int2, int4, float4, float8, numeric.
NUMBERS = {20, 21, 23, 700, 701, 1700}


def run(connection: Connection, statement: str) -> None:
    """Run a statement and print what comes back; raise Failure with PostgreSQL's message when it fails."""
    with connection.cursor() as cursor:
        try:
            cursor.execute(statement)
        except psycopg2.Error as error:
            if is_broken(error):
                raise
            raise Failure(str(error).rstrip()) from None
        if cursor.description is None:
            say(cursor.statusmessage or "", style="dim")
        elif sys.stdout.isatty():
            _print_table(cursor)
        else:
            _write_csv(cursor)


def prompt(connection: Connection) -> None:
    """Read statements up to a semicolon and run each, until the end of input."""
    if sys.stdin.isatty():
        with suppress(ImportError):  # a Python may be built without it
            import readline  # noqa: F401 - gives input() its history and editing
        say("Statements end with ; and Ctrl-D leaves.", style="dim")
    lines: list[str] = []
    while True:
        try:
            lines.append(input(("… " if lines else "> ") if sys.stdin.isatty() else ""))
        except EOFError:
            break
        if lines[-1].rstrip().endswith(";"):
            _run_and_go_on(connection, "\n".join(lines))
            lines = []
    if "".join(lines).strip():
        _run_and_go_on(connection, "\n".join(lines))


def _run_and_go_on(connection: Connection, statement: str) -> None:
    try:
        run(connection, statement)
    except Failure as failure:
        if not sys.stdin.isatty():
            raise
        complain(str(failure))


def _print_table(cursor: Cursor) -> None:
    found = cursor.fetchmany(MOST_ROWS)
    names = [column.name for column in cursor.description]
    cells = [[_cell(value) for value in row] for row in found]
    widths = [max(map(len, column)) for column in zip(names, *cells, strict=True)]
    if sum(widths) + 3 * len(widths) + 1 > console.width:
        _print_records(names, cells)
    else:
        table = Table(header_style="bold")
        for column in cursor.description:
            table.add_column(column.name, no_wrap=True, justify="right" if column.type_code in NUMBERS else "left")
        for row in cells:
            table.add_row(*row)
        console.print(table)
    left = cursor.rowcount - len(found)
    say(
        f"{cursor.rowcount:,} row{'' if cursor.rowcount == 1 else 's'}"
        + (f", {left:,} of them not shown: redirect to a file for all" if left else "")
    )


def _print_records(names: Sequence[str], cells: list[list[Text]]) -> None:
    """Print a table that is too wide for the terminal one value a line."""
    width = max(map(len, names))
    for number, row in enumerate(cells, start=1):
        say(f"── row {number} ──", style="dim")
        for name, cell in zip(names, row, strict=True):
            console.print(Text.assemble((f"{name:<{width}}  ", "bold"), cell), no_wrap=True, overflow="ellipsis")


def _cell(value: Any) -> Text:
    if value is None:
        return Text("null", style="dim")
    text = " ".join(_plain(value).split())
    return Text(text if len(text) <= LONGEST_CELL else text[: LONGEST_CELL - 1] + "…")


def _write_csv(cursor: Cursor) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(column.name for column in cursor.description)
    for row in cursor:
        writer.writerow("" if value is None else _plain(value) for value in row)


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
