"""dbt in this process and with a manifest parsed once: what takes dbt five seconds on its own takes one."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from unittest import mock

from dbt.artifacts.schemas.run import RunExecutionResult
from dbt.cli.main import dbtRunner, dbtRunnerResult

if TYPE_CHECKING:
    from conftest import Database


class Project:
    """The project as dbt parsed it for databases of one name."""

    # dbt's logs and artifacts take a quarter of the time of a run, and comments on columns (below) another.
    QUICK = ("--quiet", "--log-level", "none", "--log-level-file", "none", "--no-write-json")

    def __init__(self, *options: str) -> None:
        """Parse the project that the environment names."""
        self.options = options
        gc.disable()
        done = dbtRunner().invoke(["--quiet", "parse", *options])
        gc.enable()
        if not done.success:
            raise done.exception
        self.manifest = done.result
        self.manifest.selectors = {}  # dbt fails to copy them; the only one is for target spark
        for node in self.manifest.nodes.values():
            node.config.get("persist_docs", {}).pop("columns", None)
        gc.unfreeze()
        gc.collect()
        gc.freeze()  # a manifest has a million objects, and they would be looked through again and again

    def dbt(self, command: str, *arguments: str) -> RunExecutionResult:
        """Run dbt and return its results; fail with the messages of the nodes that failed."""
        done, _ = self._invoke(command, *arguments)
        if done.exception:
            raise done.exception
        failed = [f"{each.node.name}: {each.message}" for each in done.result if each.status in ("error", "fail")]
        assert done.success, "\n".join(failed)
        return done.result

    def build(self) -> RunExecutionResult:
        """Build everything but the tests."""
        return self.dbt("build", "--exclude", "resource_type:test", "resource_type:unit_test")

    def refusal(self, command: str, *arguments: str) -> str:
        """Run dbt and return why it refused, or ''."""
        done, said = self._invoke(command, *arguments)
        assert done.success or said or done.exception
        return "" if done.success else "\n".join([*said, str(done.exception or "")])

    def _invoke(self, *arguments: str) -> tuple[dbtRunnerResult, list[str]]:
        """Run dbt; return its result and its error messages."""
        said: list[str] = []
        runner = dbtRunner(
            # Running fills in the nodes, and the filled-in ones cannot be run again.
            manifest=self.manifest.deepcopy(),
            callbacks=[lambda event: said.append(event.info.msg) if event.info.level == "error" else None],
        )
        gc.disable()
        try:
            return runner.invoke([*self.QUICK, *arguments, *self.options, "--threads", "2"]), said
        finally:
            gc.enable()


@contextmanager
def environment(database: Database, **others: str) -> Iterator[None]:
    """Inside the block this process has the environment of a database."""
    with mock.patch.dict(os.environ, database.environment | others, clear=True):
        yield


@contextmanager
def parsed(database: Database, *options: str, **others: str) -> Iterator[Project]:
    """Parse the project for a database; inside the block this process has its environment."""
    with environment(database, **others):
        yield Project(*options)
