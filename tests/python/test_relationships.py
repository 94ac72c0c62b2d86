"""The joins that analytics.relationships lists, asked as an analyst asks; and where comments and docs name them."""

import re
from collections.abc import Iterator

import pytest
from conftest import Database
from inprocess import Project
from marts import analytics
from psycopg2.extensions import cursor as Cursor

from ops.project import ROOT

JOINS = "select child, child_column, parent, parent_column from analytics.relationships"


@pytest.fixture(scope="module")
def scratch(migrated: Database) -> Database:
    """Start from a migrated database."""
    return migrated


@pytest.fixture(scope="module")
def analyst(scratch: Database, project: Project) -> Iterator[Cursor]:
    with analytics(scratch, project) as cursor:
        yield cursor


def rows(analyst: Cursor, query: str) -> list[tuple]:
    analyst.execute(query)
    return analyst.fetchall()


def test_every_foreign_key_is_listed(scratch: Database, analyst: Cursor) -> None:
    enforced = scratch.rows(
        "select conrelid::regclass::text, child.attname, confrelid::regclass::text, parent.attname from pg_constraint"
        " inner join pg_attribute as child on child.attrelid = conrelid and child.attnum = conkey[1]"
        " inner join pg_attribute as parent on parent.attrelid = confrelid and parent.attnum = confkey[1]"
        " where contype = 'f' and connamespace = 'dispatch_marts'::regnamespace"
    )
    short = {(child.split(".")[1], column, parent.split(".")[1], key) for child, column, parent, key in enforced}
    assert len(short) > 60
    assert set(rows(analyst, f"{JOINS} where is_foreign_key")) == short


def test_a_listed_join_neither_repeats_nor_loses_a_row_of_the_child(analyst: Cursor) -> None:
    """Also those that no foreign key enforces; what is not optional finds a row of the parent for every child."""
    joins = rows(analyst, f"{JOINS[: JOINS.index(' from')]}, is_optional from analytics.relationships")
    assert ("tasks", "actor_profile_id", "technicians", "profile_id", True) in joins
    assert len(joins) > 100
    counted = " union all ".join(
        f"select '{child}.{column} = {parent}.{key}', {is_optional}, count(*), count(parent.{key}),"
        f" (select count(*) from analytics.{child})"
        f" from analytics.{child} as child left join analytics.{parent} as parent on child.{column} = parent.{key}"
        for child, column, parent, key, is_optional in joins
    )
    for join, is_optional, found, matched, rows_of_child in rows(analyst, counted):
        assert found == rows_of_child, join
        assert is_optional or matched == rows_of_child, join


def test_cardinality_follows_the_data(analyst: Cursor) -> None:
    """What is said to be one to one has no value twice in the child."""
    single = rows(analyst, f"{JOINS} where cardinality = 'one_to_one'")
    assert ("shipments", "order_id", "orders", "order_id") in single
    for child, column, _, _ in single:
        repeated = f"select {column} from analytics.{child} where {column} is not null group by 1 having count(*) > 1"
        assert rows(analyst, repeated) == [], child


def test_no_join_leads_from_messages_to_orders(analyst: Cursor) -> None:
    """A message names a patient, who may have several orders: a join by patient repeats it."""
    assert rows(analyst, f"{JOINS} where 'messages' in (child, parent) and 'orders' in (child, parent)") == []
    ((messages, joined),) = rows(
        analyst,
        "select count(distinct message_id), count(*) from analytics.messages"
        " inner join analytics.orders on target_patient_id = patient_id",
    )
    assert joined > messages > 0


def test_the_comment_of_a_foreign_key_ends_in_its_target(analyst: Cursor) -> None:
    comments = {
        (table, column): comment
        for table, column, comment in rows(
            analyst,
            "select relname, attname, col_description(attrelid, attnum) from pg_attribute"
            " inner join pg_class on attrelid = pg_class.oid"
            " where relnamespace = 'analytics'::regnamespace and attnum > 0",
        )
    }
    assert comments["payments", "order_id"] == "The order that is paid for. → orders.order_id"
    for child, column, parent, key in rows(analyst, f"{JOINS} where is_foreign_key"):
        assert comments[child, column].endswith(f" → {parent}.{key}"), (child, column)
    assert sum("→" in comment for comment in comments.values()) == len(rows(analyst, f"{JOINS} where is_foreign_key"))


def test_tools_find_comments_and_no_keys(analyst: Cursor) -> None:
    """As docs/analysts.md says: what the catalog has for tables, PostgreSQL does not have for views."""
    keys = (
        "select count(*) from information_schema.table_constraints where table_schema = 'analytics'",
        "select count(*) from pg_constraint where connamespace = 'analytics'::regnamespace",
        "select count(*) from pg_index where indrelid in (select oid from pg_class"
        " where relnamespace = 'analytics'::regnamespace)",
        "select count(*) from information_schema.columns where table_schema = 'analytics' and is_nullable = 'NO'",
    )
    assert [rows(analyst, query) for query in keys] == [[(0,)]] * 4
    undescribed = (
        "select count(*) from information_schema.columns where table_schema = 'analytics' and col_description("
        "cast(format('%I.%I', table_schema, table_name) as regclass), cast(ordinal_position as integer)) is null"
    )
    assert rows(analyst, undescribed) == [(0,)]


def test_analysts_are_shown_no_table_between_the_layers(analyst: Cursor, scratch: Database) -> None:
    shown = {name for (name,) in rows(analyst, "select viewname from pg_views where schemaname = 'analytics'")}
    built = scratch.rows(
        "select relname from pg_class where relkind = 'r' and relnamespace in"
        " ('dispatch_marts'::regnamespace, 'dispatch_audit'::regnamespace)"
    )
    assert shown == {name for (name,) in built}


def test_the_joins_on_the_page_for_analysts_are_listed(analyst: Cursor) -> None:
    text = (ROOT / "docs" / "analysts.md").read_text(encoding="utf-8")
    known = {" | ".join(map(str, row)).lower() for row in rows(analyst, "select * from analytics.relationships")}
    shown = re.findall(r"^\| (tasks \| .+) \|$", text, re.MULTILINE)
    assert len(shown) > 3
    assert set(shown) - known == set()
    joins = {f"{child}.{column}" for child, column, *_ in rows(analyst, JOINS)}
    assert set(re.findall(r"`(\w+\.\w+_id)`", text)) - joins == {"orders.order_id", "profiles.profile_id"}
