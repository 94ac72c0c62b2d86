"""The property tests find mistakes: each fault that is planted in the statements of a model is found by their cases."""

import re
from dataclasses import replace
from typing import NamedTuple

import psycopg2
import pytest
from defects import Case
from hypothesis import Phase
from test_properties import CASES, Bench, bench, check  # noqa: F401

from tests.replay import Node, Replay


class Fault(NamedTuple):
    """A regular expression that is replaced in the statements of a node."""

    node: str
    found: str
    put: str


FAULTS = {
    "lost occurrence filter": Fault(
        "model.dispatch.int_files__triaged", r"files\.occurrence > 1", "files.occurrence > 9"
    ),
    "wrong join": Fault(
        "model.dispatch.int_payments__triaged",
        r"payments\.legacy_doctor_user_id = doctors\.legacy_user_id",
        "payments.legacy_doctor_user_id = doctors.legacy_doctorsetting_id",
    ),
    "inner join": Fault(
        "model.dispatch.int_tasks__triaged", r"left join orders on tasks", "inner join orders on tasks"
    ),
    "swapped order of reasons": Fault(
        "model.dispatch.int_order_events__triaged",
        r"(when states\.occurrence > 1 then 'duplicate_legacy_id')(.*?)(\n\s*end as reason)",
        r"\2 \1\3",
    ),
    "rounding": Fault(
        "model.dispatch.int_payments__triaged", r"total_price as amount", "round(total_price, 1) as amount"
    ),
    "time zone": Fault(
        "model.dispatch.int_doctor_notes__triaged",
        r"\n(\s*)((?:\w+\.)?created_at),",
        r"\n\1\2 at time zone 'America/Chicago' at time zone 'UTC' as created_at,",
    ),
    "column missing in any_missing": Fault(
        "model.dispatch.int_payments__triaged", r" or is_netsuite is null", ""
    ),
    "orphan through an optional reference": Fault(
        "model.dispatch.int_tasks__triaged",
        r"profile_id as actor_profile_id",
        "coalesce(profile_id, order_id) as actor_profile_id",
    ),
    "border of a batch": Fault("load_batch", r"first \+ 65535", "first + 65534"),
    "history that forgets a deletion": Fault(
        "snapshot.dispatch.payments_history", r"union all\s*select \* from deletion_records", ""
    ),
}  # fmt: skip


def planted(replay: Replay, fault: Fault) -> Replay:
    """Return the replay with a fault in it."""

    def spoilt(text: str) -> str:
        return re.sub(fault.found, fault.put, text, flags=re.DOTALL)

    recording = replay.recording
    if fault.node == "load_batch":
        changed = replace(recording, macros=spoilt(recording.macros))
    else:
        node: Node = recording.nodes[fault.node]
        node = replace(node, first=[spoilt(text) for text in node.first], again=[spoilt(text) for text in node.again])
        changed = replace(recording, nodes=recording.nodes | {fault.node: node})
    assert changed != recording, fault
    return Replay(changed, replay.database)


@pytest.mark.parametrize("name", FAULTS)
def test_planted_fault_is_found(bench: Bench, name: str, capsys: pytest.CaptureFixture[str]) -> None:  # noqa: F811
    tried = 0
    spoilt = {
        day: warehouse.with_replay(planted(warehouse.replay, FAULTS[name]))
        for day, warehouse in bench.warehouses.items()
    }

    def judge(case: Case) -> None:
        nonlocal tried
        tried += 1
        spoilt[case.day].judge(case)

    with pytest.raises(AssertionError) as found:
        check(bench, 0, CASES, judge, phases=[Phase.generate])
    # A statement that PostgreSQL cannot run at all would be a mistake in the planted text.
    refused = found.value.__cause__.__cause__
    assert not isinstance(refused, psycopg2.ProgrammingError | psycopg2.DataError), refused
    with capsys.disabled():
        print(f"\n{name}: found by case {tried}")
