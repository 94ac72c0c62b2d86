from pathlib import Path

import hostile
import pytest
import yaml
from conftest import Database
from inprocess import parsed
from jinja2 import Environment

from ops import profiles
from ops.project import ROOT


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


def test_a_project_that_was_moved_is_told_so(file: Path):
    profiles.write(Path("/before"))
    assert "/after" in profiles.write(Path("/after"))
    assert host(file.read_text()) == "/before"


@pytest.mark.parametrize("folder", ["/it's", '/a "b"', "/back\\slash", "/o'b\\\"c/.postgres"])
def test_any_folder_name_survives_the_quoting(folder: str):
    assert host(profiles.render(Path(folder))) == folder


def test_the_environment_comes_first():
    text = profiles.render(Path("/somewhere"))
    assert host(text, DISPATCH_PGDATA="/data") == "/data"
    assert host(text, DISPATCH_PGDATA="/data", DISPATCH_PGHOST="db.example") == "db.example"


def test_the_pinned_settings_are_the_same_everywhere():
    """Those of both targets, those that a run asks for, and those that the tests set otherwise."""
    outputs = yaml.safe_load(profiles.PROFILES_EXAMPLE.read_text())["dispatch"]["outputs"]
    assert outputs["dev"]["search_path"] == outputs["prod"]["search_path"]
    path, *lines = outputs["prod"]["search_path"].split("\n")
    pinned = dict(line.removeprefix("--").split("=") for line in lines) | {"search_path": path}
    macro, asked = (ROOT / "macros" / "checks" / "session_settings.sql").read_text(), []
    Environment().from_string(macro + "{{ session_settings() }}").render({"return": asked.append})
    assert pinned == {"lock_timeout": "10min", **asked[0]}
    assert set(pinned) == set(hostile.SETTINGS)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (
            "--timezone=UTC",
            "timezone of this session is Pacific/Kiritimati and must be UTC: .* the line --timezone=UTC",
        ),
        ("pg_catalog, pg_temp", "search_path of this session is public, pg_catalog and must be pg_catalog, pg_temp:"),
    ],
)
def test_a_profile_that_lacks_a_line_is_refused(scratch: Database, line: str, sentence: str):
    scratch.load_legacy("tiny")
    with parsed(scratch) as project, hostile.settings(scratch):
        profile = scratch.folder / "profiles.yml"
        whole = profile.read_text()
        profile.write_text(whole.replace(f"{line}\n", "\n" if "=" in line else "public, pg_catalog\n"))
        with pytest.raises(Exception, match=sentence):
            project.dbt("run", "--select", "stg_dispatch__states")
        profile.write_text(whole)
