"""Each check fails on the mistake that it is for, in a project and a workflow that are broken on purpose."""

import ast
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import SCRATCH, Shared

from ops.database.server import Server
from ops.dbt import sandbox
from ops.project import ROOT
from tests.programs import DBT

PROGRAMS = Path(sys.executable).parent
COPIED = (
    *("analyses", "models", "macros", "protocol", "seeds", "snapshots", "tests", "dbt_packages"),
    *("dbt_project.yml", "packages.yml", "package-lock.yml", "dbt-bouncer.yml"),
)
RELATIONSHIP = """        data_tests:
          - relationships:
              name: payment_items_payment_id_is_in_payments
              arguments: {to: ref('payments'), field: payment_id}
"""
# File, what stands there, what is put in its place, and the checks that must fail: `check`, which names the file, or
# `check name`.
BROKEN = (
    (
        "models/marts/payments/payments.sql",
        ") }}",
        ") }} and exists (select 1 from {{ source('dispatch', 'dispatch_payment') }})",
        {"check_lineage_source_cannot_be_used"},
    ),
    (
        "models/marts/people/offices.sql",
        ") }}",
        ") }} and exists (select 1 from {{ ref('stg_dispatch__offices') }})",
        {"check_lineage_permitted_upstream_models"},
    ),
    (
        "models/staging/dispatch/stg_dispatch__states.sql",
        "select * from renamed",
        "select renamed.* from renamed inner join {{ ref('stg_dispatch__roles') }} on true",
        {"check_lineage_permitted_upstream_models", "check_model_code_does_not_contain_regexp_pattern"},
    ),
    (
        "models/marts/templates/courses.sql",
        "{{ migrated_rows(ref('int_courses__triaged')) }}",
        "select * from {{ ref('int_courses__triaged') }} where exists (select 1 from legacy.dispatch_course)",
        {"check_model_hard_coded_references"},
    ),
    (
        "models/marts/orders/jaws.yml",
        "    columns:\n",
        "    config: {contract: {enforced: false}}\n    columns:\n",
        {"check_model_has_contracts_enforced"},
    ),
    ("models/marts/shipments/shipments.yml", "**Grain:**", "", {"check_model_description_contains_regexp_pattern"}),
    (
        "models/marts/payments/payment_operations.yml",
        "data_type: numeric(12, 2)",
        "data_type: numeric(12,2)",
        {"check_model_types_have_one_spelling"},
    ),
    (
        "models/staging/dispatch/_dispatch__sources_payments.yml",
        "data_type: timestamp with time zone",
        "data_type: timestamptz",
        {"check_source_types_have_one_spelling dispatch_payment"},
    ),
    (
        "models/marts/access/roles.yml",
        """        description: "{{ doc('entity_key') }}"\n""",
        "",
        {"check_model_column_description_populated"},
    ),
    (
        "models/marts/payments/payment_operations.yml",
        "        constraints:\n          - {type: check, name: card_brand",
        "        constraint:\n          - {type: check, name: card_brand",
        {"check_mart_columns_are_held"},
    ),
    ("models/marts/orders/tasks.yml", "name: jaw_side_is_known, ", "", {"check_contract_is_tested"}),
    (
        "models/marts/templates/categories.yml",
        "      - contract_is_enforced: {name: categories_contract_is_enforced}\n",
        "",
        {"check_contract_is_tested"},
    ),
    ("models/marts/payments/payment_items.yml", RELATIONSHIP, "", {"check_mart_keys_are_held"}),
    (
        "models/marts/people/doctors.yml",
        "{type: foreign_key, to: ref('profiles'), to_columns: [profile_id]}",
        "{type: not_null}",
        {"check_mart_keys_are_held"},
    ),
    (
        "models/marts/people/doctor_offices.sql",
        ") }}",
        ") }} and exists (select 1 from {{ ref('int_offices__triaged') }})",
        {"check_mart_reads_one_triage"},
    ),
    (
        "models/staging/dispatch/_dispatch__sources_payments.yml",
        "**Grain:**",
        "",
        {"check_source_has_grain dispatch_payment"},
    ),
    ("seeds/sexes.yml", "**Grain:**", "", {"check_seed_has_grain_and_group"}),
    ("seeds/jaw_sides.yml", "      group: orders\n", "", {"check_seed_has_grain_and_group"}),
    ("snapshots/payments_history.yml", "**Grain:**", "", {"check_snapshot_has_grain_and_group"}),
    ("snapshots/orders_history.yml", "      group: orders\n", "", {"check_snapshot_has_grain_and_group"}),
    ("models/_groups.yml", "    description: ", "    description: '' # ", set()),
    (
        "models/intermediate/orders/int_projects__triaged.yml",
        "first_reason_wins\n    description: ",
        "first_reason_wins\n    description: '' # ",
        {"check_unit_test_is_described projects_triage_order_first_reason_wins"},
    ),
    # A macro that models call: its description, that of an argument, the name of an argument.
    (
        "macros/conversions/_conversions.yml",
        "    description: SQL expression of the moment as date and time in UTC, without a zone.\n",
        "",
        {"check_macro_is_described utc", "check_macro_is_described postgres__utc"},
    ),
    (
        "macros/triage/_triage.yml",
        "        description: Columns that make the key.\n",
        "",
        {"check_macro_is_described numbered_duplicates"},
    ),
    (
        "macros/triage/_triage.yml",
        "      - name: columns\n        type: list[string]\n        description: SQL expressions, at least one.",
        "      - name: names\n        type: list[string]\n        description: SQL expressions, at least one.",
        {"check_macro_is_described any_missing"},
    ),
    # An argument of a test, which only its description can name.
    (
        "tests/generic/_generic_tests.yml",
        "an empty text only with `allow_empty`",
        "an empty text sometimes",
        {"check_macro_is_described test_is_valid_json"},
    ),
    # A macro that only macros call.
    (
        "macros/release/release_schema.sql",
        "    {#- Records what was built, published and released. No version replaces it. -#}\n",
        "",
        {"check_macro_is_described release_schema"},
    ),
)


@pytest.mark.skipif(sys.version_info < (3, 11), reason="dbt-bouncer needs Python 3.11")
def test_each_broken_rule_is_named_and_nothing_else(shared: Shared, server: Server, tmp_path: Path) -> None:
    project, expected = tmp_path / "project", set()
    project.mkdir()
    for name in COPIED:
        (shutil.copytree if (ROOT / name).is_dir() else shutil.copy)(ROOT / name, project / name)
    for path, there, instead, checks in BROKEN:
        file = project / path
        assert there in file.read_text(), path
        file.write_text(file.read_text().replace(there, instead, 1))
        expected |= {(check, name or file.stem) for check, _, name in (each.partition(" ") for each in checks)}
    # What a check finds in the project as a whole has no name.
    expected.add(("check_groups_are_described", ""))
    # The source of payments is now read twice, and one model breaks every rule about names and places.
    expected.add(("check_source_is_cleaned_in_one_place", "dispatch_payment"))
    (project / "models" / "marts" / "fct_payment.sql").write_text("select 1 as one")
    expected |= {
        (f"check_{check}", "fct_payment")
        for check in (
            *("model_directories", "model_names", "model_property_file_location", "model_has_group"),
            *("model_documented_in_same_directory", "model_description_contains_regexp_pattern"),
            *("mart_keys_are_held", "mart_reads_one_triage", "contract_is_tested"),
        )
    }

    environment = sandbox.environment(sandbox.target(server.folder, SCRATCH), tmp_path)
    environment |= {"DBT_PROJECT_DIR": str(project)}
    parse = [*DBT, "parse", "--partial-parse-file-path", shared.file]  # only what was broken is parsed again
    done = subprocess.run(parse, cwd=project, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    report = tmp_path / "report.json"
    done = subprocess.run(
        [PROGRAMS / "dbt-bouncer", "run", "--output-file", report],
        cwd=project,
        env=environment | {"DBT_PROJECT_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    found = {
        (each["check_run_id"].split(":")[0], (each["unique_id"] or "").rpartition(".")[2])
        for each in json.loads(report.read_text())
        if each["outcome"] == "failed"
    }
    assert found == expected


@pytest.mark.parametrize(
    ("there", "instead", "linter"),
    [
        ("timeout-minutes: 30", "timeout-minute: 30", "check-jsonschema"),
        ("permissions: {}", "permissions: write-all", "zizmor"),
        ("@3d3c42e5aac5ba805825da76410c181273ba90b1", "@main", "zizmor"),
    ],
)
def test_mistake_in_a_workflow_is_found(there: str, instead: str, linter: str, tmp_path: Path) -> None:
    original = (ROOT / ".github" / "workflows" / "ci.yml").read_text()
    assert there in original
    workflow = tmp_path / ".github" / "workflows" / "ci.yml"
    workflow.parent.mkdir(parents=True)
    arguments = {
        "check-jsonschema": ["--builtin-schema", "vendor.github-workflows"],
        "zizmor": ["--offline", "--pedantic", "--config", ROOT / ".github" / "zizmor.yml"],
    }[linter]
    codes = []
    for text in (original, original.replace(there, instead)):
        workflow.write_text(text)
        codes.append(subprocess.run([PROGRAMS / linter, *arguments, workflow], capture_output=True).returncode)
    assert codes[0] == 0
    assert codes[1] != 0


@pytest.mark.parametrize("spelling", ["a: 'x'", 'a: "x"', "a: yes", "a: True", "'a': x"])
def test_another_spelling_in_yaml_is_found(spelling: str) -> None:
    lint = [PROGRAMS / "yamllint", "--strict", "-"]
    assert subprocess.run(lint, cwd=ROOT, input=b"a: x\n").returncode == 0
    assert subprocess.run(lint, cwd=ROOT, input=f"{spelling}\n".encode()).returncode != 0


def test_encoding_is_always_given():
    """Files and the output of programs: in another locale they would end in a traceback, or be mangled unnoticed."""
    planted = [
        "open(x, 'rb')",
        "os.open(x)",
        "x.open()",
        "x.read_text()",
        "logging.FileHandler(x)",
        "run(x, text=True)",
    ]
    assert calls_without_encoding("\n".join(planted)) == [3, 4, 5, 6]
    assert calls_without_encoding("x.open(encoding='utf-8')") == []
    files = sorted([*(ROOT / "ops").rglob("*.py"), *(ROOT / "benchmarks").rglob("*.py")])
    assert len(files) > 40
    found = {file: calls_without_encoding(file.read_text(encoding="utf-8")) for file in files}
    assert {file: lines for file, lines in found.items() if lines} == {}


def calls_without_encoding(source: str) -> list[int]:
    """Return the lines of a Python source that open a text, or read one from a program, without an encoding."""
    texts = {"read_text", "write_text", "open", "FileHandler"}
    found = []
    for call in ast.walk(ast.parse(source)):
        if not isinstance(call, ast.Call):
            continue
        name = ast.unparse(call.func)
        given = {keyword.arg for keyword in call.keywords}
        is_binary = any(isinstance(each, ast.Constant) and "b" in str(each.value) for each in call.args[1:])
        opens = name != "os.open" and name.rpartition(".")[2] in texts and not is_binary
        if (opens or given & {"text", "universal_newlines"}) and "encoding" not in given:
            found.append(call.lineno)
    return found
