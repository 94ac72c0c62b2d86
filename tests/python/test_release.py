"""Versions are built in schemas beside the published ones, and swapped in one transaction.

Two versions of the smallest legacy database: the first as it is loaded; for the second its rows have changed, and the
project has got a mart more. The tests run in the order of the file: the last ones spoil the version that is not read.
"""

import json
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

import hostile
import psycopg2
import pytest
from conftest import Database, Shared, copy_project
from inprocess import Project, environment, parsed
from marts import fingerprints

from ops.database.connection import rows, transaction
from ops.docs import page as docs
from ops.project import ROOT
from ops.release import records
from ops.release.records import Later
from tests.programs import DBT

SWAPS = 10
READERS = 4

# A mart that analysts are to see from the day it is there, though not all of it.
NEW_MART = """
select
    patient_id,
    legacy_patient_id,
    suffix as nickname,
    is_archived
from {{ ref('patients') }}
"""
NEW_MART_YAML = """
models:
  - name: newcomers
    description: A mart that the project did not have before. One row per patient.
    columns:
      - {name: patient_id, data_type: uuid, constraints: [{type: not_null}, {type: primary_key}]}
      - {name: legacy_patient_id, data_type: integer}
      - {name: nickname, data_type: text, config: {meta: {pii: true}}}
      - {name: is_archived, data_type: boolean}
"""

# A package with models and a seed, of which one is not built. Our rules are not its own: no +schema, no pre-hook.
PACKAGE = {
    "dbt_project.yml": "{name: neighbour, version: '1.0.0', config-version: 2, seeds: {+schema: lists}}",
    "models/marts/neighbours.sql": "select id from {{ ref('given') }}",
    "models/marts/neighbours.yml": """
models:
  - name: neighbours
    config: {contract: {enforced: true}, materialized: table}
    columns:
      - {name: id, data_type: integer, constraints: [{type: primary_key}], data_tests: [not_null]}
""",
    "models/never_built.sql": "select 1 as id",
    "seeds/given.csv": "id\n1\n",
}

# Ten notifications each in sixteen batches; one of them changes.
SPREAD = "update legacy.dispatch_notification set id = id + (id % 16) * 65536"
CHANGE = """
insert into legacy.dispatch_payment
select (jsonb_populate_record(p, '{"id": 900001}')).*
from legacy.dispatch_payment as p
where id = (select min(legacy_payment_id) from dispatch_marts.payments);
update legacy.dispatch_notification set read = not read where id = (select min(id) from legacy.dispatch_notification);
"""

# One answer out of six tables: the number of payments, which is another one in each version.
PAYMENTS = """
select
    (select count(*) from dispatch_marts.payments),
    (select migrated_rows from dispatch_audit.migration_ledger where entity = 'payments'),
    (select count(*) from analytics.payments),
    (select migrated_rows from analytics.migration_ledger where entity = 'payments'),
    (select count(*) from dispatch_snapshots.payments_history where dbt_valid_to is null),
    (select count(*) from dispatch_intermediate.int_payments__triaged where disposition = 'migrated')
"""


class Version(NamedTuple):
    """What was read after a publish."""

    build_id: str
    rows: dict[str, str]  # a checksum for each table of the marts and the audit
    payments: int


class Production:
    """The project as the first, then the second version has it, and what can be done to it by hand."""

    def __init__(self, database: Database, project: Project) -> None:
        self.database = database
        self.project = project

    def operate(self, operation: str, **arguments: str) -> str:
        """Run an operation; return why it refused, or ''."""
        return self.project.refusal("run-operation", operation, "--args", json.dumps(arguments))

    @contextmanager
    def rolled_back(self) -> Iterator[None]:
        """Read the version before, for the time of the block."""
        assert self.operate("rollback") == ""
        try:
            yield
        finally:
            assert self.operate("rollback") == ""

    def marts(self) -> list[Any]:
        """The models that readers are meant to read."""
        models = [node for node in self.project.manifest.nodes.values() if node.resource_type == "model"]
        return [node for node in models if node.config.access == "public" and node.package_name == "dispatch"]

    def publish(self) -> Version:
        assert self.operate("publish") == ""
        return self.read()

    def read(self) -> Version:
        """Read what everybody reads."""
        (build_id,) = self.database.rows(
            "select live_build_id from dispatch_release.publications order by publication_id desc limit 1"
        )[0]
        (payments,) = set(self.database.rows(PAYMENTS)[0])
        return Version(build_id, fingerprints(self.database), payments)


@pytest.fixture(scope="module")
def first(scratch: Database) -> Version:
    """Build and publish the first version; nothing can be done before that."""
    scratch.load_legacy("tiny")
    scratch.execute(SPREAD)
    hostile.shadow_catalog(scratch)  # build, publish and rollback call none of it
    with parsed(scratch, "--target", "prod") as project:
        production = Production(scratch, project)
        scratch.execute("create schema analytics")
        refused = project.refusal("run", "--select", "roles")
        assert "has a schema analytics or analytics_next that no release has made" in refused
        scratch.execute("drop schema analytics")
        assert "nothing was built" in production.operate("publish")
        assert "nothing was published" in production.operate("rollback")
        project.dbt("build", "--exclude", "resource_type:unit_test", "resource_type:test")
        scratch.execute("update dispatch_release.builds set unfinished = '{}'")  # those of the second version are run
        assert scratch.rows("select to_regnamespace('dispatch_marts'), to_regnamespace('analytics')") == [(None, None)]
        version = production.publish()
        assert "no version before" in production.operate("rollback")
    # From here on everything happens two hours before it: the clock was set back.
    scratch.execute("""
        update dispatch_release.builds set started_at = started_at + interval '2 hours';
        update dispatch_release.publications set published_at = published_at + interval '2 hours';
    """)
    return version


@pytest.fixture(scope="module")
def production(scratch: Database, first: Version, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Production]:
    """Change the legacy rows and the project, and build."""
    folder = tmp_path_factory.mktemp("project")
    copy_project(folder)
    (folder / "models" / "marts" / "newcomers.sql").write_text(NEW_MART)
    (folder / "models" / "marts" / "newcomers.yml").write_text(NEW_MART_YAML)
    for name, text in PACKAGE.items():
        file = folder / "dbt_packages" / "neighbour" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    scratch.execute(CHANGE)
    with parsed(scratch, "--target", "prod", DBT_PROJECT_DIR=str(folder)) as project:
        project.dbt("build", "--exclude", "resource_type:unit_test", "never_built")
        yield Production(scratch, project)


@pytest.fixture(scope="module")
def second(production: Production, first: Version) -> Version:
    """Publish the second version; until then the first is read."""
    assert production.read() == first
    version = production.publish()
    assert version.payments == first.payments + 1
    assert version.rows.keys() - first.rows.keys() == {"dispatch_marts.newcomers"}
    return version


@pytest.fixture
def users(scratch: Database, second: Version) -> Iterator[Callable[[str], psycopg2.extensions.connection]]:
    """Give connections of people who have one of the roles."""
    opened = []
    for role in ("analyst", "engineer"):
        scratch.execute(f"create user an_{role} in role dispatch_{role}")

    def connect(role: str) -> psycopg2.extensions.connection:
        target = scratch.target
        connection = psycopg2.connect(host=target.host, port=target.port, dbname=target.dbname, user=f"an_{role}")
        connection.autocommit = True
        opened.append(connection)
        return connection

    yield connect
    for connection in opened:
        connection.close()
    scratch.execute("drop user an_analyst, an_engineer")


# Says of the candidate that it is as the build left it.
AS_BUILT = """
update dispatch_release.built_relations set state = dispatch_release.state_of(relation)
where starts_with(cast(relation as text), 'dispatch_next_')
"""

# Two tables of one shape change names; done twice, each has its own again.
SWAP = "".join(
    f"alter table dispatch_next_intermediate.{before} rename to {after};"
    for before, after in (
        ("int_template_edit_roles__triaged", "spare"),
        ("int_template_view_roles__triaged", "int_template_edit_roles__triaged"),
        ("spare", "int_template_view_roles__triaged"),
    )
)

# A change to the candidate between its tests and its publication, how to undo it, and what publish says.
CHANGES = {
    "a value there and back": (
        "update dispatch_next_marts.payments set amount = amount + 1;"
        "update dispatch_next_marts.payments set amount = amount - 1",
        "select dispatch_release.state_of('dispatch_next_marts.payments')",
        ["dispatch_next_marts.payments has changed since it was built: contents."],
    ),
    "rows, a column, a policy, a view": (
        "create table kept as select * from dispatch_next_seeds.sexes; delete from dispatch_next_seeds.sexes;"
        "alter table dispatch_next_marts.jaws add column stray integer;"
        "alter table dispatch_next_marts.cases enable row level security;"
        "create table kept_view as select pg_get_viewdef('dispatch_next_staging.stg_dispatch__storages') as query;"
        "do $$ begin execute 'create or replace view dispatch_next_staging.stg_dispatch__storages as select * from ('"
        " || (select rtrim(query, ';') from kept_view) || ') as one limit 1'; end $$",
        "insert into dispatch_next_seeds.sexes select * from kept; drop table kept;"
        "alter table dispatch_next_marts.jaws drop column stray;"
        "alter table dispatch_next_marts.cases disable row level security;"
        "do $$ begin execute 'create or replace view dispatch_next_staging.stg_dispatch__storages as '"
        " || (select query from kept_view); end $$; drop table kept_view",
        [
            "dispatch_next_seeds.sexes has changed since it was built: contents, row count",
            "dispatch_next_marts.jaws has changed since it was built: columns",
            "dispatch_next_marts.cases has changed since it was built: row security",
            "dispatch_next_staging.stg_dispatch__storages has changed since it was built: definition",
        ],
    ),
    "owner, another table of the same name": (
        "create role thief; alter table dispatch_next_marts.jaws owner to thief;"
        "alter table dispatch_next_intermediate.notifications__loaded_batches rename to kept;"
        "create table dispatch_next_intermediate.notifications__loaded_batches (like dispatch_next_intermediate.kept);"
        + SWAP,
        "alter table dispatch_next_marts.jaws owner to current_user; drop role thief;"
        "drop table dispatch_next_intermediate.notifications__loaded_batches;"
        "alter table dispatch_next_intermediate.kept rename to notifications__loaded_batches;" + SWAP,
        [
            "dispatch_next_marts.jaws has changed since it was built: owner",
            "dispatch_next_intermediate.notifications__loaded_batches is not the one that was built",
            "table dispatch_next_intermediate.kept was not built",
            "dispatch_next_intermediate.int_template_edit_roles__triaged has changed since it was built: name",
            "dispatch_next_intermediate.int_template_view_roles__triaged has changed since it was built: name",
        ],
    ),
    "stowaways": (
        "create table dispatch_next_marts.stowaway as select * from legacy.auth_user;"
        "create function dispatch_next_audit.stowaway() returns integer language sql as 'select 1';"
        "create materialized view dispatch_next_seeds.stowaway as select 1;"
        "create sequence dispatch_next_snapshots.stowaway;"
        "create schema analytics_next create view stowaway as select 1",
        "drop table dispatch_next_marts.stowaway; drop function dispatch_next_audit.stowaway;"
        "drop materialized view dispatch_next_seeds.stowaway; drop sequence dispatch_next_snapshots.stowaway;"
        "drop schema analytics_next cascade",
        [
            "table dispatch_next_marts.stowaway was not built",
            "function dispatch_next_audit.stowaway() was not built",
            "materialized view dispatch_next_seeds.stowaway was not built",
            "sequence dispatch_next_snapshots.stowaway was not built",
            "view analytics_next.stowaway was not built",
        ],
    ),
    "a check that checks nothing": (
        "alter table dispatch_next_marts.tasks drop constraint jaw_side_is_known,"
        " add constraint jaw_side_is_known check (true)",
        "alter table dispatch_next_marts.tasks drop constraint jaw_side_is_known,"
        " add constraint jaw_side_is_known check (jaw_side in ('both', 'upper', 'lower', 'unmapped'))",
        ["dispatch_next_marts.tasks has changed since it was built: checks."],
    ),
    "constraints": (
        "alter table dispatch_next_marts.newcomers drop constraint newcomers_pkey;"
        "alter table dispatch_next_marts.payments drop constraint payments__legacy_payment_id__key;"
        "alter table dispatch_next_marts.payments alter amount drop not null;"
        "alter table dispatch_next_marts.payments drop constraint payments__order_id__fk,"
        " add constraint payments__order_id__fk foreign key (order_id)"
        " references dispatch_next_marts.orders (order_id) not valid",
        "alter table dispatch_next_marts.newcomers add constraint newcomers_pkey primary key (patient_id);"
        "alter table dispatch_next_marts.payments"
        " add constraint payments__legacy_payment_id__key unique (legacy_payment_id), alter amount set not null;"
        "alter table dispatch_next_marts.payments validate constraint payments__order_id__fk",
        [
            "dispatch_next_marts.newcomers lacks primary key (patient_id)",
            "dispatch_next_marts.payments lacks unique (legacy_payment_id)",
            "dispatch_next_marts.payments lacks not null (amount)",
            "dispatch_next_marts.payments lacks foreign key (order_id)",
        ],
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_candidate_that_was_changed_after_its_tests_is_not_published(
    scratch: Database, production: Production, first: Version, what: str
):
    change, undo, named = CHANGES[what]
    scratch.execute(change)
    refusal = production.operate("publish")
    scratch.execute(undo)
    assert "not published: the candidate is not what was tested" in refusal
    assert [name for name in named if name not in refusal] == [], refusal
    assert production.read() == first
    # Rows that were put back are not those that were tested: the test says that they are.
    scratch.execute(AS_BUILT)


def test_a_candidate_with_other_rows_than_the_ledger_says_is_not_published(
    scratch: Database, production: Production, first: Version
):
    change = "update dispatch_next_audit.migration_ledger set {0} = {0} {1} 1 where entity = 'jaws'"
    scratch.execute(
        ";".join(change.format(*each) for each in (("source_rows", "+"), ("migrated_rows", "+"))) + ";" + AS_BUILT
    )
    refusal = production.operate("publish")
    scratch.execute(
        ";".join(change.format(*each) for each in (("source_rows", "-"), ("migrated_rows", "-"))) + ";" + AS_BUILT
    )
    assert "jaws has " in refusal
    assert "rows, the ledger says " in refusal


def test_candidate_with_a_running_writer_is_not_published(scratch: Database, production: Production, first: Version):
    with closing(scratch.connect()) as other, other.cursor() as cursor:
        cursor.execute("begin; update dispatch_next_marts.payments set amount = amount")
        assert "a session is writing into the candidate" in production.operate("publish")


def test_a_version_can_be_published_once(production: Production, second: Version):
    assert "published already" in production.operate("publish")


def test_history_continues_from_the_published_version(scratch: Database, first: Version, second: Version):
    counted = "select count(*), count(distinct dbt_valid_from), count(*) filter (where dbt_valid_to is null)"
    assert scratch.rows(f"{counted} from dispatch_snapshots.payments_history") == [
        (second.payments, 2, second.payments)
    ]
    assert scratch.rows(f"{counted} from dispatch_next_snapshots.payments_history") == [
        (first.payments, 1, first.payments)
    ]


def test_every_answer_is_of_one_version(scratch: Database, production: Production, first: Version, second: Version):
    over = threading.Event()

    def read_on() -> tuple[int, set[tuple[int, ...]]]:
        answers = []
        with closing(scratch.connect()) as connection, connection.cursor() as cursor:
            while not over.is_set():
                cursor.execute(PAYMENTS)
                answers.append(cursor.fetchone())
        return len(answers), set(answers)

    with ThreadPoolExecutor(READERS) as pool:
        readers = [pool.submit(read_on) for _ in range(READERS)]
        try:
            for swap in range(SWAPS):
                assert production.operate("rollback") == ""
                assert production.read() == (second if swap % 2 else first)
        finally:
            over.set()
        for reader in readers:
            count, answers = reader.result()
            assert count > SWAPS
            assert answers == {(first.payments,) * 6, (second.payments,) * 6}


def test_long_query_keeps_its_version_and_blocks_no_publish(
    scratch: Database, production: Production, first: Version, second: Version
):
    with closing(scratch.connect()) as connection, connection.cursor() as cursor:
        cursor.execute("begin; declare long_query cursor for select payment_id from analytics.payments")
        cursor.execute("fetch 1 from long_query")
        with production.rolled_back():
            assert production.read() == first
            cursor.execute("fetch all from long_query")
            assert len(cursor.fetchall()) == second.payments - 1


@pytest.mark.parametrize("state", ["after a publish", "after a rollback"])
def test_analysts_read_every_view_and_nothing_else(
    scratch: Database, production: Production, users: Callable[[str], psycopg2.extensions.connection], state: str
):
    analyst = users("analyst").cursor()
    new = {"newcomers"} if state == "after a publish" else set()
    with nullcontext() if new else production.rolled_back():
        views = {name for (name,) in scratch.rows("select viewname from pg_views where schemaname = 'analytics'")}
        assert views == {node.name for node in production.marts()} - {"newcomers"} | new
        for view in views:
            analyst.execute(f"select * from analytics.{view}")
        others = scratch.rows(
            "select nspname, relname from pg_class inner join pg_namespace on relnamespace = pg_namespace.oid"
            " where relkind in ('r', 'v') and (nspname in ('legacy', 'analytics_next') or nspname like 'dispatch%')"
        )
        assert len(others) > 300
        for schema, name in others:
            with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                analyst.execute(f"select 1 from {schema}.{name}")


def test_no_view_has_a_personal_column(scratch: Database, production: Production, second: Version):
    shown = set(
        scratch.rows("select table_name, column_name from information_schema.columns where table_schema = 'analytics'")
    )
    columns = {
        (node.name, column.name): bool(column.config.meta.get("pii"))
        for node in production.marts()
        for column in node.columns.values()
    }
    assert shown == {column for column, is_personal in columns.items() if not is_personal}
    assert ("newcomers", "is_archived") in shown
    assert ("newcomers", "nickname") not in shown
    assert sum(columns.values()) > 40


@pytest.mark.parametrize("when", ["after a publish", "after a rollback"])
def test_engineers_read_everything_that_is_published(
    scratch: Database, production: Production, users: Callable[[str], psycopg2.extensions.connection], when: str
):
    with production.rolled_back() if when == "after a rollback" else nullcontext():
        assert_engineers_read_everything(scratch, users)


def assert_engineers_read_everything(scratch: Database, users: Callable[[str], psycopg2.extensions.connection]) -> None:
    engineer = users("engineer").cursor()
    published = scratch.rows(
        "select nspname, relname from pg_class inner join pg_namespace on relnamespace = pg_namespace.oid"
        " where relkind in ('r', 'v') and (nspname = 'analytics' or nspname like 'dispatch%')"
        " and nspname not like 'dispatch_next_%' and nspname not in ('dispatch', 'dispatch_lists')"  # of a package
    )
    assert len(published) > 150
    for schema, name in published:
        engineer.execute(f"select * from {schema}.{name} limit 1")
    for schema in ("dispatch_next_marts", "legacy"):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            engineer.execute(f"select 1 from {schema}.{'payments' if schema != 'legacy' else 'dispatch_payment'}")


def test_rights_of_other_roles_move_to_the_published_version(
    scratch: Database, production: Production, second: Version
):
    def rights() -> set[tuple[str, ...]]:
        """What bi may do, in both versions."""
        return set(
            scratch.rows("""
                select nspname, '', privilege_type from pg_namespace cross join lateral aclexplode(nspacl)
                where grantee = cast('bi' as regrole)
                union all
                select cast(cast(pg_class.oid as regclass) as text), '', privilege_type
                from pg_class cross join lateral aclexplode(relacl) where grantee = cast('bi' as regrole)
                union all
                select cast(cast(attrelid as regclass) as text), attname, privilege_type
                from pg_attribute cross join lateral aclexplode(attacl) where grantee = cast('bi' as regrole)
            """)
        )

    scratch.execute(
        "create role bi; grant usage on schema dispatch_marts, dispatch_seeds to bi;"
        "grant select on dispatch_marts.payments, dispatch_seeds.sexes, analytics.orders to bi;"
        "grant select (order_id) on dispatch_marts.orders to bi"
    )
    given = rights()
    assert len(given) == 6
    with production.rolled_back():
        assert given <= rights()
        assert not [each for each in rights() if each[0] in ("dispatch_next_marts", "dispatch_next_seeds")]
        scratch.execute("revoke select on dispatch_seeds.sexes from bi")
    taken = ("dispatch_seeds.sexes", "", "SELECT")
    assert given - rights() == {taken}
    scratch.execute("drop owned by bi; drop role bi")


def test_objects_of_others_in_a_published_schema_are_kept(scratch: Database, production: Production, second: Version):
    for kind, name in (("table", "dispatch_marts.theirs"), ("view", "analytics.theirs")):
        scratch.execute(f"create {kind} {name} as select 1 as one")
        for refused in (production.operate("rollback"), production.project.refusal("run", "--select", "storages")):
            assert f"no build made {kind} {name}, and a publish would take it away" in refused
        scratch.execute(f"drop {kind} {name}")
    scratch.execute("create policy theirs on dispatch_marts.payments using (false)")
    refused = production.operate("rollback")
    scratch.execute("drop policy theirs on dispatch_marts.payments")
    assert "no build made policy theirs on dispatch_marts.payments" in refused
    assert production.read() == second


def test_concurrent_rollbacks_do_not_undo_each_other(scratch: Database, production: Production, second: Version):
    slower = subprocess.Popen(
        [*DBT, "run-operation", "rollback", "--target", "prod"],
        cwd=ROOT,
        env=scratch.environment,
        stdout=subprocess.PIPE,
    )
    while b"Running with dbt" not in slower.stdout.readline():
        assert slower.poll() is None
    slower.send_signal(signal.SIGSTOP)  # it has begun, and has not asked the server yet
    with production.rolled_back():
        slower.send_signal(signal.SIGCONT)
        said, _ = slower.communicate(timeout=120)
        assert b"published or rolled back since this command began" in said


def test_views_have_the_descriptions(scratch: Database, second: Version):
    found = scratch.rows(
        "select obj_description(c, 'pg_class') is not null and bool_and(col_description(c, attnum) is not null)"
        " from cast('analytics.payments' as regclass) as c inner join pg_attribute on attrelid = c and attnum > 0"
        " group by c"
    )
    assert found == [(True,)]


def test_no_command_outside_production_writes_into_what_is_published(
    scratch: Database,
    production: Production,
    second: Version,
    shared: Shared,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    written = "select relname, relfilenode from pg_class where relnamespace = 'dispatch_marts'::regnamespace order by 1"
    before = scratch.rows(written)
    with environment(scratch):
        project = shared.project
        shutil.copy(shared.file.with_name("manifest.json"), tmp_path)
        state = ("--state", str(tmp_path))
        for command in (["run"], ["run", "--empty"], ["build"], ["seed", "--full-refresh"], ["snapshot"]):
            assert "are published by releases" in project.refusal(*command)
        for command in (["clone", *state], ["clone", "--full-refresh", *state]):
            # Without --full-refresh only what is missing would be made.
            scratch.execute("alter table dispatch_marts.storages rename to put_aside")
            assert "are published by releases" in project.refusal(*command, "--select", "storages", "payments")
            scratch.execute("alter table dispatch_marts.put_aside rename to storages")
        # Where the version lies that is not read.
        profile = (scratch.folder / "profiles.yml").read_text().replace("schema: dispatch\n", "schema: dispatch_next\n")
        (tmp_path / "profiles.yml").write_text(profile)
        monkeypatch.setenv("DBT_PROFILES_DIR", str(tmp_path))
        assert "are published by releases" in project.refusal("run", "--select", "payments")
    clone = ("clone", "--full-refresh", *state, "--select", "payments")
    assert "use dbt build --target prod" in production.project.refusal(*clone)
    assert scratch.rows(written) == before
    assert production.read() == second


def test_a_package_is_built_in_place_and_not_published(scratch: Database, production: Production, second: Version):
    found = scratch.rows(
        "select nspname, relname, count(*) filter (where contype = 'p') from pg_class"
        " inner join pg_namespace on pg_namespace.oid = relnamespace left join pg_constraint on conrelid = pg_class.oid"
        " where nspname in ('dispatch', 'dispatch_lists') and relkind in ('r', 'v') group by 1, 2 order by 1, 2"
    )
    assert found == [("dispatch", "neighbours", 1), ("dispatch_lists", "given", 0)]
    for reader in ("dispatch_analyst", "dispatch_engineer"):
        for schema in ("dispatch", "dispatch_lists"):
            assert scratch.rows(f"select has_schema_privilege('{reader}', '{schema}', 'usage')") == [(False,)]
    node = production.project.manifest.nodes["model.neighbour.neighbours"]
    with mock.patch.object(node, "schema", "dispatch_marts"):
        assert "which releases publish" in production.project.refusal("run", "--select", "storages")
    assert production.read() == second


def test_release_by_another_user_is_refused(
    scratch: Database,
    production: Production,
    second: Version,
    users: Callable[[str], psycopg2.extensions.connection],
    shared: Shared,
    monkeypatch: pytest.MonkeyPatch,
):
    scratch.execute(
        f"create user jane; grant create on database {scratch.target.dbname} to jane;"
        "grant usage on schema legacy to jane; grant select on all tables in schema legacy to jane"
    )
    command = ("run", "--select", "storages")
    with environment(scratch):
        monkeypatch.setenv("DISPATCH_PGUSER", "jane")
        assert "may not read" in shared.project.refusal(*command)
    monkeypatch.setenv("DISPATCH_PGUSER", "jane")
    assert "belongs to user postgres, and user jane may not release" in production.project.refusal(*command)
    scratch.execute("alter user jane set default_transaction_read_only = on")  # every session pins it
    done = release(scratch, DISPATCH_PGUSER="jane")
    assert done.returncode == 1
    assert "Schema dispatch_release belongs to user postgres, and user jane may not release" in done.stderr
    scratch.execute("drop owned by jane; drop user jane")


def test_two_runs_do_not_build_the_same_candidate(scratch: Database, production: Production, second: Version):
    with closing(scratch.connect()) as other, other.cursor() as cursor:
        cursor.execute("set application_name = 'dispatch build'; begin; select 1")
        refused = production.project.refusal("run", "--select", "storages")
    assert "another dbt run with --target prod is writing into the candidate" in refused
    assert production.operate("rollback") == production.operate("rollback") == ""


def test_overtaken_run_stops(scratch: Database, production: Production, second: Version):
    scratch.execute("""
        create function overtake() returns trigger language plpgsql as $$ begin
            insert into dispatch_release.builds (build_id) values ('another');
            return new;
        end $$;
        create trigger overtake after insert on dispatch_release.builds for each row when (new.build_id <> 'another')
            execute function overtake()
    """)
    with pytest.raises(AssertionError, match="has started since"):
        production.project.dbt("run", "--select", "storages")
    scratch.execute("drop function overtake cascade; delete from dispatch_release.builds where build_id = 'another'")
    assert production.read() == second


def test_reader_cannot_block_a_build(
    scratch: Database, production: Production, users: Callable[[str], psycopg2.extensions.connection]
):
    cursor = users("analyst").cursor()
    cursor.execute("set application_name = 'dispatch build'; begin")
    for held in ("dispatch release", "dispatch_next_marts keys", "dispatch_marts keys"):
        cursor.execute(f"select pg_advisory_lock(hashtext('{held}'))")
    production.project.dbt("run", "--select", "storages")


def test_batches_continue_from_the_version_before_last(scratch: Database, production: Production, second: Version):
    written = (
        "select legacy_notification_id >> 16, max(cast(cast(xmin as text) as bigint))"
        " from dispatch_next_marts.notifications group by 1"
    )
    before = dict(scratch.rows(written))
    assert len(before) == 16
    production.project.dbt("run", "--select", "+notifications")
    after = dict(scratch.rows(written))
    assert sum(after[batch] != before[batch] for batch in before) == 1
    contents = "select cast(n as text) from {}.notifications as n order by 1"
    assert scratch.rows(contents.format("dispatch_next_marts")) == scratch.rows(contents.format("dispatch_marts"))


def test_build_replaces_the_version_before(production: Production, second: Version):
    assert "has begun in the place" in production.operate("rollback")


def test_half_a_build_is_not_published(production: Production, second: Version):
    refusal = production.operate("publish")
    assert "unbuilt, untested or failed" in refusal
    assert production.read() == second


@pytest.fixture
def whole_build(scratch: Database, production: Production, second: Version) -> str:
    """Say that the last build was of this project and left nothing undone; return its id."""
    scratch.execute(
        "update dispatch_release.builds set finished_at = now(), unfinished = '{}', project_checksum = checksum"
        " from (select project_checksum as checksum from dispatch_release.builds"
        f" where build_id = '{second.build_id}') as published"
        " where build_number = (select max(build_number) from dispatch_release.builds)"
    )
    return scratch.rows("select build_id from dispatch_release.builds order by build_number desc limit 1")[0][0]


def test_the_build_of_another_run_is_not_published(production: Production, whole_build: str, second: Version):
    assert f"belongs to build {whole_build}, not to mine" in production.operate("publish", build_id="mine")
    assert production.read() == second


def test_a_build_that_was_killed_is_not_published(
    scratch: Database, production: Production, whole_build: str, second: Version
):
    scratch.execute(f"update dispatch_release.builds set finished_at = null where build_id = '{whole_build}'")
    assert "did not reach its end" in production.operate("publish")
    assert production.read() == second


def test_failed_test_prevents_the_publish(scratch: Database, production: Production, whole_build: str, second: Version):
    test = "assert_ledger_counts_every_mart_row"
    scratch.execute(
        "create table kept as select * from dispatch_next_marts.storages; delete from dispatch_next_marts.storages"
    )
    with pytest.raises(AssertionError, match=test):
        production.project.dbt("test", "--select", test)
    assert f"1 nodes unbuilt, untested or failed (test.dispatch.{test})" in production.operate("publish")
    scratch.execute("insert into dispatch_next_marts.storages select * from kept; drop table kept")
    production.project.dbt("test", "--select", test)
    unfinished = f"select unfinished from dispatch_release.builds where build_id = '{whole_build}'"
    assert scratch.rows(unfinished) == [([],)]
    assert production.read() == second


def test_changed_project_must_be_built_completely(
    scratch: Database, production: Production, whole_build: str, second: Version
):
    """What the build of another project has left to do says nothing."""
    scratch.execute(
        "update dispatch_release.builds set unfinished = '{model.dispatch.storages}', project_checksum = 'of another'"
        f" where build_id = '{whole_build}'"
    )
    production.project.dbt("run", "--select", "storages")
    assert "unbuilt, untested or failed" in production.operate("publish")
    assert production.read() == second


def test_changed_variables_count_as_a_changed_project(
    scratch: Database, production: Production, whole_build: str, second: Version
):
    scratch.execute("update dispatch_release.builds set unfinished = '{model.dispatch.storages}'")
    production.project.dbt("run", "--select", "storages", "--vars", "{shipment_transit_days: 4}")
    assert "unbuilt, untested or failed" in production.operate("publish")
    assert production.read() == second


@pytest.mark.parametrize(
    ("ledger", "count", "row", "named"),
    [
        ("migration_ledger", "rejected_rows", "entity = 'jaws'", "jaws: "),
        (
            "foreign_key_ledger",
            "orphan_rows",
            "child = 'jaws' and child_column = 'order_id'",
            "jaws.order_id: 1 ",
        ),
    ],
)
def test_a_ledger_that_does_not_add_up_is_not_published(
    scratch: Database,
    production: Production,
    whole_build: str,
    second: Version,
    ledger: str,
    count: str,
    row: str,
    named: str,
):
    change = f"update dispatch_next_audit.{ledger} set {count} = {count} {{}} where {row}"
    scratch.execute(change.format("+ 1"))
    refusal = production.operate("publish")
    assert "the ledger does not add up" in refusal
    assert named in refusal
    scratch.execute(change.format("- 1"))
    assert production.read() == second


RELEASE = """
from ops.__main__ import main
from ops.release import production
production.WAIT_FOR_SERVER_SECONDS = 1
main()
"""


def release(database: Database, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run python -m ops release, which waits only a second for a server."""
    return subprocess.run(
        [sys.executable, "-c", RELEASE, "release"],
        cwd=ROOT,
        env=database.environment | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_second_release_exits_with_a_message(scratch: Database, production: Production, second: Version):
    with closing(scratch.connect()) as other, other.cursor() as cursor:
        records.prepare(other)
        cursor.execute(
            "insert into dispatch_release.releases (release_id, backend_process, backend_started_at)"
            " select 'first', pid, backend_start from pg_stat_activity where pid = pg_backend_pid()"
        )
        process = other.info.backend_pid
        done = release(scratch)
        refused = production.operate("rollback")
        # The server was restarted, and the number of the process is now that of another.
        cursor.execute(
            "update dispatch_release.releases set backend_started_at = backend_started_at - interval '1 day'"
        )
        not_for_that_reason = production.operate("rollback")
        assert rows(other, "select dispatch_release.running_release()") == [(None,)]
    assert done.returncode == 75
    who = f"session {process} of user postgres"
    assert f"Not released, try again later: another release is running ({who})." in done.stderr
    assert f"release first is running and the candidate is its own ({who})" in refused
    assert "is running" not in not_for_that_reason


def test_copy_and_release_exclude_each_other(scratch: Database, second: Version):
    with closing(scratch.connect()) as one, closing(scratch.connect()) as other:
        with transaction(one):
            records.keep_out(one)
            who = f"session {one.info.backend_pid} of user postgres"
            with pytest.raises(Later, match=f"A copy is filling the landing .{who}"), transaction(other):
                records.keep_out(other)
            assert records.call(other, "running_copy") == [(who,)]
            with transaction(other) as waiting, pytest.raises(psycopg2.errors.LockNotAvailable):
                waiting.execute("set local lock_timeout = '10ms'")
                records.call(other, "begin_release", "it", None)
        records.call(other, "begin_release", "it", None)
        with pytest.raises(Later, match="A release is reading the landing"), transaction(one):
            records.keep_out(one)
    with closing(scratch.connect()) as next_one:
        ((died, _, outcome),) = records.call(next_one, "begin_release", "next", None)
        assert (died, outcome) == ("it", "died")


def test_docs_of_production_describe_what_is_published(scratch: Database, second: Version, tmp_path: Path):
    scratch.execute("drop table dispatch_next_marts.payments cascade")  # a build that did not get far
    path, missing = docs.write(scratch.connect(), scratch.environment, tmp_path, "prod")
    assert missing == 0
    text = path.read_text(encoding="utf-8")
    assert "dispatch_marts" in text
    assert "dispatch_next_" not in text


def test_release_without_a_free_session_exits_with_75(scratch: Database, second: Version):
    scratch.execute("update dispatch_release.releases set outcome = 'died'")
    scratch.execute("create user crowded connection limit 1 in role postgres")
    done = release(scratch, DISPATCH_PGUSER="crowded")
    assert done.returncode == 75
    assert 'too many connections for role "crowded"' in done.stderr
    scratch.execute("drop user crowded")
