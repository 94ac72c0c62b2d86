"""Printing: colour and live lines on a terminal, plain and unwrapped text everywhere else.

What is printed may quote a text of the database, whose control characters a terminal would obey, or an address that
contains a password.
"""

import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any

from rich.console import Console
from rich.segment import Segment

CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
# What may be secret in an address: the parameters of an object store, a user with a password.
PARAMETERS = re.compile(r"(?<=://)(?<!file://)([^\s'\"?]*)\?[^\s'\"]*")
CREDENTIALS = re.compile(r"(?<=://)(?<!file://)[^\s'\"]*@")


def printable(text: str) -> str:
    """Return a text without control characters, except for line breaks and tabs."""
    return CONTROL.sub("", text)


def without_credentials(text: str) -> str:
    """Return a text without what may be secret in the addresses in it."""
    return CREDENTIALS.sub("", PARAMETERS.sub(r"\1", text))


class _Console(Console):
    def render(self, *arguments: Any, **options: Any) -> Iterable[Segment]:
        """Render as Rich does; only the control characters that come from Rich itself are kept."""
        for text, style, control in super().render(*arguments, **options):
            yield Segment(text if control else printable(text), style, control)


# Without a terminal Rich assumes 80 columns and would cut the tables.
console = _Console(highlight=False, markup=False, width=None if sys.stdout.isatty() else 160)
errors = _Console(highlight=False, markup=False, stderr=True)


def say(text: str, style: str = "") -> None:
    """Print a line without wrapping it."""
    console.print(without_credentials(text), style=style, soft_wrap=True)


def complain(text: str) -> None:
    """Print an error on standard error."""
    errors.print(without_credentials(text), style="red", soft_wrap=True)


def duration(seconds: float) -> str:
    """Render seconds: 0.4 s, 12 s, 3 min 05 s."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


@contextmanager
def step(text: str) -> Iterator[None]:
    """Show a spinner while the block runs, and a line with its duration once it has succeeded."""
    start = monotonic()
    with console.status(f"{text} …"):
        yield
    say(f"{text}: {duration(monotonic() - start)}")
