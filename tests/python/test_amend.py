"""Rows that were left out at the hand-over and repaired since: built by replay, added to the application."""

import json
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from copy import copy
from pathlib import Path
from time import sleep
from typing import Any
from unittest import mock

import psycopg2
import pytest
from conftest import SCRATCH, Database, Shared
from marts import fingerprints

from ops.database import connection
from ops.dbt import profiles
from ops.dbt.profiles import Schemas
from ops.dbt.run import Progress
from ops.errors import Failure
from ops.handover import amend, changes, handover
from ops.release import records
from tests.replay import Recording, Replay

OWN = Schemas("dispatch_amend")
# What was added, what was left out and why, and how many rows are new.
Amended = Callable[..., tuple[set[tuple[str, int]], dict[tuple[str, int], str], dict[str, int]]]
Rejected = Callable[[str, str], list[int]]


@pytest.fixture(scope="session")
def building(recording: Recording) -> Replay:
    """The build of an amendment."""
    return Replay(recording, SCRATCH, OWN.prefix)


@pytest.fixture
def amended(handed_over: Database, building: Replay, manifest: dict[str, Any]) -> Amended:
    """Return a function that amends, without dbt."""

    def run(is_dry: bool = False) -> tuple[set[tuple[str, int]], dict[tuple[str, int], str], dict[str, int]]:
        with closing(handed_over.connect()) as opened, opened.cursor() as cursor:
            building.drop(cursor)
            building.build(cursor)
            result = amend.apply(opened, manifest, OWN, "app", is_dry)
        added = {(row.entity, row.legacy_id) for row in result.rows if row.reason is None}
        left_out = {(row.entity, row.legacy_id): row.reason for row in result.rows if row.reason is not None}
        return added, left_out, result.arrived

    return run


@pytest.fixture(scope="module")
def rejected(handed_over_once: Database) -> Rejected:
    """Return a function that returns the ids of the rows that were left out for a reason."""

    def find(entity: str, reason: str) -> list[int]:
        return [
            legacy_id
            for (legacy_id,) in handed_over_once.rows(
                "select legacy_id from app.migration_rejects"
                f" where entity = '{entity}' and reason = '{reason}' order by 1"
            )
        ]

    return find


def state(database: Database) -> dict[str, str]:
    """Return what an amendment must not change, whatever it adds: the marts and their audit."""
    return fingerprints(database, "dispatch_marts", "dispatch_audit")


def ledger(database: Database, entity: str, schema: str = "app") -> tuple[int, ...]:
    return database.rows(
        "select source_rows, migrated_rows, excluded_rows, rejected_rows, success_rate"
        f" from {schema}.migration_ledger where entity = '{entity}'"
    )[0]


def repair_notifications(database: Database, ids: list[int]) -> None:
    listed = ", ".join(map(str, ids))
    database.execute(f"update legacy.dispatch_notification set template_context = '{{}}' where id in ({listed})")


def test_with_nothing_repaired_nothing_happens(
    handed_over: Database, amended: Amended, manifest: dict[str, Any], capsys: pytest.CaptureFixture[str]
):
    before = state(handed_over), fingerprints(handed_over, "app")
    assert amended() == (set(), {}, {})
    assert (state(handed_over), fingerprints(handed_over, "app")) == before
    assert handed_over.rows("select to_regnamespace('dispatch_amended')") == [(None,)]
    amend.show(amend.Result([], {}), "app", False)
    assert "there is nothing to add" in capsys.readouterr().out


def test_repaired_rows_are_added_with_lists_and_ledger(handed_over: Database, amended: Amended, rejected: Rejected):
    frozen = state(handed_over)
    broken = rejected("notifications", "malformed_json")
    repair_notifications(handed_over, broken[:2])
    source, migrated, excluded, left_out, _ = ledger(handed_over, "notifications")

    before = fingerprints(handed_over, "app")
    expected = {("notifications", each) for each in broken[:2]}
    assert amended(is_dry=True) == (expected, {}, {})
    assert fingerprints(handed_over, "app") == before
    assert handed_over.rows("select to_regnamespace('dispatch_amended')") == [(None,)]

    assert amended() == (expected, {}, {})
    ids = ", ".join(map(str, broken[:2]))
    assert handed_over.rows(
        f"select count(*) from app.notifications where legacy_notification_id in ({ids})"
    ) == handed_over.rows(
        "select count(*) from app.legacy_ids inner join app.notifications on new_key = notification_id"
        f" where entity = 'notifications' and legacy_id in ({ids})"
    )
    *counts, rate = ledger(handed_over, "notifications")
    assert counts == [source, migrated + 2, excluded, left_out - 2]
    assert float(rate) == round((migrated + 2) / (migrated + left_out), 6)
    assert handed_over.rows("select count(*) from app.migration_rejects where entity = 'notifications'") == [
        (left_out - 2,)
    ]
    assert state(handed_over) == frozen
    assert handed_over.rows("select count(*) from dispatch_release.first_writes") == [(0,)]
    assert handed_over.rows("select entity, count(*) from dispatch_amended.amendments group by 1") == [
        ("notifications", 2)
    ]
    # A second one adds only what was repaired since.
    assert amended() == (set(), {}, {})
    repair_notifications(handed_over, broken[2:3])
    assert amended() == ({("notifications", broken[2])}, {}, {})


def test_a_chain_of_repaired_parents_is_added_as_a_whole(handed_over: Database, amended: Amended, rejected: Rejected):
    (order,) = rejected("orders", "doctor_not_given")
    patients = fingerprints(handed_over, "app")["app.patients"]
    handed_over.execute(
        "update legacy.dispatch_patient set doctor_id = (select min(legacy_user_id) from dispatch_marts.doctors)"
        f" where id = (select patient_id from legacy.dispatch_instruction where id = {order})"
    )
    added, left_out, arrived = amended()
    assert (left_out, arrived) == ({}, {})
    assert ("orders", order) in added
    assert {"jaws", "payments", "payment_items", "treatment_plans", "tasks"} <= {entity for entity, _ in added}
    # The row that made the repair possible was handed over, and stays as it is.
    assert fingerprints(handed_over, "app")["app.patients"] == patients
    assert (
        handed_over.rows(
            "select entity from app.migration_ledger where source_rows <> migrated_rows + excluded_rows + rejected_rows"
            " or rejected_rows <> (select count(*) from app.migration_rejects as r"
            " where r.entity = migration_ledger.entity and disposition = 'rejected')"
            " or migrated_rows <> (select count(*) from app.legacy_ids as i where i.entity = migration_ledger.entity)"
        )
        == []
    )
    ((number, later),) = handed_over.rows(
        f"select order_number, nextval('app.order_numbers') from app.orders where legacy_instruction_id = {order}"
    )
    assert int(number.split("-")[-1]) == order < later


def test_an_excluded_row_counts_too(handed_over: Database, amended: Amended, rejected: Rejected):
    order = rejected("orders", "order_deleted")[0]
    handed_over.execute(f"update legacy.dispatch_instruction set deleted = false where id = {order}")
    before = ledger(handed_over, "orders")
    added, left_out, _ = amended()
    assert left_out == {}
    assert ("orders", order) in added
    assert ledger(handed_over, "orders")[:4] == (before[0], before[1] + 1, before[2] - 1, before[3])


def test_a_row_whose_parent_was_deleted_is_named(handed_over: Database, amended: Amended, rejected: Rejected):
    (payment,) = rejected("payments", "value_out_of_range")
    ((order, key),) = handed_over.rows(
        "select legacy_instruction_id, orders.order_id from app.orders inner join legacy.dispatch_payment"
        f" on instruction_id = legacy_instruction_id where dispatch_payment.id = {payment}"
    )
    handed_over.execute(
        f"update legacy.dispatch_payment set subtotal_price = 1, total_price = 1 where id = {payment};"
        "set session_replication_role = replica;"
        f"delete from app.orders where order_id = '{key}'"
    )
    added, left_out, _ = amended()
    assert added == set()
    assert (
        left_out.pop(("payments", payment)) == f"it needs orders {order} (order_id), which the application has deleted"
    )
    # Its items and operations stay with it.
    assert left_out
    for reason in left_out.values():
        assert reason == f"it needs payments {payment} (payment_id), which is left out, too"
    assert handed_over.rows(
        f"select reason from app.migration_rejects where entity = 'payments' and legacy_id = {payment}"
    ) == [("value_out_of_range",)]
    assert handed_over.rows("select to_regnamespace('dispatch_amended')") == [(None,)]


def test_a_conflict_with_a_row_of_the_application_is_named(handed_over: Database, amended: Amended, rejected: Rejected):
    order, other = rejected("orders", "order_deleted")[:2]
    handed_over.execute(f"update legacy.dispatch_instruction set deleted = false where id in ({order}, {other})")
    added, _, _ = amended(is_dry=True)
    assert {("orders", order), ("orders", other)} <= added
    ((number,),) = handed_over.rows(
        f"select order_number from dispatch_amend_marts.orders where legacy_instruction_id = {order}"
    )
    handed_over.execute(
        f"update app.orders set order_number = '{number}'"
        " where legacy_instruction_id = (select min(legacy_instruction_id) from app.orders)"
    )
    before = fingerprints(handed_over, "app")["app.patients"]
    added, left_out, _ = amended()
    assert ("orders", other) in added
    assert f"Key (order_number)=({number}) already exists" in left_out["orders", order]
    assert fingerprints(handed_over, "app")["app.patients"] == before


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("alter table app.notifications rename context to payload", "column app.notifications.context has gone"),
        ("alter table app.notifications rename to messages_sent", "table app.notifications has gone"),
        (
            "alter table app.notifications add channel text not null default 'x';"
            "alter table app.notifications alter channel drop default",
            "channel",
        ),
        ("alter table app.notifications add constraint later check (created_at > '2090-01-01') not valid", "later"),
        (
            "alter table app.notifications alter context drop default;"
            "alter table app.notifications alter context type integer using 1",
            "context",
        ),
        (
            "create function app.refuse() returns trigger language plpgsql as $$ begin raise 'not today'; end $$;"
            "create trigger refuse before insert on app.notifications for each row execute function app.refuse()",
            "not today",
        ),
        (
            "create function app.skip() returns trigger language plpgsql as $$ begin return null; end $$;"
            "create trigger skip before insert on app.notifications for each row execute function app.skip()",
            "has not inserted it",
        ),
        (
            "alter table app.notifications enable row level security, force row level security;"
            "alter table app.notifications owner to dispatch_engineer",
            "",
        ),
    ],
)
def test_what_a_changed_table_refuses_is_named(
    handed_over: Database, amended: Amended, rejected: Rejected, statement: str, reason: str
):
    broken = rejected("notifications", "malformed_json")[0]
    repair_notifications(handed_over, [broken])
    handed_over.execute(statement)
    added, left_out, _ = amended()
    if reason:
        assert added == set()
        assert reason in left_out["notifications", broken]
    else:  # a superuser is not stopped
        assert added == {("notifications", broken)}


def test_rows_that_are_new_since_are_counted(handed_over: Database, amended: Amended, rejected: Rejected):
    handed_over.execute(
        "insert into legacy.dispatch_notification"
        " select (jsonb_populate_record(n, jsonb_build_object('id', id + 100000))).*"
        " from legacy.dispatch_notification as n where id = (select min(legacy_notification_id) from app.notifications)"
    )
    assert amended() == (set(), {}, {"notifications": 1})


def test_a_repaired_row_does_not_stand_beside_the_one_that_was_taken_for_it(
    handed_over: Database, amended: Amended, rejected: Rejected
):
    """Two refunds with one refund id: after the repair of the first, the build no longer migrates the second."""
    (duplicate,) = rejected("payment_operations", "duplicate_natural_key")
    repaired = rejected("payment_operations", "payment_not_migrated")[0]
    ((survivor,),) = handed_over.rows(
        "select s.id from legacy.dispatch_operation as d inner join legacy.dispatch_operation as s"
        f" on s.sq_refund_id = d.sq_refund_id and s.id <> d.id where d.id = {duplicate}"
    )
    assert repaired < survivor
    handed_over.execute(
        "update legacy.dispatch_operation as repaired"
        " set type = s.type, payment_id = s.payment_id, sq_refund_id = s.sq_refund_id"
        f" from legacy.dispatch_operation as s where s.id = {survivor} and repaired.id = {repaired}"
    )
    added, left_out, _ = amended()
    assert added == set()
    said = left_out["payment_operations", repaired]
    assert f"a duplicate of legacy row {survivor}, which the application already has" in said


def test_undo_knows_what_was_added(
    handed_over: Database, amended: Amended, rejected: Rejected, manifest: dict[str, Any], tmp_path: Path
):
    (order,) = rejected("orders", "doctor_not_given")
    handed_over.execute(
        "update legacy.dispatch_patient set doctor_id = (select min(legacy_user_id) from dispatch_marts.doctors)"
        f" where id = (select patient_id from legacy.dispatch_instruction where id = {order})"
    )
    assert ("orders", order) in amended()[0]
    changes.write(handed_over.target, tmp_path / "none")
    assert list((tmp_path / "none").iterdir()) == []
    with mock.patch.object(handover, "_manifest", return_value=manifest):
        handed_over.execute(f"update app.orders set notes = 'Ours' where legacy_instruction_id = {order}")
        with pytest.raises(Failure, match=r"has written to app\.orders \(first on "):
            handover.undo(handed_over.target)
        changes.write(handed_over.target, tmp_path / "one")
        assert f'"{order}","notes"' in (tmp_path / "one" / "orders.csv").read_text()
        handed_over.execute(
            "update app.orders set notes = a.notes from dispatch_amended.orders as a"
            f" where orders.order_id = a.order_id and a.legacy_instruction_id = {order}"
        )
        handover.undo(handed_over.target)
    assert handed_over.rows("select to_regnamespace('app'), to_regnamespace('dispatch_amended')") == [(None, None)]


def test_undo_still_sees_a_changed_list(
    handed_over: Database, amended: Amended, rejected: Rejected, manifest: dict[str, Any]
):
    repair_notifications(handed_over, rejected("notifications", "malformed_json"))
    amended()
    handed_over.execute("delete from app.migration_rejects where entity = 'notifications' or entity = 'orders'")
    with (
        mock.patch.object(handover, "_manifest", return_value=manifest),
        pytest.raises(Failure, match=r"has written to app\.migration_rejects"),
    ):
        handover.undo(handed_over.target)


def test_a_failure_in_the_middle_adds_nothing(handed_over: Database, amended: Amended, rejected: Rejected):
    repair_notifications(handed_over, rejected("notifications", "malformed_json"))
    before = fingerprints(handed_over, "app")
    for table in ("migration_ledger", "legacy_ids"):
        handed_over.execute(f"alter table app.{table} rename to gone")
        with pytest.raises(Failure, match=f"Nothing was added: .*{table}"):
            amended()
        handed_over.execute(f"alter table app.gone rename to {table}")
    assert fingerprints(handed_over, "app") == before
    with closing(handed_over.connect()) as other:
        other.autocommit = False
        other.cursor().execute("lock table app.notifications")
        with mock.patch.object(amend, "LOCK_TIMEOUT", "100ms"), pytest.raises(Failure, match="lock timeout"):
            amended()
        # A killed session leaves nothing either.
        mine = "select pg_terminate_backend(pid) from pg_locks where not granted and locktype = 'relation'"
        with mock.patch.object(amend, "LOCK_TIMEOUT", "1min"), ThreadPoolExecutor() as pool:
            waiting = pool.submit(amended)
            while not connection.rows(other, mine):
                sleep(0.05)
            with pytest.raises(psycopg2.Error, match=r"closed|terminat"):
                waiting.result()
    assert fingerprints(handed_over, "app") == before
    assert handed_over.rows("select to_regnamespace('dispatch_amended')") == [(None,)]


def test_schemas_of_others_are_not_dropped(handed_over: Database, amended: Amended):
    amended()
    with closing(handed_over.connect()) as opened:
        with pytest.raises(Failure, match="was not made by an amendment"):
            amend.clear(opened, OWN)
        for schema in OWN.layers:
            opened.cursor().execute(f"comment on schema {schema} is '{amend.MARK}'")
        amend.clear(opened, OWN)
    assert handed_over.rows("select count(*) from pg_namespace where nspname like 'dispatch\\_amend\\_%'") == [(0,)]


def test_dbt_builds_beside_the_frozen_marts(handed_over: Database, shared: Shared, tmp_path: Path):
    """The target is that of production, under another name and with another schema."""
    frozen = state(handed_over)
    project = copy(shared.project)
    project.manifest = project.manifest.deepcopy()
    for node in project.manifest.nodes.values():
        node.schema = node.schema.replace("dispatch", OWN.prefix, 1)
    with mock.patch.dict(os.environ, handed_over.environment, clear=True):
        assert "are published by releases" in shared.project.refusal("run", "--select", "roles")
        profiles.write_copy(tmp_path, amend.TARGET, OWN.prefix)
        assert (tmp_path / "profiles.yml").stat().st_mode & 0o777 == 0o600
        with mock.patch.dict(os.environ, {"DBT_PROFILES_DIR": str(tmp_path)}):
            project.dbt("run", "--select", "+storages", "--target", amend.TARGET)
    assert handed_over.rows("select count(*) from dispatch_amend_marts.storages") == handed_over.rows(
        "select count(*) from dispatch_marts.storages"
    )
    assert state(handed_over) == frozen


def test_an_amendment_builds_and_cleans_up(
    handed_over: Database, building: Replay, manifest: dict[str, Any], rejected: Rejected
):
    """With a replay in place of dbt: the landing cannot change meanwhile, and what was built is dropped."""
    broken = rejected("notifications", "malformed_json")
    repair_notifications(handed_over, broken)
    before, code = handed_over.rows("select count(*) from app.notifications")[0][0], 1

    def build(arguments: list[str], environment: dict[str, str], check: Callable[[], object]) -> tuple[int, Progress]:
        check()
        folder = Path(arguments[arguments.index("--target-path") + 1])
        (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
        with closing(handed_over.connect()) as opened, opened.cursor() as cursor:
            with pytest.raises(Failure, match="try again when it has ended"), connection.transaction(opened):
                records.keep_out(opened)
            building.build(cursor)
        return code, Progress()

    with mock.patch.object(amend.dbt, "run", build), mock.patch.dict(os.environ, handed_over.environment, clear=True):
        with pytest.raises(Failure, match=r"Nothing was added: the build failed\. Its schemas, dispatch_amend_…, stay"):
            amend.run(handed_over.target, False)
        code = 0
        for is_dry, number in ((True, 0), (False, len(broken))):
            amend.run(handed_over.target, is_dry)
            found = handed_over.rows("select count(*) from app.notifications")[0][0]
            assert found == before + number
            assert handed_over.rows("select count(*) from pg_namespace where nspname ~ '^dispatch_amend_'") == [(0,)]
    assert handed_over.rows("select count(*) from dispatch_release.first_writes") == [(0,)]


def test_a_refund_that_is_added_does_not_prevent_undo(
    handed_over: Database, amended: Amended, rejected: Rejected, manifest: dict[str, Any], tmp_path: Path
):
    """It changes the refunded amount of a payment that was handed over, which is computed."""
    (duplicate,) = rejected("payment_operations", "duplicate_natural_key")
    handed_over.execute(f"update legacy.dispatch_operation set sq_refund_id = 'own' where id = {duplicate}")
    refunded = "select sum(refunded_amount) from app.payments_computed"
    before = handed_over.rows(refunded)
    assert amended() == ({("payment_operations", duplicate)}, {}, {})
    assert handed_over.rows(refunded) > before
    changes.write(handed_over.target, tmp_path)
    assert list(tmp_path.iterdir()) == []
    with mock.patch.object(handover, "_manifest", return_value=manifest):
        handover.undo(handed_over.target)
    assert handed_over.rows("select to_regnamespace('app')") == [(None,)]


def test_a_payment_of_an_order_that_has_another_patient_now_is_named(
    handed_over: Database, amended: Amended, rejected: Rejected
):
    (payment,) = rejected("payments", "value_out_of_range")
    handed_over.execute(
        f"update legacy.dispatch_payment set subtotal_price = 1, total_price = 1 where id = {payment};"
        "update app.orders set patient_id ="
        " (select p.patient_id from app.patients as p where p.patient_id <> orders.patient_id limit 1)"
        f" where legacy_instruction_id = (select instruction_id from legacy.dispatch_payment where id = {payment})"
    )
    added, left_out, _ = amended()
    assert added == set()
    assert "payments__order_id__patient_id__fk" in left_out["payments", payment]


def test_a_seed_repairs_rows(handed_over: Database, building: Replay, manifest: dict[str, Any], rejected: Rejected):
    """A product that is no longer in the catalogue has a successor."""
    lost = rejected("template_products", "product_not_in_catalogue")
    ((missing, successor),) = handed_over.rows(
        "select product_id, (select min(legacy_product_id) from app.products) from legacy.dispatch_template_products"
        f" where id = {lost[0]}"
    )
    with closing(handed_over.connect()) as opened, opened.cursor() as cursor:
        building.build(cursor)
        cursor.execute(
            f"insert into dispatch_amend_seeds.product_crosswalk values ({missing}, {successor}, 'me', 'why')"
        )
        seed = next(id for id in building.nodes if id.endswith(".product_crosswalk"))
        building.build(cursor, building.select(seed) - {seed})
        result = amend.apply(opened, manifest, OWN, "app", False)
    assert ("template_products", lost[0], None) in result.rows
    listed = f"select count(*) from app.template_products where legacy_template_products_id = {lost[0]}"
    assert handed_over.rows(listed) == [(1,)]
