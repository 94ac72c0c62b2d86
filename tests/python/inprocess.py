"""dbt and python -m ops in this process: what takes them seconds to import and to parse is done once."""

from __future__ import annotations

import fcntl
import gc
import hashlib
import io
import os
import shutil
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from subprocess import CompletedProcess
from typing import TYPE_CHECKING
from unittest import mock

from dbt.artifacts.schemas.run import RunExecutionResult
from dbt.cli.main import dbtRunner, dbtRunnerResult
from dbt.contracts.graph.manifest import Manifest
from dbt.parser.manifest import ManifestLoader, extended_mashumaro_encoder

from ops.__main__ import main

if TYPE_CHECKING:
    from conftest import Database


PARSED = "partial_parse.msgpack"
# What dbt keeps of a parse: a folder for all processes that share the tests, set by the fixture of this name.
kept_parses: Path | None = None


def _parse(*options: str) -> Manifest:
    """Parse the project as dbt does, starting from what was kept of it for a database of this name."""
    assert kept_parses, "the fixture kept_parses has not run"
    profile = (Path(os.environ["DBT_PROFILES_DIR"]) / "profiles.yml").read_text(encoding="utf-8")
    without_server = profile.replace(os.environ["DISPATCH_PGHOST"], "")
    key = (os.environ["DBT_PROJECT_DIR"], os.environ["DISPATCH_PGDATABASE"], without_server, options)
    name = hashlib.sha256(repr(key).encode()).hexdigest()
    kept, own = kept_parses / name, Path(os.environ["DBT_TARGET_PATH"]) / PARSED
    with (kept_parses / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        start = ["--partial-parse-file-path", str(kept)] if kept.exists() else []
        with mock.patch.object(ManifestLoader, "is_partial_parsable", _is_parsable_for_another_server):
            done = dbtRunner().invoke(["--quiet", "parse", *start, *options])
        if not done.success:
            raise done.exception
        # dbt writes nothing where nothing has changed.
        own.write_bytes(done.result.to_msgpack(extended_mashumaro_encoder))
        if not start:
            shutil.copy(own, kept)
    return done.result


_is_parsable = ManifestLoader.is_partial_parsable


def _is_parsable_for_another_server(self: ManifestLoader, saved: Manifest) -> tuple[bool, str | None]:
    """Let dbt compare all but the connection."""
    saved.state_check.profile_hash = self.manifest.state_check.profile_hash
    return _is_parsable(self, saved)


class Project:
    """The project as dbt parsed it for databases of one name."""

    # dbt's logs and artifacts take a quarter of the time of a run, and comments on columns (below) another.
    QUICK = ("--quiet", "--log-level", "none", "--log-level-file", "none", "--no-write-json")

    def __init__(self, *options: str) -> None:
        """Parse the project that the environment names."""
        self.options = options
        gc.disable()
        self.manifest = _parse(*options)
        gc.enable()
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


def ops(variables: Mapping[str, str], *arguments: str) -> CompletedProcess[str]:
    """Run python -m ops with these variables; what programs say that it starts is not part of the output."""
    said, complained = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
    code, handler = 0, signal.getsignal(signal.SIGINT)
    with (
        mock.patch.dict(os.environ, variables, clear=True),
        mock.patch.object(sys, "argv", ["ops", *arguments]),
        redirect_stdout(said),
        redirect_stderr(complained),
    ):
        try:
            main()
        except SystemExit as end:
            code = end.code or 0
        finally:
            signal.signal(signal.SIGINT, handler)
    texts = []
    for stream in (said, complained):
        stream.seek(0)
        texts.append(stream.read())
    return CompletedProcess(arguments, int(code), *texts)
