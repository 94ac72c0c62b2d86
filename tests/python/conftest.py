"""Fixtures: a PostgreSQL server for the session, databases in it, and dbt run against one of them."""

import fcntl
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Collection, Iterator
from contextlib import closing, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

import inprocess
import pytest
from inprocess import Project
from marts import left
from psycopg2 import sql
from psycopg2.extensions import connection as Connection

from ops import legacy
from ops.database import connection
from ops.database.server import Server, temporary_server
from ops.dbt import sandbox
from ops.handover import handover
from ops.project import ROOT
from ops.release import records
from tests.programs import DBT
from tests.replay import DataTest, Recording, Replay, listening, record

SCRATCH = "scratch"
PROJECT = ("dbt_project.yml", "packages.yml", "package-lock.yml")
PROJECT += ("dbt_packages", "analyses", "macros", "models", "protocol", "seeds", "snapshots", "tests")


# They begin, so that the processes that share the tests end at about the same time.
LONGEST = ("test_properties", "test_release", "test_batches", "test_build", "test_source", "test_schemas", "test_docs")
LONGEST += ("test_locales",)


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

    def build(self, replay: Replay, nodes: Collection[str] | None = None, *, checks_types: bool = False) -> None:
        """Build everything, or what Replay.select has returned, without dbt."""
        with closing(self.connect()) as opened, opened.cursor() as cursor:
            replay.build(cursor, nodes, checks_types=checks_types)

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
def common_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for what the first process makes for all."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(scope="session", autouse=True)
def kept_parses(common_folder: Path) -> None:
    """Keep what dbt parsed where every process finds it."""
    inprocess.kept_parses = common_folder / "parses"
    inprocess.kept_parses.mkdir(exist_ok=True)


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """Run an embedded server for the session."""
    with temporary_server() as running:
        yield running


@pytest.fixture(scope="session")
def database(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Database]:
    """Return a function that creates a database, empty or a copy of another; it replaces one of the same name."""
    admin = connection.connect(sandbox.target(server.folder))

    def create(name: str, template: str = "template1") -> Database:
        made, copied = sql.Identifier(name), sql.Identifier(template)
        admin.cursor().execute(sql.SQL("drop database if exists {} with (force)").format(made))
        admin.cursor().execute(sql.SQL("create database {} template {}").format(made, copied))
        return Database(sandbox.target(server.folder, name), tmp_path_factory.mktemp(name))

    return create


class Shared(NamedTuple):
    """What is the same for all databases of the name SCRATCH: the project, read once."""

    project: Project
    file: Path  # what dbt keeps of it, which other processes read much faster; manifest.json is beside it


@pytest.fixture(scope="session")
def shared(database: Callable[..., Database]) -> Shared:
    """Parse the project."""
    parser = database(SCRATCH)
    with inprocess.environment(parser):
        project = Project()
    drop(parser)
    return Shared(project, parser.folder / "target" / "partial_parse.msgpack")


@pytest.fixture(scope="session")
def recording(database: Callable[..., Database], common_folder: Path, request: pytest.FixtureRequest) -> Recording:
    """Record two builds of the smallest legacy database: one with every test, one on top of it."""
    with (common_folder / "recording.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        file = common_folder / "recording.json"
        if not file.exists():
            _record(request.getfixturevalue("shared").project, database, common_folder).write(file)
        return Recording.read(file)


def _record(project: Project, database: Callable[..., Database], folder: Path) -> Recording:
    made = database(SCRATCH)
    made.load_legacy("tiny")
    with inprocess.environment(made):
        with listening() as first:
            results = project.dbt("build")
        results.write(str(folder / "run_results.json"))
        after_first = left(made)
        with listening() as again:
            project.build()
    (folder / "left.json").write_text(json.dumps([sorted(after_first), sorted(left(made))]), encoding="utf-8")
    drop(made)
    tests = [result.node for result in results if result.node.resource_type == "test"]
    return record(project.manifest, tests, first, again)


@pytest.fixture(scope="session")
def replay(recording: Recording) -> Replay:
    """The recording, addressed to the databases of the name SCRATCH."""
    return Replay(recording, SCRATCH)


@pytest.fixture(scope="session")
def data_tests(replay: Replay) -> dict[str, DataTest]:
    """Every data test, by name."""
    assert sum(test.is_error for test in replay.data_tests.values()) > 250
    return replay.data_tests


@pytest.fixture(scope="session")
def migrated_once(database: Callable[..., Database], replay: Replay) -> Database:
    """Migrate the smallest legacy database, once; rename the result, which is then a template."""
    made, template = database(SCRATCH), "migrated"
    made.load_legacy("tiny")
    made.build(replay)
    admin = connection.connect(replace(made.target, dbname="postgres"))
    admin.cursor().execute(f"alter database {SCRATCH} rename to {template}")
    admin.close()
    return replace(made, target=replace(made.target, dbname=template))


@pytest.fixture(scope="session")
def manifest(shared: Shared) -> dict[str, Any]:
    """The manifest of the project, as dbt writes it."""
    return json.loads((shared.file.parent / "manifest.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def handed_over_once(
    database: Callable[..., Database],
    migrated_once: Database,
    manifest: dict[str, Any],
    tmp_path_factory: pytest.TempPathFactory,
) -> Database:
    """Hand the migrated database over, once; the result is a template."""
    made = database("handed_over", migrated_once.target.dbname)
    hand_over(made, manifest, tmp_path_factory.mktemp("handed_over_files"))
    return made


def hand_over(made: Database, manifest: dict[str, Any], folder: Path) -> None:
    """Hand over what was built without a release."""
    with closing(made.connect()) as opened:
        records.prepare(opened)
        opened.cursor().execute(
            "insert into dispatch_release.publications (action, live_build_id) values ('publish', 'built')"
        )
        for role in ("dispatch_engineer", "dispatch_analyst"):
            if not connection.rows(opened, "select 1 from pg_roles where rolname = %s", (role,)):
                opened.cursor().execute(f"create role {role} nologin")
    with mock.patch.object(handover, "_manifest", return_value=manifest):
        handover.run(made.target, "app", False, folder)


@pytest.fixture
def handed_over(database: Callable[..., Database], handed_over_once: Database) -> Iterator[Database]:
    """Give a test a database that was handed over, by the name that recordings are made for."""
    made = database(SCRATCH, handed_over_once.target.dbname)
    yield made
    drop(made)


def drop(made: Database) -> None:
    """Drop a database, in use or not."""
    admin = connection.connect(replace(made.target, dbname="postgres"))
    admin.cursor().execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(made.target.dbname)))
    admin.close()


@pytest.fixture(scope="module")
def scratch(database: Callable[..., Database], shared: Shared) -> Iterator[Database]:
    """Give a module a database of its own, by the name that the project is parsed for."""
    yield from _own(database(SCRATCH), shared.file)


@pytest.fixture(scope="module")
def migrated(
    database: Callable[..., Database], migrated_once: Database, shared: Shared, common_folder: Path
) -> Iterator[Database]:
    """Give a module a database of that name, a copy of the migrated one."""
    yield from _own(database(SCRATCH, migrated_once.target.dbname), shared.file, common_folder / "run_results.json")


def _own(made: Database, *artifacts: Path) -> Iterator[Database]:
    (made.folder / "target").mkdir()
    for artifact in artifacts:
        shutil.copy(artifact, made.folder / "target")
    yield made
    drop(made)


@pytest.fixture(scope="module")
def project(scratch: Database, shared: Shared) -> Iterator[Project]:
    """Give a module the project, in the environment of its database."""
    with inprocess.environment(scratch):
        yield shared.project
