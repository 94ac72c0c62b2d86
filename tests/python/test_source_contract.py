"""The source contract: what a legacy database may look like, by the rule that dbt and all commands share."""

from collections.abc import Callable, Iterator
from contextlib import closing

import kinds
import pytest
from conftest import Database
from inprocess import Project
from marts import assert_nothing_is_lost
from psycopg2.extensions import connection as Connection

from ops import demo
from ops.database.connection import rows
from ops.errors import Failure
from ops.source import contract
from tests.replay import Replay

TABLE = "legacy.dispatch_payment"


@pytest.fixture(scope="module")
def loaded(database: Callable[[str], Database]) -> Database:
    """The smallest legacy database."""
    made = database("contract")
    made.load_legacy("tiny")
    return made


@pytest.fixture
def opened(loaded: Database) -> Iterator[Connection]:
    """A connection whose changes are undone."""
    with closing(loaded.connect()) as made:
        made.autocommit = False
        yield made


def findings(opened: Connection, change: str, **arguments: object) -> list[str]:
    """What is found after a change, with its kind."""
    opened.cursor().execute(change or "select")
    found = contract.examine(opened, **arguments)
    return [f"{kind}: {sentence}" for kind, all in found._asdict().items() for sentence in all]


def retyped(column: str, type_: str, table: str = TABLE) -> str:
    """The change of a type, whatever the values are."""
    key = " primary key" if column == "id" else ""
    return (
        f'truncate {table} cascade; alter table {table} drop column "{column}" cascade;'
        f'alter table {table} add column "{column}" {type_}{key}'
    )


def test_the_declared_database_has_no_findings(opened: Connection):
    for purpose in ("build", "copy", "replicate"):
        assert findings(opened, "", purpose=purpose, subscriber=180000) == []


@pytest.mark.parametrize(
    ("column", "type_"),
    [
        ("id", "bigint"),
        ("doctor_id", "smallint"),
        ("doctor_id", "bigint"),
        ("doctor_id", "numeric"),
        ("doctor_id", "numeric(20, 0)"),
        ("total_price", "numeric"),
        ("total_price", "numeric(30, 6)"),
        ("total_price", "bigint"),
        ("installments", "character varying(9000)"),
        ("made_at", "timestamp(0) with time zone"),
        ("made_at", "date"),
    ],
)
def test_a_type_that_loses_nothing_is_accepted(opened: Connection, column: str, type_: str):
    for purpose in ("build", "copy", "replicate"):
        assert findings(opened, retyped(column, type_), purpose=purpose) == []


@pytest.mark.parametrize(
    ("column", "type_", "said"),
    [
        ("free", "smallint", "of type smallint, declared as boolean"),
        ("made_at", "text", "of type text, declared as timestamp with time zone"),
        ("total_price", "double precision", "of type double precision, declared as numeric"),
        ("total_price", "money", "of type money, declared as numeric"),
        ("total_price", "text", "of type text, declared as numeric"),
        ("doctor_id", "numeric(12, 2)", "of type numeric(12,2), declared as integer"),
        ("id", "numeric", "of type numeric, declared as integer"),
        ("doctor_id", "real", "of type real, declared as integer"),
        ("doctor_id", "uuid", "of type uuid, declared as integer"),
        ("installments", "jsonb", "of type jsonb, declared as text"),
        ("installments", "character(40)", "of type character(40), declared as text"),
        ("installments", "legacy.own", "of type legacy.own, declared as text"),
        ("installments", "text[]", "of type text[], declared as text"),
    ],
)
def test_any_other_type_is_refused_in_one_sentence(opened: Connection, column: str, type_: str, said: str):
    change = f"create domain legacy.own as text; {retyped(column, type_)}"
    for purpose in ("build", "copy", "replicate"):
        assert findings(opened, change, purpose=purpose) == [
            f"refused: dispatch_payment.{column}: {said}. Change the column at the source, or declare its type and"
            " adapt the staging model."
        ]
        opened.rollback()


def test_columns_with_the_same_fault_share_a_sentence(opened: Connection):
    (found,) = findings(
        opened, "alter table legacy.dispatch_payment drop free, drop canceled; alter table legacy.auth_group drop name"
    )
    assert found.startswith(
        "refused: auth_group.name, dispatch_payment.canceled, dispatch_payment.free: no such column"
    )


def test_times_without_a_zone_need_one(opened: Connection, monkeypatch: pytest.MonkeyPatch):
    change = (
        "alter table legacy.dispatch_payment alter made_at type timestamp;"
        "alter table legacy.auth_user alter date_joined type timestamp(0)"
    )
    for purpose in ("build", "copy", "replicate"):
        (found,) = findings(opened, change, purpose=purpose)
        assert "auth_user.date_joined, dispatch_payment.made_at: no time zone" in found
        assert "Set legacy_time_zone in dbt_project.yml" in found
    monkeypatch.setattr(contract, "TIME_ZONE", "America/Chicago")
    assert findings(opened, "") == []
    # A date has no zone, and a time is none.
    assert "of type timestamp(0) without time zone, declared as date" in "".join(
        findings(opened, retyped("birthdate", "timestamp(0)", "legacy.dispatch_patient"))
    )


AS_ANOTHER = (
    "create role other; grant usage on schema legacy to other; grant select on all tables in schema legacy to other"
)
PARTITIONED = (
    "alter table legacy.dispatch_note rename to old;"
    "create table legacy.dispatch_note (like legacy.old including all) partition by range (id);"
    "create table legacy.one partition of legacy.dispatch_note default"
)
FOREIGN = (
    "create foreign data wrapper none; create server none foreign data wrapper none;"
    "alter table legacy.dispatch_note rename to old;"
)
CHILD = "create table legacy.child () inherits (legacy.dispatch_note)"
GENERATED = (
    "alter table legacy.dispatch_storage drop disk_total, add disk_total bigint generated always as (disk_free * 2) {}"
)
NONDETERMINISTIC = (
    # Not every build of PostgreSQL has ICU, whose collations alone are not deterministic.
    "create collation legacy.ignores_case (locale = 'C'); set local allow_system_table_mods = on;"
    "update pg_collation set collisdeterministic = false where collname = 'ignores_case';"
    "alter table legacy.auth_user alter email type varchar(254) collate legacy.ignores_case"
)
ALL = ("build", "copy", "replicate")

# Change, and for each purpose the beginning of what is found.
KINDS = {
    "partitioned": (PARTITIONED, {}),
    "a partition": (
        f"{PARTITIONED}; alter table legacy.dispatch_note rename to whole;"
        "alter table legacy.one rename to dispatch_note",
        dict.fromkeys(ALL, "note: dispatch_note: a partition of legacy.whole: rows of the parent itself are not read"),
    ),
    "foreign partition": (
        FOREIGN + "create table legacy.dispatch_note (like legacy.old) partition by range (id);"
        "create foreign table legacy.away partition of legacy.dispatch_note default server none",
        dict.fromkeys(ALL, "refused: dispatch_note: has partitions that are foreign tables"),
    ),
    "inheritance parent": (
        CHILD,
        dict.fromkeys(ALL, "note: dispatch_note: read together with its inheritance children (legacy.child)")
        | {"replicate": "refused: dispatch_note: has inheritance children (legacy.child), whose changes"},
    ),
    "inheritance child": (
        "create table legacy.parent (like legacy.dispatch_note);alter table legacy.dispatch_note inherit legacy.parent",
        dict.fromkeys(ALL, "note: dispatch_note: an inheritance child of legacy.parent"),
    ),
    "unlogged": (
        "alter table legacy.dispatch_note set unlogged",
        dict.fromkeys(ALL, "note: dispatch_note: an unlogged table, which a crash of the server empties")
        | {"replicate": "refused: dispatch_note: an unlogged table, whose changes are not in the log"},
    ),
    "view": (
        "alter table legacy.dispatch_note rename to old; create view legacy.dispatch_note as select * from legacy.old",
        dict.fromkeys(ALL, "refused: dispatch_note: a view, not a table"),
    ),
    "materialized view": (
        "alter table legacy.dispatch_note rename to old;"
        "create materialized view legacy.dispatch_note as select * from legacy.old",
        dict.fromkeys(ALL, "refused: dispatch_note: a materialized view, not a table"),
    ),
    "foreign table": (
        FOREIGN + "create foreign table legacy.dispatch_note (id integer) server none",
        dict.fromkeys(ALL, "refused: dispatch_note: a foreign table, not a table"),
    ),
    "row security that applies": (
        f"{AS_ANOTHER}; alter table legacy.dispatch_note enable row level security; set local role other",
        dict.fromkeys(ALL, "refused: dispatch_note: row security hides rows from user other"),
    ),
    "row security that does not apply": ("alter table legacy.dispatch_note enable row level security", {}),
    "stored generated column": (
        GENERATED.format("stored"),
        {"replicate": "refused: dispatch_storage.disk_total: a generated column, which PostgreSQL replicates from"},
    ),
    "virtual generated column": (
        GENERATED.format("virtual"),
        {"replicate": "refused: dispatch_storage.disk_total: a virtual generated column"},
    ),
    "identity column": (
        "alter table legacy.dispatch_note alter id drop default, alter id add generated always as identity",
        {},
    ),
    "collation by which different texts are equal": (
        NONDETERMINISTIC,
        {"build": "refused: auth_user.email: has the collation ignores_case, by which different texts are equal"},
    ),
    "no privilege": (
        f"{AS_ANOTHER}; revoke select on legacy.dispatch_storage from other; set local role other",
        dict.fromkeys(ALL, "unreadable: dispatch_storage.address, dispatch_storage.disk_free"),
    ),
    "no schema privilege": (
        f"{AS_ANOTHER}; revoke usage on schema legacy from other; set local role other",
        dict.fromkeys(ALL, "unreadable: auth_group.id, "),
    ),
    "missing table": ("alter table legacy.dispatch_note rename to old", dict.fromkeys(ALL, "missing: dispatch_note")),
    "no primary key": (
        "alter table legacy.dispatch_note drop constraint dispatch_note_pkey",
        {"replicate": "refused: dispatch_note: PostgreSQL cannot publish its updates and deletes"},
    ),
    "replica identity full": (
        "alter table legacy.dispatch_note replica identity full",
        {"replicate": "refused: dispatch_note: PostgreSQL cannot publish its updates and deletes"},
    ),
    "replica identity full of a partition": (
        f"{PARTITIONED}; alter table legacy.one replica identity full",
        {"replicate": "refused: dispatch_note: PostgreSQL cannot publish its updates and deletes"},
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_table_and_column_has_a_decision(opened: Connection, kind: str):
    change, expected = KINDS[kind]
    for purpose in ALL:
        found = findings(opened, change, purpose=purpose, subscriber=170000)
        opened.rollback()
        start = expected.get(purpose)
        assert bool(found) == (start is not None), found
        assert not found or found[0].startswith(start)


def test_generated_columns_are_replicated_between_new_servers(opened: Connection):
    """The server of this test is PostgreSQL 18, unless DISPATCH_PGBIN names another one."""
    expected = 0 if opened.server_version >= 180000 else 1
    assert len(findings(opened, GENERATED.format("stored"), purpose="replicate", subscriber=180000)) == expected


def test_a_standby_cannot_read_unlogged_tables(opened: Connection, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(contract, "rows", lambda on, query: rows(on, query.replace("pg_is_in_recovery()", "true")))
    found = findings(opened, "alter table legacy.dispatch_note set unlogged", purpose="copy")
    assert found[0].startswith("refused: dispatch_note: an unlogged table, which a standby cannot read")


def test_dbt_builds_on_every_kind_that_it_may_read(scratch: Database, replay: Replay):
    """BigAutoField, identity and generated columns, partitions, inheritance children, unlogged tables."""
    scratch.load_legacy("tiny")
    scratch.execute(kinds.SUPPORTED.format(schema="legacy") + kinds.NOT_REPLICATED.format(schema="legacy"))
    with closing(scratch.connect()) as made:
        demo.check_legacy(made)
    scratch.build(replay, checks_types=True)
    assert_nothing_is_lost(scratch)
    assert scratch.rows("select kind from dispatch_audit.legacy_inventory where subject = 'dispatch_note'") == [
        ("partitioned table",)
    ]
    scratch.execute("drop schema legacy cascade")


def test_dbt_and_doctor_refuse_by_the_same_rule(scratch: Database, project: Project):
    scratch.load_legacy("tiny")
    change = (
        f"{retyped('free', 'smallint')}; alter table legacy.dispatch_payment alter made_at type timestamp;"
        "alter table legacy.dispatch_storage set unlogged"
    )
    with closing(scratch.connect()) as made:
        zone, type_ = (each.partition(": ")[2] for each in findings(made, change) if each.startswith("refused"))
        with pytest.raises(Failure) as doctor:
            demo.check_legacy(made)
    dbt = project.refusal("run", "--select", "storages")
    for said in (str(doctor.value), dbt):
        assert type_ in said
        assert zone in said
    # The variable answers the question of the zone, and only that one.
    said = project.refusal("run", "--select", "storages", "--vars", "{legacy_time_zone: Asia/Tokyo}")
    assert type_ in said
    assert zone not in said
