"""docs/legacy-traps.md: every query shows on the legacy data what the page says it shows."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from conftest import Database

from ops.project import ROOT

PAGE = ROOT / "docs" / "legacy-traps.md"
TRAP = re.compile(
    r"(?P<title>[^\n]+)\n\n.+?\n\nHandled by: (?P<handlers>[^\n]+)\n\n"
    r"```sql\n(?P<query>.+?)\n```\n\nShows: (?P<shows>[^|]+?)\n\n(?P<table>(?:\|[^\n]+\n)+)\n?",
    re.DOTALL,
)
NUMBER = re.compile(r"\d+(?:\.\d+)?")


@dataclass(frozen=True)
class Trap:
    """What the page says of a trap."""

    title: str
    handlers: str
    query: str
    shows: str
    table: str


def sections() -> list[str]:
    """Return the text of every trap, from its heading to the next."""
    return [
        re.split(r"^## ", section, flags=re.MULTILINE)[0]
        for section in re.split(r"^### ", PAGE.read_text(), flags=re.MULTILINE)[1:]
    ]


def traps() -> list[Trap]:
    """Return the traps that are written as they should be."""
    return [Trap(**found.groupdict()) for section in sections() if (found := TRAP.fullmatch(section))]


def rendered(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Write a result as a Markdown table; what could not be seen otherwise, as SQL would write it: null, '', 'USA '."""

    def cell(value: Any) -> str:
        if isinstance(value, bool) or value is None:
            return {True: "true", False: "false", None: "null"}[value]
        return f"'{value}'" if value == "" or str(value) != str(value).strip() else str(value)

    lines = [names, ["---"] * len(names), *([cell(value) for value in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


@pytest.fixture(scope="module")
def legacy(scratch: Database) -> Database:
    """Load the legacy data at the scale the page speaks of; nothing is built."""
    scratch.load_legacy("phase7")
    return scratch


def test_every_trap_has_the_same_sections() -> None:
    """Title, story, Handled by, query, Shows, table; what is not would not be tested."""
    assert [section for section in sections() if not TRAP.fullmatch(section)] == []
    assert len({trap.title for trap in traps()}) == len(sections()) > 40


@pytest.mark.parametrize("trap", traps(), ids=lambda trap: trap.title)
def test_a_query_shows_what_the_page_says(legacy: Database, trap: Trap) -> None:
    opened = legacy.connect()
    try:
        with opened.cursor() as cursor:
            cursor.execute(trap.query)
            names, rows = [column.name for column in cursor.description], cursor.fetchall()
    finally:
        opened.close()
    assert rows
    assert rendered(names, rows) == trap.table.strip()


@pytest.mark.parametrize("trap", traps(), ids=lambda trap: trap.title)
def test_claims_about_a_result_are_true(trap: Trap) -> None:
    """The sentence above a table names no number that the table lacks."""
    assert set(NUMBER.findall(trap.shows)) <= set(NUMBER.findall(trap.table))


@pytest.mark.parametrize("trap", traps(), ids=lambda trap: trap.title)
def test_handlers_of_every_trap_exist(trap: Trap) -> None:
    folders = ("models", "macros", "seeds")
    there = {path.stem for folder in folders for path in (ROOT / folder).rglob("*.*")}
    assert set(re.findall(r"`(\w+)`", trap.handlers)) <= there
    assert re.sub(r"`\w+`|, ", "", trap.handlers) == ""
