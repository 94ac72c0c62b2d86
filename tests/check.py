"""Runs everything a change must pass, the fastest checks first: python -m tests.check."""

import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from time import monotonic
from xml.etree import ElementTree

from ops.console import console, duration, say
from ops.database.server import temporary_server
from ops.dbt import sandbox
from ops.project import ROOT
from tests import linting
from tests.programs import DBT, SQLFLUFF

PROGRAMS = Path(sys.executable).parent
BOUNCER = [PROGRAMS / "dbt-bouncer", "run"]
WORKFLOWS = ROOT / ".github"
# Python's own warnings are about the processes of sqlfluff; dbt-bouncer cuts its messages to the width of the terminal.
QUIET = {"PYTHONWARNINGS": "ignore", "COLUMNS": "180"}
SHOWN = 5


def run() -> int:
    """Run the checks up to the first that fails, and return its exit code; pytest comes last."""
    start, checks = monotonic(), Checks()
    schema = [PROGRAMS / "check-jsonschema", "--quiet", "--builtin-schema"]
    for heading, command in (
        ("ruff check", [PROGRAMS / "ruff", "check", "--quiet"]),
        ("ruff format", [PROGRAMS / "ruff", "format", "--check", "--quiet"]),
        ("yamllint", [PROGRAMS / "yamllint", "--strict", "."]),
        ("workflows", [*schema, "vendor.github-workflows", *sorted(WORKFLOWS.glob("workflows/*.yml"))]),
        ("actions", [*schema, "vendor.github-actions", *sorted(WORKFLOWS.glob("actions/*/action.yml"))]),
        ("zizmor", [PROGRAMS / "zizmor", "--offline", "--pedantic", "--quiet", WORKFLOWS]),
    ):
        if code := checks.run(heading, command, dict(os.environ) | QUIET):
            return code
    changes = linting.changes()
    for heading, group in (("sqlfluff, macros", linting.MACROS), ("sqlfluff, plain PostgreSQL", linting.PLAIN)):
        if code := checks.lint(heading, group, group.changed(changes), dict(os.environ)):
            return code
    with temporary_server() as server, tempfile.TemporaryDirectory(prefix="dispatch-check-") as folder:
        environment = sandbox.environment(sandbox.target(server.folder), Path(folder)) | QUIET
        parse = [*DBT, "--quiet", "--no-use-colors", "--warn-error", "parse", "--no-partial-parse"]
        if code := checks.run("dbt parse, warnings are errors", parse, environment):
            return code
        # dbt-bouncer and sqlfluff read dbt's artifacts; dbt-bouncer expects them inside the project's folder.
        if sys.version_info < (3, 11):
            checks.left_out.append("dbt-bouncer: it needs Python 3.11 or newer")
        elif code := checks.run("dbt-bouncer", BOUNCER, environment | {"DBT_PROJECT_DIR": folder}):
            return code
        manifest = json.loads((Path(folder) / "target" / "manifest.json").read_text(encoding="utf-8"))
        files = linting.MODELS.changed(changes, linting.made_by(manifest, changes))
        if code := checks.lint("sqlfluff, models and tests", linting.MODELS, files, environment):
            return code
    code = checks.pytest(f"pytest on PostgreSQL {server.full_version}")
    checks.summarize(monotonic() - start)
    return code


class Checks:
    """What has been run, and how long it took."""

    def __init__(self) -> None:
        """Start with nothing run."""
        self.steps: list[tuple[float, str]] = []
        self.left_out: list[str] = []

    def run(self, heading: str, command: list[str | Path], environment: dict[str, str]) -> int:
        """Run a check; show what it says only when it fails, because linters are verbose even without findings."""
        say(f"── {heading}", style="bold")
        console.file.flush()
        start = monotonic()
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
        )
        seconds = monotonic() - start
        self.steps.append((seconds, heading))
        if done.returncode and done.stdout:
            say(done.stdout.rstrip())
        outcome = ("failed", "red") if done.returncode else ("passed", "green")
        say(f"   {outcome[0]} in {duration(seconds)}", style=outcome[1])
        return done.returncode

    def lint(self, heading: str, group: linting.Group, files: set[Path], environment: dict[str, str]) -> int:
        """Lint these files of a group; the others are left to CI."""
        if rest := len(group.files) - len(files):
            self.left_out.append(
                f"{heading}: {rest} of {len(group.files)} files, which have not changed; CI lints them"
            )
        if not files:
            return 0
        command = [*SQLFLUFF, "lint", "--processes", "2", "--nocolor", "--disable-progress-bar", *group.options]
        return self.run(f"{heading}: {len(files)} files", [*command, *sorted(files)], environment | QUIET)

    def pytest(self, heading: str) -> int:
        """Run the tests in two processes; pytest shows its progress."""
        say(f"── {heading}", style="bold")
        console.file.flush()
        with tempfile.TemporaryDirectory(prefix="dispatch-check-") as folder:
            results = Path(folder) / "results.xml"
            pytest = [sys.executable, "-m", "pytest", "-q", "--junit-xml", results]
            two = ["--numprocesses", "2", "--dist", "loadscope", "--no-loadscope-reorder"]
            code = subprocess.run([*pytest, *two], cwd=ROOT, check=False).returncode
            if results.exists():
                self.steps += (
                    (float(case.get("time")), f"{case.get('classname').rpartition('.')[2]}::{case.get('name')}")
                    for case in ElementTree.parse(results).iter("testcase")
                )
        return code

    def summarize(self, seconds: float) -> None:
        """Print the slowest steps, what it all took, and what was not run."""
        say(f"── {len(self.steps)} steps; the slowest, fixtures included:", style="bold")
        for each, name in sorted(self.steps, reverse=True)[:SHOWN]:
            say(f"   {duration(each):>12}  {name}")
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        processor = f"{used.ru_utime + used.ru_stime:.0f} s of processor time, without PostgreSQL's"
        say(f"   {duration(seconds)}, {processor}")
        for each in self.left_out:
            say(f"   not run: {each}", style="yellow")


if __name__ == "__main__":
    sys.exit(run())
