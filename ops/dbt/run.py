"""Runs dbt and shows its progress on one line."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from time import monotonic, sleep
from typing import Any

from ops.console import console, duration, say
from ops.dbt import profiles
from ops.errors import Failure
from ops.project import ROOT, close_folders, dbt_target_folder, log_folder

DBT = [sys.executable, "-c", "from dbt.cli.main import cli; cli()"]
# Ends dbt within a second when its parent process was killed: as an orphan it would continue to write. A process in the
# background ignores SIGINT by default, and SIGINT is what interrupts dbt here.
ENDS_WITH_PARENT = """
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
SHUTDOWN_SECONDS = 30  # for dbt to cancel its statements when it is interrupted


def build(environment: Mapping[str, str], *options: str, lost: Callable[[], str] = lambda: "") -> None:
    """Run `dbt build` with these variables set; raise Failure with dbt's own messages when anything fails."""
    start = monotonic()
    code, progress = run(["build", *options], environment, lost=lost)
    if code:
        log = log_folder() / "dbt.log"
        raise Failure("\n".join([*progress.messages, f"dbt build failed; its full log is {log}."]))
    say(f"dbt build: {progress.summary()}, {duration(monotonic() - start)}")


def run(
    arguments: list[str],
    environment: Mapping[str, str],
    check: Callable[[], object] = lambda: None,
    lost: Callable[[], str] = lambda: "",
) -> tuple[int, "Progress"]:
    """Run dbt with these variables set and show its progress; return its exit code and what its log said.

    `check` is called at every step of dbt; an exception that it raises, or Ctrl-C, interrupts dbt and is raised again.
    `lost` is called every second; when it returns a text, dbt is killed, and the text raised as a Failure.
    """
    if reason := lost():
        raise Failure(reason)
    close_folders()
    name = f"dbt {arguments[0]}"
    dbt = [sys.executable, "-c", ENDS_WITH_PARENT.format(parent=os.getpid())]
    command = [*dbt, "--log-format", "json", "--log-level", "info", "--no-use-colors", *arguments]
    progress = Progress()
    before = run_results()
    with (
        console.status(f"{name}: reading the project …") as status,
        subprocess.Popen(
            command,
            cwd=ROOT,
            env={**_inherited(), "DBT_PROJECT_DIR": str(ROOT), **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            umask=0o077,
            start_new_session=True,  # so that Ctrl-C reaches it only once, from here
        ) as process,
    ):
        threading.Thread(target=_kill_when, args=(lost, process), daemon=True).start()
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
                process.communicate(timeout=SHUTDOWN_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
            raise
    if reason := lost():
        raise Failure(reason)
    if (found := run_results()) != before:
        progress.conclude(found)
    if process.returncode < 0:
        name = signal.Signals(-process.returncode).name
        progress.messages = [f"Another process ended dbt with {name}; if it was the system, memory may be short."]
    return process.returncode, progress


def scratch_options(folder: str) -> list[str]:
    """Return the options of a run that leaves its artifacts in another folder and reads what the last one parsed."""
    parsed = dbt_target_folder() / "partial_parse.msgpack"
    return ["--target-path", folder, *(["--partial-parse-file-path", str(parsed)] if parsed.exists() else [])]


def _kill_when(lost: Callable[[], str], process: subprocess.Popen[str]) -> None:
    while process.poll() is None and not lost():
        sleep(1)
    process.kill()


def _inherited() -> dict[str, str]:
    """Return the environment without dbt's own variables, which could change what is built, but for the folders."""
    kept = ("DBT_TARGET_PATH", "DBT_LOG_PATH")
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("DBT_") or name.startswith("DBT_ENV_") or name in kept
    }
    return inherited | {"DBT_PROFILES_DIR": str(profiles.folder())}


def run_results() -> dict[str, Any]:
    """Return the artifact of the last dbt command that ran nodes; {} when there is none."""
    try:
        return json.loads((dbt_target_folder() / "run_results.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


class Progress:
    """The progress of dbt from its log and, at the end, its results from run_results.json."""

    def __init__(self) -> None:
        """Start with nothing done."""
        self.done = self.total = self.warnings = 0
        self.statuses: Counter[str] = Counter()
        self.invocation_id = ""
        self.messages: list[str] = []
        self._last_milestone = 0

    def take(self, line: str) -> str | None:
        """Read one line of dbt's JSON log; return the progress to show when it has changed."""
        try:
            event = json.loads(line)
            info, data = event["info"], event["data"]
        except (ValueError, KeyError, TypeError):
            self.messages.append(line.rstrip())  # not from dbt's log: an error of Python
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
        """Use the results that dbt wrote; its log says the same, unless a setting keeps it quiet."""
        self.invocation_id = run_results["metadata"]["invocation_id"]
        results = run_results["results"]
        self.statuses = Counter(each["status"] for each in results if not each["unique_id"].startswith("operation."))
        self.done, self.warnings = sum(self.statuses.values()), self.statuses["warn"]
        failed = [each for each in results if each["status"] in ("error", "fail", "runtime error")]
        if failed:
            self.messages = [_message(each) for each in failed]

    def is_milestone(self) -> bool:
        """Return True once for each fifth of the work."""
        fifth = self.done * 5 // self.total if self.total else 0
        reached = fifth > self._last_milestone
        self._last_milestone = fifth
        return reached

    def summary(self) -> str:
        """Count what was built and tested."""
        warned = f", {self.warnings} of them with a warning" if self.warnings else ""
        return f"{self.done} models, seeds and tests{warned}"


def _message(result: Mapping[str, Any]) -> str:
    """Return the name of what failed, and why."""
    _, _, name, *_ = result["unique_id"].split(".")
    message = (result["message"] or result["status"]).strip()
    return message if name in message or result["unique_id"].startswith("operation.") else f"{name}: {message}"
