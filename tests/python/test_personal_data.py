"""No personal value reaches a column that is not tagged pii: analysts are shown every column that is not.

Everything is asked of one build of the smallest legacy database, in which every value of a tagged source column was
marked before: wherever a mark turns up, whatever the column is called there, a personal value would have come.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, NamedTuple

import pytest
from conftest import Database
from inprocess import Project
from releases import read_project

from ops import report
from ops.release import records
from tests.replay import Replay

LAYERS = ("staging", "intermediate", "marts", "audit", "snapshots")
SHOWN = ("marts", "audit", "snapshots")

# A mark is in front of a text and inside a JSON value; a date is replaced by one that no row has.
MARK = r"canary\d{3}x|1901-\d\d-\d\d"
# In front of every untagged text: what a user could have written there at worst.
FREE_MARK = r"magpie \d{3}"
FIRST_DATE = date(1901, 1, 1)

# Parts of column names that suggest personal data or free text.
SOUNDS_PERSONAL = re.compile(
    r"(^|_)(name|first|last|full|initials|login|user|username|sender|author|e?mail|phone|mobile|fax|contact"
    r"|birth|birthday|birthdate|dob|age|ssn|passport|ip"
    r"|address|street|apartment|apt|city|zip|postal|postcode|ship_to"
    r"|card|bin|last_four|iban|account|customer|square|sq|token|password"
    r"|notes?|text|body|comments?|complaint|objective|conditions?|message|subject|description|preferences"
    r"|discount_reason|context|exports|schemes|parameters|installments|json)(_|$)"
)
# No name is in a key, a flag or a time, whatever it is called: author_profile_id, is_email_malformed, last_login_at.
HARMLESS = re.compile(r"\w+ (uuid|boolean|timestamp with time zone)|legacy_\w+_id integer")

# Why columns that sound personal or read like prose are not tagged.
READABLE = {
    column: reason
    for reason, columns in {
        "a list of the laboratory's own, the same for every patient": (
            "categories.category_name",
            "courses.course_name",
            "courses.customization",
            "products.product_name",
            "products.description",
            "products.customization",
            "templates.task_name",
            "templates.action_name",
            "templates.text_name",
        ),
        "a job or a group, which anybody may have or be in": (
            "roles.role_name",
            "teams.legacy_group_name",
            "teams.team_name",
            "technicians.specialty",
            "technicians_history.specialty",
            "template_view_groups.group_name",
        ),
        "written by the application or a seed": (
            "messages.message_type",
            "notifications.template_name",
            "permissions.model_name",
            "permissions.permission_name",
        ),
        "no place smaller than a state": (
            "offices.country_name",
            "shipments.ship_to_country_code",
            "shipments.ship_to_state",
        ),
        "a name in the catalog of the legacy database, or a seed": tuple(
            f"legacy_inventory.{column}" for column in ("subject", "table_name", "column_name", "kind", "reason")
        ),
        "a seed": ("migration_rejects.meaning", "migration_rejects.remedy"),
        "a machine": ("storages.address", "storages.storage_name"),
    }.items()
    for column in columns
}

# Tagged without holding a value: how many characters the texts have, and what their hashes add up to.
SUMS = {
    f"text_reconciliation.{column}"
    for column in (
        *("legacy_characters", "mart_characters", "left_out_characters"),
        *("legacy_checksum", "kept_checksum"),
    )
}

# Texts that the laboratory keeps as lists, the same for every patient: analysts see them as they are written.
LISTS = {
    "categories.category_name", "courses.course_name", "courses.customization", "products.customization",
    "products.description", "products.product_name", "roles.abbreviation", "roles.role_name", "storages.address",
    "storages.storage_name", "template_view_groups.group_name", "templates.action_name", "templates.task_name",
    "templates.text_name",
}  # fmt: skip


class Column(NamedTuple):
    """A column of a built relation; layer is the schema without the prefix."""

    layer: str
    relation: str
    name: str

    def __str__(self) -> str:
        """Name it as READABLE does."""
        return f"{self.relation}.{self.name}"


@dataclass(frozen=True, repr=False)  # a failing test must not print the values
class Build:
    """What was built of marked legacy tables; the names of people are those of before."""

    types: dict[Column, str]
    tagged: set[Column]
    carried: dict[Column, set[str]]  # the source columns whose marks it holds
    values: dict[Column, list[str]]  # of each text or JSON column that is shown and not tagged
    sources: set[str]  # table.column of every marked column
    people: set[str]
    shown: set[str]  # the columns of analysts' views that hold a mark of either kind
    report: str  # HTML and Markdown


@pytest.fixture(scope="module")
def built(scratch: Database, project: Project, replay: Replay) -> Build:
    """Mark every personal value, build, and look where the marks are."""
    scratch.load_legacy("tiny")
    people = names_of_people(scratch)
    marks = mark(scratch, project)
    mark_free_texts(scratch, project)
    scratch.build(replay)

    types = {
        Column(schema.removeprefix("dispatch_"), relation, name): kind
        for schema, relation, name, kind in scratch.rows(
            "select nspname, relname, attname, format_type(atttypid, atttypmod) from pg_attribute"
            " inner join pg_class on attrelid = pg_class.oid inner join pg_namespace on relnamespace = pg_namespace.oid"
            f" where nspname in {tuple(f'dispatch_{layer}' for layer in LAYERS)} and relkind in ('r', 'v')"
            " and attnum > 0 and not attisdropped"
        )
    }
    carried: dict[Column, set[str]] = defaultdict(set)
    for layer, relation in {(column.layer, column.relation) for column in types}:
        for name, found in scratch.rows(
            f"select distinct field.key, mark[1] from dispatch_{layer}.{relation} as row"
            " cross join jsonb_each_text(to_jsonb(row)) as field"
            f" cross join regexp_matches(lower(field.value), '{MARK}', 'g') as mark"
        ):
            carried[Column(layer, relation, name)].add(marks[found])

    tagged = {
        column for column in types if (described := description(project, column)) and described.config.meta.get("pii")
    }
    values = {
        column: [
            value
            for (value,) in scratch.rows(
                f"select distinct regexp_replace(cast(\"{column.name}\" as text), '{FREE_MARK} ', '', 'gi')"
                f' from dispatch_{column.layer}.{column.relation} where "{column.name}" is not null'
            )
        ]
        for column, kind in types.items()
        if column.layer in SHOWN and column not in tagged and kind in ("text", "json", "jsonb")
    }
    with closing(scratch.connect()) as opened:
        records.prepare(opened)
        # The views of a candidate, and of what was built here.
        opened.cursor().execute("alter schema dispatch_marts rename to dispatch_next_marts")
        opened.cursor().execute("alter schema dispatch_audit rename to dispatch_next_audit")
        opened.cursor().execute("alter schema dispatch_intermediate rename to dispatch_next_intermediate")
        records.call(opened, "create_views", json.dumps(read_project(project)), None)
        for layer in ("marts", "audit", "intermediate"):
            opened.cursor().execute(f"alter schema dispatch_next_{layer} rename to dispatch_{layer}")
    shown = {
        f"{view}.{column}"
        for (view,) in scratch.rows("select viewname from pg_views where schemaname = 'analytics_next'")
        for (column,) in scratch.rows(
            f"select distinct field.key from analytics_next.{view} as row"
            f" cross join jsonb_each_text(to_jsonb(row)) as field where field.value ~* '{MARK}|{FREE_MARK}'"
        )
    }
    page, markdown, _ = report.write(scratch.connect(), scratch.folder)
    text = page.read_text(encoding="utf-8") + markdown.read_text(encoding="utf-8")
    return Build(types, tagged, carried, values, set(marks.values()), people, shown, text)


def described_nodes(project: Project) -> dict[str, Any]:
    """Return the models and snapshots by name."""
    nodes = project.manifest.nodes.values()
    return {node.name: node for node in nodes if node.resource_type in ("model", "snapshot")}


def description(project: Project, column: Column) -> Any:
    """Return what YAML says about a column, None when nothing; a history has the columns of its mart."""
    nodes = described_nodes(project)
    node = nodes.get(column.relation)
    mart = nodes.get(column.relation.removesuffix("_history"))
    return node and (node.columns.get(column.name) or (mart and mart.columns.get(column.name)))


def names_of_people(database: Database) -> set[str]:
    """Return login names and full names, both ways round, in lower case."""
    people = database.rows("select username, first_name, last_name from legacy.auth_user")
    names = {username for username, _, _ in people}
    for _, first, last in people:
        if first.strip() and last.strip():
            names |= {f"{first.strip()} {last.strip()}", f"{last.strip()} {first.strip()}"}
            names.add(f"{last.strip()}, {first.strip()}")
    return {name.strip().lower() for name in names if len(name.strip()) > 3}


def mark(database: Database, project: Project) -> dict[str, str]:
    """Mark all values of the tagged source columns; return the column, as table.column, of each mark."""
    marks: dict[str, str] = {}
    for source in project.manifest.sources.values():
        kinds = dict(
            database.rows(
                "select column_name, data_type from information_schema.columns"
                f" where table_schema = 'legacy' and table_name = '{source.name}'"
            )
        )
        assignments = []
        for name, column in source.columns.items():
            if column.config.meta.get("pii") and name in kinds:
                number = len(marks)
                if kinds[name] == "date":
                    text = str(FIRST_DATE + timedelta(days=number))
                    value = f"date '{text}'"
                else:
                    assert kinds[name] in ("text", "character varying"), f"{name}: how is a {kinds[name]} marked?"
                    text = f"canary{number:03}x"
                    value = marked(f'"{name}"', text)
                marks[text] = f"{source.name}.{name}"
                assignments.append(f'"{name}" = {value}')
        if assignments:
            database.execute(f"update legacy.{source.name} set {', '.join(assignments)}")
    return marks


def mark_free_texts(database: Database, project: Project) -> None:
    """Mark every fifth value of the text columns that are not tagged, in each table that is read."""
    for number, (table, column, length) in enumerate(
        database.rows(
            "select table_name, column_name, character_maximum_length from information_schema.columns"
            " where table_schema = 'legacy' and data_type in ('text', 'character varying') order by 1, 2"
        )
    ):
        source = next(each for each in project.manifest.sources.values() if each.name == table)
        if column in source.columns and not source.columns[column].config.meta.get("pii"):
            value = f"""left({marked(f'"{column}"', f"Magpie {number:03} ")}, {length or 100000})"""
            some = f"id % 5 = 0 or (select max(id) from legacy.{table}) < 9"
            database.execute(f'update legacy.{table} set "{column}" = {value} where {some}')


def marked(column: str, text: str) -> str:
    """Return the expression of a marked text: what is JSON stays JSON and an address stays an address."""
    return f"""
        case case when pg_input_is_valid({column}, 'jsonb') then jsonb_typeof(cast({column} as jsonb)) end
            when 'object' then cast(cast({column} as jsonb) || '{{"{text}": "{text}"}}' as text)
            when 'array' then cast(cast({column} as jsonb) || '["{text}"]' as text)
            else '{text}' || coalesce({column}, '')
        end"""


def assert_none(findings: Iterable[str]) -> None:
    """Fail with all findings; pytest would shorten a list."""
    assert not (found := sorted(findings)), "\n".join(found)


def test_columns_with_personal_values_are_tagged(built: Build) -> None:
    assert_none(
        f"tag {column} pii: values of {', '.join(sorted(sources))} are in it"
        for column, sources in built.carried.items()
        if column not in built.tagged and column.layer in SHOWN
    )


def test_layers_that_analysts_do_not_read_are_tagged_as_a_whole(built: Build, project: Project) -> None:
    nodes = described_nodes(project)
    hidden = {column.relation for column in built.carried if column.layer not in SHOWN}
    assert len(hidden) > 30
    assert_none(f"{name} is not tagged" for name in hidden if not nodes[name].config.meta.get("pii"))


def test_tagged_columns_have_personal_values(built: Build) -> None:
    """Else its source lacks the tag, its own tag is a mistake, or the marks do not get as far as they should."""
    assert len(built.tagged) > 50
    marked = {str(column) for column in built.carried} | SUMS
    assert_none(
        f"{column} holds nothing of a tagged source column" for column in built.tagged if str(column) not in marked
    )


def test_analysts_see_no_free_text(built: Build) -> None:
    """Whatever is in a legacy text: decoded by a list, shown by its form alone, or not shown."""
    assert_none(f"{column} shows what was written into a legacy text" for column in built.shown - LISTS)
    assert_none(f"{column} shows nothing of a legacy text: take it off LISTS" for column in LISTS - built.shown)


def test_the_report_quotes_no_legacy_text(built: Build) -> None:
    assert "Migration" in built.report
    assert_none(set(re.findall(f"{MARK}|{FREE_MARK}", built.report, re.IGNORECASE)))


def test_secrets_stay_at_the_source(built: Build, project: Project) -> None:
    secret = re.compile(r"password|passwd|token|secret|session|api_?key|(?<!doctor)settings?\b")
    assert {source for source in built.sources if not secret.search(source)} == set().union(*built.carried.values())
    assert_none(source.name for source in project.manifest.sources.values() if secret.search(source.name))
    staging = [node for node in described_nodes(project).values() if node.path.startswith("staging/")]
    assert len(staging) > 30
    assert_none(f"{node.name} reads a secret" for node in staging if secret.search(node.raw_code))


def test_columns_with_personal_names_are_tagged_or_explained(built: Build) -> None:
    assert_none(
        f"{column} sounds personal: tag it pii, or say in READABLE why not"
        for column in sounding_personal(built)
        if str(column) not in READABLE
    )


def test_no_untagged_text_holds_an_address_a_number_or_a_name(built: Build) -> None:
    assert len(built.people) > 100
    known = "|".join(re.escape(name) for name in sorted(built.people))
    patterns = {
        "e-mail addresses": re.compile(r"[^\s@\"<>]+@[^\s@\"<>]+\.[a-z]{2,}"),
        "telephone numbers": re.compile(r"(\+\d|\(\d{2,4}\))[\d\s().-]{6,}\d|\b\d{3}[-. ]\d{3,4}[-. ]\d{4}\b"),
        # No card begins with 0 or 1, as the bits of teeth do.
        "card numbers": re.compile(r"\b[2-6]\d{3}([ -]?\d){9,15}\b"),
        "names of people": re.compile(rf"(?<!\w)({known})(?!\w)"),
    }
    assert_none(
        f"{column} holds {count} {what}"
        for column, values in built.values.items()
        for what, pattern in patterns.items()
        if (count := sum(bool(pattern.search(value.lower())) for value in values))
    )


def test_no_untagged_text_is_prose(built: Build) -> None:
    assert_none(
        f"{column} holds {count} values that are long or of several words: tag it pii, or say in READABLE why not"
        for column, count in prose(built).items()
        if str(column) not in READABLE
    )


def test_every_explanation_is_needed(built: Build) -> None:
    assert_none(set(READABLE) - {str(column) for column in [*sounding_personal(built), *prose(built)]})


def test_yaml_describes_columns_that_exist(built: Build, project: Project) -> None:
    """A tag on a column that is not there, or is spelt differently, protects nothing."""
    types = {(column.relation, column.name): kind for column, kind in built.types.items()}
    described = {
        (node.name, name): column.data_type
        for node in described_nodes(project).values()
        if node.config.materialized != "ephemeral"
        for name, column in node.columns.items()
    }
    assert len(described) > 500
    assert_none(
        f"{'.'.join(column)}: described as {kind or 'a column'}, found {types.get(column, 'none')}"
        for column, kind in described.items()
        if column not in types or (kind and kind.replace(", ", ",") != types[column])
    )


def sounding_personal(built: Build) -> list[Column]:
    """Return the columns that are shown, not tagged, and have a telling name and a type that can hold an answer."""
    return [
        column
        for column, kind in built.types.items()
        if column.layer in SHOWN and column not in built.tagged
        if SOUNDS_PERSONAL.search(column.name) and not HARMLESS.fullmatch(f"{column.name} {kind}")
    ]


def prose(built: Build) -> dict[Column, int]:
    """Return how many values of a column may be free text: three words or more than forty characters."""
    counts = {
        column: sum(len(value.split()) > 2 or len(value) > 40 for value in values)
        for column, values in built.values.items()
    }
    return {column: count for column, count in counts.items() if count}
