"""A legacy copy without its constraints: rows may be missing, doubled or broken, and still none may be lost."""

import pytest
from conftest import Database
from inprocess import parsed
from marts import assert_nothing_is_lost

DROP_EVERY_CONSTRAINT = """
do $$
declare
    each record;
begin
    for each in select conrelid::regclass as tab, conname from pg_constraint
        where connamespace = 'legacy'::regnamespace and contype in ('f', 'u', 'p') order by contype loop
        execute format('alter table %s drop constraint %I', each.tab, each.conname);
    end loop;
    for each in select attrelid::regclass as tab, attname from pg_attribute
        where attnotnull and attnum > 0 and attrelid in
            (select oid from pg_class where relnamespace = 'legacy'::regnamespace and relkind = 'r') loop
        execute format('alter table %s alter column %I drop not null', each.tab, each.attname);
    end loop;
end $$
"""

# The value that breaks a column of a type, one broken row for each column.
BROKEN = {
    "integer": "-2147483648",
    "bigint": "-9223372036854775808",
    "numeric": "'NaN'",
    "timestamp with time zone": "'infinity'",
    "date": "'-infinity'",
    "text": r"""E'{"broken": "\\u0000'""",
    "character varying": "E' \\t'",
}


def spoil(database: Database) -> None:
    """In every column of every table: a null, then a value that breaks it; then double every seventh row."""
    database.execute(DROP_EVERY_CONSTRAINT)
    database.execute("update legacy.dispatch_instruction set status = 77 where id % 3 = 0")
    database.execute("update legacy.dispatch_operation set type = 77 where id % 3 = 0")
    columns = database.rows(
        "select table_name, column_name, data_type from information_schema.columns"
        " where table_schema = 'legacy' order by table_name, ordinal_position"
    )
    for number, (table, column, kind) in enumerate(columns):
        for offset, value in enumerate(["null", BROKEN.get(kind)]):
            if value is not None:
                database.execute(
                    f'update legacy.{table} set "{column}" = {value} where ctid in'
                    f" (select ctid from legacy.{table} order by ctid offset {(number * 2 + offset) % 23} limit 1)"
                )
    for table in sorted({table for table, _, _ in columns}):
        database.execute(f"insert into legacy.{table} select * from legacy.{table} where id % 7 = 0")
        database.execute(f"delete from legacy.{table} where id % 11 = 0")


@pytest.fixture(scope="module")
def built(scratch: Database) -> Database:
    """Build a spoilt copy, with every data test of error severity holding."""
    scratch.load_legacy("tiny")
    spoil(scratch)
    with parsed(scratch) as project:
        project.dbt("build", "--exclude", "resource_type:unit_test")
    return scratch


def test_no_row_is_lost_and_no_row_is_orphaned(built: Database) -> None:
    assert_nothing_is_lost(built)


def test_the_dirt_was_there(built: Database) -> None:
    reasons = {reason for (reason,) in built.rows("select distinct reason from dispatch_audit.migration_rejects")}
    assert {
        "legacy_id_not_given",
        "duplicate_legacy_id",
        "required_value_missing",
        "value_out_of_range",
        "order_not_found",
        "order_rejected",
        "profile_not_migrated",
        "patient_not_migrated",
        "payment_not_migrated",
        "template_not_found",
    } <= reasons


def test_unknown_codes_are_called_unmapped(built: Database) -> None:
    assert built.rows("select 1 from dispatch_marts.orders where status = 'unmapped'")
    assert built.rows("select 1 from dispatch_marts.payment_operations where operation_type = 'unmapped'")


def test_ids_are_compared_unless_an_index_keeps_them_apart(built: Database) -> None:
    indexes = {
        "none": "select",
        "not unique": "create index on legacy.dispatch_notification (id)",
        "partial": "create unique index on legacy.dispatch_notification (id) where id is null",
        "of an expression": "create unique index on legacy.dispatch_notification (upper(template_context))",
        "of two columns": "create unique index on legacy.dispatch_notification (id, template_context)",
        "of another column": "create unique index on legacy.dispatch_notification (recipient_id)",
        "of a parent": "create unique index on legacy.dispatch_notification (id);"
        " create table legacy.child () inherits (legacy.dispatch_notification)",
        "unique": "create unique index on legacy.dispatch_notification (id)",
    }
    found = {}
    opened = built.connect()
    opened.autocommit = False
    cursor = opened.cursor()
    for name, statement in indexes.items():
        cursor.execute("update legacy.dispatch_notification set template_context = ctid::text, recipient_id = null")
        if name in ("of a parent", "unique"):
            cursor.execute("update legacy.dispatch_notification set id = null")
        cursor.execute(statement)
        cursor.execute("select distinct is_legacy_id_kept_unique from dispatch_staging.stg_dispatch__notifications")
        found[name] = cursor.fetchone()[0]
        opened.rollback()
    opened.close()
    assert found == {name: name == "unique" for name in indexes}
