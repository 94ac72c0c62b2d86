"""The build with another dbt than the locked one: it gives the same rows, and neither warns about the project."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from ops.project import ROOT
from tests.programs import DBT

sys.path.insert(0, str(ROOT / "tests" / "python"))

from conftest import Database
from marts import fingerprints

pytest_plugins = ["conftest"]

OTHER = os.environ["DBT"]
PROGRAMS = {
    "locked": DBT,
    OTHER: [str(ROOT / ".venv-dbt" / OTHER / "bin" / "python"), *DBT[1:]],
}
# Not about the project: data tests that count bad data, and the sum of them.
EXPECTED = {"LogTestResult", "EndOfRunSummary", "RunResultWarning", "RunResultWarningMessage"}


def build(database: Callable[..., Database], name: str) -> tuple[Database, list[dict[str, Any]]]:
    """Build the smallest legacy database with a dbt; return the database and the events of dbt's log."""
    made = database("other_dbt")
    made.load_legacy("tiny")
    options = ["--log-format", "json", "--show-all-deprecations", "--no-partial-parse"]
    done = subprocess.run(
        [*PROGRAMS[name], *options, "build"],
        cwd=ROOT,
        env=made.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    events = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    errors = [event["info"]["msg"] for event in events if event["info"]["level"] == "error"]
    assert done.returncode == 0, errors or done.stdout
    assert "\x1b" not in (made.folder / "logs" / "dbt.log").read_text(encoding="utf-8")
    return made, events


@pytest.fixture(scope="module")
def rows() -> dict[str, dict[str, str]]:
    """The checksums of all marts and audit tables, by dbt."""
    return {}


@pytest.mark.parametrize("name", PROGRAMS)
def test_build_without_a_warning_about_the_project(
    name: str, database: Callable[..., Database], rows: dict[str, dict[str, str]]
) -> None:
    made, events = build(database, name)
    rows[name] = fingerprints(made)
    version = next(event["data"]["version"] for event in events if event["info"]["name"] == "MainReportVersion")
    print(f"dbt {version.lstrip('=')}: {events[-2]['info']['msg']}")
    warnings = [event["info"] for event in events if event["info"]["level"] == "warn"]
    assert [f"{each['name']}: {each['msg']}" for each in warnings if each["name"] not in EXPECTED] == []
    assert any(each["name"] == "LogTestResult" for each in warnings), "nothing warns: is this the log of the build?"


def test_all_rows_are_the_same(rows: dict[str, dict[str, str]]) -> None:
    assert len(rows["locked"]) > 40
    assert rows[OTHER] == rows["locked"]
