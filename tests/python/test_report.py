"""The migration report: complete, true to the audit marts, self-contained, and red when something does not add up."""

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from conftest import Database
from markdown_it import MarkdownIt
from psycopg2 import sql
from test_dirty_copy import DROP_EVERY_CONSTRAINT, spoil

from ops import report
from ops.database import connection
from ops.dbt import sandbox
from ops.errors import Failure
from ops.project import ROOT
from ops.report import data, formats, ledger, published, verdict
from ops.report.charts import timeline
from ops.report.data import Counts, Report
from tests.replay import Recording, Replay

SECTIONS = {
    "summary": "Summary",
    "phase-7": "Phase 7, system by system",
    "rates": "Success rates, ranked",
    "systems": "All systems",
    "rejects": "Left out, and what to do about it",
    "not-migrated": "Not migrated",
    "keys": "Foreign-key integrity",
    "money": "Money and text, reconciled",
    "payments": "Payments over time",
    "shipments": "Shipments over time",
    "people": "Technicians and teams",
    "published": "The published Phase 7 report",
    "origin": "What this report was made from",
}
VOID = {"meta", "br", "wbr"}
HOSTILE = """<script>alert("1")</script> | `x` **b** [l](https://example.org/) <img src=x> ~~s~~ &lt; $(id) \\| end"""


class Page(HTMLParser):
    """A page taken apart; fails on a tag that is not closed where it should be."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.section = ""
        self.rows: dict[str, list[list[str]]] = {}
        self.text = ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len({name for name, _ in attrs}) == len(attrs), (tag, attrs)
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "section":
            self.section = dict(attrs)["id"] or ""
        if tag == "tr":
            self.rows.setdefault(self.section, []).append([])
        if tag in ("td", "th"):
            self.rows[self.section][-1].append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in ("rect", "line"), tag
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, (tag, self.getpos())

    def handle_data(self, data: str) -> None:
        self.text += data
        if "tr" in self.open and {"td", "th"} & set(self.open) and "title" not in self.open:
            self.rows[self.section][-1][-1] += data


def tables(markdown: str) -> list[list[list[str]]]:
    """Read the tables as GitHub would, every row as long as its head."""
    found: list[list[list[str]]] = []
    is_cell = False
    for token in MarkdownIt("commonmark").enable("table").enable("strikethrough").parse(markdown):
        assert token.type != "html_block", token.content
        for child in token.children or ():
            assert child.type not in ("html_inline", "link_open", "image"), token.content
        if token.type == "table_open":
            found.append([])
        elif token.type == "tr_open":
            found[-1].append([])
        elif token.type == "inline" and is_cell:
            found[-1][-1].append("".join(child.content for child in token.children or ()))
        is_cell = token.type in ("th_open", "td_open")
    written = re.findall(r"(?:^\|.*\|$\n?)+", markdown, re.MULTILINE)
    assert len(written) == len(found)
    for block, rows in zip(written, found, strict=True):
        lines = block.splitlines()
        assert len(lines) == len(rows) + 1, block  # the parser does not count the line of dashes
        widths = {len(re.findall(r"(?<!\\)\|", line)) for line in lines}
        assert len(widths) == 1, block
    return found


@pytest.fixture(scope="module")
def built(migrated: Database) -> Database:
    """Start from a migrated database."""
    return migrated


@pytest.fixture(scope="module")
def found(built: Database) -> Report:
    return read(built)


@pytest.fixture
def copy(built: Database, request: pytest.FixtureRequest) -> Iterator[Database]:
    """Give a copy of the built database that a test may spoil."""
    name = f"copy_{abs(hash(request.node.name))}"
    admin = connection.connect(sandbox.target(Path(built.target.host)))
    admin.cursor().execute(
        sql.SQL("create database {} template {}").format(sql.Identifier(name), sql.Identifier(built.target.dbname))
    )
    yield Database(sandbox.target(Path(built.target.host), name), built.folder)
    admin.cursor().execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))
    admin.close()


def read(database: Database) -> Report:
    opened = database.connect()
    try:
        return data.read(opened)
    finally:
        assert opened.autocommit
        opened.close()


def both(found: Report) -> tuple[Page, str]:
    """Render both forms and take the page apart."""
    markdown = report.markdown(found)
    tables(markdown)
    return Page(report.html(found)), markdown


def of_every_table(database: Database, statement: str) -> None:
    """Run a statement for each legacy table."""
    for (table,) in database.rows("select tablename from pg_tables where schemaname = 'legacy'"):
        database.execute(statement.format(table=f"legacy.{table}"))


def no_rows(database: Database) -> None:
    """Empty the legacy tables."""
    of_every_table(database, "truncate {table} cascade")


def no_ids(database: Database) -> None:
    """Take the id of every row away."""
    of_every_table(database, "update {table} set id = null")


def one_id(database: Database) -> None:
    """Give all rows of a table the same id."""
    of_every_table(database, "update {table} set id = 1")


def twice(database: Database) -> None:
    """Have every row twice."""
    of_every_table(database, "insert into {table} select * from {table}")


def at_both_ends_of_time(database: Database) -> None:
    """Spread payments and shipments over two centuries; one amount is as large as it can be."""
    for table, column in (("dispatch_payment", "made_at"), ("dispatch_instruction", "updated_at")):
        first, last = "'1900-01-01 00:00+00'", "'2099-12-31 23:59+00'"
        database.execute(
            f"update legacy.{table} set {column} = case id % 3 when 0 then {first} when 1 then {last} else {column} end"
        )
    database.execute("update legacy.dispatch_payment set total_price = 9999999.99 where id % 7 = 0")


def rebuild(database: Database, recording: Recording, change: Callable[[Database], None]) -> None:
    """Change the legacy data, of which nothing is sure, and build from scratch."""
    replay = Replay(recording, database.target.dbname)
    with closing(database.connect()) as opened, opened.cursor() as cursor:
        replay.drop(cursor)
    database.execute(DROP_EVERY_CONSTRAINT)
    change(database)
    database.build(replay)


def test_report_before_the_first_build(database: Callable[[str], Database]) -> None:
    with pytest.raises(Failure, match=r"^Nothing to report yet \(.*\): run make demo or dbt build\.$"):
        read(database("report_unbuilt"))


def test_every_section_is_there(found: Report) -> None:
    page, markdown = both(found)
    assert [attributes["id"] for tag, attributes in page.tags if tag == "section"] == list(SECTIONS)
    assert all(system.description for system in found.systems)
    headings = re.findall(r"^## (.*)$", markdown, re.MULTILINE)
    assert headings == ["✓ Everything is accounted for", *SECTIONS.values()]
    for heading in SECTIONS.values():
        assert heading in page.text
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    links = [attributes["href"] or "" for tag, attributes in page.tags if tag == "a"]
    assert links
    assert {link.removeprefix("#") for link in links} <= set(ids)


def test_page_is_self_contained(found: Report) -> None:
    text = report.html(found)
    page = Page(text)
    assert not {tag for tag, _ in page.tags} & {"script", "link", "img", "iframe", "object", "base", "form"}
    assert all(not name.startswith("on") and name != "src" for _, attributes in page.tags for name in attributes)
    assert not re.search(r"https?:|url\(|@import|//[a-z]", text)


def test_charts_are_accessible(found: Report) -> None:
    text = report.html(found)
    assert text.count("<figure") == 3
    for svg in re.findall(r"<svg[^>]*>", text):
        assert re.search(r'role="img" aria-(label|labelledby)="[^"]+"|aria-hidden="true"', svg), svg
    assert len(re.findall(r'<title id="\w+-title">[^<]+</title>\s*<desc id="\w+-desc">[^<]+</desc>', text)) == 3


def test_every_system_has_the_numbers_of_the_ledger(built: Database, found: Report) -> None:
    ledger = built.rows(
        "select entity, legacy_table, source_rows, migrated_rows, rejected_rows, excluded_rows,"
        " 100.0 * migrated_rows / nullif(migrated_rows + rejected_rows, 0)"
        " from dispatch_audit.migration_ledger order by position"
    )
    expected = []
    for entity, table, *numbers, rate in ledger:
        name = entity[0].upper() + entity[1:].replace("_", " ")
        shown = "–" if rate is None else f"{min(max(rate, Decimal('0.01') * (rate > 0)), 100):.2f}%"
        expected.append([name, table, *(f"{number:,}" for number in numbers), shown])
    page, markdown = both(found)
    rows = [[row[0], row[7], *row[1:6]] for row in page.rows["systems"] if len(row) == 8 and row[0] != "System"]
    assert rows == expected
    (whole,) = [table for table in tables(markdown) if table[0][:2] == ["Phase or domain", "System"]]
    assert [row[1:8] for row in whole[1:-1]] == expected
    sums = [f"{sum(row[column] for row in ledger):,}" for column in range(2, 6)]
    assert whole[-1][3:7] == sums
    assert page.rows["systems"][-1][1:5] == sums


def test_every_reason_can_be_listed(built: Database, found: Report) -> None:
    reasons = built.rows("select entity, reason, count(*) from dispatch_audit.migration_rejects group by 1, 2")
    shown = [each for system in found.systems for each in system.reasons]
    assert {(each.entity, each.reason, each.rows) for each in shown} == set(reasons) != set()
    page = Page(report.html(found))
    for each in shown:
        assert each.remedy
        assert each.listing in page.text
        *command, statement = shlex.split(each.listing)
        assert command == [".venv/bin/python", "-m", "ops", "psql", "-c"]
        assert len(built.rows(statement)) == each.rows
        assert each.examples == tuple(id for (id,) in built.rows(statement)[:3] if id is not None)


def test_keys_money_and_people_are_those_of_the_marts(built: Database, found: Report) -> None:
    page = Page(report.html(found))
    keys = built.rows(
        "select child || '.' || child_column || ' → ' || parent, checked_rows, orphan_rows"
        " from dispatch_audit.foreign_key_ledger order by 1"
    )
    shown = sorted(row for row in page.rows["keys"][1:-1])
    assert shown == sorted([name, f"{checked:,}", f"{orphans:,}", "✓ enforced"] for name, checked, orphans in keys)
    ((number, amount),) = built.rows("select count(*), sum(amount) from dispatch_marts.payments")
    together = next(row for row in page.rows["payments"] if row[0] == "Together")
    assert together[-2:] == [f"{number:,}", f"{amount:,.2f}"]
    specialties = built.rows(
        "select specialty, count(*)::text, count(*) filter (where is_active)::text"
        " from dispatch_marts.technicians group by 1"
    )
    assert len(specialties) > 2
    for name, everybody, active in specialties:
        assert [name, "", everybody, active] in [[cell.strip() for cell in row] for row in page.rows["people"]]
    ((shipments,),) = built.rows("select count(*) from dispatch_marts.shipments")
    assert page.rows["shipments"][1][-1] == f"{shipments:,}"


def test_origin_is_shown(built: Database, found: Report) -> None:
    origin = found.origin
    assert (origin.legacy_schema, origin.synthetic_scale, origin.database) == ("legacy", "tiny", built.target.dbname)
    page, markdown = both(found)
    for text in (page.text, markdown):
        assert origin.server_version in text
        assert "the synthetic legacy database at scale tiny" in text
        assert "its figures must differ" in text


def test_report_has_no_personal_data(built: Database, found: Report) -> None:
    values = built.rows(
        "select email from dispatch_marts.profiles where email is not null"
        " union select username from legacy.auth_user union select address from legacy.dispatch_office"
        " union select tracking_number from dispatch_marts.shipments"
        " union select body from dispatch_marts.messages union select body from dispatch_marts.team_communications"
    )
    telling = [value for (value,) in values if value and len(value) > 5]
    assert len(telling) > 100
    text = report.html(found) + report.markdown(found)
    assert [value for value in telling if value in text] == []


@pytest.mark.parametrize(
    ("spoil", "statement", "fault"),
    [
        (
            "update dispatch_audit.migration_ledger set source_rows = source_rows + 1 where entity = 'storages'",
            "Every legacy row has exactly one disposition",
            "storages: 2 rows in the source, but 1 migrated + 0 excluded + 0 rejected = 1",
        ),
        (
            "delete from dispatch_audit.migration_rejects where entity = 'teams'",
            "Every row left out is listed with a known reason",
            "teams: the ledger counts 1 excluded, the list of rows left out has 0",
        ),
        (
            "update dispatch_audit.migration_rejects set reason = 'made_up' where entity = 'teams'",
            "Every row left out is listed with a known reason",
            "teams: 1 row left out for “made_up”, which is not in the list of reasons",
        ),
        (
            "delete from dispatch_marts.storages",
            "Every mart has the rows that the ledger counts",
            "storages: the ledger counts 1 migrated, the mart has 0 rows",
        ),
        (
            "drop table dispatch_marts.storages",
            "Every mart has the rows that the ledger counts",
            "storages: the ledger counts 1 migrated, the mart does not exist",
        ),
        (
            "update dispatch_audit.foreign_key_ledger set orphan_rows = 1200"
            " where child = 'shipments' and child_column = 'order_id'",
            "No reference is an orphan",
            "shipments.order_id: 1,200 rows without a parent in orders",
        ),
        (
            "update dispatch_audit.foreign_key_ledger set is_enforced = false where child = 'shipments'",
            "The database itself enforces every foreign key",
            "shipments.order_id → orders: no validated constraint",
        ),
        (
            "alter table dispatch_marts.shipments drop constraint shipments__order_id__fk",
            "The database itself enforces every foreign key",
            "shipments.order_id → orders: no validated constraint",
        ),
        (
            "insert into dispatch_audit.money_reconciliation"
            " select 'payments', 'pending', '2001-01-01', 0, 0, 0, 0, 0, 0, -0.01, 0",
            "Money agrees to the cent",
            "payments, pending, 2001-01: −0.01 unexplained",
        ),
        (
            "insert into dispatch_audit.money_reconciliation"
            " select 'payment_items', 'pending', '2001-01-01', 1, 0, 0, 0, 0, 0, 0, 0",
            "Money agrees to the cent",
            "payment_items, pending, 2001-01: 1 row in the source, 0 in the mart, 0 left out",
        ),
        (
            "update dispatch_audit.text_reconciliation set kept_checksum = kept_checksum + 1 where entity = 'messages'",
            "The text of messages, notes and discussions agrees to the character",
            "messages: the texts in the mart and among the rows left out are not those of the legacy table",
        ),
    ],
)
def test_faults_fail_the_verdict(copy: Database, spoil: str, statement: str, fault: str) -> None:
    copy.execute(spoil)
    found = read(copy)
    judged = verdict.judge(found)
    assert judged.state == "fails"
    assert [(check.statement, check.faults) for check in judged.checks if check.state == "fails"] == [
        (statement, (fault,))
    ]
    page, markdown = both(found)
    assert ("div", {"class": "verdict fails", "id": "verdict"}) in page.tags
    assert fault in page.text
    assert "## ✗ Not everything is accounted for" in markdown
    assert "Everything is accounted for" not in page.text + markdown


def test_changed_amount_fails_the_verdict(copy: Database) -> None:
    copy.execute(
        "update dispatch_marts.payments set amount = amount + 0.01"
        " where payment_id = (select min(payment_id::text)::uuid from dispatch_marts.payments)"
    )
    (failed,) = [check for check in verdict.judge(read(copy)).checks if check.state == "fails"]
    assert failed.statement == "Money agrees to the cent"
    assert re.fullmatch(r"payments: [\d,.]+ were reconciled, the mart has [\d,.]+", failed.faults[0])


@pytest.mark.parametrize(
    ("change", "state"),
    [
        (no_rows, "open"),
        (no_ids, "open"),
        (one_id, "holds"),
        (twice, "holds"),
        (at_both_ends_of_time, "holds"),
        (spoil, "holds"),
    ],
)
def test_unusual_data_is_accounted_for(
    copy: Database,
    recording: Recording,
    change: Callable[[Database], None],
    state: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    rebuild(copy, recording, change)
    found = read(copy)
    judged = verdict.judge(found)
    assert [check.faults for check in judged.checks if check.faults] == []
    assert judged.state == state
    both(found)

    legacy_rows = {
        table: copy.rows(f"select count(*) from legacy.{table}")[0][0]
        for table in {system.legacy_table for system in found.systems}
    }
    for system in found.systems:
        if system.entity not in ("technicians", "shipments"):  # these concern only some rows of their table
            assert system.counts.source == legacy_rows[system.legacy_table], system.entity

    with closing(copy.connect()) as opened:
        ledger.show(opened)
    shown = " ".join(capsys.readouterr().out.split())
    counts = found.counts
    numbers = " ".join(f"{number:,}" for number in (counts.source, counts.migrated, counts.excluded, counts.rejected))
    assert f"Everything {numbers} {formats.percent(counts.rate)}" in shown
    references, keys = sum(key.checked_rows for key in found.keys), len(found.keys)
    assert f"0 orphans in {references:,} references over {keys} foreign keys; {keys} of them enforced" in shown


def test_empty_marts_are_no_success(copy: Database, recording: Recording) -> None:
    rebuild(copy, recording, no_rows)
    tables_of = copy.rows(
        "select format('%I.%I', schemaname, tablename) from pg_tables"
        " where schemaname in ('dispatch_marts', 'dispatch_audit')"
    )
    for _ in range(2):  # with a ledger of zeros, then with none
        found = read(copy)
        assert verdict.judge(found).state == "open"
        page, markdown = both(found)
        assert ("div", {"class": "verdict open", "id": "verdict"}) in page.tags
        assert "## ? Nothing is proven yet" in markdown
        copy.execute(f"truncate {', '.join(name for (name,) in tables_of)} cascade")


def test_hostile_texts_are_escaped(found: Report) -> None:
    system = found.systems[0]
    reason = replace(system.reasons[0], entity=HOSTILE, reason=HOSTILE, meaning=HOSTILE, remedy=HOSTILE)
    hostile = replace(
        found,
        origin=replace(found.origin, database=HOSTILE, legacy_schema=HOSTILE, commit=HOSTILE),
        systems=(
            replace(
                system,
                phase=HOSTILE,
                entity=HOSTILE,
                legacy_table=HOSTILE,
                description=f"**{HOSTILE}**",
                reasons=(reason,),
            ),
            replace(system, entity=HOSTILE, description=HOSTILE, reasons=(reason,)),
            *found.systems[2:],
        ),
        keys=(replace(found.keys[0], child=HOSTILE, child_column=HOSTILE, parent=HOSTILE, orphan_rows=1),),
        reconciled=(*found.reconciled, *(replace(found.reconciled[place], kind=HOSTILE) for place in (0, -1))),
        texts=(replace(found.texts[0], entity=HOSTILE, is_same=False),),
        specialties=(replace(found.specialties[0], name=HOSTILE),),
        teams=(replace(found.teams[0], name=HOSTILE, type=HOSTILE),),
        view_groups=((HOSTILE, 1),),
        shipments=(replace(found.shipments[0], carrier=HOSTILE),),
    )
    page, markdown = both(hostile)
    assert not {tag for tag, _ in page.tags} & {"script", "img"}
    assert page.text.count('<script>alert("1")</script>') > 20
    shown = [cell for table in tables(markdown) for row in table for cell in row if "script" in cell]
    assert len(shown) > 20


def test_texts_with_quotes_are_listed_too() -> None:
    reason = data.Reason("a'b", "rejected", 'c"d$e`f\\g', 1, (), None, None, "dispatch_audit")
    done = subprocess.run(
        ["bash", "-c", reason.listing.replace(".venv/bin/python -m ops psql -c", "printf %s")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.endswith("""where entity = 'a''b' and reason = 'c"d$e`f\\g' order by 1""")


def test_published_figures_are_compared(found: Report) -> None:
    average = [(each.follows, each.adds_up) for each in published.sums() if each.claim == "Average success rate"]
    assert average == [("92.16%", False), ("98.90%", False)]
    assert all(each.adds_up for each in published.sums() if each.claim != "Average success rate")
    page, markdown = both(found)
    for text in (page.text, markdown.replace("**", "")):
        assert (
            "contradicts the other figures of that report: 92.16% mean of its own eight rates, 98.90% over its own rows"
            in text
        )
    whole = {system.entity: system for system in found.systems}
    answered = replace(
        found,
        systems=tuple(replace(whole[entity], counts=counts) for entity, counts in published.SYSTEMS.items()),
    )
    agrees = {claim.subject: (claim.measured, claim.agrees) for claim in published.claims(answered)}
    assert agrees["Payments: source → migrated"] == ("16,014 → 16,011 (99.98%)", True)
    assert agrees["Average success rate"] == ("92.16%", False)
    assert agrees["Rows migrated in Phase 7"] == ("23,086", True)


def test_differing_figures_of_a_live_source_are_no_error(found: Report) -> None:
    page, markdown = both(replace(found, origin=replace(found.origin, synthetic_scale=None)))
    for text in (page.text, markdown):
        assert "made from a live source, which has changed since publication" in text
    assert ("td", {"class": "nowrap quiet"}) in page.tags
    assert ("td", {"class": "nowrap no"}) not in page.tags


def test_report_fails_at_once_during_a_build(built: Database) -> None:
    other = built.connect()
    other.autocommit = False
    other.cursor().execute("lock table dispatch_audit.foreign_key_ledger in access exclusive mode")
    with pytest.raises(Failure, match="A build is changing the marts"):
        read(built)
    other.close()


def test_marts_replaced_during_the_report_are_noticed(copy: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    teams = data._teams

    def exchange(opened: connection.Connection) -> tuple[data.Team, ...]:
        copy.execute(
            "alter schema dispatch_seeds rename to dispatch_before;"
            "create schema dispatch_seeds; create table dispatch_seeds.reject_reasons (reason text)"
        )
        return teams(opened)

    monkeypatch.setattr(data, "_teams", exchange)
    with pytest.raises(Failure, match="replaced while the report was being made"):
        read(copy)


def test_the_last_run_is_named_only_if_it_made_these_marts(
    built: Database, found: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DBT_TARGET_PATH", str(tmp_path))
    schemas, database = found.origin.schemas, found.origin.database
    rows = {system.entity: system.mart_rows for system in found.systems}

    def last_run(written: dict[str, Any], published: str | None = None) -> data.LastRun | None:
        (tmp_path / "run_results.json").write_text(json.dumps(written))
        return data._last_run(schemas, database, published, rows)

    assert data._last_run(schemas, database, None, rows) is None
    written = json.loads((built.folder / "target" / "run_results.json").read_text())
    written["results"] = [each for each in written["results"] if not each["unique_id"].startswith(("test.", "unit_"))]
    assert (bare := last_run(written))
    assert (bare.tests_passed, bare.tests_warned, bare.failed) == (0, 0, ())
    written["metadata"] |= {"generated_at": "2026-01-31T09:05:07.123456Z", "invocation_id": "1-2"}
    results = written["results"]
    tests = [
        {"unique_id": "test.dispatch.a_is_given.12ab", "status": "pass"},
        {"unique_id": "test.dispatch.b_is_given.34cd", "status": "fail"},
        {"unique_id": "unit_test.dispatch.c.d", "status": "warn"},
    ]
    run = last_run(written | {"results": results + tests})
    assert run
    assert (run.tests_passed, run.tests_warned, run.failed) == (1, 1, ("b_is_given",))
    after = replace(found, origin=replace(found.origin, last_run=run))
    assert verdict.judge(after).state == "fails"
    assert f"31 Jan 2026, 09:05 UTC, dbt build (dbt {run.dbt_version}), invocation 1-2" in both(after)[0].text

    for command in ("compile", "generate", "test", "run-operation"):
        assert last_run(written | {"args": {"which": command}}) is None, command
    # dbt build -s payments+, and dbt retry, which is written down as a build of what it tried again
    for model in ("storages", "text_reconciliation"):
        partial = [each for each in results if each["unique_id"] != f"model.dispatch.{model}"]
        assert last_run(written | {"results": partial}) is None, model
    failed = [each | {"status": "error"} if each["unique_id"].endswith(".storages") else each for each in results]
    assert last_run(written | {"results": failed}) is None
    candidate = json.dumps(written)
    for layer in ("marts", "audit"):
        candidate = candidate.replace(f"dispatch_{layer}", f"dispatch_next_{layer}")
    assert last_run(json.loads(candidate)) is None
    assert last_run(json.loads(candidate), published="another") is None
    assert last_run(json.loads(candidate), published="1-2")
    (tmp_path / "run_results.json").write_text(json.dumps(written))
    assert data._last_run(schemas, database, None, rows | {"payments": 1}) is None
    assert data._last_run(schemas, "another", None, rows) is None


def test_audit_tables_are_those_of_the_folder() -> None:
    assert set(data.AUDIT) == {path.stem for path in (ROOT / "models" / "audit").glob("*.sql")}


@pytest.mark.parametrize("command", ["ledger", "report"])
@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        ("alter table dispatch_marts.technicians rename specialty to trade", "The marts are of another version"),
        ("create role reader login", "This user may not read the marts"),
    ],
)
def test_unreadable_marts_are_explained_in_one_line(
    copy: Database, tmp_path: Path, spoil: str, reason: str, command: str
) -> None:
    user = "reader" if "reader" in spoil else "postgres"
    copy.execute(f"drop role if exists reader; {spoil}")
    done = subprocess.run(
        [sys.executable, "-m", "ops", command, *(["--output", str(tmp_path)] if command == "report" else [])],
        cwd=ROOT,
        env=copy.environment | {"DISPATCH_PGUSER": user},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
    assert done.stderr.startswith(reason)


def test_command_prints_the_paths(built: Database, tmp_path: Path) -> None:
    folder = tmp_path / "a b"
    command = [sys.executable, "-m", "ops", "report", "--output", str(folder)]
    done = subprocess.run(command, cwd=ROOT, env=built.environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    first, second, line = done.stdout.splitlines()
    assert first == f"HTML      {(folder / 'migration_report.html').as_uri()}"
    assert second == f"Markdown  {folder / 'migration_report.md'}"
    assert re.match(r"Everything is accounted for: [\d,]+ legacy rows, ", line)
    Page((folder / "migration_report.html").read_text())
    tables((folder / "migration_report.md").read_text())
    (tmp_path / "file").touch()
    with pytest.raises(Failure, match="cannot be written"):
        report.write(built.connect(), tmp_path / "file")


@pytest.mark.parametrize(
    ("fraction", "shown"),
    [
        (None, "–"),
        (Fraction(0), "0.00%"),
        (Fraction(1, 10**7), "0.01%"),
        (Fraction(16_011, 16_014), "99.98%"),
        (Fraction(9_999_999, 10_000_000), "99.99%"),
        (Fraction(1), "100.00%"),
    ],
)
def test_rate_is_100_percent_only_when_exact(fraction: Fraction | None, shown: str) -> None:
    assert formats.percent(fraction) == shown


def test_numbers_are_formatted() -> None:
    assert formats.amount(Decimal("-1234567.5")) == "−1,234,567.50"
    assert formats.several(1, "row") + formats.several(1200, "row") == "1 row1,200 rows"
    assert formats.day(date(2018, 2, 2)) == "2 Feb 2018"
    assert Counts(5, 3, 1, 1).adds_up
    assert not Counts(5, 3, 1, 2).adds_up


def test_timeline_has_no_gaps_and_all_values() -> None:
    found = timeline(("b",), [("a", "2019-11", 3), ("b", "2020-02", -2), ("b", "2019-11", 4), ("a", None, 9)])
    assert found
    assert found.series == ("b", "a")
    assert [row.period for row in found.columns] == ["2019-11", "2019-12", "2020-01", "2020-02"]
    assert [row.numbers for row in found.columns] == [(4, 3), (0, 0), (0, 0), (-2, 0)]
    assert [(row.period, row.numbers) for row in found.years] == [("2019", (4, 3)), ("2020", (-2, 0)), (None, (0, 9))]
    assert found.total.numbers == (2, 12)
    assert [value for _, value in found.ticks] == [-2, 0, 2, 4, 6, 8]
    (up, down), (stacked,) = found.bars
    assert (up.top, up.height) == (40.0, 40.0)
    assert (stacked.top, stacked.height) == (10.0, 30.0)
    assert (down.column, down.top, down.height) == (3, 80.0, 20.0)


def test_a_timeline_of_centuries_is_drawn_by_year() -> None:
    found = timeline((), [("a", "1901-05", Decimal("0.10")), ("a", "2025-01", Decimal("0.20"))])
    assert found
    assert found.unit == "year"
    assert len(found.columns) == 125
    assert len(found.year_labels) <= 10
    assert timeline(("a",), []) is None
    undated = timeline((), [("a", None, 1)])
    assert undated
    assert undated.columns == ()
