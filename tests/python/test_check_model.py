"""make check builds the parents that have changed since they were last built in its database."""

from typing import Any

import pytest
from conftest import Shared

from tests.check_model import ancestors, states_of, up_to_date

PAYMENTS = "model.dispatch.payments"
TRIAGE = "model.dispatch.int_payments__triaged"
OFFICES = "model.dispatch.offices"
LEDGER = "model.dispatch.migration_ledger"


@pytest.fixture(scope="module")
def states(shared: Shared) -> dict[str, str]:
    """The states of the project as it is."""
    return states_of(shared.project.manifest)


@pytest.fixture
def manifest(shared: Shared) -> Any:
    """The project, to be changed."""
    return shared.project.manifest.deepcopy()


def changed(manifest: Any, states: dict[str, str]) -> set[str]:
    return {id for id, state in states_of(manifest).items() if state != states[id]}


def test_an_unchanged_project_has_the_same_states(manifest: Any, states: dict[str, str]) -> None:
    assert changed(manifest, states) == set()


def test_a_changed_file_changes_what_is_made_from_it(manifest: Any, states: dict[str, str]) -> None:
    manifest.nodes[TRIAGE].checksum.checksum = "another"
    found = changed(manifest, states)
    assert {TRIAGE, PAYMENTS, LEDGER, "snapshot.dispatch.payments_history"} <= found
    assert not {OFFICES, *ancestors(manifest.nodes, TRIAGE)} & found


@pytest.mark.parametrize("change", ["contract", "config", "macro"])
def test_all_that_decides_what_a_relation_becomes_is_part_of_its_state(
    manifest: Any, states: dict[str, str], change: str
) -> None:
    if change == "contract":
        manifest.nodes[OFFICES].columns["city"].data_type = "varchar(10)"
    elif change == "config":
        manifest.nodes[OFFICES].config.materialized = "view"
    else:
        manifest.macros["macro.dispatch.migrated_rows"].macro_sql += " "
    found = changed(manifest, states)
    assert {OFFICES, PAYMENTS} <= found
    assert "model.dispatch.stg_dispatch__offices" not in found


def test_only_what_was_built_on_current_parents_is_up_to_date(shared: Shared, states: dict[str, str]) -> None:
    nodes = shared.project.manifest.nodes
    stale = dict(states) | dict.fromkeys([TRIAGE, PAYMENTS, OFFICES, LEDGER], "old")
    assert up_to_date(nodes, states, stale, [PAYMENTS])[PAYMENTS] == "old"
    found = up_to_date(nodes, states, stale, [OFFICES, TRIAGE, PAYMENTS])
    assert {id for id in states if found[id] != states[id]} == {LEDGER}
    del stale[OFFICES]
    found = up_to_date(nodes, states, stale, [TRIAGE, PAYMENTS, LEDGER])
    assert {id for id in states if found.get(id) != states[id]} == {OFFICES, TRIAGE, PAYMENTS, LEDGER}
