"""The source contract: whether a legacy database is as the sources declare it. dbt runs the same rule."""

from typing import NamedTuple

from psycopg2 import sql

from ops.database.connection import Connection, rows
from ops.errors import Failure
from ops.source.declared import SCHEMA, TIME_ZONE, declared, macros


class Findings(NamedTuple):
    """What is not as declared, in sentences."""

    missing: list[str]  # tables
    refused: list[str]
    unreadable: list[str]
    note: list[str]  # may be read, but is unusual

    @property
    def problems(self) -> list[str]:
        """Everything that stands in the way of reading all tables."""
        return [*(f"{table}: no such table." for table in self.missing), *self.refused, *self.unreadable]


def examine(connection: Connection, schema: str = SCHEMA, purpose: str = "build", subscriber: int = 0) -> Findings:
    """Hold the tables of a schema against the declared sources; `subscriber` is the version of the warehouse."""
    rule = macros("source_findings").source_findings
    quoted = sql.Literal(schema).as_string(connection)
    found = Findings([], [], [], [])
    for kind, sentence in rows(connection, rule(declared(), quoted, purpose, bool(TIME_ZONE), subscriber)):
        getattr(found, kind).append(sentence)
    return found


def check(connection: Connection, remedy: str) -> list[str]:
    """Return notes on the tables in the warehouse; raise Failure when they are not as declared.

    `remedy` says what to do when some are missing.
    """
    found = examine(connection)
    if missing := found.missing:
        names = ", ".join(missing[:5]) + (f" and {len(missing) - 5} more" if len(missing) > 5 else "")
        raise Failure(f"Schema {SCHEMA} lacks {names}: {remedy}")
    if found.problems:
        raise Failure(
            f"The tables in schema {SCHEMA} are not as models/staging/*/*sources*.yml declares them:\n  "
            + "\n  ".join(found.problems)
        )
    return found.note
