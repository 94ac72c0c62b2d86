"""What a change forgot about a column is named, with the line to add."""

import copy
import json
from typing import Any

import pytest
from conftest import Database, Shared

from tests.columns import catalog_query, findings

TRIAGE = "int_payments__triaged"
PAYMENTS = "models/marts/payments/payments.yml"


@pytest.fixture(scope="module")
def parsed(shared: Shared) -> dict[str, Any]:
    """The project as dbt parsed it."""
    return json.loads(shared.file.with_name("manifest.json").read_text())


@pytest.fixture
def manifest(parsed: dict[str, Any]) -> dict[str, Any]:
    """The same, to be changed."""
    return copy.deepcopy(parsed)


@pytest.fixture(scope="module")
def triages(migrated: Database) -> list[tuple[str, str, str]]:
    """The columns of all triages."""
    return migrated.rows(catalog_query("dispatch_intermediate"))


def mart(manifest: dict[str, Any], name: str) -> dict[str, Any]:
    return manifest["nodes"][f"model.dispatch.{name}"]


def test_no_column_is_forgotten(manifest: dict[str, Any], triages: list[tuple[str, str, str]]) -> None:
    assert findings(manifest, triages) == []


def test_column_that_is_in_no_contract_is_named(manifest: dict[str, Any], triages: list[tuple[str, str, str]]) -> None:
    triages = [*triages, (TRIAGE, "is_forgotten", "boolean")]
    assert findings(manifest, triages) == [
        f"{TRIAGE}.is_forgotten is not in payments. Add it to {PAYMENTS}:\n"
        "      - name: is_forgotten\n"
        "        description: …\n"
        "        data_type: boolean\n"
        f"  or, when payments leaves it out on purpose, describe it in models/intermediate/payments/{TRIAGE}.yml."
    ]
    assert findings(manifest, triages, ["model.dispatch.orders"]) == []
    manifest["nodes"][f"model.dispatch.{TRIAGE}"]["columns"]["is_forgotten"] = {}
    assert findings(manifest, triages) == []


def test_type_of_another_kind_is_named(manifest: dict[str, Any], triages: list[tuple[str, str, str]]) -> None:
    columns = mart(manifest, "payments")["columns"]
    columns["is_free"]["data_type"] = "text"
    columns["amount"]["data_type"] = "numeric(30, 10)"  # the same kind
    assert findings(manifest, triages, [f"model.dispatch.{TRIAGE}"]) == [
        f"payments.is_free is text in its contract, and boolean in {TRIAGE}. Write in {PAYMENTS}:\n"
        "        data_type: boolean\n"
        f"  or cast it in models/intermediate/payments/{TRIAGE}.sql."
    ]


def test_column_that_is_not_compared_is_named(manifest: dict[str, Any], triages: list[tuple[str, str, str]]) -> None:
    (test,) = (node for node in manifest["nodes"].values() if node["name"] == "payments_equal_legacy")
    del test["test_metadata"]["kwargs"]["columns"]["is_free"]
    assert findings(manifest, triages) == [
        f"payments.is_free is not compared with the legacy table. Add it to equals_legacy in {PAYMENTS}:\n"
        "              is_free: <legacy column>\n"
        "  or say why it is not compared, in config of payments:\n"
        "        not_compared:\n"
        "          is_free: <reason>"
    ]
    reasons = mart(manifest, "payments")["config"]["meta"]["not_compared"]
    reasons["is_free"] = "a reason"
    assert findings(manifest, triages) == []
    reasons |= {"amount": "a reason", "gone": "a reason"}
    assert findings(manifest, triages) == [
        f"payments.amount is compared: remove it from not_compared in {PAYMENTS}.",
        f"payments.gone is not a column: remove it from not_compared in {PAYMENTS}.",
    ]
