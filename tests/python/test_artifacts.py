"""dbt's artifacts have what other tools read from them. None of the tools is installed; their sources name the keys."""

import json
from typing import Any

import pytest
from conftest import Database, Shared

BUILT = ("model", "seed", "snapshot")
# By tool: the keys that it reads of every model, seed and snapshot in the manifest, or in dbt's variable graph.
READ = {
    "openlineage-dbt": ("database", "schema", "alias", "columns", "description"),
    "dagster-dbt": (
        *("unique_id", "resource_type", "package_name", "original_file_path", "relation_name", "fqn", "tags", "group"),
        *("config.materialized", "config.meta", "depends_on.nodes", "meta"),
    ),
    "elementary": (
        *("unique_id", "alias", "checksum.checksum", "config.materialized", "config.tags", "config.meta", "tags"),
        *("meta", "database", "schema", "depends_on.macros", "depends_on.nodes", "description", "name", "path"),
    ),
}


@pytest.fixture(scope="module")
def manifest(shared: Shared) -> dict[str, Any]:
    """The project as dbt parsed it."""
    return json.loads(shared.file.with_name("manifest.json").read_text())


@pytest.fixture(scope="module")
def run_results(migrated: Database) -> dict[str, Any]:
    """What dbt wrote of its last build."""
    return json.loads((migrated.folder / "target" / "run_results.json").read_text())


def has(node: dict[str, Any], path: str) -> bool:
    for key in path.split("."):
        if key not in node or (path != "group" and node[key] is None):
            return False
        node = node[key]
    return True


def missing(manifest: dict[str, Any], tool: str) -> list[str]:
    """Return the keys that a tool reads and a node lacks; a model that is no relation has no name of one."""
    return [
        f"{id}: {path}"
        for id, node in manifest["nodes"].items()
        if node["resource_type"] in BUILT and node["config"]["materialized"] != "ephemeral"
        for path in READ[tool]
        if not has(node, path) and not (path == "depends_on.nodes" and node["resource_type"] == "seed")
    ]


@pytest.mark.parametrize("tool", READ)
def test_nodes_have_what_a_tool_reads(manifest: dict[str, Any], tool: str) -> None:
    assert missing(manifest, tool) == []
    path = READ[tool][-1]
    node = manifest["nodes"]["model.dispatch.payments"]
    kept = node.pop(path)
    assert missing(manifest, tool) == [f"model.dispatch.payments: {path}"]
    node[path] = kept


def test_metadata_names_versions_and_adapter(manifest: dict[str, Any], run_results: dict[str, Any]) -> None:
    """The tools take a version of the schema that they do not know for an error."""
    metadata = manifest["metadata"]
    assert metadata["dbt_schema_version"].endswith("/manifest/v12.json")
    assert run_results["metadata"]["dbt_schema_version"].endswith("/run-results/v6.json")
    assert metadata["adapter_type"] == "postgres"
    assert run_results["metadata"]["invocation_id"]


def test_results_lead_to_nodes_parents_and_times(manifest: dict[str, Any], run_results: dict[str, Any]) -> None:
    known = manifest["nodes"].keys() | manifest["sources"].keys()
    results = [each for each in run_results["results"] if each["unique_id"].partition(".")[0] in BUILT]
    assert len(results) > 100
    for each in results:
        assert each["status"] == "success"
        assert {timing["name"] for timing in each["timing"]} == {"compile", "execute"}
        assert all(timing["started_at"] and timing["completed_at"] for timing in each["timing"])
        assert each["unique_id"] in manifest["nodes"]
        assert set(manifest["parent_map"][each["unique_id"]]) <= known


def test_data_tests_lead_to_what_they_test(manifest: dict[str, Any]) -> None:
    """All but the tests in SQL files, which have no name of a generic test."""
    tests = [node for node in manifest["nodes"].values() if node["resource_type"] == "test"]
    generic = [test for test in tests if "test_metadata" in test]
    assert len(generic) > 500
    assert len(tests) - len(generic) < 10
    for test in generic:
        assert test["test_metadata"]["name"]
        assert isinstance(test["test_metadata"]["kwargs"], dict)
        assert manifest["parent_map"][test["unique_id"]]
        assert test["config"]["severity"].lower() in ("error", "warn")
