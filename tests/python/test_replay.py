"""A replay leaves the same database as dbt: from scratch, on another day, with bad data; else it says what it lacks."""

import json
import re
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest
from conftest import SCRATCH, Database, drop
from inprocess import Project
from marts import left
from test_dirty_copy import DROP_EVERY_CONSTRAINT, spoil

from tests import replay as module
from tests.replay import Recording, Replay, ReplayError, Step, UnknownStepError

# A second day: batches of notifications that change, histories with changed, deleted and returned rows.
FIRST_DAY = """
update legacy.dispatch_notification set id = id + (id % 16) * 65536;
create table public.kept as select * from legacy.dispatch_payment where id % 7 = 0;
delete from legacy.dispatch_payment where id % 7 = 0;
"""
SECOND_DAY = """
insert into legacy.dispatch_payment select * from public.kept;
update legacy.dispatch_payment set total_price = total_price + 1 where id % 5 = 0;
update legacy.dispatch_instruction set deleted = true where id % 9 = 0;
delete from legacy.dispatch_role where id % 3 = 0;
update legacy.dispatch_notification set "read" = not "read" where id >> 16 = 3;
delete from legacy.dispatch_notification where id >> 16 = 4;
insert into legacy.dispatch_notification select * from legacy.dispatch_notification where id >> 16 = 5;
update legacy.dispatch_notification set id = null where id >> 16 = 6;
"""

# What depends on these tables is built alone: a batched model whose parents stay, and parents whose children stay.
PART_OF = ("dispatch_notification", "dispatch_payment", "dispatch_project")
PART = """
update legacy.dispatch_notification set "read" = not "read" where id >> 16 = 7;
update legacy.dispatch_payment set paid = not paid where id % 3 = 0;
update legacy.dispatch_project set name = name || 'x' where id % 3 = 0;
"""


@pytest.fixture(scope="module")
def builds(
    database: Callable[..., Database],
    scratch: Database,
    project: Project,
    recording: Recording,
    common_folder: Path,
) -> dict[str, tuple[set[str], set[str]]]:
    """Build twice from the same rows, and two days of a spoilt copy, each with dbt and by replay."""
    found = {}
    scratch.load_legacy("tiny")
    replay = Replay(recording, SCRATCH)
    recorded = json.loads((common_folder / "left.json").read_text(encoding="utf-8"))
    for build, by_dbt in zip(("clean copy", "clean copy again"), recorded, strict=True):
        scratch.build(replay)
        found[build] = set(by_dbt), left(scratch)
    with closing(scratch.connect()) as opened, opened.cursor() as cursor:
        replay.drop(cursor)
    scratch.execute(DROP_EVERY_CONSTRAINT)
    spoil(scratch)
    scratch.execute(FIRST_DAY)
    other = database("replayed", SCRATCH)
    replay = Replay(recording, "replayed")
    for day in ("spoilt copy", "second day"):
        if day == "second day":
            for each in (scratch, other):
                each.execute(SECOND_DAY)
        project.build()
        other.build(replay)
        found[day] = left(scratch), left(other)
        if day == "spoilt copy":
            other.build(Replay(recording, "replayed", "elsewhere"))
            found["another schema"] = found[day][0], left(other, "elsewhere")
    for each in (scratch, other):
        each.execute(PART)
    selected = [f"source:dispatch.{table}+" for table in PART_OF]
    project.dbt("build", "--select", *selected, "--exclude", "resource_type:test", "resource_type:unit_test")
    other.build(replay, replay.select_readers(PART_OF))
    found["part"] = left(scratch), left(other)
    drop(other)
    return found


@pytest.mark.parametrize(
    "build", ["clean copy", "clean copy again", "spoilt copy", "second day", "part", "another schema"]
)
def test_replay_leaves_what_dbt_leaves(builds: dict[str, tuple[set[str], set[str]]], build: str) -> None:
    by_dbt, by_replay = builds[build]
    assert sorted(by_dbt ^ by_replay) == []
    kinds = [line.partition(":")[0] for line in by_dbt if not line.startswith("rows of")]
    assert kinds.count("constraint") > 500 and kinds.count("index") > 150 and kinds.count("view") > 30


def test_the_days_differ(builds: dict[str, tuple[set[str], set[str]]]) -> None:
    """Otherwise the histories and the batches would have had nothing to do."""
    first, second = builds["spoilt copy"][0], builds["second day"][0]
    changed = {line.split(":")[0] for line in first ^ second if line.startswith("rows of")}
    assert {f"rows of {table}" for table in (
        "snapshots.payments_history", "snapshots.orders_history", "snapshots.technicians_history",
        "marts.notifications", "intermediate.notifications__loaded_batches",
    )} <= changed  # fmt: skip


def test_query_that_reads_data_is_named(scratch: Database, project: Project) -> None:
    """Also one that reads them through a view, or in a hook before the build."""
    scratch.execute("create view public.seen as select id from legacy.dispatch_payment where paid")
    reading = "{{% if execute %}}{{{{ run_query('select count(*) from {}').rows }}}}{{% endif %}}"
    for relation, schema in (("public.seen", "legacy"), ("dispatch_marts.payments", "dispatch_marts")):
        with module.listening() as steps:
            project.dbt("compile", "--inline", reading.format(relation))
        (step,) = (step for step in steps if relation in step.text)
        assert step.reads == [schema]
        with pytest.raises(UnknownStepError, match=r"model.dispatch.payments: .* the query select count"):
            module._actions("model.dispatch.payments", [step])


def test_function_call_is_replayed_and_query_of_the_catalog_must_be_known() -> None:
    call = Step("model.dispatch.payments", "select public.refresh()", ["refresh"], [])
    assert module._actions(call.node, [call]) == [call.text]
    sizes = Step("model.dispatch.payments", "select reltuples from pg_class", ["reltuples"], ["pg_catalog"])
    with pytest.raises(UnknownStepError, match=r"model.dispatch.payments: .* select reltuples"):
        module._actions(sizes.node, [sizes])


@pytest.mark.parametrize(
    ("hook", "materialized", "message"),
    [
        ("{{ grant_by_size(this) }}", "table", "the hook {{ grant_by_size(this) }}"),
        ("{% if load_relation(this) %} select 1 {% endif %}", "table", "the hook"),
        ("analyze dispatch_marts.payments", "incremental", "the materialization incremental"),
    ],
)
def test_hook_or_materialization_must_be_known(hook: str, materialized: str, message: str) -> None:
    config = SimpleNamespace(materialized=materialized, pre_hook=[], post_hook=[SimpleNamespace(sql=hook)])
    with pytest.raises(UnknownStepError, match=f"model.dispatch.payments: .*{re.escape(message)}"):
        module._assert_known("model.dispatch.payments", SimpleNamespace(config=config))


def test_refused_statement_names_its_node(builds: object, scratch: Database, replay: Replay) -> None:
    scratch.execute("drop view dispatch_staging.stg_dispatch__payments cascade")
    with pytest.raises(ReplayError, match=r"^model.dispatch.int_payments__triaged: relation .* does not exist"):
        scratch.build(replay, replay.select("model.dispatch.int_payments__triaged"))
