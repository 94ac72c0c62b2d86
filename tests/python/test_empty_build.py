"""What dbt build --empty makes: every table, with rows only in the ledgers and lists. It shows whether SQL is valid."""

from conftest import Database
from inprocess import Project
from marts import failures, fingerprints

from tests.replay import DataTest

TESTS = ("resource_type:test", "resource_type:unit_test")


def test_an_empty_build_passes(scratch: Database, project: Project, data_tests: dict[str, DataTest]) -> None:
    """Also its data tests, but for those that read legacy tables, which are not empty."""
    scratch.load_legacy("tiny")
    project.dbt("build", "--empty", "--exclude", *TESTS)
    filled = {table for table, checksum in fingerprints(scratch).items() if not checksum.startswith("0 ")}
    assert filled == {
        f"dispatch_audit.{name}"
        for name in ("migration_ledger", "foreign_key_ledger", "legacy_inventory", "legacy_numbers", "relationships")
    }
    tests = {
        name: test
        for name, test in data_tests.items()
        if not any(parent.startswith("source.") for parent in test.parents)
    }
    assert len(tests) > 100
    assert failures(scratch, tests) == {}
