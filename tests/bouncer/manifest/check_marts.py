"""Rules of dbt-bouncer.yml that its own checks cannot express."""

import re

from dbt_bouncer.check_framework.decorator import check, fail


def tests_by_column(model, ctx) -> dict[str, set[str]]:
    """Name the generic tests that stand on each column."""
    found: dict[str, set[str]] = {}
    for test in ctx.tests_by_attached_node.get(model.unique_id, []):
        if test.column_name:
            found.setdefault(test.column_name, set()).add(test.test_metadata.name)
    return found


@check
def check_mart_columns_are_tested(model, ctx):
    """Every column has a test: a key misspelt in YAML, such as `data-tests:`, parses and makes none."""
    tested = tests_by_column(model, ctx)
    if untested := [column for column in model.columns if column not in tested]:
        fail(f"`{model.name}` has columns without a test: {untested}. Is their YAML key spelt data_tests?")


@check
def check_mart_keys_are_held(model, ctx, *, not_ours: str):
    """One column is the primary key, tested as such; every other `*_id` is a foreign key with a relationships test.

    Legacy ids and what matches `not_ours` name rows of other systems.
    """
    tested = tests_by_column(model, ctx)
    kinds = {column: {each.type for each in model.columns[column].constraints or []} for column in model.columns}
    primary = [column for column in kinds if "primary_key" in kinds[column]]
    if len(primary) != 1 or not {"unique", "not_null"} <= tested.get(primary[0], set()):
        fail(f"`{model.name}` needs one column that is the primary key and tested as unique and not_null: {primary}.")
    for column in kinds:
        if not column.endswith("_id") or column in primary or re.match(f"legacy_|{not_ours}", column):
            continue
        if "foreign_key" not in kinds[column] or "relationships" not in tested.get(column, set()):
            fail(f"`{model.name}.{column}` needs a foreign_key constraint and a relationships test.")


@check
def check_source_is_cleaned_in_one_place(source, ctx):
    """One model reads a legacy table, besides those of the audit, which change nothing."""
    models = ctx.children_by_unique_id.get(source.unique_id, [])
    readers = [model.name for model in models if "audit/" not in model.original_file_path]
    if len(readers) > 1:
        fail(f"Source `{source.source_name}.{source.name}` is read by several models: {readers}.")
