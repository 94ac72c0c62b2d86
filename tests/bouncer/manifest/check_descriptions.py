"""Rules about descriptions and owners in dbt-bouncer.yml that its own checks cannot express."""

import re

from dbt_bouncer.check_framework.decorator import check, fail


def assert_has_grain(node):
    """Fail when the description does not say what one row is."""
    if not re.search(r"\w.*\*\*Grain:\*\* \w", node.description or "", re.DOTALL):
        fail(f"`{node.name}` has a description without **Grain:**, or none.")


def assert_has_group(node):
    """Fail when a node has no group, and so no owner."""
    if not node.config.group:
        fail(f"`{node.name}` has no group: set one in its YAML or in dbt_project.yml.")


def argument_names(macro) -> list[str]:
    """Return the names of the arguments that a macro or a generic test takes, in their order."""
    taken = re.match(r"\{%-? *(?:macro|test) +\w+ *\((.*?)\) *-?%}", macro.macro_sql, re.DOTALL)
    defaults = r"=\s*(\[.*?\]|\(.*?\)|'.*?'|\".*?\")"
    return re.findall(r"(?:^|,)\s*(\w+)", re.sub(defaults, "", taken[1])) if taken else []


@check
def check_model_has_group(model):
    """A model belongs to a group."""
    assert_has_group(model)


@check
def check_seed_has_grain_and_group(seed):
    """A seed says what one row is, and belongs to a group."""
    assert_has_grain(seed)
    assert_has_group(seed)


@check
def check_snapshot_has_grain_and_group(snapshot):
    """A snapshot says what one row is, and belongs to a group."""
    assert_has_grain(snapshot)
    assert_has_group(snapshot)


@check
def check_source_has_grain(source):
    """A legacy table says what one row is."""
    assert_has_grain(source)


@check
def check_unit_test_is_described(unit_test):
    """A unit test says what it proves."""
    if not (unit_test.description or "").strip():
        fail(f"Unit test `{unit_test.name}` has no description.")


@check
def check_groups_are_described(ctx):
    """A group has a description and an owner with a name."""
    groups = ctx.manifest_obj.manifest.groups.values()
    if bare := [group.name for group in groups if not group.description or not group.owner.name]:
        fail(f"Groups without a description or a named owner: {bare}.")


@check
def check_macro_is_described(macro, ctx):
    """A macro that a node or a person calls has a description in YAML, with its arguments; any other has a comment.

    The description of a test names its arguments in backticks, because dbt takes them for unknown ones elsewhere.

    The nodes are models, tests, seeds, snapshots and the hooks of dbt_project.yml. A person calls what nothing else
    calls. The implementation for one engine counts as its macro; a macro that overrides one of dbt's has a comment.
    """
    manifest = ctx.manifest_obj.manifest
    name, _, implemented = macro.name.partition("__")
    whole = manifest.macros.get(f"macro.{macro.package_name}.{implemented}") if implemented else None
    by_nodes = {each for node in manifest.nodes.values() for each in node.depends_on.macros or []}
    by_macros = {each for other in manifest.macros.values() for each in other.depends_on.macros or []}
    if not implemented and (macro.unique_id in by_nodes or macro.unique_id not in by_macros):
        if not macro.description:
            fail(f"Macro `{name}` is called by nodes or people: describe it in the YAML of its folder.")
        described = [each.name for each in macro.arguments or [] if each.type and each.description]
        if name.startswith("test_"):
            described = [each for each in argument_names(macro) if f"`{each}`" in macro.description]
        if described != argument_names(macro):
            fail(f"Macro `{name}` takes {argument_names(macro)}; with type and description there are {described}.")
    elif not any(
        (macro.description, whole and whole.description, re.search(r"\{#|adapter\.dispatch", macro.macro_sql))
    ):
        fail(f"Macro `{macro.name}` has no comment that says what it does.")
