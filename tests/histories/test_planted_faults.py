"""Each rule of the protocol is needed: without it, generated histories of releases and hand-overs break another one."""

import sys

import psycopg2
import pytest

from ops.project import ROOT

sys.path.insert(0, str(ROOT / "tests" / "python"))

from test_histories import World, tell, world

pytest_plugins = ["conftest"]
__all__ = ["world"]

STEPS = 3000

# Rules of the protocol, each with what is planted in its place.
FAULTS = {
    "unfinished nodes are published": ("when newest.unfinished <> '{}'", "when false"),
    "rights that default privileges give stay": (
        "each.grantee <> owner",
        "each.grantee <> owner and each.grantee <> 0",
    ),
    "a rollback returns to a version that a build has begun to replace": (
        "when not was_published(newest.build_id)",
        "when false",
    ),
    "a build begins after a hand-over": (
        "perform refuse_after_hand_over(operation), refuse_during",
        "perform refuse_during",
    ),
    "rows of the candidate are not compared": ("where value is distinct from state -> key", "where false"),
    "a rollback shows what was tagged since": (
        "create_views(returning_build.project, newest.project)",
        "create_views(returning_build.project, null)",
    ),
    "a history begins anew": ("from unnest(histories) as each", "from unnest(histories[:0]) as each"),
    "a retry continues a build of another project": ("and earlier.project_checksum = checksum", ""),
    "objects of others are moved away": ("if others <> '{}' then", "if false then"),
    "a hand-over does not look for another one": ("perform refuse_after_hand_over('a hand-over');", ""),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_planted_fault_is_found(world: World, fault: str, capsys: pytest.CaptureFixture[str]) -> None:
    world.steps, world.edit = 0, FAULTS[fault]
    try:
        with pytest.raises((AssertionError, psycopg2.Error)):
            tell(world, STEPS, 0)
    finally:
        world.edit = None
    with capsys.disabled():
        print(f"\n{fault}: found after {world.steps} steps")
