"""A server, a published version on it, releases as real processes, and readers who never stop asking."""

import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import psycopg2
from conftest import Database
from marts import assert_nothing_is_lost, fingerprints
from psycopg2.extensions import connection as Connection

from ops.database import connection
from ops.database.server import Server, temporary_server
from ops.dbt import sandbox
from ops.project import ROOT

PATIENCE = 900  # seconds for a release: the machine may be busy
OWN = "faults"  # what the sessions of the tests call themselves
BATCH = 65_536
LARGE = 3

# The smallest legacy database has 160 notifications, all of one batch: ten go into each of sixteen batches.
SPREAD = f"update legacy.dispatch_notification set id = id + (id % 16) * {BATCH}"

# A version of the legacy data shows its number in several marts, in the ledger and in five batches of notifications.
VERSION = """
update legacy.dispatch_storage set port = 1000 + {0};
delete from legacy.dispatch_storage where id >= 5000;
insert into legacy.dispatch_storage
select 5000 + n, 'extra ' || n, address, port, disk_free, disk_total
from (select * from legacy.dispatch_storage order by id limit 1) as one, generate_series(1, {0}) as n;
update legacy.dispatch_payment set custom_price = {0};
update legacy.dispatch_notification set template_name = 'version_' || translate('{0}', '0123456789', 'abcdefghij')
    where id >> 16 >= 11;
delete from legacy.dispatch_note where id >= 900000;
"""
# One version has notes of 32 MB that compress badly: more than a file may hold when a test says so.
LARGE_NOTES = """
insert into legacy.dispatch_note
select 900000 + n, created_at, (select string_agg(md5(n || ' ' || m), '') from generate_series(1, 8192) as m),
    author_id, doctor_id
from (select * from legacy.dispatch_note order by id limit 1) as one, generate_series(1, 128) as n;
"""

# In one statement, what every reader must see of one and the same version.
AS_ENGINEER = """
select
    (select max(port) - 1000 from dispatch_marts.storages),
    (select cast(max(custom_amount) as integer) from dispatch_marts.payments),
    (select cast(min(custom_amount) as integer) from dispatch_marts.payments),
    (select cast(translate(replace(max(template_name), 'version_', ''), 'abcdefghij', '0123456789') as integer)
        from dispatch_marts.notifications where template_name like 'version^_%' escape '^'),
    (select cast(source_rows as integer) - {storages} from dispatch_audit.migration_ledger where entity = 'storages')
"""
AS_ANALYST = """
select
    (select max(port) - 1000 from analytics.storages),
    (select cast(max(custom_amount) as integer) from analytics.payments),
    (select cast(translate(replace(max(template_name), 'version_', ''), 'abcdefghij', '0123456789') as integer)
        from analytics.notifications where template_name like 'version^_%' escape '^'),
    (select cast(source_rows as integer) - {storages} from analytics.migration_ledger where entity = 'storages')
"""

# Holds a session of dbt at a chosen place for as long as the test holds the lock: an event trigger for statements that
# define something, a plain trigger for a batch.
GATE = """
create schema gate;
create table gate.places (tag text, identity text);
create function gate.pass() returns void language plpgsql set lock_timeout = 0 as $$ begin
    perform pg_advisory_lock_shared(4711);
    perform pg_advisory_unlock_shared(4711);
end $$;
create function gate.on_command() returns event_trigger language plpgsql as $$ begin
    if exists (
        select 1 from pg_event_trigger_ddl_commands() inner join gate.places
            on command_tag = tag and replace(object_identity, '"', '') = identity
    ) then
        perform gate.pass();
    end if;
end $$;
create function gate.on_row() returns trigger language plpgsql as $$ begin
    perform gate.pass();
    return new;
end $$;
create event trigger gate on ddl_command_end execute function gate.on_command();
"""
AT_THE_GATE = "select pid from pg_locks where locktype = 'advisory' and objid = 4711 and not granted"


def wait_until(holds: Callable[[], Any], seconds: float = PATIENCE) -> Any:
    """Ask again and again, and return the first answer that is true."""
    end = time.monotonic() + seconds
    while not (answer := holds()):
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.05)
    return answer


class Session:
    """A session of the tests, which can hold locks and transactions."""

    def __init__(self, database: Database) -> None:
        """Open it; every statement commits by itself until `begin` is executed."""
        self.connection: Connection = database.connect()
        self.execute(f"set application_name = '{OWN}'")

    def execute(self, statement: str) -> None:
        """Run statements that return nothing."""
        self.connection.cursor().execute(statement)

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """Run one query and return its rows."""
        return connection.rows(self.connection, statement)

    def close(self) -> None:
        """End it, whether or not the server still knows it."""
        with suppress(psycopg2.Error):
            self.connection.close()


class Reader(threading.Thread):
    """A reader that queries several marts in one statement repeatedly, also after a lost connection."""

    def __init__(self, database: Database, role: str, statement: str) -> None:
        """Take a role of the database and the statement to repeat."""
        super().__init__(daemon=True)
        self.database, self.role, self.statement = database, role, statement
        self.seen: list[tuple[Any, ...]] = []  # each answer once, in the order in which they came
        self.answers = self.lost = 0
        self.broken: list[str] = []
        self.slowest = 0.0  # seconds for one answer
        self.ended = threading.Event()

    def run(self) -> None:
        """Query until the end is requested."""
        session = None
        while not self.ended.wait(0.2):
            try:
                if session is None:
                    session = Session(self.database)
                    session.execute(f"set role {self.role}")
                start = time.monotonic()
                (answer,) = session.rows(self.statement)
            except (psycopg2.Error, connection.Failure) as error:
                if isinstance(error, connection.Failure) or session is None or session.connection.closed:
                    self.lost += 1
                else:
                    self.broken.append(str(error))
                if session is not None:
                    session.close()
                session = None
                continue
            self.slowest = max(self.slowest, time.monotonic() - start)
            self.answers += 1
            if not self.seen or self.seen[-1] != answer:
                self.seen.append(answer)
        if session is not None:
            session.close()

    def versions(self) -> list[int]:
        """Return the versions seen, in order; fail when an answer mixed two, or did not come."""
        assert self.broken == [], (self.role, self.broken[:3])
        assert self.answers > 10, (self.role, self.answers)
        assert all(len(set(answer)) == 1 for answer in self.seen), (self.role, self.seen)
        return [answer[0] for answer in self.seen]


class Release:
    """`python -m ops release`, as a process of its own."""

    def __init__(self, environment: dict[str, str], folder: Path, preparation: str = "") -> None:
        """Start it; `preparation` is Python that runs before it."""
        self._output = folder / f"release-{time.time_ns()}.txt"
        code = f"{preparation}\nfrom ops.__main__ import main\nmain()"
        with self._output.open("w") as output:
            self.process = psutil.Popen(
                [sys.executable, "-c", code, "release"],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    @property
    def text(self) -> str:
        """What it has printed so far."""
        return self._output.read_text()

    @property
    def sentence(self) -> str:
        """What it printed at the end, without the name of its log and what differs from run to run."""
        found = re.search(r"^(Released|Not released).*(?=The log is)", self.text, re.MULTILINE | re.DOTALL)
        sentence = " ".join(found[0].split()) if found else ""
        sentence = re.sub(r"compiled code at \S+ ?", "", sentence)
        return re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "…", sentence)

    def dbt(self) -> psutil.Process:
        """Return the dbt that runs for it now."""
        (child,) = self.process.children()
        return child

    def ends(self) -> int:
        """Wait for its end and return its exit code."""
        return self.process.wait(PATIENCE)


class Harness:
    """The server, its databases, and which version of the legacy data is published."""

    def __init__(self, server: Server, folder: Path) -> None:
        """Load the legacy database, from which all others are copied."""
        self.server, self.folder = server, folder
        self.tell: Callable[[str], None] = lambda _: None
        self.expected: dict[int, dict[str, str]] = {}
        base = self._create("base", "template0")
        base.load_legacy("tiny")
        base.execute(SPREAD)
        ((self.storages,),) = base.rows("select count(*) from legacy.dispatch_storage")
        self.database: Database | None = None
        self.live = -1

    @classmethod
    @contextmanager
    def opened(cls, folder: Path) -> Iterator["Harness"]:
        """Run a server for it."""
        with temporary_server() as server:
            yield cls(server, folder)

    def _create(self, name: str, template: str) -> Database:
        admin = Database(sandbox.target(self.server.folder), self.folder)
        admin.execute(f"drop database if exists {name} with (force)")
        admin.execute(f"create database {name} template {template}")
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        return Database(sandbox.target(self.server.folder, name), folder)

    def set_version(self, database: Database, version: int) -> None:
        """Change the legacy data to those of a version, whatever they were."""
        database.execute(VERSION.format(version) + (LARGE_NOTES if version == LARGE else ""))

    def settle(self) -> None:
        """Make sure that a version is published and nothing else runs."""
        if self.database is not None:
            return
        self.server.start()
        database = self._create("harness", "base")
        database.execute(GATE)
        self.set_version(database, 0)
        self.database, self.live = database, 0
        self._publish()

    def release(self, preparation: str = "", is_embedded: bool = True) -> Release:
        """Start a release, whose own the server is, or else just one that it connects to."""
        environment = self.database.environment
        if is_embedded:
            environment["DISPATCH_PGDATA"] = str(self.server.folder)
        return Release(environment, self.folder, preparation)

    def publish_again_unless_there_is_a_previous_version(self) -> None:
        """Make sure that a candidate will be built over an earlier version of itself."""
        self.settle()
        if not self.database.rows("select 1 from pg_namespace where nspname = 'dispatch_next_marts'"):
            self.live += 1
            self.set_version(self.database, self.live)
            self._publish()

    def _publish(self) -> None:
        release = self.release()
        if code := release.ends():
            self.database = None
        assert code == 0, release.text

    def kill_server(self) -> None:
        """Kill the server and all its sessions, without a word to them."""
        postmaster = psutil.Process(self.server.status().process)
        processes = [postmaster, *postmaster.children(recursive=True)]
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(processes, timeout=60)
        wait_until(lambda: self.server.status().state == "stopped", 60)

    def build_of(self, version: int) -> dict[str, str]:
        """Return the checksums of a clean build of target dev, in a database of its own."""
        if version not in self.expected:
            database = self._create("clean", "base")
            self.set_version(database, version)
            done = database.dbt("build", "--exclude-resource-type", "test", "unit_test", "snapshot")
            assert done.returncode == 0, done.stdout
            self.expected[version] = fingerprints(database)
            assert len(self.expected[version]) > 40
        return self.expected[version]

    @contextmanager
    def fault(self, what: str, version: int | None = None) -> Iterator["Fault"]:
        """Change the legacy data, let readers read, and give the fault to inject; nothing of it may be left."""
        self.settle()
        version = (self.live + 1) % 3 if version is None else version
        self.build_of(version)
        fault = Fault(self, self.database, what, version)
        database, self.database = self.database, None  # if it fails, the next test creates everything again
        try:
            self.database = database
            fault.open()
            yield fault
            assert fault.is_healed, "the test did not ask for the next release"
        except BaseException:
            self.database = None
            raise
        finally:
            fault.close()
        self.live = version


class Fault:
    """One fault: from a published version, with changed legacy data, to the release that heals it."""

    def __init__(self, harness: Harness, database: Database, what: str, version: int) -> None:
        """Take the version that a release would publish now."""
        self.harness, self.database, self.what, self.version = harness, database, what, version
        self.is_healed = False
        self.readers = [
            Reader(database, "dispatch_engineer", AS_ENGINEER.format(storages=harness.storages)),
            Reader(database, "dispatch_analyst", AS_ANALYST.format(storages=harness.storages)),
        ]
        self.releases: list[Release] = []
        self.outcome = ""
        self.gatekeeper: Session | None = None

    def open(self) -> None:
        """Remember what is live, and change the legacy data."""
        self.before = self.live()
        self.harness.set_version(self.database, self.version)
        for reader in self.readers:
            reader.start()

    def close(self) -> None:
        """Stop everything that the fault started."""
        for reader in self.readers:
            reader.ended.set()
            if reader.is_alive():
                reader.join(60)
        for release in self.releases:
            with suppress(psutil.NoSuchProcess):
                for process in [*release.process.children(recursive=True), release.process]:
                    kill(process)
        if self.gatekeeper:
            self.gatekeeper.close()

    def release(self, preparation: str = "", is_embedded: bool = True) -> Release:
        """Start a release, as `Harness.release` does."""
        self.releases.append(self.harness.release(preparation, is_embedded))
        return self.releases[-1]

    def live(self) -> dict[str, str]:
        """Return checksums of all that readers may read: marts, audit and the views for analysts."""
        found = fingerprints(self.database)
        views = self.database.rows("select viewname from pg_views where schemaname = 'analytics' order by 1")
        for (view,) in views:
            ((found[f"analytics.{view}"],),) = self.database.rows(
                "select count(*) || ' ' || coalesce(md5(string_agg(r, '' order by r)), '')"
                f" from (select md5(cast(v as text)) as r from analytics.{view} as v) as hashed"
            )
        assert len(views) > 40
        return found

    def hold_at(self, tag: str, identity: str) -> None:
        """Close the gate at a statement that defines something: 'ALTER TABLE', 'dispatch_next_marts.payments'."""
        self.database.execute(f"insert into gate.places values ('{tag}', '{identity}')")
        self._close_gate()

    def hold_at_batch(self, table: str, batch: int) -> None:
        """Close the gate where the rows of a batch are in, and its signature is being written."""
        self.database.execute(
            f"create trigger gate before insert on {table} for each row when (new.batch_number = {batch})"
            " execute function gate.on_row()"
        )
        self._close_gate()

    def _close_gate(self) -> None:
        self.gatekeeper = Session(self.database)
        self.gatekeeper.execute("select pg_advisory_lock(4711)")

    def await_gate(self, can_read: bool = True) -> int:
        """Wait until a session waits at the gate; return its process."""
        process = wait_until(lambda: self._alive() and self.database.rows(AT_THE_GATE))[0][0]
        if can_read:
            self.assert_unchanged()
        return process

    def await_silence(self) -> None:
        """Wait until dbt does nothing but stand at the gate: between two nodes it is idle for less than a second."""
        sessions = "select count(*) from pg_stat_activity where application_name = 'dispatch release'"
        quiet = 0
        while quiet < 100:
            time.sleep(0.05)
            quiet = quiet + 1 if self.database.rows(sessions) == [(1,)] else 0

    def _alive(self) -> bool:
        assert self.releases[-1].process.is_running(), self.releases[-1].text
        return True

    def open_gate(self) -> None:
        """Let everybody through, now and later."""
        self.gatekeeper.close()
        self.database.execute("truncate gate.places")
        for table, trigger in self.database.rows(
            "select cast(cast(tgrelid as regclass) as text), tgname from pg_trigger where tgname = 'gate'"
        ):
            self.database.execute(f"drop trigger {trigger} on {table}")

    def ended(self, release: Release, code: int, *words: str) -> None:
        """Wait for the end of a release; hold its exit code and its last sentence against what is expected."""
        assert release.ends() == code, release.text
        for word in words:
            assert word in release.sentence, release.text
        self.outcome += (" / " if self.outcome else "") + f"{code}: {release.sentence}"

    def recorded(self) -> tuple[str, str | None, bool]:
        """Return what is written down of the last release: outcome, message, whether it tried again."""
        return self.database.rows(
            "select outcome, message, was_retried from dispatch_release.releases order by started_at desc limit 1"
        )[0]

    def assert_unchanged(self) -> None:
        """Readers have, to the last value, what they had before."""
        assert self.live() == self.before

    def assert_nothing_is_left(self) -> float:
        """No session and no lock of the release may remain; returns after how many seconds that was so.

        PostgreSQL notices within ten seconds that the other end of a connection is gone.
        """
        start = time.monotonic()
        others = (
            "select pid, application_name, query from pg_stat_activity where datname = current_database()"
            f" and backend_type = 'client backend' and pid <> pg_backend_pid() and application_name <> '{OWN}'"
        )
        wait_until(lambda: not self.database.rows(others), 60)
        taken = time.monotonic() - start
        locks = (
            "select locktype, cast(relation as regclass), mode from pg_locks where pid not in (select pid from"
            f" pg_stat_activity where pid = pg_backend_pid() or application_name = '{OWN}' or datname is null)"
            " and (database = (select oid from pg_database where datname = current_database()))"
        )
        assert self.database.rows(locks) == []
        assert self.database.rows("select * from pg_prepared_xacts") == []
        return taken

    def heal(
        self,
        is_published: bool = False,
        is_server_there: bool = True,
        meanwhile: Callable[[], Any] | None = None,
    ) -> None:
        """Run the next release, with no other hand on it: what is live must equal a clean build of the changed data.

        `meanwhile` runs when that release has found that the one before it had died.
        """
        if is_published:
            self.assert_new()
        elif is_server_there:
            self.assert_unchanged()
        release = self.release()
        if meanwhile:
            wait_until(lambda: self._alive() and "had died" in release.text)
            meanwhile()
        assert release.ends() == 0, release.text
        assert self.recorded()[0] == "published"
        self.assert_new()
        self.assert_nothing_is_left()
        self.told("0", release.text)

    def healed_by_itself(self) -> None:
        """What was asked for is live already, and nothing is to be done."""
        self.assert_new()
        self.assert_nothing_is_left()
        self.told("was not needed", "")

    def assert_new(self) -> None:
        """The changed data are live."""
        live = self.live()
        assert {table: live[table] for table in self.harness.expected[self.version]} == self.harness.expected[
            self.version
        ]
        assert_nothing_is_lost(self.database)
        wait_until(lambda: all(reader.seen and reader.seen[-1][0] == self.version for reader in self.readers), 60)

    def told(self, following: str, text: str) -> None:
        """Hold what the readers saw against the two versions, and keep it all for the table at the end."""
        for reader in self.readers:
            assert reader.versions() == [self.harness.live, self.version], (reader.role, reader.seen)
        lost = sum(reader.lost for reader in self.readers)
        notes = [line for line in text.splitlines() if "had died" in line or "that it had left" in line]
        self.harness.tell(
            f"| {self.what} | {sum(reader.answers for reader in self.readers)} answers,"
            f" {lost} times no connection, slowest {max(reader.slowest for reader in self.readers):.1f} s |"
            f" {self.outcome} | {following} {' '.join(notes)} |"
        )
        self.is_healed = True


def kill(process: psutil.Process) -> None:
    """Kill a process that has no chance to say anything."""
    process.send_signal(signal.SIGKILL)
    with suppress(psutil.TimeoutExpired):
        process.wait(60)
