"""dbt's sessions: ANSI mode is on though dbt-spark switches it off, and what Spark does not have is refused."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Database, copy_project

from ops.dbt import profiles
from ops.dbt.run import DBT
from ops.spark import catalog
from ops.spark.cluster import THRIFT_PORT, Cluster
from spark.landing import land

# What is silent without ANSI mode: the text 'id', null, and null.
NAMES = [f"a_name_in_double_quotes_{number}" for number in range(8)]
MODELS = dict.fromkeys(NAMES, 'select "id" as found from (select 7 as id) as one') | {
    "an_invalid_number": "select cast('x' as int) as found",
    "an_overflow": "select cast(2147483647 as int) + cast(1 as int) as found",
}
THRIFT = f"""
    thrift:
      type: spark
      method: thrift
      host: 127.0.0.1
      port: {THRIFT_PORT}
      user: dispatch
      schema: sessions
      threads: 2
"""


@pytest.fixture(scope="module")
def project(cluster: Cluster, database: Callable[[str], Database], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a copy of the project with three more models, and a target for each method of connection."""
    made = database("sessions")
    made.load_legacy("tiny")
    land(made, str(tmp_path_factory.mktemp("export")))
    folder = tmp_path_factory.mktemp("project")
    copy_project(folder)
    for name, query in MODELS.items():
        (folder / "models" / "staging" / f"{name}.sql").write_text("{{ config(materialized='table') }}\n" + query)
    session = profiles.render(folder).replace("schema: dispatch", "schema: sessions")
    (folder / "profiles.yml").write_text(session.rstrip() + THRIFT)
    return folder


def dbt(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*DBT, "--no-use-colors", *arguments, "--project-dir", str(project), "--profiles-dir", str(project)],
        env=os.environ | {"PYTHONWARNINGS": "ignore", "SPARK_REMOTE": Cluster().remote},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("target", ["spark", "thrift"])
def test_ansi_mode_is_on_in_every_session(project: Path, target: str):
    done = dbt(project, "run", "--target", target, "--select", *MODELS)
    assert done.returncode == 1, done.stdout
    assert "ERROR=2" in done.stdout, done.stdout
    assert "[CAST_INVALID_INPUT]" in done.stdout
    assert "[ARITHMETIC_OVERFLOW]" in done.stdout
    # In each of them: dbt builds some in connections that it opened before any hook.
    session = catalog.session()
    for name in NAMES:
        session.sql(f"refresh table sessions_staging.{name}")
        assert [row.found for row in session.table(f"sessions_staging.{name}").collect()] == [7]


def test_what_spark_does_not_have_is_refused_in_one_sentence(project: Path):
    for arguments, sentence in (
        (("run-operation", "publish"), "cannot publish with target spark: schemas cannot be swapped"),
        (("run-operation", "rollback"), "cannot rollback with target spark: schemas cannot be swapped"),
        (("snapshot",), "cannot snapshot with target spark: Parquet tables cannot be updated"),
    ):
        done = dbt(project, *arguments, "--target", "spark")
        assert done.returncode != 0
        assert sentence in done.stdout


def test_missing_legacy_tables_are_named(project: Path):
    done = dbt(project, "run", "--target", "spark", "--select", "roles", "--vars", "legacy_schema: nowhere")
    assert done.returncode != 0
    assert "missing in schema 'nowhere' of the Spark cluster: auth_group" in done.stdout
    assert "python -m ops source export writes and registers them" in done.stdout
