"""The same rows in every database, whatever its locale: of the C library and of ICU, where the server has them."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from unittest import mock

import inprocess
import psycopg2
import pytest
from conftest import SCRATCH, Database
from inprocess import Project
from marts import failures, fingerprints
from test_dirty_copy import DROP_EVERY_CONSTRAINT

from ops.database import connection
from ops.database.server import Server, temporary_server
from ops.dbt import sandbox
from tests.replay import DataTest, Replay

LIBC, ICU = "locale_provider libc locale '{}'", "locale_provider icu icu_locale '{}' locale 'C'"
LOCALES = {
    "C of the C library": LIBC.format("C"),
    "Turkish of the C library": LIBC.format("tr_TR.UTF-8"),
    "German of the C library": LIBC.format("de_DE.UTF-8"),
    "Turkish of ICU": ICU.format("tr"),
    "German of ICU": ICU.format("de"),
}

# Values that have depended on the locale: letters, white space, the order of texts. Ids are those of any migrated row.
# Two columns have a collation of their own, which no other text may meet.
PLANTED = r"""
alter table legacy.dispatch_office alter column country type varchar collate ucs_basic;
alter table legacy.dispatch_note alter column text type text collate ucs_basic;
update legacy.auth_user set email = E'ÉLODIE.IŞIK@EXAMPLE.COM' where id = {users[0]};
update legacy.auth_user set email = E'no\u00a0break@example.com' where id = {users[1]};
update legacy.auth_user set email = E'ΟΔΟΣ@ΟΔΟΣ.example.com' where id = {users[2]};
update legacy.auth_user set email = E'İSTANBUL@example.com' where id = {users[3]};
update legacy.dispatch_office set country = 'INDIA' where id = {offices[0]};
update legacy.dispatch_file set ext = '.TIFF', name = E'\u2003x\u00a0' where id = {files[0]};
update legacy.dispatch_category set name = 'apple_b' where id = {categories[0]};
insert into legacy.dispatch_category (id, parent_id, name)
select id, parent_id, unnest('{{Zebra,äpfel,appleA}}'::text[]) from legacy.dispatch_category where id = {categories[0]};
"""
FOUND = """
select
    (select array_agg(email order by legacy_user_id) from dispatch_marts.profiles where legacy_user_id in {users}),
    (select country_code from dispatch_marts.offices where legacy_office_id = {offices[0]}),
    (select file_extension from dispatch_marts.files where legacy_file_id = {files[0]}),
    (select file_name from dispatch_marts.files where legacy_file_id = {files[0]}),
    (select category_name from dispatch_marts.categories where legacy_category_id = {categories[0]})
"""
EXPECTED = [
    (
        ["élodie.işik@example.com", None, "οδοσ@οδοσ.example.com", "istanbul@example.com"],
        "IN",
        "tiff",
        "x",
        "Zebra",  # byte by byte, capital letters come first
    )
]


@pytest.fixture(scope="module")
def own_server() -> Iterator[Server]:
    """Run a server that has a Turkish and a German locale of the C library, if they can be made here."""
    folder = Path(tempfile.mkdtemp(prefix="dispatch-test-", dir="/tmp"))
    folder.chmod(0o755)
    for name in ("tr_TR", "de_DE") if shutil.which("localedef") else ():
        subprocess.run(["localedef", "-i", name, "-f", "UTF-8", folder / f"{name}.UTF-8"], check=False)
    with mock.patch.dict("os.environ", LOCPATH=str(folder)), temporary_server() as running:
        yield running
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def ids(migrated_once: Database) -> dict[str, tuple[int, ...]]:
    """Return the legacy ids of some migrated rows."""
    columns = {"users": "profiles.legacy_user_id", "offices": "offices.legacy_office_id"}
    columns |= {"files": "files.legacy_file_id", "categories": "categories.legacy_category_id"}
    return {
        name: tuple(
            found
            for (found,) in migrated_once.rows(
                f"select {column} from dispatch_marts.{column.partition('.')[0]} order by 1 limit 4"
            )
        )
        for name, column in columns.items()
    }


def make(server: Server, folder: Path, how: str, ids: dict[str, tuple[int, ...]]) -> Database:
    """Create the database SCRATCH with a locale and load the smallest legacy database, with planted rows."""
    with closing(connection.connect(sandbox.target(server.folder))) as admin, admin.cursor() as cursor:
        cursor.execute(f"drop database if exists {SCRATCH} with (force)")
        cursor.execute(f"create database {SCRATCH} template template0 {how}")
    made = Database(sandbox.target(server.folder, SCRATCH), folder)
    made.load_legacy("tiny")
    made.execute(DROP_EVERY_CONSTRAINT)
    made.execute(PLANTED.format(**ids))
    return made


@pytest.fixture(scope="module")
def expected(
    own_server: Server, replay: Replay, ids: dict[str, tuple[int, ...]], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    """Return the checksums of the marts with the locale of the embedded server."""
    made = make(own_server, tmp_path_factory.mktemp("embedded"), "", ids)
    made.build(replay)
    assert made.rows(FOUND.format(**ids)) == EXPECTED
    return fingerprints(made)


@pytest.mark.parametrize("name", LOCALES)
def test_every_mart_is_the_same(
    name: str,
    own_server: Server,
    request: pytest.FixtureRequest,
    replay: Replay,
    data_tests: dict[str, DataTest],
    ids: dict[str, tuple[int, ...]],
    expected: dict[str, str],
    tmp_path: Path,
) -> None:
    try:
        made = make(own_server, tmp_path, LOCALES[name], ids)
    except psycopg2.Error as error:
        pytest.skip(f"{name}: {str(error).strip()}")
    has_letters = made.rows("select 1 from pg_collation where collname in ('pg_c_utf8', 'und-x-icu')")
    if not has_letters and made.rows("select lower('ÉI')") != [("éi",)]:
        project: Project = request.getfixturevalue("shared").project
        with inprocess.environment(made):
            assert "make the database with LC_CTYPE C.UTF-8" in project.refusal("run", "-s", "categories")
        return
    made.build(replay)
    assert made.rows(FOUND.format(**ids)) == EXPECTED
    assert fingerprints(made) == expected
    assert failures(made, data_tests) == {}


def test_texts_are_compared_byte_by_byte(migrated_once: Database) -> None:
    """Also where no row of a test depends on it: whatever is made from a staging model has its collation."""
    assert not migrated_once.rows(
        "select attrelid::regclass, attname from pg_attribute inner join pg_class on pg_class.oid = attrelid"
        " where relnamespace = 'dispatch_staging'::regnamespace and attcollation not in (0, '\"C\"'::regcollation)"
    )
