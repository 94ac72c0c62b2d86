"""Checks one model and its children on the smallest legacy database: python -m tests.check_model MODEL."""

from __future__ import annotations

import gc
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import nullcontext
from functools import cache
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

import yaml
from psycopg2 import sql
from psycopg2.extras import execute_values

from ops import legacy
from ops.console import console, duration, say
from ops.database.connection import Connection, connect, rows
from ops.database.server import Server
from ops.dbt import sandbox
from ops.errors import Failure
from ops.project import DBT_PROJECT, ROOT
from tests import columns
from tests.check import PROGRAMS, QUIET
from tests.programs import SQLFLUFF

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest

DATABASE = "check"  # beside the database of make demo, which may hold a larger scale
FOLDER = ROOT / "target" / "check"
BUILT = "public.built"  # the state of each relation when it was last built there


def run(model: str = "") -> int:
    """Lint a model; build it, its children and changed parents, with tests; return 0, or 1 when something fails."""
    start = monotonic()
    files = sorted([*(ROOT / "models").rglob(f"{model}.sql"), *(ROOT / "models").rglob(f"{model}.yml")])
    if not files:
        raise Failure(f"There is no model {model!r} in models/: make check M=payments checks payments.")
    opened, environment = _prepared()
    lint = [*SQLFLUFF, "lint", "--nocolor", "--disable-progress-bar", *_only(files, ".sql")]
    # The linter parses the project, too: it runs beside the build, and uses what the build before it left.
    with subprocess.Popen(
        lint, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as sqlfluff:
        codes = [
            subprocess.run([PROGRAMS / "yamllint", "--strict", *_only(files, ".yml")], cwd=ROOT).returncode,
            _build(opened, environment, model),
        ]
        found, _ = sqlfluff.communicate()
    if sqlfluff.returncode:
        say(found.decode().rstrip())
    failed = any([*codes, sqlfluff.returncode])
    say(
        f"{model}: {'failed' if failed else 'passed'} in {duration(monotonic() - start)}",
        style="red" if failed else "green",
    )
    return int(failed)


def _only(files: list[Path], kind: str) -> list[Path]:
    return [file for file in files if file.suffix == kind]


def _prepared() -> tuple[Connection, dict[str, str]]:
    """Make the database with the legacy tables; return a connection, and the variables that make dbt use it."""
    server = Server()
    server.start()
    target = sandbox.target(server.folder, DATABASE)
    admin = connect(sandbox.target(server.folder))
    if not rows(admin, "select 1 from pg_database where datname = %s", (DATABASE,)):
        admin.cursor().execute(sql.SQL("create database {}").format(sql.Identifier(DATABASE)))
    opened = connect(target)
    opened.cursor().execute(f"create table if not exists {BUILT} (node text primary key, state text not null)")
    if legacy.load(opened, legacy.Scale.TINY, lambda _: nullcontext()):
        opened.cursor().execute(f"delete from {BUILT}")
    return opened, sandbox.environment(target, FOLDER) | QUIET


def _build(opened: Connection, environment: dict[str, str], model: str) -> int:
    """Build and test what is needed with dbt, in this process, which reads the project once."""
    from dbt.cli.main import dbtRunner

    os.environ.clear()
    os.environ.update(environment)
    gc.disable()
    options = ["--use-colors" if console.is_terminal else "--no-use-colors", "--log-level", "warn"]
    parsed = dbtRunner().invoke([*options, "parse"])
    if not parsed.success:
        return 1
    nodes, states = parsed.result.nodes, states_of(parsed.result)
    known = dict(rows(opened, f"select node, state from {BUILT}"))
    if known:
        id = next(id for id, node in nodes.items() if (node.resource_type, node.name) == ("model", model))
        parents = [nodes[each].name for each in ancestors(nodes, id) if known.get(each) != states[each]]
        if parents:
            say(f"Changed since they were built, and built again: {', '.join(parents)}.")
        selected = ["--select", f"{model}+1", *parents]
    else:
        say("The first time everything is built, which takes a minute.")
        selected = ["--exclude-resource-type", "unit_test", "--exclude-resource-type", "test"]
    done = dbtRunner(manifest=parsed.result).invoke([*options, "build", *selected])
    built = [each.node.unique_id for each in getattr(done.result, "results", []) if each.status == "success"]
    known = up_to_date(nodes, states, known, built)
    with opened.cursor() as cursor:
        cursor.execute(f"truncate {BUILT}")
        execute_values(cursor, f"insert into {BUILT} values %s", list(known.items()))
    manifest = json.loads((FOLDER / "target" / "manifest.json").read_text(encoding="utf-8"))
    triages = rows(opened, columns.catalog_query(opened.schemas.intermediate))
    forgotten = columns.findings(manifest, triages, built)
    for each in forgotten:
        say(each)
    if not done.success or forgotten:
        return 1
    return 0 if "--select" in selected else _build(opened, environment, model)


def states_of(manifest: Manifest) -> dict[str, str]:
    """Return a checksum of all that decides what each relation becomes: its file, YAML, macros, variables, parents."""
    variables = yaml.safe_load(DBT_PROJECT.read_text(encoding="utf-8"))["vars"]

    @cache
    def called(macro: str) -> frozenset[str]:
        below = manifest.macros[macro].depends_on.macros
        return frozenset([macro]).union(*(called(each) for each in below if each != macro))

    @cache
    def state(id: str) -> str:
        node = manifest.nodes[id]
        macros = frozenset[str]().union(*(called(each) for each in node.depends_on.macros))
        parts = [
            node.checksum.checksum,
            json.dumps([variables, node.config.to_dict(), [each.to_dict() for each in node.columns.values()]]),
            *(manifest.macros[each].macro_sql for each in sorted(macros)),
            *(state(each) for each in sorted(node.depends_on_nodes) if each in manifest.nodes),
        ]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()

    return {
        id: state(id)
        for id, node in manifest.nodes.items()
        if node.resource_type in ("model", "seed", "snapshot") and node.config.materialized != "ephemeral"
    }


def up_to_date(
    nodes: Mapping[str, Any], states: Mapping[str, str], known: Mapping[str, str], built: list[str]
) -> dict[str, str]:
    """Return what is known of the database after these nodes were built, in this order."""
    known = dict(known)
    for id in built:
        # A child of the model may have other parents that have changed: it is not up to date then.
        if id in states and all(known.get(above) == states[above] for above in ancestors(nodes, id)):
            known[id] = states[id]
    return known


def ancestors(nodes: Mapping[str, Any], id: str) -> list[str]:
    """Return the ids of the relations that a node is made from, directly or not."""
    found: dict[str, None] = {}
    waiting = list(getattr(nodes[id], "depends_on_nodes", []))
    while waiting:
        each = waiting.pop()
        if each in nodes and each not in found:
            found[each] = None
            waiting += getattr(nodes[each], "depends_on_nodes", [])
    return [each for each in found if nodes[each].config.materialized != "ephemeral"]


if __name__ == "__main__":
    try:
        sys.exit(run(*sys.argv[1:]))
    except Failure as failure:
        sys.exit(str(failure))
