"""With any content of the legacy tables: every row is accounted for, no key is an orphan, every constraint holds.

A case is a list of SQL statements that spoil the smallest legacy database, without its constraints; a build by replay
in one transaction; the checks; a rollback. Most cases change the database of an earlier build, and build what depends
on the changed tables; the result of some is compared with a build from scratch. Cases that change types of columns
build everything. PROPERTY_CASES and PROPERTY_SEED ask for more cases or other ones (make properties).
"""

import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from copy import copy
from typing import Any, NamedTuple

import pytest
from conftest import SCRATCH, Database, drop
from defects import Case, Column, Reference, all_limits, all_nulls, cases
from hypothesis import HealthCheck, given, seed, settings
from marts import assert_nothing_is_lost, fingerprints
from psycopg2.extensions import cursor as Cursor
from test_dirty_copy import DROP_EVERY_CONSTRAINT, spoil

from tests.replay import DataTest, Node, Recording, Replay

CASES = int(os.environ.get("PROPERTY_CASES", "400"))
RUNS = -(-CASES // 250)  # each of them shows that there is progress
SEED = int(os.environ.get("PROPERTY_SEED", "20250731"))

# What the key of an entity is made from, where it is not the id of its legacy table.
KEYED_BY = {"doctors": "legacy_user_id", "technicians": "legacy_user_id"}
# Entities whose duplicates are not those of the id of their legacy table.
NOT_NUMBERED = ("cases", "doctors", "technicians", "shipments")
# Foreign keys that come from another row, or from a pair of columns: no legacy id beside them names the parent.
UNLINKED = [
    ("messages", "target_patient_id"),
    ("messages", "target_profile_id"),
    ("orders", "office_id"),
    ("payments", "patient_id"),
    ("team_communications", "team_id"),
]
# It counts every column of every legacy table, and nothing else reads it: a quarter of the time of a case.
INVENTORY = "model.dispatch.legacy_inventory"
HISTORIES = {"payments": "payment_id", "orders": "order_id", "technicians": "technician_id"}

# The notifications are spread over batches, with rows on both sides of the borders between them.
SPREAD = """
update legacy.dispatch_notification set id = (id % 5 - 1) * 65536 + 1000 + id;
update legacy.dispatch_notification set id = (id >> 16) * 65536
where id in (select min(id) from legacy.dispatch_notification group by id >> 16);
update legacy.dispatch_notification set id = (id >> 16) * 65536 + 65535
where id in (select max(id) from legacy.dispatch_notification group by id >> 16);
"""


class Warehouse:
    """A database in which cases are tried; each is rolled back."""

    def __init__(
        self, database: Database, replay: Replay, before: list[str], tables: dict[str, str], links: list[str]
    ) -> None:
        """Compile what the checks ask of the legacy table of each entity, and of the links that were found.

        `before` are the statements that made the database from the smallest legacy copy.
        """
        self.before = before
        self.cursor: Cursor = database.connect().cursor()
        # Planning the joins of triage takes longer than running them over a few rows; this changes no result.
        self.cursor.execute("set join_collapse_limit = 1; set from_collapse_limit = 1")
        self.replay = replay
        built = {id for id, node in replay.nodes.items() if not id.startswith("seed.")}
        self.staging = {id for id in built if ".stg_" in id}
        self.above = built - self.staging
        self.sources = {parent for id in self.staging for parent in replay.nodes[id].parents}
        # Warnings may find rows, seeds do not change, and what holds of the catalog holds of every case.
        self.tests = {
            name: test
            for name, test in replay.data_tests.items()
            if test.is_error and not built.isdisjoint(test.parents) and not name.endswith("_contract_is_enforced")
        }
        self.marts = marts(replay)
        self.links = " union all ".join(f"({link} limit 1)" for link in links)
        # Whatever else is wrong with them: of several rows with one id, all but one are rejected as duplicates.
        repeated = " union all ".join(
            f"select '{entity}', id, count(*) - 1 from legacy.{table} where id is not null group by id"
            " having count(*) > 1"
            for entity, table in tables.items()
            if entity not in NOT_NUMBERED
        )
        rejected = (
            "select entity, legacy_id, count(*) from dispatch_audit.migration_rejects"
            f" where reason = 'duplicate_legacy_id' and entity <> all(array{list(NOT_NUMBERED)}) group by 1, 2"
        )
        self.duplicates = f"(({repeated}) except {rejected}) union all ({rejected} except ({repeated}))"
        self.unknown_keys = " union all ".join(
            f"select '{name}' as entity, {key}, {legacy_id} from dispatch_marts.{name} as mart where not exists ("
            f" select from public.known_keys as known where known.entity = '{name}' and known.key = mart.{key}"
            f" and known.legacy_id = mart.{legacy_id})"
            for name, (key, legacy_id) in keys(replay).items()
        )

    def with_replay(self, replay: Replay) -> "Warehouse":
        """Return the same database, built by another replay."""
        other = copy(self)
        other.replay = replay
        return other

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Run one query inside the case."""
        self.cursor.execute(query)
        return self.cursor.fetchall()

    def judge(self, case: Case) -> None:
        """Build a case and check every rule; fail with the case as SQL for python -m ops psql."""
        self.cursor.execute("begin")
        try:
            if case.day:
                self._keep_histories()
            for statement in case.statements:
                self.cursor.execute(statement)
            if case.day:
                nodes = self.replay.select_readers(case.tables) - self.staging
                if not case.is_compared:
                    nodes -= {INVENTORY}
                changed = nodes | {id for id in self.sources if id.rpartition(".")[2] in case.tables}
                tests = {name: test for name, test in self.tests.items() if not changed.isdisjoint(test.parents)}
            else:
                nodes, tests = self.above | self.staging, self.tests
            self.replay.build(self.cursor, nodes, checks_types=not case.day, refills=True)
            self._check(tests)
            if case.day:
                self._check_histories()
            else:
                self._check_contracts()
            if case.is_compared:
                self._compare_with_a_build_from_scratch()
        except Exception as error:
            raise AssertionError(f"{error}\n\n{self._as_sql(case)}") from error
        finally:
            self.cursor.execute("rollback")

    def _as_sql(self, case: Case) -> str:
        steps = ["make demo SCALE=tiny; then python -m ops psql with:", *self.before]
        steps += ["-- dbt build; then python -m ops psql with:"] if case.day else []
        return ";\n".join([*steps, *case.statements, "-- dbt build"]).replace("with:;", "with:")

    def _check(self, tests: dict[str, DataTest]) -> None:
        assert_nothing_is_lost(self)
        for entity, key, legacy_id in self.rows(self.unknown_keys):
            assert key == key_of(entity, legacy_id), entity
        assert self.rows(self.duplicates) == []
        assert self.rows(self.links) == []
        failed = {name: rows for name, test in tests.items() if (rows := self.rows(test.query))}
        assert failed == {}

    def _check_contracts(self) -> None:
        """Compare every table with its contract: columns, types, not-null constraints and keys."""
        found = {
            (schema, table, column): (number, kind, is_given)
            for schema, table, column, number, kind, is_given in self.rows(
                "select relnamespace::regnamespace::text, relname, attname, attnum,"
                " format_type(atttypid, atttypmod), attnotnull"
                " from pg_attribute inner join pg_class on pg_class.oid = attrelid"
                " where relnamespace::regnamespace::text in ('dispatch_marts', 'dispatch_audit')"
                " and relkind = 'r' and attnum > 0 and not attisdropped"
            )
        }
        keys = set(
            self.rows(
                "select conrelid::regclass::text, attname, contype from pg_constraint inner join pg_attribute"
                " on attrelid = conrelid and attnum = any(conkey) where convalidated and contype in ('p', 'u', 'f')"
            )
        )
        promised = {}
        for node in self.replay.nodes.values():
            if node.has_contract and node.schema in ("dispatch_marts", "dispatch_audit"):
                for number, (name, column) in enumerate(node.columns.items(), start=1):
                    kinds = {constraint["type"] for constraint in column["constraints"]}
                    is_given = bool(kinds & {"not_null", "primary_key"})
                    promised[node.schema, node.name, name] = (number, column["data_type"].replace(", ", ","), is_given)
                    for kind in kinds & {"primary_key", "unique", "foreign_key"}:
                        assert (f"{node.schema}.{node.name}", name, kind[0]) in keys, (node.name, name)
        assert not (wrong := found.items() ^ promised.items()), wrong
        for name, test in self.replay.data_tests.items():
            if name.endswith("_contract_is_enforced"):
                assert self.rows(test.query) == [], name

    def _keep_histories(self) -> None:
        for mart, key in HISTORIES.items():
            self.cursor.execute(
                f"create table public.{mart}_before as"
                f" select {key}, dbt_scd_id, dbt_valid_from from dispatch_snapshots.{mart}_history"
            )

    def _check_histories(self) -> None:
        for mart, key in HISTORIES.items():
            history = f"dispatch_snapshots.{mart}_history"
            lost = f"select * from public.{mart}_before except select {key}, dbt_scd_id, dbt_valid_from from {history}"
            assert self.rows(lost) == [], mart
            torn = (
                "select * from (select dbt_valid_to is distinct from"
                f" lead(dbt_valid_from) over (partition by {key} order by dbt_valid_from) as is_torn from {history})"
                " as joined where is_torn"
            )
            assert self.rows(torn) == [], mart
            columns = ", ".join(self.marts[mart].columns)
            current = f"select {columns} from {history} where dbt_valid_to is null and dbt_is_deleted = 'False'"
            migrated = f"select {columns} from dispatch_marts.{mart}"
            assert self.rows(f"({current} except {migrated}) union all ({migrated} except {current})") == [], mart

    def _compare_with_a_build_from_scratch(self) -> None:
        """Load all batches again, and build all tables, of which only those changed that depend on the case."""
        on_top = self._results()
        batched = (node for node in self.replay.nodes.values() if node.batches)
        self.cursor.execute("".join(f"drop table {node.schema}.{node.name} cascade;" for node in batched))
        self.replay.build(self.cursor, self.above, refills=True)
        from_scratch = self._results()
        assert {table for table in on_top if on_top[table] != from_scratch[table]} == set()

    def _results(self) -> dict[str, str]:
        return fingerprints(self, "dispatch_marts", "dispatch_audit", "dispatch_intermediate")


def marts(replay: Replay) -> dict[str, Node]:
    """Return the marts by name."""
    return {node.name: node for node in replay.nodes.values() if node.schema.endswith("_marts")}


def keys(replay: Replay) -> dict[str, tuple[str, str]]:
    """Return the key of each mart, and the column that it is made from."""
    return {
        name: (
            next(iter(node.columns)),
            KEYED_BY.get(name) or next(column for column in node.columns if column.startswith("legacy_")),
        )
        for name, node in marts(replay).items()
    }


class Bench(NamedTuple):
    """The databases for the cases, by the day that was built in them, and what a case can spoil."""

    warehouses: dict[str | None, Warehouse]
    columns: list[Column]
    references: list[Reference]

    def judge(self, case: Case) -> None:
        """Try a case."""
        self.warehouses[case.day].judge(case)


@pytest.fixture(scope="module")
def bench(database: Callable[..., Database], recording: Recording) -> Iterator[Bench]:
    """Prepare a legacy copy without its constraints, and two databases in which an earlier day was built."""
    made = {None: database(SCRATCH)}
    made[None].load_legacy("tiny")
    references = made[None].rows(
        "select child.relname, attname, parent.relname from pg_constraint"
        " inner join pg_class as child on child.oid = conrelid inner join pg_class as parent on parent.oid = confrelid"
        " inner join pg_attribute on attrelid = conrelid and attnum = conkey[1]"
        " where contype = 'f' and connamespace = 'legacy'::regnamespace order by 1, 2"
    )
    columns = made[None].rows(
        "select relname, attname, format_type(atttypid, atttypmod)"
        " from pg_attribute inner join pg_class on oid = attrelid"
        " where relnamespace = 'legacy'::regnamespace and relkind = 'r' and attnum > 0 order by relname, attnum"
    )
    replay = Replay(recording, SCRATCH)
    before = {day: [DROP_EVERY_CONSTRAINT, SPREAD] for day in (None, "clean", "spoilt")}
    made[None].execute(";".join(before[None]))
    made[None].build(replay)
    tables = dict(made[None].rows("select entity, legacy_table from dispatch_audit.migration_ledger"))
    _keep_keys(made[None], keys(replay))
    possible = possible_links(made[None], replay)
    links = found_links(made[None], possible)
    made["clean"] = database("clean", SCRATCH)
    with closing(made[None].connect()) as opened, opened.cursor() as cursor:
        replay.drop(cursor)
    made["spoilt"] = database("spoilt", SCRATCH)
    before["spoilt"] += spoil(made["spoilt"])
    made["spoilt"].build(Replay(recording, "spoilt"))
    links = [link for link in links if not made["spoilt"].rows(f"{link} limit 1")]  # ids that are equal by chance
    unlinked = [key for key, queries in possible.items() if not set(queries) & set(links)]
    assert unlinked == UNLINKED
    made[None].build(replay, {id for id in replay.nodes if id.startswith("seed.") or ".stg_" in id})

    yield Bench(
        {
            day: Warehouse(each, Replay(recording, each.target.dbname), before[day], tables, links)
            for day, each in made.items()
        },
        [Column(*each) for each in columns],
        [Reference(*each) for each in references],
    )
    for each in made.values():
        drop(each)


def possible_links(database: Database, replay: Replay) -> dict[tuple[str, str], list[str]]:
    """Return, for each foreign key, a query for each legacy id beside it in triage: the rows that have another parent.

    A migrated row that names a migrated parent by its legacy id must refer to it, and no row may refer to another one.
    """
    made_from = keys(replay)
    found: dict[tuple[str, str], list[str]] = {}
    for child, column, parent, key, legacy_id in database.rows(
        "select child.relname, own.attname, parent.relname, other.attname, beside.attname from pg_constraint"
        " inner join pg_class as child on child.oid = conrelid inner join pg_class as parent on parent.oid = confrelid"
        " inner join pg_attribute as own on own.attrelid = conrelid and own.attnum = conkey[1]"
        " inner join pg_attribute as other on other.attrelid = confrelid and other.attnum = confkey[1]"
        " inner join pg_attribute as beside on beside.attname like 'legacy\\_%'"
        " and beside.attrelid = to_regclass('dispatch_intermediate.int_' || child.relname || '__triaged')"
        " and beside.atttypid = any(array['integer', 'bigint', 'numeric']::regtype[])"
        " where contype = 'f' and connamespace = 'dispatch_marts'::regnamespace order by 1, 2, 5"
    ):
        found.setdefault((child, column), []).append(
            f"select '{child}.{column}', triaged.{legacy_id} from dispatch_intermediate.int_{child}__triaged as triaged"
            f" left join dispatch_marts.{parent} as parent on parent.{made_from[parent][1]} = triaged.{legacy_id}"
            f" where disposition = 'migrated' and parent.{key} is distinct from triaged.{column}"
        )
    return found


def found_links(database: Database, possible: dict[tuple[str, str], list[str]]) -> list[str]:
    """Return the queries that find nothing in a build, unless nothing in it uses the foreign key."""
    return [
        query
        for (child, column), queries in possible.items()
        if database.rows(f"select from dispatch_marts.{child} where {column} is not null limit 1")
        for query in queries
        if not database.rows(f"{query} limit 1")
    ]


def _keep_keys(database: Database, keys: dict[str, tuple[str, str]]) -> None:
    """Compute the keys of all migrated rows, so that a case has to compute only those of other ids."""
    database.execute("create table public.known_keys (entity text, legacy_id bigint, key uuid)")
    for entity, (_, column) in keys.items():
        ids = [id for (id,) in database.rows(f"select {column} from dispatch_marts.{entity}")]
        rows = [f"('{entity}', {id}, '{key_of(entity, id)}')" for id in ids]
        if rows:
            database.execute(f"insert into public.known_keys values {', '.join(rows)}")
    database.execute("create index on public.known_keys (entity, key)")


def key_of(entity: str, legacy_id: int) -> str:
    """Return the key of an entity, computed without the database."""
    return str(uuid.uuid3(uuid.NAMESPACE_URL, f"urn:dispatch:{entity}:{legacy_id}"))


def check(bench: Bench, seeded: int, examples: int, judge: Callable[[Case], None], **others: Any) -> None:
    """Try cases that Hypothesis draws, after two in which every column has a null, or every limit."""
    for case in (all_nulls(bench.columns), all_limits(bench.columns)):
        judge(case)

    @seed(SEED + seeded)
    @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck), **others)
    @given(cases(bench.columns, bench.references))
    def each(case: Case) -> None:
        judge(case)

    each()


class Half:
    """Half of the cases: most machines have two processors."""

    number: int

    @pytest.mark.parametrize("run", range(RUNS))
    def test_nothing_is_lost_with_any_bad_data(self, bench: Bench, run: int) -> None:
        check(bench, 2 * run + self.number, -(-CASES // (2 * RUNS)), bench.judge)


class TestOneHalf(Half):
    number = 0


class TestOtherHalf(Half):
    number = 1
