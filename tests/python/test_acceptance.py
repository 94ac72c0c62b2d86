"""The acceptance table of the migration: at the default scale these systems come out exactly, and so in its report."""

import re
from base64 import b64decode
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest
import questions
from browser import SCREENSHOTS, asked, chromium
from conftest import Database
from inprocess import Project
from marts import analytics, assert_nothing_is_lost, failures
from selenium.webdriver.common.print_page_options import PrintOptions
from test_report import read

from ops import report
from ops.docs import page as docs
from ops.project import ROOT
from ops.report import published
from tests.replay import DataTest, Replay

# entity: (source, migrated, excluded, rejected)
PHASE_7 = {
    "payments": (16_014, 16_011, 0, 3),
    "payment_operations": (3_522, 3_522, 0, 0),
    "template_products": (166, 93, 0, 73),
    "template_view_groups": (183, 183, 0, 0),
    "technicians": (32, 32, 0, 0),
    "shipments": (2_453, 2_453, 0, 0),
    "teams": (10, 9, 1, 0),
    "team_communications": (963, 783, 0, 180),
}
PHASES_1_TO_6 = {
    "roles": (46, 46, 0, 0),
    "role_permissions": (1_244, 1_244, 0, 0),
    "payment_items": (16_552, 16_552, 0, 0),
    "storages": (1, 1, 0, 0),
    "templates": (152, 152, 0, 0),
    "template_edit_roles": (603, 603, 0, 0),
    "template_view_roles": (1_036, 1_036, 0, 0),
    "template_predecessors": (191, 191, 0, 0),
}
OTHERS = {
    "profiles": (9_101, 9_101, 0, 0),
    "patients": (7_854, 7_854, 0, 0),
    "doctors": (1_213, 1_213, 0, 0),
    "offices": (844, 844, 0, 0),
    "doctor_offices": (438, 438, 0, 0),
    "cases": (7_854, 7_854, 0, 0),
    "orders": (23_607, 23_050, 335, 222),
    "order_events": (4_751, 4_751, 0, 0),
    "jaws": (40_470, 39_771, 699, 0),
    "projects": (66_918, 66_918, 0, 0),
    "treatment_plans": (67_782, 67_782, 0, 0),
    "treatment_discussions": (15_074, 15_074, 0, 0),
    "tasks": (7_690, 7_626, 0, 64),
    "categories": (40, 40, 0, 0),
    "courses": (6, 6, 0, 0),
    "products": (40, 10, 30, 0),
    "messages": (60_976, 60_944, 0, 32),
    "doctor_notes": (963, 962, 0, 1),
    "files": (2_948, 2_948, 0, 0),
    "notifications": (51_025, 51_021, 0, 4),
    "permissions": (139, 139, 0, 0),
    "team_members": (9_031, 1_292, 7_739, 0),
    "team_permissions": (412, 371, 41, 0),
}
FURTHER_TABLES = {
    "user_permissions": (57, 57, 0, 0),
    "message_attachments": (8_703, 8_697, 0, 6),
    "message_roles": (3_050, 3_041, 0, 9),
    "product_roles": (201, 118, 0, 83),
    "product_successors": (25, 9, 0, 16),
    "offers": (788, 605, 0, 183),
    "discounts": (151, 140, 0, 11),
}
# phase: rows migrated; the last two are phases 1 to 6
MIGRATED = {"Phase 7": 23_086, "Reference data": 17_843, "Template core": 1_982}
TECHNICIANS = {
    "Sectioning Technician": (11, 2),
    "Designing Technician": (9, 3),
    "Remote Technician": (6, 4),
    "Manufacturing Technician": (4, 3),
    "Remote Technician Sectioning Approver": (1, 1),
    "Japan Aligner Technician": (1, 1),
}
REASONS = {
    ("payments", "instruction_not_given"): 1,
    ("payments", "order_excluded"): 1,
    ("payments", "order_rejected"): 1,
    ("template_products", "product_not_in_catalogue"): 73,
    ("orders", "order_deleted"): 335,
    ("orders", "doctor_not_migrated"): 222,
    ("teams", "group_not_team"): 1,
    ("jaws", "jaw_not_used"): 699,
    ("tasks", "instruction_not_given"): 64,
    ("messages", "target_type_unsupported"): 19,
    ("messages", "target_type_not_given"): 13,
    ("doctor_notes", "doctor_not_migrated"): 1,
    ("notifications", "malformed_json"): 4,
    ("team_members", "group_not_team"): 7_739,
    ("team_permissions", "group_not_team"): 41,
    ("message_attachments", "message_not_migrated"): 6,
    ("message_roles", "message_not_migrated"): 9,
    ("product_roles", "product_not_migrated"): 83,
    ("product_successors", "product_not_migrated"): 16,
    ("offers", "doctor_not_migrated"): 12,
    ("offers", "product_not_migrated"): 171,
    ("discounts", "offer_not_migrated"): 11,
}


@pytest.fixture(scope="module")
def built(scratch: Database, replay: Replay) -> Database:
    """Build the default scale."""
    scratch.load_legacy("phase7")
    scratch.build(replay)
    return scratch


def test_every_data_test_passes(built: Database, data_tests: dict[str, DataTest]) -> None:
    assert failures(built, data_tests) == {}


def test_every_system_has_its_exact_counts(built: Database) -> None:
    ledger = built.rows(
        "select entity, source_rows, migrated_rows, excluded_rows, rejected_rows from dispatch_audit.migration_ledger"
    )
    assert {entity: tuple(counts) for entity, *counts in ledger} == (PHASE_7 | PHASES_1_TO_6 | OTHERS | FURTHER_TABLES)


def test_the_phases_migrate_42911_rows(built: Database) -> None:
    totals = "select phase, sum(migrated_rows) from dispatch_audit.migration_ledger group by 1"
    found = dict(built.rows(totals))
    assert {phase: found[phase] for phase in MIGRATED} == MIGRATED
    assert sum(found[phase] for phase in MIGRATED) == 42_911


def test_phase_7_has_two_named_success_rates(built: Database) -> None:
    """The mean of eight rates counts each system alike; the weighted one counts rows, 23,086 of 23,342."""
    rates = (
        "select round(100 * avg(success_rate), 2),"
        " round(100.0 * sum(migrated_rows) / sum(migrated_rows + rejected_rows), 2),"
        " count(*), sum(migrated_rows + rejected_rows)"
        " from dispatch_audit.migration_ledger where phase = 'Phase 7'"
    )
    assert built.rows(rates) == [(Decimal("92.16"), Decimal("98.90"), 8, 23_342)]


def test_every_reject_has_its_reason(built: Database) -> None:
    found = built.rows("select entity, reason, count(*) from dispatch_audit.migration_rejects group by 1, 2")
    counted = {(entity, reason): count for entity, reason, count in found}
    assert {key: counted.get(key) for key in REASONS} == REASONS
    notes = {reason: n for (entity, reason), n in counted.items() if entity == "team_communications"}
    assert set(notes) == {"author_not_given", "author_not_a_doctor"}
    assert sum(notes.values()) == 180


def test_mean_amounts(built: Database) -> None:
    means = "select round(avg(amount), 2) from dispatch_marts."
    assert built.rows(means + "payments") == [(Decimal("255.48"),)]
    assert built.rows(means + "payment_operations") == [(Decimal("1147.85"),)]


def test_technicians_by_specialty(built: Database) -> None:
    found = built.rows(
        "select specialty, count(*), count(*) filter (where is_active) from dispatch_marts.technicians group by 1"
    )
    assert {specialty: (count, active) for specialty, count, active in found} == TECHNICIANS
    hired = (
        "select cast(min(hired_at) as date)::text, cast(max(hired_at) as date)::text from dispatch_marts.technicians"
    )
    assert built.rows(hired) == [("2018-02-22", "2025-07-29")]


def test_template_view_groups_name_four_groups(built: Database) -> None:
    names = built.rows("select distinct group_name from dispatch_marts.template_view_groups order by 1")
    assert names == [("Doctor",), ("Master",), ("Sales",), ("Technician",)]


def test_nothing_is_lost_and_nothing_is_orphaned(built: Database) -> None:
    assert_nothing_is_lost(built)


def test_all_published_figures_agree_but_the_average(built: Database) -> None:
    found = read(built)
    differ = [claim for claim in published.claims(found) if not claim.agrees]
    assert differ == [published.Claim("Average success rate", "96.25%", "92.16%")]
    assert published.reservation(found.origin.synthetic_scale) == ""


def test_the_page_fits_every_screen_and_paper(built: Database, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    page.write_text(report.html(read(built)))
    with chromium(tmp_path / "chromium") as browser:
        for name, width in (("desktop", 1280), ("narrow", 390)):
            screen = {"width": width, "height": 1000, "deviceScaleFactor": 1, "mobile": False}
            browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
            browser.get(page.as_uri())
            wide, high = browser.execute_script(
                "return [document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
            )
            whole = {"x": 0, "y": 0, "width": width, "height": high, "scale": 1}
            shot = browser.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True, "clip": whole})
            (SCREENSHOTS / f"report_{name}.png").write_bytes(b64decode(shot["data"]))
            assert browser.execute_script("return innerWidth") == width
            assert wide <= width
        paper = b64decode(browser.print_page(PrintOptions()))
        assert len(re.findall(rb"/Type\s*/Page\b", paper)) > 1
        assert set(asked(browser)) == {page.as_uri()}
        assert browser.get_log("browser") == []


@pytest.fixture(scope="module")
def answers(built: Database, project: Project) -> dict[str, tuple[str, str, list[str], list[tuple]]]:
    """Run every question as an analyst: description, SQL, names of the columns, rows."""
    compiled = {done.node.name: done.node for done in project.dbt("compile", "--select", "path:analyses")}
    with analytics(built, project) as cursor:
        found = {}
        for name, node in compiled.items():
            cursor.execute(node.compiled_code)
            columns = [column.name for column in cursor.description]
            found[name] = (node.description, node.compiled_code, columns, cursor.fetchall())
    return found


@pytest.mark.parametrize("name", sorted(path.stem for path in (ROOT / "analyses").glob("*.sql")))
def test_a_business_question_has_the_answer_of_the_legacy_tables(built: Database, answers, name: str) -> None:
    _, _, columns, rows = answers[name]
    expected = Counter(built.rows(questions.ANSWERS[name]))
    assert len(rows) > 1, columns
    assert Counter(rows) - expected == Counter()
    assert expected - Counter(rows) == Counter()


def test_the_effects_in_decision_14_are_those_of_this_data(built: Database) -> None:
    text = next((ROOT / "docs" / "decisions").glob("0014-*.md")).read_text(encoding="utf-8")
    for query in questions.EFFECTS:
        for number in built.rows(query)[0]:
            assert f"{number:,}" in text, query


def test_the_page_of_the_business_questions_is_of_this_run(project: Project, answers) -> None:
    terms = {
        name: block.block_contents
        for name, block in project.manifest.docs.items()
        if block.original_file_path == docs.TERMS
    }
    text = questions.page(terms, answers)
    new = ROOT / "target" / questions.PAGE.name
    new.write_text(text, encoding="utf-8")
    assert questions.PAGE.read_text(encoding="utf-8") == text, f"cp target/{new.name} docs/"
