"""Which SQL `make test` lints: what has changed, because sqlfluff takes a minute for all of it. CI lints everything."""

import os
import subprocess
from collections.abc import Mapping, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ops.project import ROOT

# A change of one of these is a change of every file: the rules, and the linter.
FOR_ALL = {ROOT / ".sqlfluff", ROOT / "requirements.lock"}


@dataclass(frozen=True)
class Group:
    """Files with the same configuration."""

    files: Set[Path]
    configuration: Set[Path] = frozenset()
    options: tuple[str, ...] = ()

    def changed(self, changes: Set[Path] | None, others: Set[Path] = frozenset()) -> set[Path]:
        """Return the files that are among the changes or the others; all of them if it is not known what changed."""
        if changes is None or changes & (FOR_ALL | self.configuration):
            return set(self.files)
        return self.files & (changes | others)


def _sql(*folders: str) -> set[Path]:
    return {file for folder in folders for file in (ROOT / folder).rglob("*.sql")}


_IGNORED = ROOT / "macros" / ".sqlfluffignore"
MACROS = Group(
    _sql("macros", "tests/generic", "offline_packages")
    - {ROOT / "macros" / line for line in _IGNORED.read_text(encoding="utf-8").splitlines()},
    {ROOT / "macros" / ".sqlfluff", _IGNORED},
    ("--config", "macros/.sqlfluff"),
)
_PLAIN_RULES = "synthetic_legacy/.sqlfluff"
PLAIN = Group(_sql("synthetic_legacy", "protocol"), {ROOT / _PLAIN_RULES}, ("--config", _PLAIN_RULES))
MODELS = Group(_sql("models", "analyses") | set((ROOT / "tests").glob("*.sql")))


def changes() -> set[Path] | None:
    """Return the files that differ from where this branch left main, or on main itself from the commit before.

    None in CI, and where git cannot tell.
    """
    if os.environ.get("CI"):
        return None
    try:
        # As CI knows it, or of a repository without a remote one.
        *_, main = _git("for-each-ref", "--format=%(refname)", "refs/heads/main", "refs/remotes/origin/main").split()
        base = _git("merge-base", "HEAD", main)
        if base == _git("rev-parse", "HEAD"):
            base = _git("rev-parse", "HEAD~1")
        differing = _git("diff", "--name-only", "--no-renames", "-z", base)
        untracked = _git("ls-files", "--others", "--exclude-standard", "-z")
    except (OSError, ValueError, subprocess.CalledProcessError):
        return None
    return {ROOT / name for name in f"{differing}\0{untracked}".split("\0") if name}


def made_by(manifest: Mapping[str, Any], changes: Set[Path] | None) -> set[Path]:
    """Return the files whose SQL is partly made by a macro that has changed, by way of others or not."""
    macros = {name: each for name, each in manifest["macros"].items() if each["package_name"] == "dispatch"}
    changed = {name for name, each in macros.items() if ROOT / each["original_file_path"] in (changes or ())}
    found: set[str] = set()
    while changed - found:
        found |= changed
        changed = {name for name, each in macros.items() if found & set(each["depends_on"]["macros"])}
    return {
        ROOT / node["original_file_path"]
        for node in manifest["nodes"].values()
        if found & set(node["depends_on"].get("macros", ()))
    }


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, encoding="utf-8", check=True)
    return done.stdout.strip()
