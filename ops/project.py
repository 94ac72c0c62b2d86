"""Where things are."""

import os
from pathlib import Path

from ops.errors import Failure

ROOT = Path(__file__).resolve().parent.parent
DBT_PROJECT = ROOT / "dbt_project.yml"
LEGACY_FILES = ROOT / "synthetic_legacy"
SOURCE_FILES = ROOT / "models" / "staging"
PROFILES = ROOT / "profiles.yml"
PROFILES_EXAMPLE = ROOT / "profiles.yml.example"


def close_folders() -> None:
    """Make the folders of logs and artifacts, or close old ones, to all but their owner: PostgreSQL quotes values."""
    for variable, folder in {"DBT_LOG_PATH": ROOT / "logs", "DBT_TARGET_PATH": ROOT / "target"}.items():
        if os.environ.get(variable):
            continue  # Who names a folder decides who may enter it; the files in it are closed all the same.
        try:
            folder.mkdir(exist_ok=True)
            folder.chmod(0o700)
        except OSError as error:
            raise Failure(
                f"{folder} cannot be used ({error.strerror}): it must be a folder of the user who works here;"
                f" delete it, or set {variable} to another one."
            ) from None
