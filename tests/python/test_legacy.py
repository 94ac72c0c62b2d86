import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest
from conftest import Database
from psycopg2.extensions import connection as Connection

from ops import legacy
from ops.database.connection import rows
from ops.errors import Failure
from ops.legacy import Scale
from ops.project import ROOT


@pytest.fixture
def opened(scratch: Database) -> Iterator[Connection]:
    connection = scratch.connect()
    connection.cursor().execute("drop schema if exists legacy cascade")
    yield connection
    connection.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two files that depend on each other, on the schema and on the scale."""
    files = tmp_path / "legacy"
    files.mkdir()
    (files / "01_tables.sql").write_text("create table item (id int, scale text);\n")
    (files / "02_rows.sql").write_text("insert into item select 100 % 7, current_setting('legacy.scale');\n")
    return files


def load(connection: Connection, folder: Path, scale: Scale = Scale.TINY, **options) -> bool:
    return legacy.load(connection, scale, lambda _: nullcontext(), folder=folder, **options)


def items(connection: Connection) -> list[tuple]:
    return rows(connection, "select id, scale from legacy.item")


def test_a_copy_is_loaded_once(opened: Connection, folder: Path):
    assert load(opened, folder)
    assert items(opened) == [(2, "tiny")]
    assert not load(opened, folder)
    assert load(opened, folder, force=True)


def test_another_scale_and_changed_files_replace_the_copy(opened: Connection, folder: Path):
    load(opened, folder)
    assert load(opened, folder, Scale.FULL)
    assert items(opened) == [(2, "full")]
    (folder / "03_more.sql").write_text("insert into item values (3, 'more')")
    assert load(opened, folder, Scale.FULL)
    assert len(items(opened)) == 2


def test_failing_file_is_named_with_its_line_and_keeps_the_old_copy(opened: Connection, folder: Path):
    load(opened, folder)
    (folder / "02_rows.sql").write_text("delete from item;\n\nselect nonsense from item;\n")
    with pytest.raises(Failure, match=r'02_rows\.sql, line 3: column "nonsense" does not exist'):
        load(opened, folder)
    assert items(opened) == [(2, "tiny")]
    assert opened.autocommit


def test_other_tables_are_not_replaced(opened: Connection, folder: Path):
    opened.cursor().execute("create schema legacy; create table legacy.auth_user (id int)")
    for force in (False, True):
        with pytest.raises(Failure, match="will not be replaced"):
            load(opened, folder, force=force)
    assert rows(opened, "select count(*) from legacy.auth_user") == [(0,)]


def test_another_schema_can_be_loaded(opened: Connection, folder: Path):
    assert load(opened, folder, schema='Odd "name"')
    assert not load(opened, folder, schema='Odd "name"')
    assert rows(opened, 'select id from "Odd ""name""".item') == [(2,)]


def test_folder_without_files_is_refused(opened: Connection, tmp_path: Path):
    with pytest.raises(Failure, match="no SQL files"):
        load(opened, tmp_path)


def test_the_schema_that_dbt_reads_is_the_one_that_is_loaded_and_checked(scratch: Database, tmp_path: Path):
    for name in ("ops", "synthetic_legacy", "models", "macros", "seeds"):
        shutil.copytree(ROOT / name, tmp_path / name)
    shutil.copy(ROOT / "profiles.yml.example", tmp_path)
    shutil.copy(ROOT / "profiles.yml.example", tmp_path / "profiles.yml")
    text = (ROOT / "dbt_project.yml").read_text(encoding="utf-8")
    (tmp_path / "dbt_project.yml").write_text(text.replace("legacy_schema: legacy\n", "legacy_schema: old_system\n"))
    for command in (["legacy", "load", "--scale", "tiny"], ["doctor"]):
        done = subprocess.run(
            [sys.executable, "-m", "ops", *command],
            cwd=tmp_path,
            env=scratch.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert "schema old_system" in done.stdout
    assert scratch.rows("select to_regclass('old_system.dispatch_payment') is not null") == [(True,)]
