"""Prints the migration ledger from the audit marts."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import groupby
from typing import Any

from rich import box
from rich.table import Table

from ops.console import console, say
from ops.database.connection import Connection, reading_marts, rows
from ops.report.formats import NOTHING, amount, count, percent
from ops.source import inventory


def show(connection: Connection) -> None:
    """Print the whole ledger; raise Failure when the marts cannot be read."""
    with reading_marts("show"):
        show_entities(connection)
        show_rejects(connection)
        show_technicians(connection)
        show_figures(connection)
        show_inventory(connection)


def show_entities(connection: Connection) -> None:
    """Print the disposition of the rows of every entity, by phase with totals."""
    found = rows(
        connection,
        f"""
        select
            phase, entity,
            source_rows, migrated_rows, excluded_rows, rejected_rows, success_rate
        from {connection.schemas.audit}.migration_ledger
        order by position
        """,
    )
    table = _table("Migration ledger", "system")
    for name in ("source", "migrated", "excluded", "rejected", "success"):
        table.add_column(name, justify="right")
    phases = groupby(found, key=lambda row: row[0])
    for phase, entities in ((name, list(group)) for name, group in phases):
        table.add_row(phase, *_totals(entities), style="bold")
        for _, entity, *counts, rate in entities:
            table.add_row(f"  {entity}", *map(count, counts), percent(rate))
        table.add_section()
    table.add_row("Everything", *_totals(found), style="bold")
    console.print(table)
    say("success = migrated / (migrated + rejected); in the totals over all their rows\n", style="dim")


def show_rejects(connection: Connection) -> None:
    """Print how many rows were left out and why, with the first id of each kind."""
    found = rows(
        connection,
        f"""
        select
            entity, reason, disposition,
            count(*), min(legacy_id)
        from {connection.schemas.audit}.migration_rejects
        group by entity, disposition, reason
        order by disposition collate "C" desc, entity collate "C", count(*) desc, reason collate "C"
        """,
    )
    table = _table("Rows left out", "system", "reason", "disposition")
    table.add_column("rows", justify="right")
    table.add_column("first id", justify="right")
    for entity, reason, disposition, number, first in found:
        table.add_row(entity, reason, disposition, count(number), str(first or "–"))
    console.print(table)


def show_technicians(connection: Connection) -> None:
    """Print the technicians by specialty."""
    found = rows(
        connection,
        f"""
        select
            specialty,
            count(*),
            count(*) filter (where is_active)
        from {connection.schemas.marts}.technicians
        group by specialty
        order by count(*) desc, specialty collate "C"
        """,
    )
    table = _table("Technicians", "specialty")
    table.add_column("technicians", justify="right")
    table.add_column("active", justify="right")
    for specialty, everybody, active in found:
        table.add_row(specialty, count(everybody), count(active))
    table.add_section()
    everybody, active = (sum(row[column] for row in found) for column in (1, 2))
    table.add_row("total", count(everybody), count(active), style="bold")
    console.print(table)


def show_figures(connection: Connection) -> None:
    """Print the two averages of Phase 7, the rows of Phases 1-7, the mean amounts and the state of the foreign keys."""
    (unweighted, weighted, combined), *_ = rows(
        connection,
        f"""
        select
            avg(success_rate) filter (where phase = 'Phase 7'),
            1.0 * sum(migrated_rows) filter (where phase = 'Phase 7')
                / nullif(sum(migrated_rows + rejected_rows) filter (where phase = 'Phase 7'), 0),
            coalesce(sum(migrated_rows) filter (where phase in ('Phase 7', 'Reference data', 'Template core')), 0)
        from {connection.schemas.audit}.migration_ledger
        """,
    )
    say(
        f"Success rate of the Phase 7 systems: {percent(unweighted)} as the mean of their rates, "
        f"{percent(weighted)} over all their rows."
    )
    say(f"Phase 7, reference data and template core together: {combined:,} rows migrated.")
    (payments, operations), *_ = rows(
        connection,
        f"""
        select
            (select avg(amount) from {connection.schemas.marts}.payments),
            (select avg(amount) from {connection.schemas.marts}.payment_operations)
        """,
    )
    say(f"Mean amount of a payment {amount(payments)}, of a payment operation {amount(operations)}.")
    (keys, enforced, checked, orphans), *_ = rows(
        connection,
        f"""
        select
            count(*),
            count(*) filter (where is_enforced),
            coalesce(sum(checked_rows), 0),
            coalesce(sum(orphan_rows), 0)
        from {connection.schemas.audit}.foreign_key_ledger
        """,
    )
    say(
        f"{orphans:,} orphans in {checked:,} references over {keys:,} foreign keys; "
        f"{enforced:,} of them enforced by the database itself.",
        style="red" if orphans or enforced < keys else "green",
    )


def show_inventory(connection: Connection) -> None:
    """Print what of the legacy database is not migrated and not empty, and whether anything is unknown."""
    table = _table("Legacy tables and columns that are not migrated", "table or column")
    table.add_column("rows or values", justify="right")
    table.add_column("decision")
    table.add_column("reason, or question to the owner")
    for each in inventory.left_out(connection):
        number = f"{'about ' * each.is_estimate}{count(each.rows)}"
        table.add_row(each.subject, number, each.decision, each.reason or NOTHING)
    console.print(table)
    said = inventory.sentence(inventory.unknown_to_the_build(connection))
    say(
        f"{said}." if said else "Every table and column of the legacy database is known.",
        style="yellow" if said else "green",
    )


def _table(title: str, *columns: str) -> Table:
    table = Table(
        title=title, title_justify="left", title_style="bold", header_style="bold", box=box.SIMPLE_HEAD, pad_edge=False
    )
    for name in columns:
        table.add_column(name, no_wrap=True)
    return table


def _totals(found: list[tuple[Any, ...]]) -> Iterator[str]:
    source, migrated, excluded, rejected = (sum(row[column] for row in found) for column in range(2, 6))
    yield from map(count, (source, migrated, excluded, rejected))
    yield percent(Fraction(migrated, migrated + rejected) if migrated + rejected else None)
