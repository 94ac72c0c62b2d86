"""What of Spark needs no Spark: its Java, its processes, the comparison of JSON, and what models must not say."""

import json
import os
import re
import socket
from pathlib import Path

import pytest
import yaml

from ops.dbt.profiles import EXAMPLE
from ops.errors import Failure
from ops.project import ROOT
from ops.spark import cluster, environment, parity


def java(folder: Path, version: str) -> Path:
    """Make a program that says it is this version of Java; return the folder that JAVA_HOME would name."""
    (folder / "bin").mkdir(parents=True)
    program = folder / "bin" / "java"
    program.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\" 2025-04-15' >&2\n")
    program.chmod(0o700)
    return folder


def test_java_home_wins_and_an_old_java_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("JAVA_HOME", str(java(tmp_path / "21", "21.0.1")))
    assert environment.java_home() == tmp_path / "21"
    monkeypatch.setenv("JAVA_HOME", str(java(tmp_path / "8", "1.8.0_402")))
    with pytest.raises(Failure, match="which holds Java 8: set it to Java 17 or newer"):
        environment.java_home()
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "nothing"))
    with pytest.raises(Failure, match="which holds no Java"):
        environment.java_home()


def test_the_java_on_the_path_is_used_unless_it_is_old(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(java(tmp_path / "17", "17.0.15") / "bin") + ":/bin:/usr/bin")
    assert environment.java_home() == tmp_path / "17"
    for path in (str(java(tmp_path / "11", "11.0.2") / "bin") + ":/bin:/usr/bin", str(tmp_path)):
        monkeypatch.setenv("PATH", path)
        with pytest.raises(Failure, match="There is no Java 17 or newer"):
            environment.java_home()


def test_without_its_environment_spark_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr(environment.importlib.util, "find_spec", lambda _: None)
    monkeypatch.setattr(environment, "PYTHON", tmp_path / "python")
    with pytest.raises(Failure, match="make spark-setup"):
        environment.require()


def test_a_process_that_only_has_the_same_number_is_not_ours(tmp_path: Path):
    (tmp_path / "processes.json").write_text(json.dumps({"driver": (os.getpid(), 1.0)}))
    ours = cluster.Cluster(tmp_path)
    assert ours.status() == {}
    assert ours.stop() is False  # and this process lives


def test_a_port_that_is_taken_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    with socket.create_server((cluster.LOOPBACK, 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setattr(cluster, "MASTER_PORT", port)
        with pytest.raises(Failure, match=f"Port {port} of 127.0.0.1 is taken"):
            cluster.Cluster(tmp_path).start(1)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ('{"a": 1, "b": [true, null]}', '{ "b" : [true,null], "a":1.00 }'),
        ('{"a": 1, "a": 2}', '{"a": 2}'),
        ("1e400", "1" + "0" * 400),
        ("-0.0", "0"),
        ("123456789012345678901234567890.10", "123456789012345678901234567890.1"),
        (r'"\u00e9\/"', '"é/"'),
    ],
)
def test_json_is_compared_by_value(one: str, other: str):
    assert parity.canonical_json(one) == parity.canonical_json(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1", '"1"'),
        ("1", "true"),
        ("[1, 2]", "[2, 1]"),
        ('{"a": null}', "{}"),
        ("0.1", "0.1000000000000000000000000000000000001"),
        ('"number 1"', "1"),
    ],
)
def test_json_values_that_differ_are_told_apart(one: str, other: str):
    assert parity.canonical_json(one) != parity.canonical_json(other)


def test_models_name_no_engine_and_none_of_its_types():
    """What differs between engines is in macros: a name in double quotes is a text where ANSI mode is off."""
    files = [*(ROOT / "models").rglob("*.sql"), *(ROOT / "tests").glob("*.sql")]
    assert len(files) > 120
    for file in files:
        text = file.read_text(encoding="utf-8")
        assert "target.type" not in text, file
        sql = re.sub(r"\{\{ config\([^\n]*\) \}\}|\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}|--[^\n]*", "", text, flags=re.DOTALL)
        assert '"' not in sql, file
        assert not re.search(r"as (text|uuid|jsonb|numeric|timestamp with time zone)\)|::", sql), file


def test_the_profile_passes_only_the_address_of_the_cluster():
    """The settings on which results depend are asserted by a macro, whatever a profile of one's own says."""
    target = yaml.safe_load(EXAMPLE.read_text(encoding="utf-8"))["dispatch"]["outputs"]["spark"]
    assert set(target["server_side_parameters"]) == {"spark.remote"}


def test_the_rows_that_are_numbered_are_of_the_first_ref():
    """By it the macro for Spark finds their columns."""
    seen = 0
    for file in (ROOT / "models").rglob("*.sql"):
        refs = re.findall(r"ref\('(\w+)'\)", text := file.read_text(encoding="utf-8"))
        if "numbered_duplicates(" in text:
            assert re.findall(r"numbered_duplicates\(ref\('(\w+)'\)", text) == refs[:1], file
            seen += 1
    assert seen > 30
