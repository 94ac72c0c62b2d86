"""The whole build on the smallest legacy database, and what may happen to it afterwards."""

import json
import shutil
import uuid
from contextlib import closing
from pathlib import Path
from unittest import mock

import hostile
import pytest
from conftest import Database, Shared, copy_project
from dbt_common.exceptions import CompilationError
from inprocess import Project, parsed
from marts import assert_nothing_is_lost, broken_keys, fingerprints

from ops import report
from ops.report import ledger

TESTS = ("resource_type:test", "resource_type:unit_test")


@pytest.fixture(scope="module")
def scratch(migrated: Database) -> Database:
    """Start from a migrated database."""
    return migrated


@pytest.fixture(scope="module")
def built(scratch: Database, project: Project) -> Database:
    """Give the migrated database, inside its environment."""
    return scratch


def test_a_build_runs_every_test(built: Database, shared: Shared) -> None:
    """The build that was recorded, which must have passed."""
    written = json.loads((built.folder / "target" / "run_results.json").read_text(encoding="utf-8"))
    found = {result["unique_id"]: result["status"] for result in written["results"]}
    manifest = shared.project.manifest
    analyses = {id for id, node in manifest.nodes.items() if node.resource_type == "analysis"}
    nodes = {id for id, node in manifest.nodes.items() if node.config.materialized != "ephemeral"} - analyses
    assert {found.get(id) for id in nodes | manifest.unit_tests.keys()} == {"success", "pass", "warn"}


def test_a_build_under_hostile_settings_gives_the_same_rows(
    built: Database, project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Every setting that is pinned is set otherwise for the role and in PGOPTIONS; public is full of traps."""
    before = fingerprints(built)
    assert len(before) > 20
    hostile.shadow_catalog(built)
    options = [f"-c {name}={value.replace(' ', '')}" for name, value in hostile.SETTINGS.items()]
    monkeypatch.setenv("PGOPTIONS", " ".join(options))
    with hostile.settings(built):
        project.dbt("build", "--full-refresh", "--exclude", *TESTS)
        assert fingerprints(built) == before
        report.write(built.connect(), tmp_path)
        ledger.show(built.connect())
    built.execute("drop schema public cascade; create schema public")


def test_every_legacy_row_has_a_disposition(built: Database) -> None:
    assert_nothing_is_lost(built)


def test_keys_can_be_computed_anywhere(built: Database) -> None:
    payments = built.rows("select payment_id, legacy_payment_id from dispatch_marts.payments")
    assert payments
    for key, legacy_id in payments:
        assert key == str(uuid.uuid3(uuid.NAMESPACE_URL, f"urn:dispatch:payments:{legacy_id}"))


@pytest.mark.parametrize("parent", ["orders", "profiles", "categories", "payments"])
def test_rebuilding_a_parent_alone_keeps_every_foreign_key(built: Database, project: Project, parent: str) -> None:
    project.dbt("run", "--select", parent)
    assert built.rows("select 1 from dispatch_audit.foreign_key_ledger")
    assert broken_keys(built) == []


def test_a_parent_that_would_orphan_its_children_is_refused(built: Database, project: Project) -> None:
    orders = built.rows("select count(*) from dispatch_marts.orders")
    (legacy_id,) = built.rows("select min(legacy_instruction_id) from dispatch_marts.payments")[0]
    built.execute(
        "create table kept as select * from dispatch_intermediate.int_orders__triaged;"
        f"delete from dispatch_intermediate.int_orders__triaged where legacy_instruction_id = {legacy_id}"
    )
    with pytest.raises(AssertionError, match="violates foreign key constraint"):
        project.dbt("run", "--select", "orders")
    assert built.rows("select count(*) from dispatch_marts.orders") == orders
    assert broken_keys(built) == []
    built.execute(
        "truncate dispatch_intermediate.int_orders__triaged;"
        "insert into dispatch_intermediate.int_orders__triaged select * from kept; drop table kept"
    )


def test_a_crosswalk_row_recovers_a_reject(built: Database, project: Project) -> None:
    def template_products() -> tuple[int, int]:
        return built.rows(
            "select migrated_rows, rejected_rows from dispatch_audit.migration_ledger"
            " where entity = 'template_products'"
        )[0]

    migrated, rejected = template_products()
    legacy_id, links = built.rows(
        "select legacy_product_id, count(*) from dispatch_intermediate.int_template_products__triaged"
        " where reason = 'product_not_in_catalogue' group by 1 order by 2, 1"
    )[0]
    built.execute(
        "insert into dispatch_seeds.product_crosswalk (legacy_product_id, catalogue_legacy_product_id, decided_by)"
        f" select {legacy_id}, min(legacy_product_id), 'a test' from dispatch_marts.products"
    )
    project.dbt("build", "--select", "int_template_products__triaged+", "--exclude", *TESTS)
    assert template_products() == (migrated + links, rejected - links)

    project.dbt("build", "--select", "product_crosswalk+", "--exclude", *TESTS)
    assert template_products() == (migrated, rejected)


def test_missing_legacy_table_is_named(built: Database) -> None:
    built.execute("alter table legacy.dispatch_note rename to moved_away")
    try:
        done = built.dbt("build")
    finally:
        built.execute("alter table legacy.moved_away rename to dispatch_note")
    assert done.returncode != 0
    assert "legacy table missing in schema 'legacy'" in done.stdout
    assert "dispatch_note" in done.stdout
    assert "Traceback" not in done.stdout


def test_a_failed_child_keeps_its_foreign_keys(built: Database, project: Project) -> None:
    # The contract of orders cannot be met, so orders fails after its parents have been rebuilt.
    built.execute("alter table dispatch_intermediate.int_orders__triaged rename column status to moved_away")
    try:
        with pytest.raises(AssertionError, match=r'^orders: .+\n  column "status" does not exist') as failed:
            project.dbt("run", "--select", "patients", "doctors", "orders", "cases")
    finally:
        built.execute("alter table dispatch_intermediate.int_orders__triaged rename column moved_away to status")
    assert str(failed.value).count("Error in model") == 1
    assert broken_keys(built) == []


def test_changed_models_are_built_into_a_developer_schema(built: Database, shared: Shared, tmp_path: Path) -> None:
    """A developer's schema gets the changed model and what depends on it; the rest is read where main built it."""
    state, changed = tmp_path / "state", tmp_path / "project"
    for folder in (state, changed):
        folder.mkdir()
    shutil.copy(shared.file.with_name("manifest.json"), state)
    copy_project(changed)
    with (changed / "models" / "intermediate" / "access" / "int_roles__triaged.sql").open("a") as model:
        model.write("-- changed\n")
    profile = (built.folder / "profiles.yml").read_text().replace("schema: dispatch\n", "schema: jane\n")
    (tmp_path / "profiles.yml").write_text(profile)
    own = {"DBT_PROJECT_DIR": changed, "DBT_PROFILES_DIR": tmp_path, "DBT_TARGET_PATH": tmp_path / "target"}
    with parsed(built, **{name: str(path) for name, path in own.items()}) as project:
        project.dbt("build", "--select", "state:modified+", "--defer", "--state", str(state))

    marts = {name for (name,) in built.rows("select tablename from pg_tables where schemaname = 'jane_marts'")}
    assert {"roles", "role_permissions"} <= marts
    assert marts.isdisjoint({"cases", "permissions", "profiles"})
    # Enforced are the keys between two marts of hers, and between two of main; from one to the other there can be none.
    ledger = built.rows("select child, parent, is_enforced, orphan_rows from jane_audit.foreign_key_ledger")
    assert len(ledger) == built.rows("select count(*) from dispatch_audit.foreign_key_ledger")[0][0]
    for child, parent, is_enforced, orphan_rows in ledger:
        assert is_enforced is (True if (child in marts) == (parent in marts) else None), (child, parent)
        assert orphan_rows == 0
    assert ("role_permissions", "permissions", None, 0) in ledger
    assert ("role_permissions", "roles", True, 0) in ledger


def test_two_runs_do_not_build_into_one_schema(built: Database, project: Project) -> None:
    with closing(built.connect()) as other, other.cursor() as cursor:
        for schema in ("dispatch", "jane"):
            cursor.execute(f"/* dbt build into {schema} as model.dispatch.roles */ select 1")
            if schema == "dispatch":
                with pytest.raises(CompilationError, match="another dbt run is building into schemas dispatch_"):
                    project.dbt("run", "--select", "roles")
            else:
                with mock.patch.object(Project, "QUICK", ("--quiet",)):  # writes a log
                    project.dbt("build", "--select", "roles", "--exclude", *TESTS)
    # What the other run is known by is what dbt says.
    log = (built.folder / "logs" / "dbt.log").read_text()
    assert "/* dbt build into dispatch as model.dispatch.roles */" in log
