"""Rules of dbt-bouncer.yml that its own checks cannot express."""

import re

from dbt_bouncer.check_framework.decorator import check, fail


def generic_tests(model, ctx, name: str) -> list:
    """Return the generic tests of that name on the model or one of its columns."""
    return [test for test in ctx.tests_by_attached_node.get(model.unique_id, []) if test.test_metadata.name == name]


@check
def check_mart_columns_are_held(model, ctx):
    """Every column has a constraint or a test; a misspelt YAML key, such as `data-tests:`, parses and creates none."""
    held = {column for constraint in model.constraints or [] for column in constraint.columns or []}
    held |= {column for column in model.columns if model.columns[column].constraints}
    for test in ctx.tests_by_attached_node.get(model.unique_id, []):
        held |= {test.column_name, *test.test_metadata.kwargs.get("columns", [])}
    if loose := [column for column in model.columns if column not in held]:
        fail(f"`{model.name}` has columns without a constraint or a test: {loose}. Is their YAML key spelt data_tests?")


@check
def check_contract_is_tested(model, ctx):
    """One test compares the contract with the database, and every check in it has a name."""
    if not generic_tests(model, ctx, "contract_is_enforced"):
        fail(f"`{model.name}` has no test contract_is_enforced.")
    constraints = [*model.constraints, *(each for column in model.columns.values() for each in column.constraints)]
    if nameless := [each.expression for each in constraints if each.type == "check" and not each.name]:
        fail(f"`{model.name}` has checks without a name: {nameless}.")


@check
def check_mart_keys_are_held(model, ctx, *, not_ours: str):
    """One column is the primary key; every other `*_id` is a foreign key with a relationships test.

    Legacy ids and names that match `not_ours` refer to rows of other systems.
    """
    kinds = {column: {each.type for each in model.columns[column].constraints or []} for column in model.columns}
    related = {test.column_name for test in generic_tests(model, ctx, "relationships")}
    primary = [column for column in kinds if "primary_key" in kinds[column]]
    if len(primary) != 1 or "not_null" not in kinds[primary[0]]:
        fail(f"`{model.name}` needs one column that is the primary key and not null: {primary}.")
    for column in kinds:
        if not column.endswith("_id") or column in primary or re.match(f"legacy_|{not_ours}", column):
            continue
        if "foreign_key" not in kinds[column] or column not in related:
            fail(f"`{model.name}.{column}` needs a foreign_key constraint and a relationships test.")


@check
def check_mart_reads_one_triage(model, ctx):
    """A mart reads one intermediate model; one loaded in batches also names their signatures."""
    parents = [each for each in model.depends_on.nodes if not each.endswith("__signatures")]
    models = [ctx.models_by_unique_id[each] for each in parents if each in ctx.models_by_unique_id]
    triaged = [each.name for each in models if each.original_file_path.startswith("models/intermediate/")]
    if len(triaged) != 1:
        fail(f"`{model.name}` must read one intermediate model: {triaged}.")


@check
def check_source_is_cleaned_in_one_place(source, ctx):
    """One model reads a legacy table, besides those of the audit, which change nothing."""
    models = ctx.children_by_unique_id.get(source.unique_id, [])
    readers = [model.name for model in models if "audit/" not in model.original_file_path]
    if len(readers) > 1:
        fail(f"Source `{source.source_name}.{source.name}` is read by several models: {readers}.")


def spelt_otherwise(columns, type_pattern: str) -> list[str]:
    """Return the columns whose data type is declared and does not match the pattern."""
    return [
        column for column in columns if (type_ := columns[column].data_type) and not re.fullmatch(type_pattern, type_)
    ]


@check
def check_model_types_have_one_spelling(model, ctx, *, type_pattern: str):
    """Every data type is written in the one spelling of the pattern."""
    if columns := spelt_otherwise(model.columns, type_pattern):
        fail(f"`{model.name}` has data types in another spelling: {columns}.")


@check
def check_source_types_have_one_spelling(source, ctx, *, type_pattern: str):
    """Every data type is written in the one spelling of the pattern."""
    if columns := spelt_otherwise(source.columns, type_pattern):
        fail(f"`{source.source_name}.{source.name}` has data types in another spelling: {columns}.")
