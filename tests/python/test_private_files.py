"""Files that may quote legacy values, as PostgreSQL's messages do, are for their owner alone, whatever the umask."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ops import project
from ops.database.connection import Target
from ops.dbt import run
from ops.errors import Failure
from ops.release import production

NOWHERE = Target("/nowhere", 5432, "nobody", "", "none")


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A project whose folder of logs was made before, for everybody to read."""
    for module in (project, run):
        monkeypatch.setattr(module, "ROOT", tmp_path)
    for variable in ("DBT_LOG_PATH", "DBT_TARGET_PATH"):
        monkeypatch.delenv(variable, raising=False)
    umask = os.umask(0)
    (tmp_path / "logs" / "releases").mkdir(parents=True)
    yield tmp_path
    os.umask(umask)


def mode(path: Path) -> str:
    return oct(path.stat().st_mode & 0o777)


def test_release_log_is_private(root: Path):
    paths = {production._log_file() for _ in range(5)}
    assert len(paths) == 5
    assert {mode(path) for path in paths} == {"0o600"}
    assert {mode(root / name) for name in ("logs", "logs/releases", "target")} == {"0o700"}


def test_files_of_dbt_are_private(root: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DBT_LOG_PATH", str(root / "elsewhere"))
    monkeypatch.setattr(run, "ENDS_WITH_PARENT", "open('written', 'w').close()  # {parent}")
    assert run.run(["build"], {})[0] == 0
    assert mode(root / "written") == "0o600"
    assert mode(root / "target") == "0o700"
    assert mode(root / "logs") == "0o777"  # not where logs go


@pytest.mark.parametrize("place", ["logs", "logs/releases"])
def test_unwritable_log_folder_is_named(root: Path, place: str):
    (root / "logs" / "releases").rmdir()
    if place == "logs":
        (root / "logs").rmdir()
    (root / place).touch()
    with pytest.raises(Failure, match=rf"{place}.* cannot |cannot .*{place}.*") as refused:
        production.run(NOWHERE)
    assert "DBT_LOG_PATH" in str(refused.value)


def test_everything_is_written_to_the_folder_of_artifacts():
    """The checkout may be read-only."""
    names = "from ops import report; from ops.docs import page; from ops.handover import handover;"
    names += " from ops.source import inventory; print(*(each.OUTPUT for each in (report, page, handover, inventory)))"
    done = subprocess.run(
        [sys.executable, "-c", names],
        cwd=Path(__file__).parents[2],
        env=os.environ | {"DBT_TARGET_PATH": "/elsewhere"},
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    assert done.stdout.split() == [
        *("/elsewhere/report", "/elsewhere/docs", "/elsewhere/handover", "/elsewhere/inventory/sources.yml")
    ]
