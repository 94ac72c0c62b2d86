"""The functions of the folder protocol, called as a DBA would call them: who reads what, and when."""

import json
import random
import shutil
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from conftest import Database, Shared
from inprocess import environment
from releases import Json, Releases, mart, read_project

from ops.database import connection
from ops.database.connection import rows
from ops.errors import Failure
from ops.project import ROOT
from ops.release import production, records
from tests.replay import Recording

READERS = 15
NOTE = "execute function dispatch_release.note_first_write()"
ADD_PAYMENT = """
insert into legacy.dispatch_payment
select (jsonb_populate_record(p, jsonb_build_object('id', 900000 + (select count(*) from legacy.dispatch_payment)))).*
from legacy.dispatch_payment as p
where id = (select min(legacy_payment_id) from dispatch_marts.payments)
"""


@pytest.fixture(scope="module")
def project_record(migrated: Database, shared: Shared) -> Json:
    """What a build records of the project."""
    with environment(migrated):
        return read_project(shared.project)


@pytest.fixture(scope="module")
def releases(migrated: Database, recording: Recording, project_record: Json) -> Releases:
    """Publish two versions."""
    migrated.execute(
        "do $$ declare layer text; begin"
        " for layer in select nspname from pg_namespace where nspname like 'dispatch_%' loop"
        " execute format('drop schema %I cascade', layer); end loop; end $$"
    )
    made = Releases(migrated, recording, project_record)
    for _ in range(2):
        made.build()
        made.publish()
        migrated.execute(ADD_PAYMENT)
    return made


# The number of payments, which is another one in each version, as six relations have it.
COUNTS = (
    "(select count(*) from dispatch_marts.payments)",
    "(select migrated_rows from dispatch_audit.migration_ledger where entity = 'payments')",
    "(select count(*) from analytics.payments)",
    "(select migrated_rows from analytics.migration_ledger where entity = 'payments')",
    "(select count(*) from dispatch_snapshots.payments_history where dbt_valid_to is null)",
    "(select count(*) from dispatch_intermediate.int_payments__triaged where disposition = 'migrated')",
)


class Readers:
    """Connections that query without a pause, and one with a query of five minutes."""

    def __init__(self, releases: Releases, number: int = READERS, longest: float = 2.0, long_query: int = 300) -> None:
        """Take how many there are, and the seconds that their queries and the long one take."""
        self.releases, self.number, self.longest, self.long_query = releases, number, longest, long_query
        self.mixed: list[tuple[Any, ...]] = []
        self.answers, self.waited = 0, 0.0
        self._over = threading.Event()
        self._lock = threading.Lock()

    def _read_on(self, number: int) -> None:
        chance = random.Random(number)
        with closing(self.releases.connect()) as opened:
            while not self._over.is_set():
                seconds = chance.uniform(0.05, self.longest)
                chosen = chance.sample(COUNTS, chance.randint(2, 6))
                start = time.monotonic()
                *found, _ = connection.rows(opened, f"select {', '.join(chosen)}, pg_sleep({seconds})")[0]
                waited = time.monotonic() - start - seconds
                with self._lock:
                    self.answers += 1
                    self.waited = max(self.waited, waited)
                    if len(set(found)) > 1:
                        self.mixed.append((chosen, found))

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Read while the block runs; raise what a reader was told."""
        with closing(self.releases.connect()) as long, ThreadPoolExecutor(self.number + 1) as pool:
            process = long.info.backend_pid
            slow = pool.submit(connection.rows, long, f"select {', '.join(COUNTS[:4])}, pg_sleep({self.long_query})")
            readers = [pool.submit(self._read_on, number) for number in range(self.number)]
            try:
                time.sleep(1)
                yield
                assert slow.done() == (self.long_query < 1)
            finally:
                self._over.set()
                self.releases.database.execute(f"select pg_terminate_backend({process})")
                with suppress(psycopg2.Error):
                    slow.result()
            for reader in readers:
                reader.result()


def test_readers_without_a_pause_neither_stop_nor_notice_a_publish(releases: Releases) -> None:
    readers, taken = Readers(releases), []
    with readers.reading():
        for _ in range(8):
            start = time.monotonic()
            releases.rollback()
            taken.append(time.monotonic() - start)
            time.sleep(0.5)
    assert max(taken) < 60
    assert readers.mixed == []
    assert readers.answers > 50
    assert readers.waited < 2


def shown(releases: Releases, view: str) -> set[str]:
    """Return the columns that analysts see."""
    found = releases.database.rows(
        f"select attname from pg_attribute where attrelid = 'analytics.{view}'::regclass and attnum > 0"
    )
    return {name for (name,) in found}


def test_analysts_see_what_the_tested_build_declared_and_a_rollback_hides_what_was_tagged_since(
    releases: Releases,
) -> None:
    """The folder at the moment of the publish does not count, only what the build recorded."""
    offices, files = mart(releases.project, "offices"), mart(releases.project, "files")
    before = files["file_extension"]["shown_if"]
    releases.build()
    offices["country_code"]["pii"] = True  # after the tests, before the publish
    releases.publish()
    try:
        assert {"state", "country_code"} <= shown(releases, "offices")
        files["file_extension"]["shown_if"], offices["state"]["pii"] = "stl", True
        releases.build()
        releases.publish()
        assert "state" not in shown(releases, "offices")
        releases.rollback()
        assert "state" not in shown(releases, "offices")
        assert "stl)$" in releases.database.rows("select pg_get_viewdef('analytics.files'::regclass)")[0][0]
        assert before in releases.database.rows("select pg_get_viewdef('analytics.files'::regclass)")[0][0]
        assert releases.database.rows(
            "select has_table_privilege('dispatch_analyst', 'analytics.offices', 'select'),"
            " obj_description('analytics.offices'::regclass) is not null"
        ) == [(True, True)]
        releases.rollback()
        assert "state" not in shown(releases, "offices")
    finally:
        offices["country_code"]["pii"] = offices["state"]["pii"] = False
        files["file_extension"]["shown_if"] = before


def test_a_project_that_is_not_the_one_that_was_built_is_not_published(releases: Releases) -> None:
    build = releases.build()
    with pytest.raises(Failure, match=f"not published: the project is not the one .*build {build}.*tags"):
        releases.call("publish", build, "another", None, 0)
    assert releases.call("publish", build, releases.project["checksum"], None, 0) == build


@pytest.fixture
def stranger(releases: Releases) -> Iterator[str]:
    """A role that nobody has given any right."""
    releases.database.execute("create role stranger login")
    yield "stranger"
    releases.database.execute("drop owned by stranger cascade; drop role stranger")


RIGHTS = """
select description from dispatch_release.rights_in(array(
    select nspname from pg_namespace where nspname ~ '^(dispatch|analytics)'
)) where grantee in ('stranger', 'public')
"""
EVENT_TRIGGER = """
create function public.give() returns event_trigger language plpgsql as $$
declare made record;
begin
    for made in select * from pg_event_trigger_ddl_commands() where object_type in ('table', 'view') loop
        execute format('grant select on %s to stranger', made.object_identity);
    end loop;
end $$;
create event trigger give on ddl_command_end when tag in ({}) execute function public.give()
"""


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        (
            "alter default privileges grant select on tables to public;"
            " alter default privileges grant usage on schemas to public;"
            " alter default privileges for role postgres grant select, insert on tables to stranger",
            "alter default privileges revoke select on tables from public;"
            " alter default privileges revoke usage on schemas from public;"
            " alter default privileges for role postgres revoke select, insert on tables from stranger",
        ),
        (
            EVENT_TRIGGER.format("'CREATE TABLE', 'CREATE TABLE AS', 'CREATE VIEW'"),
            "drop event trigger give; drop function public.give",
        ),
    ],
    ids=["default privileges", "event trigger"],
)
def test_rights_that_nobody_declared_are_taken_back(releases: Releases, stranger: str, given: str, taken: str) -> None:
    releases.database.execute(given)
    try:
        releases.build()
        assert releases.database.rows(RIGHTS) != []
        releases.publish()
    finally:
        releases.database.execute(taken)
    left = [right for (right,) in releases.database.rows(RIGHTS) if " dispatch_next_" not in right]
    assert left == []


def test_rights_that_come_back_are_refused_by_name(releases: Releases, stranger: str) -> None:
    releases.build()
    before = releases.call("state")
    releases.database.execute(
        "create function public.give() returns event_trigger language plpgsql as $$ begin"
        " if not has_table_privilege('stranger', 'dispatch_marts.profiles', 'select') then"
        " grant select on dispatch_marts.profiles to stranger; end if; end $$;"
        "create event trigger give on ddl_command_end when tag in ('GRANT') execute function public.give()"
    )
    try:
        with pytest.raises(Failure, match=r"not done: stranger has select on table dispatch_marts\.profiles\. Nobody"):
            releases.publish()
    finally:
        releases.database.execute("drop event trigger give; drop function public.give")
    assert releases.call("state") == before
    releases.publish()


def test_rights_that_were_granted_are_kept(releases: Releases, stranger: str) -> None:
    releases.database.execute(
        "grant usage on schema dispatch_marts to stranger; grant select on dispatch_marts.payments to stranger;"
        "grant select (order_id) on dispatch_marts.orders to stranger with grant option;"
        "grant select on dispatch_release.releases to stranger"
    )
    before = releases.database.rows(RIGHTS)
    releases.build()
    releases.publish()
    # Of the version before, nobody may use the schemas.
    kept = [right for right in releases.database.rows(RIGHTS) if " dispatch_next_marts." not in right[0]]
    assert sorted(kept) == sorted(before)
    assert len(before) == 4


def test_nobody_else_may_write_the_records(releases: Releases, stranger: str) -> None:
    with closing(releases.connect()) as engineer:
        engineer.cursor().execute("set role dispatch_engineer; create temporary table t (id integer)")
        for statement in (
            f"create trigger t after insert on t for each statement {NOTE}",
            "select dispatch_release.finish_build('x', 'x', '{}', '{}', '{}', '{}')",
            "select dispatch_release.rollback(null, 0)",
            "insert into dispatch_release.publications (action) values ('publish')",
        ):
            with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                engineer.cursor().execute(statement)
    # The owner can, and nothing is noted: the table is not one of the application's.
    releases.database.execute(
        "create temporary table patients (id integer);"
        f"create trigger t after insert on patients for each statement {NOTE};"
        "insert into patients values (1)"
    )
    assert releases.database.rows("select count(*) from dispatch_release.first_writes") == [(0,)]
    releases.build()
    releases.database.execute("grant insert on dispatch_release.publications to stranger")
    with pytest.raises(Failure, match="stranger has insert on table publications"):
        releases.publish()
    releases.database.execute("revoke insert on dispatch_release.publications from stranger")
    releases.publish()


# The records as version 1.0.0 created them, and what the project created after it.
FIRST = """
create schema {0};
create table {0}.releases (
    release_id text primary key, git_commit text, backend_process integer not null,
    started_at timestamp with time zone not null default clock_timestamp(), ended_at timestamp with time zone,
    outcome text not null default 'running', message text, build_id text,
    newest_source_row_at timestamp with time zone, build_seconds numeric(10, 1), publish_seconds numeric(10, 1),
    nodes integer, warnings integer, was_retried boolean not null default false,
    source_rows bigint, migrated_rows bigint, excluded_rows bigint, rejected_rows bigint
);
create table {0}.builds (
    build_id text primary key, git_commit text, started_at timestamp with time zone not null default clock_timestamp(),
    finished_at timestamp with time zone, unfinished text[], project_checksum text
);
create table {0}.publications (
    publication_id integer generated always as identity primary key, action text not null, live_build_id text,
    previous_build_id text, published_at timestamp with time zone not null default clock_timestamp()
);
create table {0}.built_relations (relation regclass primary key, state jsonb not null);
create function {0}.state_of(relation regclass) returns jsonb language sql as 'select null::jsonb';
insert into {0}.builds (build_id, finished_at, unfinished) values ('first', now(), '{{}}');
insert into {0}.publications (action, live_build_id) values ('publish', 'first');
"""
SECOND = """
alter table {0}.releases add column backend_started_at timestamp with time zone;
create sequence {0}.build_number owned by {0}.builds.build_id;
alter table {0}.builds add column build_number bigint not null default 0;
alter table {0}.builds alter column build_number set default nextval('{0}.build_number');
create table {0}.handovers (
    handed_over_at timestamp with time zone primary key default now(), schema_name text not null,
    build_id text not null, git_commit text, undone_at timestamp with time zone
);
create table {0}.first_writes (table_name text not null, written_at timestamp with time zone not null);
create function {0}.note_first_write() returns trigger language plpgsql as $$ begin return null; end $$;
insert into {0}.handovers (schema_name, build_id) values ('app', 'first');
"""


def structure(database: Database, schema: str) -> list[tuple[Any, ...]]:
    """Return every column of the records, and every function."""
    return database.rows(
        "select relname || '.' || attname, format_type(atttypid, atttypmod), attnotnull, attidentity,"
        f" replace(pg_get_expr(adbin, adrelid), '{schema}.', '')"
        " from pg_attribute inner join pg_class on attrelid = pg_class.oid and relkind = 'r'"
        " left join pg_attrdef on adrelid = attrelid and adnum = attnum"
        f" where relnamespace = '{schema}'::regnamespace and attnum > 0"
        f" union all select proname, pg_get_function_arguments(oid), prosecdef, '', md5(prosrc) from pg_proc"
        f" where pronamespace = '{schema}'::regnamespace order by 1"
    )


@pytest.mark.parametrize("older", [FIRST, FIRST + SECOND], ids=["1.0.0", "after it"])
def test_records_of_an_older_version_are_brought_up_to_date(releases: Releases, older: str) -> None:
    database = replace(releases.database, target=replace(releases.database.target, schema="older"))
    database.execute(older.format("older_release"))
    try:
        with closing(database.connect()) as opened:
            records.prepare(opened)
            assert structure(database, "older_release") == structure(database, "dispatch_release")
            state = json.loads(records.call(opened, "state")[0][0])
            assert state["build"]["build_id"] == state["publication"]["live_build_id"] == "first"
            assert (state["handover"] or {}).get("schema_name") == ("app" if older != FIRST else None)
            if older == FIRST:
                with pytest.raises(Failure, match="no version before build first"):
                    records.call(opened, "rollback", None, 0)
    finally:
        database.execute("drop schema older_release cascade")


def test_the_functions_are_installed_once_and_never_replaced_by_older_ones(
    releases: Releases, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    changed = "select count(*), max(cast(cast(xmin as text) as bigint)) from pg_proc where prosrc ~ 'builds'"
    before = releases.database.rows(changed)
    with closing(releases.connect()) as opened:
        records.prepare(opened)
        assert releases.database.rows(changed) == before
        shutil.copytree(ROOT / "protocol", tmp_path / "protocol")
        (tmp_path / "protocol" / "09_rights.sql").open("a").write("-- newer")
        with monkeypatch.context() as newer:
            newer.setattr(records, "ROOT", tmp_path)
            records.prepare(opened)
        with pytest.raises(Failure, match="this one is older: update it"):
            records.prepare(opened)
        opened.cursor().execute("delete from dispatch_release.installations")
        records.prepare(opened)
        assert releases.database.rows("select count(*) from dispatch_release.installations") == [(1,)]


def test_sessions_may_install_at_once(releases: Releases) -> None:
    """PostgreSQL itself fails when two sessions create a schema of one name."""
    target = replace(releases.database.target, schema="twin")
    connections = [connection.connect(target) for _ in range(4)]
    with ThreadPoolExecutor(len(connections)) as pool:
        list(pool.map(records.prepare, connections))
    ((installed,),) = rows(connections[0], "select count(*) from twin_release.installations")
    assert installed >= 1
    connections[0].cursor().execute("drop schema twin_release cascade")
    for each in connections:
        each.close()


def test_a_source_that_moved_is_named(releases: Releases) -> None:
    with closing(releases.connect()) as opened:
        before = production.landing_state(opened)
        assert production.changed_landing(before, production.landing_state(opened)) == []
        releases.database.execute("update legacy.dispatch_storage set port = port where id < 3")
        releases.database.execute("delete from legacy.dispatch_note where false")
        (said,) = production.changed_landing(before, production.landing_state(opened))
    assert said.startswith("The source moved: while this release was building, another program wrote to ")
    assert " dispatch_storage in schema legacy. " in said


def test_what_may_succeed_later_is_told_apart_in_the_messages_of_dbt() -> None:
    said = "Database Error\n  not done: {}\n  CONTEXT:  PL/pgSQL function publish(text) line 1 at RAISE\n"
    later = records.failure([said.format("no moment; try again\n  HINT:  Try again later.")])
    assert (type(later), str(later)) == (records.Later, "Database Error\n  not done: no moment; try again")
    never = records.failure([said.format("another")])
    assert (type(never), str(never)) == (Failure, "Database Error\n  not done: another")
