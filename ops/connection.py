"""Connections to the target database, named by the same environment variables as in profiles.yml."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg2
import psycopg2.extras
from psycopg2.extensions import connection as Connection

from ops.errors import Failure, Unreachable
from ops.server import PORT, Server

OLDEST, NEWEST = 16, 18
TIMEOUT_SECONDS = 10

# What PostgreSQL says when the server, the database or the role has as many sessions as it may have.
FULL = re.compile("too many (connections|clients)|connection slots are reserved")

# Without it Ctrl-C is not heard before the statement has ended.
psycopg2.extensions.set_wait_callback(psycopg2.extras.wait_select)


@dataclass(frozen=True)
class Target:
    """Where the database is and who connects; a host that starts with / is the folder of a Unix socket."""

    host: str
    port: int
    user: str
    password: str
    dbname: str

    @property
    def is_embedded(self) -> bool:
        """Whether this is the server that the project runs itself."""
        return self.host == str(Server().folder)

    @property
    def where(self) -> str:
        """The server, as a person would name it."""
        if self.host.startswith("/"):
            return f"the {'embedded server' if self.is_embedded else 'socket'} in {self.host}"
        return f"{self.host}:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """The variables that make dbt use this very target."""
        return {
            "DISPATCH_PGHOST": self.host,
            "DISPATCH_PGPORT": str(self.port),
            "DISPATCH_PGUSER": self.user,
            "DISPATCH_PGPASSWORD": self.password,
            "DISPATCH_PGDATABASE": self.dbname,
        }


def target_from_environment() -> Target:
    """Read DISPATCH_PGHOST, PGPORT, PGUSER, PGPASSWORD and PGDATABASE; unset means the embedded server."""
    port = _variable("PORT", str(PORT))
    if not port.isdecimal():
        raise Failure(f"DISPATCH_PGPORT is “{port}” and must be a number.")
    return Target(
        host=_variable("HOST", "") or str(Server().folder),
        port=int(port),
        user=_variable("USER", "postgres"),
        password=_variable("PASSWORD", ""),
        dbname=_variable("DATABASE", "postgres"),
    )


def connect(target: Target) -> Connection:
    """Connect, each statement committing by itself; raise Failure with the reason in one sentence."""
    try:
        connection = psycopg2.connect(
            host=target.host,
            port=target.port,
            user=target.user,
            password=target.password,
            dbname=target.dbname,
            connect_timeout=TIMEOUT_SECONDS,
            application_name="dispatch",
        )
    except psycopg2.OperationalError as error:
        reason = explain(error, target)
        raise (Unreachable if reason.startswith("No PostgreSQL") else Failure)(reason) from None
    connection.autocommit = True
    for register in (psycopg2.extras.register_default_json, psycopg2.extras.register_default_jsonb):
        register(connection, loads=str)  # as text, not as Python objects
    return connection


def explain(error: psycopg2.Error, target: Target) -> str:
    """Say in one sentence why there is no connection and what to do about it."""
    text = str(error).strip()
    if "password authentication failed" in text or "no password supplied" in text:
        return f"Wrong password for user {target.user} on {target.where}: set DISPATCH_PGPASSWORD."
    if re.search(r'role "[^"]*" does not exist', text):
        return f"There is no user {target.user} on {target.where}: set DISPATCH_PGUSER."
    if re.search(r'database "[^"]*" does not exist', text):
        return f"There is no database {target.dbname} on {target.where}: create it or set DISPATCH_PGDATABASE."
    if re.search("refused|No such file|timed? ?out|not translate host|unreachable|starting up|shutting down", text):
        start = ".venv/bin/python -m ops server start"
        remedy = f"{start} starts it" if target.is_embedded else "see DISPATCH_PGHOST and _PGPORT"
        return f"No PostgreSQL answers at {target.where}: {remedy}."
    if FULL.search(text):
        return f"No PostgreSQL session is free at {target.where}: {text.splitlines()[-1]}."
    return f"Cannot connect to {target.where}: {text.splitlines()[-1]}"


def check_server(connection: Connection) -> str | None:
    """Raise Failure when the server is too old or the user may not build; return a warning when it is untried."""
    version = connection.server_version // 10000
    if version < OLDEST:
        raise Failure(f"The server is PostgreSQL {version} and the project needs {OLDEST} to {NEWEST}.")
    (database, user, may_create, only_reads), *_ = rows(
        connection,
        "select current_database(), current_user, has_database_privilege(current_database(), 'create'),"
        " current_setting('transaction_read_only') = 'on'",
    )
    if only_reads:
        raise Failure(
            f"User {user} may only read database {database}: the server is a standby, or default_transaction_read_only"
            " is on for this user or database. Name the primary server, or reset the setting."
        )
    if not may_create:
        raise Failure(f"User {user} may not create schemas: grant create on database {database} to {user}.")
    if version > NEWEST:
        return f"The server is PostgreSQL {version}, newer than any the project was tried on ({OLDEST} to {NEWEST})."
    return None


@contextmanager
def reading_marts(purpose: str) -> Iterator[None]:
    """Raise Failure with what to do when the marts are not there, are of another version, or not for this user."""
    try:
        yield
    except psycopg2.errors.UndefinedTable as error:
        reason = error.diag.message_primary
        raise Failure(f"Nothing to {purpose} yet ({reason}): run make demo or dbt build.") from None
    except psycopg2.errors.UndefinedColumn as error:
        raise Failure(f"The marts are of another version ({error.diag.message_primary}): run dbt build.") from None
    except psycopg2.errors.InsufficientPrivilege as error:
        raise Failure(
            f"This user may not read the marts ({error.diag.message_primary}):"
            " set DISPATCH_PGUSER to one who may, or have it granted."
        ) from None


def is_broken(error: psycopg2.Error) -> bool:
    """Tell a lost connection or a cancelled statement from what PostgreSQL has to say about one."""
    return error.pgcode is None or isinstance(error, psycopg2.errors.QueryCanceled)


def rows(connection: Connection, statement: str, arguments: tuple[Any, ...] | None = None) -> list[tuple[Any, ...]]:
    """Run one query and return all its rows."""
    with connection.cursor() as cursor:
        cursor.execute(statement, arguments)
        return cursor.fetchall()


def _variable(name: str, default: str) -> str:
    return os.environ.get(f"DISPATCH_PG{name}") or default
