import io
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from conftest import Database
from psycopg2.extensions import connection as Connection

from ops import query
from ops.console import console
from ops.errors import Failure


@pytest.fixture(scope="module")
def opened(scratch: Database) -> Iterator[Connection]:
    connection = scratch.connect()
    yield connection
    connection.close()


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(query, "sys", SimpleNamespace(stdout=SimpleNamespace(isatty=lambda: True)))
    monkeypatch.setattr(console, "_width", 80)


def test_csv_off_a_terminal(opened: Connection, capsys: pytest.CaptureFixture):
    query.run(opened, """select 1.50 as a, null as b, true as c, 'x,"y"' as d, '{"k": [1]}'::jsonb as e""")
    assert capsys.readouterr().out == 'a,b,c,d,e\n1.50,,true,"x,""y""","{""k"": [1]}"\n'


@pytest.mark.usefixtures("terminal")
def test_a_table_on_a_terminal_with_long_values_cut(opened: Connection, capsys: pytest.CaptureFixture):
    query.run(opened, "select 1 as a, null as b, repeat('long ', 50) as c")
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert any("1 │ null │ long long" in line and "…" in line for line in lines)
    assert lines[-1] == "1 row"


@pytest.mark.usefixtures("terminal")
def test_a_row_too_wide_for_the_terminal_is_shown_one_value_a_line(opened: Connection, capsys: pytest.CaptureFixture):
    query.run(opened, "select " + ", ".join(f"{number} as column_{number}" for number in range(12)))
    assert "column_11  11" in capsys.readouterr().out.splitlines()


@pytest.mark.usefixtures("terminal")
def test_only_the_first_rows_fill_a_terminal(opened: Connection, capsys: pytest.CaptureFixture):
    query.run(opened, "select * from generate_series(1, 1500) as number")
    assert capsys.readouterr().out.splitlines()[-1].startswith("1,500 rows, 1,300 of them not shown")


def test_a_mistake_is_shown_where_it_is(opened: Connection):
    with pytest.raises(Failure, match=r'^relation "nothing" does not exist\nLINE 1: select \* from nothing\n +\^$'):
        query.run(opened, "select * from nothing")


def test_the_prompt_reads_statements_up_to_a_semicolon(
    opened: Connection, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("sys.stdin", io.StringIO("select 1\nas a;\nselect 2 as b;\nselect 3 as c"))
    query.prompt(opened)
    assert capsys.readouterr().out == "a\n1\nb\n2\nc\n3\n"
