"""Which release is running: one release, or one copy of the live source, works on the warehouse at a time.

A release is running while its row says so and the session that wrote the row is alive. Advisory locks could be taken by
whoever can connect; this table, and every lock on it but that of a reader, only by those who may release.
"""

import psycopg2
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

from ops.database.connection import rows, transaction
from ops.errors import Failure

TABLE = """
create schema if not exists dispatch_release;
create table if not exists dispatch_release.releases (
    release_id text primary key,
    git_commit text,
    backend_process integer not null,
    started_at timestamp with time zone not null default clock_timestamp(),
    ended_at timestamp with time zone,
    outcome text not null default 'running',
    message text,
    build_id text,
    newest_source_row_at timestamp with time zone,
    build_seconds numeric(10, 1),
    publish_seconds numeric(10, 1),
    nodes integer,
    warnings integer,
    was_retried boolean not null default false,
    source_rows bigint,
    migrated_rows bigint,
    excluded_rows bigint,
    rejected_rows bigint
);
do $$ begin
    if not exists (
        select 1 from pg_catalog.pg_attribute
        where attrelid = cast('dispatch_release.releases' as regclass) and attname = 'backend_started_at'
    ) then
        alter table dispatch_release.releases add column backend_started_at timestamp with time zone;
        comment on table dispatch_release.releases is
            'Production runs. One row per release; outcome is running, published, failed, interrupted or died.';
    end if;
end $$;
"""
# Of another user's session the start may be hidden.
RUNNING = """
select 'session ' || pid || ' of user ' || usename
from dispatch_release.releases
inner join pg_catalog.pg_stat_activity on pid = backend_process
where outcome = 'running' and coalesce(backend_start = backend_started_at, true)
"""
LOCKED = """
select 'session ' || pid || ' of user ' || usename
from pg_catalog.pg_locks
inner join pg_catalog.pg_stat_activity using (pid)
where relation = cast('dispatch_release.releases' as regclass) and granted and mode = 'ShareUpdateExclusiveLock'
"""


def prepare(connection: Connection) -> None:
    """Make the table; raise Failure when it belongs to somebody else."""
    found = rows(
        connection,
        "select pg_get_userbyid(nspowner), current_user from pg_catalog.pg_namespace"
        " where nspname = 'dispatch_release' and not pg_has_role(nspowner, 'usage')",
    )
    for owner, user in found:
        raise Failure(
            f"Schema dispatch_release belongs to user {owner}, and user {user} may not release: connect as that user"
            " (DISPATCH_PGUSER), or as a member of it."
        )
    connection.cursor().execute(TABLE)


def check_pooler(connection: Connection, other: Connection) -> None:
    """Raise Failure when a connection does not keep its session: a release is told by its session.

    A pooler that hands sessions out by transaction gives the session of the first connection to the other one.
    """
    session = "select pg_backend_pid()"
    own = rows(connection, session)
    with transaction(other) as cursor:
        cursor.execute(session)
        if rows(connection, session) != own:
            raise Failure(
                "A pooler in transaction mode is between, and two releases could run at once: connect to the server"
                " itself, or let the pooler work in session mode (docs/production.md)."
            )


def begin(cursor: Cursor) -> str | None:
    """Wait for a copy to end, and keep others out until the end of this transaction; name a release that is running."""
    cursor.execute("lock table dispatch_release.releases in share row exclusive mode")
    return _first(cursor, RUNNING)


def keep_out(cursor: Cursor) -> None:
    """Keep releases and copies out until the end of this transaction; raise Failure when one is under way."""
    prepare(cursor.connection)
    cursor.connection.commit()
    try:
        cursor.execute("lock table dispatch_release.releases in share update exclusive mode nowait")
    except psycopg2.errors.LockNotAvailable:
        cursor.connection.rollback()
        what, holder = "A copy is filling the landing", _first(cursor, LOCKED)
    else:
        what, holder = "A release is reading the landing", _first(cursor, RUNNING)
        if holder is None:
            return
    raise Failure(f"{what} ({holder or 'its session has just ended'}): try again when it is over.")


def handover(connection: Connection) -> tuple[str, str] | None:
    """Return schema and time of the hand-over that is in force, or None."""
    if rows(connection, "select to_regclass('dispatch_release.handovers')")[0][0] is None:
        return None
    found = rows(
        connection,
        "select schema_name, to_char(handed_over_at, 'YYYY-MM-DD HH24:MI TZ') from dispatch_release.handovers"
        " where undone_at is null",
    )
    return found[0] if found else None


def check_not_handed_over(connection: Connection) -> None:
    """Raise Failure when the application owns the data: nobody would read what a release publishes."""
    if found := handover(connection):
        raise Failure(
            f"The marts were handed over to the application on {found[1]} (schema {found[0]}):"
            " python -m ops handover --undo takes it back as long as the application has not written."
        )


def copying(connection: Connection) -> str:
    """Name the session of the copy that is under way."""
    with connection.cursor() as cursor:
        return _first(cursor, LOCKED) or "its session has just ended"


def _first(cursor: Cursor, query: str) -> str | None:
    cursor.execute(query)
    return next((text for (text,) in cursor.fetchall()), None)
