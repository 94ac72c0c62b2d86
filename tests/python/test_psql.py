import subprocess
import sys

from conftest import Database

from ops.project import ROOT


def psql(database: Database, *arguments: str, stdin: str = "") -> tuple[int, str, str]:
    """Run python -m ops psql in a shell whose PG* variables lead elsewhere; return exit code, output and errors."""
    elsewhere = {"PGHOST": "/nowhere", "PGDATABASE": "elsewhere", "PGOPTIONS": "-c timezone=Asia/Tokyo"}
    done = subprocess.run(
        [sys.executable, "-m", "ops", "psql", *arguments],
        cwd=ROOT,
        env=database.environment | elsewhere,
        input=stdin,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    ignored, _, errors = done.stderr.partition("\n")
    assert ignored.startswith("Ignored: PGDATABASE, PGHOST, PGOPTIONS;")
    return done.returncode, done.stdout, errors


def test_arguments_are_passed_on(scratch: Database):
    statement = """select 'x,"y"' as a, cast('0044-03-15 BC' as date) as b, cast('infinity' as timestamptz) as c"""
    assert psql(scratch, "--csv", "-c", statement) == (0, 'a,b,c\n"x,""y""",0044-03-15 BC,infinity\n', "")


def test_the_session_is_that_of_the_target(scratch: Database):
    asked = "select current_database(), current_setting('timezone'), current_setting('search_path')"
    assert psql(scratch, "-At", stdin=f"{asked};") == (0, "scratch|UTC|pg_catalog, pg_temp\n", "")


def test_position_of_an_error_is_shown(scratch: Database):
    code, output, errors = psql(scratch, "-c", "select * from nothing")
    assert (code, output) == (1, "")
    assert errors.startswith('ERROR:  relation "nothing" does not exist\nLINE 1: select * from nothing\n')
