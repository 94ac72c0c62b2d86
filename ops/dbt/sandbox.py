"""An environment for dbt that ignores the user's: for rehearsal, lint, tests and benchmarks."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from ops.database.connection import Target
from ops.dbt import profiles
from ops.project import ROOT


def target(folder: Path, dbname: str = "postgres") -> Target:
    """Return a database of the embedded server in a folder, with the schemas of the example profile."""
    schema = profiles.example()["schema"]
    return Target(host=str(folder), port=5432, user="postgres", password="", dbname=dbname, schema=schema)


def environment(where: Target, folder: Path) -> dict[str, str]:
    """Return the variables that make dbt use this target, and a profile and output folders inside `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "profiles.yml").write_text(profiles.render(Path(where.host)), encoding="utf-8")
    # The variables of a shell that is set up for production must not reach the tests.
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("DISPATCH_", "DBT_", "PG"))}
    own = {
        "DBT_PROJECT_DIR": str(ROOT),
        "DBT_PROFILES_DIR": str(folder),
        "DBT_TARGET_PATH": str(folder / "target"),
        "DBT_LOG_PATH": str(folder / "logs"),
    }
    return kept | own | where.environment


def ops(variables: Mapping[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run python -m ops with these variables; errors are part of its output."""
    return subprocess.run(
        [sys.executable, "-m", "ops", *arguments],
        cwd=ROOT,
        env=variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )
