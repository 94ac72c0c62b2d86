"""The inventory: every table and column of the legacy database has a decision, and what has none is said everywhere."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import yaml
from conftest import Database
from inprocess import Project

from ops import demo, report
from ops.project import ROOT, SOURCE_FILES
from ops.release import production
from ops.report import data, ledger, verdict
from ops.source import inventory
from ops.source.declared import columns_in_yaml, not_migrated
from tests.replay import DataTest

# Tables of the application besides those whose rows the legacy database is known by; their names are public.
OTHERS = re.findall(
    r"\w+",
    "action agent bracket client client3d discount doctorsetting_masters doctorsetting_sales event globalsetting"
    " instance language link master offer order product_roles product_successors purchase reading record_attachments"
    " record_roles usersetting",
)
UNKNOWN = """
create table legacy.dispatch_later (id integer, "we""ird 'name" text);
insert into legacy.dispatch_later select n, null from generate_series(1, 9000) as n;
create table legacy.payment_gateway (id bigint, "on" timestamp(0), price numeric(10,2), "No" varchar(20))
    partition by range (id);
create table legacy.gateway_partition partition of legacy.payment_gateway default;
insert into legacy.payment_gateway select n from generate_series(1, 400) as n;
create table legacy.inherits_group () inherits (legacy.auth_group);
create unlogged table legacy.nothing ();
create view legacy.a_view as select * from legacy.dispatch_later;
alter table legacy.dispatch_office add opened_on date;
update legacy.dispatch_office set opened_on = '2020-01-01' where id <= 2;
"""
SENTENCE = "3 tables with 9,400 rows are not known (dispatch_later, nothing, payment_gateway)"
COLUMN = "1 column with 2 values is not known (dispatch_office.opened_on)"


@pytest.fixture(scope="module")
def scratch(migrated: Database) -> Database:
    """Start from a migrated database."""
    return migrated


@pytest.fixture(scope="module")
def filled(scratch: Database, project: Project) -> Database:
    """Fill what is decided about, and build the inventory: a column said to be unused, and a table not migrated."""
    scratch.execute(
        "update legacy.dispatch_payment set order_id = id where id in (select min(id) from legacy.dispatch_payment)"
    )
    scratch.execute(
        "create table legacy.dispatch_event (id integer); insert into legacy.dispatch_event values (1), (2)"
    )
    project.dbt("build", "--select", "legacy_inventory", "tables_not_migrated")
    return scratch


@pytest.fixture(scope="module")
def surprised(filled: Database, project: Project) -> Iterator[Database]:
    """Add what nobody has decided about, and build the inventory again."""
    filled.execute(UNKNOWN)
    project.dbt("build", "--select", "legacy_inventory")
    return filled


def test_every_table_is_declared_or_a_question() -> None:
    declared = columns_in_yaml().keys()
    assert declared & not_migrated() == set()
    assert {*(f"dispatch_{name}" for name in OTHERS), "auth_user_user_permissions"} <= declared | not_migrated()
    assert len({name for name in declared | not_migrated() if name.startswith("dispatch_")}) == 53


def test_every_declared_column_is_staged_or_has_a_reason() -> None:
    """And none has a reason and is staged all the same."""
    code = {}
    for file in SOURCE_FILES.glob("**/stg_*.sql"):
        text = file.read_text(encoding="utf-8")
        source = re.search(r"source\('\w+', '(\w+)'\)", text)
        code[source[1]] = text[source.end() :]
    found = set()
    for table, columns in columns_in_yaml().items():
        for name, column in columns.items():
            meta = column.get("config", {}).get("meta", {})
            is_left_out = bool(meta.get("secret") or meta.get("not_migrated"))
            assert bool(re.search(rf"\b{name}\b", code[table])) != is_left_out, f"{table}.{name}"
            found |= {f"{table}.{name}"} if is_left_out else set()
    assert {"auth_user.password", "dispatch_payment.order_id", "dispatch_task.order_id"} <= found


def test_what_is_known_has_its_decision_and_its_number_of_rows(filled: Database) -> None:
    found = {
        subject: row
        for subject, *row in filled.rows(
            "select subject, kind, row_count, is_estimate, decision, goes_to, reason"
            " from dispatch_audit.legacy_inventory"
        )
    }
    ((notes,),) = filled.rows("select count(*) from legacy.dispatch_note")
    assert found["dispatch_note"] == ["table", notes, False, "migrated", "team_communications, doctor_notes", None]
    assert found["dispatch_note.author_id"][3:5] == ["migrated", "team_communications, doctor_notes"]
    assert found["django_content_type"][3:] == ["lookup", None, None]
    assert found["dispatch_payment.order_id"][:4] == ["integer", 1, False, "not_migrated"]
    assert "dispatch_order" in found["dispatch_payment.order_id"][5]
    assert found["dispatch_event"][:4] == ["table", 2, False, "not_migrated"]
    assert found["dispatch_event"][5].endswith("?")
    assert found["auth_user.password"][3] == "not_migrated"
    assert "unknown" not in {row[3] for row in found.values()}
    # The catalog and the inventory have the same tables and columns.
    assert (
        len(found)
        == filled.rows(
            "select count(distinct (attrelid, case when attnum > 0 then attnum else 0 end)) from pg_attribute"
            " inner join pg_class on attrelid = pg_class.oid and relkind = 'r' and not attisdropped"
            " where relnamespace = 'legacy'::regnamespace"
        )[0][0]
    )


def test_known_databases_are_said_to_be_known(filled: Database, capsys: pytest.CaptureFixture) -> None:
    with closing(filled.connect()) as opened:
        demo.check_legacy(opened)
        assert capsys.readouterr() == ("", "")
        ledger.show(opened)
        said = " ".join(capsys.readouterr().out.split())
        assert "dispatch_payment.order_id 1 not_migrated The order is instruction_id." in said
        assert "Every table and column of the legacy database is known." in said
        found = data.read(opened)
        assert verdict.judge(found).state in ("holds", "open")
        assert [each.subject for each in found.inventory.left_out if each.subject != "auth_user.password"] == [
            "dispatch_event",
            "dispatch_payment.order_id",
        ]


def test_what_is_not_known_is_counted_and_a_warning(surprised: Database, data_tests: dict[str, DataTest]) -> None:
    found = surprised.rows(
        "select subject, kind, row_count from dispatch_audit.legacy_inventory where decision = 'unknown'"
        ' order by subject collate "C"'
    )
    assert found == [
        ("dispatch_later", "table", 9000),
        ("dispatch_later.id", "integer", 9000),
        ("dispatch_later.we\"ird 'name", "text", 0),
        ("dispatch_office.opened_on", "date", 2),
        ("nothing", "unlogged table", 0),
        ("payment_gateway", "partitioned table", 400),
        ("payment_gateway.No", "character varying(20)", 0),
        ("payment_gateway.id", "bigint", 400),
        ("payment_gateway.on", "timestamp(0) without time zone", 0),
        ("payment_gateway.price", "numeric(10,2)", 0),
    ]
    test = data_tests["every_legacy_table_and_column_is_known"]
    assert not test.is_error
    assert surprised.rows(test.query)


def test_doctor_ledger_report_and_release_say_what_is_not_known(
    surprised: Database, capsys: pytest.CaptureFixture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(surprised.connect()) as opened:
        demo.check_legacy(opened)
        assert f"{SENTENCE}; {COLUMN}. Declare each" in capsys.readouterr().err
        ledger.show(opened)
        assert f"{SENTENCE}; {COLUMN}." in capsys.readouterr().out
        report.show(opened, tmp_path)
        assert f"{SENTENCE}; {COLUMN}." in capsys.readouterr().out
        judged = verdict.judge(data.read(opened))
        assert judged.state == "warns"
        assert judged.headline == "Everything that is known is accounted for"
        assert judged.sentence.endswith(f" But {SENTENCE}; {COLUMN}.")
        for file in ("migration_report.md", "migration_report.html"):
            assert "3 tables with 9,400 rows are not known" in (tmp_path / file).read_text(encoding="utf-8")
        # The steps of a release have tests of their own.
        for step in ("_check_freshness", "_build", "_publish"):
            monkeypatch.setattr(production.Release, step, lambda _: None)
        monkeypatch.setattr(production.Release, "_record", lambda _, **facts: None)
        monkeypatch.setattr(production.report, "write", lambda *_: (tmp_path, None, None))
        release = production.Release.__new__(production.Release)
        release.__dict__ |= {"connection": opened, "schemas": opened.schemas, "age": "", "build_id": "b"}
        assert f"; {SENTENCE}; {COLUMN}; build b" in release._run_steps()


def test_the_skeleton_is_yaml_in_the_style_of_the_project(surprised: Database) -> None:
    with closing(surprised.connect()) as opened:
        text = inventory.skeleton(inventory.unknown(opened))
    done = subprocess.run(
        [Path(sys.executable).parent / "yamllint", "--strict", "-"], cwd=ROOT, input=text.encode(), capture_output=True
    )
    assert done.returncode == 0, done.stdout
    (source,) = yaml.safe_load(text)["sources"]
    columns = {
        table["name"]: {column["name"]: column["data_type"] for column in table["columns"]}
        for table in source["tables"]
    }
    assert columns == {
        "dispatch_later": {"id": "integer", "we\"ird 'name": "text"},
        "dispatch_office": {"opened_on": "date"},
        "nothing": {},
        "payment_gateway": {
            "id": "bigint",
            "on": "timestamp with time zone",
            "price": "numeric(10, 2)",
            "No": "varchar(20)",
        },
    }


def test_what_is_said_of_one_and_of_estimates() -> None:
    entry = inventory.Entry("dispatch_later", "", "table", 1, True)
    assert inventory.sentence([]) == ""
    assert inventory.sentence([entry]) == "1 table with about 1 rows is not known (dispatch_later)"
    many = [entry._replace(table=f"t{number}", rows=None, is_estimate=False) for number in range(7)]
    assert inventory.sentence(many) == "7 tables with 0 rows are not known (t0, t1, t2, t3, t4 and 2 more)"
