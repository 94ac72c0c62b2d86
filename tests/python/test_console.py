"""What is printed: texts of a database do not steer the terminal, and no address shows its password."""

import io
from contextlib import redirect_stdout

import pytest
from rich.table import Table

from ops import console
from ops.report import formats

HOSTILE = "a\x1b[2Jb\x07c\x9b31md\re\x7f"


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """A terminal with colours."""
    screen = io.StringIO()
    made = console._Console(file=screen, force_terminal=True, width=80, highlight=False, markup=False)
    monkeypatch.setattr(console, "console", made)
    monkeypatch.setattr(console, "errors", made)
    return screen


def test_control_characters_do_not_reach_the_terminal(terminal: io.StringIO):
    table = Table("text")
    table.add_row(HOSTILE, style="bold")
    console.console.print(table)
    console.say(HOSTILE, style="red")
    console.complain(HOSTILE)
    said = terminal.getvalue()
    assert said.count("a[2Jbc31mde") == 3
    assert "\x1b[1m" in said  # Rich's own
    assert not set(said) & set("\x07\x9b\r\x7f")
    assert "\x1b[2J" not in said


def test_a_live_line_still_works(terminal: io.StringIO):
    with console.console.status("waiting"):
        pass
    assert "\x1b[?25l" in terminal.getvalue()


def test_line_breaks_and_tabs_stay():
    assert console.printable("a\n\tb") == "a\n\tb"


def test_a_report_has_no_control_characters():
    assert formats.md(HOSTILE) == "a\\[2Jbc31md e"
    assert formats.code(HOSTILE) == "`a[2Jbc31md e`"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("s3://AKIA:se/cr+et@bucket/folder cannot be written to", "s3://bucket/folder cannot be written to"),
        ("'s3://bucket/f?access_key=AKIA&secret_key=x'.", "'s3://bucket/f'."),
        ("postgresql://user:pass@word@host/db refused", "postgresql://host/db refused"),
        ("HTML      file:///home/a@b/report.html", "HTML      file:///home/a@b/report.html"),
        ("user@example.com wrote", "user@example.com wrote"),
        ("sc://127.0.0.1:15002", "sc://127.0.0.1:15002"),
    ],
)
def test_addresses_are_printed_without_what_is_secret(text: str, shown: str):
    assert console.without_credentials(text) == shown
    said = io.StringIO()
    with redirect_stdout(said):
        console.say(text)
    assert said.getvalue() == f"{shown}\n"
