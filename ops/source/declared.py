"""The legacy tables as dbt declares them: two variables, and the sources of the staging models."""

import yaml

from ops.database.connection import Connection, rows
from ops.errors import Failure
from ops.project import DBT_PROJECT, SOURCE_FILES

_VARIABLES = yaml.safe_load(DBT_PROJECT.read_text(encoding="utf-8"))["vars"]
SCHEMA = _VARIABLES["legacy_schema"]
TIME_ZONE = _VARIABLES["legacy_time_zone"]  # of times whose columns have none; "" when all have one


def declared() -> dict[str, dict[str, str]]:
    """Return the type of every declared column, by table; without secret columns, which must not leave the source."""
    return {
        table.get("identifier", table["name"]): {
            column["name"]: column["data_type"]
            for column in table["columns"]
            if not column.get("config", {}).get("meta", {}).get("secret")
        }
        for file in sorted(SOURCE_FILES.glob("**/*sources*.yml"))
        for source in yaml.safe_load(file.read_text(encoding="utf-8"))["sources"]
        for table in source["tables"]
    }


def check_present(connection: Connection, remedy: str) -> None:
    """Raise Failure, with a remedy, when the warehouse lacks a declared table."""
    tables = "select table_name from information_schema.tables where table_schema = %s"
    if missing := sorted(declared().keys() - {name for (name,) in rows(connection, tables, (SCHEMA,))}):
        names = ", ".join(missing[:5]) + (f" and {len(missing) - 5} more" if len(missing) > 5 else "")
        raise Failure(f"Schema {SCHEMA} lacks {names}: {remedy}")
