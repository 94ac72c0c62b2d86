"""The history of payments, orders and technicians, whatever happens to the legacy rows."""

import re
from collections.abc import Callable
from typing import Any, NamedTuple

import inprocess
import pytest
from conftest import SCRATCH, Database, Shared
from marts import failures
from test_dirty_copy import DROP_EVERY_CONSTRAINT

from tests.replay import DataTest, Replay

KEYS = {"payments": "payment_id", "orders": "order_id", "technicians": "technician_id"}
TESTS = ("resource_type:test", "resource_type:unit_test")
ADDED = ("dbt_scd_id", "dbt_updated_at", "dbt_valid_from", "dbt_valid_to", "dbt_is_deleted")


class Ids(NamedTuple):
    """Legacy ids of rows that something happens to."""

    changed: int
    deleted: int
    duplicated: int
    order: int
    technician: int


@pytest.fixture(scope="module")
def ids(scratch: Database, replay: Replay) -> Ids:
    """Build five times: the first load, nothing changed, much changed, some of it taken back, nothing changed."""
    scratch.load_legacy("tiny")
    scratch.execute(DROP_EVERY_CONSTRAINT)
    scratch.build(replay)
    scratch.execute(places("first"))
    scratch.build(replay)
    scratch.execute(places("second"))

    payments = "select legacy_payment_id from dispatch_marts.payments order by 1 limit 3"
    order = "select max(legacy_instruction_id) from dispatch_marts.orders"
    technician = "select min(legacy_role_id) from dispatch_marts.technicians"
    found = Ids(*(value for query in (payments, order, technician) for (value,) in scratch.rows(query)))
    scratch.execute(f"""
        create table public.kept as select * from legacy.dispatch_payment where id = {found.deleted};
        update legacy.dispatch_payment set total_price = total_price + 1 where id = {found.changed};
        delete from legacy.dispatch_payment where id = {found.deleted};
        insert into legacy.dispatch_payment select * from legacy.dispatch_payment where id = {found.duplicated};
        insert into legacy.dispatch_payment select * from legacy.dispatch_payment where id = {found.duplicated};
        update legacy.dispatch_payment set installments = '[' || id || ']', netsuite = true
        where ctid = (select max(ctid) from legacy.dispatch_payment where id = {found.duplicated});
        update legacy.dispatch_instruction set deleted = true where id = {found.order};
        update legacy.dispatch_role set name = 'Remote Technician Sectioning Approver' where id = {found.technician};
    """)
    scratch.build(replay)
    scratch.execute(f"""
        insert into legacy.dispatch_payment select * from public.kept;
        delete from legacy.dispatch_payment as one where id = {found.duplicated}
        and exists (select 1 from legacy.dispatch_payment as other where other.id = one.id and other.ctid < one.ctid);
        update legacy.dispatch_instruction set deleted = false where id = {found.order};
    """)
    scratch.build(replay)
    scratch.build(replay)
    return found


def places(name: str) -> str:
    """Return the statement that keeps where the rows of the three histories lie."""
    rows = (
        f"select '{mart}' as mart, ctid::text as place, xmin::text as writer from dispatch_snapshots.{mart}_history"
        for mart in KEYS
    )
    return f"create table public.{name} as " + " union all ".join(rows)


def versions(database: Database, mart: str, column: str, legacy_id: int, *shown: str) -> list[tuple[Any, ...]]:
    """Return what the versions of a row show, in the order of time."""
    return database.rows(
        f"select {', '.join([*shown, 'dbt_is_deleted'])} from dispatch_snapshots.{mart}_history"
        f" where {column} = {legacy_id} order by dbt_valid_from"
    )


def test_unchanged_rows_create_no_version(scratch: Database, ids: Ids) -> None:
    assert scratch.rows("select count(*) > 20 from public.first") == [(True,)]
    assert scratch.rows("table public.first except table public.second") == []
    assert scratch.rows("table public.second except table public.first") == []


def test_change_creates_a_version(scratch: Database, ids: Ids) -> None:
    (before, _), (after, is_deleted) = versions(scratch, "payments", "legacy_payment_id", ids.changed, "amount")
    assert (after - before, is_deleted) == (1, "False")
    found = versions(scratch, "technicians", "legacy_role_id", ids.technician, "specialty")
    assert len(found) == 2
    assert found[1] == ("Remote Technician Sectioning Approver", "False")


@pytest.mark.parametrize(
    ("mart", "column", "row"),
    [("payments", "legacy_payment_id", "deleted"), ("orders", "legacy_instruction_id", "order")],
)
def test_deleted_row_is_marked_and_may_return(scratch: Database, ids: Ids, mart: str, column: str, row: str) -> None:
    """It is deleted from the legacy table, or only marked: the mart has it no longer in either case."""
    found = versions(scratch, mart, column, getattr(ids, row), KEYS[mart])
    assert [is_deleted for _, is_deleted in found] == ["False", "True", "False"]
    assert len({key for key, _ in found}) == 1


def test_duplicate_row_has_one_line_of_history(scratch: Database, ids: Ids) -> None:
    """Whichever of the copies is migrated, each version has one end and the last is the remaining row."""
    found = versions(scratch, "payments", "legacy_payment_id", ids.duplicated, "is_netsuite")
    assert found[0] == found[-1]
    assert {is_deleted for _, is_deleted in found} == {"False"}
    assert len(found) in (1, 3)


@pytest.mark.parametrize("mart", KEYS)
def test_versions_follow_each_other_without_gap_and_the_last_is_the_mart(
    scratch: Database, replay: Replay, ids: Ids, mart: str
) -> None:
    key, history = KEYS[mart], f"dispatch_snapshots.{mart}_history"
    assert scratch.rows(
        "select count(*) from (select dbt_valid_to is distinct from"
        f" lead(dbt_valid_from) over (partition by {key} order by dbt_valid_from) as is_torn from {history}) as joined"
        " where is_torn"
    ) == [(0,)]
    columns = ", ".join(replay.nodes[f"model.dispatch.{mart}"].columns)
    current = f"select {columns} from {history} where dbt_valid_to is null and dbt_is_deleted = 'False'"
    migrated = f"select {columns} from dispatch_marts.{mart}"
    assert scratch.rows(f"{current} except {migrated}") == scratch.rows(f"{migrated} except {current}") == []


def test_the_tests_of_the_histories_pass(scratch: Database, data_tests: dict[str, DataTest], ids: Ids) -> None:
    of_histories = {
        name: test for name, test in data_tests.items() if any(id.startswith("snapshot.") for id in test.parents)
    }
    assert len(of_histories) >= 15
    assert failures(scratch, of_histories) == {}


@pytest.fixture(scope="module")
def described(scratch: Database, ids: Ids) -> Database:
    """Build with dbt, for a replay writes no comments on columns."""
    done = scratch.dbt("build", "--select", *KEYS, "resource_type:snapshot", "--exclude", *TESTS)
    assert done.returncode == 0, done.stdout
    return scratch


@pytest.mark.parametrize("mart", KEYS)
def test_a_history_describes_its_columns_as_its_mart_does(described: Database, mart: str) -> None:
    def comments(table: str) -> dict[str, str]:
        return dict(
            described.rows(
                "select attname, col_description(attrelid, attnum) from pg_attribute"
                f" where attrelid = 'dispatch_{table}'::regclass and attnum > 0 and not attisdropped"
            )
        )

    history = comments(f"snapshots.{mart}_history")
    assert all(history.pop(name) for name in ADDED)
    assert history == comments(f"marts.{mart}")
    assert any(re.search(r" → \w+\.\w+_id$", text) for text in history.values())
    assert all(history.values())


def test_type_of_a_mart_column_is_carried_into_its_history(
    database: Callable[..., Database], replay: Replay, shared: Shared
) -> None:
    made = database(SCRATCH)
    made.load_legacy("tiny")
    made.build(replay)
    rows = (
        "select md5(string_agg(cast(t as text), '' order by dbt_scd_id)) from dispatch_snapshots.payments_history as t"
    )
    before = made.rows(rows)
    types = (
        "select column_name, data_type from information_schema.columns where table_name = 'payments_history'"
        " and column_name in ('is_free', 'paid_amount', 'method') order by 1"
    )
    expected = made.rows(types)
    # What the history was before the type of the mart was corrected.
    made.execute(
        "alter table dispatch_snapshots.payments_history alter is_free type text, alter method type varchar(20),"
        " alter paid_amount type numeric(20, 5)"
    )
    assert made.rows(types) != expected
    with inprocess.environment(made):
        shared.project.dbt("snapshot", "--select", "payments_history")
        assert made.rows(types) == expected
        assert made.rows(rows) == before

        made.execute("""
            alter table dispatch_snapshots.payments_history
            alter is_free type text, alter paid_amount type numeric(20, 5);
            update dispatch_snapshots.payments_history set paid_amount = paid_amount + 0.00001
            where dbt_scd_id = (select min(dbt_scd_id) from dispatch_snapshots.payments_history)
        """)
        before, wrong = made.rows(rows), made.rows(types)
        said = shared.project.refusal("snapshot", "--select", "payments_history")
        assert "payments_history.paid_amount is numeric(20,5), and payments.paid_amount now is numeric(12,2)" in said
        assert "1 versions in the history have a value that would be lost" in said
        assert "alter table dispatch_snapshots.payments_history alter column" in said
        assert 'alter column "paid_amount" type numeric(12,2) using <expression>;' in said
        assert (made.rows(rows), made.rows(types)) == (before, wrong)
