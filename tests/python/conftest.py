"""Fixtures: a PostgreSQL server for the session, databases in it, and dbt run against one of them."""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from psycopg2 import sql
from psycopg2.extensions import connection as Connection

from ops import legacy
from ops.database import connection
from ops.database.server import Server, temporary_server
from ops.dbt import sandbox
from ops.project import ROOT
from tests.programs import DBT

SCRATCH = "scratch"
PROJECT = ("dbt_project.yml", "packages.yml", "package-lock.yml")
PROJECT += ("dbt_packages", "macros", "models", "seeds", "snapshots", "tests")


# They begin, so that the processes that share the tests end at about the same time.
LONGEST = ("test_properties", "test_release", "test_batches", "test_build", "test_source", "test_schemas", "test_docs")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the longest modules first; the others keep their order."""
    order = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: order.get(item.path.stem, len(order)))


def copy_project(folder: Path) -> None:
    """Copy what dbt reads into a folder, to be changed there."""
    for name in PROJECT:
        if (ROOT / name).is_file():
            shutil.copy(ROOT / name, folder)
        else:
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("python"))


@dataclass(frozen=True)
class Database:
    """A database of the session's server; everything dbt writes for it goes into its folder."""

    target: connection.Target
    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        """The variables that make dbt, or python -m ops, use this database."""
        return sandbox.environment(self.target, self.folder)

    def connect(self) -> Connection:
        """Open a connection in which every statement commits by itself."""
        return connection.connect(self.target)

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """Run one query and return its rows."""
        opened = self._connect_as_anybody()
        try:
            return connection.rows(opened, statement)
        finally:
            opened.close()

    def execute(self, statement: str) -> None:
        """Run statements that return nothing."""
        opened = self._connect_as_anybody()
        try:
            opened.cursor().execute(statement)
        finally:
            opened.close()

    def _connect_as_anybody(self) -> Connection:
        """Connect as other programs do, which find unqualified tables in public."""
        opened = self.connect()
        opened.cursor().execute("set search_path to public")
        return opened

    def load_legacy(self, scale: str) -> None:
        """Load the synthetic legacy database."""
        opened = self.connect()
        try:
            legacy.load(opened, legacy.Scale(scale), lambda _: nullcontext())
        finally:
            opened.close()

    def dbt(self, *arguments: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """Run dbt and return its exit code and output; its artifacts are in folder / "target"."""
        return subprocess.run(
            [*DBT, "--no-use-colors", *arguments],
            cwd=ROOT,
            env=self.environment | (env or {}),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """Run an embedded server for the session."""
    with temporary_server() as running:
        yield running


@pytest.fixture(scope="session")
def database(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Database]:
    """Return a function that makes an empty database of a given name."""
    admin = connection.connect(sandbox.target(server.folder))

    def create(name: str) -> Database:
        admin.cursor().execute(sql.SQL("create database {}").format(sql.Identifier(name)))
        return Database(sandbox.target(server.folder, name), tmp_path_factory.mktemp(name))

    return create


@pytest.fixture(scope="session")
def partial_parse(database: Callable[[str], Database]) -> Path:
    """Parse the project, and compile its data tests, for databases of that name: what dbt keeps is read much faster."""
    parser = database(SCRATCH)
    done = parser.dbt("compile", "--select", "resource_type:test")
    assert done.returncode == 0, done.stdout
    drop(parser)
    return parser.folder / "target" / "partial_parse.msgpack"


@pytest.fixture(scope="session")
def data_tests(partial_parse: Path) -> dict[str, tuple[str, bool]]:
    """The SQL of every data test, by name, and whether its severity is error."""
    nodes = json.loads(partial_parse.with_name("manifest.json").read_text())["nodes"].values()
    found = {
        node["name"]: (node["compiled_code"], node["config"]["severity"].lower() == "error")
        for node in nodes
        if node["resource_type"] == "test"
    }
    assert sum(is_error for _, is_error in found.values()) > 250
    return found


def drop(made: Database) -> None:
    """Drop a database, in use or not."""
    admin = connection.connect(replace(made.target, dbname="postgres"))
    admin.cursor().execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(made.target.dbname)))
    admin.close()


@pytest.fixture(scope="module")
def scratch(database: Callable[[str], Database], partial_parse: Path) -> Iterator[Database]:
    """Give a module a database of its own, by the name that the project is parsed for."""
    made = database(SCRATCH)
    (made.folder / "target").mkdir()
    shutil.copy(partial_parse, made.folder / "target")
    yield made
    drop(made)
