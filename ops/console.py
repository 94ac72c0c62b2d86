"""Printing: colour and live lines on a terminal, plain and unwrapped text everywhere else."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

from rich.console import Console

# Without a terminal Rich assumes 80 columns and would cut the tables.
console = Console(highlight=False, markup=False, width=None if sys.stdout.isatty() else 160)
errors = Console(highlight=False, markup=False, stderr=True)


def say(text: str, style: str = "") -> None:
    """Print a line without wrapping it."""
    console.print(text, style=style, soft_wrap=True)


def complain(text: str) -> None:
    """Print an error on standard error."""
    errors.print(text, style="red", soft_wrap=True)


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
