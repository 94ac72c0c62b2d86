"""The synthetic legacy database: runs synthetic_legacy/*.sql unless the same data are loaded already."""

import hashlib
import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from enum import Enum
from pathlib import Path
from typing import NamedTuple

import psycopg2
from psycopg2 import sql

from ops.database.connection import Connection, Cursor, is_broken, rows, transaction
from ops.errors import Failure
from ops.project import LEGACY_FILES, ROOT
from ops.source.declared import SCHEMA

MARK = "Synthetic legacy database of dispatch-migration: "


class Scale(str, Enum):
    """How many rows the tables have."""

    TINY = "tiny"
    PHASE7 = "phase7"
    FULL = "full"


class Copy(NamedTuple):
    """A loaded legacy database, as the comment on its schema describes it."""

    scale: str
    files: str  # checksum of synthetic_legacy/*.sql

    @property
    def comment(self) -> str:
        """The comment to put on the schema."""
        return MARK + json.dumps(self._asdict())


def load(
    connection: Connection,
    scale: Scale,
    step: Callable[[str], AbstractContextManager[None]],
    schema: str = SCHEMA,
    force: bool = False,
    folder: Path = LEGACY_FILES,
) -> bool:
    """Load the legacy database into a schema; return False when the same one is loaded already.

    All files run in one transaction, so a failure keeps the old copy. Each file runs inside `step(name)`.
    Raises Failure when a file fails, or when the schema contains something else.
    """
    files = sorted(folder.glob("*.sql"))
    if not files:
        raise Failure(f"There are no SQL files in {folder}.")
    wanted = Copy(scale.value, checksum(files))
    found = _found(connection, schema)
    if found == wanted and not force:
        return False
    name = sql.Identifier(schema)
    with transaction(connection) as cursor:
        cursor.execute(sql.SQL("drop schema if exists {} cascade").format(name))
        cursor.execute(sql.SQL("create schema {}").format(name))
        cursor.execute(sql.SQL("set local search_path to {}").format(name))
        cursor.execute("select set_config('legacy.scale', %s, true)", (scale.value,))
        for file in files:
            with step(f"  {file.relative_to(folder.parent)}"):
                _execute(cursor, file)
        with step("  statistics for the planner"):
            for (table,) in rows(connection, "select tablename from pg_tables where schemaname = %s", (schema,)):
                cursor.execute(sql.SQL("analyze {}.{}").format(name, sql.Identifier(table)))
        cursor.execute(sql.SQL("comment on schema {} is %s").format(name), (wanted.comment,))
    return True


def checksum(files: list[Path]) -> str:
    """Return a checksum of the names and contents of the files."""
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file.name}\0".encode() + file.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def _found(connection: Connection, schema: str) -> Copy | None:
    """Return the copy in the schema, or None when the schema is missing or empty; raise Failure for other tables."""
    found = rows(
        connection,
        """
        select
            obj_description(oid, 'pg_namespace'),
            exists (select 1 from pg_class where relnamespace = pg_namespace.oid)
        from pg_namespace
        where nspname = %s
        """,
        (schema,),
    )
    if not found:
        return None
    (comment, has_tables), *_ = found
    if (comment or "").startswith(MARK):
        return Copy(**json.loads(comment.removeprefix(MARK)))
    if has_tables:
        raise Failure(
            f"Schema {schema} contains tables that were not loaded from synthetic_legacy/ and will not be replaced: "
            "drop it yourself, or load into another one with --schema."
        )
    return None


def _execute(cursor: Cursor, file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    try:
        cursor.execute(text)
    except psycopg2.Error as error:
        if is_broken(error):
            raise
        place = str(file.relative_to(ROOT) if file.is_relative_to(ROOT) else file)
        if error.diag.statement_position:
            place += f", line {text.count(chr(10), 0, int(error.diag.statement_position) - 1) + 1}"
        raise Failure(f"{place}: {error.diag.message_primary}; the old copy, if any, is untouched.") from None
