"""Payments in a typical row-by-row migration: read a row, look up its parents, insert 500 at a time."""

import json
import math
import uuid
from decimal import Decimal
from typing import Any

from psycopg2.extras import RealDictCursor, execute_values

from benchmarks.warehouse import Warehouse

TABLE = "public.payments_row_by_row"
BATCH = 500
# Columns of lookups have an index, as in an application.
INDEXES = """
create index on dispatch_marts.doctors (legacy_user_id);
create index on dispatch_intermediate.int_payment_operations__checked (legacy_payment_id);
analyze dispatch_marts.doctors;
analyze dispatch_intermediate.int_payment_operations__checked;
"""
CASTS = dict.fromkeys(("payment_id", "order_id", "patient_id", "doctor_id", "office_id"), "uuid") | {
    "installments": "jsonb"
}
REQUIRED = (
    *("total_price", "paid_price", "subtotal_price", "tax_value", "additional_price", "used_credit", "tax_rate"),
    *("free", "canceled", "paid", "netsuite"),
)
LOOKUPS = {
    "order": "select order_id, patient_id from dispatch_marts.orders where legacy_instruction_id = %s",
    "doctor": "select doctor_id from dispatch_marts.doctors where legacy_user_id = %s",
    "office": "select office_id from dispatch_marts.offices where legacy_office_id = %s",
    "refunds": (
        "select coalesce(sum(price), 0) from dispatch_intermediate.int_payment_operations__checked"
        " where legacy_payment_id = %s and operation_type = 'refund' and own_reason is null"
    ),
}


def prepare(warehouse: Warehouse) -> None:
    """Create the indexes; their time is not counted."""
    warehouse.execute(INDEXES)


def run(warehouse: Warehouse) -> None:
    """Fill TABLE with the rows of the mart; the parents of payments must exist."""
    reading, looking, writing = (warehouse.connect() for _ in range(3))
    writing.cursor().execute(f"drop table if exists {TABLE}; create table {TABLE} (like dispatch_marts.payments)")
    cursor = reading.cursor(cursor_factory=RealDictCursor)
    cursor.execute("select * from legacy.dispatch_payment order by id")
    seen: set[int] = set()
    rows: list[dict[str, Any]] = []
    for payment in cursor:
        if row := _migrated(payment, seen, looking.cursor()):
            rows.append(row)
        if len(rows) == BATCH:
            _insert(writing, rows)
            rows = []
    _insert(writing, rows)
    for connection in (reading, looking, writing):
        connection.close()


def differences(warehouse: Warehouse) -> int:
    """Count the rows that are in only one of the two tables."""
    (count,) = warehouse.rows(
        f"select count(*) from ((table {TABLE} except table dispatch_marts.payments)"
        f" union all (table dispatch_marts.payments except table {TABLE})) as either"
    )[0]
    return count


def _migrated(payment: dict[str, Any], seen: set[int], looking: Any) -> dict[str, Any] | None:
    """Return the row of the mart; None for a rejected payment."""
    found = {
        name: _look_up(looking, LOOKUPS[name], payment[column])
        for name, column in (
            *(("order", "instruction_id"), ("doctor", "doctor_id")),
            *(("office", "office_id"), ("refunds", "id")),
        )
    }
    if payment["id"] is None or payment["id"] in seen or not found["order"]:
        return None
    seen.add(payment["id"])
    if any(payment[column] is None for column in REQUIRED) or not _is_plausible(payment, found["refunds"][0]):
        return None
    installments = _installments(payment["installments"])
    return {
        "payment_id": str(uuid.uuid3(uuid.NAMESPACE_URL, f"urn:dispatch:payments:{payment['id']}")),
        "legacy_payment_id": payment["id"],
        "legacy_instruction_id": payment["instruction_id"],
        "legacy_doctor_user_id": payment["doctor_id"],
        "legacy_office_id": payment["office_id"],
        "order_id": found["order"][0],
        "patient_id": found["order"][1],
        "doctor_id": found["doctor"] and found["doctor"][0],
        "office_id": found["office"] and found["office"][0],
        "status": _status(payment),
        "method": None if payment["free"] else "other" if payment["netsuite"] else "card",
        "amount": payment["total_price"],
        "paid_amount": payment["paid_price"],
        "refunded_amount": found["refunds"][0],
        "subtotal_amount": payment["subtotal_price"],
        "tax_amount": payment["tax_value"],
        "tax_rate": Decimal(payment["tax_rate"]) / 100,
        "additional_amount": payment["additional_price"],
        "used_credit_amount": payment["used_credit"],
        "custom_amount": payment["custom_price"],
        "installments": installments,
        "is_installments_malformed": bool(payment["installments"]) and installments is None,
        "is_free": payment["free"],
        "is_cancelled": payment["canceled"],
        "is_paid": payment["paid"],
        "is_netsuite": payment["netsuite"],
        "made_at": payment["made_at"],
    }


def _look_up(cursor: Any, query: str, legacy_id: int | None) -> tuple[Any, ...] | None:
    cursor.execute(query, (legacy_id,))
    return cursor.fetchone()


def _is_plausible(payment: dict[str, Any], refunds: Decimal) -> bool:
    names = ("total_price", "paid_price", "subtotal_price", "tax_value", "additional_price", "used_credit")
    amounts = [*(payment[name] for name in names), payment["custom_price"] or 0, refunds]
    within = all(math.isfinite(amount) and abs(amount) <= 10_000_000 for amount in amounts)
    made_at = payment["made_at"]
    return within and 0 <= payment["tax_rate"] <= 100 and (made_at is None or 1900 <= made_at.year < 2100)


def _installments(text: str | None) -> str | None:
    try:
        return text if isinstance(json.loads(text or ""), list) else None
    except ValueError:
        return None


def _status(payment: dict[str, Any]) -> str:
    if payment["canceled"]:
        return "cancelled"
    return "completed" if payment["paid"] or payment["free"] else "pending"


def _insert(writing: Any, rows: list[dict[str, Any]]) -> None:
    if rows:
        columns = ", ".join(rows[0])
        execute_values(
            writing.cursor(),
            f"insert into {TABLE} ({columns}) values %s",
            [tuple(row.values()) for row in rows],
            page_size=BATCH,
            template="(" + ", ".join(f"%s::{CASTS[name]}" if name in CASTS else "%s" for name in rows[0]) + ")",
        )
