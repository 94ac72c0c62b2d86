"""Legacy times without a time zone: converted by the variable legacy_time_zone, wherever they are read."""

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import inprocess
import pytest
from conftest import SCRATCH, Database
from inprocess import Project
from marts import failures, fingerprints

from tests.replay import DataTest, Replay

CHICAGO = ZoneInfo("America/Chicago")
VARS = ("--vars", "{legacy_time_zone: America/Chicago}")
TESTS = ("resource_type:test", "resource_type:unit_test")
HISTORIES = ("payments", "orders", "technicians")

# What the clock in Chicago showed, and the point in time it is taken for.
CLOCK_CHANGES = {
    "2023-11-05 00:59:59.999999": "2023-11-05 05:59:59.999999+00",
    "2023-11-05 01:00:00": "2023-11-05 07:00:00+00",  # repeated: standard time, the second of the two
    "2023-11-05 01:59:59.999999": "2023-11-05 07:59:59.999999+00",
    "2023-11-05 02:00:00": "2023-11-05 08:00:00+00",
    "2023-03-12 01:59:59.999999": "2023-03-12 07:59:59.999999+00",
    "2023-03-12 02:00:00": "2023-03-12 08:00:00+00",  # skipped: as if the clock had not been turned forward
    "2023-03-12 02:59:59.999999": "2023-03-12 08:59:59.999999+00",
    "2023-03-12 03:00:00": "2023-03-12 08:00:00+00",
    "1883-11-18 12:05:00": "1883-11-18 18:05:00+00",  # turned back by ten minutes, when standard time began
    "1999-07-01 12:00:00": "1999-07-01 17:00:00+00",
    "infinity": "infinity",
    "-infinity": "-infinity",
    "2023-12-31 23:30:00": "2024-01-01 05:30:00+00",
    "294276-12-31 23:59:59": "294276-12-31 23:59:59+00",
    "4714-11-24 00:00:00 BC": "4714-11-24 00:00:00+00 BC",
}
REPEATED, SKIPPED = 3, 2  # of them


def drop_zones(database: Database, every: int = 1) -> int:
    """Store what the clock in Chicago showed instead of the point in time, in every so many-th column; return how many.

    A time in the first of two equal hours would be taken for one in the second: there must be none.
    """
    columns = database.rows(
        "select attrelid::regclass, attname from pg_attribute inner join pg_class on pg_class.oid = attrelid"
        " where relnamespace = 'legacy'::regnamespace and relkind = 'r' and atttypid = 'timestamptz'::regtype"
        " order by 1, 2"
    )
    for table, column in columns[every - 1 :: every]:
        shown = f"{column} at time zone 'America/Chicago'"
        assert not database.rows(f"select 1 from {table} where {shown} at time zone 'America/Chicago' <> {column}")
        database.execute(f"alter table {table} alter column {column} type timestamp using {shown}")
    return len(columns[every - 1 :: every])


def histories(database: Database) -> dict[str, list[tuple[str]]]:
    """Return the rows of the histories, without what depends on the time of the build."""
    return {
        mart: database.rows(
            "select to_jsonb(version) - array['dbt_scd_id', 'dbt_updated_at', 'dbt_valid_from', 'dbt_valid_to']"
            f" from dispatch_snapshots.{mart}_history as version order by 1"
        )
        for mart in HISTORIES
    }


@pytest.fixture(scope="module")
def project(database: Callable[..., Database]) -> Iterator[Project]:
    """Parse the project with the variable, for databases of the name SCRATCH."""
    with inprocess.parsed(database(SCRATCH), *VARS) as parsed:
        yield parsed


def converting(project: Project) -> list[Any]:
    """Return the models and data tests whose SQL depends on the variable: those that call its macros."""
    macros = project.manifest.macros
    found = {f"macro.dispatch.{name}" for name in ("postgres__legacy_time", "is_naive", "postgres__clock_change")}
    while callers := {id for id, macro in macros.items() if found & set(macro.depends_on.macros)} - found:
        found |= callers
    return [
        node
        for node in project.manifest.nodes.values()
        # dbt does not list the macros in the arguments of a generic test.
        if found & set(node.depends_on.macros) or "legacy_time(" in str(getattr(node, "test_metadata", ""))
    ]


def build(database: Database, project: Project, replay: Replay) -> None:
    """Build with the variable: with dbt the models that depend on it, views first; the others by replay."""
    models = {node.unique_id: node for node in converting(project) if node.resource_type == "model"}
    views = {id for id, node in models.items() if node.config.materialized == "view"}
    last = models.keys() - views
    assert len(views) > 10 and replay.select(*last) == last, "something is built from a table that depends on it"
    project.dbt("run", "--select", *(models[id].name for id in views))
    database.build(replay, replay.nodes.keys() - models.keys())
    project.dbt("run", "--select", *(models[id].name for id in last))


@pytest.fixture(scope="module")
def naive(scratch: Database, project: Project, replay: Replay) -> Database:
    """Build from a legacy database none of whose times has a time zone."""
    scratch.load_legacy("tiny")
    assert drop_zones(scratch) == 18
    build(scratch, project, replay)
    return scratch


@pytest.fixture(scope="module")
def converting_tests(project: Project, data_tests: dict[str, DataTest]) -> dict[str, DataTest]:
    """Every data test with the variable, by name."""
    tests = [node for node in converting(project) if node.resource_type == "test"]
    assert len(tests) > 10
    compiled = (done.node for done in project.dbt("compile", "--select", *(node.name for node in tests)))
    return data_tests | {
        node.name: DataTest(node.compiled_code, node.config.severity.lower() == "error", []) for node in compiled
    }


def assert_same_but_for_types(database: Database, original: Database) -> None:
    """Compare all marts and audit tables; the inventory lists the types of the legacy columns."""
    found, expected = fingerprints(database), fingerprints(original)
    inventory = "dispatch_audit.legacy_inventory"
    assert found.pop(inventory) != expected.pop(inventory)
    assert found == expected


def test_every_mart_is_the_same(naive: Database, migrated_once: Database) -> None:
    assert_same_but_for_types(naive, migrated_once)
    assert histories(naive) == histories(migrated_once)


def test_every_direct_read_agrees(naive: Database, project: Project, converting_tests: dict[str, DataTest]) -> None:
    """With times in the hours of clock changes, beyond the end of a month, and beyond those that can be moved."""
    rows = zip(CLOCK_CHANGES, naive.rows("select id from legacy.dispatch_payment order by id"), strict=False)
    for shown, (payment,) in rows:
        naive.execute(f"update legacy.dispatch_payment set made_at = '{shown}' where id = {payment}")
    project.dbt("build", "--select", "int_payments__triaged+", "--exclude", *TESTS)
    found = dict(
        naive.rows(
            "select legacy.made_at::text, staged.made_at::text from legacy.dispatch_payment as legacy"
            " inner join dispatch_staging.stg_dispatch__payments as staged on legacy_payment_id = id order by id"
            f" limit {len(CLOCK_CHANGES)}"
        )
    )
    assert found == CLOCK_CHANGES
    assert sum(test.is_error for test in converting_tests.values()) > 250
    assert failures(naive, converting_tests) == {}


def test_times_in_the_hours_of_clock_changes_are_counted(naive: Database, project: Project) -> None:
    results = project.dbt("test", "--select", "assert_legacy_times_occurred_once")
    (result,) = (each for each in results if each.node.name == "assert_legacy_times_occurred_once")
    assert (result.status, result.failures) == ("warn", REPEATED + SKIPPED)
    assert naive.rows(result.node.compiled_code) == [("dispatch_payment", "made_at", REPEATED, SKIPPED)]


def test_freshness_is_of_the_converted_time(naive: Database) -> None:
    naive.execute(
        "update legacy.dispatch_file set created_at = date_trunc('day', now() at time zone 'America/Chicago') - '1h'::"
        "interval where id = (select min(id) from legacy.dispatch_file)"
    )
    assert naive.dbt("source", "freshness", *VARS).returncode == 0
    found = json.loads((naive.folder / "target" / "sources.json").read_text())["results"]
    (newest,) = (each["max_loaded_at"] for each in found if each["unique_id"].endswith(".dispatch_file"))
    day = datetime.now(CHICAGO).replace(hour=0, minute=0, second=0, microsecond=0)
    assert datetime.fromisoformat(newest) == (day - timedelta(hours=1)).astimezone(timezone.utc)


@pytest.mark.parametrize("zone", ["Chicago", "CST", "CST6", "america/chicago", "America/Chicago'--", "-06:00"])
def test_unknown_zone_is_refused(project: Project, zone: str) -> None:
    """PostgreSQL itself takes most of them for a zone without daylight saving."""
    project.options = ("--vars", f'{{legacy_time_zone: "{zone}"}}')
    try:
        said = project.refusal("run", "--select", "stg_dispatch__payments")
    finally:
        project.options = VARS
    assert "legacy_time_zone is" in said and "such as America/Chicago" in said


def test_some_columns_may_have_a_zone(
    database: Callable[..., Database],
    project: Project,
    replay: Replay,
    converting_tests: dict[str, DataTest],
    migrated_once: Database,
    data_tests: dict[str, DataTest],
) -> None:
    """The data tests find as many rows as in the original, also those that compare two columns of a table."""
    mixed = database(SCRATCH)
    mixed.load_legacy("tiny")
    assert drop_zones(mixed, every=2) == 9
    build(mixed, project, replay)
    assert_same_but_for_types(mixed, migrated_once)
    found = {
        name: len(migrated_once.rows(test.query.replace(f'"{SCRATCH}".', '"migrated".')))
        for name, test in data_tests.items()
    }
    assert {name: len(mixed.rows(converting_tests[name].query)) for name in found} == found
    pair = "legacy_instruction_updated_at_is_not_before_submitted_at"
    mixed.execute(
        "update legacy.dispatch_instruction set submitted_at = '2024-07-01 12:00+00', updated_at = '2024-07-01 08:00'"
        " where submitted_at <= updated_at at time zone 'America/Chicago'"  # five hours earlier than in Chicago
    )
    assert len(mixed.rows(converting_tests[pair].query)) == found[pair]
