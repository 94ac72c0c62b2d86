"""No cluster answers; a worker or the driver is killed while dbt builds."""

import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psutil
import pytest
from conftest import Database

from ops.dbt import sandbox
from ops.project import ROOT
from ops.spark.cluster import Cluster

MODELS = ("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")
PATIENCE = 900  # seconds for a build: the machine may be busy
SOON = 60  # seconds for a sentence


@pytest.fixture(scope="module")
def variables(
    cluster: Cluster, database: Callable[[str], Database], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    """Name a database that is built on PostgreSQL and registered in Spark."""
    made = database("faults")
    made.load_legacy("tiny")
    done = made.dbt("build", *MODELS)
    assert done.returncode == 0, done.stdout[-5000:]
    named = made.environment | {"DISPATCH_SPARK": str(cluster.folder)}
    address = str(tmp_path_factory.mktemp("export"))
    ops(named, "source", "export", address)
    ops(named, "spark", "register", address)
    return named


@pytest.fixture
def running(cluster: Cluster) -> Iterator[Cluster]:
    """Give the cluster, and start what was killed again in the end; its tables stay."""
    yield cluster
    cluster.start(2)


def ops(variables: dict[str, str], *arguments: str) -> str:
    done = sandbox.ops(variables, *arguments)
    assert done.returncode == 0, done.stdout[-5000:]
    return done.stdout


@contextmanager
def in_the_middle_of_a_build(variables: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """Start a build, and continue once a fifth of it is done."""
    with subprocess.Popen(
        [sys.executable, "-m", "ops", "spark", "build", *MODELS],
        cwd=ROOT,
        env=variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            assert process.stdout
            assert process.stdout.readline().startswith("dbt build: ")
            yield process
        finally:
            process.kill()


def kill(process: psutil.Process) -> None:
    """End a process and those it has started, as a worker has its executors, without a chance to clean up."""
    for each in [process, *process.children(recursive=True)]:
        each.kill()


@pytest.mark.parametrize("arguments", [("build",), ("compare",)])
def test_a_cluster_that_does_not_answer_is_one_sentence(variables: dict[str, str], arguments: tuple[str, ...]):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    done = sandbox.ops(variables | {"SPARK_REMOTE": f"sc://127.0.0.1:{port}/;token=secret"}, "spark", *arguments)
    assert done.returncode == 1
    assert done.stdout == f"No Spark cluster answers at 127.0.0.1:{port}: see SPARK_REMOTE (sc://host:port).\n"


def test_a_killed_worker_costs_no_row(running: Cluster, variables: dict[str, str]):
    with in_the_middle_of_a_build(variables) as build:
        kill(running.status()["worker 1"])
        said, _ = build.communicate(timeout=PATIENCE)
    assert build.returncode == 0, said
    assert "51 tables with" in ops(variables, "spark", "compare")


def test_a_killed_driver_is_one_sentence_and_the_next_run_works(running: Cluster, variables: dict[str, str]):
    with in_the_middle_of_a_build(variables) as build:
        kill(running.status()["driver"])
        said, _ = build.communicate(timeout=SOON)
    assert build.returncode == 1
    assert said.strip() == (
        f"The Spark driver has ended (log: {running.logs / 'driver.log'}): python -m ops spark start, and repeat."
    )
    ops(variables, "spark", "start")
    ops(variables, "spark", "build", *MODELS)
    assert "51 tables with" in ops(variables, "spark", "compare")
