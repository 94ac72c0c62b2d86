"""The notifications are loaded in batches: only what changed is written again, with the same result as a full load.

What may happen to the data is tried by replay, in a transaction that is rolled back; dbt runs where the
materialization decides something, or stops in the middle.
"""

import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any, Protocol

import pytest
from conftest import Database
from inprocess import Project
from marts import Queryable, broken_keys
from psycopg2.extensions import cursor as Cursor
from test_dirty_copy import DROP_EVERY_CONSTRAINT

from ops.project import ROOT
from tests.programs import DBT
from tests.replay import Replay

SIZE = 65_536
BATCHES = 64
SEEDS = 20
MART = "dispatch_marts.notifications"
LEFT_OUT = "dispatch_intermediate.int_notifications__left_out"
LOADED = {
    MART: "dispatch_intermediate.notifications__loaded_batches",
    LEFT_OUT: "dispatch_intermediate.int_notifications__left_out__loaded_batches",
}
ALONE = ("--select", "notifications", "int_notifications__left_out")
BY_TRIAGE = (*ALONE, "int_notifications__triaged")
WITH_PARENTS = ("--select", "+notifications", "+int_notifications__left_out", "--exclude", "staging")

# The smallest legacy database has 160 notifications, all of one batch: they are spread over many, one of them below
# zero, with rows on both sides of the borders. Four users who are nothing but recipients can be deleted without taking
# anything else along, and a content type that few refer to can change without changing most batches.
SPREAD = f"""
update legacy.dispatch_notification set id = id + (id % {BATCHES} - 1) * {SIZE};
update legacy.dispatch_notification set id = (id >> 16) * {SIZE}
where id in (select min(id) from legacy.dispatch_notification group by id >> 16);
update legacy.dispatch_notification set id = (id >> 16) * {SIZE} + {SIZE} - 1
where id in (select max(id) from legacy.dispatch_notification group by id >> 16);
insert into legacy.auth_user
select 90000 + n, password, last_login, is_superuser, username || n, first_name, last_name, email, is_staff, is_active,
    date_joined
from (select * from legacy.auth_user order by id limit 1) as someone, generate_series(1, 4) as n;
update legacy.dispatch_notification set recipient_id = 90000 + id % 5 where id % 5 > 0 and id >> 16 between 0 and 4;
insert into legacy.django_content_type select 90000, app_label, 'rare' from legacy.django_content_type limit 1;
update legacy.dispatch_notification set item_type_id = 90000 where id >> 16 between 5 and 7;
create table public.users as select * from legacy.auth_user where id > 90000;
"""


class Changing(Queryable, Protocol):
    """A database, or a transaction in one, in which rows are changed."""

    def execute(self, statement: str) -> None:
        """Run statements that return nothing."""


class Trial:
    """A transaction in a loaded database, which loads again by replay."""

    def __init__(self, cursor: Cursor, replay: Replay) -> None:
        """Find out what the notifications depend on; the staging views stay as they are."""
        self._cursor, self._replay = cursor, replay
        self._nodes = {f"model.dispatch.{name}" for name in ALONE[1:]}
        for id, node in reversed(replay.nodes.items()):
            if id in self._nodes:
                self._nodes |= {
                    parent for parent in node.parents if parent.startswith("model.") and ".stg_" not in parent
                }

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Run one query and return its rows."""
        self._cursor.execute(query)
        return self._cursor.fetchall()

    def execute(self, statement: str) -> None:
        """Run statements that return nothing."""
        self._cursor.execute(statement)

    def load(self) -> None:
        """Load what changed."""
        self._replay.build(self._cursor, self._nodes)

    def unbatched(self) -> list[tuple[Any, ...]]:
        """Return the contents of both tables if their queries ran once, over all rows."""
        for table in LOADED:
            (node,) = (node for node in self._replay.nodes.values() if f"{node.schema}.{node.name}" == table)
            columns = ", ".join(node.columns)
            self.execute(f"create temp table {node.name} (like {table})")
            self.execute(
                f"insert into pg_temp.{node.name} ({columns}) select {columns} from ({node.batches.query}) as q"
            )
        return contents(self, lambda table: f"pg_temp.{table.partition('.')[2]}")


@pytest.fixture(scope="module")
def loaded(scratch: Database, replay: Replay) -> Database:
    """Load everything once."""
    scratch.load_legacy("tiny")
    scratch.execute(DROP_EVERY_CONSTRAINT)
    scratch.execute(SPREAD)
    scratch.build(replay)
    assert len(made_from(scratch)) == len(written(scratch, MART)) == BATCHES
    return scratch


@pytest.fixture
def trial(loaded: Database, replay: Replay) -> Iterator[Trial]:
    """Begin a transaction; nothing of it remains."""
    with closing(loaded.connect()) as opened, opened.cursor() as cursor:
        cursor.execute("begin")
        yield Trial(cursor, replay)


def contents(database: Queryable, place: Callable[[str], str] = str) -> list[tuple[Any, ...]]:
    """Return a checksum of every row of both tables, or of those in their place, in the order of their checksums."""
    return [
        row
        for table in LOADED
        for row in database.rows(f"select '{table}', md5(cast(t as text)) from {place(table)} as t order by 2")
    ]


def written(database: Queryable, table: str) -> dict[int | None, list[tuple[Any, ...]]]:
    """Return where the rows of each batch lie and which transactions wrote them and their signature."""
    places: dict[int | None, list[tuple[Any, ...]]] = {}
    for batch, *place in database.rows(
        f"select batch_number, tableoid, xmin::text, ctid::text from {LOADED[table]} union all"
        f" select legacy_notification_id >> 16, tableoid, xmin::text, ctid::text from {table} order by 2, 4"
    ):
        places.setdefault(batch, []).append(tuple(place))
    return places


def made_from(database: Queryable) -> dict[int | None, Counter[str]]:
    """Return what each batch is made from, asked without the models that find it out for the load."""
    batches: dict[int | None, Counter[str]] = {}
    for batch, row in database.rows(
        "select n.id >> 16, md5(cast((n.*, exists (select 1 from legacy.auth_user as u where u.id = n.recipient_id), ("
        " select app_label || '.' || model from legacy.django_content_type as t where t.id = n.item_type_id)) as text))"
        " from legacy.dispatch_notification as n"
    ):
        batches.setdefault(batch, Counter())[row] += 1
    return batches


def rounds(dice: random.Random) -> list[list[str]]:
    """Deal out over three rounds all that can happen to notifications and to what they refer to."""

    def some(share: int) -> str:
        chosen = f"abs(id * bigint '31' + {dice.randrange(997)}) % {share} = 0"
        return f"id in (select id from legacy.dispatch_notification where {chosen})"

    update = "update legacy.dispatch_notification set"
    kinds = [
        f'{update} template_context = \'{{"a": {dice.random()}}}\', "read" = not "read" where {some(47)}',
        f'{update} template_context = \'{{"a": "b"c"}}\' where {some(53)}',
        f"{update} template_context = '{{}}' where not pg_input_is_valid(template_context, 'jsonb') and {some(2)}",
        f"{update} id = id + {dice.choice([1, SIZE, -SIZE])} where {some(61)}",
        f"{update} id = id + {40 * SIZE} where {some(61)}",
        f"{update} id = null where {some(71)}",
        f"{update} created_at = 'infinity' where {some(67)}",
        f"delete from legacy.dispatch_notification where {some(43)}",
        f"delete from legacy.dispatch_notification where id >> 16 = {dice.randrange(4, BATCHES - 1)}",
        f"insert into legacy.dispatch_notification select * from legacy.dispatch_notification where {some(59)}",
        f"create table public.new as select * from legacy.dispatch_notification where {some(41)};"
        f"update public.new set id = id + {dice.choice([100, 3 * SIZE, 1000 * SIZE])};"
        "insert into legacy.dispatch_notification select * from public.new; drop table public.new",
        "update legacy.django_content_type set model = model || 'x' where id = 90000",
    ]
    dice.shuffle(kinds)
    dealt = [kinds[number::3] for number in range(3)]
    dealt[0].append(f"delete from legacy.auth_user where id in (90001, {dice.randint(90_002, 90_004)})")
    dealt[1].append("insert into legacy.auth_user select * from public.users where id = 90001")
    dealt[2].append("update legacy.dispatch_notification set id = 7000000 where id is null")
    return dealt


def test_a_run_with_nothing_changed_writes_nothing(loaded: Database, project: Project) -> None:
    before = [written(loaded, table) for table in LOADED]
    project.dbt("run", *WITH_PARENTS)
    assert [written(loaded, table) for table in LOADED] == before


def check(
    database: Changing, statements: list[str], load: Callable[[], Any], expected: Callable[[], list[tuple[Any, ...]]]
) -> None:
    """Change rows and load: just the changed batches are written, and both tables have the expected contents."""
    inputs, places = made_from(database), {table: written(database, table) for table in LOADED}
    for statement in statements:
        database.execute(statement)
    after = made_from(database)
    changed = {batch for batch in inputs | after if inputs.get(batch) != after.get(batch)}
    # Otherwise everything is loaded again.
    assert 0 < len(changed & inputs.keys()) * 3 <= len(inputs), statements

    load()
    for table in LOADED:
        old, new = places[table], written(database, table)
        assert {batch for batch in old | new if old.get(batch) != new.get(batch)} == changed, statements
    found = contents(database)
    assert found == expected(), statements


@pytest.mark.parametrize("seed", range(SEEDS))
def test_batched_load_equals_one_without_batches(trial: Trial, seed: int) -> None:
    for statements in rounds(random.Random(seed)):
        check(trial, statements, trial.load, trial.unbatched)


def test_dbt_loads_what_changed(loaded: Database, project: Project) -> None:
    def loaded_again() -> list[tuple[Any, ...]]:
        project.dbt("run", *ALONE, "--full-refresh")
        return contents(loaded)

    statements, *_ = rounds(random.Random(SEEDS))
    check(loaded, statements, lambda: project.dbt("run", *WITH_PARENTS), loaded_again)


def test_changes_in_many_batches_load_everything_again(loaded: Database, project: Project, replay: Replay) -> None:
    """Replacing single rows of a table with keys takes longer than loading all rows."""
    loaded.build(replay)
    places = {table: written(loaded, table) for table in LOADED}
    loaded.execute("""update legacy.dispatch_notification set "read" = not "read" where (id >> 16) % 2 = 0""")
    project.dbt("run", *WITH_PARENTS)
    for table in LOADED:
        now = written(loaded, table)
        assert now.keys() == places[table].keys()
        assert not [batch for batch, rows in now.items() if set(rows) & set(places[table][batch])]
    assert broken_keys(loaded) == []
    found = contents(loaded)
    loaded.execute(f"drop table {', '.join(LOADED)} cascade")
    loaded.build(replay)
    assert found == contents(loaded)


def test_killed_load_resumes_where_it_stopped(loaded: Database, project: Project, replay: Replay) -> None:
    """Kill dbt in the middle of a load from nothing; an event trigger makes every batch slow enough to be caught."""
    loaded.build(replay)
    expected = contents(loaded)
    ledger = LOADED[MART]
    loaded.execute(f"""
        create function public.wait() returns trigger language plpgsql
            as $$ begin perform pg_sleep(0.5); return new; end $$;
        create function public.slow_down() returns event_trigger language plpgsql as $$ begin
            if exists (select 1 from pg_event_trigger_ddl_commands() where object_identity = '{ledger}') then
                execute 'create trigger slow before insert on {ledger} for each row execute function public.wait()';
            end if;
        end $$;
        create event trigger slow_down on ddl_command_end when tag in ('CREATE TABLE')
            execute function public.slow_down()
    """)
    command = [*DBT, "run", "--select", "notifications", "--full-refresh"]
    load = subprocess.Popen(
        command, cwd=ROOT, env=loaded.environment, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT
    )
    try:
        trigger = f"select 1 from pg_trigger where tgrelid = to_regclass('{ledger}') and tgname = 'slow'"
        wait_until(lambda: loaded.rows(trigger) and loaded.rows(f"select count(*) from {ledger}")[0][0] >= 4)
    finally:
        load.send_signal(signal.SIGKILL)
        load.wait()
    others = (
        "select 1 from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
        " and backend_type = 'client backend'"
    )
    wait_until(lambda: not loaded.rows(others))
    loaded.execute(f"drop event trigger slow_down; drop trigger slow on {ledger}")
    finished = written(loaded, MART)
    assert 4 <= len(finished) < len(made_from(loaded))

    project.dbt("run", "--select", "notifications")
    now = written(loaded, MART)
    assert {batch: now[batch] for batch in finished} == finished
    assert contents(loaded) == expected
    assert broken_keys(loaded) == []


def test_changed_definition_loads_everything_again(loaded: Database, project: Project, replay: Replay) -> None:
    """A bound that is compiled into the triage changes no legacy row, and may change the disposition of every one."""
    loaded.build(replay)
    before, places = contents(loaded), written(loaded, MART)
    project.dbt("run", *BY_TRIAGE, "--vars", "earliest_plausible_date: '2021-01-01'")
    now = written(loaded, MART)
    assert now.keys() == places.keys()
    assert not [batch for batch, rows in now.items() if set(rows) & set(places[batch])]
    too_early = f"select count(*) from {LEFT_OUT} where reason = 'value_out_of_range'"
    assert loaded.rows(too_early) > [(0,)]
    loaded.build(replay)
    assert contents(loaded) == before


def test_changed_upstream_definition_is_noticed(loaded: Database, project: Project, replay: Replay) -> None:
    """The staging view is read through two others."""
    loaded.build(replay)
    staging = "dispatch_staging.stg_dispatch__notifications"
    (definition,) = loaded.rows(f"select rtrim(pg_get_viewdef('{staging}'), ';')")[0]
    rows, first = loaded.rows(f"select count(*), min(legacy_notification_id) from {MART}")[0]
    without_first = f"select * from ({definition}) as shown where legacy_notification_id > {first}"
    loaded.execute(f"create or replace view {staging} as {without_first}")
    project.dbt("run", *ALONE)
    assert loaded.rows(f"select count(*) from {MART}") == [(rows - 1,)]
    loaded.build(replay)
    assert loaded.rows(f"select count(*) from {MART}") == [(rows,)]


def test_foreign_key_exists_after_a_run_of_either_table(loaded: Database, project: Project, replay: Replay) -> None:
    loaded.build(replay)
    assert loaded.rows("select 1 from dispatch_audit.foreign_key_ledger where child = 'notifications'")
    for model in ("notifications", "profiles"):
        project.dbt("run", "--select", model)
        assert broken_keys(loaded) == [], model


def wait_until(holds: Callable[[], Any], seconds: float = 60) -> None:
    """Ask again and again, and give up after a minute."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)
