"""The structure of the application's schema: recorded by the hand-over, compared before it is undone."""

from pathlib import Path

from ops.database.connection import Connection, rows
from ops.errors import Failure

QUERY = Path(__file__).with_name("structure.sql").read_text(encoding="utf-8")
TABLE = "handover_structure"
# PostgreSQL writes definitions with the schemas that the search path lacks.
QUALIFIED = "set local search_path to pg_catalog"


def recording(schema: str, release_schema: str) -> list[str]:
    """Return statements that record the structure of the schema, in place of that of an earlier hand-over."""
    table = f"{release_schema}.{TABLE}"
    return [
        QUALIFIED,
        f"drop table if exists {table}",
        f"create table {table} as\n{QUERY.format(schema=schema)}",
        f"comment on table {table} is 'What was handed over. One row per object of the schema and property.'",
        f"set local search_path to {schema}",
    ]


def require(connection: Connection, schema: str, release_schema: str) -> None:
    """Raise Failure when the schema, or the record of its structure, has gone."""
    if rows(connection, "select to_regnamespace(%s)", (schema,)) == [(None,)]:
        raise Failure(f"schema {schema} does not exist any more: somebody renamed or dropped it.")
    if rows(connection, "select to_regclass(%s)", (f"{release_schema}.{TABLE}",)) == [(None,)]:
        raise Failure(
            f"an earlier version handed over, which did not record the structure of schema {schema}. Compare the schema"
            " with target/handover/schema.sql by hand."
        )


def differences(connection: Connection, schema: str, release_schema: str) -> list[str]:
    """Return what was changed since it was recorded, each in a few words; raise Failure when nothing was recorded."""
    table = f"{release_schema}.{TABLE}"
    require(connection, schema, release_schema)
    connection.cursor().execute(QUALIFIED)
    recorded = rows(connection, f"select name, property, value from {table}")
    before = {(name, property_): value for name, property_, value in recorded}
    now = {(name, property_): value for name, property_, value in rows(connection, QUERY.format(schema=schema))}
    new = {name for name, _ in now} - {name for name, _ in before}
    missing = {name for name, _ in before} - {name for name, _ in now}
    found = []
    for name, property_ in sorted(key for key in before.keys() | now.keys() if before.get(key) != now.get(key)):
        was, value = before.get((name, property_)), now.get((name, property_))
        if name in new:
            # A column of a new table is not named, the table is.
            found += [f"{name} is new"] if property_ == "existence" and value not in new else []
        elif name in missing:
            found += [f"{name} is missing"] if property_ == "existence" and was not in missing else []
        elif property_ == "owner":
            found.append(f"{name} belongs to {value} instead of {was}")
        elif property_ == "comment":
            found.append(f"{name} has {'no comment' if value is None else 'another comment'}")
        elif property_ == "definition":
            found.append(f"{name} was altered")
        elif property_ != "existence":
            right = property_ if value is not None else property_.replace(" has ", " no longer has ")
            found.append(f"{right} on {name}{value or ''}")
    return found
