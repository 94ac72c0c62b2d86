"""Every command reads the schemas of its dbt target, also where those of another target are in the same database."""

import json
import os
import re
from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass, replace
from pathlib import Path
from unittest import mock

import inprocess
import pytest
import yaml
from conftest import SCRATCH, Database, Shared

from ops.dbt import profiles
from ops.errors import Failure
from ops.handover import handover
from ops.release import records
from tests.replay import Recording, Replay

SHARED = re.compile(r"\bdispatch_(?:next_)?(?:staging|intermediate|marts|audit|seeds|snapshots|release)\b")
ADD_PAYMENT = """
insert into legacy.dispatch_payment
select (jsonb_populate_record(p, '{"id": 900001}')).*
from legacy.dispatch_payment as p
where id = (select min(legacy_payment_id) from dispatch_marts.payments)
"""


def write_profile(folder: Path, text: str, **schemas: str) -> Path:
    """Write a profile in which these targets have these schemas; those that it lacks are copies of dev."""
    profile = yaml.safe_load(text)
    outputs = profile["dispatch"]["outputs"]
    for name, schema in schemas.items():
        outputs[name] = outputs.get(name, outputs["dev"]) | {"schema": schema}
    folder.mkdir(exist_ok=True)
    (folder / "profiles.yml").write_text(yaml.safe_dump(profile), encoding="utf-8")
    return folder


@dataclass(frozen=True)
class Alice:
    """A developer with a schema of her own, who has no rights on the shared schemas."""

    database: Database
    profiles: Path

    @property
    def environment(self) -> dict[str, str]:
        return self.database.environment | {"DISPATCH_PGUSER": "alice", "DBT_PROFILES_DIR": str(self.profiles)}

    def ops(self, *arguments: str, **variables: str) -> str:
        """Run python -m ops and return its output."""
        done = inprocess.ops(self.environment | variables, *arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def scratch(migrated: Database) -> Database:
    """Start from a migrated database."""
    return migrated


@pytest.fixture(scope="module")
def alice(scratch: Database, recording: Recording, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Alice]:
    """Add a payment to the legacy database of what is built into `dispatch`, and build into `alice`."""
    scratch.execute(ADD_PAYMENT)
    scratch.execute(
        "create role alice login; grant create on database scratch to alice; grant usage on schema legacy to alice;"
        "grant select on all tables in schema legacy to alice; grant select on all sequences in schema legacy to alice;"
        # Another module of the same server may have created it.
        "do $$ begin create role dispatch_app; exception when duplicate_object then end $$"
    )
    text = profiles.render(Path(scratch.target.host))
    alice = Alice(scratch, write_profile(tmp_path_factory.mktemp("alice") / "own", text, alice="alice"))
    own = replace(scratch, target=replace(scratch.target, user="alice"))
    own.build(Replay(recording, SCRATCH, "alice"))
    results = scratch.folder / "target" / "run_results.json"
    written = json.loads(results.read_text(encoding="utf-8").replace('"dispatch_', '"alice_'))
    for each in written["results"]:
        if each["unique_id"].startswith("model.") and '"alice_marts"' in each["relation_name"]:
            ((each["adapter_response"]["rows_affected"],),) = scratch.rows(
                f"select count(*) from {each['relation_name']}"
            )
    results.write_text(json.dumps(written), encoding="utf-8")
    yield alice
    scratch.execute("drop owned by alice cascade; drop role alice")


def payments(database: Database, schema: str) -> str:
    ((source, migrated),) = database.rows(
        f"select source_rows, migrated_rows from {schema}_audit.migration_ledger where entity = 'payments'"
    )
    return f"payments {source} {migrated}"


def test_ledger_reads_the_target(alice: Alice) -> None:
    own, shared = payments(alice.database, "alice"), payments(alice.database, "dispatch")
    assert own != shared
    for said in (alice.ops("ledger", "--target", "alice"), alice.ops("ledger", DBT_TARGET="alice")):
        said = " ".join(said.replace("│", " ").split())
        assert own in said
        assert shared not in said


def test_report_reads_the_target(alice: Alice, tmp_path: Path) -> None:
    alice.ops("report", "--target", "alice", "--output", str(tmp_path))
    for name in ("migration_report.html", "migration_report.md"):
        text = (tmp_path / name).read_text(encoding="utf-8")
        assert SHARED.findall(text) == []
        assert {"alice_marts", "alice_audit", "alice_seeds", "alice_intermediate"} <= set(
            re.findall(r"alice_\w+", text)
        )
    assert "Built: not known" not in text
    assert f"{alice.database.rows('select sum(source_rows) from alice_audit.migration_ledger')[0][0]:,} rows" in text


def test_docs_describe_the_target(alice: Alice, tmp_path: Path) -> None:
    said = alice.ops("docs", "--target", "alice", "--output", str(tmp_path))
    assert "not built" not in said
    text = (tmp_path / "index.html").read_text(encoding="utf-8")
    manifest, _ = json.JSONDecoder().raw_decode(text, text.index("={manifest:") + len("={manifest:"))
    built = {node["schema"] for node in manifest["nodes"].values() if node["resource_type"] in ("model", "seed")}
    assert {f"alice_{layer}" for layer in ("staging", "intermediate", "marts", "audit", "seeds")} == built


def test_hand_over_reads_the_production_target(alice: Alice, shared: Shared, tmp_path: Path) -> None:
    """The contracts name the schemas of dev, none of which it may take over."""
    text = (alice.profiles / "profiles.yml").read_text(encoding="utf-8")
    folder = write_profile(tmp_path / "own", text, prod="alice")
    opened = replace(alice.database, target=replace(alice.database.target, user="alice", schema="alice")).connect()
    records.prepare(opened)
    opened.cursor().execute("insert into alice_release.publications (action, live_build_id) values ('publish', 'b')")
    opened.close()
    contracts = json.loads(shared.file.with_name("manifest.json").read_text(encoding="utf-8"))
    with mock.patch.object(handover, "_manifest", return_value=contracts):
        said = alice.ops("handover", "--dry-run", DBT_PROFILES_DIR=str(folder))
    assert "from alice_marts.payments" in said
    assert "select alice_release.hand_over('app', " in said
    assert SHARED.findall(said) == []


def test_commands_without_the_target_read_the_default(alice: Alice) -> None:
    """The role has no rights on the schemas of dev."""
    with pytest.raises(AssertionError, match="permission denied for schema dispatch_audit"):
        alice.ops("ledger")


@pytest.fixture
def profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("DBT_PROFILES_DIR", str(tmp_path))
    return tmp_path / "profiles.yml"


def test_schema_is_read_as_dbt_reads_it(profile: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = profiles.render(Path("/nowhere"))
    write_profile(profile.parent, text, jane="{{ env_var('WHO', 'jane') }}")
    assert [profiles.schema(target) for target in (None, "dev", "prod", "jane")] == ["dispatch"] * 3 + ["jane"]
    monkeypatch.setenv("WHO", "joan")
    assert profiles.schema("jane") == "joan"
    profile.write_text(profile.read_text().replace("target: dev", "target: \"{{ env_var('DBT_ENV_WHERE') }}\""))
    with pytest.raises(Failure, match="needs the environment variable DBT_ENV_WHERE: set it"):
        profiles.schema()
    monkeypatch.setenv("DBT_ENV_WHERE", "jane")
    assert profiles.schema() == "joan"


@pytest.mark.parametrize(
    ("schemas", "target", "reason"),
    [
        ({}, "jane", "has no target “jane” in profile dispatch: its targets are dev, prod"),
        ({"jane": "Jane"}, "jane", "has the schema “Jane”: use lower-case letters"),
    ],
)
def test_unusable_target_is_named(profile: Path, schemas: dict[str, str], target: str, reason: str) -> None:
    write_profile(profile.parent, profiles.render(Path("/nowhere")), **schemas)
    with pytest.raises(Failure, match=reason):
        profiles.schema(target)


@pytest.mark.parametrize(
    "text", ["", "dispatch: {}", "other: {}", "dispatch: {target: [", "dispatch: {outputs: {dev: 1}}"]
)
def test_unusable_profile_is_named(profile: Path, text: str) -> None:
    profile.write_text(text)
    with pytest.raises(Failure, match=r"profiles.yml (cannot be read|has no target)"):
        profiles.schema()


@pytest.mark.parametrize("length", [51, 56, 62])
def test_a_schema_whose_layers_would_be_cut_is_refused(scratch: Database, shared: Shared, length: int) -> None:
    """The longest layer has 13 characters more, and PostgreSQL cuts names after 63."""
    schema = "j" * length
    text = profiles.render(Path(scratch.target.host))
    folder = write_profile(scratch.folder / schema, text, dev=schema)
    project = copy(shared.project)
    project.manifest = project.manifest.deepcopy()
    for node in project.manifest.nodes.values():
        node.schema = node.schema.replace("dispatch", schema, 1)
    with mock.patch.dict(os.environ, scratch.environment | {"DBT_PROFILES_DIR": str(folder)}, clear=True):
        refused = project.refusal("run", "--select", "stg_dispatch__roles")
    assert f"it may have 50 characters, and it has {length}" in refused
    assert scratch.rows("select count(*) from pg_namespace where nspname like 'jjj%'") == [(0,)]
