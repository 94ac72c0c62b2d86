"""The application's database: handed over, proved, written to by its own role, taken back.

The tests run in the order of the file: from a published version to an application that has written.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import psycopg2
import pytest
from conftest import Database
from dbt_common.exceptions import DbtRuntimeError
from inprocess import Project, ops, parsed
from marts import fingerprints
from psycopg2.extensions import connection as Connection

from ops.database import connection
from ops.errors import Failure
from ops.handover import application, handover, structure
from ops.project import ROOT
from ops.release import records
from ops.release.production import APPLICATION

# With so many rows the planner uses an index where there is one.
LARGE = 12_000


@pytest.fixture(scope="module")
def published(scratch: Database) -> Iterator[Project]:
    """Build and publish the smallest legacy database, under the name that spares the hand-over a whole parse."""
    scratch.load_legacy("tiny")
    with parsed(scratch, "--target", "prod", DISPATCH_APPLICATION=APPLICATION) as project:
        project.dbt("build", "--exclude", "resource_type:unit_test", "resource_type:test")
        scratch.execute("update dispatch_release.builds set unfinished = '{}'")
        assert project.refusal("run-operation", "publish") == ""
        yield project


@pytest.fixture(scope="module")
def manifest(scratch: Database, published: Project) -> Iterator[None]:
    """Read the contracts once, for every hand-over in this process."""
    read = handover._manifest(scratch.target)
    with mock.patch.object(handover, "_manifest", return_value=read):
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where schema.sql is written."""
    return tmp_path_factory.mktemp("handover")


@pytest.fixture(scope="module")
def handed_over(scratch: Database, manifest: None, folder: Path) -> Iterator[Connection]:
    """Hand over, and give a connection of the application."""
    handover.run(scratch.target, "app", False, folder)
    scratch.execute("create role application login in role dispatch_app")
    with closing(
        psycopg2.connect(host=scratch.target.host, dbname=scratch.target.dbname, user="application")
    ) as opened:
        opened.autocommit = True
        opened.cursor().execute("set search_path to app")
        yield opened
    scratch.execute("drop role application")


def is_untouched(database: Database) -> bool:
    return database.rows(
        "select to_regnamespace('app'), count(*) from dispatch_release.handovers where undone_at is null"
    ) == [(None, 0)]


# Before the hand-over


def test_only_what_was_published_is_handed_over(database: Callable[[str], Database], folder: Path):
    with pytest.raises(Failure, match="Nothing was published"):
        handover.run(database("unpublished").target, "app", False, folder)


def test_existing_schema_is_not_replaced(scratch: Database, manifest: None, folder: Path):
    scratch.execute("create schema theirs")
    with pytest.raises(Failure, match=r"^Schema theirs exists already: "):
        handover.run(scratch.target, "theirs", False, folder)
    scratch.execute("drop schema theirs")
    for name in ("dispatch_marts", "dispatch_new", "pg_new", "analytics", "legacy", "App", "a; drop"):
        with pytest.raises(Failure, match=rf"^“{name}” cannot be the application's schema: "):
            handover.run(scratch.target, name, False, folder)
    for name in ("user", "order", "between", "interval"):
        with pytest.raises(Failure, match=rf"^“{name}” cannot be .*, because it is a word of SQL"):
            handover.run(scratch.target, name, False, folder)
    assert is_untouched(scratch)


@pytest.mark.parametrize(
    ("statement", "remedy"),
    [
        ("alter role dispatch_app superuser", "alter role dispatch_app nosuperuser"),
        ("alter role dispatch_app bypassrls", "alter role dispatch_app nobypassrls"),
        ("alter role dispatch_app createrole", "alter role dispatch_app nocreaterole"),
        ("alter role dispatch_app replication", "alter role dispatch_app noreplication"),
        ("grant dispatch_engineer to dispatch_app", "revoke dispatch_engineer from dispatch_app"),
        ("grant dispatch_analyst to dispatch_app with inherit false", "revoke dispatch_analyst from dispatch_app"),
        ("grant pg_read_all_data to dispatch_app", "revoke pg_read_all_data from dispatch_app"),
        (
            "create role between_them; grant dispatch_engineer to between_them; grant between_them to dispatch_app",
            "revoke between_them from dispatch_app",
        ),
        ("grant usage on schema legacy to dispatch_app", "revoke all on schema legacy from dispatch_app"),
        (
            "grant create on schema dispatch_marts to dispatch_app",
            "revoke all on schema dispatch_marts from dispatch_app",
        ),
        ("create role harmless; grant harmless to dispatch_app", ""),
    ],
)
def test_a_role_with_more_rights_is_refused(scratch: Database, manifest: None, statement: str, remedy: str):
    with closing(scratch.connect()) as opened:
        opened.autocommit = False
        cursor = opened.cursor()
        if not connection.rows(opened, "select 1 from pg_roles where rolname = 'dispatch_app'"):
            cursor.execute("create role dispatch_app nologin")
        application._check_role(opened)
        cursor.execute(statement)
        if remedy:
            with pytest.raises(Failure, match=r"^Role dispatch_app exists with more rights") as refused:
                handover._plan(opened, handover._manifest(), "app")
            assert str(refused.value).splitlines()[1:] == [f"{remedy};"]
            cursor.execute(remedy)
        application._check_role(opened)
        opened.rollback()


def test_a_contract_of_another_version_is_refused(scratch: Database, manifest: None, folder: Path):
    scratch.execute("alter table dispatch_marts.offices add column fax text")
    with pytest.raises(Failure, match=r"column fax of dispatch_marts.offices is not in the contracts"):
        handover.run(scratch.target, "app", False, folder)
    scratch.execute("alter table dispatch_marts.offices drop column fax")


def test_misspelt_key_of_the_contract_is_refused(scratch: Database, manifest: None, folder: Path):
    orders = handover._manifest()["nodes"]["model.dispatch.orders"]["columns"]["status"]["config"]
    with (
        mock.patch.dict(orders, meta={"application": {"defualt": 1}}),
        pytest.raises(Failure, match="for the application: defualt"),
    ):
        handover.run(scratch.target, "app", False, folder)


@pytest.mark.parametrize(
    ("sabotage", "reason"),
    [
        ("update app.offices set city = 'Elsewhere' where city is not null", "offices has .* or their values differ"),
        ("delete from app.notifications", "notifications has 0 rows and dispatch_marts.notifications 1"),
        ("delete from app.payment_operations where operation_type = 'refund'", "payment_operations has"),
        ("delete from app.migration_rejects", "migration_rejects has 0 rows"),
        (
            "drop index app.notifications__recipient_profile_id__idx",
            "notifications__recipient_profile_id__fk.* no index",
        ),
        ("alter table app.tasks drop constraint tasks__order_id__fk", "tasks__order_id__fk of app.tasks is missing"),
        (
            "select setval('app.patient_numbers', max(legacy_patient_id), false) from app.patients",
            "defaults of patients do not work: duplicate key",
        ),
        ("alter table app.tasks alter status set default 'unheard of'", "defaults of tasks .*status_is_known"),
        ("select 1 / 0", "division by zero"),
    ],
)
def test_failed_check_rolls_everything_back(
    scratch: Database, manifest: None, folder: Path, sabotage: str, reason: str
):
    before = fingerprints(scratch)
    quoted = sabotage.replace("'", "''")
    scratch.execute(
        "create function sabotage() returns event_trigger language plpgsql as"
        f" $$ begin execute '{quoted}'; end $$;"
        "create event trigger sabotage on ddl_command_end when tag in ('CREATE VIEW') execute function sabotage()"
    )
    try:
        with pytest.raises(Failure, match=f"Nothing was handed over: .*{reason}"):
            handover.run(scratch.target, "app", False, folder)
    finally:
        scratch.execute("drop event trigger sabotage; drop function sabotage()")
    assert is_untouched(scratch)
    assert fingerprints(scratch) == before


GIVE = """
create function public.give() returns event_trigger language plpgsql as $$ begin
    grant select on app.patients to dispatch_analyst, public;
    grant usage on schema app to dispatch_analyst;
end $$;
create event trigger give on ddl_command_end when tag in ('{}') execute function public.give()
"""


def test_rights_that_nobody_declared_are_taken_back(scratch: Database, manifest: None, folder: Path):
    scratch.execute(GIVE.format("CREATE VIEW") + ";alter default privileges grant select on tables to public")
    try:
        handover.run(scratch.target, "app", False, folder)
    finally:
        scratch.execute(
            "drop event trigger give; drop function public.give;"
            "alter default privileges revoke select on tables from public"
        )
    found = scratch.rows("select distinct grantee from dispatch_release.rights_in('{app}') order by 1")
    assert found == [("dispatch_app",), ("dispatch_engineer",)]
    handover.undo(scratch.target)
    scratch.execute("truncate dispatch_release.handovers")


def test_rights_that_come_back_stop_the_hand_over(scratch: Database, manifest: None, folder: Path):
    scratch.execute(GIVE.format("REVOKE"))
    reason = "Nothing was handed over: .*dispatch_analyst has select on table app.patients.*Nobody declared that"
    try:
        scratch.execute("alter default privileges grant select on tables to public")
        with pytest.raises(Failure, match=reason):
            handover.run(scratch.target, "app", False, folder)
    finally:
        scratch.execute("drop event trigger give; drop function public.give")
        scratch.execute("alter default privileges revoke select on tables from public")
    assert is_untouched(scratch)


def test_a_legacy_sequence_without_further_numbers_is_a_sentence(scratch: Database, manifest: None, folder: Path):
    ((last,),) = scratch.rows("select last_value from legacy.auth_user_id_seq")
    scratch.execute("alter sequence legacy.auth_user_id_seq as bigint")
    scratch.execute("select setval('legacy.auth_user_id_seq', 9223372036854775807)")
    try:
        with pytest.raises(
            Failure, match="Nothing was handed over: doctors cannot be numbered: the legacy sequence of"
        ):
            handover.run(scratch.target, "app", False, folder)
    finally:
        scratch.execute(f"select setval('legacy.auth_user_id_seq', {last})")
    assert is_untouched(scratch)


def test_hand_over_is_refused_during_a_release(scratch: Database, manifest: None, folder: Path):
    with closing(scratch.connect()) as release:
        records.prepare(release)
        release.cursor().execute(
            "insert into dispatch_release.releases (release_id, backend_process) values ('running', pg_backend_pid())"
        )
        with pytest.raises(Failure, match="Nothing was handed over: A release is reading the landing"):
            handover.run(scratch.target, "app", False, folder)
        release.cursor().execute("delete from dispatch_release.releases")


def test_printed_sql_undo_and_hand_over_are_deterministic(
    scratch: Database, manifest: None, folder: Path, tmp_path: Path
):
    printed = ops(scratch.environment, "handover", "--dry-run")
    assert printed.returncode == 0, printed.stderr
    assert is_untouched(scratch)
    scratch.execute(printed.stdout)
    handover.files(scratch.target, folder)
    by_hand = (folder / "schema.sql").read_text()
    handover.undo(scratch.target)
    assert scratch.rows("select to_regnamespace('app')") == [(None,)]
    handover.run(scratch.target, "app", False, folder)
    assert (folder / "schema.sql").read_text() == by_hand
    handover.undo(scratch.target)
    scratch.execute("truncate dispatch_release.handovers")


# After it


def test_the_schema_can_be_loaded_elsewhere(
    handed_over: Connection, database: Callable[[str], Database], scratch: Database, folder: Path
):
    text = (folder / "schema.sql").read_text()
    assert "COMMENT ON TABLE app.orders" in text
    # Comments name legacy tables.
    without_comments = re.sub(r"^COMMENT ON .*?';$", "", text, flags=re.MULTILINE | re.DOTALL)
    for foreign in ("dispatch_", "OWNER TO", "GRANT", "\\restrict", "TRIGGER"):
        assert foreign not in without_comments
    assert "CREATE TABLE app.orders" in without_comments
    elsewhere = database("elsewhere")
    elsewhere.execute(text)
    again = handover._dump(elsewhere.target, handed_over.server_version // 10000, "app")
    assert again == text
    assert {each.name for each in folder.glob("*.svg")} >= {"schema.svg", "schema_payments.svg"}


def test_tables_are_those_of_the_published_version(handed_over: Connection, scratch: Database):
    described = (
        "select relname, attname, format_type(atttypid, atttypmod), col_description(attrelid, attnum)"
        " from pg_attribute inner join pg_class on attrelid = pg_class.oid"
        " where relnamespace = '{}'::regnamespace and relkind = 'r' and attnum > 0 and not attisdropped"
    )
    marts = set(scratch.rows(described.format("dispatch_marts")))
    app = set(scratch.rows(described.format("app")))
    assert {each[:2] for each in marts - app} == {("payments", "refunded_amount")}
    assert {each[0] for each in app - marts} == {"legacy_ids", "migration_ledger", "migration_rejects"}


def test_required_columns_without_a_default_are_those_of_the_documentation(handed_over: Connection, scratch: Database):
    """docs/handover.md lists them; a new one needs a decision: a default, or a value that the application knows."""
    found: dict[str, set[str]] = {}
    for table, column in scratch.rows(
        "select relname, attname from pg_attribute inner join pg_class on attrelid = pg_class.oid"
        " where relnamespace = 'app'::regnamespace and relkind = 'r' and attnum > 0 and attnotnull and not atthasdef"
        " and relname !~ '^(legacy|migration)_' and not exists (select 1 from pg_constraint"
        " where contype = 'f' and conrelid = attrelid and conkey = array[attnum])"
    ):
        found.setdefault(table, set()).add(column)
    _, _, section = (ROOT / "docs" / "handover.md").read_text().partition("## Required columns without a default")
    _, *rows = re.findall(r"^\| ([a-z_, ]+) \| ([a-z_, ]+) \|$", section.partition("## ")[0], re.MULTILINE)
    listed = {table: set(columns.split(", ")) for tables, columns in rows for table in tables.split(", ")}
    assert found == listed
    assert len(found) > 10


def test_every_enumeration_of_the_contracts_is_enforced(handed_over: Connection, scratch: Database):
    held = scratch.rows(
        "select relname, conname from pg_constraint inner join pg_class on conrelid = pg_class.oid"
        " where relnamespace = 'app'::regnamespace and contype = 'c' and conname like '%_is_known'"
    )
    assert {("orders", "status_is_known"), ("order_events", "event_type_is_known")} <= set(held)
    assert len(held) >= 15


def test_releases_are_refused_after_the_hand_over(handed_over: Connection, published: Project, scratch: Database):
    before = fingerprints(scratch)
    ((today,),) = scratch.rows("select to_char(handed_over_at, 'YYYY-MM-DD HH24:MI') from dispatch_release.handovers")
    for operation in ("publish", "rollback"):
        refused = published.refusal("run-operation", operation)
        assert f"{operation} is refused: the marts were handed over to the application on {today}" in refused
    with pytest.raises((AssertionError, DbtRuntimeError), match=f"dbt run is refused: the marts were .* {today}"):
        published.dbt("run", "--select", "roles")
    released = ops(scratch.environment, "release")
    assert released.returncode == 1
    assert "Not released: a release is refused: the marts were handed over to the application" in released.stderr
    assert today in released.stderr
    again = ops(scratch.environment, "handover")
    assert again.returncode == 1
    assert again.stderr.count("\n") == 1
    assert "were handed over" in again.stderr
    assert fingerprints(scratch) == before


def test_analysts_cannot_read_the_application_schema(handed_over: Connection, scratch: Database):
    names = scratch.rows(
        "select oid::regclass::text from pg_class where relkind in ('r', 'v', 'S')"
        " and (relnamespace = 'app'::regnamespace or relname in ('handovers', 'first_writes'))"
    )
    assert len(names) > 45
    with closing(scratch.connect()) as analyst:
        analyst.cursor().execute("set role dispatch_analyst")
        for (name,) in names:
            with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                analyst.cursor().execute(f"select * from {name}")


def test_engineers_can_read_but_not_write(handed_over: Connection, scratch: Database):
    with closing(scratch.connect()) as engineer:
        engineer.cursor().execute("set role dispatch_engineer")
        assert connection.rows(engineer, "select count(*) > 0 from app.patients") == [(True,)]
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            engineer.cursor().execute("delete from app.doctor_notes")


def test_legacy_row_is_found_by_its_id(handed_over: Connection):
    ((legacy_id, key),) = connection.rows(handed_over, "select legacy_instruction_id, order_id from orders limit 1")
    found = f"select new_key from legacy_ids where entity = 'orders' and legacy_id = {legacy_id}"
    assert connection.rows(handed_over, found) == [(key,)]
    everything = (
        "select entity, migrated_rows from migration_ledger except"
        " select entity, count(*) from legacy_ids group by entity"
    )
    assert connection.rows(handed_over, everything) == []
    left_out = "select reason from migration_rejects where entity = 'orders' and disposition = 'excluded' limit 1"
    assert connection.rows(handed_over, left_out) == [("order_deleted",)]


# What an application writes


def insert(application: Connection, table: str, **values: Any) -> dict[str, Any]:
    """Insert a row and return all of it."""
    columns = f"({', '.join(values)}) values ({', '.join(['%s'] * len(values))})" if values else "default values"
    with application.cursor(cursor_factory=psycopg2.extras.RealDictCursor) as cursor:
        cursor.execute(f"insert into {table} {columns} returning *", tuple(values.values()))
        return dict(cursor.fetchone())


@pytest.fixture(scope="module")
def written(handed_over: Connection) -> dict[str, dict[str, Any]]:
    """A patient from the first visit to the parcel."""
    app = handed_over

    def any_of(table: str, condition: str = "true") -> Any:
        return connection.rows(app, f"select {table[:-1]}_id from {table} where {condition} limit 1")[0][0]

    row: dict[str, dict[str, Any]] = {}
    doctor, office, product, template = (any_of(name) for name in ("doctors", "offices", "products", "templates"))
    row["profile"] = insert(app, "profiles", profile_type="patient", first_name="New", last_name="Person")
    profile = row["profile"]["profile_id"]
    row["patient"] = insert(app, "patients", profile_id=profile, doctor_id=doctor, office_id=office, sex="female")
    patient = row["patient"]["patient_id"]
    row["case"] = insert(app, "cases", patient_id=patient, doctor_id=doctor)
    row["order"] = insert(app, "orders", patient_id=patient, doctor_id=doctor, office_id=office, status="submitted")
    order = row["order"]["order_id"]
    for side in ("upper", "lower"):
        row[side] = insert(app, "jaws", order_id=order, product_id=product, side=side)
    row["task"] = insert(app, "tasks", order_id=order, template_id=template, jaw_side="both")
    row["payment"] = insert(app, "payments", order_id=order, patient_id=patient, amount=1200, subtotal_amount=1100)
    payment = row["payment"]["payment_id"]
    for number in (1, 2):
        row[f"item {number}"] = insert(app, "payment_items", payment_id=payment, product_id=product, total_amount=600)
    row["operation"] = insert(app, "payment_operations", payment_id=payment, operation_type="payment", amount=1200)
    row["message"] = insert(app, "messages", author_profile_id=profile, target_patient_id=patient, body="Hello")
    row["file"] = insert(app, "files", order_id=order, message_id=row["message"]["message_id"], size_bytes=1)
    row["notification"] = insert(app, "notifications", recipient_profile_id=profile, template_name="order_submitted")
    row["shipment"] = insert(
        app,
        "shipments",
        order_id=order,
        tracking_number="1Z",
        carrier="UPS",
        ship_to_city="Lyon",
        ship_to_country_code="FR",
    )
    staff = insert(app, "profiles", profile_type="staff")["profile_id"]
    row["member"] = insert(app, "team_members", team_id=any_of("teams"), profile_id=staff)
    return row


def test_a_new_row_has_a_key_and_no_legacy_id(handed_over: Connection, written: dict[str, dict[str, Any]]):
    kind = "7" if handed_over.server_version >= 180000 else "4"
    for row in written.values():
        key, *_ = row.values()
        assert str(key)[14] == kind  # the version of the UUID
        assert {value for name, value in row.items() if name.startswith("legacy_")} <= {None}


def test_numbers_continue_those_of_the_legacy_rows(written: dict[str, dict[str, Any]], scratch: Database):
    ((last,),) = scratch.rows("select max(legacy_patient_id) from dispatch_marts.patients")
    number = int(written["patient"]["patient_number"].removeprefix("PAT-"))
    assert number > last
    assert len(written["patient"]["patient_number"]) == len("PAT-000001")
    assert written["case"]["case_number"].startswith("CASE-")
    assert written["order"]["order_number"].isdecimal()


def test_flags_counters_and_times_have_defaults(written: dict[str, dict[str, Any]], scratch: Database):
    assert not written["notification"]["is_read"]
    assert written["notification"]["context"] == {}
    assert written["payment"]["paid_amount"] == 0
    assert written["task"]["status"] == "pending"
    assert scratch.rows("select now() - created_at < interval '1 hour' from app.messages where body = 'Hello'") == [
        (True,)
    ]


def test_derived_columns_are_computed(handed_over: Connection, written: dict[str, dict[str, Any]]):
    payment = written["payment"]["payment_id"]
    assert (written["payment"]["status"], written["payment"]["method"]) == ("pending", "card")
    assert written["shipment"]["ship_to"]["city"] == "Lyon"
    assert written["shipment"]["ship_to"]["name"] is None
    insert(handed_over, "payment_operations", payment_id=payment, operation_type="refund", amount=50)
    handed_over.cursor().execute("update payments set is_paid = true where payment_id = %s", (payment,))
    both = (
        "select status, refunded_amount from payments inner join payments_computed using (payment_id)"
        " where payment_id = %s"
    )
    assert connection.rows(handed_over, both, (payment,)) == [("completed", 50)]
    for column, value in (("status", "completed"), ("ship_to", "{}")):
        table = "payments" if column == "status" else "shipments"
        with pytest.raises(psycopg2.errors.GeneratedAlways):
            handed_over.cursor().execute(f"update {table} set {column} = %s", (value,))


def test_a_payment_follows_the_patient_of_its_order(handed_over: Connection, written: dict[str, dict[str, Any]]):
    other = "select patient_id from patients where legacy_patient_id is not null limit 1"
    handed_over.cursor().execute(
        f"update orders set patient_id = ({other}) where order_id = %s", (written["order"]["order_id"],)
    )
    moved = "select patient_id = (" + other + ") from payments where payment_id = %s"
    assert connection.rows(handed_over, moved, (written["payment"]["payment_id"],)) == [(True,)]


UNKNOWN = "'00000000-0000-0000-0000-000000000000'"


@pytest.mark.parametrize(
    ("statement", "constraint"),
    [
        (f"insert into patients (profile_id) values ({UNKNOWN})", "patients__profile_id__fk"),
        (f"update tasks set order_id = {UNKNOWN}", "tasks__order_id__fk"),
        (
            "update payments set patient_id ="
            " (select patient_id from patients where patient_id <> payments.patient_id limit 1)",
            "payments__order_id__patient_id__fk",
        ),
        ("update orders set status = 'lost'", "status_is_known"),
        ("update patients set sex = 'unheard of'", "sex_is_known"),
        ("update order_events set event_type = 'party'", "event_type_is_known"),
        ("update teams set team_type = 'Secret'", "team_type_is_known"),
        ("update technicians set specialty = 'Juggler'", "specialty_is_known"),
        ("update jaws set side = 'middle'", "side_is_known"),
        ("update profiles set last_name = '  '", "last_name_is_not_blank"),
        ("update offices set city = ''", "city_is_not_blank"),
        ("update payments set amount = 99999999", "amount_is_plausible"),
        ("update payments set amount = 'NaN'", "amount_is_plausible"),
        ("update patients set birth_date = '1066-10-14'", "birth_date_is_plausible"),
        ("update orders set submitted_at = 'infinity'", "submitted_at_is_plausible"),
        ("update messages set target_profile_id = author_profile_id", "messages_are_about_one_patient_or_one_user"),
        ("insert into team_members (team_id, profile_id) select team_id, profile_id from team_members", "pair_once"),
        ("update orders set legacy_instruction_id = 1", "orders__legacy_instruction_id__key"),
        ("delete from orders", "__fk"),
        ("delete from profiles", "__fk"),
        ("delete from templates", "__fk"),
    ],
)
def test_a_wrong_value_is_refused_by_a_named_constraint(
    handed_over: Connection, written: dict[str, dict[str, Any]], statement: str, constraint: str
):
    with pytest.raises(psycopg2.errors.IntegrityError) as refused:
        handed_over.cursor().execute(statement)
    assert refused.value.diag.constraint_name.endswith(constraint)


@pytest.mark.parametrize("table", ["messages", "orders", "notifications"])
def test_missing_required_values_are_refused(handed_over: Connection, table: str):
    with pytest.raises(psycopg2.errors.NotNullViolation):
        insert(handed_over, table)


def test_permissions_end_with_their_role(handed_over: Connection):
    role = insert(handed_over, "roles", role_name="Passing")["role_id"]
    cursor = handed_over.cursor()
    cursor.execute(
        "insert into role_permissions (role_id, permission_id) select %s, permission_id from permissions limit 3",
        (role,),
    )
    assert cursor.rowcount == 3
    cursor.execute("delete from roles where role_id = %s", (role,))
    assert connection.rows(handed_over, f"select count(*) from role_permissions where role_id = '{role}'") == [(0,)]


@pytest.mark.parametrize(
    "statement",
    [
        "update legacy_ids set legacy_id = 0",
        "delete from migration_ledger",
        "insert into migration_rejects select * from migration_rejects",
        "truncate orders",
        "create table extra (id integer)",
        "alter table orders add column extra text",
        "drop index notifications__recipient_profile_id__idx",
        "alter table orders disable trigger all",
        "delete from dispatch_marts.orders",
        "select * from dispatch_marts.orders",
        "select * from dispatch_release.handovers",
        "select * from analytics.orders",
        "select * from legacy.dispatch_patient",
        "create schema theirs",
        "create table public.extra (id integer)",
        "select setval('patient_numbers', 1)",
    ],
)
def test_application_has_no_other_rights(handed_over: Connection, statement: str):
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        handed_over.cursor().execute(statement)


def test_every_lookup_uses_an_index(handed_over: Connection, written: dict[str, dict[str, Any]], scratch: Database):
    """The tables are filled with rows of the test first: with few rows the planner prefers a scan."""
    many = f"generate_series(1, {LARGE})"
    with closing(scratch.connect()) as owner:
        owner.autocommit = False
        cursor = owner.cursor()
        cursor.execute("set search_path to app")
        keys = {"profile": written["profile"]["profile_id"], "order": written["order"]["order_id"]}
        for statement in (
            f"insert into profiles (profile_type) select 'patient' from {many}",
            "insert into patients (profile_id, doctor_id) select profile_id, (select doctor_id from doctors limit 1)"
            " from profiles where legacy_user_id is null and profile_type = 'patient'"
            " and profile_id not in (select profile_id from patients)",
            "insert into orders (patient_id, doctor_id, status) select patient_id, doctor_id, 'submitted' from patients"
            " where doctor_id is not null",
            "insert into tasks (order_id, template_id) select order_id, (select template_id from templates limit 1)"
            " from orders",
            "insert into jaws (order_id, side) select order_id, 'upper' from orders",
            "insert into payments (order_id, patient_id, amount, subtotal_amount) select order_id, patient_id, 1, 1"
            " from orders",
            "insert into payment_items (payment_id, total_amount) select payment_id, 1 from payments",
            "insert into payment_operations (payment_id, operation_type, amount) select payment_id, 'payment', 1"
            " from payments",
            "insert into messages (target_patient_id, body) select patient_id, 'x' from patients",
            "insert into notifications (recipient_profile_id) select profile_id from profiles",
            "insert into files (order_id, size_bytes) select order_id, 1 from orders",
            "insert into shipments (order_id, tracking_number, carrier) select order_id, cast(order_id as text), 'UPS'"
            " from orders where order_id not in (select order_id from shipments)",
            "insert into cases (patient_id) select patient_id from patients where patient_id not in"
            " (select patient_id from cases)",
        ):
            cursor.execute(statement)
        cursor.execute("analyze")
        sizes = dict(
            connection.rows(owner, "select relname, reltuples from pg_class where relnamespace = 'app'::regnamespace")
        )
        assert sum(rows > 10_000 for rows in sizes.values()) >= 12
        lookups = [
            f"select * from notifications where recipient_profile_id = '{keys['profile']}' and not is_read"
            " order by created_at desc limit 20",
            f"select * from tasks inner join templates using (template_id) where order_id = '{keys['order']}'",
            f"select * from patients inner join profiles using (profile_id) where doctor_id = '{UNKNOWN[1:-1]}'",
            "select * from messages inner join orders on patient_id = target_patient_id"
            f" where order_id = '{keys['order']}'",
            f"select * from payments_computed where payment_id = '{written['payment']['payment_id']}'",
            "select * from legacy_ids where entity = 'orders' and legacy_id = 7",
        ]
        # Each foreign key of the large tables: from the parent to its children, as a delete of the parent asks.
        lookups += [
            f"select 1 from {table} where {column} = {UNKNOWN}"
            for table, column in connection.rows(
                owner,
                "select relname, attname from pg_constraint inner join pg_class on conrelid = pg_class.oid"
                " inner join pg_attribute on attrelid = conrelid and attnum = conkey[1]"
                " where contype = 'f' and connamespace = 'app'::regnamespace and reltuples > 10000",
            )
        ]
        assert len(lookups) > 30
        for lookup in lookups:
            plan = "\n".join(line for (line,) in connection.rows(owner, f"explain {lookup}"))
            scanned = [table for table, rows in sizes.items() if rows > 10_000 and f"Seq Scan on {table} " in plan]
            assert scanned == [], plan
        owner.rollback()


def test_undo_is_refused_with_table_and_time(
    handed_over: Connection, written: dict[str, dict[str, Any]], scratch: Database
):
    with pytest.raises(
        Failure, match=r"the application has written to .*app\.patients \(first on 2\d{3}-\d\d-\d\d at "
    ):
        handover.undo(scratch.target)
    assert scratch.rows("select count(*) from dispatch_release.handovers where undone_at is null") == [(1,)]
    ((noted, tables),) = scratch.rows("select count(*), count(distinct table_name) from dispatch_release.first_writes")
    assert noted == tables


# Undo, each time after another hand-over


@pytest.fixture
def fresh(scratch: Database, handed_over: Connection, folder: Path) -> Connection:
    """Hand over again."""
    scratch.execute(
        "drop schema if exists app cascade;"
        "update dispatch_release.handovers set undone_at = now() where undone_at is null"
    )
    handover.run(scratch.target, "app", False, folder)
    return handed_over


def test_undo_does_not_wait_for_the_application(fresh: Connection, scratch: Database):
    with closing(scratch.connect()) as reader, mock.patch.object(handover, "LOCK_TIMEOUT", "100ms"):
        reader.autocommit = False
        reader.cursor().execute("select count(*) from app.orders")
        with pytest.raises(Failure, match="still uses its tables"):
            handover.undo(scratch.target)


def test_undo_stops_at_objects_of_others_but_not_at_writes_that_left_no_trace(fresh: Connection, scratch: Database):
    row = insert(fresh, "roles", role_name="Passing")
    fresh.cursor().execute("delete from roles where role_id = %s", (row["role_id"],))
    fresh.cursor().execute("update orders set status = 'shipped' where false")
    scratch.execute("create table app.schema_migrations (name text)")
    with pytest.raises(Failure, match="schema_migrations"):
        handover.undo(scratch.target)
    scratch.execute("drop table app.schema_migrations; create view public.theirs as select * from app.orders")
    with pytest.raises(Failure, match="theirs"):
        handover.undo(scratch.target)
    scratch.execute("drop view public.theirs")
    handover.undo(scratch.target)
    assert scratch.rows("select to_regnamespace('app')") == [(None,)]
    with pytest.raises(Failure, match="Nothing is handed over"):
        handover.undo(scratch.target)


ALTERATIONS = {
    "alter table app.patients add insurance_number text": "column app.patients.insurance_number is new",
    "alter table app.patients drop column suffix": (
        "column app.patients.suffix is missing; constraint suffix_is_not_blank on app.patients is missing"
    ),
    "alter table app.teams rename team_name to label": (
        "column app.teams.label is new; column app.teams.team_name is missing;"
        " constraint team_name_is_not_blank on app.teams was altered"
    ),
    "alter table app.storages rename to disks": "table app.disks is new; table app.storages is missing",
    "alter table app.tasks alter status set default 'completed'": "column app.tasks.status was altered",
    "alter table app.files alter legacy_uid drop not null, alter size_bytes drop not null": (
        "column app.files.size_bytes was altered"
    ),
    "alter table app.offices alter city type varchar(90)": "column app.offices.city was altered",
    "alter table app.offices add constraint c check (city <> 'x')": "constraint c on app.offices is new",
    "alter table app.jaws drop constraint jaws__order_id__fk": "constraint jaws__order_id__fk on app.jaws is missing",
    "create index i on app.offices (city)": "index app.i is new",
    "drop index app.tasks__order_id__idx": "index app.tasks__order_id__idx is missing",
    "comment on table app.orders is 'Ours.'": "table app.orders has another comment",
    "comment on table app.roles is null": "table app.roles has no comment",
    "comment on column app.orders.status is 'Ours.'": "column app.orders.status has another comment",
    "comment on index app.tasks__order_id__idx is 'Ours.'": "index app.tasks__order_id__idx has another comment",
    "alter table app.teams owner to dispatch_analyst": (
        "table app.teams belongs to dispatch_analyst instead of postgres"
    ),
    "grant truncate on app.orders to dispatch_engineer with grant option": (
        "dispatch_engineer has truncate on table app.orders with grant option"
    ),
    "grant select (city) on app.offices to public": "public has select on column app.offices.city",
    "revoke update on app.orders from dispatch_app": "dispatch_app no longer has update on table app.orders",
    "grant usage on schema app to dispatch_analyst": "dispatch_analyst has usage on schema app",
    "alter default privileges in schema app grant select on tables to public": (
        "public has select on default acl for role postgres in schema app on tables"
    ),
    "create table app.visits (visit_id int primary key)": "table app.visits is new",
    "create sequence app.s": "sequence app.s is new",
    "alter sequence app.patient_numbers increment 10": "sequence app.patient_numbers was altered",
    "create view app.v as select 1 as one": "view app.v is new",
    "create or replace view app.payments_computed as select payment_id, amount as refunded_amount from app.payments": (
        "view app.payments_computed was altered"
    ),
    "create type app.mood as enum ('good')": "type app.mood is new",
    "create type app.pair as (a int, b int)": "type app.pair is new",
    "create function app.f() returns int language sql return 1": "function app.f() is new",
    "create function public.f(app.orders) returns int language sql return 1": "function public.f(app.orders) is new",
    "create view public.theirs as select * from app.orders": "view public.theirs is new",
    "create table public.child () inherits (app.roles)": "table public.child is new",
    "create table public.t (role_id uuid references app.roles)": "constraint t_role_id_fkey on public.t is new",
    "create publication p for table app.roles": "publication relation app.roles in publication p is new",
    "create statistics app.st on city, state from app.offices": "statistics object app.st is new",
    "create trigger t before insert on app.roles for each row execute function suppress_redundant_updates_trigger()": (
        "trigger t on app.roles is new"
    ),
    "alter table app.roles enable row level security; create policy p on app.roles": (
        "policy p on app.roles is new; table app.roles was altered"
    ),
    "create rule r as on delete to app.roles do instead nothing": "rule r on app.roles is new",
}


def test_undo_names_every_change_of_the_structure(fresh: Connection, scratch: Database):
    found, expected = {}, {}
    with closing(scratch.connect()) as opened, opened.cursor() as cursor:
        opened.autocommit = False
        for statement, change in ALTERATIONS.items():
            cursor.execute(statement)
            found[statement] = "; ".join(structure.differences(opened, "app", "dispatch_release"))
            expected[statement] = change
            opened.rollback()
    assert found == expected


def test_undo_is_refused_after_a_change_of_the_structure(fresh: Connection, scratch: Database):
    scratch.execute(
        "alter table app.patients add insurance_number text; alter table app.teams rename team_name to label"
    )
    scratch.execute("update app.patients set insurance_number = '1' where legacy_patient_id < 40")
    with pytest.raises(
        Failure,
        match=r"not undone: schema app was changed .*: column app.patients.insurance_number is new; "
        r"column app.teams.label is new; column app.teams.team_name is missing",
    ):
        handover.undo(scratch.target)
    assert scratch.rows("select count(*) from dispatch_release.handovers where undone_at is null") == [(1,)]
    scratch.execute("alter table app.teams rename label to team_name; alter table app.patients drop insurance_number")
    handover.undo(scratch.target)
    assert is_untouched(scratch)


def test_undo_of_a_hand_over_without_a_recorded_structure_is_refused(fresh: Connection, scratch: Database):
    scratch.execute("drop table dispatch_release.handover_structure")
    with pytest.raises(Failure, match="an earlier version handed over"):
        handover.undo(scratch.target)


def test_writes_that_bypassed_the_triggers_are_found(fresh: Connection, scratch: Database):
    scratch.execute("set session_replication_role = replica; update app.offices set city = 'Elsewhere'")
    with pytest.raises(Failure, match=r"app\.offices \(time unknown\)"):
        handover.undo(scratch.target)


def test_the_first_writers_do_not_wait_for_each_other(fresh: Connection, scratch: Database):
    fresh.autocommit = False
    try:
        insert(fresh, "roles", role_name="First")
        with closing(scratch.connect()) as other:
            other.cursor().execute("set lock_timeout = '100ms'; insert into app.roles (role_name) values ('Second')")
        fresh.rollback()
    finally:
        fresh.autocommit = True
    assert scratch.rows("select count(*) from dispatch_release.first_writes") == [(1,)]


def test_without_uuidv7_keys_are_random(scratch: Database, manifest: None):
    with closing(scratch.connect()) as opened:
        patients = next(each for each in application.read(opened, handover._manifest()) if each.name == "patients")
        older, newer = (
            next(application._create(opened, replace(patients, uuid=uuid))) for uuid in ("gen_random_uuid", "uuidv7")
        )
        assert patients.uuid == ("uuidv7" if opened.server_version >= 180000 else "gen_random_uuid")
    assert "patient_id uuid default gen_random_uuid() not null" in older
    assert "patient_id uuid default uuidv7() not null" in newer
