"""The inventory: every table and column of a legacy database, and which of them nobody has decided about."""

import json
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import groupby
from typing import NamedTuple

import yaml
from psycopg2 import sql
from rich import box
from rich.table import Table

from ops.database.connection import Connection, rows
from ops.project import dbt_target_folder
from ops.source.declared import SCHEMA, columns_in_yaml, declared, macros, not_migrated
from ops.source.tables import SOURCE_SCHEMA

OUTPUT = dbt_target_folder() / "inventory" / "sources.yml"

REMEDY = (
    "Declare each as a source (python -m ops source inventory writes the YAML), or list it in"
    " seeds/tables_not_migrated.csv."
)
SPELLING = {
    "character varying": "varchar",
    r"timestamp(\(\d\))? with(out)? time zone": "timestamp with time zone",  # legacy_time_zone names a missing zone
    r",(?=\d)": ", ",
}


class Entry(NamedTuple):
    """A table of a legacy database, or one of its columns."""

    table: str
    column: str  # "" for the table itself
    kind: str  # of the table; type of the column
    rows: int | None  # values that are not null; None when not known
    is_estimate: bool

    @property
    def decision(self) -> str:
        """What the project does with it: declared, secret, not migrated, or unknown."""
        columns = columns_in_yaml().get(self.table)
        if columns is None:
            return "not migrated" if self.table in not_migrated() else "unknown"
        if not self.column:
            return "declared"
        if self.column not in columns:
            return "unknown"
        meta = columns[self.column].get("config", {}).get("meta", {})
        return "secret" if meta.get("secret") else "not migrated" if meta.get("not_migrated") else "declared"

    @property
    def is_unknown(self) -> bool:
        """Whether nobody has decided about it."""
        return self.decision == "unknown"

    @property
    def lands(self) -> bool:
        """Whether a copy or replication takes it into the landing."""
        columns = declared().get(self.table)
        return columns is not None and (not self.column or self.column in columns)


def read(
    connection: Connection, schema: str, wanted: Callable[[Entry], bool] = lambda _: True, everywhere: bool = False
) -> list[Entry]:
    """Return the wanted entries of a schema, or of all of them.

    Rows are counted where the user may read them; otherwise the number is PostgreSQL's estimate.
    """
    query, quoted = macros("legacy_catalog").catalog_query, sql.Literal(schema).as_string(connection)
    tables = {row[0] for row in rows(connection, query(quoted, everywhere, "false")) if wanted(Entry(*row))}
    if not tables:
        return []
    counted = sql.SQL("table_name = any({})").format(sql.Literal(sorted(tables))).as_string(connection)
    return [entry for row in rows(connection, query(quoted, everywhere, counted)) if wanted(entry := Entry(*row))]


def unknown(connection: Connection) -> list[Entry]:
    """Return what nobody has decided about: in the landing, and of what was recorded at the legacy server."""
    recorded = macros("legacy_catalog").recorded_query(sql.Literal(SCHEMA).as_string(connection))
    found = read(connection, SCHEMA, lambda entry: entry.is_unknown)
    return found + [entry for row in rows(connection, recorded) if (entry := Entry(*row)).is_unknown]


def unknown_to_the_build(connection: Connection) -> list[Entry]:
    """Return what the last build did not know."""
    return [
        Entry(*row)
        for row in rows(
            connection,
            "select table_name, coalesce(column_name, ''), kind, row_count, is_estimate"
            f" from {connection.schemas.audit}.legacy_inventory where decision = 'unknown' order by subject",
        )
    ]


class LeftOut(NamedTuple):
    """A table that is not migrated, or a column of another table, as the last build found it."""

    subject: str
    rows: int | None  # of the table, or values of the column
    is_estimate: bool
    decision: str
    reason: str | None  # or the question that its owner must answer


def left_out(connection: Connection) -> tuple[LeftOut, ...]:
    """Return what is not migrated and not known to be empty; of such a table, only the table itself."""
    found = rows(
        connection,
        f"""
        select subject, row_count, is_estimate, decision, reason
        from {connection.schemas.audit}.legacy_inventory as inventory
        where
            decision in ('not_migrated', 'unknown')
            and row_count is distinct from 0
            and not exists (
                select 1
                from {connection.schemas.audit}.legacy_inventory as whole
                where
                    inventory.column_name is not null
                    and whole.subject = inventory.table_name
                    and whole.decision in ('not_migrated', 'unknown')
            )
        order by decision desc, subject
        """,
    )
    return tuple(LeftOut(*row) for row in found)


def sentence(found: Sequence[Entry]) -> str:
    """Say how many tables and columns of these are not known, and which; "" when there are none."""
    tables = [entry for entry in found if not entry.column]
    names = {entry.table for entry in tables}
    columns = [entry for entry in found if entry.column and entry.table not in names]
    parts = []
    for entries, thing, content in ((tables, "table", "rows"), (columns, "column", "values")):
        if not entries:
            continue
        total = sum(entry.rows or 0 for entry in entries)
        about = "about " if any(entry.is_estimate for entry in entries) else ""
        listed = sorted(entry.table + (f".{entry.column}" if entry.column else "") for entry in entries)
        more = f" and {len(listed) - 5} more" if len(listed) > 5 else ""
        parts.append(
            f"{len(entries)} {thing}{'s' * (len(entries) > 1)} with {about}{total:,} {content}"
            f" {'are' if len(entries) > 1 else 'is'} not known ({', '.join(listed[:5])}{more})"
        )
    return "; ".join(parts)


def not_landed(source: Connection) -> list[Entry]:
    """Return what the legacy server has and does not land."""
    return read(source, SOURCE_SCHEMA, lambda entry: not entry.lands, everywhere=True)


def as_table(found: Sequence[Entry]) -> Table:
    """Return a table of all tables, and of the columns that are not migrated."""
    table = Table("table or column", "kind", "rows or values", "decision", box=box.SIMPLE_HEAD, pad_edge=False)
    table.columns[2].justify = "right"
    for entry in found:
        if entry.column and (entry.decision == "declared" or (entry.table not in columns_in_yaml())):
            continue
        number = "not known" if entry.rows is None else f"{'about ' * entry.is_estimate}{entry.rows:,}"
        name = f"  .{entry.column}" if entry.column else entry.table
        table.add_row(name, entry.kind, number, entry.decision, style="yellow" if entry.is_unknown else "")
    return table


def skeleton(found: Sequence[Entry]) -> str:
    """Return the sources YAML of everything unknown, to be completed and moved to models/staging."""
    lines = [
        "# Replace every TODO. CONTRIBUTING.md says which tests and tags a source needs.",
        "sources:",
        "  - name: dispatch",
        """    schema: "{{ var('legacy_schema') }}\"""",
        "    tables:",
    ]
    for table, entries in groupby(found, key=lambda entry: entry.table):
        lines += [
            f"      - name: {_scalar(table)}",
            "        description: TODO. **Grain:** one row per TODO.",
        ]
        columns = [entry for entry in entries if entry.column]
        lines.append("        columns:" if columns else "        columns: []")
        for entry in columns:
            lines += [
                f"          - name: {_scalar(entry.column)}",
                "            description: TODO",
                f"            data_type: {_scalar(spelling(entry.kind))}",
            ]
    return "\n".join([*lines, ""])


def _scalar(text: str) -> str:
    """Return a text for YAML, in quotes if it needs them."""
    with suppress(yaml.YAMLError):
        if yaml.safe_load(f"name: {text}") == {"name": text}:
            return text
    return json.dumps(text)


def spelling(type_: str) -> str:
    """Spell a type as the YAML does: varchar(100), numeric(10, 2), timestamp with time zone."""
    for theirs, ours in SPELLING.items():
        type_ = re.sub(theirs, ours, type_)
    return type_
