"""Runs dbt and shows its progress on one line."""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from time import monotonic

from ops.console import console, duration, say
from ops.errors import Failure
from ops.project import ROOT

DBT = [sys.executable, "-c", "from dbt.cli.main import cli; cli()"]


def build(environment: Mapping[str, str]) -> None:
    """Run `dbt build` with these variables set; raise Failure with dbt's own messages when anything fails."""
    start = monotonic()
    code, progress = run(["build"], environment)
    if code:
        log = ROOT / "logs" / "dbt.log"
        raise Failure("\n".join([*progress.messages, f"dbt build failed; its full log is {log}."]))
    say(f"dbt build: {progress.summary()}, {duration(monotonic() - start)}")


def run(arguments: list[str], environment: Mapping[str, str]) -> tuple[int, "Progress"]:
    """Run dbt with these variables set, showing its progress; return its exit code and what its log said.

    The profile is that of the project unless the variables name another folder, whatever else the user's shell says.
    """
    name = f"dbt {arguments[0]}"
    command = [*DBT, "--log-format", "json", "--no-use-colors", *arguments]
    progress = Progress()
    with (
        console.status(f"{name}: reading the project …") as status,
        subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, "DBT_PROJECT_DIR": str(ROOT), "DBT_PROFILES_DIR": str(ROOT), **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process,
    ):
        try:
            for line in process.stdout or ():
                if text := progress.take(line):
                    status.update(f"{name}: {text}")
                    if not console.is_terminal and progress.is_milestone():
                        say(f"{name}: {text}")
        except KeyboardInterrupt:
            for _ in process.stdout or ():  # dbt was interrupted too and says so; unread, its words would block it
                pass
            process.wait()
            raise
    return process.returncode, progress


class Progress:
    """What dbt's log lines add up to."""

    def __init__(self) -> None:
        """Start with nothing done."""
        self.done = self.total = self.warnings = 0
        self.statuses: Counter[str] = Counter()
        self.invocation_id = ""
        self.messages: list[str] = []
        self._last_milestone = 0

    def take(self, line: str) -> str | None:
        """Take in one line of dbt's JSON log; return the progress to show when it has changed."""
        try:
            event = json.loads(line)
            info, data = event["info"], event["data"]
        except (ValueError, KeyError, TypeError):
            self.messages.append(line.rstrip())  # not from dbt's log: Python's own complaint
            return None
        name = info["name"]
        self.invocation_id = info["invocation_id"]
        if name == "LogStartLine":
            self.total = data["total"]
            return f"{self.done}/{self.total} {data['node_info']['node_name']}"
        if name == "SkippingDetails" or (name.startswith("Log") and name.endswith("Result")):
            self.done += 1
            self.warnings += data.get("status") == "warn"
            self.statuses[data.get("status", "skipped")] += 1
            return f"{self.done}/{self.total} {data['node_info']['node_name']}"
        if info["level"] == "error":
            self.messages.append(info["msg"].rstrip())
        return None

    def is_milestone(self) -> bool:
        """Tell, once for each, that another fifth is done."""
        fifth = self.done * 5 // self.total if self.total else 0
        reached = fifth > self._last_milestone
        self._last_milestone = fifth
        return reached

    def summary(self) -> str:
        """Count what was built and tested."""
        warned = f", {self.warnings} of them with a warning" if self.warnings else ""
        return f"{self.done} models, seeds and tests{warned}"
