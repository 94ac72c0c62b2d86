"""Ids of other systems: a refund counts once, and what repeats or exceeds what was paid is seen (decision 13)."""

from contextlib import closing

import pytest
from conftest import Database
from test_dirty_copy import DROP_EVERY_CONSTRAINT

from tests.replay import DataTest

REFUNDS = (
    "select operation.id, payment_id, operation.price, paid_price,"
    " row_number() over (partition by trim(sq_refund_id) order by operation.id) as occurrence"
    " from legacy.dispatch_operation as operation"
    " inner join legacy.dispatch_payment as payment on payment.id = payment_id"
    " where type = 2"
)


def test_a_refund_recorded_twice_counts_once(migrated: Database) -> None:
    repeated = migrated.rows(f"select id, payment_id, price from ({REFUNDS}) as refunds where occurrence > 1")
    assert len(repeated) == 1
    for operation, payment, price in repeated:
        rejects = (
            "select reason from dispatch_audit.migration_rejects"
            f" where entity = 'payment_operations' and legacy_id = {operation}"
        )
        assert migrated.rows(rejects) == [("duplicate_natural_key",)]
        refunded = f"select refunded_amount from dispatch_marts.payments where legacy_payment_id = {payment}"
        assert migrated.rows(refunded) == [(price,)]


def test_refunds_beyond_what_was_paid_are_in_the_reconciliation(migrated: Database) -> None:
    beyond = migrated.rows(
        "select sum(price) - max(paid_price) as beyond from"
        f" ({REFUNDS}) as refunds where occurrence = 1 group by payment_id having sum(price) > max(paid_price)"
    )
    assert len(beyond) == 1
    found = "select sum(over_refunded_amount) from dispatch_audit.money_reconciliation"
    assert migrated.rows(found) == beyond


@pytest.mark.parametrize(
    "test", ["legacy_operation_sq_refund_id_is_unique", "payments_are_not_refunded_beyond_what_was_paid"]
)
def test_both_are_flagged(migrated: Database, data_tests: dict[str, DataTest], test: str) -> None:
    assert not data_tests[test].is_error
    assert len(migrated.rows(data_tests[test].query)) == 1


@pytest.mark.parametrize(
    ("test", "update"),
    {
        "legacy_operation_sq_payment_id_is_unique_among_payments": (
            "dispatch_operation set sq_payment_id = 'again' where coalesce(type, 1) = 1"
        ),
        "legacy_operation_sq_refund_id_is_that_of_a_refund": (
            "dispatch_operation set sq_refund_id = id where coalesce(type, 1) = 1"
        ),
        "legacy_office_sq_customer_id_is_unique": "dispatch_office set sq_customer_id = 'again'",
        "legacy_doctorsetting_sq_customer_id_is_unique": "dispatch_doctorsetting set sq_customer_id = 'again'",
        "legacy_project_uid_is_unique": "dispatch_project set uid = '00000000-0000-0000-0000-000000000000'",
        "legacy_file_uid_is_unique": "dispatch_file set uid = '00000000-0000-0000-0000-000000000000'",
    }.items(),
)
def test_other_repeated_or_unexpected_ids_are_flagged(
    migrated: Database, data_tests: dict[str, DataTest], test: str, update: str
) -> None:
    query = data_tests[test].query
    assert not data_tests[test].is_error
    assert migrated.rows(query) == []
    with closing(migrated.connect()) as opened, opened.cursor() as cursor:
        opened.autocommit = False  # closing rolls back
        cursor.execute(DROP_EVERY_CONSTRAINT)
        cursor.execute(f"update legacy.{update}")
        cursor.execute(query)
        assert cursor.fetchall()
