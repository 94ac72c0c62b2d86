"""Errors of the legacy server and the warehouse, as sentences that say what happened, where, and what to do."""

import psycopg2

REMEDIES = (
    (psycopg2.errors.InsufficientPrivilege, "Let the owner of the tables, or a superuser, grant the privilege."),
    (
        (psycopg2.errors.UndefinedTable, psycopg2.errors.UndefinedColumn),
        "Its tables are not, or no longer, as they were checked: run the command again.",
    ),
    (
        psycopg2.errors.LockNotAvailable,
        "Another session holds the table, such as a migration of the application: run the command again after it.",
    ),
    (
        psycopg2.errors.SerializationFailure,
        "A standby ends a statement that delays its recovery: run the command again, raise max_standby_streaming_delay"
        " there, or name the primary.",
    ),
    (
        (psycopg2.errors.CharacterNotInRepertoire, psycopg2.errors.UntranslatableCharacter),
        "A text is not valid in the encoding of its database: correct the row, or the encoding.",
    ),
    (psycopg2.errors.DiskFull, "Free some space there and run the command again."),
)


class LegacyConnection(psycopg2.extensions.connection):
    """A connection to the legacy server."""


def sentence(error: psycopg2.Error) -> str:
    """Return what the server said, with its details."""
    parts = (error.diag.message_primary or str(error).strip(), error.diag.message_detail, error.diag.message_hint)
    return ". ".join(part.rstrip(".") for part in parts if part) + "."


def explain(error: psycopg2.Error) -> str:
    """Return which server refused a statement, why, and what to do."""
    is_legacy = error.cursor is not None and isinstance(error.cursor.connection, LegacyConnection)
    server = "The legacy server" if is_legacy else "The server"
    remedy = next((f" {remedy}" for kinds, remedy in REMEDIES if isinstance(error, kinds)), "")
    return f"{server} refused a statement: {sentence(error)}{remedy}"


def is_lost(error: psycopg2.Error) -> bool:
    """Return whether the connection is lost: an error without a code, or one of the connection or of a shutdown."""
    return error.pgcode is None or error.pgcode[:2] in ("08", "57")
