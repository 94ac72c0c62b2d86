"""The records of releases: they make sure that one release, or one copy of the live source, works at a time.

A release is running while its row says so and the session that wrote the row is alive. The lock is on the table and not
an advisory one, because every user who can connect may take advisory locks.
"""

import psycopg2
from jinja2 import Environment

from ops.database.connection import Connection, Cursor, rows, transaction
from ops.errors import Failure
from ops.project import ROOT

TABLES = ROOT / "macros" / "release" / "release_tables.sql"

# The start of another user's session may be hidden.
RUNNING = """
select 'session ' || pid || ' of user ' || usename
from {}.releases
inner join pg_catalog.pg_stat_activity on pid = backend_process
where outcome = 'running' and coalesce(backend_start = backend_started_at, true)
"""
LOCKED = """
select 'session ' || pid || ' of user ' || usename
from pg_catalog.pg_locks
inner join pg_catalog.pg_stat_activity using (pid)
where relation = cast('{}.releases' as regclass) and granted and mode = 'ShareUpdateExclusiveLock'
"""


def prepare(connection: Connection) -> None:
    """Create the tables that are missing; raise Failure when the schema belongs to another user."""
    schema = connection.schemas.release
    found = rows(
        connection,
        "select pg_get_userbyid(nspowner), current_user from pg_catalog.pg_namespace"
        " where nspname = %s and not pg_has_role(nspowner, 'usage')",
        (schema,),
    )
    for owner, user in found:
        raise Failure(
            f"Schema {schema} belongs to user {owner}, and user {user} may not release: connect as that user"
            " (DISPATCH_PGUSER), or as a member of it."
        )
    # The macro with which dbt creates them, too; plain Jinja can evaluate it.
    macros = Environment().from_string(TABLES.read_text(encoding="utf-8")).module
    connection.cursor().execute(macros.postgres__release_tables(schema))


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


def begin(cursor: Cursor) -> str | None:
    """Wait for a copy to end and lock the table for this transaction; return the session of a running release."""
    cursor.execute(f"lock table {cursor.connection.schemas.release}.releases in share row exclusive mode")
    return _first(cursor, RUNNING)


def keep_out(cursor: Cursor) -> None:
    """Prevent releases and copies until the end of this transaction; raise Failure when one is running."""
    schema = cursor.connection.schemas.release
    prepare(cursor.connection)
    cursor.connection.commit()
    try:
        cursor.execute(f"lock table {schema}.releases in share update exclusive mode nowait")
    except psycopg2.errors.LockNotAvailable:
        cursor.connection.rollback()
        what, holder = "A copy is filling the landing", _first(cursor, LOCKED)
    else:
        what, holder = "A release is reading the landing", _first(cursor, RUNNING)
        if holder is None:
            return
    raise Failure(f"{what} ({holder or 'its session has just ended'}): try again when it has ended.")


def handover(connection: Connection) -> tuple[str, str] | None:
    """Return schema and time of the hand-over in force, or None."""
    table = f"{connection.schemas.release}.handovers"
    found = rows(connection, "select to_regclass(%s)", (table,))[0][0] and rows(
        connection,
        f"select schema_name, to_char(handed_over_at, 'YYYY-MM-DD HH24:MI TZ') from {table} where undone_at is null",
    )
    return found[0] if found else None


def published_build(connection: Connection) -> str | None:
    """Return the id of the build that readers see, or None when nothing was published."""
    table = f"{connection.schemas.release}.publications"
    found = rows(connection, "select to_regclass(%s)", (table,))[0][0] and rows(
        connection, f"select live_build_id from {table} order by publication_id desc limit 1"
    )
    return found[0][0] if found else None


def check_not_handed_over(connection: Connection) -> None:
    """Raise Failure when the application owns the data, because it would not read what a release publishes."""
    if found := handover(connection):
        raise Failure(
            f"The marts were handed over to the application on {found[1]} (schema {found[0]}):"
            " as long as the application has not written, python -m ops handover --undo takes it back."
        )


def copying(connection: Connection) -> str:
    """Return the session of the copy that is running."""
    with connection.cursor() as cursor:
        return _first(cursor, LOCKED) or "its session has just ended"


def _first(cursor: Cursor, query: str) -> str | None:
    cursor.execute(query.format(cursor.connection.schemas.release))
    return next((text for (text,) in cursor.fetchall()), None)
