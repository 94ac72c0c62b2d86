"""offline_packages/ behaves like the real packages, lacks nothing the project calls and holds nothing it does not.

DISPATCH_REAL_PACKAGES=<folder with dbt_utils, dbt_expectations and dbt_date> runs the cases against the real ones too.
"""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

import pytest
import yaml

from ops.database.connection import Target
from ops.dbt import sandbox
from tests.programs import DBT

PROJECT = Path(__file__).parents[2]
OFFLINE = PROJECT / "offline_packages"
REAL = os.environ.get("DISPATCH_REAL_PACKAGES")

DBT_PROJECT = {"name": "cases", "version": "1.0.0", "profile": "cases", "flags": {"send_anonymous_usage_stats": False}}


@dataclass
class Case:
    """Literal rows, a test over them and how many failures dbt must report."""

    name: str
    test: str
    rows: str
    failures: int
    arguments: dict = field(default_factory=dict)
    columns: str = "a"
    on_column: bool = True
    config: dict = field(default_factory=dict)

    @property
    def model(self) -> str:
        """SQL of a model that returns the rows."""
        return f"select * from (values {self.rows}) as t ({self.columns})"

    @property
    def properties(self) -> dict:
        """The YAML entry of that model."""
        tests = [{self.test: {"name": f"test_{self.name}", "arguments": self.arguments, "config": self.config}}]
        if self.on_column:
            return {"name": self.name, "columns": [{"name": "a", "data_tests": tests}]}
        return {"name": self.name, "data_tests": tests}


EXPRESSION = "dbt_utils.expression_is_true"
RANGE = "dbt_utils.accepted_range"
COMBINATION = "dbt_utils.unique_combination_of_columns"
NOT_EMPTY = "dbt_utils.not_empty_string"
REGEX = "dbt_expectations.expect_column_values_to_match_regex"
PAIR = "dbt_expectations.expect_column_pair_values_A_to_be_greater_than_B"
LENGTH = "dbt_expectations.expect_column_value_lengths_to_be_between"

# NULL passes, except in REGEX, where it counts as a mismatch. COMBINATION counts groups and takes NULLs for equal.
NUMBERS = "(1), (5), (10), (null)"
PAIRS = "(2, 1), (1, 1), (0, 1), (-1, 1), (null, 1), (1, null)"
TWO = {"columns": "a, b", "on_column": False}
A_OVER_B = {"column_A": "a", "column_B": "b"}
CASES = [
    Case("expression_good", EXPRESSION, "(2, 1), (1, 1), (null, 1)", 0, {"expression": "a >= b"}, **TWO),
    Case("expression_bad", EXPRESSION, PAIRS, 2, {"expression": "a >= b"}, **TWO),
    Case("expression_or_bad", EXPRESSION, PAIRS, 1, {"expression": "a >= b or a = 0"}, **TWO),
    Case("expression_column_good", EXPRESSION, NUMBERS, 0, {"expression": "> 0"}),
    Case("expression_column_bad", EXPRESSION, NUMBERS, 2, {"expression": "< 5"}),
    Case("expression_warn", EXPRESSION, NUMBERS, 2, {"expression": "< 5"}, config={"severity": "warn"}),
    Case("expression_where", EXPRESSION, NUMBERS, 1, {"expression": "< 5"}, config={"where": "a < 10"}),
    Case("expression_stored", EXPRESSION, NUMBERS, 2, {"expression": "< 5"}, config={"store_failures": True}),
    Case("range_good", RANGE, NUMBERS, 0, {"min_value": 1, "max_value": 10}),
    Case("range_bad", RANGE, NUMBERS, 2, {"min_value": 2, "max_value": 9}),
    Case("range_min_bad", RANGE, NUMBERS, 1, {"min_value": 2}),
    Case("range_max_bad", RANGE, NUMBERS, 2, {"max_value": 1}),
    Case("range_zero_bad", RANGE, NUMBERS, 3, {"max_value": 0}),
    Case("range_exclusive_good", RANGE, NUMBERS, 0, {"min_value": 0, "max_value": 11, "inclusive": False}),
    Case("range_exclusive_bad", RANGE, NUMBERS, 2, {"min_value": 1, "max_value": 10, "inclusive": False}),
    Case("range_column_bad", RANGE, PAIRS, 2, {"min_value": "b"}, columns="a, b"),
    Case("range_date_bad", RANGE, "(date '1899-12-31'), ('1900-01-01')", 1, {"min_value": "'1900-01-01'"}),
    Case("range_unbounded", RANGE, NUMBERS, 0),
    Case("combination_good", COMBINATION, PAIRS, 0, {"combination_of_columns": ["a", "b"]}, **TWO),
    Case(
        "combination_bad",
        COMBINATION,
        "(1, 1), (1, 1), (1, 1), (2, null), (2, null), (3, 1), (null, 1)",
        2,
        {"combination_of_columns": ["a", "b"]},
        **TWO,
    ),
    Case("not_empty_good", NOT_EMPTY, r"('x'), (' x '), (null), (E'\t')", 0),
    Case("not_empty_bad", NOT_EMPTY, "('x'), (''), ('  '), (null)", 2),
    Case("not_empty_untrimmed_bad", NOT_EMPTY, "('x'), (''), ('  '), (null)", 1, {"trim_whitespace": False}),
    Case("regex_good", REGEX, "('ab1'), ('b22')", 0, {"regex": "^[a-z]+[0-9]+$"}),
    Case("regex_bad", REGEX, "('ab1'), ('AB1'), (''), (null)", 3, {"regex": "^[a-z]+[0-9]+$"}),
    Case("regex_backslash_bad", REGEX, "('1.5'), ('15')", 1, {"regex": r"^\d\.\d$", "is_raw": True}),
    Case("regex_group_bad", REGEX, "('ab'), ('b'), ('c')", 1, {"regex": "^(a)?b$"}),
    Case("regex_empty_match", REGEX, "(''), ('x')", 1, {"regex": "^$"}),
    Case("regex_flags_bad", REGEX, "('ab'), ('AB'), ('12')", 1, {"regex": "^[a-z]+$", "flags": "i"}),
    Case("regex_condition_good", REGEX, "('ab'), (null)", 0, {"regex": "b", "row_condition": "a is not null"}),
    Case("regex_condition_bad", REGEX, "('x'), ('b'), ('y')", 1, {"regex": "b", "row_condition": "a = 'x' or a = 'b'"}),
    Case("pair_good", PAIR, "(2, 1), (3, 2), (null, 1), (1, null)", 0, A_OVER_B, **TWO),
    Case("pair_bad", PAIR, PAIRS, 3, A_OVER_B, **TWO),
    Case("pair_or_equal_good", PAIR, "(2, 1), (1, 1)", 0, {**A_OVER_B, "or_equal": True}, **TWO),
    Case("pair_or_equal_bad", PAIR, PAIRS, 2, {**A_OVER_B, "or_equal": True}, **TWO),
    Case("pair_condition_bad", PAIR, PAIRS, 1, {**A_OVER_B, "row_condition": "a = 1 or a = 2"}, **TWO),
    Case("length_good", LENGTH, "('a'), ('ab'), ('abc'), (null)", 0, {"min_value": 1, "max_value": 3}),
    Case("length_bad", LENGTH, "(''), ('ab'), ('abcd'), (null)", 2, {"min_value": 1, "max_value": 3}),
    Case("length_min_bad", LENGTH, "(''), ('ab'), ('äöü'), (null)", 2, {"min_value": 3}),
    Case("length_max_bad", LENGTH, "(''), ('ab'), ('abcd'), (null)", 2, {"max_value": 0}),
    Case("length_strict_bad", LENGTH, "('a'), ('ab'), ('abc')", 2, {"min_value": 1, "max_value": 3, "strictly": True}),
    Case(
        "length_condition_bad",
        LENGTH,
        "('a'), ('bb'), ('')",
        1,
        {"min_value": 2, "row_condition": "a = 'a' or a = 'bb'"},
    ),
]


def run_dbt(project: Path, *arguments: str) -> subprocess.CompletedProcess:
    """Run dbt in a throw-away project."""
    return subprocess.run(
        [*DBT, "--no-use-colors", *arguments, "--profiles-dir", "."],
        cwd=project,
        env={name: value for name, value in os.environ.items() if not name.startswith("DBT_")},
        capture_output=True,
        text=True,
    )


def write_project(project: Path, packages: Path, where: Target, cases: list[Case]) -> None:
    """A project with one view and one test a case, over a copy of the packages."""
    output = {"type": "postgres", "schema": "cases", "threads": 2, **asdict(where)}
    (project / "models").mkdir(parents=True)
    for name in ("dbt_utils", "dbt_expectations", "dbt_date"):
        shutil.copytree(packages / name, project / "dbt_packages" / name)
    for case in cases:
        (project / "models" / f"{case.name}.sql").write_text(case.model)
    for file, content in {
        "dbt_project.yml": DBT_PROJECT,
        "profiles.yml": {"cases": {"target": "cases", "outputs": {"cases": output}}},
        "packages.yml": yaml.safe_load((PROJECT / "packages.yml").read_text()),
        "models/cases.yml": {"models": [case.properties for case in cases]},
    }.items():
        (project / file).write_text(yaml.safe_dump(content))


@pytest.fixture(scope="module", params=["offline", "real"] if REAL else ["offline"])
def packages(request) -> Path:
    """The folder of the packages under test."""
    return OFFLINE if request.param == "offline" else Path(REAL)


@pytest.fixture(scope="module")
def results(packages, scratch, tmp_path_factory) -> dict:
    """Status and failures of each case, from one build."""
    project = tmp_path_factory.mktemp("cases") / "project"
    write_project(project, packages, scratch.target, CASES)
    run = run_dbt(project, "build")
    outcome = json.loads((project / "target" / "run_results.json").read_text())["results"]
    assert len(outcome) == 2 * len(CASES), run.stdout
    return {r["unique_id"].split(".")[2]: r for r in outcome if r["unique_id"].startswith("test.")}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case_gives_the_expected_failures(results, case):
    """The number dbt reports for the case."""
    result = results[f"test_{case.name}"]
    bad = "warn" if case.config.get("severity") == "warn" else "fail"
    expected = ("pass", 0) if case.failures == 0 else (bad, case.failures)
    assert (result["status"], result["failures"]) == expected, result["message"]


def test_length_without_bounds_is_refused(packages, tmp_path):
    """A test that cannot fail is a mistake; dbt says so at once."""
    write_project(
        tmp_path / "project", packages, sandbox.target(Path("/nowhere")), [Case("length_unbounded", LENGTH, "('a')", 0)]
    )
    run = run_dbt(tmp_path / "project", "parse")
    assert run.returncode != 0
    assert "min_value, max_value or both" in run.stdout


LEFT_OUT = "left_out.sql"


def public(packages: Path, *files: str) -> set[str]:
    """Every test and macro in files of these names, by default all, as it is called; not the forms for one engine."""
    block = re.compile(r"\{%-?\s*(?:test|macro)\s+(\w+)")
    found = set()
    for package in ("dbt_utils", "dbt_expectations", "dbt_date"):
        for file in (packages / package / "macros").rglob("*.sql"):
            if not files or file.name in files:
                text = re.sub(r"\{#.*?#\}", "", file.read_text(), flags=re.DOTALL)
                found |= {f"{package}.{name}" for name in block.findall(text)}
    return {name for name in found if "__" not in name and not name.partition(".")[2].startswith("_")}


def left_out() -> set[str]:
    """What the stand-ins have by name only."""
    return public(OFFLINE, LEFT_OUT)


def provided() -> set[str]:
    """Every test and macro that the stand-ins have; not what only they themselves call."""
    texts = [file.read_text() for file in OFFLINE.rglob("*.sql")]
    return {name for name in public(OFFLINE) - left_out() if not any(f"{name}(" in text for text in texts)}


def called(project: Path) -> set[str]:
    """Every test and macro of the packages that the project calls: in YAML, and in Jinja wherever it stands."""
    call = re.compile(r"\b(?:dbt_utils|dbt_expectations|dbt_date)\.\w+")
    jinja = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
    comment = re.compile(r"\{#.*?#\}", re.DOTALL)

    def in_jinja(text: str) -> Iterator[str]:
        for block in jinja.findall(comment.sub("", text)):
            yield from call.findall(block)

    def in_yaml(node: object) -> Iterator[str]:
        if isinstance(node, dict):
            for key, value in node.items():
                yield from in_yaml(key)
                yield from in_yaml(value)
        elif isinstance(node, list):
            for item in node:
                yield from in_yaml(item)
        elif isinstance(node, str):
            # A test's name stands alone; in prose it is only mentioned.
            yield from [node] if call.fullmatch(node) else in_jinja(node)

    found: set[str] = set()
    for folder in ("models", "seeds", "snapshots", "tests", "macros"):
        for file in (project / folder).rglob("*"):
            if file.suffix == ".sql":
                found.update(in_jinja(file.read_text()))
            elif file.suffix in (".yml", ".yaml"):
                found.update(in_yaml(yaml.safe_load(file.read_text())))
    return found | set(in_yaml(yaml.safe_load((project / "dbt_project.yml").read_text())))


def test_project_calls_nothing_the_stand_ins_lack():
    """Without the hub every call must still resolve."""
    assert called(PROJECT) - provided() == set(), "add to offline_packages/, with cases in this file"


def test_stand_ins_hold_nothing_the_project_does_not_call():
    """Dead code."""
    assert provided() - called(PROJECT) == set(), "remove from offline_packages/, with its cases in this file"


@pytest.mark.skipif(not REAL, reason="DISPATCH_REAL_PACKAGES is not set")
def test_stand_ins_name_all_that_the_real_packages_have():
    assert public(Path(REAL)) == public(OFFLINE) - {"dbt_utils.absent"}


@pytest.mark.parametrize(
    ("model", "tests", "called"),
    [
        ("select {{ dbt_utils.generate_surrogate_key(['a', 'b']) }} as a", [], "dbt_utils.generate_surrogate_key"),
        ("select {{ dbt_date.now(tz='UTC') }} as a", [], "dbt_date.now"),
        ("select 1 as a", [{"dbt_utils.recency": {"arguments": {"field": "a"}}}], "dbt_utils.recency"),
    ],
)
def test_stand_in_that_lacks_a_macro_says_so(model, tests, called, tmp_path):
    """A package with models may need more than this project does."""
    project = tmp_path / "project"
    write_project(project, OFFLINE, sandbox.target(Path("/nowhere")), [])
    (project / "models" / "a.sql").write_text(model)
    (project / "models" / "cases.yml").write_text(yaml.safe_dump({"models": [{"name": "a", "data_tests": tests}]}))
    run = run_dbt(project, "parse")
    assert run.returncode != 0
    assert f"{called} is called, but this is the bundled stand-in of {called.split('.')[0]}" in run.stdout
    assert "run make deps with access to the package hub" in run.stdout


def test_every_stand_in_has_passing_and_failing_cases():
    """A test that was never seen to fail proves nothing."""
    assert {case.test for case in CASES if not case.failures} == provided()
    assert {case.test for case in CASES if case.failures} == provided()


def test_calls_are_found_where_dbt_would_find_them(tmp_path):
    """The reader behind the two comparisons above sees calls and not mentions."""
    for folder in ("models", "macros"):
        (tmp_path / folder).mkdir()
    (tmp_path / "dbt_project.yml").write_text('on-run-end: "{{ dbt_utils.hook() }}"')
    (tmp_path / "models" / "a.sql").write_text(
        "{# dbt_utils.in_comment() #} select {{- dbt_utils.in_model() }} -- like dbt_utils.in_prose\n"
    )
    (tmp_path / "macros" / "a.sql").write_text("{% macro a() %}{%- do dbt_date.in_macro(\n1) %}{% endmacro %}")
    (tmp_path / "models" / "a.yml").write_text(
        """
        models:
          - name: a
            description: Not dbt_utils.in_description.
            data_tests:
              - dbt_utils.bare
              - dbt_expectations.with_arguments: {arguments: {a: 1}}
              - {name: spelt_out, test_name: dbt_utils.spelt_out}
        """
    )
    assert called(tmp_path) == {
        "dbt_utils.hook",
        "dbt_utils.in_model",
        "dbt_date.in_macro",
        "dbt_utils.bare",
        "dbt_expectations.with_arguments",
        "dbt_utils.spelt_out",
    }
