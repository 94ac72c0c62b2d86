"""Runs dbt and shows its progress on one line."""

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from time import monotonic
from typing import Any

from ops.console import console, duration, say
from ops.errors import Failure
from ops.project import ROOT, close_folders

DBT = [sys.executable, "-c", "from dbt.cli.main import cli; cli()"]
# When the process that runs dbt is killed, dbt ends within a second: as an orphan it would go on writing.
# Whatever else is started in the background ignores Ctrl-C: dbt must hear it, for that is how it is told to end.
LEASHED = """
import os, signal, threading, time
signal.signal(signal.SIGINT, signal.default_int_handler)
def watch():
    while os.getppid() == {parent}:
        time.sleep(0.5)
    os._exit(1)
threading.Thread(target=watch, daemon=True).start()
from dbt.cli.main import cli
cli()
"""
PARTING_SECONDS = 30  # for dbt to cancel its statements when it is interrupted


def build(environment: Mapping[str, str], *options: str) -> None:
    """Run `dbt build` with these variables set; raise Failure with dbt's own messages when anything fails."""
    start = monotonic()
    code, progress = run(["build", *options], environment)
    if code:
        log = ROOT / "logs" / "dbt.log"
        raise Failure("\n".join([*progress.messages, f"dbt build failed; its full log is {log}."]))
    say(f"dbt build: {progress.summary()}, {duration(monotonic() - start)}")


def run(
    arguments: list[str], environment: Mapping[str, str], check: Callable[[], object] = lambda: None
) -> tuple[int, "Progress"]:
    """Run dbt with these variables set, showing its progress; return its exit code and what its log said.

    The profile is that of the project unless the variables name another folder, whatever else the user's shell says.
    `check` is called at every step of dbt; what it raises interrupts dbt and is passed on, as Ctrl-C is.
    """
    close_folders()
    name = f"dbt {arguments[0]}"
    dbt = [sys.executable, "-c", LEASHED.format(parent=os.getpid())]
    command = [*dbt, "--log-format", "json", "--log-level", "info", "--no-use-colors", *arguments]
    progress = Progress()
    before = _run_results()
    with (
        console.status(f"{name}: reading the project …") as status,
        subprocess.Popen(
            command,
            cwd=ROOT,
            env={**_inherited(), "DBT_PROJECT_DIR": str(ROOT), "DBT_PROFILES_DIR": str(ROOT), **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            umask=0o077,
            start_new_session=True,  # so that Ctrl-C reaches it once: from here
        ) as process,
    ):
        try:
            for line in process.stdout or ():
                check()
                if text := progress.take(line):
                    status.update(f"{name}: {text}")
                    if not console.is_terminal and progress.is_milestone():
                        say(f"{name}: {text}")
        except BaseException:
            process.send_signal(signal.SIGINT)
            try:
                process.communicate(timeout=PARTING_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
            raise
    if (found := _run_results()) != before:
        progress.conclude(found)
    if process.returncode < 0:
        name = signal.Signals(-process.returncode).name
        progress.messages = [f"dbt was ended from outside, by {name}: was the memory used up?"]
    return process.returncode, progress


def _inherited() -> dict[str, str]:
    """Return the environment without dbt's own settings, which could change what is built; not where it writes."""
    kept = ("DBT_TARGET_PATH", "DBT_LOG_PATH")
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("DBT_") or name.startswith("DBT_ENV_") or name in kept
    }


def _run_results() -> dict[str, Any]:
    """Read what the last dbt that ran nodes wrote down at its end; {} when there is nothing."""
    path = Path(os.environ.get("DBT_TARGET_PATH") or ROOT / "target") / "run_results.json"
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


class Progress:
    """What dbt's log lines add up to, and at the end what dbt itself wrote down."""

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
        if name == "LogStartLine":
            self.total = data["total"]
            return f"{self.done}/{self.total} {data['node_info']['node_name']}"
        if name == "SkippingDetails" or (name.startswith("Log") and name.endswith("Result")):
            self.done += 1
            return f"{self.done}/{self.total} {data['node_info']['node_name']}"
        if info["level"] == "error" and name != "LogSkipBecauseError":
            self.messages.append(info["msg"].rstrip())
        return None

    def conclude(self, run_results: dict[str, Any]) -> None:
        """Take over what dbt wrote down; its log says the same, unless a setting keeps it quiet."""
        self.invocation_id = run_results["metadata"]["invocation_id"]
        results = run_results["results"]
        self.statuses = Counter(each["status"] for each in results if not each["unique_id"].startswith("operation."))
        self.done, self.warnings = sum(self.statuses.values()), self.statuses["warn"]
        failed = [each for each in results if each["status"] in ("error", "fail", "runtime error")]
        if failed:
            self.messages = [_message(each) for each in failed]

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


def _message(result: Mapping[str, Any]) -> str:
    """Say what failed, and why."""
    _, _, name, *_ = result["unique_id"].split(".")
    message = (result["message"] or result["status"]).strip()
    return message if name in message or result["unique_id"].startswith("operation.") else f"{name}: {message}"
