"""Fixtures: the PostgreSQL databases of tests/python, and a Spark cluster."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ops.project import ROOT

sys.path.insert(0, str(ROOT / "tests" / "python"))

from conftest import database, server  # noqa: F401

from ops.spark.cluster import Cluster


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Give the cluster of the project if it runs, whose tables are then replaced; else one of the session's own."""
    running = Cluster()
    if "driver" in running.status():
        yield running
        return
    own = Cluster(tmp_path_factory.mktemp("spark"))
    own.start(2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DISPATCH_SPARK", str(own.folder))
        yield own
    own.stop()


@pytest.fixture
def address(tmp_path: Path) -> str:
    """Give a folder to export to."""
    return str(tmp_path / "export")
