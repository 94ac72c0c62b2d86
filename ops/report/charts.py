"""The layout of charts of amounts and counts over time."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from math import ceil, floor
from typing import NamedTuple

MOST_MONTHS = 240
MOST_YEAR_LABELS = 10
Number = int | Decimal


class Bar(NamedTuple):
    """One series in one column: place and size in percent of the plot, counted from its top left."""

    column: int
    top: float
    height: float
    value: Number


class Row(NamedTuple):
    """The values of all series in one period; the period is None where it is unknown."""

    period: str | None
    numbers: tuple[Number, ...]

    @property
    def total(self) -> Number:
        """All series together."""
        return sum(self.numbers)


@dataclass(frozen=True)
class Timeline:
    """Stacked columns over a period without gaps, and their values."""

    series: tuple[str, ...]
    columns: tuple[Row, ...]  # by month (2018-02), or by year if there are too many months to draw
    years: tuple[Row, ...]  # values without a month under None
    bars: tuple[tuple[Bar, ...], ...]  # of every series
    ticks: tuple[tuple[float, int], ...]  # distance from the top in percent, value
    year_labels: tuple[tuple[float, str], ...]  # distance from the left in percent, year

    @property
    def unit(self) -> str:
        """The period of a column, `month` or `year`."""
        return "month" if any(len(row.period or "") > 4 for row in self.columns) else "year"

    @property
    def highest(self) -> Row:
        """The column with the largest total."""
        return max(self.columns, key=lambda row: row.total)

    @property
    def dated(self) -> Row:
        """The sum of all values with a month."""
        return self._sum(self.columns)

    @property
    def total(self) -> Row:
        """The sum of all values."""
        return self._sum(self.years)

    def _sum(self, many: Iterable[Row]) -> Row:
        found = list(many)
        return Row(None, tuple(sum(row.numbers[place] for row in found) for place in range(len(self.series))))


def timeline(series: Iterable[str], values: Iterable[tuple[str, str | None, Number]]) -> Timeline | None:
    """Lay out (series, month, value), with the given series first; return None when there are no values."""
    found = list(values)
    names = tuple(dict.fromkeys([*series, *sorted({name for name, _, _ in found})]))
    if not found:
        return None
    months = list(_months(sorted({month for _, month, _ in found if month})))
    width = 7 if len(months) <= MOST_MONTHS else 4
    columns = tuple(_rows(names, dict.fromkeys(month[:width] for month in months), found))
    highest = max((sum(value for value in row.numbers if value > 0) for row in columns), default=0)
    lowest = min((sum(value for value in row.numbers if value < 0) for row in columns), default=0)
    step = _step(highest - lowest)
    top, bottom = max(ceil(highest / step), 1) * step, floor(lowest / step) * step
    return Timeline(
        series=names,
        columns=columns,
        years=tuple(_rows(names, dict.fromkeys(sorted({(month or "~")[:4] for _, month, _ in found})), found)),
        bars=_stacked(len(names), columns, top, bottom),
        ticks=tuple((100 * (top - tick) / (top - bottom), tick) for tick in range(bottom, top + 1, step)),
        year_labels=_year_labels([row.period or "" for row in columns]),
    )


def _rows(names: tuple[str, ...], periods: Iterable[str], found: list[tuple[str, str | None, Number]]) -> Iterator[Row]:
    for period in periods:
        here = [(name, value) for name, month, value in found if (month or "~").startswith(period)]
        sums = tuple(sum(value for name, value in here if name == wanted) for wanted in names)
        yield Row(None if period == "~" else period, sums)


def _months(found: list[str]) -> Iterator[str]:
    if found:
        first, last = (int(month[:4]) * 12 + int(month[5:]) - 1 for month in (found[0], found[-1]))
        for number in range(first, last + 1):
            yield f"{number // 12:04d}-{number % 12 + 1:02d}"


def _step(span: Number) -> int:
    """Return the smallest round number that, times five, covers the span."""
    step = 1
    while True:
        for factor in (1, 2, 5):
            if 5 * step * factor >= span:
                return step * factor
        step *= 10


def _stacked(series: int, columns: tuple[Row, ...], top: int, bottom: int) -> tuple[tuple[Bar, ...], ...]:
    bars: tuple[list[Bar], ...] = tuple([] for _ in range(series))
    scale = 100 / (top - bottom)
    for column, row in enumerate(columns):
        above = below = 0.0
        for number, value in enumerate(row.numbers):
            size = float(value)
            if size > 0:
                above += size
            elif size < 0:
                below += size
            if size:
                edge = above if size > 0 else below - size
                bars[number].append(Bar(column, (top - edge) * scale, abs(size) * scale, value))
    return tuple(map(tuple, bars))


def _year_labels(periods: list[str]) -> tuple[tuple[float, str], ...]:
    starts = [(column, period[:4]) for column, period in enumerate(periods) if period[4:] in ("", "-01")]
    if periods and not (starts and starts[0][0] < len(periods) / 24):  # a first year that has room for its label
        starts.insert(0, (0, periods[0][:4]))
    every = ceil(len(starts) / MOST_YEAR_LABELS) or 1
    return tuple((100 * column / len(periods), year) for column, year in starts[::every])
