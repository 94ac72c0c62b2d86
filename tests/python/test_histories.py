"""Releases and hand-overs in any order: after each step readers see one published version, and nothing more than it.

Hypothesis draws the steps: changes of the source and of the project, builds that are whole, partial, failed, retried or
killed, publishes, rollbacks, hand-overs and their undoing, writes of the application, and what a database administrator
may do meanwhile. The functions of the folder protocol are called as dbt and python -m ops call them; a build replays a
part of the project: two marts with a history, one in batches, and the tables of the audit. HISTORY_STEPS asks for more
steps (make histories).
"""

from __future__ import annotations

import json
import os
import re
import sys
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any
from unittest import mock

import psycopg2
import pytest
from conftest import SCRATCH, Database
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from test_dirty_copy import DROP_EVERY_CONSTRAINT

from ops.database import connection
from ops.database.connection import Connection
from ops.errors import Failure
from ops.handover import handover
from ops.project import ROOT
from tests.replay import Recording, Replay

STEPS = int(os.environ.get("HISTORY_STEPS", "200"))
SEED = int(os.environ.get("HISTORY_SEED", "20251128"))
LONGEST = 40  # steps of one history
PROTOCOL = sorted((ROOT / "protocol").glob("*.sql"))
REFUSED = ("DP001", "DP075")

ENDS = ("snapshot.dispatch.technicians_history", "model.dispatch.notifications")
TESTS = ["test.one", "test.two"]
HISTORY = ["snapshots.technicians_history"]

# Stand-ins for what reads every table of the project.
COUNTED = {"profiles": "auth_user", "technicians": "dispatch_role", "notifications": "dispatch_notification"}
AUDIT = {
    "foreign_key_ledger": """
        select 'technicians' as child, 'profile_id' as child_column, 'profiles' as parent,
            count(*) filter (where profiles.profile_id is null) as orphan_rows,
            (
                select convalidated from pg_constraint
                where conrelid = '{0}_marts.technicians'::regclass and conname = 'technicians__profile_id__fk'
            ) as is_enforced
        from {0}_marts.technicians
        left join {0}_marts.profiles using (profile_id)
    """,
    "migration_rejects": """
        select 'technicians' as entity, legacy_role_id as legacy_id, disposition, reason
        from {0}_intermediate.int_technicians__triaged where disposition <> 'migrated'
    """,
    "legacy_numbers": """
        select 'auth_user' as legacy_table, 'id' as legacy_column, 'legacy_user_id' as legacy_id,
            cast(max(legacy_user_id) as bigint) as largest_id
        from {0}_intermediate.int_profiles__triaged
    """,
}
# A mart that only the second version of the project has.
NEWCOMERS = "select profile_id, legacy_user_id, username, is_active from {0}_marts.profiles where is_active"

# Personal columns, and those shown only in a form, of the two versions of the project.
PERSONAL = (
    {"profiles": {"username", "first_name", "last_name", "email"}, "notifications": {"sender", "context"}},
    {
        "profiles": {"username", "first_name", "last_name", "email", "last_login_at"},
        "notifications": {"sender", "context", "template_name"},
        "newcomers": {"username"},
    },
)
SHOWN_IF = ({"notifications": {"item_type": "[a-z]+[.][a-z]+"}}, {"notifications": {"item_type": "[a-z]+"}})

CHANGES = [
    "update legacy.auth_user set last_name = last_name || 'x' where id % 3 = 0",
    "update legacy.auth_user set is_active = not is_active where id % 4 = 1",
    "delete from legacy.dispatch_role where id = (select max(id) from legacy.dispatch_role)",
    "update legacy.dispatch_role set user_id = null where id = (select min(id) from legacy.dispatch_role)",
    "update legacy.dispatch_notification set read = not read where id >> 16 = 1",
    "delete from legacy.dispatch_notification where id = (select max(id) from legacy.dispatch_notification)",
    "insert into legacy.dispatch_notification select * from legacy.dispatch_notification where id >> 16 = 2",
]
SPREAD = "update legacy.dispatch_notification set id = id + (id % 4) * 65536"

# What somebody may do to a candidate between its tests and its publish, and what has to be built again to mend it.
TAMPERINGS = {
    "update dispatch_next_marts.profiles set last_name = last_name": "profiles",
    "delete from dispatch_next_marts.technicians": "technicians",
    "insert into dispatch_next_seeds.technician_specialties"
    " select * from dispatch_next_seeds.technician_specialties": "technician_specialties",
    "alter table dispatch_next_marts.technicians drop constraint technicians__profile_id__fk": "anything",
    "alter table dispatch_next_marts.technicians add column note text": "technicians",
    "alter table dispatch_next_marts.notifications add column note text": "notifications",
    "create table dispatch_next_marts.stowaway (id integer)": "anything",
    "alter table dispatch_next_marts.profiles enable row level security": "profiles",
}
# What the application or its owner does after a hand-over, and whether an undo would lose it.
WRITES = {
    "update app.profiles set first_name = 'New'": 1,
    "delete from app.notifications": 1,
    "truncate app.notifications": 1,
    "insert into app.notifications default values": 0,  # refused: columns without a value
    "alter table app.profiles add column insurance_number text": 1,
    "create index on app.profiles (username)": 1,
    "comment on table app.profiles is 'ours'": 1,
    "update app.profiles set first_name = first_name": 0,
}

# How often each step is drawn.
WEIGHTS = {"change": 4, "release": 4, "build_all": 2, "build_with_a_failure": 3, "retry": 2, "test": 1, "publish": 4}
WEIGHTS |= {
    "roll_back": 3,
    "race": 2,
    "spoil_the_candidate": 2,
    "administrate": 2,
    "hand_over": 1,
    "write": 2,
    "undo": 2,
}
WEIGHTS |= {"give_the_application_up": 2}

# What often follows a step.
TRIED_OUT = {
    "build_with_a_failure": ["publish", "roll_back", "change", "retry"],
    "spoil_the_candidate": ["publish"],
    "administrate": ["release", "publish", "roll_back"],
    "change": ["build_all", "publish", "retry"],
    "hand_over": ["release", "publish", "roll_back", "write", "hand_over"],
    "write": ["undo"],
}

CONTENTS = """
create function public.contents(schemas text[]) returns jsonb language plpgsql set search_path = pg_catalog as $$
declare
    relation record;
    found jsonb := '{}';
    rows text;
begin
    for relation in
        select pg_class.oid::regclass::text as name, relname, substring(nspname from '[^_]+$') as layer, relkind
        from pg_class inner join pg_namespace on relnamespace = pg_namespace.oid
        where nspname = any(schemas) and (relkind = 'r' or starts_with(nspname, 'analytics') and relkind = 'v')
    loop
        execute 'select count(*) || md5(coalesce(string_agg(r, '''' order by r), '''')) '
            'from (select md5(t::text) as r from ' || relation.name || ' as t) as hashed' into rows;
        found := found || jsonb_build_object(relation.layer || '.' || relation.relname, rows);
    end loop;
    return found;
end $$;
"""
# Everything that a refusal must leave as it was.
RECORDS = """
select jsonb_build_object(
    'live', public.contents(array(select live from dispatch_release.layers())),
    'next', public.contents(array(select next from dispatch_release.layers())),
    'builds', (select jsonb_agg(to_jsonb(builds) - 'project' order by build_number) from dispatch_release.builds),
    'publications', (select jsonb_agg(publications order by publication_id) from dispatch_release.publications),
    'handovers', (select jsonb_agg(handovers order by handed_over_at) from dispatch_release.handovers),
    'relations', (select jsonb_agg(relation order by relation) from dispatch_release.built_relations),
    'rights', (
        select jsonb_agg(description order by description)
        from dispatch_release.rights_in(array(select unnest(array[live, next, 'app']) from dispatch_release.layers()))
    )
)
"""


def install(database: Database, edit: tuple[str, str] | None) -> None:
    """Install the protocol; with `edit`, a pair of texts, one of its rules is broken."""
    check, *texts = (file.read_text(encoding="utf-8") for file in PROTOCOL)
    text = "\n".join(texts)
    if edit:
        assert text.count(edit[0]) >= 1, f"the protocol does not contain {edit[0]!r}"
        text = text.replace(*edit)
    schema = "dispatch_release"
    database.execute(
        f"select set_config('dispatch.schema', '{schema}', false), set_config('dispatch.protocol', 'test', false);"
        f"{check}; create schema {schema}; set search_path to {schema}, pg_catalog, pg_temp; {text}"
    )


class World:
    """What all histories start from: a template database, and the replay of a part of the project."""

    def __init__(self, database: Callable[..., Database], recording: Recording, manifest: dict[str, Any]) -> None:
        self.create = database
        self.replay, self.clean = (Replay(recording, SCRATCH, prefix) for prefix in ("dispatch_next", "clean"))
        self.nodes = self._closure()
        self.manifest = self._contracts(manifest)
        self.steps = 0
        self.edit: tuple[str, str] | None = None
        template = database("beginning")
        template.load_legacy("tiny")
        template.execute(f"{DROP_EVERY_CONSTRAINT};{SPREAD};{CONTENTS}")

    def begin(self) -> Database:
        """Give a new database, with the protocol."""
        made = self.create(SCRATCH, "beginning")
        install(made, self.edit)
        return made

    def _closure(self) -> list[str]:
        """Return the nodes that the two ends need, in order."""
        wanted = set(ENDS)
        for id in reversed(self.replay.nodes):
            if id in wanted:
                wanted |= set(self.replay.nodes[id].parents) & self.replay.nodes.keys()
        return [id for id in self.replay.nodes if id in wanted]

    def _contracts(self, manifest: dict[str, Any]) -> dict[str, Any]:
        names = [self.replay.nodes[id].name for id in self.nodes if self.replay.nodes[id].schema.endswith("_marts")]
        nodes = {f"model.dispatch.{name}": manifest["nodes"][f"model.dispatch.{name}"] for name in names}
        newcomers = {"name": "newcomers", "unique_id": "model.dispatch.newcomers", "path": "marts/newcomers.sql"}
        columns = ("profile_id", "legacy_user_id", "username", "is_active")
        newcomers |= {"config": {}, "columns": {name: {"name": name, "config": {}} for name in columns}}
        return {"nodes": nodes}, {"nodes": nodes | {"model.dispatch.newcomers": newcomers}}

    def project(self, version: int) -> dict[str, Any]:
        """Return what a build records of a version of the project."""
        nodes = []
        for id in self.nodes:
            node = self.replay.nodes[id]
            layer = node.schema.removeprefix("dispatch_next_")
            relations = [{"layer": layer, "name": node.name}]
            if node.batches:
                relations.append({"layer": "intermediate", "name": f"{node.name}__loaded_batches"})
            nodes.append({"name": node.name, "relations": relations})
            if layer == "marts":
                nodes[-1] |= self._mart(node.name, list(node.columns), version)
        for name in ("migration_ledger", *AUDIT):
            nodes.append({"name": name, "relations": [{"layer": "audit", "name": name}]})
        if version:
            nodes.append({"name": "newcomers", "relations": [{"layer": "marts", "name": "newcomers"}]})
            nodes[-1] |= self._mart("newcomers", ["profile_id", "legacy_user_id", "username", "is_active"], version)
        return {"checksum": f"version {version}", "nodes": nodes}

    def _mart(self, name: str, columns: list[str], version: int) -> dict[str, Any]:
        personal, forms = PERSONAL[version].get(name, set()), SHOWN_IF[version].get(name, {})
        described = [
            {"name": column, "description": column, "pii": column in personal, "shown_if": forms.get(column)}
            for column in columns
        ]
        missing = (
            "select 'its primary key' as violated_constraint where not exists (select from pg_constraint"
            f" where contype = 'p' and conrelid = to_regclass('dispatch_next_marts.{name}'))"
        )
        if name == "technicians":
            missing += (
                " union all select 'a foreign key' where not exists (select from pg_constraint"
                " where contype = 'f' and conrelid = to_regclass('dispatch_next_marts.technicians'))"
            )
        return {"mart": {"description": name, "columns": described}, "contract": missing}

    def ledger(self, version: int) -> str:
        """Return the query of the ledger, which counts what each mart was made from."""
        counted = [
            f"select '{entity}' as entity, '{table}' as legacy_table, count(*) as source_rows,"
            f" (select count(*) from dispatch_next_marts.{entity}) as migrated_rows"
            f" from dispatch_next_intermediate.int_{entity}__triaged"
            for entity, table in COUNTED.items()
        ]
        if version:
            counted.append("select 'newcomers', 'auth_user', count(*), count(*) from dispatch_next_marts.newcomers")
        return (
            "select *, 0 as excluded_rows, source_rows - migrated_rows as rejected_rows"
            f" from ({' union all '.join(counted)}) as counted"
        )


def call(on: Connection, function: str, *arguments: Any) -> str:
    """Call a function of the protocol; return why it refused, or ''."""
    places = ", ".join(["%s"] * len(arguments))
    try:
        connection.rows(on, f"select dispatch_release.{function}({places})", arguments)
    except psycopg2.Error as error:
        assert error.pgcode in REFUSED, error
        return error.diag.message_primary
    return ""


def act_alone(act: Callable[[Connection], Any], on: Connection) -> None:
    """Act in a thread; whatever ends it, the records tell what was done."""
    with suppress(psycopg2.Error, Failure, AssertionError):
        act(on)


class Candidate:
    """What the model knows of the newest build."""

    def __init__(self, build_id: str, version: int) -> None:
        self.build_id, self.version = build_id, version
        self.unfinished: list[str] | None = None  # until its end
        self.is_published = False
        self.spoilt: set[str] = set()


class Histories(RuleBasedStateMachine):
    """One history, beside a model of what must be true."""

    world: World

    @initialize()
    def begin(self) -> None:
        self.database = self.world.begin()
        self.opened = self.database.connect()
        self.version = 0  # of the project
        self.candidate: Candidate | None = None
        self.publications: list[str] = []
        self.versions: dict[str, tuple[dict[str, str], int]] = {}  # contents and project of each finished build
        self.granted: set[str] = set()  # rights that somebody gave on what is published
        self.app: str | None = None  # None, "untouched" or "changed"
        self.is_obstructed = self.has_trigger = False
        self.number = 0

    def teardown(self) -> None:
        """Whatever happened, the next version is that of a clean build of the same source."""
        if not hasattr(self, "opened"):
            return
        try:
            if sys.exc_info()[0] is None and self.app is None and not self.is_obstructed:
                self.release()
                self.readers_see_what_was_published()
                clean = self.world.clean
                for id in self.world.nodes:
                    clean.build(self.opened.cursor(), {id})
                layers = ("seeds", "intermediate", "marts")
                schemas = [[f"{prefix}_{layer}" for layer in layers] for prefix in ("dispatch", "clean")]
                found, expected = (self.rows("select public.contents(%s)", each)[0][0] for each in schemas)
                expected = json.loads(expected)
                assert {name: rows for name, rows in json.loads(found).items() if name in expected} == expected
        finally:
            self.opened.close()

    # What the steps are made of

    def rows(self, query: str, *arguments: Any) -> list[tuple[Any, ...]]:
        return connection.rows(self.opened, query, arguments or None)

    def execute(self, *statements: str) -> None:
        self.opened.cursor().execute(";".join(statements))

    def call(self, function: str, *arguments: Any) -> str:
        return call(self.opened, function, *arguments)

    def refused_or_done(self, act: Callable[[], str], *, is_possible: bool) -> bool:
        """Do something and return whether it was done, which the model foresees; a refusal changes nothing."""
        before = self.rows(RECORDS)
        said = act()
        assert (said == "") == is_possible, said or "this should have been refused"
        if said:
            assert self.rows(RECORDS) == before, said
        return is_possible

    def contents(self, which: str) -> dict[str, str]:
        """Return a checksum of each table of the published (live) or the other (next) version."""
        ((found,),) = self.rows(
            f"select public.contents(array(select {which} from dispatch_release.layers() where live <> 'analytics'))"
        )
        return json.loads(found)

    def names(self, version: int) -> list[str]:
        """Return what a build of a version of the project builds, in order."""
        return [*self.world.nodes, *(["newcomers"] if version else []), "migration_ledger", *AUDIT]

    def build(self, nodes: list[str], version: int) -> None:
        """Build nodes as dbt does, and record each."""
        cursor = self.opened.cursor()
        for id in nodes:
            if id in self.world.replay.nodes:
                node = self.world.replay.nodes[id]
                relations = [f"{node.schema}.{node.name}"]
                if node.batches:
                    relations.append(f"dispatch_next_intermediate.{node.name}__loaded_batches")
                self.world.replay.build(cursor, {id})
            else:
                if id == "newcomers":
                    relations, query = ["dispatch_next_marts.newcomers"], NEWCOMERS
                else:
                    relations = [f"dispatch_next_audit.{id}"]
                    query = AUDIT[id] if id in AUDIT else self.world.ledger(version)
                self.execute(
                    f"drop table if exists {relations[0]} cascade",
                    f"create table {relations[0]} as {query.format('dispatch_next')}",
                )
                if id == "newcomers":
                    self.execute(f"alter table {relations[0]} add primary key (profile_id)")
            cursor.execute("select dispatch_release.record_relations(cast(%s as regclass[]))", [relations])

    def begin_build(self, nodes: list[str]) -> str:
        """Begin a build; return why it was refused, or ''."""
        histories = HISTORY if any(id.startswith("snapshot.") for id in nodes) else []
        self.number += 1
        project = json.dumps(self.world.project(self.version))
        return self.call("begin_build", f"build {self.number}", project, "", "", "dbt build", histories)

    def may_build(self) -> bool:
        return self.app is None and not self.is_obstructed

    def run(self, nodes: list[str], failed: list[str], tests: list[str], ends: int | None = None) -> None:
        """Run a build of these nodes and tests; with `ends` it is killed after so many nodes."""
        earlier = self.candidate
        if not self.refused_or_done(lambda: self.begin_build(nodes), is_possible=self.may_build()):
            return
        self.candidate = candidate = Candidate(f"build {self.number}", self.version)
        built = [id for id in nodes if id not in failed][:ends]
        if earlier and not earlier.is_published:
            candidate.spoilt = earlier.spoilt - {id.rpartition(".")[2] for id in built} - {"anything"}
        self.build(built, self.version)
        if ends is not None:
            return
        every = [*self.names(self.version), *TESTS]
        passed = [*built, *tests]
        is_continued = (
            earlier is not None
            and earlier.unfinished is not None
            and earlier.version == self.version
            and not earlier.is_published
            and set(nodes) <= set(earlier.unfinished)
        )
        before = earlier.unfinished if is_continued else every
        candidate.unfinished = [each for each in before if each not in passed and each not in failed] + failed
        checksum = self.world.project(self.version)["checksum"]
        assert not self.call("finish_build", candidate.build_id, checksum, every, nodes, passed, failed)
        ((unfinished,),) = self.rows(
            "select unfinished from dispatch_release.builds where build_id = %s", candidate.build_id
        )
        assert set(unfinished) == set(candidate.unfinished)
        self.keep(candidate)

    def keep(self, candidate: Candidate) -> None:
        """Remember what a publish of the candidate will show."""
        self.versions[candidate.build_id] = self.contents("next"), candidate.version

    @rule(step=st.sampled_from([name for name, weight in WEIGHTS.items() for _ in range(weight)]), data=st.data())
    def step(self, step: str, data: st.DataObject) -> None:
        """One rule for all, because Hypothesis would leave some out of each history; some are followed by another."""
        self.world.steps += 1
        getattr(self, step)(data)
        if step in TRIED_OUT:
            self.world.steps += 1
            getattr(self, data.draw(st.sampled_from(TRIED_OUT[step])))(data)

    # Source and project

    def change(self, data: st.DataObject) -> None:
        change = data.draw(st.sampled_from([*CHANGES, *3 * ["the project"]]))
        if change == "the project":
            self.version = 1 - self.version
        else:
            self.execute(change)

    # Builds

    def release(self, _: object = None) -> None:
        self.build_all()
        self.publish()

    def build_all(self, _: object = None) -> None:
        self.run(self.names(self.version), [], TESTS)

    def build_with_a_failure(self, data: st.DataObject) -> None:
        """A test fails, or a node fails and nothing is built after it, or the build is killed, or it is a part."""
        names = self.names(self.version)
        place = data.draw(st.integers(0, len(names)))
        kind = data.draw(st.sampled_from(["test", "node", "killed", "part"]))
        if kind == "test" or place == len(names):
            self.run(names, [TESTS[0]], TESTS[1:])
        elif kind == "node":
            self.run(names[: place + 1], [names[place]], [])
        elif kind == "killed":
            self.run(names, [], [], place)
        elif self.may_publish():
            # Otherwise what the part is built from may be missing.
            self.run(names[place:], [], data.draw(st.sampled_from([[], TESTS])))

    def retry(self, _: object = None) -> None:
        """Do what the run before left undone, as dbt retry does."""
        if not (self.candidate and self.candidate.unfinished):
            return
        left = self.candidate.unfinished
        self.run([id for id in self.names(self.version) if id in left], [], [test for test in TESTS if test in left])

    def test(self, _: object = None) -> None:
        """Run the tests alone, as dbt test does."""
        candidate = self.candidate
        if not (candidate and candidate.unfinished):
            return
        checksum = self.world.project(self.version)["checksum"]
        every = [*self.names(self.version), *TESTS]
        said = self.call("finish_build", None, checksum, every, [], TESTS, [])
        assert said == ""
        if not candidate.is_published and self.version == candidate.version:
            candidate.unfinished = [each for each in candidate.unfinished if each not in TESTS]

    # Publish and rollback

    def may_publish(self) -> bool:
        candidate = self.candidate
        return (
            candidate is not None
            and self.app is None
            and not self.is_obstructed
            and not self.has_trigger
            and not candidate.is_published
            and not candidate.spoilt
            and candidate.unfinished == []
            and candidate.version == self.version
        )

    def publish(self, _: object = None) -> None:
        checksum = self.world.project(self.version)["checksum"]
        versions = "(select dbt_scd_id from dispatch_snapshots.technicians_history)"
        before = self.rows(versions) if self.publications else []
        if self.refused_or_done(lambda: self.call("publish", None, checksum, "", 0), is_possible=self.may_publish()):
            self.publications.append(self.candidate.build_id)
            self.candidate.is_published = True
            assert set(before) <= set(self.rows(versions)), "the history has lost rows"

    def roll_back(self, _: object = None) -> None:
        is_possible = (
            self.candidate is not None
            and self.candidate.is_published
            and len(self.publications) > 1
            and self.app is None
            and not self.is_obstructed
            and not self.has_trigger
        )
        if self.refused_or_done(lambda: self.call("rollback", "", 0), is_possible=is_possible):
            self.publications.append(self.publications[-2])

    # At once

    def race(self, data: st.DataObject) -> None:
        """Two at once, or one that is killed after some milliseconds: each was done, or it changed nothing."""
        self.number += 1
        version = self.versions[self.publications[-1]][1] if self.publications else 0
        project = self.world.project(self.version)
        acts: dict[str, Callable[[Any], Any]] = {
            "publish": lambda on: call(on, "publish", None, project["checksum"], "", 0),
            "rollback": lambda on: call(on, "rollback", "", 0),
            "copy": lambda on: call(on, "keep_out"),
            "build": lambda on: call(
                on, "begin_build", f"build {self.number}", json.dumps(project), "", "", "dbt build", HISTORY
            ),
            "hand over": lambda _: self.python(handover.run, "app", False, Path(), version=version),
        }
        names = data.draw(st.lists(st.sampled_from(list(acts)), min_size=1, max_size=2))
        wait = data.draw(st.integers(0, 40)) / 1000 if len(names) == 1 else None
        connections = [self.database.connect() for _ in names]
        threads = [
            threading.Thread(target=act_alone, args=(acts[name], on))
            for name, on in zip(names, connections, strict=True)
        ]
        for thread in threads:
            thread.start()
        if wait is not None:
            threads[0].join(wait)
            self.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'"
            )
        for thread in threads:
            thread.join(60)
            assert not thread.is_alive(), names
        for each in connections:
            each.close()
        self.look_again()

    def look_again(self) -> None:
        """Learn from the records what was done; the invariants compare it with what readers see."""
        before = self.candidate and self.candidate.build_id
        found = self.rows("select live_build_id from dispatch_release.publications order by publication_id")
        self.publications = [build_id for (build_id,) in found]
        newest = self.rows("select (dispatch_release.newest_build()).build_id")[0][0]
        if newest != before:
            self.candidate = Candidate(newest, self.version)
        elif self.candidate:
            self.candidate.is_published = newest in self.publications
        if self.app is None and self.rows("select (dispatch_release.hand_over_in_force()).schema_name") != [(None,)]:
            self.app = "untouched"

    # What others do

    def spoil_the_candidate(self, data: st.DataObject) -> None:
        if not (self.candidate and self.candidate.unfinished is not None and not self.candidate.is_published):
            return
        tampering = data.draw(st.sampled_from(list(TAMPERINGS)))
        made = (
            "select (select jsonb_agg(dispatch_release.state_of(oid) order by oid) from pg_class"
            " where relkind = 'r' and relnamespace::regnamespace::text ~ '^dispatch_next_'),"
            " (select count(*) from pg_constraint where connamespace::regnamespace::text ~ '^dispatch_next_')"
        )
        before = self.rows(made)
        with suppress(psycopg2.ProgrammingError):  # what it concerns was not built
            self.execute(tampering)
        if self.rows(made) != before:
            self.candidate.spoilt.add(TAMPERINGS[tampering])

    def administrate(self, data: st.DataObject) -> None:
        """Give rights on a published table, which later versions keep; change what new tables get; make a table."""
        what = data.draw(st.sampled_from(["grant", "default privileges", "table"]))
        if what == "default privileges":
            grantee = data.draw(st.sampled_from(["public", "outsider", "dispatch_analyst"]))
            with suppress(psycopg2.errors.UndefinedObject):  # the role of the analysts
                self.execute(
                    f"alter default privileges grant select on tables to {grantee}",
                    f"alter default privileges grant usage on schemas to {grantee}",
                )
        elif what == "table" and self.is_obstructed:
            self.execute("drop table dispatch_marts.theirs")
            self.is_obstructed = False
        elif self.publications and self.app is None:
            if what == "table":
                self.execute("create table dispatch_marts.theirs (id integer)")
                self.is_obstructed = True
            else:
                relation = data.draw(st.sampled_from(["dispatch_marts.profiles", "analytics.technicians"]))
                schema = relation.partition(".")[0]
                self.execute(f"grant usage on schema {schema} to outsider; grant select on {relation} to outsider")
                self.granted.add(f"outsider has select on table {relation}")

    # Hand-over

    def hand_over(self, _: object = None) -> None:
        is_possible = bool(self.publications) and self.app is None and not self.is_obstructed
        version = self.versions[self.publications[-1]][1] if self.publications else 0
        if self.refused_or_done(
            lambda: self.python(handover.run, "app", False, Path(), version=version), is_possible=is_possible
        ):
            self.app = "untouched"

    def write(self, data: st.DataObject) -> None:
        """The application, or the owner of its schema."""
        if not self.app:
            return
        write = data.draw(st.sampled_from(list(WRITES)))
        before = self.rows("select count(*) from app.notifications")
        with suppress(psycopg2.errors.NotNullViolation, psycopg2.errors.DuplicateColumn):
            self.execute(write)
            if WRITES[write] and not ("app.notifications" in write and before == [(0,)]):
                self.app = "changed"

    def give_the_application_up(self, _: object = None) -> None:
        """What undo refuses, somebody may do by hand."""
        if self.app != "changed":
            return
        self.execute("drop schema app cascade", "select dispatch_release.undo_hand_over()")
        self.app = None

    def undo(self, _: object = None) -> None:
        version = self.versions[self.publications[-1]][1] if self.publications else 0
        if self.refused_or_done(
            lambda: self.python(handover.undo, version=version), is_possible=self.app == "untouched"
        ):
            self.app = None

    def python(self, function: Callable[..., None], *arguments: Any, version: int) -> str:
        """Call a function of ops; return why it refused, or ''."""
        contracts = self.world.manifest[version]
        with (
            mock.patch.object(handover, "_manifest", return_value=contracts),
            mock.patch.object(handover, "write_files"),
        ):
            try:
                function(self.database.target, *arguments)
            except Failure as failure:
                return str(failure)
        return ""

    # What holds after each step

    @invariant()
    def readers_see_what_was_published(self) -> None:
        """One version, that of the last publication, to the last row."""
        ((live,),) = self.rows("select (dispatch_release.last_publication()).live_build_id")
        assert live == (self.publications[-1] if self.publications else None)
        if live is None:
            assert self.rows("select to_regnamespace('dispatch_marts'), to_regnamespace('analytics')") == [(None, None)]
            return
        found = self.contents("live")
        found.pop("marts.theirs", None)
        assert found == self.versions[live][0]

    @invariant()
    def analysts_see_no_personal_column(self) -> None:
        """Neither of the version that they read nor of the newest build."""
        if not self.publications:
            return
        version = self.versions[self.publications[-1]][1]
        hidden = {
            (mart, column)
            for each in {version, self.candidate.version if self.candidate.is_published else version}
            for mart, columns in PERSONAL[each].items()
            for column in columns
        }
        seen = set(
            self.rows(
                "select relname, attname from pg_attribute inner join pg_class on attrelid = pg_class.oid"
                " where relnamespace = 'analytics'::regnamespace and attnum > 0"
            )
        )
        assert len(seen) > 20 and seen.isdisjoint(hidden)

    @invariant()
    def nobody_reads_what_is_not_declared(self) -> None:
        """Neither a role that exists nor public, on any relation of any version or the records."""
        found = {
            description
            for (description,) in self.rows(
                "select role || ' has select on table ' || pg_class.oid::regclass"
                " from pg_class"
                " cross join unnest(array['outsider', 'bystander', 'dispatch_analyst', 'dispatch_engineer']) as role"
                " where relkind in ('r', 'v') and to_regrole(role) is not null"
                " and relnamespace::regnamespace::text ~ '^(dispatch|analytics|app)' and relname <> 'theirs'"
                " and has_schema_privilege(role, relnamespace, 'usage')"
                " and has_any_column_privilege(role, pg_class.oid, 'select')"
            )
        }
        readable = re.compile(
            r"dispatch_engineer has select on table (dispatch_(?!next_)\w+|analytics|app)\."
            r"|dispatch_analyst has select on table analytics\."
        )
        assert {each for each in found if not readable.match(each)} <= self.granted


@pytest.fixture(scope="module")
def world(database: Callable[..., Database], recording: Recording, common_folder: Path, shared: Any) -> World:
    """Prepare the beginning of all histories."""
    manifest = json.loads(shared.file.with_name("manifest.json").read_text(encoding="utf-8"))
    made = World(database, recording, manifest)
    with closing(database("roles").connect()) as opened, opened.cursor() as cursor:
        cursor.execute("create role outsider; create role bystander")
    return made


def tell(world: World, steps: int, number: int) -> None:
    """Try histories with so many steps in all; fail with the shortest history that breaks a rule."""
    machine = type("Histories", (Histories,), {"world": world})
    chosen = settings(
        max_examples=-(-steps // LONGEST),
        stateful_step_count=LONGEST,
        deadline=None,
        database=None,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    run_state_machine_as_test(seed(SEED + number)(machine), settings=chosen)


class Half:
    """Half of the steps: most machines have two processors."""

    number: int

    def test_after_each_step_readers_see_one_published_version(self, world: World) -> None:
        world.steps = 0
        number = self.number
        while (left := STEPS // 2 - world.steps) > 0:  # Hypothesis may end a history early
            tell(world, left, number)
            number += 2


class TestOneHalf(Half):
    number = 0


class TestOtherHalf(Half):
    number = 1
