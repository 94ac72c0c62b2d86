"""What the report says, read from the published schemas in one snapshot of the database."""

import json
import os
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection as Connection

from ops.database.connection import reading_marts, rows
from ops.errors import Failure
from ops.legacy import MARK
from ops.project import ROOT

# Shorter than PostgreSQL's deadlock_timeout: where a build and the report wait for each other, the report gives way.
LOCK_TIMEOUT = "500ms"
AUDIT = (
    "foreign_key_ledger",
    "migration_ledger",
    "migration_rejects",
    "payment_detail_reconciliation",
    "payment_reconciliation",
    "text_reconciliation",
)


@dataclass(frozen=True)
class Counts:
    """What became of some legacy rows."""

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
        """Success: migrated / (migrated + rejected); None where there are none of either."""
        judged = self.migrated + self.rejected
        return Fraction(self.migrated, judged) if judged else None


def total(many: Iterable[Counts]) -> Counts:
    """Add up."""
    found = list(many)
    return Counts(
        sum(each.source for each in found),
        sum(each.migrated for each in found),
        sum(each.excluded for each in found),
        sum(each.rejected for each in found),
    )


@dataclass(frozen=True)
class Reason:
    """Why some rows of a system were left out, and what a person does about it."""

    entity: str
    disposition: str
    reason: str
    rows: int
    examples: tuple[int, ...]  # legacy ids, the lowest few
    meaning: str | None  # None: the seed does not know the reason
    remedy: str | None

    @property
    def listing(self) -> str:
        """The command that lists the rows."""
        statement = (
            "select legacy_id from dispatch_audit.migration_rejects"
            f" where entity = {_literal(self.entity)} and reason = {_literal(self.reason)} order by 1"
        )
        quoted = "".join(f"\\{letter}" if letter in '\\"$`' else letter for letter in statement)
        return f'.venv/bin/python -m ops psql -c "{quoted}"'


@dataclass(frozen=True)
class System:
    """One mart and the disposition of the legacy rows it was made from."""

    phase: str
    entity: str
    legacy_table: str
    counts: Counts
    mart_rows: int | None  # None: there is no such mart
    description: str | None  # what dbt says of the mart: its grain, what it leaves out
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
    """Amounts in the legacy tables against those in a mart."""

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
    """Add up; the unexplained differences by their size, so that two errors do not cancel out."""
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
    """The texts of a legacy table against that in the mart and the rows left out."""

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
    """The first and the last of some dates, and how many rows have none."""

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
    """What the report was made from."""

    made_at: datetime
    server_version: str
    database: str
    legacy_schema: str | None
    synthetic_scale: str | None  # None: not the synthetic legacy database
    commit: str | None
    last_run: LastRun | None


@dataclass(frozen=True)
class Report:
    """Everything the templates show."""

    origin: Origin
    systems: tuple[System, ...]
    listed: dict[tuple[str, str], int]  # rows of migration_rejects by (entity, disposition)
    keys: tuple[ForeignKey, ...]
    payments: tuple[Money, ...]  # by status and month
    details: tuple[Money, ...]  # operations and items, by kind and month
    amounts_now: dict[str, Decimal]  # sum over the mart itself
    texts: tuple[Text, ...]
    specialties: tuple[Specialty, ...]
    hired: Span
    teams: tuple[Team, ...]
    view_groups: tuple[tuple[str, int], ...]  # name, template links
    shipments: tuple[Shipments, ...]
    shipped: Span

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
        """The mean of the success rates of the systems, each counting alike."""
        rates = [system.counts.rate for system in self.phase(*phases) if system.counts.rate is not None]
        return Fraction(sum(rates), len(rates)) if rates else None

    def reasons(self, disposition: str) -> list[Reason]:
        """Why rows were left out, the most frequent first."""
        found = [each for system in self.systems for each in system.reasons if each.disposition == disposition]
        return sorted(found, key=lambda each: (-each.rows, each.entity, each.reason))

    def money(self, entity: str) -> list[Money]:
        """Sums by status or kind, over all months."""
        found: dict[str | None, list[Money]] = {}
        for each in (*self.payments, *self.details):
            if each.entity == entity:
                found.setdefault(each.kind, []).append(each)
        return [
            total_money(each, entity, kind) for kind, each in sorted(found.items(), key=lambda item: item[0] or "~")
        ]

    def money_total(self, entity: str) -> Money:
        """The sum over everything of one mart."""
        return total_money((each for each in (*self.payments, *self.details) if each.entity == entity), entity)


def read(connection: Connection) -> Report:
    """Read everything in one read-only snapshot.

    Raises Failure when nothing has been built yet, the user may not read it, or a build gets in the way.
    """
    connection.set_session(isolation_level="REPEATABLE READ", readonly=True, autocommit=False)
    try:
        with reading_marts("report"), connection, connection.cursor() as cursor:
            cursor.execute("select set_config('lock_timeout', %s, true)", (LOCK_TIMEOUT,))
            report = _read(connection)
            if _is_replaced(connection):
                raise Failure("The marts were built anew while the report was being made: run it again.")
            return report
    except psycopg2.errors.LockNotAvailable:
        raise Failure("A build is at work on the marts: make the report when it has ended.") from None
    finally:
        if not connection.closed:
            connection.set_session(isolation_level="DEFAULT", readonly="DEFAULT", autocommit=True)


def _read(connection: Connection) -> Report:
    systems = _systems(connection)
    return Report(
        origin=_origin(connection, systems),
        systems=systems,
        listed={
            (entity, disposition): number
            for entity, disposition, number in rows(
                connection,
                "select entity, disposition, count(*) from dispatch_audit.migration_rejects group by 1, 2",
            )
        },
        keys=_keys(connection),
        payments=_payments(connection),
        details=_details(connection),
        amounts_now=_amounts_now(connection),
        texts=_texts(connection),
        specialties=_specialties(connection),
        hired=_span(connection, "technicians", "hired_at"),
        teams=_teams(connection),
        view_groups=tuple(
            rows(
                connection,
                # A group that no seed knows may be called anything.
                "select case when team_id is not null or group_name = 'Patient' then group_name else 'another group'"
                " end, count(*) from dispatch_marts.template_view_groups group by 1 order by 2 desc, 1",
            )
        ),
        shipments=_shipments(connection),
        shipped=_span(connection, "shipments", "shipped_at"),
    )


def _systems(connection: Connection) -> tuple[System, ...]:
    reasons = _reasons(connection)
    found = rows(
        connection,
        """
        select
            phase, entity, legacy_table,
            source_rows, migrated_rows, excluded_rows, rejected_rows,
            to_regclass(format('dispatch_marts.%I', entity)) is not null,
            obj_description(to_regclass(format('dispatch_marts.%I', entity)), 'pg_class')
        from dispatch_audit.migration_ledger
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
    statement = sql.SQL("select count(*) from dispatch_marts.{}").format(sql.Identifier(entity))
    return rows(connection, statement)[0][0]


def _reasons(connection: Connection) -> tuple[Reason, ...]:
    found = rows(
        connection,
        """
        select
            left_out.*,
            reject_reasons.meaning,
            reject_reasons.remedy
        from (
            select
                entity, disposition, reason,
                count(*),
                array_remove((array_agg(legacy_id order by legacy_id))[:3], null)
            from dispatch_audit.migration_rejects
            group by entity, disposition, reason
        ) as left_out
        left join dispatch_seeds.reject_reasons
            on left_out.reason = reject_reasons.reason and left_out.disposition = reject_reasons.disposition
        order by 2 desc, 4 desc, 3
        """,
    )
    return tuple(
        Reason(entity, disposition, reason, number, tuple(examples), *text)
        for entity, disposition, reason, number, examples, *text in found
    )


def _keys(connection: Connection) -> tuple[ForeignKey, ...]:
    found = rows(
        connection,
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
                    and conrelid = to_regclass(format('dispatch_marts.%I', child))
                    and confrelid = to_regclass(format('dispatch_marts.%I', parent))
                    and attname = child_column
            )
        from dispatch_audit.foreign_key_ledger
        order by 1, 2
        """,
    )
    return tuple(ForeignKey(*each) for each in found)


def _payments(connection: Connection) -> tuple[Money, ...]:
    found = rows(
        connection,
        """
        select
            'payments', status, to_char(month, 'YYYY-MM'),
            legacy_rows, mart_rows, left_out_rows, legacy_amount, mart_amount, left_out_amount, unexplained_difference
        from dispatch_audit.payment_reconciliation
        order by month, status
        """,
    )
    return tuple(Money(*each) for each in found)


def _details(connection: Connection) -> tuple[Money, ...]:
    found = rows(
        connection,
        """
        select
            entity, kind, to_char(month, 'YYYY-MM'),
            legacy_rows, mart_rows, left_out_rows, legacy_amount, mart_amount, left_out_amount, unexplained_difference
        from dispatch_audit.payment_detail_reconciliation
        order by entity, month, kind
        """,
    )
    return tuple(Money(*each) for each in found)


def _amounts_now(connection: Connection) -> dict[str, Decimal]:
    (payments, operations, items), *_ = rows(
        connection,
        """
        select
            (select coalesce(sum(amount), 0) from dispatch_marts.payments),
            (select coalesce(sum(amount), 0) from dispatch_marts.payment_operations),
            (select coalesce(sum(total_amount), 0) from dispatch_marts.payment_items)
        """,
    )
    return {"payments": payments, "payment_operations": operations, "payment_items": items}


def _texts(connection: Connection) -> tuple[Text, ...]:
    found = rows(
        connection,
        """
        select
            entity, legacy_rows, mart_rows, left_out_rows,
            cast(legacy_characters as bigint), cast(mart_characters as bigint), cast(left_out_characters as bigint),
            legacy_checksum is not distinct from kept_checksum
        from dispatch_audit.text_reconciliation
        order by 1
        """,
    )
    return tuple(Text(*each) for each in found)


def _specialties(connection: Connection) -> tuple[Specialty, ...]:
    found = rows(
        connection,
        """
        select specialty, count(*), count(*) filter (where is_active)
        from dispatch_marts.technicians
        group by specialty
        order by 2 desc, 3 desc, 1
        """,
    )
    return tuple(Specialty(*each) for each in found)


def _teams(connection: Connection) -> tuple[Team, ...]:
    found = rows(
        connection,
        """
        select
            team_name,
            team_type,
            (select count(*) from dispatch_marts.team_members where team_members.team_id = teams.team_id),
            (select count(*) from dispatch_marts.team_communications where team_communications.team_id = teams.team_id)
        from dispatch_marts.teams
        order by 3 desc, 1
        """,
    )
    return tuple(Team(*each) for each in found)


def _shipments(connection: Connection) -> tuple[Shipments, ...]:
    found = rows(
        connection,
        """
        select to_char(shipped_at at time zone 'utc', 'YYYY-MM'), carrier, count(*)
        from dispatch_marts.shipments
        group by 1, 2
        order by 1, 2
        """,
    )
    return tuple(Shipments(*each) for each in found)


def _span(connection: Connection, mart: str, column: str) -> Span:
    statement = sql.SQL(
        "select cast(min({0} at time zone 'utc') as date), cast(max({0} at time zone 'utc') as date),"
        " count(*) - count({0}) from dispatch_marts.{1}"
    ).format(sql.Identifier(column), sql.Identifier(mart))
    return Span(*rows(connection, statement)[0])


def _origin(connection: Connection, systems: tuple[System, ...]) -> Origin:
    (made_at, version, database), *_ = rows(
        connection, "select now() at time zone 'utc', current_setting('server_version'), current_database()"
    )
    # The variable legacy_schema is known to dbt alone, but the staging views depend on the tables in it.
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
        where view.relnamespace = to_regnamespace('dispatch_staging') and source.relnamespace <> view.relnamespace
        group by schema.oid, schema.nspname
        order by count(*) desc
        limit 1
        """,
    )
    schema, comment = legacy[0] if legacy else (None, None)
    return Origin(
        made_at=made_at,
        server_version=version,
        database=database,
        legacy_schema=schema,
        synthetic_scale=json.loads(comment.removeprefix(MARK))["scale"] if (comment or "").startswith(MARK) else None,
        commit=_commit(),
        last_run=_last_run(
            database, _published_build(connection), {system.entity: system.mart_rows for system in systems}
        ),
    )


def _commit() -> str | None:
    """Return the commit of the project, or None where there is no git or no checkout."""
    try:
        done = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=10"],
            cwd=ROOT,
            capture_output=True,
            encoding="utf-8",
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None


def _published_build(connection: Connection) -> str | None:
    """Return the id of the build that was published last; None where versions are not published."""
    if rows(connection, "select to_regclass('dispatch_release.publications')")[0][0] is None:
        return None
    published = "select live_build_id from dispatch_release.publications order by publication_id desc limit 1"
    return next((build for (build,) in rows(connection, published)), None)


def _last_run(database: str, published: str | None, mart_rows: dict[str, int | None]) -> LastRun | None:
    """Return the last build, or None when what dbt wrote down is not a build of all these marts and of the audit."""
    path = Path(os.environ.get("DBT_TARGET_PATH") or ROOT / "target") / "run_results.json"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    results = {each["unique_id"]: each for each in found["results"]}
    # What was published had been built in the schemas of the candidate.
    schema = "dispatch_next_" if found["metadata"]["invocation_id"] == published else "dispatch_"
    tables = {(f"{schema}marts", mart): number for mart, number in mart_rows.items()}
    tables |= {(f"{schema}audit", name): None for name in AUDIT}
    # dbt compile and dbt docs generate write the same file. So does dbt retry, with what it tried again and no more.
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
    """Tell whether a run wrote a table, and as many rows as it now has where both are known."""
    if result is None or result["status"] != "success" or result["relation_name"] != relation:
        return False
    response = result["adapter_response"]
    return response.get("code") != "INSERT" or number is None or response["rows_affected"] == number


def _is_replaced(connection: Connection) -> bool:
    """Tell whether a name now means another table than at the time of the snapshot."""
    (number,), *_ = rows(
        connection,
        """
        select count(*)
        from pg_class
        inner join pg_namespace on pg_class.relnamespace = pg_namespace.oid
        where
            pg_namespace.nspname in ('dispatch_marts', 'dispatch_audit', 'dispatch_seeds')
            and pg_class.relkind in ('r', 'v', 'm')
            and to_regclass(format('%I.%I', pg_namespace.nspname, pg_class.relname)) is distinct from pg_class.oid
        """,
    )
    return number > 0


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
