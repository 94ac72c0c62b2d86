"""What the application has changed since the hand-over, as files for a person."""

import csv
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from conftest import Database
from inprocess import ops

from ops.errors import Failure
from ops.handover import changes

AWKWARD = 'He said "no",\nthen; \t=1+1 \x1b[31m\x7f – naïve 🦷 \\N'


def written(database: Database, folder: Path) -> dict[str, list[tuple[str, ...]]]:
    """Return the lines of every file, without the keys."""
    changes.write(database.target, folder)
    found = {}
    for file in folder.glob("*.csv"):
        assert file.stat().st_mode & 0o777 == 0o600
        with file.open(encoding="utf-8", newline="") as lines:
            heading, *rest = csv.reader(lines)
        assert tuple(heading) == changes.HEADER
        found[file.stem] = [(line[0], *line[2:]) for line in rest]
    return found


def first(database: Database, table: str, column: str, condition: str = "true") -> int:
    return database.rows(f"select min({column}) from dispatch_marts.{table} where {condition}")[0][0]


def test_nothing_has_changed(handed_over: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert written(handed_over, tmp_path / "new") == {}
    assert "The application has written nothing since 2" in capsys.readouterr().out
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700


def test_every_change_is_listed_with_old_and_new_value(
    handed_over: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    note = first(handed_over, "doctor_notes", "legacy_note_id")
    office = first(handed_over, "offices", "legacy_office_id", "city is not null")
    ((city,),) = handed_over.rows(f"select city from dispatch_marts.offices where legacy_office_id = {office}")
    doctor = first(handed_over, "doctors", "legacy_user_id")
    ((body,),) = handed_over.rows(f"select body from app.doctor_notes where legacy_note_id = {note}")
    handed_over.execute(
        f"delete from app.doctor_notes where legacy_note_id = {note};"
        f"update app.offices set city = null where legacy_office_id = {office};"
        "insert into app.profiles (profile_type, last_name) values ('patient', 'New');"
        "insert into app.patients (profile_id, doctor_id, sex) select profile_id,"
        f" (select doctor_id from app.doctors where legacy_user_id = {doctor}), 'female'"
        " from app.profiles where last_name = 'New' and legacy_user_id is null;"
        "update app.payments set amount = 10000000.00, is_free = not is_free"
        " where legacy_payment_id = (select min(legacy_payment_id) from app.payments)"
    )
    found = written(handed_over, tmp_path / "new")
    assert set(found) == {"doctor_notes", "offices", "patients", "payments", "profiles"}
    assert found["offices"] == [("updated", str(office), "city", city, "", "")]
    assert ("deleted", str(note), "body", body, "", "") in found["doctor_notes"]
    assert {line[0] for line in found["doctor_notes"]} == {"deleted"}
    assert ("inserted", "", "sex", "", "female", "") in found["patients"]
    ((*_, legacy_id),) = (line for line in found["patients"] if line[2] == "doctor_id")
    doctor_id = "select legacy_doctorsetting_id from dispatch_marts.doctors where legacy_user_id"
    assert [(int(legacy_id),)] == handed_over.rows(f"{doctor_id} = {doctor}")
    # The generated columns status and method follow from is_free and are no changes of their own.
    assert {line[2] for line in found["payments"]} == {"amount", "is_free"}
    assert [line[4] for line in found["payments"] if line[2] == "amount"] == ["10000000.00"]
    said = capsys.readouterr().out
    assert "payments" in said
    assert "personal data" in said


def test_awkward_texts_arrive_whole(handed_over: Database, tmp_path: Path):
    with closing(handed_over.connect()) as opened:
        opened.cursor().execute("update app.doctor_notes set body = %s", (AWKWARD,))
        opened.cursor().execute("alter table app.orders add column remark text; update app.orders set remark = ''")
    found = written(handed_over, tmp_path)
    assert {line[4] for line in found["doctor_notes"]} == {AWKWARD}
    assert ',"remark",,"",' in (tmp_path / "orders.csv").read_text()  # nothing before, an empty text now


ALTERATIONS = {
    # By statement: the files, with some lines in them, and what the terminal says.
    "alter table app.teams rename team_name to label": ({}, "column app.teams.label is new"),
    "alter table app.teams rename team_name to label; update app.teams set label = 'Ours'": (
        {"teams": {("team_name", "Ours")}},
        "column app.teams.team_name is missing",
    ),
    "alter table app.storages rename to disks; update app.disks set storage_name = 'Ours'": (
        {"storages": {("storage_name", "Ours")}},
        "table app.disks is new",
    ),
    "alter table app.patients drop column suffix": ({}, "column app.patients.suffix is missing"),
    "drop table app.storages": ({}, "app.storages is not compared"),
    "alter table app.storages drop column storage_id cascade": ({}, "app.storages is not compared"),
    "alter table app.roles add sort text default 'first'": (
        {"roles": {("sort", "first")}},
        "column app.roles.sort is new",
    ),
    "alter table app.offices alter city type varchar(90)": ({}, "column app.offices.city was altered"),
    'alter table app.offices alter city type text collate "C"; update app.offices set city = upper(city)': (
        {"offices": set()},
        "column app.offices.city was altered",
    ),
    "alter table app.payments alter amount type numeric(20, 4)": ({}, "column app.payments.amount was altered"),
    "alter table app.notifications alter context drop default, alter context type text": (
        {"notifications": set()},
        "column app.notifications.context was altered",
    ),
    "alter table app.payments alter status drop expression; update app.payments set status = 'pending'": (
        {"payments": {("status", "pending")}},
        "column app.payments.status was altered",
    ),
    "create table app.visits (visit_id int)": ({}, "table app.visits is new"),
    "drop view app.payments_computed; drop table app.legacy_ids, app.migration_ledger": (
        {},
        "view app.payments_computed is missing",
    ),
    "truncate app.doctor_notes": ({"doctor_notes": set()}, "doctor_notes"),
}


@pytest.mark.parametrize("statements", ALTERATIONS)
def test_a_changed_structure_is_named_and_the_rest_compared(
    handed_over: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str], statements: str
):
    files, said = ALTERATIONS[statements]
    handed_over.execute(statements)
    found = written(handed_over, tmp_path)
    assert set(found) == set(files)
    for name, expected in files.items():
        assert expected <= {(line[2], line[4]) for line in found[name]}
    output = capsys.readouterr()
    assert said in output.out + output.err


def test_files_of_an_earlier_list_are_not_mixed_with_new_ones(handed_over: Database, tmp_path: Path):
    (tmp_path / "teams.csv").touch()
    with pytest.raises(Failure, match=r"cannot be listed: the folder .* is not empty"):
        changes.write(handed_over.target, tmp_path)
    with pytest.raises(Failure, match=r"cannot be listed: .*teams.csv/x cannot be written to \(Not a directory\)"):
        changes.write(handed_over.target, tmp_path / "teams.csv" / "x")


def test_without_a_hand_over_there_is_nothing_to_compare(
    handed_over: Database, database: Callable[..., Database], tmp_path: Path
):
    with pytest.raises(Failure, match="nothing is handed over"):
        changes.write(database("bare").target, tmp_path)
    handed_over.execute("alter schema app rename to theirs")
    with pytest.raises(Failure, match="schema app does not exist any more"):
        changes.write(handed_over.target, tmp_path)
    handed_over.execute("alter schema theirs rename to app; drop table dispatch_release.handover_structure")
    with pytest.raises(Failure, match="an earlier version handed over"):
        changes.write(handed_over.target, tmp_path)


def test_the_command_takes_one_of_its_options(handed_over: Database, tmp_path: Path):
    for options in (["--undo", "--amend"], ["--dry-run", "--undo"], ["--changes", str(tmp_path), "--files"]):
        refused = ops(handed_over.environment, "handover", *options)
        assert (refused.returncode, "Name one of" in refused.stderr) == (1, True)
    done = ops(handed_over.environment, "handover", "--changes", str(tmp_path / "new"))
    assert (done.returncode, done.stderr) == (0, "")


def test_a_list_that_was_interrupted_leaves_no_file(
    handed_over: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """It would look complete."""
    handed_over.execute("update app.offices set city = 'Ours'; update app.roles set role_name = 'Ours'")

    def fail(values: tuple[object, ...]) -> str:
        if "Ours" in values:
            raise OSError(28, "No space left on device")
        return "\n"

    monkeypatch.setattr(changes, "_line", fail)
    with pytest.raises(Failure, match="No space left on device"):
        changes.write(handed_over.target, tmp_path)
    assert list(tmp_path.iterdir()) == []
