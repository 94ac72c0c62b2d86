"""What dbt build --empty makes: every table, with rows in the ledgers only. It shows quickly whether SQL is valid."""

from conftest import Database
from inprocess import Project
from marts import fingerprints

STAGING_TESTS = "path:models/staging,resource_type:test"


def test_an_empty_build_passes(scratch: Database, project: Project) -> None:
    scratch.load_legacy("tiny")
    done = project.dbt("build", "--empty", "--exclude", "resource_type:unit_test", STAGING_TESTS)
    assert len(done) > 350
    filled = {table for table, checksum in fingerprints(scratch).items() if not checksum.startswith("0 ")}
    assert filled == {
        f"dispatch_audit.{name}"
        for name in ("migration_ledger", "foreign_key_ledger", "legacy_inventory", "legacy_numbers")
    }
