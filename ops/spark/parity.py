"""The marts and audit tables of both engines, compared to the last character.

Each engine makes one text of every row and sums up its hashes: nothing but the sums leaves it. JSON is compared by
value, here: PostgreSQL stores what a text means, Spark the text.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from decimal import Context, Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from ops.database.connection import Connection, rows
from ops.dbt.profiles import Schemas
from ops.errors import Failure

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

LAYERS = ("marts", "audit")
SHOWN = 3  # differing rows of a table on each side

# What differs by design: these columns are not compared.
BY_DESIGN = {
    "foreign_key_ledger.is_enforced": "Spark has no keys, and it is null there; tests look for orphans",
    "text_reconciliation.legacy_checksum": "each engine has a hash function of its own",
    "text_reconciliation.kept_checksum": "each engine has a hash function of its own",
}

# Tables that Spark does not have by design.
ONLY_POSTGRES = {"audit.legacy_inventory": "the catalog of the legacy database is read from its own server"}

EXACT = Context(prec=200_000)


class Column(NamedTuple):
    """A column of a table that both engines have."""

    name: str
    type: str  # PostgreSQL's


class Comparison(NamedTuple):
    """What was found of a table; it is equal when `problems` is empty."""

    table: str
    rows: int
    problems: list[str]


class Engine(NamedTuple):
    """How one engine is asked."""

    name: str
    query: Callable[[str], list[tuple[Any, ...]]]
    as_text: Callable[[Column], str]  # canonical text of a column, in its SQL
    number: Callable[[str], str]  # of a hexadecimal text of 15 digits, in its SQL
    relation: Callable[[str], str]


def compare(warehouse: Connection, spark: "SparkSession", schemas: Schemas) -> Iterator[Comparison]:
    """Compare every table of the marts and the audit, one after the other; `schemas` are those of Spark."""
    for layer in LAYERS:
        here, there = getattr(warehouse.schemas, layer), getattr(schemas, layer)
        postgres = Engine(
            "PostgreSQL",
            lambda query: rows(warehouse, query),
            _postgres_text,
            lambda digits: f"cast(cast('x' || {digits} as bit(60)) as bigint)",
            lambda table, schema=here: f'"{schema}"."{table}"',
        )
        cluster = Engine(
            "Spark",
            lambda query: [tuple(row) for row in spark.sql(query).collect()],
            _spark_text,
            lambda digits: f"cast(conv({digits}, 16, 10) as decimal(20, 0))",
            lambda table, schema=there: f"`{schema}`.`{table}`",
        )
        tables = _postgres_tables(warehouse, here)
        if not tables:
            raise Failure(f"There are no tables in schema {here} of PostgreSQL: run dbt build first.")
        built = {}
        for row in spark.sql(f"show tables in `{there}`").collect():
            # A session remembers the files that a table had, and a build has replaced them.
            spark.sql(f"refresh table {cluster.relation(row.tableName)}")
            built[row.tableName] = spark.table(cluster.relation(row.tableName)).columns
        for table in sorted(built.keys() - tables.keys()):
            yield Comparison(f"{layer}.{table}", 0, ["PostgreSQL has no such table"])
        for table, columns in sorted(tables.items()):
            if f"{layer}.{table}" in ONLY_POSTGRES and table not in built:
                continue
            yield _compare_table(postgres, cluster, layer, table, columns, built.get(table))


def canonical_json(text: str) -> str:
    """Return one text for all texts of the same JSON value: keys in order, the last of equal ones, numbers in full."""
    return json.dumps(json.loads(text, parse_float=Decimal, parse_int=Decimal), sort_keys=True, default=_plain)


def _plain(number: Decimal) -> dict[str, str]:
    # No key of valid JSON has a NUL in it.
    return {"\0": f"{EXACT.normalize(number) or 0:f}"}


def _compare_table(
    postgres: Engine, cluster: Engine, layer: str, table: str, columns: list[Column], there: list[str] | None
) -> Comparison:
    name = f"{layer}.{table}"
    if there is None:
        return Comparison(name, 0, ["Spark has no such table"])
    if there != [column.name for column in columns]:
        return Comparison(name, 0, [f"the columns are {', '.join(there)} on Spark"])
    compared = [column for column in columns if f"{table}.{column.name}" not in BY_DESIGN]
    plain = [column for column in compared if column.type != "jsonb"]
    here, other = (_sums(engine, table, plain) for engine in (postgres, cluster))
    problems = []
    if here[0] != other[0]:
        problems.append(f"{here[0]:,} rows in PostgreSQL, {other[0]:,} in Spark")
    if here != other:
        differing = [column.name for column, a, b in zip(plain, here[2:], other[2:], strict=True) if a != b]
        problems.append(f"columns that differ: {', '.join(differing) or 'none by itself, but their combination'}")
        problems += _differing_rows(postgres, cluster, table, plain)
    for column in compared:
        if column.type == "jsonb":
            problems += _compare_json(postgres, cluster, table, plain, column)
    return Comparison(name, here[0], problems)


def _sums(engine: Engine, table: str, columns: list[Column]) -> tuple[int, ...]:
    """Return the number of rows, the sum of the rows' hashes, and for each column that of its values' hashes."""
    hashes = [_row_hash(engine, columns)] + [f"md5({_marked(engine, column)})" for column in columns]
    sums = (f"coalesce(sum({engine.number(f'left({digest}, 15)')}), 0)" for digest in hashes)
    ((count, *found),) = engine.query(f"select count(*), {', '.join(sums)} from {engine.relation(table)}")
    return (count, *map(int, found))


def _differing_rows(postgres: Engine, cluster: Engine, table: str, columns: list[Column]) -> Iterable[str]:
    hashes = {
        engine.name: Counter(
            digest for (digest,) in engine.query(f"select {_row_hash(engine, columns)} from {engine.relation(table)}")
        )
        for engine in (postgres, cluster)
    }
    for engine, other in ((postgres, cluster), (cluster, postgres)):
        only = sorted((hashes[engine.name] - hashes[other.name]).elements())
        wanted = "', '".join(only[:SHOWN])
        if only:
            yield f"{len(only):,} rows only in {engine.name}, such as:"
            for row in engine.query(
                f"select {', '.join(map(engine.as_text, columns))} from {engine.relation(table)}"
                f" where {_row_hash(engine, columns)} in ('{wanted}')"
            )[:SHOWN]:
                yield "  " + ", ".join(f"{column.name}={value}" for column, value in zip(columns, row, strict=True))


def _compare_json(postgres: Engine, cluster: Engine, table: str, plain: list[Column], column: Column) -> Iterable[str]:
    values = {}
    for engine in (postgres, cluster):
        values[engine.name] = Counter(
            (digest, hashlib.sha256(canonical_json(text).encode("utf-8", "surrogatepass")).digest())
            for digest, text in engine.query(
                f"select {_row_hash(engine, plain)}, {engine.as_text(column)} from {engine.relation(table)}"
                f" where {column.name} is not null"
            )
        )
    for engine, other in ((postgres, cluster), (cluster, postgres)):
        if only := values[engine.name] - values[other.name]:
            wanted = "', '".join(digest for digest, _ in sorted(only)[:SHOWN])
            yield f"{column.name}: {only.total():,} values only in {engine.name}, such as:"
            for (text,) in engine.query(
                f"select {engine.as_text(column)} from {engine.relation(table)}"
                f" where {_row_hash(engine, plain)} in ('{wanted}')"
            )[:SHOWN]:
                yield f"  {text}"


def _row_hash(engine: Engine, columns: list[Column]) -> str:
    return f"md5(concat({', '.join(_marked(engine, column) for column in columns)}))"


def _marked(engine: Engine, column: Column) -> str:
    """A text that tells null from any text, and in which a row's values cannot be taken for one another's."""
    text = engine.as_text(column)
    return f"case when {column.name} is null then 'null;' else concat(length({text}), ':', {text}, ';') end"


def _postgres_text(column: Column) -> str:
    if column.type == "timestamp with time zone":
        return f"to_char({column.name} at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')"
    return f"cast({column.name} as text)"


def _spark_text(column: Column) -> str:
    if column.type == "timestamp with time zone":
        return f"date_format({column.name}, 'yyyy-MM-dd HH:mm:ss.SSSSSS')"
    return f"cast({column.name} as string)"


def _postgres_tables(warehouse: Connection, schema: str) -> dict[str, list[Column]]:
    found: dict[str, list[Column]] = {}
    for table, name, type_ in rows(
        warehouse,
        "select relname, attname, format_type(atttypid, null) from pg_attribute"
        " inner join pg_class on pg_class.oid = attrelid and relkind = 'r'"
        " where relnamespace = to_regnamespace(%s) and attnum > 0 and not attisdropped order by relname, attnum",
        (schema,),
    ):
        found.setdefault(table, []).append(Column(name, type_))
    return found
