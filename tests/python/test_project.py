"""Rules that hold for the project as dbt read it: what YAML promised is there."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from fnmatch import fnmatch
from typing import Any

import pytest
import typer
import yaml
from conftest import Database, Shared
from dbt_common.exceptions import CompilationError
from inprocess import Project, parsed
from typer.testing import CliRunner

from ops.__main__ import app
from ops.project import ROOT


@pytest.fixture(scope="module")
def manifest(shared: Shared) -> dict[str, Any]:
    """The project as dbt parsed it."""
    return json.loads(shared.file.with_name("manifest.json").read_text())


def models(manifest: dict[str, Any], folder: str) -> dict[str, Any]:
    return {
        node["name"]: node
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and node["path"].startswith(folder + "/")
    }


def test_every_mart_is_counted(manifest: dict[str, Any]) -> None:
    """The ledger reads a list of entities; a mart or a triaged model that is not in it would go unseen."""
    read = {
        node.rpartition(".")[2]
        for node in manifest["nodes"]["model.dispatch.int_audit__dispositions"]["depends_on"]["nodes"]
    }
    marts = set(models(manifest, "marts"))
    triaged = {name for name in models(manifest, "intermediate") if name.endswith("__triaged")}
    assert triaged == {f"int_{mart}__triaged" for mart in marts}
    # Of a mart loaded in batches the stored dispositions are read, and not its triage, which is a view.
    batched = {name for name, node in models(manifest, "marts").items() if node["config"]["materialized"] == "batched"}
    assert batched
    stored = batched | {f"int_{name}__left_out" for name in batched}
    assert read == triaged - {f"int_{name}__triaged" for name in batched} | stored


def test_every_node_is_reviewed_by_its_group(manifest: dict[str, Any]) -> None:
    lines = (ROOT / ".github" / "CODEOWNERS").read_text(encoding="utf-8").splitlines()
    owners = [line.split() for line in lines if line and not line.startswith("#")]
    assert {address.partition("@")[0] for _, address in owners} == {
        group["name"] for group in manifest["groups"].values()
    }
    used = set()
    for node in manifest["nodes"].values():
        if node["resource_type"] in ("model", "seed", "snapshot"):
            file = "/" + node["original_file_path"]
            pattern, owner = [pair for pair in owners if fnmatch(file, pair[0] + "*" * pair[0].endswith("/"))][-1]
            used.add(pattern)
            assert owner == f"{node['config']['group']}@dispatch.invalid", file
    assert used == {pattern for pattern, _ in owners}


def test_missing_values_are_noticed_at_the_source(manifest: dict[str, Any]) -> None:
    """Every column that is NOT NULL in the legacy database and read has a test: a copy may hold nulls all the same."""
    schema = (ROOT / "synthetic_legacy" / "01_schema.sql").read_text()
    required = {
        (table, column)
        for table, columns in re.findall(r"create table (\w+) \((.*?)\n\);", schema, re.DOTALL)
        for column in re.findall(r'^    "?(\w+)"? .* not null,?$', columns, re.MULTILINE)
    }
    code = {node["sources"][0][1]: node["raw_code"] for node in models(manifest, "staging").values()}
    read = {(table, column) for table, column in required if re.search(rf"\b{column}\b", code[table])}
    assert len(read) > 150
    tests = {
        (node["sources"][0][1], node["column_name"].strip('"')): node["config"]["severity"]
        for node in manifest["nodes"].values()
        if node["resource_type"] == "test"
        and node["sources"]
        and node.get("test_metadata", {}).get("name") == "not_null"
    }
    assert sorted(read - tests.keys()) == []
    assert set(tests.values()) == {"warn"}


def test_names_fit_into_postgresql(manifest: dict[str, Any]) -> None:
    for node in manifest["nodes"].values():
        limit = 45 if node["resource_type"] in ("model", "seed", "snapshot") else 63
        assert len(node["name"]) <= limit, node["name"]
        for column in node["columns"].values():
            for constraint in column["constraints"]:
                name = constraint["name"] or f"{node['name']}__{column['name']}__key"
                assert len(name) <= 63, name


def misspelt(value: Any, path: str = "") -> Iterator[str]:
    """Give the path of every key that means data_tests or unit_tests and says it otherwise: dbt may leave it out."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, below in items:
        here = f"{path}/{key}"
        is_like = re.fullmatch("(data|unit)?[-_ ]?tests?", str(key), re.IGNORECASE)
        if is_like and key not in ("data_tests", "unit_tests"):
            yield here
        yield from misspelt(below, here)


def test_no_key_of_tests_is_misspelt() -> None:
    folders = ("models", "seeds", "snapshots", "tests")
    files = [path for folder in folders for kind in ("yml", "yaml") for path in (ROOT / folder).rglob(f"*.{kind}")]
    assert len(files) > 100
    found = {path: list(misspelt(yaml.safe_load(path.read_text()))) for path in files}
    assert [f"{path.relative_to(ROOT)}: {key}" for path, keys in found.items() for key in keys] == []
    planted = "{models: [{columns: [{name: a, data-tests: [unique]}], data_tests: []}], unit tests: [], unit_tests: []}"
    assert list(misspelt(yaml.safe_load(planted))) == ["/models/0/columns/0/data-tests", "/unit tests"]


def commands(command: Any, name: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield name
    for each, below in getattr(command, "commands", {}).items():
        yield from commands(below, (*name, each))


@pytest.mark.parametrize("name", list(commands(typer.main.get_command(app))), ids=" ".join)
def test_every_command_has_help(name: tuple[str, ...]) -> None:
    done = CliRunner().invoke(app, [*name, "--help"])
    assert done.exit_code == 0, done.output
    assert "Usage:" in done.output


def test_variables_get_into_sql_by_one_macro() -> None:
    """Where a variable is written into SQL as it is, a quote in it breaks the statement, or becomes part of it."""
    raw = {
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for folder in ("models", "macros", "snapshots", "tests")
        for path in sorted((ROOT / folder).rglob("*"))
        if path.suffix in (".sql", ".yml")
        for line in path.read_text(encoding="utf-8").splitlines()
        if re.search(r"(?<!\w)var\(", line)
    }
    # YAML knows no macros: dbt quotes the schema of a source, and assert_vars has seen the bounds in contracts.
    raw = {line for line in raw if not line.endswith("""schema: "{{ var('legacy_schema') }}\"""")}
    bound = re.compile(r"models/(marts|audit)/\S+\.yml: .*var\(['\"]\w+_plausible_\w+['\"]\)")
    raw = {line for line in raw if not bound.match(line)}
    assert raw == {"macros/checks/sql_var.sql: {%- set value = var(name) | string -%}"}


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ("largest_plausible_amount: 1 or 1=1", "largest_plausible_amount is “1 or 1=1” and must be an amount"),
        ('earliest_plausible_date: "1900-01-01\'"', "earliest_plausible_date is “1900-01-01'” and must be a date"),
    ],
)
def test_a_variable_is_refused_by_name(variables: str, words: str, scratch: Database) -> None:
    with pytest.raises(CompilationError, match=re.escape(words)), parsed(scratch, "--vars", f"{{{variables}}}"):
        pass


def test_a_variable_is_quoted(scratch: Database, project: Project) -> None:
    variables = "{shipment_carrier: O'Brien}"
    (done,) = project.dbt("compile", "--inline", "select {{ sql_var('shipment_carrier') }}", "--vars", variables)
    assert scratch.rows(done.node.compiled_code) == [("O'Brien",)]


def test_check_of_an_unknown_model_is_refused() -> None:
    command = [sys.executable, "-m", "tests.check_model", "no_model"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "There is no model 'no_model' in models/: make check M=payments checks payments.\n"
