"""Connections to the target database, named by the same environment variables as in profiles.yml."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event
from typing import Any

import psycopg2
import psycopg2.extras
from psycopg2.extensions import cursor as Cursor

from ops.console import complain
from ops.database.server import PORT, Server, start_server
from ops.dbt.profiles import Schemas, session_options
from ops.errors import Failure, Unreachable

OLDEST, NEWEST = 16, 18
TIMEOUT_SECONDS = 10
NO_ANSWER = re.compile("refused|No such file|timed? ?out|not translate host|unreachable|starting up|shutting down")

# What PostgreSQL says when the server, the database or the role has as many sessions as it may have.
FULL = re.compile("too many (connections|clients)|connection slots are reserved")

# Set when a signal tells the process to end: the statement that runs then ends in an error of PostgreSQL.
interrupted = Event()

# Without this callback Ctrl-C has no effect until the statement has ended.
psycopg2.extensions.set_wait_callback(psycopg2.extras.wait_select)


class Connection(psycopg2.extensions.connection):
    """A connection to the target database, with the names of the schemas in it."""

    schemas: Schemas


@dataclass(frozen=True)
class Target:
    """Where the database is and who connects; a host that starts with / is the folder of a Unix socket."""

    host: str
    port: int
    user: str
    password: str
    dbname: str
    sslmode: str = "prefer"
    schema: str = ""  # `schema` of the dbt target; empty for a command that reads nothing that dbt built

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
            "DISPATCH_PGSSLMODE": self.sslmode,
        }

    @property
    def libpq_environment(self) -> dict[str, str]:
        """The variables that make a program of PostgreSQL use this very target.

        A database named on the command line could be taken for a connection string.
        """
        named = {
            "PGHOST": self.host,
            "PGPORT": str(self.port),
            "PGUSER": self.user,
            "PGDATABASE": self.dbname,
            "PGSSLMODE": self.sslmode,
        }
        # Without a password, libpq reads the password file.
        return named | ({"PGPASSWORD": self.password} if self.password else {})


def target_from_environment(schema: str = "") -> Target:
    """Read DISPATCH_PGHOST, PGPORT, PGUSER, PGPASSWORD, PGDATABASE and PGSSLMODE; unset means the embedded server."""
    port = _variable("PORT", str(PORT))
    if not port.isdecimal():
        raise Failure(f"DISPATCH_PGPORT is “{port}” and must be a number.")
    return Target(
        host=_variable("HOST", "") or str(Server().folder),
        port=int(port),
        user=_variable("USER", "postgres"),
        password=_variable("PASSWORD", ""),
        dbname=_variable("DATABASE", "postgres"),
        sslmode=_variable("SSLMODE", "prefer"),
        schema=schema,
    )


def start_if_embedded(target: Target) -> Target:
    """Start the embedded server if that is the target, which is returned."""
    if target.is_embedded:
        start_server()
    return target


def ignore_libpq_variables() -> list[str]:
    """Remove libpq's variables from the environment of this process and its children; return their names.

    PGPASSFILE stays: a password file holds passwords, but does not change what is connected to.
    """
    names = sorted(name for name in os.environ if name.startswith("PG") and name != "PGPASSFILE")
    for name in names:
        del os.environ[name]
    return names


def connect(target: Target) -> Connection:
    """Connect, each statement committing by itself; raise Failure with the reason in one sentence."""
    try:
        connection = psycopg2.connect(
            host=target.host,
            port=target.port,
            user=target.user,
            password=target.password,
            dbname=target.dbname,
            sslmode=target.sslmode,
            connect_timeout=TIMEOUT_SECONDS,
            application_name="dispatch",
            options=session_options(),
            connection_factory=Connection,
        )
    except psycopg2.OperationalError as error:
        reason = explain(error, target)
        raise (Unreachable if reason.startswith("No PostgreSQL") else Failure)(reason) from None
    settle(connection)
    connection.schemas = Schemas(target.schema)
    for register in (psycopg2.extras.register_default_json, psycopg2.extras.register_default_jsonb):
        register(connection, loads=str)  # as text, not as Python objects
    return connection


def settle(connection: Connection) -> None:
    """Let each statement commit by itself; raise Failure when the session lacks the settings that it asked for."""
    connection.autocommit = True
    if connection.server_version >= 170000:  # older servers do not know the setting, so the profile cannot have it
        connection.cursor().execute("set transaction_timeout = 0")
    path = rows(connection, "select pg_catalog.current_setting('search_path')")[0][0]
    if not path.startswith("pg_catalog,"):
        raise Failure(
            f"The session has the search_path {path} and not the one it asked for, because it goes through a pooler:"
            " set the settings for the role, as docs/production.md says."
        )


def explain(error: psycopg2.Error, target: Target) -> str:
    """Say in one sentence why there is no connection and what to do about it."""
    text = str(error).strip()
    if "password authentication failed" in text or "no password supplied" in text:
        return f"Wrong password for user {target.user} on {target.where}: set DISPATCH_PGPASSWORD."
    if re.search(r'role "[^"]*" does not exist', text):
        return f"There is no user {target.user} on {target.where}: set DISPATCH_PGUSER."
    if re.search(r'database "[^"]*" does not exist', text):
        return f"There is no database {target.dbname} on {target.where}: create it or set DISPATCH_PGDATABASE."
    if "unrecognized configuration parameter" in text:
        return f"The server at {target.where} is too old: the project needs PostgreSQL {OLDEST} to {NEWEST}."
    if "unsupported startup parameter" in text:
        return f"The pooler at {target.where} refuses the settings of the session: docs/production.md says what to set."
    if NO_ANSWER.search(text):
        start = ".venv/bin/python -m ops server start"
        remedy = f"{start} starts it" if target.is_embedded else "see DISPATCH_PGHOST and _PGPORT"
        return f"No PostgreSQL answers at {target.where}: {remedy}."
    if FULL.search(text):
        return f"No PostgreSQL session is free at {target.where}: {last_line(error)}."
    return f"Cannot connect to {target.where}: {last_line(error)}"


def last_line(error: psycopg2.Error) -> str:
    """Return the last line of a message, without the questions that libpq puts below it."""
    return [line for line in str(error).strip().splitlines() if not line.startswith("\t")][-1].strip()


def check_server(connection: Connection) -> str | None:
    """Raise Failure when this user cannot build there; return a warning when the version has not been tested."""
    version = connection.server_version // 10000
    if version < OLDEST:
        raise Failure(f"The server is PostgreSQL {version} and the project needs {OLDEST} to {NEWEST}.")
    (database, user, may_create, is_standby, encoding), *_ = rows(
        connection,
        "select current_database(), current_user, has_database_privilege(current_database(), 'create'),"
        " pg_is_in_recovery(), current_setting('server_encoding')",
    )
    if is_standby:
        raise Failure("The server is a standby, which nothing can be written to: set DISPATCH_PGHOST to the primary.")
    if set(database) & {"'", '"'}:
        raise Failure(f"The name of database {database} contains a quotation mark: rename it, or use another one.")
    if encoding != "UTF8":
        raise Failure(
            f"Database {database} has encoding {encoding}: create one with encoding UTF8"
            " (create database … encoding 'UTF8' template template0) and set DISPATCH_PGDATABASE."
        )
    if not may_create:
        raise Failure(f"User {user} may not create schemas: grant create on database {database} to {user}.")
    if version > NEWEST:
        return f"The server is PostgreSQL {version}, newer than any the project was tested on ({OLDEST} to {NEWEST})."
    return None


def preflight(target: Target) -> Connection:
    """Connect and check the server; print a warning when its version has not been tested."""
    connection = connect(target)
    if warning := check_server(connection):
        complain(warning)
    return connection


@contextmanager
def reading_marts(purpose: str) -> Iterator[None]:
    """Raise Failure with the remedy when the marts are missing, of another version, or not readable by this user."""
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
            " set DISPATCH_PGUSER to a user who may, or ask for the right."
        ) from None


def is_broken(error: psycopg2.Error) -> bool:
    """Return whether the connection was lost or the statement cancelled, and not refused by PostgreSQL."""
    return error.pgcode is None or isinstance(error, psycopg2.errors.QueryCanceled)


def interrupt(*_: object) -> None:
    """Handle a signal and remember it: a statement that runs meanwhile ends as if it had been cancelled."""
    interrupted.set()
    raise KeyboardInterrupt


@contextmanager
def transaction(connection: Connection) -> Iterator[Cursor]:
    """Run the block in one transaction of a connection in which statements otherwise commit by themselves."""
    connection.autocommit = False
    try:
        with connection, connection.cursor() as cursor:
            yield cursor
    finally:
        if not connection.closed:
            connection.autocommit = True


def rows(connection: Connection, statement: str, arguments: tuple[Any, ...] | None = None) -> list[tuple[Any, ...]]:
    """Run one query and return all its rows."""
    with connection.cursor() as cursor:
        cursor.execute(statement, arguments)
        return cursor.fetchall()


def _variable(name: str, default: str) -> str:
    return os.environ.get(f"DISPATCH_PG{name}") or default
