"""What several tests ask of a built warehouse."""

from collections.abc import Mapping
from contextlib import closing
from typing import Any, Protocol

from conftest import Database

from tests.replay import DataTest

LAYERS = ("dispatch_marts", "dispatch_audit")


class Queryable(Protocol):
    """A database, or a transaction in one."""

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Run one query and return its rows."""


def fingerprints(database: Queryable, *schemas: str) -> dict[str, str]:
    """Return a checksum over all rows of every table of the marts and the audit, or of other schemas."""
    tables = database.rows(
        "select table_schema || '.' || table_name from information_schema.tables"
        f" where table_schema = any(array{list(schemas or LAYERS)}) and table_type = 'BASE TABLE' order by 1"
    )
    return {
        table: database.rows(
            f"select count(*) || ' ' || coalesce(md5(string_agg(r, '' order by r)), '')"
            f" from (select md5(cast(t as text)) as r from {table} as t) as hashed"
        )[0][0]
        for (table,) in tables
    }


def broken_keys(database: Queryable) -> list[tuple[str, str]]:
    """Return the foreign keys that the ledger lists and the database does not hold as validated constraints."""
    return database.rows(
        "select child, child_column from dispatch_audit.foreign_key_ledger as declared where not exists ("
        " select 1 from pg_constraint where contype = 'f' and convalidated"
        " and conrelid = cast('dispatch_marts.' || child as regclass)"
        " and confrelid = cast('dispatch_marts.' || parent as regclass)"
        " and conname = child || '__' || child_column || '__fk')"
    )


def assert_nothing_is_lost(database: Queryable) -> None:
    """Every legacy row is in the ledger, no reference dangles, and no disposition lacks its reason."""
    ledger = database.rows(
        "select entity, legacy_table, source_rows, migrated_rows + excluded_rows + rejected_rows"
        " from dispatch_audit.migration_ledger"
    )
    marts = database.rows(
        "select relname from pg_class where relnamespace = 'dispatch_marts'::regnamespace and relkind = 'r'"
    )
    assert {entity for entity, *_ in ledger} == {name for (name,) in marts}
    counts = (f"select '{table}', count(*) from legacy.{table}" for table in {table for _, table, *_ in ledger})
    found = dict(database.rows(" union all ".join(counts)))
    for entity, table, source_rows, dispositions in ledger:
        assert source_rows == dispositions, (entity, source_rows, dispositions)
        if entity not in ("technicians", "shipments"):  # these concern only some rows of their table
            assert found[table] == source_rows, (entity, source_rows, found[table])
    ((keys,),) = database.rows("select count(*) from dispatch_audit.foreign_key_ledger")
    assert keys > 60
    orphans = "select * from dispatch_audit.foreign_key_ledger where orphan_rows > 0 or is_enforced is not true"
    assert not (found := database.rows(orphans)), found
    assert not (found := broken_keys(database)), found
    unexplained = "select * from dispatch_audit.migration_rejects where reason is null or disposition is null"
    assert not (found := database.rows(unexplained)), found


def failures(database: Database, data_tests: Mapping[str, DataTest]) -> dict[str, list[tuple[Any, ...]]]:
    """Run data tests as dbt compiled them; return what each test of error severity finds. A warning may find rows."""
    found = {}
    with closing(database.connect()) as opened, opened.cursor() as cursor:
        for name, test in data_tests.items():
            cursor.execute(test.query)
            if (rows := cursor.fetchall()) and test.is_error:
                found[name] = rows
    return found
