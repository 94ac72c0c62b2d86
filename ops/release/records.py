"""Calls of the protocol: the functions in the folder protocol decide who may release, copy and hand over."""

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg2

from ops.database.connection import Connection, rows, transaction
from ops.errors import Failure
from ops.project import ROOT

REFUSED, LATER = "DP001", "DP075"  # SQLSTATEs of the protocol
HINT = "HINT:  Try again later."  # what dbt shows of the second


class Later(Failure):
    """Neither the project nor the data is wrong: the same command may succeed later (exit code 75)."""


def failure(messages: list[str]) -> Failure:
    """Return the failure of a dbt command, without the lines about the functions that refused."""
    kind = Later if messages and all(HINT in message for message in messages) else Failure
    return kind(
        "\n".join(
            re.sub(r"\n\s*(HINT:  Try again later|CONTEXT:  PL/pgSQL).*", "", each, flags=re.DOTALL)
            for each in messages
        )
    )


@contextmanager
def refusals() -> Iterator[None]:
    """Raise what a function of the protocol refuses as Failure, or as Later when it may succeed later."""
    try:
        yield
    except psycopg2.Error as error:
        if error.pgcode not in (REFUSED, LATER):
            raise
        raise (Later if error.pgcode == LATER else Failure)(error.diag.message_primary) from None


def call(connection: Connection, function: str, *arguments: Any) -> list[tuple[Any, ...]]:
    """Call a function of the protocol and return its rows."""
    places = ", ".join(["%s"] * len(arguments))
    with refusals():
        return rows(connection, f"select * from {connection.schemas.release}.{function}({places})", arguments)


def prepare(connection: Connection) -> None:
    """Install the functions unless they are; raise Failure when this user, or this version of the project, may not."""
    schema = connection.schemas.release
    check, *texts = (file.read_text(encoding="utf-8").strip() for file in sorted((ROOT / "protocol").glob("*.sql")))
    checksum = hashlib.md5("\n".join([check, *texts]).encode()).hexdigest()
    with refusals(), connection.cursor() as cursor:
        cursor.execute(
            "select set_config('dispatch.schema', %s, false), set_config('dispatch.protocol', %s, false)",
            (schema, checksum),
        )
        cursor.execute(check)
        cursor.execute("select current_setting('dispatch.is_installed')")
        if cursor.fetchone() != ("true",):
            # PostgreSQL does not create a schema that another session is creating.
            path = f"select pg_advisory_xact_lock(hashtext('{schema}')); create schema if not exists {schema};"
            path += f" set local search_path to {schema}, pg_catalog, pg_temp;"
            cursor.execute("\n".join([path, *texts, "set local search_path to pg_catalog, pg_temp"]))


def check_pooler(connection: Connection, other: Connection) -> None:
    """Raise Failure when a connection does not keep its session, by which releases recognise each other.

    A pooler in transaction mode gives the session of the first connection to the other one.
    """
    session = "select pg_backend_pid()"
    own = rows(connection, session)
    with transaction(other) as cursor:
        cursor.execute(session)
        if rows(connection, session) != own:
            raise Failure(
                "The connection goes through a pooler in transaction mode, and two releases could run at once: connect"
                " to the server itself, or use session mode (docs/production.md)."
            )


def keep_out(connection: Connection) -> None:
    """Prevent releases and copies until the end of this transaction; raise Later when one is running."""
    prepare(connection)
    connection.commit()
    call(connection, "keep_out")


def handover(connection: Connection) -> tuple[str, str] | None:
    """Return schema and time of the hand-over in force, or None; also where the functions are not installed."""
    function = f"{connection.schemas.release}.hand_over_in_force"
    if rows(connection, "select to_regproc(%s)", (function,)) == [(None,)]:
        return None
    found = rows(
        connection,
        "select schema_name, to_char(handed_over_at, 'YYYY-MM-DD HH24:MI TZ')"
        f" from {function}() where schema_name is not null",
    )
    return found[0] if found else None


def published_build(connection: Connection) -> str | None:
    """Return the id of the build that readers see, or None; also where the functions are not installed."""
    table = f"{connection.schemas.release}.publications"
    found = rows(connection, "select to_regclass(%s)", (table,))[0][0] and rows(
        connection, f"select live_build_id from {table} order by publication_id desc limit 1"
    )
    return found[0][0] if found else None
