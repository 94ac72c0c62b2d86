"""Numbers, names and texts for display."""

import re
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from markupsafe import Markup, escape

from ops.console import printable

NOTHING = "–"


def count(number: int | None) -> str:
    """Render a number of things: 16,014."""
    return NOTHING if number is None else f"{number:,}".replace("-", "−")


def amount(number: int | Decimal | None) -> str:
    """Render an amount of money, whatever the currency: 4,090,490.28."""
    return NOTHING if number is None else f"{_cents(number):,.2f}".replace("-", "−")


def percent(fraction: Fraction | Decimal | None) -> str:
    """Render a fraction; 100.00% and 0.00% only when it is exactly that."""
    if fraction is None:
        return NOTHING
    fraction = Fraction(fraction)
    rounded = _cents(Decimal(fraction.numerator * 100) / fraction.denominator)
    if 0 < fraction < 1:
        rounded = min(max(rounded, Decimal("0.01")), Decimal("99.99"))
    return f"{rounded}%"


def day(moment: date | None) -> str:
    """Render a date: 22 Feb 2018."""
    return NOTHING if moment is None else f"{moment.day} {moment:%b} {moment.year}"


def minute(moment: datetime) -> str:
    """Render a time that is in UTC: 22 Feb 2018, 09:30 UTC."""
    return f"{day(moment)}, {moment:%H:%M} UTC"


def human(name: str) -> str:
    """Render the name of a mart or a column: Payment operations."""
    text = name.replace("_", " ")
    return text[:1].upper() + text[1:]


def several(number: int, thing: str) -> str:
    """Count things by name: 1 row, 2,453 rows."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def md(text: object) -> str:
    """Escape a text for Markdown, within a table as well."""
    line = printable(" ".join(str(text).split()))
    return re.sub(r"([\\`*_\[\]<>|#~!&$])", r"\\\1", line)


def md_described(text: str) -> str:
    """Escape a description of dbt for Markdown, except its bold text."""
    return re.sub(r"\\\*\\\*(.+?)\\\*\\\*", r"**\1**", md(text))


def html_described(text: str) -> Markup:
    """Escape a description of dbt for HTML, except its bold text."""
    return Markup(re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", str(escape(" ".join(text.split())))))


def code(text: object) -> str:
    """Render a text as code in Markdown, within a table as well."""
    return code_line(text).replace("|", "\\|")


def code_line(text: object) -> str:
    """Render a text as code in Markdown outside a table."""
    line = printable(" ".join(str(text).split()))
    fence = "`" * (max(map(len, re.findall("`+", line)), default=0) + 1)
    return f"{fence} {line} {fence}" if "`" in line else f"{fence}{line}{fence}"


def _cents(number: int | Decimal) -> Decimal:
    return Decimal(number).quantize(Decimal("0.01"), ROUND_HALF_UP)


FILTERS = {
    each.__name__: each
    for each in (count, amount, percent, day, minute, human, several, md, md_described, html_described, code, code_line)
}
