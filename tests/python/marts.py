"""What several tests ask of a built warehouse."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from ops.release import records
from tests.replay import DataTest

if TYPE_CHECKING:
    from conftest import Database
    from inprocess import Project
    from psycopg2.extensions import cursor as Cursor

LAYERS = ("dispatch_marts", "dispatch_audit")
EVERY_LAYER = ("staging", "intermediate", "marts", "audit", "seeds", "snapshots")

# What differs between two builds of the same rows: when a version was recorded, and its key, a hash of that time.
TIMES = "('dbt_scd_id', 'dbt_updated_at', 'dbt_valid_from', 'dbt_valid_to')"

# What a build leaves in the catalog; no test relies on comments.
CATALOG = {
    "relation": "select format('%s.%s %s %s %s', nspname, relname, relkind, relpersistence, relowner::regrole)"
    " from pg_class inner join pg_namespace on pg_namespace.oid = relnamespace where nspname = any({schemas})",
    "column": "select format('%s.%s %s %s %s %s', nspname, relname, attnum, attname,"
    " format_type(atttypid, atttypmod), attnotnull) from pg_attribute inner join pg_class on pg_class.oid = attrelid"
    " inner join pg_namespace on pg_namespace.oid = relnamespace"
    " where nspname = any({schemas}) and attnum > 0 and relkind <> 'i'",
    "constraint": "select format('%s %s %s %s', conrelid::regclass, conname, pg_get_constraintdef(pg_constraint.oid),"
    " convalidated) from pg_constraint inner join pg_namespace on pg_namespace.oid = connamespace"
    " where nspname = any({schemas})",
    "index": "select indexdef from pg_indexes where schemaname = any({schemas})",
    "view": "select format('%s %s', viewname, definition) from pg_views where schemaname = any({schemas})",
    "grant": "select format('%s.%s %s', nspname, relname, relacl) from pg_class inner join pg_namespace"
    " on pg_namespace.oid = relnamespace where nspname = any({schemas}) and relacl is not null",
    "grant on schema": "select format('%s %s', nspname, nspacl) from pg_namespace"
    " where nspname = any({schemas}) and nspacl is not null",
}


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


def left(database: Queryable, prefix: str = "dispatch") -> set[str]:
    """Return what a build has left: a checksum of the rows of every table, and a line for every object."""
    schemas = f"array{[f'{prefix}_{layer}' for layer in EVERY_LAYER]}"
    queries = ((kind, query.format(schemas=schemas)) for kind, query in CATALOG.items())
    lines = {f"{kind}: {line}" for kind, query in queries for (line,) in database.rows(query)}
    for schema, table, columns in database.rows(
        "select table_schema, table_name, string_agg(quote_ident(column_name), ', ' order by ordinal_position)"
        " from information_schema.columns inner join information_schema.tables using (table_schema, table_name)"
        f" where table_schema = any({schemas}) and table_type = 'BASE TABLE' and column_name not in {TIMES}"
        " group by 1, 2"
    ):
        ((rows,),) = database.rows(
            "select count(*) || ' ' || coalesce(md5(string_agg(r, '' order by r)), '')"
            f" from (select md5(cast(({columns}) as text)) as r from {schema}.{table}) as hashed"
        )
        lines.add(f"rows of {schema}.{table}: {rows}")
    return {re.sub(rf"\b{prefix}_(?={'|'.join(EVERY_LAYER)})", "", line) for line in lines}


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


@contextmanager
def analytics(database: Database, project: Project) -> Iterator[Cursor]:
    """Create the views that publish creates; inside the block the cursor is that of an analyst."""
    (compiled,) = project.dbt("compile", "--inline", "{{ tojson(release_project()) }}")
    with closing(database.connect()) as opened:
        records.prepare(opened)
        layers = ("marts", "audit")
        with opened.cursor() as cursor:  # the functions make views of a candidate
            cursor.execute(
                ";".join(f"alter schema dispatch_{layer} rename to dispatch_next_{layer}" for layer in layers)
            )
            records.call(opened, "create_views", compiled.node.compiled_code, None)
            cursor.execute(
                ";".join(f"alter schema dispatch_next_{layer} rename to dispatch_{layer}" for layer in layers)
            )
    database.execute(
        "alter schema analytics_next rename to analytics;"
        "do $$ begin create role dispatch_analyst; exception when duplicate_object then end $$;"
        "grant usage on schema analytics to dispatch_analyst;"
        "grant select on all tables in schema analytics to dispatch_analyst"
    )
    with closing(database.connect()) as opened, opened.cursor() as cursor:
        cursor.execute("set role dispatch_analyst")
        yield cursor
    database.execute("drop schema analytics cascade; drop owned by dispatch_analyst; drop role dispatch_analyst")
