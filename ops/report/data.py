"""The content of the report, read in one snapshot of the database."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any, TypeVar

import psycopg2
from psycopg2 import sql

from ops.database.connection import Connection, reading_marts, rows
from ops.dbt.profiles import Schemas
from ops.dbt.run import run_results
from ops.errors import Failure
from ops.legacy import MARK
from ops.project import git_commit
from ops.release.records import published_build
from ops.source import contract, inventory

# Shorter than PostgreSQL's deadlock_timeout: when a build and the report wait for each other, the report fails.
LOCK_TIMEOUT = "500ms"
T = TypeVar("T")
AUDIT = (
    "foreign_key_ledger",
    "legacy_inventory",
    "legacy_numbers",
    "migration_ledger",
    "migration_rejects",
    "money_reconciliation",
    "relationships",
    "text_reconciliation",
)


@dataclass(frozen=True)
class Counts:
    """The dispositions of some legacy rows."""

    source: int
    migrated: int
    excluded: int
    rejected: int

    @property
    def left_out(self) -> int:
        """Rows that are not in their mart."""
        return self.excluded + self.rejected

    @property
    def adds_up(self) -> bool:
        """Whether every row has exactly one disposition."""
        return self.source == self.migrated + self.excluded + self.rejected

    @property
    def rate(self) -> Fraction | None:
        """Success: migrated / (migrated + rejected); None without such rows."""
        judged = self.migrated + self.rejected
        return Fraction(self.migrated, judged) if judged else None


def total(many: Iterable[Counts]) -> Counts:
    """Add up."""
    found = list(many)
    return Counts(*(sum(getattr(each, field.name) for each in found) for field in fields(Counts)))


@dataclass(frozen=True)
class Reason:
    """Why some rows of a system were left out, and what to do about it."""

    entity: str
    disposition: str
    reason: str
    rows: int
    examples: tuple[int, ...]  # legacy ids, the lowest few
    meaning: str | None  # None: the seed does not have the reason
    remedy: str | None
    schema: str  # of the audit

    @property
    def listing(self) -> str:
        """The command that lists the rows."""
        statement = (
            f"select legacy_id from {self.schema}.migration_rejects"
            f" where entity = {_literal(self.entity)} and reason = {_literal(self.reason)} order by 1"
        )
        quoted = "".join(f"\\{letter}" if letter in '\\"$`' else letter for letter in statement)
        return f'.venv/bin/python -m ops psql -c "{quoted}"'


@dataclass(frozen=True)
class System:
    """One mart and the dispositions of its legacy rows."""

    phase: str
    entity: str
    legacy_table: str
    counts: Counts
    mart_rows: int | None  # None: there is no such mart
    description: str | None  # of the mart in dbt: its grain, what it leaves out
    reasons: tuple[Reason, ...]


@dataclass(frozen=True)
class ForeignKey:
    """A reference from one mart to another."""

    child: str
    child_column: str
    parent: str
    checked_rows: int
    orphan_rows: int
    is_enforced: bool  # at the time of the build, and now


@dataclass(frozen=True)
class Money:
    """Amounts in the legacy tables compared with those in a mart."""

    entity: str
    kind: str | None
    period: str | None  # month of a row of the audit; None in totals and where it is unknown
    legacy_rows: int
    mart_rows: int
    left_out_rows: int
    legacy_amount: Decimal
    mart_amount: Decimal
    left_out_amount: Decimal
    unexplained: Decimal

    @property
    def mean(self) -> Decimal | None:
        """Mean amount of a row in the mart."""
        return self.mart_amount / self.mart_rows if self.mart_rows else None


def total_money(many: Iterable[Money], entity: str, kind: str | None = None) -> Money:
    """Add up; of unexplained differences the absolute values, so that two errors do not cancel out."""
    found = list(many)
    return Money(
        entity,
        kind,
        None,
        sum(each.legacy_rows for each in found),
        sum(each.mart_rows for each in found),
        sum(each.left_out_rows for each in found),
        sum((each.legacy_amount for each in found), Decimal(0)),
        sum((each.mart_amount for each in found), Decimal(0)),
        sum((each.left_out_amount for each in found), Decimal(0)),
        sum((abs(each.unexplained) for each in found), Decimal(0)),
    )


@dataclass(frozen=True)
class Text:
    """The texts of a legacy table compared with those in the mart and in the rows left out."""

    entity: str
    legacy_rows: int
    mart_rows: int
    left_out_rows: int
    legacy_characters: int
    mart_characters: int
    left_out_characters: int
    is_same: bool  # the checksums over all texts agree


@dataclass(frozen=True)
class Specialty:
    """Technicians of one specialty."""

    name: str
    technicians: int
    active: int


@dataclass(frozen=True)
class Team:
    """A team of the laboratory."""

    name: str
    type: str
    members: int
    notes: int  # production notes by its members


@dataclass(frozen=True)
class Shipments:
    """Shipments of one month by one carrier; the month is None where the ship date is unknown."""

    period: str | None
    carrier: str
    rows: int


@dataclass(frozen=True)
class Span:
    """The first and the last of some dates, and the number of rows without one."""

    first: date | None
    last: date | None
    unknown: int


@dataclass(frozen=True)
class LastRun:
    """The dbt build that made the marts, from its run_results.json."""

    ended_at: datetime
    invocation: str
    dbt_version: str
    tests_passed: int
    tests_warned: int
    failed: tuple[str, ...]  # tests and models


@dataclass(frozen=True)
class Origin:
    """The data and the build behind the report."""

    made_at: datetime
    server_version: str
    database: str
    legacy_schema: str | None
    synthetic_scale: str | None  # None: not the synthetic legacy database
    commit: str | None
    schemas: Schemas
    last_run: LastRun | None


@dataclass(frozen=True)
class Inventory:
    """The legacy database as a whole: whether it is as declared, and what of it is not migrated."""

    tables: int
    columns: int
    differences: tuple[str, ...]  # between the declared sources and the tables that the build read
    unknown: str  # a sentence; "" when everything is known
    left_out: tuple[inventory.LeftOut, ...]


@dataclass(frozen=True)
class Report:
    """Everything the templates show."""

    origin: Origin
    systems: tuple[System, ...]
    listed: dict[tuple[str, str], int]  # rows of migration_rejects by (entity, disposition)
    keys: tuple[ForeignKey, ...]
    reconciled: tuple[Money, ...]  # payments, operations and items, by kind and month
    amounts_now: dict[str, Decimal]  # sum over the mart itself
    texts: tuple[Text, ...]
    specialties: tuple[Specialty, ...]
    hired: Span
    teams: tuple[Team, ...]
    view_groups: tuple[tuple[str, int], ...]  # name, template links
    shipments: tuple[Shipments, ...]
    shipped: Span
    inventory: Inventory

    @property
    def counts(self) -> Counts:
        """All systems together."""
        return total(system.counts for system in self.systems)

    @property
    def phases(self) -> dict[str, list[System]]:
        """The systems by phase, in the order of the ledger."""
        found: dict[str, list[System]] = {}
        for system in self.systems:
            found.setdefault(system.phase, []).append(system)
        return found

    def phase(self, *names: str) -> list[System]:
        """The systems of some phases."""
        return [system for system in self.systems if system.phase in names]

    def total(self, *phases: str) -> Counts:
        """The systems of some phases together."""
        return total(system.counts for system in self.phase(*phases))

    def mean_rate(self, *phases: str) -> Fraction | None:
        """The mean of the success rates of the systems, all with the same weight."""
        rates = [system.counts.rate for system in self.phase(*phases) if system.counts.rate is not None]
        return Fraction(sum(rates), len(rates)) if rates else None

    def reasons(self, disposition: str) -> list[Reason]:
        """Why rows were left out, the most frequent first."""
        found = [each for system in self.systems for each in system.reasons if each.disposition == disposition]
        return sorted(found, key=lambda each: (-each.rows, each.entity, each.reason))

    def money(self, entity: str) -> list[Money]:
        """Sums by status or kind, over all months."""
        found: dict[str | None, list[Money]] = {}
        for each in self.reconciled:
            if each.entity == entity:
                found.setdefault(each.kind, []).append(each)
        return [
            total_money(each, entity, kind) for kind, each in sorted(found.items(), key=lambda item: item[0] or "~")
        ]

    def money_total(self, entity: str) -> Money:
        """The sum over everything of one mart."""
        return total_money((each for each in self.reconciled if each.entity == entity), entity)


def read(connection: Connection) -> Report:
    """Read everything in one read-only snapshot.

    Raises Failure when nothing has been built yet, the user may not read it, or a build runs at the same time.
    """
    connection.set_session(isolation_level="REPEATABLE READ", readonly=True, autocommit=False)
    try:
        with reading_marts("report"), connection, connection.cursor() as cursor:
            cursor.execute("select set_config('lock_timeout', %s, true)", (LOCK_TIMEOUT,))
            report = _read(connection)
            if _is_replaced(connection):
                raise Failure("The marts were replaced while the report was being made: run it again.")
            return report
    except psycopg2.errors.LockNotAvailable:
        raise Failure("A build is changing the marts: make the report when it has ended.") from None
    finally:
        if not connection.closed:
            connection.set_session(isolation_level="DEFAULT", readonly="DEFAULT", autocommit=True)


def _read(connection: Connection) -> Report:
    systems = _systems(connection)
    origin = _origin(connection, systems)
    return Report(
        origin=origin,
        systems=systems,
        listed={
            (entity, disposition): number
            for entity, disposition, number in rows(
                connection,
                f"select entity, disposition, count(*) from {connection.schemas.audit}.migration_rejects group by 1, 2",
            )
        },
        keys=_keys(connection),
        reconciled=_money(connection),
        amounts_now=_amounts_now(connection),
        texts=_texts(connection),
        specialties=_specialties(connection),
        hired=_span(connection, "technicians", "hired_at"),
        teams=_teams(connection),
        view_groups=tuple(
            rows(
                connection,
                # A group that is not in the seed may have any name.
                "select case when team_id is not null or group_name = 'Patient' then group_name else 'another group'"
                f' end collate "C", count(*) from {connection.schemas.marts}.template_view_groups'
                " group by 1 order by 2 desc, 1",
            )
        ),
        shipments=_shipments(connection),
        shipped=_span(connection, "shipments", "shipped_at"),
        inventory=_inventory(connection, origin.legacy_schema),
    )


def _all(connection: Connection, kind: type[T], statement: str) -> tuple[T, ...]:
    """Run a query, with the names of the schemas filled in, and return an object for each row."""
    return tuple(kind(*each) for each in rows(connection, statement.format(connection.schemas)))


def _systems(connection: Connection) -> tuple[System, ...]:
    reasons = _reasons(connection)
    found = rows(
        connection,
        f"""
        select
            phase, entity, legacy_table,
            source_rows, migrated_rows, excluded_rows, rejected_rows,
            to_regclass(format('{connection.schemas.marts}.%I', entity)) is not null,
            obj_description(to_regclass(format('{connection.schemas.marts}.%I', entity)), 'pg_class')
        from {connection.schemas.audit}.migration_ledger
        order by position
        """,
    )
    return tuple(
        System(
            phase,
            entity,
            legacy_table,
            Counts(*counts),
            _mart_rows(connection, entity) if exists else None,
            description,
            tuple(each for each in reasons if each.entity == entity),
        )
        for phase, entity, legacy_table, *counts, exists, description in found
    )


def _mart_rows(connection: Connection, entity: str) -> int:
    mart = sql.Identifier(connection.schemas.marts, entity)
    return rows(connection, sql.SQL("select count(*) from {}").format(mart))[0][0]


def _reasons(connection: Connection) -> tuple[Reason, ...]:
    found = rows(
        connection,
        f"""
        select
            left_out.*,
            reject_reasons.meaning,
            reject_reasons.remedy
        from (
            select
                entity, disposition, reason,
                count(*),
                array_remove((array_agg(legacy_id order by legacy_id))[:3], null)
            from {connection.schemas.audit}.migration_rejects
            group by entity, disposition, reason
        ) as left_out
        left join {connection.schemas.seeds}.reject_reasons
            on left_out.reason = reject_reasons.reason and left_out.disposition = reject_reasons.disposition
        order by left_out.disposition collate "C" desc, 4 desc, left_out.reason collate "C"
        """,
    )
    return tuple(
        Reason(entity, disposition, reason, number, tuple(examples), *text, connection.schemas.audit)
        for entity, disposition, reason, number, examples, *text in found
    )


def _keys(connection: Connection) -> tuple[ForeignKey, ...]:
    return _all(
        connection,
        ForeignKey,
        """
        select
            child, child_column, parent, checked_rows, orphan_rows,
            is_enforced and exists (
                select 1
                from pg_constraint
                inner join pg_attribute
                    on pg_attribute.attrelid = conrelid and pg_attribute.attnum = conkey[1]
                where
                    contype = 'f' and convalidated and cardinality(conkey) = 1
                    and conrelid = to_regclass(format('{0.marts}.%I', child))
                    and confrelid = to_regclass(format('{0.marts}.%I', parent))
                    and attname = child_column
            )
        from {0.audit}.foreign_key_ledger
        order by child collate "C", child_column collate "C"
        """,
    )


def _money(connection: Connection) -> tuple[Money, ...]:
    return _all(
        connection,
        Money,
        """
        select
            entity, kind, to_char(month, 'YYYY-MM'),
            legacy_rows, mart_rows, left_out_rows, legacy_amount, mart_amount, left_out_amount, unexplained_difference
        from {0.audit}.money_reconciliation
        order by entity collate "C" desc, month, kind collate "C"
        """,
    )


def _amounts_now(connection: Connection) -> dict[str, Decimal]:
    (payments, operations, items), *_ = rows(
        connection,
        f"""
        select
            (select coalesce(sum(amount), 0) from {connection.schemas.marts}.payments),
            (select coalesce(sum(amount), 0) from {connection.schemas.marts}.payment_operations),
            (select coalesce(sum(total_amount), 0) from {connection.schemas.marts}.payment_items)
        """,
    )
    return {"payments": payments, "payment_operations": operations, "payment_items": items}


def _texts(connection: Connection) -> tuple[Text, ...]:
    return _all(
        connection,
        Text,
        """
        select
            entity, legacy_rows, mart_rows, left_out_rows,
            cast(legacy_characters as bigint), cast(mart_characters as bigint), cast(left_out_characters as bigint),
            legacy_checksum is not distinct from kept_checksum
        from {0.audit}.text_reconciliation
        order by entity collate "C"
        """,
    )


def _specialties(connection: Connection) -> tuple[Specialty, ...]:
    return _all(
        connection,
        Specialty,
        """
        select specialty, count(*), count(*) filter (where is_active)
        from {0.marts}.technicians
        group by specialty
        order by 2 desc, 3 desc, specialty collate "C"
        """,
    )


def _teams(connection: Connection) -> tuple[Team, ...]:
    return _all(
        connection,
        Team,
        """
        select
            team_name,
            team_type,
            (select count(*) from {0.marts}.team_members where team_members.team_id = teams.team_id),
            (select count(*) from {0.marts}.team_communications where team_communications.team_id = teams.team_id)
        from {0.marts}.teams
        order by 3 desc, team_name collate "C"
        """,
    )


def _shipments(connection: Connection) -> tuple[Shipments, ...]:
    return _all(
        connection,
        Shipments,
        """
        select to_char(shipped_at at time zone 'utc', 'YYYY-MM'), carrier, count(*)
        from {0.marts}.shipments
        group by 1, 2
        order by 1, carrier collate "C"
        """,
    )


def _span(connection: Connection, mart: str, column: str) -> Span:
    found = rows(
        connection,
        f"select cast(min({column} at time zone 'utc') as date), cast(max({column} at time zone 'utc') as date),"
        f" count(*) - count({column}) from {connection.schemas.marts}.{mart}",
    )
    return Span(*found[0])


def _inventory(connection: Connection, legacy_schema: str | None) -> Inventory:
    ((tables, columns),) = rows(
        connection,
        "select count(*) filter (where column_name is null), count(column_name)"
        f" from {connection.schemas.audit}.legacy_inventory",
    )
    found = contract.examine(connection, legacy_schema) if legacy_schema else None
    return Inventory(
        tables,
        columns,
        # A reader of the report need not be able to read the legacy tables.
        tuple([*(f"{table}: no such table." for table in found.missing), *found.refused] if found else ()),
        inventory.sentence(inventory.unknown_to_the_build(connection)),
        inventory.left_out(connection),
    )


def _origin(connection: Connection, systems: tuple[System, ...]) -> Origin:
    (made_at, version, database), *_ = rows(
        connection, "select now() at time zone 'utc', current_setting('server_version'), current_database()"
    )
    # The schema that the build read: the staging views depend on its tables.
    legacy = rows(
        connection,
        """
        select schema.nspname, obj_description(schema.oid, 'pg_namespace')
        from pg_class as view
        inner join pg_rewrite on view.oid = pg_rewrite.ev_class
        inner join pg_depend
            on pg_rewrite.oid = pg_depend.objid
            and pg_depend.classid = cast('pg_rewrite' as regclass)
            and pg_depend.refclassid = cast('pg_class' as regclass)
        inner join pg_class as source on pg_depend.refobjid = source.oid
        inner join pg_namespace as schema on source.relnamespace = schema.oid
        where view.relnamespace = to_regnamespace(%s) and source.relnamespace <> view.relnamespace
        group by schema.oid, schema.nspname
        order by count(*) desc
        limit 1
        """,
        (connection.schemas.staging,),
    )
    schema, comment = legacy[0] if legacy else (None, None)
    return Origin(
        made_at=made_at,
        server_version=version,
        database=database,
        legacy_schema=schema,
        synthetic_scale=json.loads(comment.removeprefix(MARK))["scale"] if (comment or "").startswith(MARK) else None,
        commit=git_commit(10),
        schemas=connection.schemas,
        last_run=_last_run(
            connection.schemas,
            database,
            published_build(connection),
            {system.entity: system.mart_rows for system in systems},
        ),
    )


def _last_run(
    schemas: Schemas, database: str, published: str | None, mart_rows: dict[str, int | None]
) -> LastRun | None:
    """Return the last build, or None when dbt's artifact is not of a build of all these marts and of the audit."""
    if not (found := run_results()):
        return None
    results = {each["unique_id"]: each for each in found["results"]}
    # What was published had been built in the schemas of the candidate.
    is_published = found["metadata"]["invocation_id"] == published
    prefix = schemas.candidate if is_published else f"{schemas.prefix}_"
    tables = {(f"{prefix}marts", mart): number for mart, number in mart_rows.items()}
    tables |= {(f"{prefix}audit", name): None for name in AUDIT}
    # dbt compile and dbt docs generate write the same file, and dbt retry only with the nodes that it tried again.
    if found["args"]["which"] != "build" or not all(
        _made(results.get(f"model.dispatch.{name}"), f'"{database}"."{schema}"."{name}"', number)
        for (schema, name), number in tables.items()
    ):
        return None
    tests = [each["status"] for name, each in results.items() if name.startswith(("test.", "unit_test."))]
    return LastRun(
        ended_at=datetime.fromisoformat(found["metadata"]["generated_at"].rstrip("Z")),
        invocation=found["metadata"]["invocation_id"],
        dbt_version=found["metadata"]["dbt_version"],
        tests_passed=tests.count("pass"),
        tests_warned=tests.count("warn"),
        failed=tuple(
            sorted(name.split(".")[2] for name, each in results.items() if each["status"] in ("fail", "error"))
        ),
    )


def _made(result: dict[str, Any] | None, relation: str, number: int | None) -> bool:
    """Return whether a run wrote a table, with as many rows as it has now if both are known."""
    if result is None or result["status"] != "success" or result["relation_name"] != relation:
        return False
    response = result["adapter_response"]
    return response.get("code") != "INSERT" or number is None or response["rows_affected"] == number


def _is_replaced(connection: Connection) -> bool:
    """Return whether a table was replaced since the snapshot."""
    (number,), *_ = rows(
        connection,
        """
        select count(*)
        from pg_class
        inner join pg_namespace on pg_class.relnamespace = pg_namespace.oid
        where
            pg_namespace.nspname in (%s, %s, %s)
            and pg_class.relkind in ('r', 'v', 'm')
            and to_regclass(format('%%I.%%I', pg_namespace.nspname, pg_class.relname)) is distinct from pg_class.oid
        """,
        (connection.schemas.marts, connection.schemas.audit, connection.schemas.seeds),
    )
    return number > 0


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
