"""Columns that a change forgot: in a contract, among the comparisons with the legacy table, or by their type."""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

# The types that PostgreSQL writes into one another without a loss: the triage rejects what would be rounded or cut.
KINDS = {
    "text": ("text", "character varying", "varchar", "character"),
    "number": ("smallint", "integer", "bigint", "numeric", "real", "double precision"),
    "time": ("date", "timestamp with time zone", "timestamp without time zone"),
}
KIND = {data_type: kind for kind, types in KINDS.items() for data_type in types}

Manifest = Mapping[str, Any]


def catalog_query(schema: str) -> str:
    """Return the query of table, column and type of all that is in a schema."""
    return (
        "select table_name, column_name, data_type from information_schema.columns"
        f" where table_schema = '{schema}' order by table_name, ordinal_position"
    )


def findings(manifest: Manifest, triages: Collection[tuple[str, str, str]], built: Collection[str] = ()) -> list[str]:
    """Return what was forgotten in the marts of which one of the nodes `built` is the mart or its triage, or in all.

    `triages` is what the catalog query returns for the schema of the intermediate models.
    """
    found: list[str] = []
    for id, mart in manifest["nodes"].items():
        if mart["resource_type"] != "model" or not mart["original_file_path"].startswith("models/marts/"):
            continue
        triage = manifest["nodes"][f"model.{mart['package_name']}.int_{mart['name']}__triaged"]
        if not built or {id, triage["unique_id"]} & set(built):
            types = {column: data_type for table, column, data_type in triages if table == triage["alias"]}
            found += [*_left_out(mart, triage, types), *_other_kinds(mart, triage, types)]
            found += _not_compared(mart, _arguments(manifest, id))
    return found


def _left_out(mart: Manifest, triage: Manifest, types: Mapping[str, str]) -> Iterator[str]:
    for column, data_type in types.items():
        # A legacy reference may stay behind: the mart has the key that it was resolved to.
        is_reference = re.fullmatch("legacy_.*_id", column)
        if column not in mart["columns"] and column not in triage["columns"] and not is_reference:
            yield (
                f"{triage['name']}.{column} is not in {mart['name']}. Add it to {_yaml(mart)}:\n"
                f"      - name: {column}\n"
                f"        description: …\n"
                f"        data_type: {data_type}\n"
                f"  or, when {mart['name']} leaves it out on purpose, describe it in {_yaml(triage)}."
            )


def _other_kinds(mart: Manifest, triage: Manifest, types: Mapping[str, str]) -> Iterator[str]:
    for name, column in mart["columns"].items():
        declared, actual = (column["data_type"] or "").partition("(")[0], types.get(name)
        is_checked_json = (actual, declared) == ("text", "jsonb")
        if actual and KIND.get(declared, declared) != KIND.get(actual, actual) and not is_checked_json:
            yield (
                f"{mart['name']}.{name} is {declared} in its contract, and {actual} in {triage['name']}. "
                f"Write in {_yaml(mart)}:\n"
                f"        data_type: {actual}\n"
                f"  or cast it in {triage['original_file_path']}."
            )


def _not_compared(mart: Manifest, tests: Collection[Mapping[str, Any]]) -> Iterator[str]:
    compared = {test["key"] for test in tests}
    # A key of the argument is a column, or an expression that begins with one.
    compared |= {each.split()[0] for test in tests for each in [*test.get("columns", {}), *test.get("cleaned", {})]}
    reasons = mart["config"]["meta"].get("not_compared", {})
    for name, column in mart["columns"].items():
        if name not in compared and name not in reasons and not _is_held_otherwise(name, column):
            yield (
                f"{mart['name']}.{name} is not compared with the legacy table. "
                f"Add it to equals_legacy in {_yaml(mart)}:\n"
                f"              {name}: <legacy column>\n"
                f"  or say why it is not compared, in config of {mart['name']}:\n"
                f"        not_compared:\n"
                f"          {name}: <reason>"
            )
    for name in reasons:
        if name not in mart["columns"] or name in compared:
            yield (
                f"{mart['name']}.{name} is {'compared' if name in compared else 'not a column'}: "
                f"remove it from not_compared in {_yaml(mart)}."
            )


def _is_held_otherwise(name: str, column: Manifest) -> bool:
    """Return whether it is a key, the id that finds the legacy row, or recomputed by the hand-over."""
    kinds = {constraint["type"] for constraint in column["constraints"]}
    is_legacy_id = name.startswith("legacy_") and "unique" in kinds
    is_generated = "generated" in column["config"]["meta"].get("application", {})
    return bool(kinds & {"primary_key", "foreign_key"}) or is_legacy_id or is_generated


def _arguments(manifest: Manifest, mart: str) -> list[Mapping[str, Any]]:
    return [
        node["test_metadata"]["kwargs"]
        for node in manifest["nodes"].values()
        if node.get("attached_node") == mart and node["test_metadata"]["name"] == "equals_legacy"
    ]


def _yaml(node: Manifest) -> str:
    return node["patch_path"].partition("://")[2]
