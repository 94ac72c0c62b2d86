import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from ops.database import connection
from ops.database.server import PORT, POSTGRES_VERSIONS, SETTINGS, SOCKET_LIMIT, Server, temporary_server
from ops.dbt import sandbox
from ops.errors import Failure
from ops.project import ROOT

OPS = [sys.executable, "-m", "ops"]


@pytest.fixture
def own() -> Iterator[Server]:
    """A running server that a test may ill-treat."""
    with temporary_server() as server:
        yield server


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short path where nothing is yet."""
    path = Path(f"/tmp/dispatch-test-{os.getpid()}")
    yield path
    Server(path).stop()
    shutil.rmtree(path, ignore_errors=True)


def query(server: Server, statement: str) -> list[tuple]:
    opened = connection.connect(sandbox.target(server.folder))
    try:
        return connection.rows(opened, statement)
    finally:
        opened.close()


def test_a_server_starts_once_stops_once_and_keeps_its_data(folder: Path):
    server = Server(folder)
    assert server.status().state == "absent"
    assert not server.stop()
    assert server.start()
    assert not server.start()
    assert server.status().state == "running"
    opened = connection.connect(sandbox.target(folder))
    opened.cursor().execute("create table public.kept as select 1 as one")
    opened.close()
    assert server.stop()
    assert not server.stop()
    assert server.status() == ("stopped", None)
    assert server.start()
    assert query(server, "select one from public.kept") == [(1,)]


def test_the_server_is_reached_through_its_socket_only(server: Server):
    assert (server.folder / f".s.PGSQL.{PORT}").is_socket()
    assert query(server, "select current_setting('listen_addresses')") == [("",)]
    assert server.folder.stat().st_mode & 0o077 == 0


def test_postgres_never_runs_as_root(server: Server):
    assert psutil.Process(server.status().process).uids().real != 0


def test_concurrent_starts_end_in_one_server(folder: Path):
    environment = os.environ | {"DISPATCH_PGDATA": str(folder)}
    command = [*OPS, "server", "start"]
    starts = [subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    said = [start.communicate(timeout=120)[0] for start in starts]
    assert [start.returncode for start in starts] == [0, 0, 0]
    assert sum("started" in line for line in said) == 1


def test_a_killed_server_starts_again(own: Server):
    os.kill(own.status().process, signal.SIGKILL)
    assert own.start()
    assert query(own, "select 1") == [(1,)]


def test_stale_process_id_of_another_program_is_removed(own: Server):
    own.stop()
    (own.folder / "postmaster.pid").write_text(f"{os.getpid()}\n{own.folder}\n0\n{PORT}\n.\n\n0 0\nready\n")
    assert own.status() == ("stopped", None)
    assert own.start()
    assert own.status().process != os.getpid()


def test_the_server_of_a_deleted_folder_is_ended(folder: Path):
    server = Server(folder)
    server.start()
    left = server.status().process
    shutil.rmtree(folder)
    lines: list[str] = []
    assert server.start(lines.append)
    assert len(lines) == 1
    assert str(left) in lines[0]
    assert server.status().process != left


def test_a_socket_path_that_is_too_long_is_refused(tmp_path: Path):
    path = tmp_path / ("x" * SOCKET_LIMIT)
    with pytest.raises(Failure, match=r"socket path of \d+ bytes.*DISPATCH_PGDATA"):
        Server(path).start()
    assert not path.exists()


@pytest.mark.parametrize("name", ["x$(touch y)", 'a "quoted" name', "`touch y`", "back\\slash", "it's $HOME; touch y"])
def test_no_shell_reads_the_path_of_the_folder(name: str):
    parent = Path(tempfile.mkdtemp(prefix="d-", dir="/tmp"))
    server = Server(parent / name)
    try:
        assert server.start()
        assert query(server, "select 1") == [(1,)]
        assert server.status().process in psutil.pids()
        assert os.getsid(server.status().process) != os.getsid(0)
        assert (server.log.stat().st_mode & 0o777, server.log.owner()) == (0o600, server.folder.owner())
        assert server.stop()
        assert server.status() == ("stopped", None)
        assert server.start()
        assert server.stop()
    finally:
        server.stop()
        made = [each.name for each in parent.iterdir()]
        shutil.rmtree(parent)
    assert made == [name]


def test_a_path_that_a_program_would_misread_is_refused(folder: Path, tmp_path: Path):
    with pytest.raises(Failure, match=r"because of the character ',' in the path"):
        Server(folder / "a,b").start()
    programs = tmp_path / "$(touch y)"
    programs.symlink_to(POSTGRES_VERSIONS[18])
    with pytest.raises(Failure, match=r"because of the character '\$' in the path: move the project"):
        Server(folder, programs).start()


def test_a_killed_start_leaves_a_server_that_can_be_stopped(folder: Path):
    """The server does not depend on the command that starts it."""
    Server(folder).start()
    Server(folder).stop()
    (folder / "server.log").unlink()
    environment = os.environ | {"DISPATCH_PGDATA": str(folder)}
    starting = subprocess.Popen([*OPS, "server", "start"], cwd=ROOT, env=environment, start_new_session=True)
    while not (folder / "postmaster.pid").exists():
        time.sleep(0.01)
    os.killpg(starting.pid, signal.SIGKILL)
    starting.wait()
    server = Server(folder)
    server.start()
    assert query(server, "select 1") == [(1,)]
    assert server.stop()


def test_a_folder_whose_creation_was_killed_is_a_sentence(folder: Path):
    environment = os.environ | {"DISPATCH_PGDATA": str(folder)}
    starting = subprocess.Popen([*OPS, "server", "start"], cwd=ROOT, env=environment, start_new_session=True)
    while not (folder / "postmaster.pid").exists():
        time.sleep(0.01)
    os.killpg(starting.pid, signal.SIGKILL)
    starting.wait()
    with pytest.raises(Failure, match="delete it and start again"):
        Server(folder).start()


def test_a_folder_with_other_things_in_it_is_refused(folder: Path):
    folder.mkdir()
    (folder / "letter.txt").touch()
    owner = folder.owner()
    with pytest.raises(Failure, match="not empty and contains no PostgreSQL data"):
        Server(folder).start()
    assert folder.owner() == owner


def test_a_data_folder_of_another_version_is_refused(own: Server):
    own.stop()
    (own.folder / "PG_VERSION").write_text("15\n")
    with pytest.raises(Failure, match="created by PostgreSQL 15"):
        own.start()


def test_an_older_version_runs_with_settings_of_its_own():
    with temporary_server(POSTGRES_VERSIONS[16], SETTINGS | {"wal_level": "logical", "max_wal_senders": 1}) as older:
        ((version, level),) = query(older, "select current_setting('server_version'), current_setting('wal_level')")
    assert version.startswith("16.")
    assert level == "logical"


def test_a_folder_without_programs_is_named(folder: Path, tmp_path: Path):
    with pytest.raises(Failure, match="correct DISPATCH_PGBIN"):
        Server(folder, tmp_path).start()


def test_a_damaged_data_folder_is_named_with_its_log(own: Server):
    own.stop()
    (own.folder / "global" / "pg_control").unlink()
    with pytest.raises(Failure, match=r"did not start .*server\.log.*delete it"):
        own.start()


def test_the_commands_print_one_line_and_no_warnings(folder: Path):
    environment = os.environ | {"DISPATCH_PGDATA": str(folder)}
    environment.pop("XDG_RUNTIME_DIR", None)

    def run(*arguments: str) -> tuple[int, int, str]:
        done = subprocess.run(
            [*OPS, "server", *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
        )
        return done.returncode, len(done.stdout.splitlines()), done.stderr

    assert run("status") == (1, 1, "")
    assert run("start") == (0, 1, "")
    assert run("status") == (0, 1, "")
    assert run("stop") == (0, 1, "")
    assert run("stop") == (0, 1, "")


def test_an_ordinary_user_runs_a_server_of_its_own(tmp_path_factory: pytest.TempPathFactory):
    """As root, with a user that may only read; as an ordinary user the other tests show it already."""
    become = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("only root can become another user")
    if subprocess.run([*become, *OPS, "--help"], cwd=ROOT, capture_output=True, check=False).returncode:
        pytest.skip("other users cannot reach this Python or this project")
    folder = Path(f"/tmp/dispatch-test-nobody-{os.getpid()}")
    environment = os.environ | {"DISPATCH_PGDATA": str(folder)}
    try:
        subprocess.run([*become, *OPS, "server", "start"], cwd=ROOT, env=environment, check=True)
        assert psutil.Process(Server(folder).status().process).uids().real == 65534
        # Root looks after a server that is not its own as the owner would.
        assert not Server(folder).start()
        assert Server(folder).stop()
        assert Server(folder).start()
    finally:
        Server(folder).stop()
        shutil.rmtree(folder, ignore_errors=True)


def test_user_without_a_name_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch):
    def unknown(_: int) -> None:
        raise KeyError

    monkeypatch.setattr("pwd.getpwuid", unknown)
    with pytest.raises(Failure, match=r"user id \d+ has none: .*DISPATCH_PGHOST"):
        Server(folder).start()
