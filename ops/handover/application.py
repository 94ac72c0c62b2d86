"""The application's schema as SQL: the published tables, and what their contracts add for an application that writes.

Names, types, comments and constraints are read from the catalog of the published version. What only an application
needs is in the contracts, as `config: {meta: {application: {…}}}` beside the column:

default      SQL expression for inserts that leave the column out; `nextval('…')` also creates that sequence
numbered_by  the legacy id that the number was made from; the sequence starts after all that the legacy database gave
generated    SQL expression over columns of the same row; the column becomes a generated one
computed     query over other tables; the column is not in the table but in the view `<table>_computed`
values_of    seed and column, as seed.column: a check accepts the values of the seed and those already in the mart
on_delete    action of the foreign key, in place of restrict

`constraints`, in the meta of the mart itself, holds constraints that only the application needs, by name.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from ops.database.connection import Connection, rows
from ops.errors import Failure
from ops.source.declared import SCHEMA
from ops.source.sequences import last_number

READ_ONLY = ("migration_ledger", "migration_rejects")
IDS = "legacy_ids"
NUMBERS = "legacy_numbers"  # the audit table with the ids that the legacy database used
ROLE, ENGINEER, ANALYST = "dispatch_app", "dispatch_engineer", "dispatch_analyst"
# Columns with this prefix describe the legacy row; they are null in rows that the application inserts.
LEGACY = "legacy_"
LARGEST_NUMBER = 2**63 - 1  # of a sequence
KEYS = {"default", "numbered_by", "generated", "computed", "values_of", "on_delete", "constraints"}
RIGHTS = Path(__file__).with_name("rights.sql").read_text(encoding="utf-8")


class Step(NamedTuple):
    """Statements that are executed together; the duration is printed."""

    heading: str
    statements: list[str]


@dataclass(frozen=True)
class Column:
    """A column of a published table, and what its contract says about the application."""

    name: str
    type: str
    is_required: bool
    comment: str | None
    application: Mapping[str, Any]

    @property
    def is_computed(self) -> bool:
        """Whether it is a column of the view `<table>_computed` and not of the table."""
        return "computed" in self.application

    @property
    def sequence(self) -> str | None:
        """The sequence in its default."""
        found = re.search(r"nextval\('(\w+)'\)", str(self.application.get("default")))
        return found and found[1]


@dataclass(frozen=True)
class Constraint:
    """A constraint of a published table; a foreign key has a parent."""

    name: str
    kind: str  # p, u, c or f, as in pg_constraint
    columns: tuple[str, ...]
    definition: str
    parent: str | None
    parent_columns: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """A published table, as the application gets it."""

    name: str
    schema: str
    comment: str | None
    columns: tuple[Column, ...]
    constraints: tuple[Constraint, ...]
    extra_constraints: Mapping[str, str] = field(default_factory=dict)
    legacy_id: str | None = None  # the column that names the legacy row
    uuid: str = "gen_random_uuid"  # the function that makes a key

    @property
    def source(self) -> str:
        """The published table."""
        return f"{self.schema}.{self.name}"

    @property
    def is_written(self) -> bool:
        """Whether the application writes to it."""
        return self.name not in READ_ONLY

    @property
    def key(self) -> str:
        """The column of the primary key."""
        return next(each.columns[0] for each in self.constraints if each.kind == "p")

    @property
    def own(self) -> list[Column]:
        """The columns that the application's table has."""
        return [column for column in self.columns if not column.is_computed]

    @property
    def computed(self) -> list[Column]:
        """The columns that the view beside it has."""
        return [column for column in self.columns if column.is_computed]

    @property
    def view(self) -> str:
        """The view of the computed columns."""
        return f"{self.name}_computed"

    @property
    def kept(self) -> list[Constraint]:
        """The constraints that concern columns of the application's table only."""
        computed = {column.name for column in self.computed}
        return [each for each in self.constraints if computed.isdisjoint(each.columns)]

    def default(self, column: Column) -> str | None:
        """Return the default of a column."""
        if self.is_written and (column.name,) in [each.columns for each in self.constraints if each.kind == "p"]:
            return f"{self.uuid}()"
        default = column.application.get("default")
        return default if default is None or isinstance(default, str) else json.dumps(default)


def read(connection: Connection, manifest: Mapping[str, Any]) -> list[Table]:
    """Return the tables of the published version; raise Failure when the contracts are of another version."""
    schemas = connection.schemas
    contracts = {
        node["name"]: node
        for node in manifest["nodes"].values()
        if node["unique_id"].startswith("model.dispatch.") and node["path"].startswith("marts/")
    }
    published = rows(connection, "select tablename from pg_tables where schemaname = %s", (schemas.marts,))
    _check_same("table", schemas.marts, set(contracts), {name for (name,) in published})
    ids = dict(
        rows(
            connection,
            "select entity, %s || regexp_replace(legacy_table, '^(dispatch|auth)_', '') || '_id'"
            f" from {schemas.audit}.migration_ledger",
            (LEGACY,),
        )
    )
    (uuid,) = rows(
        connection, "select case when to_regprocedure('uuidv7()') is null then 'gen_random_uuid' else 'uuidv7' end"
    )[0]
    columns, constraints, comments = _columns(connection), _constraints(connection), _comments(connection)
    tables = []
    for schema, names in ((schemas.marts, sorted(contracts)), (schemas.audit, READ_ONLY)):
        for name in names:
            contract = contracts.get(name, {"name": name, "columns": {}, "config": {}})
            found = columns[schema, name]
            if name in contracts:
                _check_same("column", f"{schema}.{name}", set(contract["columns"]), {each[0] for each in found})
            declared = {column: _application(node) for column, node in contract["columns"].items()}
            table = Table(
                name=name,
                schema=schema,
                comment=comments.get((schema, name)),
                columns=tuple(Column(*each, declared.get(each[0], {})) for each in found),
                constraints=tuple(constraints.get((schema, name), ())),
                extra_constraints=_application(contract).get("constraints", {}),
                legacy_id=ids.get(name),
                uuid=uuid,
            )
            tables.append(table)
    return tables


def steps(connection: Connection, tables: list[Table], schema: str, comment: str) -> list[Step]:
    """Return the statements in order; names without a schema are the application's, by the search path."""
    written = [table for table in tables if table.is_written]
    return [
        Step(
            "Schema and role",
            [
                *_missing_role(connection),
                f"create schema {schema}",
                f"comment on schema {schema} is {_text(comment)}",
                f"set local search_path to {schema}",
            ],
        ),
        Step("Sequences", list(_sequences(connection, written))),
        Step("Tables", [each for table in tables for each in _create(connection, table)]),
        Step("Rows", [_insert(table) for table in tables]),
        Step("Keys", [each for table in tables for each in _keys(table)]),
        Step("Indexes on foreign keys", [each for table in written for each in _indexes(table)]),
        Step("Foreign keys", [each for table in written for each in _foreign_keys(table)]),
        Step("Legacy ids", _legacy_ids(written)),
        Step("Computed columns", [each for table in written for each in _view(table)]),
        Step("Statistics", [f"analyze {name}" for name in [*(table.name for table in tables), IDS]]),
        Step("Rights", _grants(schema, written)),
    ]


def fingerprints(table: Table, schema: str, received: str | None = None) -> tuple[str, str]:
    """Return two queries that count and checksum rows in any order: of the published table and the application's.

    With the relation of what the application received since, computed columns do not count: they follow from others.
    """
    joined = f"{schema}.{table.name} as t"
    if table.computed and not received:
        joined += f" inner join {schema}.{table.view} as v on v.{table.key} = t.{table.key}"
    columns = table.own if received else table.columns
    ours = ", ".join(f"{'v' if column.is_computed else 't'}.{column.name}" for column in columns)
    theirs = ", ".join(f"t.{column.name}" for column in columns)
    query = "select count(*), sum(hashtextextended(cast(row({}) as text), 0)) from {}"
    return query.format(theirs, f"{received or table.source} as t"), query.format(ours, joined)


def trial(table: Table) -> list[str]:
    """Return statements, to be rolled back, that insert a row of defaults; they drop what concerns other columns.

    A default of the wrong type, one that a check refuses, or a number that is taken, ends in an error.
    """
    filled = {column.name for column in table.own if table.default(column) or "generated" in column.application}
    cleared = [f"alter column {column.name} drop not null" for column in table.own if column.name not in filled]
    checks = [each.name for each in table.kept if each.kind == "c" and filled.isdisjoint(each.columns)]
    statements = [f"alter table {table.name} {', '.join([*cleared, *(f'drop constraint {name}' for name in checks)])}"]
    return [*(statements if cleared or checks else []), f"insert into {table.name} default values"]


def _application(node: Mapping[str, Any]) -> Mapping[str, Any]:
    found = node["config"].get("meta", {}).get("application", {})
    if unknown := sorted(set(found) - KEYS):
        raise Failure(f"meta of {node['name']} has an unknown key for the application: {unknown[0]}.")
    return found


def _check_same(what: str, where: str, declared: set[str], found: set[str]) -> None:
    if differing := sorted(declared ^ found):
        raise Failure(
            f"The published version is not of this commit: {what} {differing[0]} of {where} is"
            f" {'missing' if differing[0] in declared else 'not in the contracts'}. Use the commit that was released,"
            " or run make release first."
        )


def _columns(connection: Connection) -> dict[tuple[str, str], list[tuple[Any, ...]]]:
    found: dict[tuple[str, str], list[tuple[Any, ...]]] = {}
    for schema, table, *column in rows(
        connection,
        "select nspname, relname, attname, format_type(atttypid, atttypmod), attnotnull,"
        " col_description(pg_class.oid, attnum)"
        " from pg_attribute"
        " inner join pg_class on attrelid = pg_class.oid"
        " inner join pg_namespace on relnamespace = pg_namespace.oid"
        " where nspname in (%s, %s) and relkind = 'r' and attnum > 0 and not attisdropped"
        " order by nspname, relname, attnum",
        (connection.schemas.marts, connection.schemas.audit),
    ):
        found.setdefault((schema, table), []).append(tuple(column))
    return found


def _constraints(connection: Connection) -> dict[tuple[str, str], list[Constraint]]:
    names = (
        "array(select attname from unnest({keys}) with ordinality as keys (number, place)"
        " inner join pg_attribute on attrelid = {table} and attnum = number order by place)"
    )
    found: dict[tuple[str, str], list[Constraint]] = {}
    for schema, table, name, kind, columns, definition, parent, parent_columns in rows(
        connection,
        "select nspname, child.relname, conname, contype,"
        f" {names.format(keys='conkey', table='conrelid')}, pg_get_constraintdef(pg_constraint.oid),"
        f" parent.relname, {names.format(keys='confkey', table='confrelid')}"
        " from pg_constraint"
        " inner join pg_class as child on conrelid = child.oid"
        " inner join pg_namespace on child.relnamespace = pg_namespace.oid"
        " left join pg_class as parent on confrelid = parent.oid"
        " where nspname in (%s, %s) and contype in ('p', 'u', 'c', 'f')"
        " order by nspname, child.relname, position(contype in 'pucf'), conname",
        (connection.schemas.marts, connection.schemas.audit),
    ):
        each = Constraint(name, kind, tuple(columns), definition, parent, tuple(parent_columns))
        found.setdefault((schema, table), []).append(each)
    return found


def _comments(connection: Connection) -> dict[tuple[str, str], str]:
    return {
        (schema, table): comment
        for schema, table, comment in rows(
            connection,
            "select nspname, relname, obj_description(pg_class.oid, 'pg_class') from pg_class"
            " inner join pg_namespace on relnamespace = pg_namespace.oid where nspname in (%s, %s) and relkind = 'r'",
            (connection.schemas.marts, connection.schemas.audit),
        )
    }


def _missing_role(connection: Connection) -> list[str]:
    """Return the statement that creates the application's role, which stays when the hand-over is undone."""
    if rows(connection, "select 1 from pg_roles where rolname = %s", (ROLE,)):
        _check_role(connection)
        return []
    if not rows(connection, "select rolsuper or rolcreaterole from pg_roles where rolname = current_user")[0][0]:
        raise Failure(f"This user may not create roles: ask the administrator for create role {ROLE} nologin.")
    return [f"create role {ROLE} nologin"]


def _check_role(connection: Connection) -> None:
    """Raise Failure when the role exists with rights that the hand-over would not give it."""
    found = rows(connection, RIGHTS, {"role": ROLE, "prefix": f"{connection.schemas.prefix}_", "landing": SCHEMA})
    if found:
        raise Failure(
            f"Role {ROLE} exists with more rights than the application may have. Take them away:\n"
            + "\n".join(f"{statement};" for (statement,) in found)
        )


def _sequences(connection: Connection, tables: list[Table]) -> Iterator[str]:
    audit = connection.schemas.audit
    found = rows(connection, "select to_regclass(%s)", (f"{audit}.{NUMBERS}",))[0][0]
    _check_same("table", audit, {NUMBERS}, {NUMBERS} if found else set())
    for table in tables:
        for column in table.own:
            if column.sequence:
                made_from = column.application.get("numbered_by")
                first = _first_number(connection, table.name, made_from) if made_from else 1
                yield f"create sequence {column.sequence} start {first}"


def _first_number(connection: Connection, name: str, made_from: str) -> int:
    """Return the number after the last one that the legacy database gave."""
    ((table, row, reference),) = rows(
        connection,
        "select max(legacy_table) filter (where legacy_column = 'id'),"
        f" greatest(0, max(largest_id) filter (where legacy_column = 'id'), (select max({made_from})"
        f" from {connection.schemas.marts}.{name})), greatest(0, max(largest_id))"
        f" from {connection.schemas.audit}.{NUMBERS} where legacy_id = %s",
        (made_from,),
    )
    # Only the sequence knows all numbers that were given, unless it was not set after a restore or a bulk load.
    sequence = last_number(connection, table)
    last = sequence if sequence and sequence >= row else max(row, reference)
    if last >= LARGEST_NUMBER:
        raise Failure(
            f"{name} cannot be numbered: the legacy sequence of {table}.id has reached {last}, and no number comes"
            " after it. Set the sequence to the largest id that was given, and land it again."
        )
    return last + 1


def _create(connection: Connection, table: Table) -> Iterator[str]:
    """Create the table with the constraints on single rows; keys follow, because they are checked faster in bulk."""
    lines = []
    for column in table.own:
        parts = [column.name, column.type]
        if "generated" in column.application:
            parts.append(f"generated always as ({column.application['generated']}) stored")
        elif default := table.default(column):
            parts.append(f"default {default}")
        if column.is_required and not (table.is_written and column.name.startswith(LEGACY)):
            parts.append("not null")
        lines.append(" ".join(parts))
    lines += [f"constraint {each.name} {each.definition}" for each in table.kept if each.kind == "c"]
    lines += [_enumeration(connection, table, each) for each in table.own if "values_of" in each.application]
    body = ",\n    ".join(lines)
    yield f"create table {table.name} (\n    {body}\n)"
    if table.comment:
        yield f"comment on table {table.name} is {_text(table.comment)}"
    for column in table.own:
        if column.comment:
            yield f"comment on column {table.name}.{column.name} is {_text(column.comment)}"
        if column.sequence:
            yield f"alter sequence {column.sequence} owned by {table.name}.{column.name}"


def _enumeration(connection: Connection, table: Table, column: Column) -> str:
    """Return the check that a column has a value of its seed, or one that the mart has already."""
    seed, _, seed_column = column.application["values_of"].partition(".")
    values = rows(
        connection,
        f'select {seed_column} collate "C" from {connection.schemas.seeds}.{seed}'
        f" union select {column.name} from {table.source} where {column.name} is not null order by 1",
    )
    listed = ", ".join(_text(value) for (value,) in values)
    return f"constraint {column.name}_is_known check ({column.name} in ({listed}))"


def _insert(table: Table) -> str:
    columns = ", ".join(column.name for column in table.own if "generated" not in column.application)
    return f"insert into {table.name} ({columns}) select {columns} from {table.source}"


def _keys(table: Table) -> Iterator[str]:
    keys = [f"add constraint {each.name} {each.definition}" for each in table.kept if each.kind in "pu"]
    keys += [
        f"add constraint {name} {text}" for name, text in table.extra_constraints.items() if text.startswith("unique")
    ]
    if keys:
        yield f"alter table {table.name} {', '.join(keys)}"


def _indexes(table: Table) -> Iterator[str]:
    """Index every foreign key whose column is not the first one of another index."""
    begun = {each.columns[0] for each in table.kept if each.kind in "pu"}
    for key in table.kept:
        if key.kind == "f" and key.columns[0] not in begun:
            begun.add(key.columns[0])
            yield f"create index {table.name}__{key.columns[0]}__idx on {table.name} ({key.columns[0]})"


def _foreign_keys(table: Table) -> Iterator[str]:
    actions = {column.name: column.application.get("on_delete", "restrict") for column in table.own}
    keys = [
        f"add constraint {each.name} foreign key ({', '.join(each.columns)})"
        f" references {each.parent} ({', '.join(each.parent_columns)}) on delete {actions[each.columns[0]]}"
        for each in table.kept
        if each.kind == "f"
    ]
    keys += [
        f"add constraint {name} {text}"
        for name, text in table.extra_constraints.items()
        if not text.startswith("unique")
    ]
    if keys:
        yield f"alter table {table.name} {', '.join(keys)}"


def _legacy_ids(tables: list[Table]) -> list[str]:
    """Record the new key of every migrated legacy row, even if the application deletes the row later."""
    parts = [f"select '{table.name}', {table.legacy_id}, {table.key} from {table.name}" for table in tables]
    return [
        f"create table {IDS} (entity text not null, legacy_id bigint not null, new_key uuid not null)",
        f"comment on table {IDS} is 'The key of every legacy row at the hand-over. One row per row of a mart."
        " Rows that are not here are in migration_rejects.'",
        f"comment on column {IDS}.entity is 'Name of the table.'",
        f"comment on column {IDS}.legacy_id is"
        " 'Id of the legacy row, in the legacy table that migration_ledger names for the entity.'",
        f"comment on column {IDS}.new_key is 'Primary key of the row in the table.'",
        f"insert into {IDS} {' union all '.join(parts)}",
        f"alter table {IDS} add constraint {IDS}_pkey primary key (entity, legacy_id)",
    ]


def _view(table: Table) -> Iterator[str]:
    if table.computed:
        columns = ", ".join(
            f"cast(({each.application['computed']}) as {each.type}) as {each.name}" for each in table.computed
        )
        yield f"create view {table.view} as select {table.key}, {columns} from {table.name}"
        yield (
            f"comment on view {table.view} is 'Columns of {table.name} that are computed from other tables."
            f" One row per row of {table.name}.'"
        )
        for each in table.computed:
            yield f"comment on column {table.view}.{each.name} is {_text(each.comment or '')}"


def _grants(schema: str, written: list[Table]) -> list[str]:
    return [
        f"revoke all on schema {schema} from public",
        f"grant usage on schema {schema} to {ROLE}, {ENGINEER}",
        f"grant select on all tables in schema {schema} to {ROLE}, {ENGINEER}",
        f"grant insert, update, delete on {', '.join(table.name for table in written)} to {ROLE}",
        f"grant usage on all sequences in schema {schema} to {ROLE}",
        # For tables that the application's migrations add, run by the owner of the schema.
        f"alter default privileges in schema {schema} grant select on tables to {ENGINEER}",
        f"alter default privileges in schema {schema} grant select, insert, update, delete on tables to {ROLE}",
        f"alter default privileges in schema {schema} grant usage on sequences to {ROLE}",
    ]


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
