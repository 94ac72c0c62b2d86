"""dbt in this process and with a manifest parsed once: what takes dbt five seconds on its own takes one."""

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from conftest import Database
from dbt.cli.main import dbtRunner, dbtRunnerResult


class Project:
    """The project as dbt parsed it for one database."""

    # dbt's logs and artifacts take a quarter of the time of a run, and comments on columns another.
    QUICK = ("--quiet", "--log-level", "none", "--log-level-file", "none", "--no-write-json")

    def __init__(self, *options: str) -> None:
        """Parse the project that the environment names."""
        self.options = options
        gc.disable()
        self.manifest = dbtRunner().invoke(["--quiet", "parse", *options]).result
        self.manifest.selectors = {}  # dbt fails to copy them; the only one is for target spark
        for node in self.manifest.nodes.values():
            node.config.persist_docs = {}
        gc.enable()
        gc.collect()
        gc.freeze()  # a manifest has a million objects, and they would be looked through again and again

    def dbt(self, command: str, *arguments: str) -> list[Any]:
        """Run dbt and return its results; fail with the messages of the nodes that failed."""
        done, _ = self._invoke(command, *arguments)
        if done.exception:
            raise done.exception
        failed = [f"{each.node.name}: {each.message}" for each in done.result if each.status in ("error", "fail")]
        assert done.success, "\n".join(failed)
        return list(done.result)

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
def parsed(database: Database, *options: str, **environment: str) -> Iterator[Project]:
    """Parse the project for a database; inside the block this process has its environment."""
    with mock.patch.dict(os.environ, database.environment | environment, clear=True):
        yield Project(*options)
    gc.unfreeze()
