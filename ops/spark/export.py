"""The legacy tables as Parquet files: streamed from PostgreSQL as Arrow batches, all from one snapshot.

Every export is a folder of its own, named by its snapshot, and becomes the current one when the last file is there and
`manifest.json` names it. So a reader never meets half an export, on an object store either, where nothing is renamed.
"""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, NamedTuple

import adbc_driver_postgresql.dbapi as adbc
import pyarrow as pa
import pyarrow.parquet as pq
from psycopg2 import sql
from psycopg2.extensions import make_dsn
from pyarrow import fs

from ops.console import say
from ops.database.connection import Connection, rows
from ops.errors import Failure
from ops.source import contract
from ops.source.declared import SCHEMA, TIME_ZONE
from ops.source.tables import Table, declared_tables

MANIFEST = "manifest.json"
ROWS_PER_FILE = 500_000
BATCH_BYTES = 8 << 20

# What Spark cannot hold becomes a value that is out of range for every amount and date, so that its row is rejected for
# the same reason as on PostgreSQL: a decimal has at most 38 digits and no NaN, and years go from 1 to 9999.
DIGITS = 38
MOST_SCALE = 10
LARGEST = 10**27
FIRST, LAST = "0001-01-01", "9999-12-31"


class Column(NamedTuple):
    """A column as it is exported."""

    name: str
    type: pa.DataType
    wide: pa.DataType  # where a value is one that Spark cannot hold
    expression: str  # in SQL, what is read
    changed: str  # in SQL, whether the value is one that Spark cannot hold; "" when there is none


class Exported(NamedTuple):
    """What an export wrote."""

    at: str  # when its snapshot was taken, by the clock of the server; the name of its folder
    rows: dict[str, int]  # by table
    changed: dict[str, int]  # by "table.column", how many values Spark cannot hold


def export(
    connection: Connection,
    tables: list[Table],
    schema: str,
    address: str,
    step: Callable[[str], AbstractContextManager[None]],
    still: str = "",
) -> Exported:
    """Write tables of a schema to a folder or an object store, each inside `step(name)`; return what was written.

    `still` names what the tables are a copy of when nothing writes to them: an export that was interrupted then
    continues. Raises Failure when a table cannot be exported.
    """
    store, path = _open(address)
    with _explained(), closing(adbc.connect(_dsn(connection), autocommit=True)) as reader:
        at = _begin(connection, reader)
        done: dict[str, Any] = {}
        if still and (begun := _read(store, f"{path}/begun.json")) and begun["still"] == still:
            at, done = begun["at"], begun["tables"]
        result = Exported(at, {}, {})
        for table in tables:
            if not (found := done.get(table.name)):
                columns, count, changed = _examine(connection, schema, table)
                with step(f"  {table.name}, {count:,} row{'' if count == 1 else 's'}"):
                    _write(reader, store, f"{path}/{at}/{table.name}", schema, table.name, columns, count)
                found = done[table.name] = {"rows": count, "changed": changed}
                _save(store, f"{path}/begun.json", {"at": at, "still": still, "tables": done})
            result.rows[table.name] = found["rows"]
            result.changed.update({f"{table.name}.{column}": many for column, many in found["changed"].items()})
    before = (_read(store, f"{path}/{MANIFEST}") or {}).get("at")
    _save(store, f"{path}/{MANIFEST}", result._asdict())
    store.delete_file(f"{path}/begun.json")
    # The one before stays: tables may still be registered on its files.
    for old in store.get_file_info(fs.FileSelector(path)):
        if old.type == fs.FileType.Directory and old.base_name not in (at, before) and _is_export(old.base_name):
            store.delete_dir(old.path)
    return result


def current(address: str) -> tuple[str, Exported]:
    """Return the folder of the current export and what it holds; raise Failure when there is none."""
    store, path = _open(address)
    manifest = _read(store, f"{path}/{MANIFEST}")
    if not manifest:
        raise Failure(f"There is no finished export in {address}: python -m ops source export writes one.")
    found = Exported(**manifest)
    return f"{address.rstrip('/')}/{found.at}", found


def landed_tables(connection: Connection) -> list[Table]:
    """Return the declared tables and columns of the landing with their exact types; raise Failure for other ones.

    Secret columns are not among them, also where the landing schema holds the synthetic legacy database, which has all.
    """
    for note in contract.check(connection, "land the legacy database there first (python -m ops source copy)."):
        say(f"Note: {note}")
    return declared_tables(connection, SCHEMA)


@contextmanager
def _explained() -> Iterator[None]:
    """Raise Failure for an error of the server that this driver reports."""
    try:
        yield
    except adbc.Error as error:
        reason = " ".join(str(error).split())
        raise Failure(f"The server refused a statement, and the previous export stays: {reason}") from None


def _open(address: str) -> tuple[fs.FileSystem, str]:
    """Return the file system of a folder or an address such as s3://bucket/folder, and the path in it."""
    try:
        if "://" in address:
            store, path = fs.FileSystem.from_uri(address.rstrip("/"))
        else:
            store, path = fs.LocalFileSystem(), str(Path(address).expanduser().resolve())
        store.create_dir(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise Failure(f"{address} cannot be written to: {str(error).rstrip('.')}.") from None
    return store, path


def _dsn(connection: Connection) -> str:
    """Return the connection string of an open connection, with its password and its session's settings."""
    parameters = connection.get_dsn_parameters()
    kept = ("host", "port", "user", "dbname", "sslmode", "options")
    return make_dsn(
        **{name: parameters[name] for name in kept if name in parameters}, password=connection.info.password
    )


def _begin(connection: Connection, reader: adbc.Connection) -> str:
    """Open one snapshot on both connections; return when it was taken."""
    connection.set_session("repeatable read", readonly=True, autocommit=False)
    ((snapshot, now),) = rows(connection, "select pg_export_snapshot(), now()")
    with reader.cursor() as cursor:
        cursor.execute("begin isolation level repeatable read, read only")
        cursor.execute(f"set transaction snapshot '{snapshot}'")
    return _name(now)


def _name(moment: datetime) -> str:
    return moment.astimezone(timezone.utc).strftime("%Y%m%dT%H%M%S.%fZ")


def _is_export(name: str) -> bool:
    return re.fullmatch(r"\d{8}T\d{6}\.\d{6}Z", name) is not None


def _examine(connection: Connection, schema: str, table: Table) -> tuple[list[Column], int, dict[str, int]]:
    """Return how the columns are exported, the number of rows, and how many values of each column Spark cannot hold."""
    _check_scales(connection, schema, table)
    columns = [_column(name, type_) for name, type_ in table.columns.items()]
    checked = [column for column in columns if column.changed]
    counts = ["count(*)", *(f"count(*) filter (where {column.changed})" for column in checked)]
    ((count, *changed),) = rows(
        connection,
        sql.SQL("select " + ", ".join(counts).replace("%", "%%") + " from {}")
        .format(sql.Identifier(schema, table.name))
        .as_string(connection),
    )
    found = {column.name: many for column, many in zip(checked, changed, strict=True) if many}
    return [each._replace(type=each.wide) if each.name in found else each for each in columns], count, found


def _check_scales(connection: Connection, schema: str, table: Table) -> None:
    """Raise Failure when a numeric column, not declared to be small enough, has values with too many decimal places."""
    bare = [name for name, type_ in table.columns.items() if type_.startswith("numeric") and not _decimal(type_)]
    if not bare:
        return
    query = sql.SQL("select {} from {}").format(
        sql.SQL(", ").join(sql.SQL("coalesce(max(min_scale({})), 0)").format(sql.Identifier(name)) for name in bare),
        sql.Identifier(schema, table.name),
    )
    for name, scale in zip(bare, rows(connection, query.as_string(connection))[0], strict=True):
        if scale > MOST_SCALE:
            raise Failure(
                f"{table.name}.{name} has values with {scale} decimal places, and {MOST_SCALE} can be exported: round"
                " them at the source, or leave the column out."
            )


def _decimal(type_: str) -> pa.DataType | None:
    """Return the type of a numeric column that declares one which Spark has, too."""
    declared = re.fullmatch(r"numeric\((\d+),(\d+)\)", type_)
    if declared and int(declared[1]) <= DIGITS and int(declared[2]) <= MOST_SCALE:
        return pa.decimal128(int(declared[1]), int(declared[2]))
    return None


def _column(name: str, type_: str) -> Column:
    quoted = '"' + name.replace('"', '""') + '"'
    type_ = re.sub(r"^timestamp\(\d\)", "timestamp", type_)
    if type_.startswith("numeric"):
        # NaN is greater than every number, and fits into every numeric.
        limit = f"1e{DIGITS - MOST_SCALE}"
        changed = f"abs({quoted}) >= {limit}"
        expression = (
            f"cast(case when {quoted} >= {limit} then {LARGEST} when {quoted} <= -{limit} then -{LARGEST}"
            f" else {quoted} end as text)"
        )
        wide = pa.decimal128(DIGITS, MOST_SCALE)
        return Column(name, _decimal(type_) or wide, wide, expression, changed)
    if type_ == "timestamp without time zone" and TIME_ZONE:
        # As the macro legacy_time does. What lies beyond the years of Spark cannot always be moved.
        type_ = "timestamp with time zone"
        quoted = (
            f"(case when {quoted} between '{FIRST}' and '{LAST}' then {quoted} at time zone '{TIME_ZONE}'"
            f" else cast({quoted} as {type_}) end)"
        )
    if type_ in ("date", "timestamp with time zone"):
        first, last = (FIRST, LAST) if type_ == "date" else (f"{FIRST} 00:00:00+00", f"{LAST} 23:59:59.999999+00")
        exported = pa.date32() if type_ == "date" else pa.timestamp("us", tz="UTC")
        return Column(
            name,
            exported,
            exported,
            f"case when {quoted} < '{first}' then cast('{first}' as {type_})"
            f" when {quoted} > '{last}' then cast('{last}' as {type_}) else {quoted} end",
            f"{quoted} not between '{first}' and '{last}'",
        )
    plain = {"smallint": pa.int16(), "integer": pa.int32(), "bigint": pa.int64(), "boolean": pa.bool_()}
    if type_ in plain:
        return Column(name, plain[type_], plain[type_], quoted, "")
    if type_ in ("text", "uuid", "json", "jsonb") or type_.startswith("character varying"):
        return Column(name, pa.string(), pa.string(), f"cast({quoted} as text)", "")
    raise Failure(f"Column {name} is of type {type_}, which is not exported: add it to ops/spark/export.py.")


def _write(
    reader: adbc.Connection,
    store: fs.FileSystem,
    folder: str,
    schema: str,
    table: str,
    columns: list[Column],
    count: int,
) -> None:
    """Write one table in files of ROWS_PER_FILE rows or little more; an empty one has one file, with its columns."""
    if store.get_file_info(folder).type != fs.FileType.NotFound:
        store.delete_dir(folder)
    store.create_dir(folder)
    target = pa.schema([(column.name, column.type) for column in columns])
    names = (f'{column.expression} as "{column.name}"' for column in columns)
    written = number = 0
    writer: pq.ParquetWriter | None = None
    with reader.cursor(adbc_stmt_kwargs={"adbc.postgresql.batch_size_hint_bytes": str(BATCH_BYTES)}) as cursor:
        cursor.execute(f'select {", ".join(names)} from "{schema}"."{table}"')
        try:
            for batch in cursor.fetch_record_batch():
                if writer is None or written >= ROWS_PER_FILE * number:
                    if writer:
                        writer.close()
                    writer = pq.ParquetWriter(
                        f"{folder}/part-{number:05}.parquet", target, filesystem=store, compression="zstd"
                    )
                    number += 1
                arrays = [batch.column(position).cast(column.type) for position, column in enumerate(columns)]
                writer.write_batch(pa.record_batch(arrays, schema=target))
                written += batch.num_rows
            if writer is None:
                writer = pq.ParquetWriter(f"{folder}/part-00000.parquet", target, filesystem=store)
        finally:
            if writer:
                writer.close()
    if written != count:
        raise Failure(f"{table}: {count:,} rows in the snapshot and {written:,} exported; the previous export stays.")


def _read(store: fs.FileSystem, path: str) -> dict[str, Any] | None:
    if store.get_file_info(path).type == fs.FileType.NotFound:
        return None
    with store.open_input_stream(path) as file:
        return json.loads(file.read())


def _save(store: fs.FileSystem, path: str, content: dict[str, Any]) -> None:
    with store.open_output_stream(path) as file:
        file.write(json.dumps(content, indent=1).encode())
