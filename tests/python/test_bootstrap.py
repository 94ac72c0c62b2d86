import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from ops import bootstrap


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
