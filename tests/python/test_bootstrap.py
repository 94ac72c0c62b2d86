import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from ops import bootstrap
from ops.project import ROOT


def test_an_old_python_is_refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture):
    old = SimpleNamespace(
        version_info=(3, 9, 1), version="3.9.1 (old)", executable="/usr/bin/python3", stderr=sys.stderr
    )
    monkeypatch.setattr(bootstrap, "sys", old)
    assert bootstrap.main(".venv/unused", "requirements.lock") == 1
    assert capsys.readouterr().err == "Python 3.10 or newer is needed and /usr/bin/python3 is 3.9.1.\n"
    assert bootstrap.main(".venv-spark/unused", "requirements-spark.lock", "3.11") == 1
    assert capsys.readouterr().err == "Python 3.11 or newer is needed and /usr/bin/python3 is 3.9.1.\n"


@pytest.mark.parametrize("module", ["ensurepip", "venv"])
def test_a_python_without_venv_is_refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture, module: str):
    monkeypatch.setitem(sys.modules, module, None)
    assert bootstrap.main(".venv/unused", "requirements.lock") == 1
    error = capsys.readouterr().err
    assert "has no venv module" in error
    assert error.count("\n") == 1


SHORT = "#!{}/bin/python3\n"
LONG = """#!/bin/sh
'''exec' "{}/bin/python3" "$0" "$@"
' '''
"""


@pytest.mark.parametrize("shebang", [SHORT, LONG])
def test_an_environment_that_was_moved_or_copied_is_made_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, shebang: str
):
    monkeypatch.setattr(subprocess, "call", lambda *_, **__: 0)  # its Python, a link, starts wherever it lies
    original = tmp_path / "the original" / ".venv"
    copy, link = tmp_path / "copy", tmp_path / "link"
    for folder in (original, copy):
        (folder / "bin").mkdir(parents=True)
        (folder / "bin" / "pip").write_text(shebang.format(original))
    link.symlink_to(original)
    for folder, works in ((original, True), (link, True), (copy, False), (tmp_path / "not there", False)):
        assert bootstrap._works(str(folder / "bin" / "python")) is works


def test_the_modules_of_the_project_are_found_in_spite_of_pythonsafepath(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    packages = tmp_path / ".venv" / "lib" / "python3.11" / "site-packages"
    packages.mkdir(parents=True)
    monkeypatch.setattr(bootstrap, "_works", lambda _: True)
    monkeypatch.setattr(bootstrap, "_install", lambda *_: True)
    monkeypatch.chdir(ROOT)
    assert bootstrap.main(str(tmp_path / ".venv" / "lock-1"), "requirements.lock") == 0
    find = "import site, sys; site.addsitedir(sys.argv[1]); import ops.bootstrap"
    command = [sys.executable, "-I", "-S", "-c", find, packages]
    subprocess.run(command, cwd=tmp_path, check=True)
    (packages / "dispatch.pth").unlink()
    assert subprocess.run(command, cwd=tmp_path, capture_output=True).returncode == 1
