"""Everything a change must pass, in the order in which mistakes are cheapest to find."""

import subprocess
import sys
import tempfile
from pathlib import Path
from time import monotonic

from ops import sandbox
from ops.build import DBT
from ops.console import console, duration, say
from ops.project import ROOT
from ops.server import temporary_server

PROGRAMS = Path(sys.executable).parent
PROPERTIES = "tests/python/test_properties.py"


def run() -> int:
    """Run the checks up to the first that fails, and return its exit code; pytest has the last word."""
    lint = [
        ("ruff check", [PROGRAMS / "ruff", "check", "--quiet"]),
        ("ruff format", [PROGRAMS / "ruff", "format", "--check", "--quiet"]),
        ("yamllint", [PROGRAMS / "yamllint", "--strict", "."]),
    ]
    # The generic tests are macros, of which the templater can make nothing.
    sql = [*(ROOT / "models").rglob("*.sql"), *(ROOT / "snapshots").rglob("*.sql"), *(ROOT / "tests").glob("*.sql")]
    sqlfluff = [PROGRAMS / "sqlfluff", "lint", "--processes", "2", "--nocolor", "--disable-progress-bar"]
    dbt = [
        ("sqlfluff", [*sqlfluff, *sorted(sql)]),
        ("dbt parse, warnings are errors", [*DBT, "--quiet", "--warn-error", "parse", "--no-partial-parse"]),
    ]
    for heading, command in lint:
        if code := _check(heading, command):
            return code
    with temporary_server() as server, tempfile.TemporaryDirectory(prefix="dispatch-check-") as folder:
        environment = sandbox.environment(sandbox.target(server.folder), Path(folder))
        environment["PYTHONWARNINGS"] = "ignore"  # Python's own, about the processes of sqlfluff
        for heading, command in dbt:
            if code := _check(heading, command, environment):
                return code
    # Two processes at a time: the property tests start their own, the others are shared out file by file.
    pytest = [sys.executable, "-m", "pytest", "-q"]
    if code := _check("properties", [*pytest, PROPERTIES]):
        return code
    return _check("pytest", [*pytest, "--ignore", PROPERTIES, "--numprocesses", "2", "--dist", "loadfile"])


def _check(heading: str, command: list[str | Path], environment: dict[str, str] | None = None) -> int:
    say(f"── {heading}", style="bold")
    console.file.flush()
    start = monotonic()
    code = subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode
    if heading != "pytest":
        say(f"   {'failed' if code else 'passed'} in {duration(monotonic() - start)}", style="red" if code else "green")
    return code
