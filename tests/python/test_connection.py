import os
import socket
import subprocess
import sys
from dataclasses import replace
from types import SimpleNamespace

import pytest
from conftest import Database

from ops import connection, demo
from ops.connection import Target, check_server, connect
from ops.errors import Failure, Unreachable
from ops.project import ROOT
from ops.server import temporary_server

FREE = Target(host="127.0.0.1", port=0, user="postgres", password="", dbname="postgres")


@pytest.fixture(scope="module")
def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_a_closed_port_is_named(closed_port: int):
    with pytest.raises(Failure, match=f"^No PostgreSQL answers at 127.0.0.1:{closed_port}: .*DISPATCH_PGHOST"):
        connect(replace(FREE, port=closed_port))


def test_a_stopped_embedded_server_comes_with_the_command_that_starts_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DISPATCH_PGDATA", "/tmp/dispatch-test-nowhere")
    monkeypatch.delenv("DISPATCH_PGHOST", raising=False)
    with pytest.raises(Failure, match=r"nowhere: \.venv/bin/python -m ops server start starts it\.$"):
        connect(connection.target_from_environment())


def test_a_wrong_password_an_unknown_user_and_an_unknown_database_are_told_apart():
    with temporary_server() as server:
        target = Target(host=str(server.folder), port=5432, user="locked", password="wrong", dbname="postgres")
        owner = replace(target, user="postgres")
        opened = connect(owner)
        opened.cursor().execute("create role locked login password 'right'")
        rules = server.folder / "pg_hba.conf"
        rules.write_text("local all locked scram-sha-256\n" + rules.read_text())
        opened.cursor().execute("select pg_reload_conf()")
        opened.close()
        for password in ("wrong", ""):
            with pytest.raises(Failure, match=r"^Wrong password for user locked on .*DISPATCH_PGPASSWORD"):
                connect(replace(target, password=password))
        with connect(replace(target, password="right")) as entered, pytest.raises(Failure, match="may not create"):
            check_server(entered)
        opened = connect(owner)
        opened.cursor().execute("create role crowded login connection limit 0")
        opened.close()
        with pytest.raises(Unreachable, match=r"^No PostgreSQL session is free at .*too many connections"):
            connect(replace(target, user="crowded"))
        with pytest.raises(Failure, match=r"^There is no user ghost on .*DISPATCH_PGUSER"):
            connect(replace(target, user="ghost"))
        with pytest.raises(Failure, match=r"^There is no database ghost on .*DISPATCH_PGDATABASE"):
            connect(replace(owner, dbname="ghost"))


@pytest.mark.parametrize(
    ("version", "refused", "warned"),
    [(150012, True, False), (160000, False, False), (180001, False, False), (190000, False, True)],
)
def test_servers_from_16_to_18_are_accepted(monkeypatch: pytest.MonkeyPatch, version: int, refused: bool, warned: bool):
    monkeypatch.setattr(connection, "rows", lambda *_: [("postgres", "postgres", True, False)])
    server = SimpleNamespace(server_version=version)
    if refused:
        with pytest.raises(Failure, match=r"^The server is PostgreSQL 15 and the project needs 16 to 18.$"):
            check_server(server)
    else:
        assert (check_server(server) is not None) == warned


def test_a_port_must_be_a_number(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DISPATCH_PGPORT", "five")
    with pytest.raises(Failure, match="DISPATCH_PGPORT"):
        connection.target_from_environment()


def test_missing_legacy_tables_are_named(scratch: Database):
    opened = scratch.connect()
    with pytest.raises(Failure, match=r"^Schema legacy lacks auth_group, .* and \d+ more: .*legacy load"):
        demo.check_legacy(opened)
    opened.close()


def test_a_missing_profile_is_named(scratch: Database, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(demo, "PROFILES", scratch.folder / "none.yml")
    with pytest.raises(Failure, match="make setup"):
        demo.preflight(scratch.target)


def test_the_command_line_ends_in_one_sentence_and_exit_code_1(closed_port: int):
    environment = os.environ | {"DISPATCH_PGHOST": "127.0.0.1", "DISPATCH_PGPORT": str(closed_port)}
    done = subprocess.run(
        [sys.executable, "-m", "ops", "query", "select 1"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
