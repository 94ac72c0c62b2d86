"""The legacy schema changes under the release, or the candidate fails a test."""

import pytest

from faults.harness import Harness

# A change to the legacy database, what the release must name, and the repair.
CHANGES = {
    "a legacy table is dropped (cascade)": (
        "create table public.kept (like legacy.dispatch_category including all);"
        "insert into public.kept select * from legacy.dispatch_category;"
        "drop table legacy.dispatch_category cascade",
        ("lacks dispatch_category", "source status"),
        "alter table public.kept rename to dispatch_category; alter table public.dispatch_category set schema legacy",
    ),
    "a legacy column is dropped (cascade)": (
        "create table public.kept as select id, used_credit from legacy.dispatch_payment;"
        "alter table legacy.dispatch_payment drop column used_credit cascade",
        ("dispatch_payment.used_credit: no such column",),
        "alter table legacy.dispatch_payment add column used_credit numeric(10, 2);"
        "update legacy.dispatch_payment as p set used_credit = k.used_credit from public.kept as k where k.id = p.id;"
        "alter table legacy.dispatch_payment alter column used_credit set not null; drop table public.kept",
    ),
    "a legacy column is renamed": (
        "alter table legacy.dispatch_payment rename column used_credit to credit_used",
        ("dispatch_payment.used_credit: no such column",),
        "alter table legacy.dispatch_payment rename column credit_used to used_credit",
    ),
    "a legacy column changes from numeric to text, and amounts are written with a comma": (
        "drop view dispatch_staging.stg_dispatch__payments cascade;"
        "drop view if exists dispatch_next_staging.stg_dispatch__payments cascade;"
        "alter table legacy.dispatch_payment alter column used_credit type text"
        " using replace(cast(used_credit as text), '.', ',')",
        ("dispatch_payment.used_credit: of type text, declared as numeric",),
        "drop view if exists dispatch_next_staging.stg_dispatch__payments cascade;"
        "alter table legacy.dispatch_payment alter column used_credit type numeric(10, 2)"
        " using cast(replace(used_credit, ',', '.') as numeric)",
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_legacy_schema_changes(harness: Harness, what: str) -> None:
    change, words, undo = CHANGES[what]
    with harness.fault(what) as fault:
        fault.database.execute(change)
        release = fault.release()
        fault.ended(release, 1, *words)
        fault.assert_nothing_is_left()
        fault.assert_unchanged()
        fault.database.execute(undo)
        fault.heal()


@pytest.mark.parametrize(
    ("column", "narrow", "wide"), [("used_credit", "numeric(10, 2)", "numeric(14, 4)"), ("id", "integer", "bigint")]
)
def test_legacy_column_changes_to_a_wider_type(harness: Harness, column: str, narrow: str, wide: str) -> None:
    views = "dispatch_staging.stg_dispatch__payments, dispatch_next_staging.stg_dispatch__payments"
    change = f"drop view if exists {views} cascade; alter table legacy.dispatch_payment alter column {column} type "
    with harness.fault(f"a legacy column changes from {narrow} to {wide}, and the values stay") as fault:
        fault.database.execute(change + wide)
        release = fault.release()
        fault.ended(release, 0, "Released")
        fault.healed_by_itself()
        fault.database.execute(change + narrow)


def test_a_test_fails_before_the_publish(harness: Harness) -> None:
    """A model that loses one row: with every description that dbt writes on the candidate's payments, one goes."""
    with harness.fault("a mart lacks a row that its triage called migrated") as fault:
        fault.database.execute("""
            create function gate.lose() returns event_trigger language plpgsql as $$ begin
                if exists (select 1 from pg_event_trigger_ddl_commands()
                    where replace(object_identity, '"', '') = 'dispatch_next_marts.payment_items') then
                    delete from dispatch_next_marts.payment_items where ctid =
                        (select ctid from dispatch_next_marts.payment_items order by payment_item_id limit 1);
                end if;
            end $$;
            create event trigger lose on ddl_command_end when tag in ('COMMENT') execute function gate.lose()
        """)
        release = fault.release()
        fault.ended(release, 1, "assert_ledger_counts_every_mart_row", "readers keep the version they had")
        assert fault.recorded()[2] is False
        fault.assert_nothing_is_left()
        fault.assert_unchanged()
        published = fault.database.dbt("run-operation", "publish", "--target", "prod")
        assert published.returncode != 0
        assert "not published" in published.stdout, published.stdout
        fault.assert_unchanged()
        fault.database.execute("drop event trigger lose; drop function gate.lose()")
        fault.heal()
