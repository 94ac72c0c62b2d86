"""What lint and tests run dbt with: nothing of the user's environment, a profile and folders of their own."""

import os
from pathlib import Path

from ops.database.connection import Target
from ops.dbt import profiles
from ops.project import ROOT


def target(folder: Path, dbname: str = "postgres") -> Target:
    """Name a database of the embedded server in a folder."""
    return Target(host=str(folder), port=5432, user="postgres", password="", dbname=dbname)


def environment(where: Target, folder: Path) -> dict[str, str]:
    """Return the variables that make dbt use this target, and keep its profile and everything it writes in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "profiles.yml").write_text(profiles.render(Path(where.host)), encoding="utf-8")
    # A shell set up for production must not lead the tests there.
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("DISPATCH_", "DBT_", "PG"))}
    own = {
        "DBT_PROJECT_DIR": str(ROOT),
        "DBT_PROFILES_DIR": str(folder),
        "DBT_TARGET_PATH": str(folder / "target"),
        "DBT_LOG_PATH": str(folder / "logs"),
    }
    return kept | own | where.environment
