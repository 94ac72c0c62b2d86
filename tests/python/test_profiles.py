from pathlib import Path

import pytest
import yaml
from jinja2 import Environment

from ops import profiles


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "profiles.yml"
    monkeypatch.setattr(profiles, "PROFILES", path)
    monkeypatch.delenv("DISPATCH_PGDATA", raising=False)
    return path


def host(text: str, **variables: str) -> str:
    """The host that dbt would use, as dbt finds it: YAML first, then Jinja."""
    template = yaml.safe_load(text)["dispatch"]["outputs"]["dev"]["host"]
    return Environment().from_string(template).render(env_var=lambda name, default: variables.get(name, default))


def test_a_profile_is_written_once_and_never_overwritten(file: Path):
    assert "written" in profiles.write(Path("/somewhere"))
    assert host(file.read_text()) == "/somewhere"
    file.write_text("mine: true\n")
    assert profiles.write(Path("/somewhere")) == "profiles.yml kept"
    assert file.read_text() == "mine: true\n"


def test_a_project_that_was_moved_or_copied_does_not_use_the_old_server(file: Path):
    profiles.write(Path("/before"))
    assert "/after" in profiles.write(Path("/after"))
    assert host(file.read_text()) == "/after"


@pytest.mark.parametrize("folder", ["/it's", '/a "b"', "/back\\slash", "/o'b\\\"c/.postgres"])
def test_any_folder_name_survives_the_quoting(folder: str):
    assert host(profiles.render(Path(folder))) == folder


def test_the_environment_comes_first():
    text = profiles.render(Path("/somewhere"))
    assert host(text, DISPATCH_PGDATA="/data") == "/data"
    assert host(text, DISPATCH_PGDATA="/data", DISPATCH_PGHOST="db.example") == "db.example"
