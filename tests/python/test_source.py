"""A live legacy server, PostgreSQL 16, that lands in a warehouse, PostgreSQL 18: by copy and by replication."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass, replace
from threading import Event, Thread, Timer

import hostile
import inprocess
import pytest
from conftest import SCRATCH, Database, Shared
from marts import assert_nothing_is_lost
from psycopg2.extensions import connection as Connection

from ops import legacy
from ops.database import connection
from ops.database.server import POSTGRES_VERSIONS, SETTINGS, Server, temporary_server
from ops.dbt import sandbox
from ops.errors import Failure
from ops.project import ROOT
from ops.release import records
from ops.source import replication, tables
from ops.source.declared import declared

PUBLISHING = SETTINGS | {"wal_level": "logical", "max_wal_senders": 10}
LANDS = declared()
# A role that may read what lands and nothing else.
READER = "lander"


@pytest.fixture(scope="module")
def origin() -> Iterator[Server]:
    """The legacy server; its database is in schema public, as Django has it."""
    with temporary_server(POSTGRES_VERSIONS[16], PUBLISHING) as server:
        with closing(connection.connect(sandbox.target(server.folder))) as opened:
            legacy.load(opened, legacy.Scale.TINY, lambda _: nullcontext(), "public")
            opened.cursor().execute(f"create role {READER} login replication")
        yield server


@pytest.fixture(scope="module")
def there(origin: Server, tmp_path_factory: pytest.TempPathFactory) -> Database:
    """The legacy database, with a connection of its owner; its public schema has traps for other readers."""
    database = Database(sandbox.target(origin.folder), tmp_path_factory.mktemp("there"))
    hostile.shadow_catalog(database)
    return database


@pytest.fixture(scope="module")
def warehouse() -> Iterator[Server]:
    """A warehouse that a test may kill, and that tries again sooner than others."""
    with temporary_server(settings=SETTINGS | {"wal_retrieve_retry_interval": "500ms"}) as server:
        yield server


@dataclass(frozen=True)
class Landing(Database):
    """A database of the warehouse."""

    dsn: str  # of the legacy database

    @property
    def environment(self) -> dict[str, str]:
        return super().environment | {tables.DSN: self.dsn}

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start python -m ops source as a process of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "ops", "source", *arguments],
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def ops(self, *arguments: str, code: int = 0) -> str:
        """Run python -m ops source and return what it says."""
        done = inprocess.ops(self.environment, "source", *arguments)
        said = done.stdout + done.stderr
        assert done.returncode == code, said
        return said


@pytest.fixture(scope="module")
def here(origin: Server, warehouse: Server, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Landing]:
    """Return a function that makes an empty database in the warehouse."""

    def create(name: str) -> Landing:
        with closing(connection.connect(sandbox.target(warehouse.folder))) as admin:
            admin.cursor().execute(f"create database {name}")
        dsn = f"host={origin.folder} dbname=postgres user={READER}"
        return Landing(sandbox.target(warehouse.folder, name), tmp_path_factory.mktemp(name), dsn)

    return create


@pytest.fixture(scope="module")
def copied(here: Callable[[str], Landing], there: Database) -> Landing:
    """A warehouse that takes copies; the first one, with the grants that it asks for."""
    made = here("copied")
    hostile.shadow_catalog(made)
    refusal = made.ops("copy", code=1)
    assert "may not read all that lands" in refusal
    there.execute("\n".join(line for line in refusal.splitlines() if line.startswith("grant ")))
    assert "43 tables with" in made.ops("copy")
    return made


def contents(database: Database, schema: str) -> dict[str, list[tuple]]:
    """Every value that lands, as text and in order."""
    found = {}
    for table, columns in LANDS.items():
        names = ", ".join(f'"{name}"::text' for name in columns)
        found[table] = database.rows(f'set timezone = "UTC"; select {names} from {schema}."{table}" order by 1')
    return found


def same(there: Database, landed: Database) -> bool:
    return contents(landed, "legacy") == contents(there, "public")


def eventually(condition: Callable[[], bool], seconds: float = 30) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.2)
    return True


def assert_no_secret_landed(landed: Landing) -> None:
    assert landed.rows("select count(*) from pg_stats where schemaname = 'legacy'")[0][0] > 100
    assert (
        landed.rows(
            "select attrelid::regclass, attname from pg_attribute inner join pg_class on pg_class.oid = attrelid"
            " where relnamespace in ('legacy'::regnamespace, 'public'::regnamespace)"
            " and attname ~ 'password|token|session'"
        )
        == []
    )
    # Nor is a hash in any other column: Django's begin with the name of the algorithm.
    for table, rows in contents(landed, "legacy").items():
        assert not [row for row in rows if any(value and "pbkdf2" in value for value in row)], table


# Copies


def test_secrets_do_not_land():
    assert "password" not in LANDS["auth_user"]
    assert "email" in LANDS["auth_user"]
    assert len(LANDS) == 43


def test_copy_equals_its_source_except_for_secrets(copied: Landing, there: Database):
    assert there.rows("select 1 from auth_user where password like 'pbkdf2%' limit 1")
    assert same(there, copied)
    assert_no_secret_landed(copied)
    assert "the same on both sides" in copied.ops("compare")
    assert "A copy of 43 tables" in copied.ops("status")
    keys = "select count(*) from pg_constraint where contype = 'p' and connamespace = 'legacy'::regnamespace"
    assert copied.rows(keys) == [(43,)]


def test_a_second_copy_brings_the_changes_and_keeps_the_views_on_the_tables(copied: Landing, there: Database):
    copied.execute("create view watching as select count(*) as users from legacy.auth_user")
    there.execute(
        "insert into auth_group values (90, 'Ny' || chr(10) || E'\\t\\\\N ' || chr(128512)); delete from dispatch_ware;"
    )
    there.execute("update dispatch_payment set made_at = 'infinity' where id = (select min(id) from dispatch_payment)")
    assert "dispatch_ware: " in (said := copied.ops("compare", code=1))
    assert "dispatch_payment: 60 rows at the source, 60 landed, of which some differ" in said
    copied.ops("copy")
    assert same(there, copied)
    assert copied.rows("select * from watching") == there.rows("select count(*) from auth_user")


def test_copy_is_one_snapshot_of_a_busy_database(copied: Landing, there: Database):
    """Every transaction writes its number into the first, a middle and the last table, and moves money."""
    ended, number = Event(), 0
    payments = [row[0] for row in there.rows("select id from dispatch_payment order by id limit 2")]
    total = there.rows("select sum(total_price) from dispatch_payment")

    def write() -> None:
        nonlocal number
        with closing(there.connect()) as opened, opened.cursor() as cursor:
            while not ended.is_set():
                number += 1
                cursor.execute(
                    f"begin; update public.auth_group set name = '{number}' where id = 90;"
                    f"insert into public.dispatch_note select 90000 + {number}, now(), '', null, min(id)"
                    "from public.auth_user;"
                    f"update public.dispatch_payment set total_price = total_price - {number} where id = {payments[0]};"
                    f"update public.dispatch_payment set total_price = total_price + {number} where id = {payments[1]};"
                    f"update public.django_content_type set model = '{number}' where id = 11; commit"
                )

    writer = Thread(target=write)
    writer.start()
    try:
        assert eventually(lambda: number > 10)
        copied.ops("copy")
        after = number
    finally:
        ended.set()
        writer.join()
        there.execute("update django_content_type set model = 'patient' where id = 11")
        there.execute("delete from dispatch_note where id > 90000; delete from auth_group where id = 90")
    ((landed,),) = copied.rows("select name::integer from legacy.auth_group where id = 90")
    assert 10 < landed < after
    assert copied.rows("select model from legacy.django_content_type where id = 11") == [(str(landed),)]
    assert copied.rows("select count(*), max(id) - 90000 from legacy.dispatch_note where id > 90000") == [
        (landed, landed)
    ]
    assert copied.rows("select sum(total_price) from legacy.dispatch_payment") == total


@pytest.fixture
def slow_ware(copied: Landing) -> Iterator[None]:
    """The last landing tables, which let copies wait: the first of them that gets a row."""
    copied.execute(
        "create sequence public.waited; create function wait() returns boolean language plpgsql as"
        " 'begin if nextval(''public.waited'') = 1 then perform pg_sleep(2); end if; return true; end';"
        "alter table legacy.dispatch_ware add constraint wait check (wait()) not valid;"
        "alter table legacy.django_content_type add constraint wait check (wait()) not valid"
    )
    yield
    copied.execute("drop function wait cascade; drop sequence public.waited")


@pytest.mark.usefixtures("slow_ware")
def test_killed_copy_keeps_the_previous_landing(copied: Landing, there: Database):
    before = contents(copied, "legacy")
    there.execute("update auth_user set first_name = first_name || 'x'")
    with copied.start("copy") as process:
        for line in process.stdout:
            if "dispatch_template_view_roles" in line:
                break
        time.sleep(0.2)
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    assert contents(copied, "legacy") == before
    assert not same(there, copied)


@pytest.mark.usefixtures("slow_ware")
def test_copy_that_the_legacy_server_interrupts_is_not_accepted(copied: Landing, there: Database):
    before = contents(copied, "legacy")
    there.execute(
        "insert into dispatch_ware"
        " select 90000 + n, min(id), null, 'w', repeat('x', 2000), 1, false, 1, 1, 1, 0, 0, '', 1"
        " from dispatch_payment, generate_series(1, 5000) as n group by n"
    )
    sender = "from pg_stat_activity where query like 'copy%dispatch_ware%' and state = 'active'"
    with copied.start("copy") as process:
        assert eventually(lambda: there.rows(f"select 1 {sender}"))
        there.rows(f"select pg_terminate_backend(pid) {sender}")
        said = process.communicate(timeout=60)[0]
    there.execute("delete from dispatch_ware where id > 90000")
    assert process.returncode == 1
    assert "dispatch_ware: the connection was lost" in said
    assert contents(copied, "legacy") == before


@pytest.mark.parametrize(
    ("attack", "undo", "said"),
    [
        (
            "create trigger t before insert on legacy.dispatch_ware execute function f()",
            "drop trigger t on legacy.dispatch_ware",
            "dispatch_ware has triggers or rules",
        ),
        (
            "create role mallory; alter table legacy.auth_group owner to mallory",
            "alter table legacy.auth_group owner to postgres; drop role mallory",
            "auth_group belongs to mallory",
        ),
    ],
)
def test_landing_with_code_of_another_user_is_refused(copied: Landing, attack: str, undo: str, said: str):
    before = contents(copied, "legacy")
    copied.execute("create function f() returns trigger language plpgsql as 'begin raise exception ''no''; end'")
    copied.execute(attack)
    try:
        assert said in copied.ops("copy", code=1)
    finally:
        copied.execute(f"{undo}; drop function f")
    assert contents(copied, "legacy") == before


def test_failed_copy_is_explained_and_keeps_the_previous_landing(copied: Landing, there: Database):
    before = contents(copied, "legacy")
    copied.execute("alter table legacy.dispatch_ware add constraint none check (false) not valid")
    there.execute(
        "insert into dispatch_ware select 80000 + id, id, null, 'w', null, 1, false, 1, 1, 1, 0, 0, '', 1"
        " from dispatch_payment"
    )
    assert "dispatch_ware: new row" in (said := copied.ops("copy", code=1))
    assert "previous landing is untouched" in said
    copied.execute("alter table legacy.dispatch_ware drop constraint none")
    assert contents(copied, "legacy") == before


def test_what_the_source_lacks_is_named_before_anything_is_written(copied: Landing, there: Database):
    before = contents(copied, "legacy")
    there.execute(
        "alter table auth_group rename name to label; alter table dispatch_storage alter port type bigint;"
        "alter table dispatch_state rename to state; alter table dispatch_office add secret text"
    )
    try:
        said = copied.ops("copy", code=1)
    finally:
        there.execute(
            "alter table auth_group rename label to name; alter table dispatch_storage alter port type integer;"
            "alter table state rename to dispatch_state"
        )
    assert [line.strip() for line in said.splitlines()[1:4]] == [
        "auth_group has no column name",
        "there is no table public.dispatch_state",
        "dispatch_storage.port is of type bigint, declared as integer",
    ]
    assert contents(copied, "legacy") == before
    # An undeclared column is ignored, and a declared one that the landing lacks is added.
    copied.execute("alter table legacy.dispatch_office drop column city")
    copied.ops("copy")
    assert same(there, copied)
    assert copied.rows("select 1 from pg_attribute where attname = 'secret'") == []


def test_a_landing_table_that_no_longer_fits_is_named_with_the_remedy(copied: Landing, there: Database):
    copied.execute(
        "alter table legacy.dispatch_role alter name type text; alter table legacy.auth_user add password text"
    )
    said = copied.ops("copy", code=1)
    assert "dispatch_role.name is of type text here and character varying(100) at the source" in said
    assert "auth_user.password exists here and no longer lands" in said
    copied.execute(re.search('ops psql -c "(.*)"', said)[1])
    copied.ops("copy")
    assert same(there, copied)


def test_other_tables_and_the_synthetic_ones_are_not_overwritten(here: Callable[[str], Landing]):
    other = here("other")
    other.load_legacy("tiny")
    before = other.rows("select count(*) from legacy.auth_user")
    assert "contains the synthetic legacy database" in other.ops("copy", code=1)
    other.execute("comment on schema legacy is null")
    for command in ("copy", "replicate"):
        assert "contains tables that did not land" in other.ops(command, code=1)
    assert other.rows("select count(*) from legacy.auth_user") == before


@contextmanager
def releasing(opened: Connection) -> Iterator[None]:
    """Be a release that is running, in the session of a connection."""
    records.prepare(opened)
    opened.cursor().execute(
        "insert into dispatch_release.releases (release_id, backend_process, backend_started_at)"
        " select 'it', pid, backend_start from pg_stat_activity where pid = pg_backend_pid()"
    )
    yield
    opened.cursor().execute("delete from dispatch_release.releases where release_id = 'it'")


def test_no_copy_begins_while_a_release_reads(copied: Landing):
    with closing(copied.connect()) as reader, releasing(reader):
        assert "release is reading the landing" in copied.ops("copy", code=1)
    copied.ops("copy")


@pytest.mark.parametrize(
    ("dsn", "words"),
    [
        ("", "is not named"),
        ("host=/tmp password=s3cret part", "is not a connection string"),
        ("dbname=x password=s3cret", "lacks host and user"),
        (
            "host=/tmp/nowhere dbname=x user=y password=s3cret",
            "start the legacy server, or correct",
        ),
    ],
)
def test_unusable_connection_string_is_not_printed(monkeypatch: pytest.MonkeyPatch, dsn: str, words: str):
    monkeypatch.setenv(tables.DSN, dsn)
    with pytest.raises(Failure, match=words) as refused:
        tables.connect_legacy()
    assert "s3cret" not in str(refused.value)


# Replication


@pytest.fixture(scope="module")
def replicated(here: Callable[[str], Landing], there: Database, copied: Landing) -> Iterator[Landing]:
    """A warehouse that follows the legacy server, with the publication that it asks for."""
    made = here(SCRATCH)  # the name that the project is parsed for
    refusal = made.ops("replicate", code=1)
    assert "may not publish" in refusal
    there.execute(refusal[refusal.index("create publication") :])
    assert "43 tables are in schema legacy" in made.ops("replicate")
    yield made
    made.ops("stop")


@pytest.fixture
def dsn(replicated: Landing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(tables.DSN, replicated.dsn)


def subscription(landed: Landing) -> tuple[bool, bool]:
    """Whether it is enabled, and whether anything applies."""
    return landed.rows(
        "select subenabled, exists (select 1 from pg_stat_subscription where subid = s.oid and pid is not null)"
        " from pg_subscription as s inner join pg_database as d on d.oid = subdbid and datname = current_database()"
    )[0]


@contextmanager
def late(landed: Landing, table: str) -> Iterator[None]:
    """Let what the block changes in a table arrive a second after the block."""
    opened = landed.connect()
    opened.cursor().execute(f"begin; lock table {table} in share mode")
    yield
    Timer(1, opened.close).start()


def test_everything_a_server_lacks_for_publishing_is_named(here: Callable[[str], Landing], there: Database):
    poor = here("poor")
    with closing(poor.connect()) as opened:
        legacy.load(opened, legacy.Scale.TINY, lambda _: nullcontext(), "public")
    poor.execute(
        "alter table dispatch_ware drop constraint dispatch_ware_pkey;alter table auth_user replica identity full"
    )
    said = replace(poor, dsn=f"host={poor.target.host} dbname=poor user=postgres").ops("replicate", code=1)
    assert "wal_level is minimal: set it to logical" in said
    assert "dispatch_ware cannot publish updates" in said
    assert "auth_user cannot publish updates" in said
    assert poor.rows("select 1 from pg_publication") == []


def test_old_and_new_rows_arrive_without_secrets(replicated: Landing, there: Database):
    replicated.execute("analyze")
    assert same(there, replicated)
    there.execute(
        "insert into dispatch_note select 90001, now(), 'new', null, min(id) from auth_user;"
        "update auth_user set last_name = 'Moved', password = 'pbkdf2_changed' where id % 3 = 0;"
        "delete from dispatch_ware where id % 2 = 0; truncate dispatch_template_edit_roles"
    )
    assert eventually(lambda: same(there, replicated))
    assert_no_secret_landed(replicated)
    assert "Up to date" in replicated.ops("status")
    assert "Replication fills schema legacy" in replicated.ops("copy", code=1)


@pytest.mark.usefixtures("dsn")
def test_landing_is_frozen_and_catches_up(replicated: Landing, there: Database):
    with closing(replicated.connect()) as opened:
        with late(replicated, "legacy.auth_user"):
            there.execute("update auth_user set first_name = 'waited for'")
            there.execute("update auth_user set first_name = 'queued behind it'")
        with replication.frozen(opened):
            assert same(there, replicated)  # it has caught up first
            before = contents(replicated, "legacy")
            there.execute("update auth_user set first_name = 'after'")
            time.sleep(1)
            assert contents(replicated, "legacy") == before
            assert subscription(replicated) == (False, False)
            assert "paused by a release" in replicated.ops("status")
            with releasing(opened):
                assert "release is reading" in replicated.ops("resume", code=1)
        with pytest.raises(ZeroDivisionError), replication.frozen(opened):
            raise ZeroDivisionError
    assert subscription(replicated)[0]
    assert eventually(lambda: same(there, replicated))


@pytest.mark.usefixtures("dsn")
def test_replication_paused_by_a_killed_release_resumes(replicated: Landing, there: Database):
    replicated.execute("alter subscription dispatch_legacy disable")
    there.execute("update auth_user set first_name = 'missed'")
    with closing(replicated.connect()) as opened, replication.frozen(opened):
        assert same(there, replicated)
    assert subscription(replicated)[0]


@pytest.mark.usefixtures("dsn")
def test_pause_by_hand_survives_a_release(replicated: Landing, there: Database):
    replicated.ops("pause")
    there.execute("update auth_user set first_name = 'later'")
    with closing(replicated.connect()) as opened, replication.frozen(opened):
        assert subscription(replicated) == (False, False)
    assert subscription(replicated) == (False, False)
    assert "paused by hand" in replicated.ops("status")
    replicated.ops("resume")
    assert eventually(lambda: same(there, replicated))


def kill(server: Server) -> None:
    os.kill(server.status().process, signal.SIGKILL)
    assert eventually(lambda: server.status().process is None or server.start())


def test_replication_survives_a_restart_of_either_server(
    replicated: Landing, there: Database, origin: Server, warehouse: Server
):
    origin.stop()
    assert "start the legacy server" in replicated.ops("status", code=1)
    origin.start()
    there.execute("update auth_user set first_name = 'restarted'")
    kill(origin)
    origin.start()
    there.execute("update auth_user set last_name = 'killed'")
    kill(warehouse)
    warehouse.start()
    there.execute("update auth_user set email = 'both@example.com'")
    assert eventually(lambda: same(there, replicated))


@pytest.mark.usefixtures("dsn")
def test_a_change_of_the_tables_at_the_source_is_named(replicated: Landing, there: Database):
    there.execute("alter table dispatch_office rename city to town")
    said = replicated.ops("status", code=1)
    assert "dispatch_office has no column city" in said
    with (
        closing(replicated.connect()) as opened,
        pytest.raises(Failure, match="no column city"),
        replication.frozen(opened),
    ):
        pytest.fail("a landing that is no longer whole was read")
    there.execute("alter table dispatch_office rename town to city")
    # What Django does when it removes a column: the table leaves the publication without a word.
    ((publication,),) = there.rows("select pubname from pg_publication")
    there.execute(f"alter publication {publication} drop table dispatch_plan")
    assert "does not contain dispatch_plan as declared" in replicated.ops("status", code=1)
    columns = ", ".join(LANDS["dispatch_plan"])
    there.execute(f"alter publication {publication} add table dispatch_plan ({columns})")
    assert eventually(lambda: "Up to date" in replicated.ops("status"))


@pytest.mark.usefixtures("dsn")
def test_change_that_cannot_be_applied_is_reported_until_a_new_start(
    replicated: Landing, there: Database, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(replication, "RETRY_SECONDS", 1)
    replicated.execute("insert into legacy.auth_group values (95, 'not from the source')")
    there.execute("insert into auth_group values (95, 'Late')")
    with closing(replicated.connect()) as opened:
        assert eventually(lambda: "fails and tries again" in "".join(replication.status(opened)[1]))
        with pytest.raises(Failure, match="fails and tries again"), replication.frozen(opened):
            pytest.fail("a landing that cannot catch up was read")
    assert "belongs to another user" in replicated.ops("stop")
    assert there.rows("select 1 from pg_replication_slots") == []
    assert replicated.rows("select 1 from pg_class where relkind = 'p'") == []
    assert "Replicated until" in replicated.ops("status")
    replicated.ops("replicate")
    assert same(there, replicated)


def test_replication_stops_without_the_legacy_server_and_is_cleaned_up_later(
    here: Callable[[str], Landing], there: Database, origin: Server
):
    owner = here("another")
    owner = replace(owner, dsn=owner.dsn.replace(READER, "postgres"))
    # As on the day of the cut-over.
    there.execute("alter database postgres set default_transaction_read_only = on")
    owner.ops("replicate")
    assert "the same on both sides" in owner.ops("compare")
    owner.ops("pause")  # another warehouse of the same server continues
    owner.ops("resume")
    there.execute("begin read write; alter database postgres reset default_transaction_read_only; commit")
    origin.stop()
    said = owner.ops("stop", code=1)
    assert "keeps its log" in said
    assert "pg_drop_replication_slot" in said
    origin.start()
    assert there.rows("select count(*) from pg_replication_slots") == [(2,)]
    owner.ops("stop")
    assert there.rows("select count(*) from pg_replication_slots") == [(1,)]
    assert there.rows("select count(*) from pg_publication") == [(1,)]
    owner.ops("copy")
    assert same(there, owner)


def test_the_project_builds_on_a_replicated_landing(replicated: Landing, shared: Shared):
    with inprocess.environment(replicated):
        shared.project.build()
    assert_nothing_is_lost(replicated)
