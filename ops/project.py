"""Where things are, and which commit this is."""

import os
import subprocess
from pathlib import Path

from ops.errors import Failure

ROOT = Path(__file__).resolve().parent.parent
DBT_PROJECT = ROOT / "dbt_project.yml"
LEGACY_FILES = ROOT / "synthetic_legacy"
BENCHMARKS = ROOT / "target" / "benchmarks"  # what make bench writes and make docs shows
SOURCE_FILES = ROOT / "models" / "staging"


def close_folders() -> None:
    """Make the folders of logs and artifacts private to their owner, because PostgreSQL's messages quote values."""
    for variable, folder in {"DBT_LOG_PATH": ROOT / "logs", "DBT_TARGET_PATH": ROOT / "target"}.items():
        if os.environ.get(variable):
            continue  # Whoever names a folder decides who may enter it; the files in it are private all the same.
        try:
            folder.mkdir(exist_ok=True)
            folder.chmod(0o700)
        except OSError as error:
            raise Failure(
                f"{folder} cannot be used ({error.strerror}): it must be a folder of the user who works here;"
                f" delete it, or set {variable} to another one."
            ) from None


def dbt_target_folder() -> Path:
    """Return the folder in which dbt leaves its artifacts."""
    return Path(os.environ.get("DBT_TARGET_PATH") or ROOT / "target")


def log_folder() -> Path:
    """Return the folder in which dbt leaves its log."""
    return Path(os.environ.get("DBT_LOG_PATH") or ROOT / "logs")


def git_commit(length: int = 40) -> str | None:
    """Return the commit of the working tree, marked `-dirty` when files differ from it; None outside a repository.

    The project may have been unpacked inside another repository, whose commit says nothing about it.
    """
    if not (ROOT / ".git").exists():
        return None
    command = ["git", "-C", str(ROOT), "describe", "--always", f"--abbrev={length}", "--exclude=*", "--dirty"]
    try:
        done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=60, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None
