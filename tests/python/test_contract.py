"""What a contract promises is held by the database; where it is not, just the test of that contract says so."""

import pytest
from conftest import Database
from inprocess import Project
from marts import failures

from tests.replay import DataTest, Replay, ReplayError

# Mart; what takes a promise away; what breaks it then; how the promise is named; which other tests see the broken row.
BROKEN = {
    "not null": (
        "profiles",
        "alter column is_email_malformed drop not null",
        "is_email_malformed = null",
        "not null (is_email_malformed)",
        (),
    ),
    "primary key": (
        "team_members",
        "drop constraint team_members_pkey",
        "team_member_id = (select min(cast(team_member_id as text))::uuid from dispatch_marts.team_members)",
        "primary key (team_member_id)",
        (),
    ),
    "unique": (
        "cases",
        "drop constraint cases__case_number__key",
        "case_number = 'one for all'",
        "unique (case_number)",
        (),
    ),
    "unique pair": (
        "role_permissions",
        "drop constraint role_permissions_link_a_pair_once",
        "(role_id, permission_id) ="
        " (select role_id, permission_id from dispatch_marts.role_permissions order by 1, 2 limit 1)",
        "unique (role_id, permission_id)",
        (),
    ),
    "check": (
        "shipments",
        "drop constraint ship_to_city_is_not_blank",
        "ship_to_city = ' '",
        "check ship_to_city_is_not_blank",
        (),
    ),
    "check of a bound": (
        "orders",
        "drop constraint approved_at_is_plausible",
        "approved_at = '3000-01-01'",
        "check approved_at_is_plausible",
        (),
    ),
    "check that is not validated": (
        "products",
        "drop constraint product_name_is_not_blank,"
        " add constraint product_name_is_not_blank check (product_name <> ' ') not valid",
        "product_name = '  '",
        "check product_name_is_not_blank",
        ("products_equal_legacy",),
    ),
    "foreign key": (
        "doctor_notes",
        "drop constraint doctor_notes__doctor_id__fk",
        "doctor_id = gen_random_uuid()",
        "foreign key (doctor_id) references dispatch_marts.doctors(doctor_id)",
        ("doctor_notes_doctor_id_is_in_doctors",),
    ),
    "index": ("tasks", None, None, "index (order_id)", ()),
}
INDEX = "drop index dispatch_marts.tasks__order_id__idx"
# The form for engines that enforce nothing looks at rows: a foreign key has its relationships test there.
NOT_SCANNED = ("foreign key", "index")


@pytest.fixture(scope="module")
def scratch(migrated: Database) -> Database:
    """Start from a migrated database."""
    return migrated


@pytest.fixture(scope="module")
def found(scratch: Database, data_tests: dict[str, DataTest]) -> dict[str, list[tuple[object, ...]]]:
    """Take a promise of each kind away and break it; return what each test finds then."""
    assert failures(scratch, data_tests) == {}
    scratch.execute(INDEX)
    for mart, takes, breaks, _, _ in BROKEN.values():
        if takes:
            scratch.execute(f"alter table dispatch_marts.{mart} {takes}")
            scratch.execute(f"update dispatch_marts.{mart} set {breaks}")
    return failures(scratch, data_tests)


def test_only_the_test_of_the_broken_contract_fails(found: dict[str, list[tuple[object, ...]]]) -> None:
    assert set(found) == {
        name for mart, *_, others in BROKEN.values() for name in (f"{mart}_contract_is_enforced", *others)
    }
    for mart, _, _, promise, _ in BROKEN.values():
        assert found[f"{mart}_contract_is_enforced"] == [(mart, promise)]


def test_rows_are_checked_where_the_engine_enforces_nothing(
    scratch: Database, project: Project, found: dict[str, list[tuple[object, ...]]]
) -> None:
    assert found
    violations = "default__contract_violations(graph.nodes['model.dispatch.{}'])"
    query = " ~ ' union all ' ~ ".join(violations.format(mart) for mart, *_ in BROKEN.values())
    (compiled,) = project.dbt("compile", "--inline", f"{{{{ {query} if execute }}}}")
    seen = {(mart, text.removesuffix("; ")) for mart, text in scratch.rows(compiled.node.compiled_code)}
    assert seen == {(mart, promise) for kind, (mart, _, _, promise, _) in BROKEN.items() if kind not in NOT_SCANNED}


def test_row_that_violates_a_constraint_stops_the_build(scratch: Database, replay: Replay) -> None:
    before = scratch.rows("select count(*) from dispatch_marts.offices")
    scratch.execute(
        "update dispatch_intermediate.int_offices__triaged set country_code = 'Elbonia' where disposition = 'migrated'"
    )
    broken = '^model.dispatch.offices: .* violates check constraint "country_code_has_the_right_length"'
    with pytest.raises(ReplayError, match=broken):
        scratch.build(replay, replay.select("model.dispatch.offices"))
    assert scratch.rows("select count(*) from dispatch_marts.offices") == before
