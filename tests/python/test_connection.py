import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing, nullcontext
from copy import copy
from dataclasses import replace
from types import SimpleNamespace
from typing import Any
from unittest import mock

import pytest
from conftest import Database, Shared

from ops import demo
from ops.database import connection
from ops.database.connection import Target, check_server, connect
from ops.database.server import Server, temporary_server
from ops.dbt import profiles
from ops.errors import Failure, Unreachable
from ops.handover import handover
from ops.project import ROOT
from ops.release import records
from ops.source import tables

FREE = Target(host="127.0.0.1", port=0, user="postgres", password="", dbname="postgres")


@pytest.fixture(scope="module")
def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_a_closed_port_is_named(closed_port: int):
    with pytest.raises(Failure, match=f"^No PostgreSQL answers at 127.0.0.1:{closed_port}: .*DISPATCH_PGHOST"):
        connect(replace(FREE, port=closed_port))


def test_stopped_embedded_server_names_the_command_that_starts_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DISPATCH_PGDATA", "/tmp/dispatch-test-nowhere")
    monkeypatch.delenv("DISPATCH_PGHOST", raising=False)
    with pytest.raises(Failure, match=r"nowhere: \.venv/bin/python -m ops server start starts it\.$"):
        connect(connection.target_from_environment())


def test_wrong_password_user_and_database_are_distinguished():
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
    monkeypatch.setattr(connection, "rows", lambda *_: [("postgres", "postgres", True, False, "UTF8")])
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
    monkeypatch.setenv("DBT_PROFILES_DIR", str(scratch.folder / "none"))
    with pytest.raises(Failure, match=r"^There is no .*none/profiles.yml: make setup writes it\.$"):
        profiles.schema()


def test_failure_prints_one_line_and_exits_with_1(closed_port: int):
    environment = os.environ | {"DISPATCH_PGHOST": "127.0.0.1", "DISPATCH_PGPORT": str(closed_port)}
    done = subprocess.run(
        [sys.executable, "-m", "ops", "psql", "-c", "select 1"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)


def ops(scratch: Database, *arguments: str, **variables: str) -> subprocess.CompletedProcess[bytes]:
    """Run the command line on a database, with further variables."""
    command = [sys.executable, "-m", "ops", *arguments]
    return subprocess.run(command, cwd=ROOT, env=scratch.environment | variables, capture_output=True, check=False)


def test_the_locale_changes_neither_what_is_read_nor_what_is_loaded(scratch: Database):
    """Here it knows ASCII alone; the legacy data and the messages know more."""
    ascii_only = {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    assert b"Nothing to show yet" in ops(scratch, "ledger", **ascii_only).stderr
    loaded = ops(scratch, "legacy", "load", "--scale", "tiny", **ascii_only)
    assert (loaded.returncode, loaded.stderr) == (0, b"")
    text = "select md5(string_agg(text, '' order by id)) from legacy.dispatch_comment"
    found = scratch.rows(text)
    scratch.execute("drop schema legacy cascade")
    scratch.load_legacy("tiny")
    assert found == scratch.rows(text)
    assert scratch.rows("select 1 from legacy.dispatch_comment where octet_length(text) > length(text) limit 1")


def test_only_our_own_variables_name_the_server(scratch: Database):
    done = ops(scratch, "ledger", PGHOSTADDR="203.0.113.7", PGSERVICE="x", PGOPTIONS="-c nonsense=1", PGTZ="Asia/Tokyo")
    assert done.stderr.startswith(b"Ignored: PGHOSTADDR, PGOPTIONS, PGSERVICE, PGTZ; only")
    assert b"Nothing to show yet" in done.stderr


def test_a_password_file_is_still_read(scratch: Database, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PGPASSFILE", "/somewhere")
    monkeypatch.setenv("PGSSLMODE", "disable")
    assert "PGSSLMODE" in connection.ignore_libpq_variables()
    assert os.environ["PGPASSFILE"] == "/somewhere"
    assert "PGSSLMODE" not in os.environ


SLOW = """
from ops.report import ledger
from ops.database.connection import rows
ledger.show = lambda connection: rows(connection, "select pg_sleep(60)")
from ops.__main__ import main
main()
"""


@pytest.mark.parametrize(
    ("is_interrupted", "code", "sentence"),
    [(True, 130, ""), (False, 1, "The server ended a statement: canceling statement due to user request. ")],
)
def test_only_ctrl_c_counts_as_an_interruption(scratch: Database, is_interrupted: bool, code: int, sentence: str):
    sleeper = "from pg_stat_activity where query = 'select pg_sleep(60)'"
    with subprocess.Popen(
        [sys.executable, "-c", SLOW, "ledger"], cwd=ROOT, env=scratch.environment, stderr=subprocess.PIPE, text=True
    ) as process:
        while not scratch.rows(f"select 1 {sleeper}"):
            assert process.poll() is None
            time.sleep(0.05)
        time.sleep(0.5)  # psycopg2 notices no signal that comes after it sent the statement and before it waits
        if is_interrupted:
            process.send_signal(signal.SIGINT)
        else:
            scratch.rows(f"select pg_cancel_backend(pid) {sleeper}")
        said = process.communicate(timeout=30)[1]
    assert process.returncode == code
    assert said.startswith(sentence) and bool(said) == bool(sentence)


def test_a_timeout_of_the_role_ends_no_statement(scratch: Database, server: Server):
    role = "alter role postgres in database scratch"
    for timeout in ("statement_timeout", *(["transaction_timeout"] if server.version >= 17 else [])):
        scratch.execute(f"{role} set {timeout} = '1s'")
    try:
        assert scratch.rows("select pg_sleep(1.5)") == [("",)]
    finally:
        scratch.execute(f"{role} reset all")


def test_an_encoding_that_lacks_characters_is_refused(scratch: Database):
    scratch.execute("create database latin encoding 'LATIN1' locale 'C' locale_provider libc template template0")
    with pytest.raises(Failure, match=r"^Database latin has encoding LATIN1: create one with encoding UTF8"):
        check_server(connect(replace(scratch.target, dbname="latin")))
    scratch.execute("drop database latin with (force)")


class Pooled:
    """What a pooler in transaction mode makes of sessions: a transaction gets one of the server's that is idle."""

    def __init__(self, idle: list[Any], is_transaction: bool = False):
        self.idle, self.is_transaction = idle, is_transaction

    def cursor(self) -> Any:
        return (self.idle.pop() if self.is_transaction else self.idle[-1]).cursor()


def test_a_pooler_in_transaction_mode_is_noticed(scratch: Database):
    backends = [scratch.connect(), scratch.connect()]
    other = scratch.connect()
    records.check_pooler(backends[0], other)  # in session mode every connection has a session of its own
    with pytest.MonkeyPatch.context() as patched, pytest.raises(Failure, match="pooler in transaction mode"):
        patched.setattr(records, "transaction", lambda pooled: nullcontext(pooled.cursor()))
        records.check_pooler(Pooled(backends), Pooled(backends, is_transaction=True))
    for each in (*backends, other):
        each.close()


def test_a_pooler_that_drops_the_settings_is_noticed(scratch: Database, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(connection, "session_options", lambda: "")
    with pytest.raises(Failure, match=r"search_path \"\$user\", public and not .* a pooler"):
        scratch.connect()


def test_a_legacy_server_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch, closed_port: int):
    monkeypatch.setenv(tables.DSN, f"host=127.0.0.1 port={closed_port} dbname=x user=x")
    with pytest.raises(
        Failure, match=r"^No PostgreSQL answers at the host and port in DISPATCH_LEGACY_DSN: .* refused\)\.$"
    ):
        tables.connect_legacy()


def test_a_database_may_have_an_equals_sign_but_no_quotation_mark(
    database: Callable[..., Database], handed_over_once: Database, shared: Shared
):
    named = database("my=db", handed_over_once.target.dbname)
    with closing(named.connect()) as opened:
        assert "CREATE TABLE app.orders" in handover._dump(named.target, opened.server_version // 10000, "app")
    done = subprocess.run(
        [sys.executable, "-m", "ops", "psql", "-At", "-c", "select current_database()"],
        cwd=ROOT, env=named.environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout == "my=db\n"
    quoted = database("o'db")
    with closing(quoted.connect()) as opened, pytest.raises(Failure, match=r"database o'db contains a quotation mark"):
        connection.check_server(opened)
    project = copy(shared.project)
    project.manifest = project.manifest.deepcopy()
    for node in project.manifest.nodes.values():
        node.database = "o'db"
    with mock.patch.dict(os.environ, quoted.environment, clear=True):
        refused = project.refusal("run", "--select", "stg_dispatch__roles")
    assert "the name of database o'db contains a quotation mark" in refused
    assert quoted.rows("select count(*) from pg_namespace where nspname like 'dispatch%'") == [(0,)]
