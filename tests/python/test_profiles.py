from pathlib import Path

import hostile
import pytest
import yaml
from conftest import Database
from inprocess import Project
from jinja2 import Environment

from ops.database.connection import check_server, connect
from ops.database.server import SETTINGS, Server, temporary_server
from ops.dbt import profiles, sandbox
from ops.errors import Failure
from ops.project import ROOT

ASSERT = ("run-operation", "assert_session")


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "profiles.yml"
    monkeypatch.setattr(profiles, "ROOT", tmp_path)
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


def test_moved_or_copied_project_does_not_use_the_old_server(file: Path):
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


def test_the_pinned_settings_are_the_same_everywhere():
    """Those of both targets, those that a run asks for, and those that the tests set otherwise."""
    outputs = yaml.safe_load(profiles.EXAMPLE.read_text())["dispatch"]["outputs"]
    assert outputs["dev"]["search_path"] == outputs["prod"]["search_path"]
    path, *lines = outputs["prod"]["search_path"].split("\n")
    pinned = dict(line.removeprefix("--").split("=") for line in lines) | {"search_path": path}
    macro, asked = (ROOT / "macros" / "checks" / "session_settings.sql").read_text(), []
    Environment().from_string(macro + "{{ session_settings() }}").render({"return": asked.append})
    assert pinned == {"lock_timeout": "10min", **asked[0]}
    assert set(pinned) == set(hostile.SETTINGS)


def test_dbt_refuses_a_profile_that_lacks_a_line(scratch: Database, project: Project):
    def without(line: str, instead: str) -> str:
        (scratch.folder / "profiles.yml").write_text(whole.replace(line, instead), encoding="utf-8")
        return project.refusal("run", "--select", "stg_dispatch__states")

    whole = profiles.render(Path(scratch.target.host))
    with hostile.settings(scratch):
        said = without("--timezone=UTC", "")
        assert "timezone of the connection is Pacific/Kiritimati and must be UTC: search_path of target dev in" in said
        assert "lacks the line --timezone=UTC that profiles.yml.example has" in said
        said = without("pg_catalog, pg_temp", "public, pg_catalog")
        assert "search_path of the connection is public, pg_catalog and must be pg_catalog, pg_temp" in said
    assert "legacy tables missing" in without("", "")


@pytest.mark.parametrize("name", ["PGSERVICE", "PGTZ"])
def test_dbt_refuses_variables_that_change_the_session(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
):
    (tmp_path / "services.conf").write_text("[UTC]\napplication_name=x\n", encoding="utf-8")
    monkeypatch.setenv("PGSERVICEFILE", str(tmp_path / "services.conf"))
    monkeypatch.setenv(name, "UTC")
    assert f"the environment variable {name} changes what dbt connects to" in project.refusal(*ASSERT)


def test_dbt_refuses_what_cannot_be_pinned(
    server: Server, scratch: Database, project: Project, monkeypatch: pytest.MonkeyPatch
):
    settings = [("session_replication_role", "replica", "origin")]
    if server.version >= 17:
        settings.append(("transaction_timeout", "10s", "0"))
    role = "alter role postgres in database scratch"
    for name, value, pinned in settings:
        scratch.execute(f"{role} set {name} = '{value}'")
        said = project.refusal(*ASSERT)
        scratch.execute(f"{role} reset all")
        assert f"{name} of the connection is {value} and must be {pinned}: alter role postgres reset" in said
    scratch.execute("create database iso_8859_1 encoding 'LATIN1' locale 'C' locale_provider libc template template0")
    monkeypatch.setenv("DISPATCH_PGDATABASE", "iso_8859_1")
    assert "server_encoding of the connection is LATIN1 and must be UTF8: make a" in project.refusal(*ASSERT)
    scratch.execute("drop database iso_8859_1 with (force)")


def test_a_standby_is_refused(project: Project, monkeypatch: pytest.MonkeyPatch):
    with temporary_server(settings=SETTINGS | {"wal_level": "replica"}) as server:
        server.stop()
        (server.folder / "standby.signal").touch()
        server.start()
        with pytest.raises(Failure, match=r"^The server is a standby, .* set DISPATCH_PGHOST to the primary\.$"):
            check_server(connect(sandbox.target(server.folder)))
        monkeypatch.setenv("DISPATCH_PGHOST", str(server.folder))
        monkeypatch.setenv("DISPATCH_PGDATABASE", "postgres")
        assert "the server is a standby, which nothing can be written to" in project.refusal(*ASSERT)
