"""The same rows on both engines, to the last character: on clean data and on spoilt ones."""

import os
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from conftest import Database
from hypothesis import HealthCheck, Phase, given, seed, settings
from test_dirty_copy import DROP_EVERY_CONSTRAINT, spoil
from test_properties import Column, Defect, defects

from ops.dbt.profiles import Schemas
from ops.spark import catalog, parity
from ops.spark.cluster import Cluster
from spark.landing import land

SEEDS = range(5)
NOT_BUILT = ("--exclude-resource-type", "test", "unit_test", "snapshot")


def build(database: Database, *arguments: str) -> None:
    done = database.dbt(
        "build", *NOT_BUILT, *arguments, env={"PYTHONWARNINGS": "ignore", "SPARK_REMOTE": Cluster().remote}
    )
    assert done.returncode == 0, done.stdout[-5000:]


def differences(database: Database, address: str) -> list[parity.Comparison]:
    """Build on both engines, from the same legacy tables; return what differs."""
    build(database)
    land(database, address)
    build(database, "--target", "spark")
    with closing(database.connect()) as warehouse:
        found = list(parity.compare(warehouse, catalog.session(), Schemas("dispatch")))
    assert len(found) == 51
    return [each for each in found if each.problems]


def test_clean_data(cluster: Cluster, database: Callable[[str], Database], address: str):
    made = database("clean")
    made.load_legacy(os.environ.get("PARITY_SCALE", "tiny"))
    assert differences(made, address) == []

    # A difference is found and named, of a plain value and of JSON.
    made.execute(
        "update dispatch_marts.roles set role_name = role_name || ' ' where role_id = (select role_id from"
        " dispatch_marts.roles order by 1 limit 1);"
        "update dispatch_marts.products set customization = '{\"a\": 1}' where customization is not null;"
        "delete from dispatch_marts.tasks where task_id = (select task_id from dispatch_marts.tasks limit 1)"
    )
    with closing(made.connect()) as warehouse:
        found = list(parity.compare(warehouse, catalog.session(), Schemas("dispatch")))
    problems = {each.table: "\n".join(each.problems) for each in found if each.problems}
    assert set(problems) == {"marts.roles", "marts.products", "marts.tasks"}
    assert problems["marts.roles"].startswith("columns that differ: role_name\n1 rows only in PostgreSQL, such as:")
    assert "customization: " in problems["marts.products"]
    assert "rows in PostgreSQL" in problems["marts.tasks"]
    assert "1 rows only in Spark" in problems["marts.tasks"]


def test_a_copy_with_every_column_spoilt(cluster: Cluster, database: Callable[[str], Database], address: str):
    made = database("spoilt")
    made.load_legacy("tiny")
    spoil(made)
    assert differences(made, address) == []


@pytest.mark.parametrize("number", SEEDS)
def test_random_defects(cluster: Cluster, database: Callable[[str], Database], tmp_path: Path, number: int):
    made = database(f"seed_{number}")
    made.load_legacy("tiny")
    made.execute(DROP_EVERY_CONSTRAINT)
    columns = [
        Column(*column)
        for column in made.rows(
            "select table_name, column_name, format_type(atttypid, atttypmod), numeric_precision, numeric_scale"
            " from information_schema.columns inner join pg_attribute on attname = column_name"
            " and attrelid = cast('legacy.' || table_name as regclass) where table_schema = 'legacy' order by 1, 2"
        )
    ]

    @seed(number)
    @settings(
        max_examples=1, phases=[Phase.generate], database=None, deadline=None, suppress_health_check=list(HealthCheck)
    )
    @given(defects(columns).filter(lambda acts: len(acts) > 8))
    def check(acts: list[Defect]) -> None:
        with closing(made.connect()) as opened, opened.cursor() as cursor:
            for act in acts:
                act.do(cursor)
        assert differences(made, str(tmp_path / "export")) == []

    check()
