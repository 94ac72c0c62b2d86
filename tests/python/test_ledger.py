import pytest
from conftest import Database

from ops.errors import Failure
from ops.report import ledger

AUDIT = """
create schema dispatch_audit;
create schema dispatch_marts;
create table dispatch_audit.migration_ledger as
select *, row_number() over () as position from (values
    ('Phase 7', 'payments', 'dispatch_payment', 16014, 16011, 1, 2, 0.999875),
    ('Phase 7', 'template_products', 'dispatch_template_products', 166, 93, 0, 73, 0.560241),
    ('Orders', 'orders', 'dispatch_instruction', 0, 0, 0, 0, null)
) as t (
    phase, entity, legacy_table,
    source_rows, migrated_rows, excluded_rows, rejected_rows, success_rate
);
create table dispatch_audit.migration_rejects as
select 'payments' as entity, 'dispatch_payment' as legacy_table, n as legacy_id,
    'rejected' as disposition, 'instruction_not_given' as reason
from generate_series(41, 1240) as n;
create table dispatch_audit.foreign_key_ledger as
select 'payments' as child, 'order_id' as child_column, 'orders' as parent,
    16011 as checked_rows, 0 as orphan_rows, true as is_enforced;
create table dispatch_audit.legacy_inventory as
select * from (values
    ('dispatch_event', 'dispatch_event', null, 'table', 9400, false, 'unknown', null),
    ('dispatch_payment', 'dispatch_payment', null, 'table', 16014, false, 'migrated', null),
    ('dispatch_payment.order_id', 'dispatch_payment', 'order_id', 'integer', 12, false, 'not_migrated', 'Is it used?'),
    ('dispatch_task.order_id', 'dispatch_task', 'order_id', 'integer', 0, false, 'not_migrated', 'Is it used?')
) as t (subject, table_name, column_name, kind, row_count, is_estimate, decision, reason);
create table dispatch_marts.payments as select 255.478 as amount;
create table dispatch_marts.payment_operations as select cast(null as numeric) as amount;
create table dispatch_marts.technicians as
select * from (values ('Designing', true), ('Designing', false), ('Remote', false)) as t (specialty, is_active);
"""


def test_ledger_before_the_first_build(database):
    with pytest.raises(Failure, match="make demo or dbt build"):
        ledger.show(database("unbuilt").connect())


def test_the_ledger_shows_totals_reasons_and_keys(scratch: Database, capsys: pytest.CaptureFixture):
    scratch.execute(AUDIT)
    ledger.show(scratch.connect())
    lines = [" ".join(line.replace("│", " ").split()) for line in capsys.readouterr().out.splitlines()]
    for expected in (
        "Phase 7 16,180 16,104 1 75 99.54%",
        "payments 16,014 16,011 1 2 99.99%",
        "template_products 166 93 0 73 56.02%",
        "orders 0 0 0 0 –",
        "Everything 16,180 16,104 1 75 99.54%",
        "payments instruction_not_given rejected 1,200 41",
        "Designing 2 1",
        "total 3 1",
        "Success rate of the Phase 7 systems: 78.01% as the mean of their rates, 99.54% over all their rows.",
        "Mean amount of a payment 255.48, of a payment operation –.",
        "dispatch_event 9,400 unknown –",
        "dispatch_payment.order_id 12 not_migrated Is it used?",
        "1 table with 9,400 rows is not known (dispatch_event).",
        "0 orphans in 16,011 references over 1 foreign keys; 1 of them enforced by the database itself.",
    ):
        assert expected in lines
    assert not [line for line in lines if line.startswith("dispatch_task.order_id")]  # it is empty
