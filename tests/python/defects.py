"""Bad data for the property tests: strategies of Hypothesis that draw SQL statements for the legacy tables."""

import re
import uuid
from typing import NamedTuple

from hypothesis import strategies as st

TEXTS = [
    "", " ", "\t\r\n", "\u200b", "\u00a0\u3000", "'", '"', "\\", "';--", "%s", "{{ 1 / 0 }}", "\\u0000", "null",
    "👩‍⚕️", "\u202eabc\u202c", "\u200fא", "é", "e\u0301", "ÅİŞß", "x" * 5000, "a@b.c", "A@B.C ",
    "a@b", "@", "<b>", "Patient", "Doctor", "Designing Technician", " Designing Technician\u200b", "usa", "{}", "[]",
    "[1]", "{", "{'a': 1}", '{"a": "b"c"}',
    '{"a": "\\u0000"}', '{"a": "\\ud800"}', '{"a": 1e999999}', '{"a": NaN}', '{"a": 1, "a": 2}', '"a"', "1", "true",
    "[" * 500, "[" * 500 + "]" * 500, "patient", "user", "auth", "dispatch", ".stl.stl", ".", "..",
]  # fmt: skip
INTEGERS = [0, 1, 2, 3, 4, 5, 7, 8, 11, 12, 58, 77, -1, 65535, 65536, -65536]
TIMES = [
    "-infinity", "4713-01-01 00:00:00+00 BC", "0001-01-01 00:00:00+00", "1970-01-01 00:00:00+00",
    "2024-02-29 23:30:00-11", "9999-12-31 23:59:59.999999+00", "294276-12-31 23:59:59.999999+00", "infinity",
]  # fmt: skip
DATES = ["-infinity", "4713-01-01 BC", "0001-01-01", "2024-02-29", "9999-12-31", "5874897-12-31", "infinity"]

# On both sides of every bound of any_out_of_range; those that a type cannot hold are left out.
LIMITS = {
    "smallint": ["-32768", "-1", "0", "32767"],
    "integer": ["-2147483648", "-2147483647", "-1", "0", "2147483647"],
    "bigint": ["-9223372036854775808", "-2147483649", "-2147483648", "2147483647", "2147483648", "9223372036854775807"],
    "numeric": [
        "-9223372036854775809", "-2147483649", "-10000000.01", "-10000000", "-0.01", "-0.0001", "0", "0.0049", "0.5",
        "0.00005", "0.0001", "0.005", "100", "100.0001", "9999999.99", "10000000", "10000000.01", "2147483648",
        "9223372036854775808", "NaN", "infinity",
    ],
    "timestamp with time zone": [
        "1899-12-31 23:59:59.999999+00", "1900-01-01 00:00:00+00", "1900-01-01 00:00:00.000001+00",
        "2099-12-31 23:59:59.999999+00", "2100-01-01 00:00:00+00", "2100-01-01 00:00:00.000001+00",
    ],
    "date": ["1899-12-31", "1900-01-01", "1900-01-02", "2099-12-31", "2100-01-01", "2100-01-02"],
}  # fmt: skip

# Types that lose nothing, and narrower ones with the expression that makes the values fit.
WIDER = {
    "integer": ["bigint", "numeric"],
    "bigint": ["numeric"],
    "numeric": ["numeric"],
    "character varying": ["text", "character varying(10000)"],
    "date": ["timestamp with time zone"],
}
NARROWER = {
    "integer": [("smallint", "{} % 32768")],
    "bigint": [("integer", "{} % 2147483648")],
    "numeric": [("numeric(6, 2)", "least(greatest({}, -9999), 9999)"), ("integer", "least(greatest({}, -9999), 9999)")],
    "text": [("character varying(20)", "left({}, 20)")],
    "character varying": [("character varying(5)", "left({}, 5)")],
    "timestamp with time zone": [("timestamp(0) with time zone", "{}")],
}

# Its views would keep the types of the columns from being changed.
DROP_STAGING = "drop schema dispatch_staging cascade"


class Column(NamedTuple):
    """A column of a legacy table; the type is as format_type writes it."""

    table: str
    name: str
    type: str

    @property
    def kind(self) -> str:
        """The type without its length or precision."""
        return self.type.partition("(")[0] + self.type.partition(")")[2]

    @property
    def wider(self) -> list[str]:
        """The types that it may be widened to; the source contract refuses ids that are not integers."""
        return [type for type in WIDER.get(self.kind, []) if type != "numeric" or self.name != "id"]

    @property
    def quoted(self) -> str:
        """The name, as SQL."""
        return f'"{self.name}"'


class Reference(NamedTuple):
    """A foreign key of the legacy database."""

    child: str
    column: str
    parent: str


class Case(NamedTuple):
    """Statements that spoil a database: one in which an earlier `day` was built, or a legacy copy alone."""

    statements: list[str]
    day: str | None = "clean"
    is_compared: bool = False  # with a build from scratch

    @property
    def tables(self) -> set[str]:
        """The legacy tables that the statements change."""
        return {re.match(r"(?:update|insert into|delete from) legacy\.(\w+)", each)[1] for each in self.statements}

    def __repr__(self) -> str:
        """Return the number of statements; judge prints them."""
        return f"Case of {len(self.statements)} statements, day {self.day}"


def literal(value: str | None, type: str) -> str:
    """Return a value as SQL; a cast cuts a text that is too long."""
    return "null" if value is None else "cast('{}' as {})".format(value.replace("'", "''"), type)


def values(column: Column) -> st.SearchStrategy[str | None]:
    """Return values that fit into a column and are none the better for it."""
    kind = column.kind
    if kind in ("smallint", "integer", "bigint"):
        largest = {"smallint": 2**15, "integer": 2**31, "bigint": 2**63}[kind]
        fitting = [value for value in INTEGERS if -largest <= value < largest]
        some = st.sampled_from(fitting) | st.integers(0, 80) | st.integers(-largest, largest - 1)
        return st.none() | some.map(str) | st.sampled_from(LIMITS[kind])
    if kind == "numeric":
        return st.none() | st.sampled_from(["NaN", "0", "-0.01", "0.01", "100", *limits(column)])
    if kind == "timestamp with time zone":
        return st.none() | st.sampled_from([*TIMES, *LIMITS[kind]])
    if kind == "date":
        return st.none() | st.sampled_from([*DATES, *LIMITS[kind]])
    if kind == "boolean":
        return st.sampled_from([None, "false", "true"])
    if kind == "uuid":
        return st.sampled_from([None, str(uuid.UUID(int=0)), str(uuid.UUID(int=2**128 - 1))])
    any_text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)
    return st.none() | st.sampled_from(TEXTS) | any_text


def limits(column: Column) -> list[str]:
    """Return the values of LIMITS that a column can hold."""
    if column.kind != "numeric" or column.type == "numeric":
        return LIMITS.get(column.kind, [])
    digits, scale = (int(part) for part in column.type[len("numeric(") : -1].split(","))
    numbers = [value for value in LIMITS["numeric"] if value not in ("NaN", "infinity")]
    return [value for value in numbers if abs(round(float(value), scale)) < 10 ** (digits - scale)] + ["NaN"]


def every(table: str, step: int, start: int) -> str:
    """Return a condition for every so many-th row of a table."""
    numbered = f"select ctid, row_number() over (order by ctid) as n from legacy.{table}"
    return f"ctid in (select ctid from ({numbered}) as numbered where n % {step} = {start})"


def put_limits(column: Column, start: int) -> str:
    """Return a statement that writes one limit into each of several rows."""
    listed = ", ".join(f"({n + start}, {literal(v, column.type)})" for n, v in enumerate(limits(column)))
    return (
        f"update legacy.{column.table} as t set {column.quoted} = v.value"
        f" from (select ctid as place, row_number() over (order by ctid) as n from legacy.{column.table}) as r"
        f" inner join (values {listed}) as v (n, value) on r.n = v.n where t.ctid = r.place"
    )


def all_limits(columns: list[Column]) -> Case:
    """Return a case in which every number and time is as wide as its type can become and has every limit."""
    wide = [column._replace(type=[column.type, *column.wider][-1]) for column in columns]
    changed = [new for old, new in zip(columns, wide, strict=True) if old != new and limits(new)]
    alter = [f"alter table legacy.{each.table} alter column {each.quoted} type {each.type}" for each in changed]
    limited = [put_limits(column, 1 + 3 * n % 17) for n, column in enumerate(wide) if limits(column)]
    return Case([DROP_STAGING, *alter, *limited], None)


def all_nulls(columns: list[Column]) -> Case:
    """Return a case in which each column is null in one row, a row of its own where the table has enough rows."""
    statements = []
    for number, column in enumerate(columns):
        place = sum(other.table == column.table for other in columns[:number])
        rows = f"(select count(*) from legacy.{column.table})"
        row = f"select ctid from legacy.{column.table} order by ctid offset {place} % greatest({rows}, 1) limit 1"
        statements.append(f"update legacy.{column.table} set {column.quoted} = null where ctid = ({row})")
    return Case(statements)


@st.composite
def act(draw: st.DrawFn, columns: list[Column], table: str, rows: str) -> str:
    """Draw one defect for the rows of a table that meet a condition."""
    of = [column for column in columns if column.table == table]
    what = draw(st.sampled_from(["put"] * 5 + ["repeat", "delete", "share", "shift"]))
    if what == "delete":
        return f"delete from legacy.{table} where {rows}"
    if what == "repeat":
        return f"insert into legacy.{table} select * from legacy.{table} where {rows}"
    if what == "shift":
        column = draw(st.sampled_from([column for column in of if column.kind in ("smallint", "integer", "bigint")]))
        by, largest = draw(st.sampled_from([1, -1, 65536, -65536])), 2**15 if column.kind == "smallint" else 2**31
        moved = f"least(greatest(cast({column.quoted} as bigint) + {by}, {-largest}), {largest - 1})"
        return f"update legacy.{table} set {column.quoted} = {moved} where {rows}"
    column = draw(st.sampled_from(of))
    value = literal(draw(values(column)), column.type)
    if what == "share":
        value = f"(select {column.quoted} from legacy.{table} order by ctid limit 1)"
    return f"update legacy.{table} set {column.quoted} = {value} where {rows}"


@st.composite
def scattered(draw: st.DrawFn, columns: list[Column]) -> str:
    """Draw a defect in every so many-th row; each table has the same chance, however many columns it has."""
    table = draw(st.sampled_from(sorted({column.table for column in columns})))
    step = draw(st.sampled_from([13, 7, 5, 3, 2, 29, 1]))
    return draw(act(columns, table, every(table, step, draw(st.integers(0, step - 1)))))


@st.composite
def related(draw: st.DrawFn, columns: list[Column], references: list[Reference]) -> list[str]:
    """Draw defects in a row, its parent and, where there is one, the parent of the parent, or in a sibling."""
    child, column, parent = draw(st.sampled_from(references))
    place = draw(st.integers(0, 40))
    chosen = f"order by id, ctid offset {place} limit 1)"
    parent_id = f'(select "{column}" from legacy.{child} {chosen}'
    acts = [draw(act(columns, parent, f"id = {parent_id}"))]
    acts.append(draw(act(columns, child, f"ctid = (select ctid from legacy.{child} {chosen}")))
    above = [each for each in references if each.child == parent and each.parent != parent]
    if above and draw(st.booleans()):
        _, link, grandparent = draw(st.sampled_from(above))
        grandparent_id = f'(select "{link}" from legacy.{parent} where id = {parent_id} limit 1)'
        acts.insert(0, draw(act(columns, grandparent, f"id = {grandparent_id}")))
    elif draw(st.booleans()):
        siblings = f'"{column}" = {parent_id}'
        acts.insert(1, draw(act(columns, child, siblings)))
    return acts


@st.composite
def retyped(draw: st.DrawFn, columns: list[Column]) -> tuple[list[str], list[Column]]:
    """Draw some columns with wider or narrower types; return the statements and all columns as they are then."""
    changing = [column for column in columns if column.wider or column.kind in NARROWER]
    chosen = draw(st.lists(st.sampled_from(changing), min_size=1, max_size=4, unique=True))
    statements, types = [DROP_STAGING], {}
    for column in chosen:
        options = [(type, "{}") for type in column.wider] + NARROWER.get(column.kind, [])
        type, using = draw(st.sampled_from(options))
        changed = f"alter table legacy.{column.table} alter column {column.quoted} type {type}"
        statements.append(f"{changed} using {using.format(column.quoted)}")
        types[column] = column._replace(type=type)
    return statements, [types.get(column, column) for column in columns]


@st.composite
def cases(draw: st.DrawFn, columns: list[Column], references: list[Reference]) -> Case:
    """Draw a case: scattered defects, defects in related rows, values at limits, other types, or a second day."""
    kind = draw(st.sampled_from(["scattered", "related", "related", "related", "limits", "limits", "types", "day"]))
    statements: list[str] = []
    if kind == "types":
        statements, columns = draw(retyped(columns))
    if kind in ("limits", "types"):
        limited = [column for column in columns if limits(column)]
        for column in draw(st.lists(st.sampled_from(limited), min_size=1, max_size=3)):
            statements.append(put_limits(column, draw(st.integers(1, 30))))
    if kind in ("related", "day"):
        for acts in draw(st.lists(related(columns, references), min_size=1, max_size=2)):
            statements += acts
    if kind in ("scattered", "types", "day") or draw(st.booleans()):
        statements += draw(st.lists(scattered(columns), max_size=20 if kind == "scattered" else 3))
    day = None if kind == "types" else draw(st.sampled_from(["clean", "clean", "spoilt"]))
    return Case(statements, day, is_compared=kind == "day")
