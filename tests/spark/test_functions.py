"""Every macro that has two forms gives the same value on both engines."""

import os
import subprocess
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pyarrow as pa
import pytest
from conftest import Database
from test_properties import TEXTS

from ops.dbt.run import DBT
from ops.project import ROOT
from ops.spark import catalog
from ops.spark.cluster import Cluster
from spark.json_cases import texts

NAMES = [
    *TEXTS, "ΑΣ", "ΣΑΣ", "İI", "ÄÖÜ", "ǅ", "ﬀ", "a.b", ".b", "a.", "a..b", "x@y.z", "x@y", "x @y.z", "x@y.z\n",
    "é@ö.de", "x\u00a0@y.z", "x@y..z", "a,b@c.d", "a@b.c.d", "\u2003x\u2003", " x y ", "ÅB", "ẞ", "ﬁ", "Ω", "K",
]  # fmt: skip
TIMES = ["0001-01-01 00:00:00", "1582-10-04 23:59:59.999999", "1582-10-15 00:00:00", "1899-12-31 23:59:59.999999"]
TIMES += ["1900-01-01 00:00:00", "1970-01-01 00:00:00", "2024-02-29 23:30:00", "2024-03-31 01:30:00"]
TIMES += ["2024-10-27 00:30:00", "2100-01-01 00:00:00", "2100-01-01 00:00:00.000001", "9999-12-31 23:59:59.999999"]
NUMBERS = [0, 1, 7, 42, 99, 100, 2147483647]
AMOUNTS = ["0.00", "0.005", "0.015", "-0.005", "1.005", "2.675", "99.99", "100.00", "100.0001", "10000000.00"]
AMOUNTS += ["10000000.01", "-10000000.01", "1000000000000000000000000000", "0.5", "-0.5", "1", "0.0000000001"]

# Of each, what is asked, and of which values.
EXPRESSIONS = {
    "clean_text": ("{{ clean_text('x') }}", "text"),
    "is_valid_email": ("{{ is_valid_email('x') }}", "text"),
    "lower_case": ("{{ lower_case('x') }}", "text"),
    "file extension": ("""{{ dbt.split_part('x', "'.'", -1) }}""", "text"),
    "is_json": ("{{ is_json('x') }}", "json"),
    "is a list": ("{{ to_json_list('x') }} is not null", "json"),
    "entity_key": ("{{ entity_key('payments', 'x') }}", "number"),
    "zero_padded": ("{{ zero_padded('x', 3) }}", "number"),
    "plausible_month": ("{{ plausible_month('x') }}", "time"),
    "date": ("cast({{ utc('x') }} as date)", "time"),
    "dateadd": ("case when x < '9999-12-01' then cast({{ dbt.dateadd('day', 3, utc('x')) }} as date) end", "time"),
    "out of range, time": ("{{ any_out_of_range(dates=['x']) }}", "time"),
    "out of range, amount": ("{{ any_out_of_range(amounts=['x']) }}", "amount"),
    "out of range, percent": ("{{ any_out_of_range(percents=['x']) }}", "amount"),
    "out of range, integer": ("{{ any_out_of_range(integers=['x']) }}", "amount"),
    "nan_to_null": ("{{ nan_to_null('x') }}", "amount"),
    "round": ("cast(round({{ nan_to_null('x') }} / 100, 6) as numeric(30, 6))", "amount"),
    "cast": ("cast({{ nan_to_null('x') }} as numeric(12, 2))", "amount"),
}  # fmt: skip
VALUES: dict[str, tuple[list[Any], str, str]] = {
    "text": (NAMES, "text", "string"),
    "json": (texts(1500, 7), "text", "string"),
    "number": (NUMBERS, "integer", "int"),
    "time": (TIMES, "timestamp with time zone", "timestamp"),
    "amount": (AMOUNTS, "numeric", "decimal(38, 10)"),
}
SEPARATOR = "\n-- next\n"


@pytest.fixture(scope="module")
def compiled() -> Callable[[str], dict[str, str]]:
    """Return a function that gives the expressions in the SQL of a target."""

    def compile_for(target: str) -> dict[str, str]:
        inline = SEPARATOR.join(expression for expression, _ in EXPRESSIONS.values())
        done = subprocess.run(
            [*DBT, "--quiet", "compile", "--target", target, "--inline", inline],
            cwd=ROOT,
            env=os.environ | {"PYTHONWARNINGS": "ignore"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return dict(zip(EXPRESSIONS, done.stdout.split(SEPARATOR), strict=True))

    return compile_for


def test_both_forms_give_the_same(
    cluster: Cluster, database: Callable[[str], Database], compiled: Callable[[str], dict[str, str]]
):
    session = catalog.session()
    for name in ("spark.sql.ansi.enabled", "spark.sql.variant.allowDuplicateKeys"):
        session.conf.set(name, "true")
    with closing(database("functions").connect()) as opened, opened.cursor() as cursor:
        here, there = compiled("dev"), compiled("spark")
        for name, (_, kind) in EXPRESSIONS.items():
            values, postgres_type, spark_type = VALUES[kind]
            known = [str(value) for value in values if "\0" not in str(value)]
            zone = " || '+00'" if kind == "time" else ""
            cursor.execute(
                f"select place, cast({here[name]} as text) from (select place, cast(t{zone} as {postgres_type}) as x"
                " from unnest(cast(%s as text[])) with ordinality as given (t, place)) as given order by place",
                (known,),
            )
            expected = [value for _, value in cursor.fetchall()]
            session.createDataFrame(pa.table({"place": range(len(known)), "t": known})).createOrReplaceTempView("given")
            found = session.sql(
                f"select place, cast({there[name]} as string) as value"
                f" from (select place, cast(t as {spark_type}) as x from given) as given order by place"
            ).collect()
            differing = [
                (text[:60], one, row.value)
                for text, one, row in zip(known, expected, found, strict=True)
                if _plain(one) != _plain(row.value)
            ]
            assert not differing, (name, differing[:5])


def _plain(value: str | None) -> str | None:
    """Numbers without the zeros behind their point, which say only how wide a type is."""
    return value.rstrip("0").rstrip(".") if value and "." in value and value[-1].isdigit() else value
