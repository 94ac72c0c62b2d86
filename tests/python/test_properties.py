"""With any content of the legacy tables: every row is accounted for, no key is an orphan, every constraint holds.

A case is a list of small defects, made in a fresh copy of the smallest legacy database without its constraints,
and a dbt run over it, in this process and with a manifest parsed once. PROPERTY_CASES and PROPERTY_SEED ask for more
cases or other ones (make properties).
"""

import os
import uuid
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from conftest import Database
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from inprocess import Project
from marts import assert_nothing_is_lost, failures
from psycopg2.extensions import cursor as Cursor
from test_dirty_copy import DROP_EVERY_CONSTRAINT

from ops.database import connection
from ops.dbt import sandbox

CASES = int(os.environ.get("PROPERTY_CASES", "25"))
RUNS = -(-CASES // 100)  # each of them shows that there is progress
SEED = int(os.environ.get("PROPERTY_SEED", "20250731"))

# What is in the template already, and the tests, which are run in one go.
NOT_BUILT = ("staging", "resource_type:seed", "resource_type:test", "resource_type:unit_test")

# What the key of an entity is made from, where it is not the id of its legacy table.
KEYED_BY = {"doctors": "legacy_user_id", "technicians": "legacy_user_id"}

TEXTS = [
    "", " ", "\t\r\n", "\u200b", "\u00a0\u3000", "'", '"', "\\", "';--", "%s", "{{ 1 / 0 }}", "\\u0000", "null",
    "👩‍⚕️", "\u202eabc\u202c", "\u200fא", "é", "e\u0301", "ÅİŞß", "x" * 5000, "a@b.c", "A@B.C ",
    "a@b", "@", "<b>", "Patient", "Doctor", "Designing Technician", " Designing Technician\u200b", "usa", "{}", "[]",
    "[1]", "{", "{'a': 1}", '{"a": "b"c"}',
    '{"a": "\\u0000"}', '{"a": "\\ud800"}', '{"a": 1e999999}', '{"a": NaN}', '{"a": 1, "a": 2}', '"a"', "1", "true",
    "[" * 500, "[" * 500 + "]" * 500, "patient", "user", "auth", "dispatch", ".stl.stl", ".", "..",
]  # fmt: skip
INTEGERS = [0, 1, 2, 3, 4, 5, 7, 8, 11, 12, 58, 77, -1, 65535, 65536, -65536, 2**31 - 1, -(2**31)]
TIMES = [
    "-infinity", "4713-01-01 00:00:00+00 BC", "0001-01-01 00:00:00+00", "1899-12-31 23:59:59.999999+00",
    "1900-01-01 00:00:00+00", "1970-01-01 00:00:00+00", "2024-02-29 23:30:00-11", "2100-01-01 00:00:00+00",
    "2100-01-01 00:00:00.000001+00", "9999-12-31 23:59:59.999999+00", "294276-12-31 23:59:59.999999+00", "infinity",
]  # fmt: skip
DATES = ["-infinity", "4713-01-01 BC", "0001-01-01", "1899-12-31", "1900-01-01", "2024-02-29", "2100-01-01",
         "2100-01-02", "9999-12-31", "5874897-12-31", "infinity"]  # fmt: skip


class Column(NamedTuple):
    """A column of a legacy table."""

    table: str
    name: str
    type: str
    digits: int | None
    scale: int | None


@dataclass(frozen=True)
class Defect:
    """Something done to every n-th row of a table."""

    table: str
    every: int
    start: int

    def do(self, cursor: Cursor) -> None:
        """Do it."""
        raise NotImplementedError

    @property
    def rows(self) -> str:
        numbered = f"select ctid, row_number() over (order by ctid) as n from legacy.{self.table}"
        return f"ctid in (select ctid from ({numbered}) as rows where mod(n, {self.every}) = {self.start})"


@dataclass(frozen=True)
class Delete(Defect):
    """Delete rows, and so the parents of others."""

    def do(self, cursor: Cursor) -> None:
        cursor.execute(f"delete from legacy.{self.table} where {self.rows}")


@dataclass(frozen=True)
class Repeat(Defect):
    """Insert rows a second time."""

    def do(self, cursor: Cursor) -> None:
        cursor.execute(f"insert into legacy.{self.table} select * from legacy.{self.table} where {self.rows}")


@dataclass(frozen=True)
class Put(Defect):
    """Write a value into a column."""

    column: str
    type: str
    value: str | None

    def do(self, cursor: Cursor) -> None:
        value = f"cast(%s as {self.type})"  # cuts a text that is too long
        cursor.execute(f'update legacy.{self.table} set "{self.column}" = {value} where {self.rows}', [self.value])


@dataclass(frozen=True)
class Share(Defect):
    """Write the value of the first row into others."""

    column: str

    def do(self, cursor: Cursor) -> None:
        first = f'select "{self.column}" from legacy.{self.table} order by ctid limit 1'
        cursor.execute(f'update legacy.{self.table} set "{self.column}" = ({first}) where {self.rows}')


@dataclass(frozen=True)
class Shift(Defect):
    """Move ids, or references to them."""

    column: str
    by: int

    def do(self, cursor: Cursor) -> None:
        moved = f'least(greatest(cast("{self.column}" as bigint) + {self.by}, -2147483648), 2147483647)'
        cursor.execute(f'update legacy.{self.table} set "{self.column}" = {moved} where {self.rows}')


def values(column: Column) -> st.SearchStrategy[str | None]:
    """Return values that fit into a column and are none the better for it."""
    kind = column.type.partition("(")[0]
    if kind in ("integer", "bigint"):
        some = st.sampled_from(INTEGERS) | st.integers(0, 80) | st.integers(-(2**31), 2**31 - 1)
        return st.none() | some.map(str)
    if kind == "numeric":
        whole = 10 ** (column.digits - column.scale)
        bounds = ["NaN", "0", "-0.01", "0.01", "100", f"{whole - 1}", f"{1 - whole}"]
        more = ["100.0001"] if whole < 10**6 else ["10000000", "10000000.01", "-10000000.01"]
        return st.none() | st.sampled_from(bounds + more)
    if kind == "timestamp with time zone":
        return st.none() | st.sampled_from(TIMES)
    if kind == "date":
        return st.none() | st.sampled_from(DATES)
    if kind == "boolean":
        return st.sampled_from([None, "false", "true"])
    if kind == "uuid":
        return st.sampled_from([None, str(uuid.UUID(int=0)), str(uuid.UUID(int=2**128 - 1))])
    any_text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)
    return st.none() | st.sampled_from(TEXTS) | any_text


def defects(columns: list[Column]) -> st.SearchStrategy[list[Defect]]:
    """Return lists of about a dozen defects; each table has the same chance, however many columns it has."""
    of: dict[str, list[Column]] = {}
    for column in columns:
        of.setdefault(column.table, []).append(column)

    @st.composite
    def act(draw: st.DrawFn) -> Defect:
        table = draw(st.sampled_from(sorted(of)))
        every = draw(st.sampled_from([13, 7, 5, 3, 2, 29, 1]))
        rows = {"table": table, "every": every, "start": draw(st.integers(0, every - 1))}
        what = draw(st.sampled_from([Put, Put, Put, Put, Repeat, Delete, Share, Shift]))
        if what in (Delete, Repeat):
            return what(**rows)
        if what is Shift:
            integers = [column.name for column in of[table] if column.type == "integer"]
            by = draw(st.sampled_from([1, -1, 65536, -65536]))
            return Shift(**rows, column=draw(st.sampled_from(integers)), by=by)
        column = draw(st.sampled_from(of[table]))
        if what is Share:
            return Share(**rows, column=column.name)
        return Put(**rows, column=column.name, type=column.type, value=draw(values(column)))

    return st.lists(st.lists(act(), min_size=1, max_size=6), max_size=10).map(lambda groups: list(chain(*groups)))


class Warehouse:
    """A database that is created again for every case."""

    def __init__(self, project: Project, database: Database, data_tests: Mapping[str, tuple[str, bool]]) -> None:
        """Load the legacy database, put what does not depend on its rows on top of it, and keep that as a template."""
        self.project = project
        self.database = database
        self.data_tests = data_tests
        self.name = database.target.dbname
        self.admin = connection.connect(sandbox.target(Path(database.target.host))).cursor()
        database.load_legacy("tiny")
        database.execute(DROP_EVERY_CONSTRAINT)
        project.dbt("seed")
        project.dbt("run", "--select", "staging")
        self.columns = [
            Column(*column)
            for column in database.rows(
                "select relname, attname, format_type(atttypid, atttypmod), numeric_precision, numeric_scale"
                " from pg_attribute inner join pg_class on pg_class.oid = attrelid"
                " inner join information_schema.columns"
                " on table_schema = 'legacy' and table_name = relname and column_name = attname"
                " where relnamespace = 'legacy'::regnamespace and relkind = 'r' order by relname, attnum"
            )
        ]
        self.admin.execute(f"create database {self.name}_clean template {self.name}")

    def build(self, acts: list[Defect]) -> None:
        """Start from scratch, make the defects, and run every model and snapshot."""
        self.admin.execute(f"drop database {self.name} with (force)")
        self.admin.execute(f"create database {self.name} template {self.name}_clean")
        with closing(self.database.connect()) as opened, opened.cursor() as cursor:
            for act in acts:
                act.do(cursor)
        self.project.dbt("build", "--exclude", *NOT_BUILT)

    def assert_contracts_hold(self) -> None:
        """Compare every mart with its contract: columns, types, not-null constraints and keys."""
        found = {
            (schema, table, column): (number, kind, is_given)
            for schema, table, column, number, kind, is_given in self.database.rows(
                "select relnamespace::regnamespace::text, relname, attname, attnum,"
                " format_type(atttypid, atttypmod), attnotnull"
                " from pg_attribute inner join pg_class on pg_class.oid = attrelid"
                " where relnamespace::regnamespace::text in ('dispatch_marts', 'dispatch_audit')"
                " and relkind = 'r' and attnum > 0 and not attisdropped"
            )
        }
        keys = set(
            self.database.rows(
                "select conrelid::regclass::text, attname, contype from pg_constraint inner join pg_attribute"
                " on attrelid = conrelid and attnum = any(conkey) where convalidated and contype in ('p', 'u', 'f')"
            )
        )
        promised = {}
        for node in self.contracts:
            for number, column in enumerate(node.columns.values(), start=1):
                kinds = {constraint.type.value for constraint in column.constraints}
                is_given = bool(kinds & {"not_null", "primary_key"})
                promised[node.schema, node.name, column.name] = (number, column.data_type.replace(", ", ","), is_given)
                for kind in kinds & {"primary_key", "unique", "foreign_key"}:
                    assert (f"{node.schema}.{node.name}", column.name, kind[0]) in keys, (node.name, column.name)
        assert not (wrong := found.items() ^ promised.items()), wrong

    def assert_keys_can_be_computed(self) -> None:
        """Compute every key of every mart from the legacy id beside it."""
        for node in self.contracts:
            if node.schema == "dispatch_marts":
                key, *others = node.columns
                made_from = KEYED_BY.get(node.name) or next(name for name in others if name.startswith("legacy_"))
                keys = f"select {key}, {made_from} from dispatch_marts.{node.name}"
                for found, legacy_id in self.database.rows(keys):
                    assert found == str(uuid.uuid3(uuid.NAMESPACE_URL, f"urn:dispatch:{node.name}:{legacy_id}"))

    @property
    def contracts(self) -> list[Any]:
        """The models with a contract that are in the schemas of the marts and the audit."""
        return [
            node
            for node in self.project.manifest.nodes.values()
            if node.resource_type == "model" and node.schema in ("dispatch_marts", "dispatch_audit")
        ]

    def judge(self, acts: list[Defect]) -> None:
        """Build a case and check every rule."""
        self.build(acts)
        assert_nothing_is_lost(self.database)
        self.assert_contracts_hold()
        self.assert_keys_can_be_computed()
        assert failures(self.database, self.data_tests) == {}


@pytest.fixture(scope="module")
def warehouse(scratch: Database, project: Project, data_tests: dict[str, tuple[str, bool]]) -> Warehouse:
    """Prepare a warehouse for the cases, which come one after the other."""
    return Warehouse(project, scratch, data_tests)


class Half:
    """Half of the cases; dbt keeps one core busy, and most machines have two."""

    number: int

    @pytest.mark.parametrize("run", range(RUNS))
    def test_nothing_is_lost_with_any_bad_data(self, warehouse: Warehouse, run: int) -> None:
        @seed(SEED + 2 * run + self.number)
        @settings(
            max_examples=-(-CASES // (2 * RUNS)),
            deadline=None,
            database=None,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        )
        @given(defects(warehouse.columns))
        def check(acts: list[Defect]) -> None:
            warehouse.judge(acts)

        check()


class TestOneHalf(Half):
    number = 0


class TestOtherHalf(Half):
    number = 1
