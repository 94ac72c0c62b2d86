"""A legacy copy without its constraints: rows may be missing, duplicated or broken, and still none may be lost."""

import json
from contextlib import closing

import pytest
from conftest import Database
from marts import assert_nothing_is_lost, failures

from tests.replay import DataTest, Replay

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

# Types that a source may widen its columns to; the marts stay as they are.
WIDER = {"integer": "bigint", "bigint": "numeric", "numeric": "numeric", "date": "timestamp with time zone"}

# The values that break a column of a type, one row for each: implausible ones, and what only the wider type holds.
BROKEN = {
    "integer": ["-2147483648", "2147483648"],
    "bigint": ["-9223372036854775808", "9223372036854775808", "0.5"],
    "numeric": ["'NaN'", "'infinity'", "1e30", "1e12", "0.0049"],
    "timestamp with time zone": ["'infinity'"],
    "date": ["'-infinity'", "'2001-02-03 04:05+00'"],
    "text": [r"""E'{"broken": "\\u0000'"""],
    "character varying": [r"E' \t'"],
}

# Entity, and the legacy table, column and value that its mart cannot hold exactly; in every so many-th row.
TOO_WIDE = {
    "payments": ("dispatch_payment", "total_price", "total_price + 0.0049", 13),
    "projects": ("dispatch_project", "id", "id + 2147483648", 13),
    "offices": ("dispatch_office", "tax_rate", "1e12", 13),
    "roles": ("dispatch_role", '"order"', "2147483648", 13),
    "files": ("dispatch_file", "size", "floor(size) + 0.5", 13),
    "patients": ("dispatch_patient", "birthdate", "'2001-02-03 04:05+00'", 13),
}


def spoil(database: Database) -> list[str]:
    """Widen every column; put a null, then values that break it, into each; then duplicate every seventh row.

    Return the statements.
    """
    statements = [
        DROP_EVERY_CONSTRAINT,
        "update legacy.dispatch_instruction set status = 77 where id % 3 = 0",
        "update legacy.dispatch_operation set type = 77 where id % 3 = 0",
    ]
    columns = database.rows(
        "select table_name, column_name, data_type from information_schema.columns"
        " where table_schema = 'legacy' order by table_name, ordinal_position"
    )
    rows = 0
    for table, column, kind in columns:
        if kind in WIDER:
            statements.append(f'alter table legacy.{table} alter column "{column}" type {WIDER[kind]}')
        for value in ["null", *BROKEN.get(kind, [])]:
            statements.append(
                f'update legacy.{table} set "{column}" = {value} where ctid in'
                f" (select ctid from legacy.{table} order by ctid offset {rows % 23} limit 1)"
            )
            rows += 1
    for table in sorted({table for table, _, _ in columns}):
        statements.append(f"insert into legacy.{table} select * from legacy.{table} where id % 7 = 0")
        statements.append(f"delete from legacy.{table} where id % 11 = 0")
    for table, column, value, every in TOO_WIDE.values():
        statements.append(f"update legacy.{table} set {column} = {value} where id % 2147483648 % {every} = 2")
    with closing(database.connect()) as opened, opened.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
    return statements


@pytest.fixture(scope="module")
def built(scratch: Database, replay: Replay) -> Database:
    """Build a copy with bad data."""
    scratch.load_legacy("tiny")
    spoil(scratch)
    scratch.build(replay)
    return scratch


def test_every_data_test_of_error_severity_passes(built: Database, data_tests: dict[str, DataTest]) -> None:
    assert failures(built, data_tests) == {}


def test_no_row_is_lost_and_no_row_is_orphaned(built: Database) -> None:
    assert_nothing_is_lost(built)


def test_bad_data_was_present(built: Database) -> None:
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


@pytest.mark.parametrize("entity", TOO_WIDE)
def test_what_a_mart_cannot_hold_exactly_is_rejected(built: Database, entity: str) -> None:
    """It is neither rounded nor the end of the build: the row is listed, under the id that it has."""
    table, _, _, every = TOO_WIDE[entity]
    found = built.rows(
        f"select distinct reason from legacy.{table} as legacy left join dispatch_audit.migration_rejects as rejects"
        f" on entity = '{entity}' and legacy_id = id where id % 2147483648 % {every} = 2"
    )
    assert ("value_out_of_range",) in found
    assert (None,) not in found  # it would be in the mart


def test_impossible_dates_do_not_count_as_fresh(built: Database) -> None:
    """Each of the tables has a row of the year infinity, or of none; they neither are news nor end dbt."""
    built.execute("update legacy.dispatch_record set created_at = '20000-01-01'")
    built.execute("update legacy.dispatch_payment set made_at = '2062-01-01' where id % 5 = 0")
    assert built.dbt("source", "freshness").returncode == 0
    found = json.loads((built.folder / "target" / "sources.json").read_text())["results"]
    newest = {each["unique_id"].rpartition(".")[2]: each["max_loaded_at"] for each in found if "max_loaded_at" in each}
    assert newest.pop("dispatch_record").startswith("0001")  # none is plausible
    assert len(newest) == 4
    assert {year[:4] for year in newest.values()} <= {"2024", "2025"}, newest


def test_unknown_codes_are_called_unmapped(built: Database) -> None:
    assert built.rows("select 1 from dispatch_marts.orders where status = 'unmapped'")
    assert built.rows("select 1 from dispatch_marts.payment_operations where operation_type = 'unmapped'")


def test_ids_are_compared_without_a_unique_index(built: Database) -> None:
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
        cursor.execute("select distinct has_unique_legacy_ids from dispatch_staging.stg_dispatch__notifications")
        found[name] = cursor.fetchone()[0]
        opened.rollback()
    opened.close()
    assert found == {name: name == "unique" for name in indexes}
