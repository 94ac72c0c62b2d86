"""The figures of the published Phase 7 report, compared with each other and with the data.

These constants are figures of that document. The migration report contains no other constant figures.
"""

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from ops.report.data import Counts, Report, total
from ops.report.formats import amount, count, day, human, percent

PHASE_7 = ("Phase 7",)
PHASES_1_TO_6 = ("Reference data", "Template core")

SYSTEMS = {
    "payments": Counts(source=16_014, migrated=16_011, excluded=0, rejected=3),
    "payment_operations": Counts(3_522, 3_522, 0, 0),
    "template_products": Counts(166, 93, 0, 73),
    "template_view_groups": Counts(183, 183, 0, 0),
    "technicians": Counts(32, 32, 0, 0),
    "shipments": Counts(2_453, 2_453, 0, 0),
    "teams": Counts(10, 9, 1, 0),
    "team_communications": Counts(963, 783, 0, 180),
}
AVERAGE_RATE = Fraction(9_625, 10_000)
MIGRATED = 23_086
MIGRATED_BEFORE = 19_825  # phases 1 to 6
MIGRATED_TOGETHER = 42_911
MEAN_PAYMENT = Decimal("255.48")
MEAN_OPERATION = Decimal("1147.85")
SPECIALTIES = {  # technicians, active
    "Sectioning Technician": (11, 2),
    "Designing Technician": (9, 3),
    "Remote Technician": (6, 4),
    "Manufacturing Technician": (4, 3),
    "Remote Technician Sectioning Approver": (1, 1),
    "Japan Aligner Technician": (1, 1),
}
TECHNICIANS = (32, 14)
HIRED = (date(2018, 2, 22), date(2025, 7, 29))
GROUPS = ("Doctor", "Master", "Sales", "Technician")
TEAMS = {
    "Administrator Team": "Administrative",
    "Billing Team": "Financial",
    "External Partners": "External",
    "Export Team": "Data",
    "Master Team": "Management",
    "Medical Team": "Medical",
    "Sales Team": "Sales",
    "Support Team": "Support",
    "Technician Team": "Technical",
}


class Claim(NamedTuple):
    """A published figure and the same figure in this build, formatted."""

    subject: str
    published: str
    measured: str

    @property
    def agrees(self) -> bool:
        """Whether the two are the same."""
        return self.published == self.measured


class Sum(NamedTuple):
    """A published figure and the value that other figures of the same document give."""

    claim: str
    published: str
    follows: str  # the value from the other figures
    how: str

    @property
    def adds_up(self) -> bool:
        """Whether the document agrees with itself."""
        return self.published == self.follows


def together() -> Counts:
    """The sum of the eight published systems."""
    return total(SYSTEMS.values())


def mean_rate() -> Fraction:
    """The mean of the eight published rates."""
    rates = [counts.rate for counts in SYSTEMS.values()]
    return sum(rates, Fraction(0)) / len(rates)


def sums() -> list[Sum]:
    """Compare the published figures with each other."""
    whole = together()
    judged = whole.migrated + whole.rejected
    return [
        Sum("Average success rate", percent(AVERAGE_RATE), percent(mean_rate()), "mean of its own eight rates"),
        Sum(
            "Average success rate",
            percent(AVERAGE_RATE),
            percent(whole.rate),
            f"over its own rows, {count(whole.migrated)} of {count(judged)}",
        ),
        Sum("Rows migrated in Phase 7", count(MIGRATED), count(whole.migrated), "sum of the eight systems"),
        Sum(
            "Rows migrated in all phases",
            count(MIGRATED_TOGETHER),
            count(MIGRATED + MIGRATED_BEFORE),
            f"{count(MIGRATED)} in Phase 7 and {count(MIGRATED_BEFORE)} before",
        ),
        Sum(
            "Technicians",
            _pair(*TECHNICIANS),
            _pair(*(sum(each[column] for each in SPECIALTIES.values()) for column in (0, 1))),
            "sum of the specialties",
        ),
    ]


def claims(report: Report) -> list[Claim]:
    """Compare every published figure with this build."""
    measured = {system.entity: system.counts for system in report.systems}
    nothing = Counts(0, 0, 0, 0)
    found = [
        Claim(f"{human(name)}: source → migrated", _dispositions(counts), _dispositions(measured.get(name, nothing)))
        for name, counts in SYSTEMS.items()
    ]
    phase7, before = report.total(*PHASE_7), report.total(*PHASES_1_TO_6)
    people = {each.name: (each.technicians, each.active) for each in report.specialties}
    found += [
        Claim("Average success rate", percent(AVERAGE_RATE), percent(report.mean_rate(*PHASE_7))),
        Claim("Rows migrated in Phase 7", count(MIGRATED), count(phase7.migrated)),
        Claim("Rows migrated in phases 1 to 6", count(MIGRATED_BEFORE), count(before.migrated)),
        Claim("Rows migrated in all phases", count(MIGRATED_TOGETHER), count(phase7.migrated + before.migrated)),
        Claim("Mean amount of a payment", amount(MEAN_PAYMENT), amount(report.money_total("payments").mean)),
        Claim(
            "Mean amount of a payment operation",
            amount(MEAN_OPERATION),
            amount(report.money_total("payment_operations").mean),
        ),
        Claim(
            "Technicians",
            _pair(*TECHNICIANS),
            _pair(*(sum(each[column] for each in people.values()) for column in (0, 1))),
        ),
    ]
    found += [Claim(name, _pair(*pair), _pair(*people.get(name, (0, 0)))) for name, pair in SPECIALTIES.items()]
    found += [
        Claim("Technicians hired", _range(*HIRED), _range(report.hired.first, report.hired.last)),
        Claim(
            "Groups that see templates", ", ".join(GROUPS), ", ".join(sorted(name for name, _ in report.view_groups))
        ),
        Claim("Teams and their types", _named(TEAMS), _named({team.name: team.type for team in report.teams})),
    ]
    return found


def reservation(scale: str | None) -> str:
    """Return why figures from this source may differ from the published ones; empty where they may not."""
    if scale is None:
        return "This build was made from a live source, which has changed since publication: its figures may differ."
    if scale == "tiny":
        return "This build was made at scale tiny, with shortened legacy tables for tests: its figures must differ."
    return ""


def _dispositions(counts: Counts) -> str:
    return f"{count(counts.source)} → {count(counts.migrated)} ({percent(counts.rate)})"


def _pair(everybody: int, active: int) -> str:
    return f"{count(everybody)}, {count(active)} active"


def _range(first: date | None, last: date | None) -> str:
    return f"{day(first)} to {day(last)}"


def _named(teams: dict[str, str]) -> str:
    return ", ".join(f"{name} ({kind})" for name, kind in sorted(teams.items()))
