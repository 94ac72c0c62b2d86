"""Runs everything a change must pass, the fastest checks first: python -m tests.check."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from time import monotonic

from ops.console import console, duration, say
from ops.database.server import temporary_server
from ops.dbt import sandbox
from ops.project import ROOT
from tests.programs import DBT, SQLFLUFF

PROGRAMS = Path(sys.executable).parent
BOUNCER = [PROGRAMS / "dbt-bouncer", "run"]
WORKFLOWS = ROOT / ".github"
# Python's own warnings are about the processes of sqlfluff; dbt-bouncer cuts its messages to the width of the terminal.
QUIET = {"PYTHONWARNINGS": "ignore", "COLUMNS": "180"}


def run() -> int:
    """Run the checks up to the first that fails, and return its exit code; pytest comes last."""
    sqlfluff = [*SQLFLUFF, "lint", "--processes", "2", "--nocolor", "--disable-progress-bar"]
    jinja = ["--config", "macros/.sqlfluff", "macros", "tests/generic", "offline_packages"]
    schema = [PROGRAMS / "check-jsonschema", "--quiet", "--builtin-schema"]
    for heading, command in (
        ("ruff check", [PROGRAMS / "ruff", "check", "--quiet"]),
        ("ruff format", [PROGRAMS / "ruff", "format", "--check", "--quiet"]),
        ("yamllint", [PROGRAMS / "yamllint", "--strict", "."]),
        ("workflows", [*schema, "vendor.github-workflows", *sorted(WORKFLOWS.glob("workflows/*.yml"))]),
        ("actions", [*schema, "vendor.github-actions", *sorted(WORKFLOWS.glob("actions/*/action.yml"))]),
        ("zizmor", [PROGRAMS / "zizmor", "--offline", "--pedantic", "--quiet", WORKFLOWS]),
        ("sqlfluff, macros", [*sqlfluff, *jinja]),
        ("sqlfluff, synthetic_legacy", [*sqlfluff, "--config", "synthetic_legacy/.sqlfluff", "synthetic_legacy"]),
    ):
        if code := _check(heading, command, dict(os.environ) | QUIET):
            return code
    with temporary_server() as server, tempfile.TemporaryDirectory(prefix="dispatch-check-") as folder:
        environment = sandbox.environment(sandbox.target(server.folder), Path(folder)) | QUIET
        parse = [*DBT, "--quiet", "--warn-error", "parse", "--no-partial-parse"]
        if code := _check("dbt parse, warnings are errors", parse, environment):
            return code
        # dbt-bouncer and sqlfluff read dbt's artifacts; dbt-bouncer expects them inside the project's folder.
        if sys.version_info < (3, 11):
            say("── dbt-bouncer is left out: it needs Python 3.11 or newer", style="yellow")
        elif code := _check("dbt-bouncer", BOUNCER, environment | {"DBT_PROJECT_DIR": folder}):
            return code
        models = {*(ROOT / "models").rglob("*.sql"), *(ROOT / "tests").glob("*.sql")}
        changed = _changed()
        for heading, files in (
            ("sqlfluff, models and tests that have changed", models & changed),
            ("sqlfluff, models and tests", models - changed),
        ):
            if files and (code := _check(heading, [*sqlfluff, *sorted(files)], environment)):
                return code
    pytest = [sys.executable, "-m", "pytest", "-q", "--durations", "5"]
    heading = f"pytest on PostgreSQL {server.full_version}"
    return _check(heading, [*pytest, "--numprocesses", "2", "--dist", "loadscope", "--no-loadscope-reorder"])


def _changed() -> set[Path]:
    """Return the files that differ from the last commit; none where git cannot tell."""
    said = subprocess.run(
        ["git", "status", "--porcelain", "-z", "--untracked-files=all", "--no-renames"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    return {ROOT / line[3:] for line in said.split("\0") if line}


def _check(heading: str, command: list[str | Path], environment: dict[str, str] | None = None) -> int:
    say(f"── {heading}", style="bold")
    console.file.flush()
    start = monotonic()
    # Linters are verbose even without findings; pytest shows its progress.
    shown = None if "pytest" in command else subprocess.PIPE
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=environment,
        stdout=shown,
        stderr=shown and subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )
    if done.returncode and done.stdout:
        say(done.stdout.rstrip())
    if shown:
        outcome = ("failed", "red") if done.returncode else ("passed", "green")
        say(f"   {outcome[0]} in {duration(monotonic() - start)}", style=outcome[1])
    return done.returncode


if __name__ == "__main__":
    sys.exit(run())
