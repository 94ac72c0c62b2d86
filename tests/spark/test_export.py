"""The legacy tables as Parquet: every value as it was, or reported; no secret; whole, or not there."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import Database
from test_dirty_copy import DROP_EVERY_CONSTRAINT

from ops import legacy as synthetic
from ops.dbt import sandbox
from ops.errors import Failure
from ops.source import contract
from ops.source.declared import SCHEMA, declared
from ops.source.tables import DSN
from ops.spark import export


@pytest.fixture
def legacy(database: Callable[[str], Database], request: pytest.FixtureRequest) -> Database:
    """Give a database with the smallest legacy data, without constraints."""
    made = database(request.node.name.partition("[")[0][:60])
    made.load_legacy("tiny")
    made.execute(DROP_EVERY_CONSTRAINT)
    return made


def run(database: Database, address: str, step: Any = lambda _: nullcontext(), still: str = "") -> export.Exported:
    with closing(database.connect()) as source:
        return export.export(source, export.landed_tables(source), SCHEMA, address, step, still)


def table(address: str, name: str) -> pa.Table:
    folder, _ = export.current(address)
    return pq.read_table(f"{folder}/{name}")


def test_all_that_may_land_is_exported_with_its_type(legacy: Database, address: str):
    done = run(legacy, address)
    assert done.rows == {name: legacy.rows(f"select count(*) from legacy.{name}")[0][0] for name in declared()}
    assert not done.changed
    for name, columns in declared().items():
        assert set(table(address, name).column_names) == set(columns)
    assert "password" not in table(address, "auth_user").column_names
    payments = table(address, "dispatch_payment").schema
    assert payments.field("total_price").type == pa.decimal128(10, 2)
    assert payments.field("made_at").type == pa.timestamp("us", tz="UTC")
    assert payments.field("id").type == pa.int32()
    assert payments.field("paid").type == pa.bool_()


def test_every_value_arrives(legacy: Database, address: str):
    legacy.execute(
        "alter table legacy.dispatch_payment alter column total_price type numeric;"
        "update legacy.dispatch_payment set total_price = -12345678901234567890.0123456789,"
        " made_at = '0001-01-01 00:00:00.000001+00' where id = (select min(id) from legacy.dispatch_payment);"
        "update legacy.dispatch_note set text = E'a\\tb\\u00e9\\U0001f469'"
    )
    run(legacy, address)
    payments = table(address, "dispatch_payment")
    expected = legacy.rows(
        "select cast(total_price as text), extract(epoch from made_at) * 1000000 from legacy.dispatch_payment"
    )
    found = zip(payments["total_price"].to_pylist(), payments["made_at"].cast(pa.int64()).to_pylist(), strict=True)
    assert sorted(found, key=str) == sorted(((Decimal(price), made) for price, made in expected), key=str)
    assert set(table(address, "dispatch_note")["text"].to_pylist()) == {"a\tb\u00e9\U0001f469"}


def test_times_without_a_zone_are_converted(legacy: Database, address: str, monkeypatch: pytest.MonkeyPatch):
    legacy.execute(
        "alter table legacy.dispatch_payment alter column made_at type timestamp(0);"
        "update legacy.dispatch_payment set made_at = '2023-11-05 01:30' where id % 4 = 0;"
        "update legacy.dispatch_payment set made_at = '2023-03-12 02:30' where id % 4 = 1;"
        "update legacy.dispatch_payment set made_at = null where id % 4 = 2;"
        "update legacy.dispatch_payment set made_at = 'infinity' where id % 4 = 3"
    )
    with pytest.raises(Failure, match="made_at: no time zone"):
        run(legacy, address)
    for module in (contract, export):
        monkeypatch.setattr(module, "TIME_ZONE", "America/Chicago")
    run(legacy, address)
    assert set(table(address, "dispatch_payment")["made_at"].cast(pa.string()).to_pylist()) == {
        "2023-11-05 07:30:00.000000Z",
        "2023-03-12 08:30:00.000000Z",
        None,
        "9999-12-31 23:59:59.999999Z",
    }


def test_what_spark_cannot_hold_is_reported_and_out_of_range(legacy: Database, address: str):
    legacy.execute(
        "alter table legacy.dispatch_payment alter column total_price type numeric;"
        "update legacy.dispatch_payment set total_price = 'NaN', made_at = 'infinity' where id % 5 = 0;"
        "update legacy.dispatch_payment set total_price = '-infinity', made_at = '4713-01-01 BC' where id % 5 = 1;"
        "update legacy.dispatch_payment set total_price = 1e28 where id % 5 = 2;"
        "update legacy.dispatch_payment set tax_rate = 'NaN' where id % 5 = 3"
    )
    done = run(legacy, address)
    many = dict(legacy.rows("select id % 5, count(*) from legacy.dispatch_payment group by 1"))
    assert done.changed == {
        "dispatch_payment.total_price": many[0] + many[1] + many[2],
        "dispatch_payment.made_at": many[0] + many[1],
        "dispatch_payment.tax_rate": many[3],
    }
    prices = table(address, "dispatch_payment")["total_price"].to_pylist()
    assert [prices.count(10**27), prices.count(-(10**27))] == [many[0] + many[2], many[1]]
    times = table(address, "dispatch_payment")["made_at"].cast(pa.string()).to_pylist()
    assert times.count("9999-12-31 23:59:59.999999Z") == many[0]
    assert times.count("0001-01-01 00:00:00.000000Z") == many[1]


def test_too_many_decimal_places_are_refused(legacy: Database, address: str):
    legacy.execute(
        "alter table legacy.dispatch_payment alter column total_price type numeric;"
        "update legacy.dispatch_payment set total_price = 0.00000000001"
    )
    with pytest.raises(Failure, match=r"dispatch_payment.total_price has values with 11 decimal places"):
        run(legacy, address)
    with pytest.raises(Failure, match="no finished export"):
        export.current(address)


def test_large_tables_become_several_files(legacy: Database, address: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(export, "ROWS_PER_FILE", 50)
    monkeypatch.setattr(export, "BATCH_BYTES", 1000)
    run(legacy, address)
    folder, done = export.current(address)
    assert len(list(Path(folder, "dispatch_notification").iterdir())) > 1
    assert table(address, "dispatch_notification").num_rows == done.rows["dispatch_notification"]


def test_an_empty_table_has_its_columns(legacy: Database, address: str):
    legacy.execute("truncate legacy.dispatch_payment")
    run(legacy, address)
    payments = table(address, "dispatch_payment")
    assert payments.num_rows == 0
    assert set(payments.column_names) == set(declared()["dispatch_payment"])


@contextmanager
def interrupted_at(name: str) -> Iterator[None]:
    if "dispatch_payment" in name:
        raise KeyboardInterrupt
    yield


def test_an_interrupted_export_of_a_copy_continues(legacy: Database, address: str):
    run(legacy, address)
    before, _ = export.current(address)
    with pytest.raises(KeyboardInterrupt):
        run(legacy, address, interrupted_at, still="a copy")
    assert export.current(address)[0] == before
    steps: list[str] = []
    run(legacy, address, lambda name: steps.append(name) or nullcontext(), still="a copy")
    assert "dispatch_payment" in steps[0]
    assert set(export.current(address)[1].rows) == set(declared())
    assert table(address, "auth_user").num_rows == legacy.rows("select count(*) from legacy.auth_user")[0][0]


def test_an_interrupted_export_of_what_changes_starts_again(legacy: Database, address: str):
    with pytest.raises(KeyboardInterrupt):
        run(legacy, address, interrupted_at)
    steps: list[str] = []
    run(legacy, address, lambda name: steps.append(name) or nullcontext())
    assert len(steps) == len(declared())


def test_all_tables_are_of_one_snapshot(legacy: Database, address: str):
    def change(_: str) -> Any:
        legacy.execute("delete from legacy.dispatch_ware; delete from legacy.auth_group")
        return nullcontext()

    wares = legacy.rows("select count(*) from legacy.dispatch_ware")[0][0]
    assert wares
    run(legacy, address, change)
    assert table(address, "dispatch_ware").num_rows == wares


def test_an_object_store_holds_this_export_and_the_one_before(legacy: Database, tmp_path: Path):
    address = (tmp_path / "bucket").as_uri()
    for _ in range(3):
        run(legacy, address)
    folder, _ = export.current(address)
    assert folder.startswith("file://")
    assert len([each for each in (tmp_path / "bucket").iterdir() if each.is_dir()]) == 2
    assert not (tmp_path / "bucket" / "begun.json").exists()


def test_a_live_server_is_exported_by_a_user_who_may_read_only_what_lands(
    database: Callable[[str], Database], address: str
):
    live = database("live")
    with closing(live.connect()) as opened:
        synthetic.load(opened, synthetic.Scale.TINY, lambda _: nullcontext(), "public")
    live.execute("create role lander login; grant usage on schema public to lander")
    for name, columns in declared().items():
        quoted = ", ".join(f'"{column}"' for column in columns)
        live.execute(f"grant select ({quoted}) on public.{name} to lander")
    variables = live.environment | {DSN: f"host={live.target.host} user=lander dbname=live"}
    done = sandbox.ops(variables, "source", "export", "--live", address)
    assert done.returncode == 0, done.stdout
    _, found = export.current(address)
    assert found.rows == {name: live.rows(f"select count(*) from public.{name}")[0][0] for name in declared()}
    assert set(table(address, "auth_user").column_names) == set(declared()["auth_user"])


def test_a_landing_without_a_declared_column_is_refused(legacy: Database, address: str):
    legacy.execute("alter table legacy.dispatch_payment drop column total_price cascade")
    with pytest.raises(Failure, match=r"dispatch_payment.total_price: no such column"):
        run(legacy, address)
