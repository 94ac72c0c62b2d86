"""What dbt build --empty makes: every table, without a row. It says in seconds whether all SQL is valid."""

from conftest import Database
from inprocess import Project

STAGING_TESTS = "path:models/staging,resource_type:test"


def test_an_empty_build_passes(scratch: Database, project: Project) -> None:
    scratch.load_legacy("tiny")
    done = project.dbt("build", "--empty", "--exclude", "resource_type:unit_test", STAGING_TESTS)
    assert len(done) > 350
    assert scratch.rows("select count(*) from dispatch_marts.payments") == [(0,)]
