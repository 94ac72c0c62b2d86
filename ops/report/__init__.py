"""The migration report: one self-contained HTML page, and the same in Markdown."""

from collections.abc import Iterable
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ops.console import say
from ops.database.connection import Connection
from ops.errors import Failure
from ops.project import dbt_target_folder
from ops.report import formats, published, verdict
from ops.report.charts import timeline
from ops.report.data import Report, System, read

FOLDER = Path(__file__).parent
OUTPUT = dbt_target_folder() / "report"
NAME = "migration_report"
STYLES = {"holds": "green", "fails": "red", "open": "yellow", "warns": "yellow"}
STATUSES = ("completed", "pending", "cancelled")  # in the order in which they are drawn


def write(connection: Connection, folder: Path) -> tuple[Path, Path, Report]:
    """Write the report as HTML and Markdown into a folder; return both paths and their content.

    Raises Failure when nothing has been built yet, a build is running, or the folder cannot be written to.
    """
    report = read(connection)
    paths = folder / f"{NAME}.html", folder / f"{NAME}.md"
    texts = html(report), markdown(report)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, text in zip(paths, texts, strict=True):
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Failure(f"The report cannot be written to {folder}: {error.strerror}.") from None
    return *paths, report


def show(connection: Connection, folder: Path) -> None:
    """Write the report, and print where it is and its verdict in a line."""
    page, twin, report = write(connection, folder)
    say(f"HTML      {page.resolve().as_uri()}")
    say(f"Markdown  {twin.resolve()}")
    found, counts = verdict.judge(report), report.counts
    say(
        f"{found.headline}: {counts.source:,} legacy rows, {counts.migrated:,} migrated, {counts.rejected:,} rejected,"
        f" {counts.excluded:,} excluded; success {formats.percent(counts.rate)}.",
        style=STYLES[found.state],
    )
    if report.inventory.unknown:
        say(f"{report.inventory.unknown}.", style="yellow")


def html(report: Report) -> str:
    """Render the page; every text from the database is escaped."""
    return _render("report.html.j2", report, autoescape=True)


def markdown(report: Report) -> str:
    """Render GitHub-flavoured Markdown; the filters `md` and `code` escape every text from the database."""
    return _render("report.md.j2", report, autoescape=False)


def _render(template: str, report: Report, autoescape: bool) -> str:
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=autoescape,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= formats.FILTERS | {"ranked": _ranked}
    payments = [each for each in report.reconciled if each.entity == "payments"]
    return environment.get_template(template).render(
        report=report,
        verdict=verdict.judge(report),
        published=published,
        claims=published.claims(report),
        formats=formats,
        payment_amounts=timeline(STATUSES, ((each.kind, each.period, each.mart_amount) for each in payments)),
        payment_counts=timeline(STATUSES, ((each.kind, each.period, each.mart_rows) for each in payments)),
        shipments=timeline((), ((each.carrier, each.period, each.rows) for each in report.shipments)),
    )


def _ranked(systems: Iterable[System]) -> list[System]:
    """Order by success rate, the highest first; a system without rows comes last."""
    return sorted(
        systems,
        key=lambda each: (-1 if each.counts.rate is None else each.counts.rate, each.counts.migrated),
        reverse=True,
    )
