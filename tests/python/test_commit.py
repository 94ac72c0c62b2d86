"""The commit that releases and hand-overs record is that of the project itself."""

import subprocess
from pathlib import Path

import pytest

from ops import project


def git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@example.com", *arguments]
    return subprocess.run(command, check=True, capture_output=True, encoding="utf-8").stdout.strip()


def test_the_commit_of_a_repository_around_the_project_is_not_taken_for_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    git(tmp_path, "init", "-q")
    git(tmp_path, "commit", "-q", "--allow-empty", "-m", "around")
    unpacked = tmp_path / "dispatch"
    unpacked.mkdir()
    monkeypatch.setattr(project, "ROOT", unpacked)
    assert project.git_commit() is None
    monkeypatch.setattr(project, "ROOT", tmp_path)
    assert project.git_commit() == git(tmp_path, "rev-parse", "HEAD")
    worktree = tmp_path / "worktree"
    git(tmp_path, "worktree", "add", "-q", str(worktree))
    monkeypatch.setattr(project, "ROOT", worktree)
    assert project.git_commit() == git(tmp_path, "rev-parse", "HEAD")
