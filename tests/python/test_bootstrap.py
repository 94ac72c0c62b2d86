import sys
from types import SimpleNamespace

import pytest

from ops import bootstrap


def test_an_old_python_is_refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture):
    old = SimpleNamespace(
        version_info=(3, 9, 1), version="3.9.1 (old)", executable="/usr/bin/python3", stderr=sys.stderr
    )
    monkeypatch.setattr(bootstrap, "sys", old)
    assert bootstrap.main("unused") == 1
    assert capsys.readouterr().err == "Python 3.10 or newer is needed and /usr/bin/python3 is 3.9.1.\n"


@pytest.mark.parametrize("module", ["ensurepip", "venv"])
def test_a_python_without_venv_is_refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture, module: str):
    monkeypatch.setitem(sys.modules, module, None)
    assert bootstrap.main("unused") == 1
    error = capsys.readouterr().err
    assert "has no venv module" in error
    assert error.count("\n") == 1
