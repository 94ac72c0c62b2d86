"""The legacy tables as dbt declares them: two variables, and the sources of the staging models."""

import csv
from functools import cache
from typing import Any

import yaml
from jinja2 import Environment
from jinja2.environment import TemplateModule

from ops.project import DBT_PROJECT, ROOT, SOURCE_FILES

NOT_MIGRATED = ROOT / "seeds" / "tables_not_migrated.csv"

_VARIABLES = yaml.safe_load(DBT_PROJECT.read_text(encoding="utf-8"))["vars"]
SCHEMA = _VARIABLES["legacy_schema"]
TIME_ZONE = _VARIABLES["legacy_time_zone"]  # of times whose columns have none; "" when all have one


def declared() -> dict[str, dict[str, str]]:
    """Return the type of every declared column, by table; without secret columns, which must not leave the source."""
    return {
        table: {name: column["data_type"] for name, column in columns.items() if not _meta(column).get("secret")}
        for table, columns in columns_in_yaml().items()
    }


@cache
def columns_in_yaml() -> dict[str, dict[str, dict[str, Any]]]:
    """Return everything that the YAML says about the columns, by table and column."""
    return {
        table.get("identifier", table["name"]): {column["name"]: column for column in table["columns"]}
        for file in sorted(SOURCE_FILES.glob("**/*sources*.yml"))
        for source in yaml.safe_load(file.read_text(encoding="utf-8"))["sources"]
        for table in source["tables"]
    }


@cache
def not_migrated() -> set[str]:
    """Return the tables of the legacy database that are not migrated, by decision."""
    with NOT_MIGRATED.open(encoding="utf-8", newline="") as file:
        return {row["table_name"] for row in csv.DictReader(file)}


def macros(file: str) -> TemplateModule:
    """Return the macros of a file in macros/engine that use nothing of dbt."""
    text = (ROOT / "macros" / "engine" / f"{file}.sql").read_text(encoding="utf-8")
    return Environment(extensions=["jinja2.ext.do"]).from_string(text).module


def _meta(column: dict[str, Any]) -> dict[str, Any]:
    return column.get("config", {}).get("meta", {})
