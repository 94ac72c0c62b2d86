"""The tables that Django itself makes, in place of the synthetic ones: they land and build without changes."""

import subprocess
import sys
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path

import pytest

from ops.project import ROOT
from ops.source import contract

sys.path.insert(0, str(ROOT / "tests" / "python"))

import inprocess
from conftest import SCRATCH, Database
from inprocess import Project
from marts import fingerprints

pytest_plugins = ["conftest"]

TABLES = ("django_content_type", "auth_permission", "auth_group", "auth_user")
LINKS = ("auth_group_permissions", "auth_user_groups", "auth_user_user_permissions")
VERSIONS = ("3.2", "5.2")


def run_django(version: str, made: Database, *arguments: str) -> None:
    """Let Django make the tables of its apps in schema public."""
    done = subprocess.run(
        [ROOT / ".venv-django" / version / "bin" / "python", Path(__file__).with_name("application.py"), *arguments],
        env=made.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def swap(made: Database) -> None:
    """Replace the synthetic tables by those in public, which get their rows."""
    tables = (*TABLES, *LINKS)
    copies = []
    for table in tables:
        columns = made.rows(
            "select column_name from information_schema.columns"
            f" where table_schema = 'public' and table_name = '{table}'"
        )
        names = ", ".join(name for (name,) in columns)
        copies.append(f"insert into public.{table} ({names}) select {names} from legacy.{table}")
    referring = made.rows(
        "select format('alter table %s add constraint %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid))"
        " from pg_constraint where contype = 'f' and conrelid::regclass::text like 'legacy.dispatch%'"
        f" and confrelid::regclass::text = any(array{[f'legacy.{table}' for table in tables]})"
    )
    assert len(referring) > 20
    all_made = made.rows("select tablename from pg_tables where schemaname = 'public'")
    statements = [
        # Django has filled them: content types, permissions, its migrations.
        f"truncate {', '.join(tables)} cascade",
        *copies,
        "set constraints all immediate",
        *(f"select setval(pg_get_serial_sequence('{table}', 'id'), max(id)) from {table}" for table in tables),
        *(f"drop table legacy.{table} cascade" for table in tables),
        *(f"alter table public.{table} set schema legacy" for (table,) in all_made),
        *(constraint for (constraint,) in referring),
        "analyze",
    ]
    made.execute("; ".join(statements))


def ids(made: Database, tables: Iterable[str]) -> str:
    """Return what the ids of these tables are; fail when they differ."""
    ((found,),) = made.rows(
        "select distinct format_type(atttypid, null) || case when attidentity = 'd' then ' identity'"
        " when pg_get_serial_sequence(attrelid::regclass::text, attname) is not null then ' serial' else '' end"
        " from pg_attribute where attname = 'id'"
        f" and attrelid = any(cast(array{[f'legacy.{table}' for table in tables]} as regclass[]))"
    )
    return found


@pytest.fixture(scope="module")
def original(database: Callable[..., Database], project: Project) -> dict[str, str]:
    """Checksums of what dbt builds from the synthetic tables."""
    made = database(SCRATCH)
    made.load_legacy("tiny")
    project.build()
    return fingerprints(made)


@pytest.mark.parametrize(
    ("versions", "big_ids", "expected"),
    [
        # Tables that link two others follow DEFAULT_AUTO_FIELD, the others do not.
        (["3.2"], False, ("integer serial", "bigint serial")),
        (["5.2"], False, ("integer identity", "bigint identity")),
        (["3.2"], True, ("bigint serial", "bigint serial")),
        (["5.2"], True, ("bigint identity", "bigint identity")),
        (["3.2", "5.2"], True, ("bigint serial", "bigint serial")),
    ],
    ids=["3.2", "5.2", "3.2, big", "5.2, big", "3.2, upgraded to 5.2, big"],
)
def test_tables_that_django_made_give_the_same_rows(
    database: Callable[..., Database],
    original: dict[str, str],
    project: Project,
    tmp_path: Path,
    versions: list[str],
    big_ids: bool,
    expected: tuple[str, str],
) -> None:
    made = database(SCRATCH)
    made.load_legacy("tiny")
    for version in versions:
        last = version == versions[-1]
        run_django(version, made, *(["--big-ids", str(tmp_path)] if big_ids and last else []))
    swap(made)
    assert (ids(made, TABLES), ids(made, LINKS)) == expected

    with closing(made.connect()) as opened:
        for purpose in ("build", "copy", "replicate"):
            found = contract.examine(opened, purpose=purpose, subscriber=180000)
            assert (found.problems, found.note) == ([], [])
    doctor = inprocess.ops(made.environment, "doctor")
    assert (doctor.returncode, doctor.stderr) == (0, "")
    assert doctor.stdout.endswith("are as their sources declare them.\n")

    project.dbt("build", "--exclude", "resource_type:unit_test")
    built = fingerprints(made)
    # It describes the tables themselves, among them those that the synthetic database lacks.
    inventory = "dispatch_audit.legacy_inventory"
    assert built.pop(inventory) != original[inventory]
    assert built == {table: rows for table, rows in original.items() if table != inventory}


@pytest.mark.parametrize("version", VERSIONS)
def test_times_have_a_zone_even_without_use_tz(database: Callable[..., Database], version: str) -> None:
    made = database(SCRATCH)
    run_django(version, made, "--user-joined", "2023-07-01 12:00")
    joined = made.rows("select pg_typeof(date_joined)::text, date_joined = '2023-07-01 17:00+00' from auth_user")
    assert joined == [("timestamp with time zone", True)]
