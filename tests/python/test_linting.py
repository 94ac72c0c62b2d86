"""What make test leaves to CI: only what has not changed."""

import subprocess
from pathlib import Path

import pytest
from conftest import Shared

from ops.project import ROOT
from tests import linting

NAMES = ("kept.sql", "committed.sql", "edited.sql")


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with three files on main."""
    monkeypatch.delenv("CI", raising=False)
    for name, value in {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}.items():
        monkeypatch.setenv(name, value)
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_NAME", "somebody")
        monkeypatch.setenv(f"GIT_{who}_EMAIL", "somebody@example.org")
    monkeypatch.setattr(linting, "ROOT", tmp_path)
    git(tmp_path, "init", "--quiet", "--initial-branch", "main")
    for name in NAMES:
        (tmp_path / name).write_text("select 1")
    commit(tmp_path)
    return tmp_path


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=folder, check=True)


def commit(folder: Path) -> None:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "a commit")


def names(changes: set[Path] | None) -> set[str]:
    assert changes is not None
    return {file.name for file in changes}


def test_a_branch_has_changed_what_it_committed_and_what_it_did_not(repository: Path) -> None:
    git(repository, "switch", "--quiet", "--create", "branch")
    (repository / "committed.sql").write_text("select 2")
    commit(repository)
    (repository / "edited.sql").write_text("select 2")
    (repository / "new.sql").touch()
    assert names(linting.changes()) == {"committed.sql", "edited.sql", "new.sql"}


def test_main_has_changed_what_ci_has_not_seen_or_its_last_commit(repository: Path) -> None:
    (repository / "committed.sql").write_text("select 2")
    commit(repository)
    assert names(linting.changes()) == {"committed.sql"}
    git(repository, "update-ref", "refs/remotes/origin/main", "HEAD")
    (repository / "edited.sql").write_text("select 2")
    commit(repository)
    (repository / "new.sql").touch()
    assert names(linting.changes()) == {"edited.sql", "new.sql"}


def test_everything_is_linted_in_ci_and_where_git_cannot_tell(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert linting.changes() is None, "there is only one commit"
    commits = [git(repository, "commit", "--quiet", "--allow-empty", "--message", "another") for _ in range(2)]
    assert len(commits) == 2 and linting.changes() == set()
    monkeypatch.setenv("CI", "true")
    assert linting.changes() is None
    monkeypatch.delenv("CI")
    monkeypatch.setattr(linting, "ROOT", repository / "kept.sql")
    assert linting.changes() is None


def test_changed_rules_lint_every_file() -> None:
    for group in (linting.MACROS, linting.PLAIN, linting.MODELS):
        some = set(sorted(group.files)[:2])
        assert group.changed(some | {ROOT / "README.md"}) == some
        assert group.changed(some | {ROOT / ".sqlfluff"}) == group.changed(None) == group.files
        for file in group.configuration:
            assert file.is_file()
            assert group.changed({file}) == group.files
    assert all(len(group.files) > 10 for group in (linting.MACROS, linting.PLAIN, linting.MODELS))


def test_changed_macro_lints_what_it_makes(shared: Shared) -> None:
    manifest = shared.project.manifest.writable_manifest().to_dict(omit_none=False)

    def made_by(name: str) -> set[str]:
        (file,) = (ROOT / "macros").rglob(f"{name}.sql")
        return names(linting.made_by(manifest, {file}))

    assert made_by("migrated_rows") > {"payments.sql", "orders.sql"}
    assert "int_payments__triaged.sql" not in made_by("migrated_rows")
    assert linting.made_by(manifest, None) == linting.made_by(manifest, {ROOT / "README.md"}) == set()
