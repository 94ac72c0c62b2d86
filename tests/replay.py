"""Replay: the statements that dbt sent to PostgreSQL for a build, sent again without dbt, to any database.

dbt needs seconds of Python for a build whose SQL takes PostgreSQL a quarter of a second at the smallest scale. What
depends on data needs only the SQL. A recording is made from two real builds, one into an empty warehouse and one on
top of it; for each node, the replay sends the statements of the first if the node's relation is missing, else those of
the second. This is valid only while the statements do not depend on data. So every query whose result dbt reads while
it runs a node must be one that this module knows; any other one ends the recording with the name of the node.
tests/python/test_replay.py compares replayed builds with those of dbt.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import jinja2
import psycopg2
import sqlparse
from dbt.adapters.sql.connections import SQLConnectionManager
from dbt.contracts.graph.manifest import Manifest
from psycopg2.extensions import TRANSACTION_STATUS_INTRANS
from psycopg2.extensions import cursor as Cursor

MATERIALIZATIONS = {"seed", "view", "table", "snapshot", "batched"}
# Hooks that contain Jinja; what they do depends on the contract, the target and the existing relations only.
HOOKS = {
    "assert_not_overtaken",
    "record_built_relation",
    "take_types_of_mart",
    "enforce_declared_keys",
    "planner_setting",
    "collect_statistics",
}
# How the catalog queries begin that dbt or the project's macros make while they build a node. The answers follow from
# the project and from which relations exist.
CATALOG_QUERIES = (
    "select conname from pg_catalog.pg_constraint",  # missing_own_keys
    "select column_name, data_type, character_maximum_length",  # get_columns_in_relation
    "select collname from pg_catalog.pg_collation",  # letter_collation
)
VIEWS = "select pg_get_viewdef(oid)"  # batched_version
IS_LOADED = "select 1 where to_regclass("  # is_loaded_with
CHANGES = ["batch_number", "signature", "is_loaded", "loaded_batches"]  # changed_batches
CATALOGS = {"pg_catalog", "information_schema"}
TYPES = "__dbt_sbq"  # the types of a query that returns no rows
COMMIT = "commit"
NOTHING = "select 'nothing has changed'"


class UnknownStepError(Exception):
    """Something that dbt does and the replay could not repeat on other data."""


class ReplayError(Exception):
    """A replayed statement that PostgreSQL refused, with the id of its node."""


@dataclass
class Step:
    """A statement that dbt sent."""

    node: str
    text: str
    columns: list[str]  # of the result; empty if there is none
    reads: list[str]  # schemas of the relations that the query reads
    rows: list[list[Any]] = field(default_factory=list)
    types: list[int] = field(default_factory=list)  # oids of the columns' types


@dataclass
class Batches:
    """How a batched model is loaded: what it asks, and the statements that depend on the answers."""

    views: str
    definitions: list[list[str]]  # the answer to `views`
    version: str
    is_loaded: str
    changes: str
    create: str
    query: str
    key: str


@dataclass
class Node:
    """A seed, model or snapshot, with the statements for a missing and for an existing relation."""

    id: str
    schema: str
    name: str
    materialized: str
    parents: list[str]
    first: list[str] = field(default_factory=list)
    again: list[str] = field(default_factory=list)
    batches: Batches | None = None
    columns: dict[str, dict[str, Any]] = field(default_factory=dict)
    has_contract: bool = False
    typed: list[tuple[str, list[int]]] = field(default_factory=list)  # queries whose types dbt compares, and the types


@dataclass
class DataTest:
    """The query of a data test."""

    query: str
    is_error: bool
    parents: list[str]


@dataclass
class Recording:
    """All that a replay needs; `database` and `prefix` are those of the recorded builds."""

    database: str
    prefix: str
    schemas: list[str]
    nodes: dict[str, Node]
    data_tests: dict[str, DataTest]
    macros: str
    at_end: list[str]

    def write(self, file: Path) -> None:
        """Write it as JSON."""
        file.write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def read(cls, file: Path) -> Recording:
        """Read what write has written."""
        raw = json.loads(file.read_text(encoding="utf-8"))
        for id, node in raw["nodes"].items():
            node["batches"] = node["batches"] and Batches(**node["batches"])
            raw["nodes"][id] = Node(**node)
        raw["data_tests"] = {name: DataTest(**test) for name, test in raw["data_tests"].items()}
        return cls(**raw)


@contextmanager
def listening() -> Iterator[list[Step]]:
    """Collect the statements that dbt sends from this process inside the block, as they are sent to the server."""
    steps: list[Step] = []
    send = SQLConnectionManager.add_query

    def add_query(self: SQLConnectionManager, *arguments: Any, **options: Any) -> Any:
        connection, cursor = send(self, *arguments, **options)
        # cursor.query is None after a few commands of psycopg2 itself.
        text = re.sub(r"^\s*/\*.*?\*/", "", (cursor.query or b"").decode(), flags=re.DOTALL).strip()
        columns = [column.name for column in cursor.description or ()]
        is_query = bool(columns) and len(sqlparse.split(text)) == 1
        step = Step(connection.name, text, columns if is_query else [], [])
        steps.append(step)
        if is_query and TYPES in text:
            step.types = [column.type_code for column in cursor.description]
        elif is_query:
            with connection.handle.cursor() as other:
                other.execute(f"explain (verbose, format json) {text}")
                step.reads = sorted(set(_schemas(other.fetchone()[0])))
            step.rows = [list(row) for row in cursor.fetchall()]
            if cursor.rowcount > 0:
                cursor.scroll(0, mode="absolute")  # dbt reads it again
        return connection, cursor

    with mock.patch.object(SQLConnectionManager, "add_query", add_query):
        yield steps


def _schemas(plan: Any) -> Iterator[str]:
    """Yield the schema of every relation in a plan."""
    if isinstance(plan, dict):
        if "Relation Name" in plan:
            yield plan["Schema"]
        plan = list(plan.values())
    if isinstance(plan, list):
        for each in plan:
            yield from _schemas(each)


def record(manifest: Manifest, tests: Iterable[Any], first: list[Step], again: list[Step]) -> Recording:
    """Make a recording from what dbt sent in a first build, with the data tests, and in one on top of it.

    Raise UnknownStepError, naming the node, if anything could be different with other data.
    """
    built = {
        id: node
        for id, node in manifest.nodes.items()
        if node.resource_type in ("seed", "model", "snapshot") and node.config.materialized != "ephemeral"
    }
    for id, node in built.items():
        _assert_known(id, node)
    queries = {test.unique_id: test.compiled_code.strip() for test in tests}
    for step in first:
        if step.node in queries and queries[step.node] not in step.text and set(step.reads) - CATALOGS:
            raise UnknownStepError(f"{step.node} reads data while it is compiled: {step.text[:200]}")

    order = list(dict.fromkeys(step.node for step in first if step.node in built))
    if missing := set(built) ^ {step.node for step in again if step.node in built} or set(built) - set(order):
        raise UnknownStepError(f"not built in both recorded builds: {sorted(missing)}")
    nodes = {}
    for id in order:
        node = built[id]
        ours = [step for step in first if step.node == id], [step for step in again if step.node == id]
        batches = None
        if node.config.materialized == "batched":
            actions, batches = zip(*(_batched(id, steps) for steps in ours), strict=True)
            batches = _loads(node, batches[0], ours[0])
        else:
            actions = [_actions(id, steps) for steps in ours]
        nodes[id] = Node(
            id=id,
            schema=node.schema,
            name=node.alias,
            materialized=node.config.materialized,
            parents=sorted(_built_from(id, manifest, set(built))),
            first=actions[0],
            again=actions[1],
            batches=batches,
            columns={
                name: {
                    "data_type": column.data_type,
                    "constraints": [
                        {"type": each.type.value, "name": each.name, "expression": each.expression}
                        for each in column.constraints
                    ],
                }
                for name, column in node.columns.items()
            },
            has_contract=node.resource_type == "model" and node.config.contract.enforced,
            typed=[(step.text, step.types) for step in ours[0] if step.types and f'"{node.database}".' in step.text],
        )
    macros = (manifest.macros[f"macro.dispatch.{name}"].macro_sql for name in ("are_too_many", "load_batch"))
    some = next(iter(built.values()))
    return Recording(
        database=some.database,
        prefix=some.schema.rpartition("_")[0],
        schemas=sorted({node.schema for node in nodes.values()}),
        nodes=nodes,
        data_tests={
            test.name: DataTest(
                test.compiled_code,
                test.config.severity.lower() == "error",
                sorted(_built_from(test.unique_id, manifest, set(built), test.depends_on.nodes)),
            )
            for test in tests
        },
        macros="\n".join(macros),
        at_end=_at_end(first),
    )


def _assert_known(id: str, node: Any) -> None:
    if node.config.materialized not in MATERIALIZATIONS:
        raise UnknownStepError(f"{id}: the replay does not know the materialization {node.config.materialized}")
    for hook in [*node.config.pre_hook, *node.config.post_hook]:
        called = set(re.findall(r"\b(\w+)\s*\(", " ".join(re.findall(r"{[{%](.*?)[}%]}", hook.sql, re.DOTALL))))
        if called - HOOKS - {"ref", "source"}:
            raise UnknownStepError(f"{id}: the replay does not know the hook {hook.sql}")


def _actions(id: str, steps: list[Step]) -> list[str]:
    """Return the statements to be sent again; raise UnknownStepError for a query that might see other data."""
    actions = []
    for step in steps:
        line = " ".join(step.text.split())
        if step.text.rstrip(";").lower() == COMMIT:
            actions.append(COMMIT)
        elif not step.columns:
            actions.append(step.text)
        elif TYPES in line or line.startswith((*CATALOG_QUERIES, VIEWS, IS_LOADED)):
            continue  # compares types, or asks the catalog
        elif step.reads:
            raise UnknownStepError(f"{id}: the replay does not know the query {line[:200]}")
        else:
            actions.append(step.text)  # a function call
    return actions


def _batched(id: str, steps: list[Step]) -> tuple[list[str], Any]:
    """Return what follows after the loads of a batched model, and where its queries are."""
    (changes,) = (place for place, step in enumerate(steps) if step.columns == CHANGES)
    loads = 2 * len(steps[changes].rows)  # each is a statement and a commit
    _actions(id, steps[:changes])
    return _actions(id, steps[changes + 1 + loads :]), changes


def _loads(node: Any, changes: int, steps: list[Step]) -> Batches:
    views, is_loaded = (
        next(step for step in steps[:changes] if step.text.startswith(start)) for start in (VIEWS, IS_LOADED)
    )
    create = next(step.text for step in steps[:changes] if not step.columns)
    load = steps[changes + 1].text
    return Batches(
        views=views.text,
        definitions=views.rows,
        version=re.search(r"= '(\w+)'\s*$", is_loaded.text)[1],
        is_loaded=is_loaded.text,
        changes=steps[changes].text,
        create=create,
        query=re.search(r"\bfrom \(\n(.*)\n\s*\) as batch\b", load, re.DOTALL)[1],
        key=node.config.meta["batch_by"],
    )


def _built_from(id: str, manifest: Manifest, built: set[str], parents: Collection[str] | None = None) -> set[str]:
    """Return the built nodes, and the sources, that a node reads; ephemeral models pass on their parents."""
    found: set[str] = set()
    for parent in manifest.nodes[id].depends_on_nodes if parents is None else parents:
        if parent in built or parent.startswith("source."):
            found.add(parent)
        elif parent in manifest.nodes:
            found |= _built_from(parent, manifest, built)
    return found


def _at_end(steps: list[Step]) -> list[str]:
    """Return the statements of the hooks that run after all nodes; those before them may only ask the catalog."""
    last = max(place for place, step in enumerate(steps) if step.node.startswith(("model.", "snapshot.", "seed.")))
    for step in steps[:last]:
        if step.node == "master" and set(step.reads) - CATALOGS:
            raise UnknownStepError(f"a hook at the start of the run reads data: {step.text[:200]}")
    return _actions("a hook at the end of the run", [step for step in steps[last:] if step.node == "master"])


class Replay:
    """A recording, addressed to a database; the layers get the schemas `<prefix>_staging` and so on."""

    def __init__(self, recording: Recording, database: str, prefix: str | None = None) -> None:
        """Address every statement to the database and the schemas."""
        self.recording, self.database, self._prefix = recording, database, prefix or recording.prefix
        layers = "|".join(schema.removeprefix(recording.prefix) for schema in recording.schemas)
        self._schema = re.compile(rf"\b{recording.prefix}(?={layers}\b)")
        self.schemas = [self._addressed(schema) for schema in recording.schemas]
        self.nodes = {id: self._addressed_node(node) for id, node in recording.nodes.items()}
        self.data_tests = {
            name: DataTest(self._addressed(test.query), test.is_error, test.parents)
            for name, test in recording.data_tests.items()
        }
        self._at_end = [self._addressed(text) for text in recording.at_end]
        self._macros = jinja2.Environment(autoescape=False).from_string(recording.macros)

    def _addressed(self, text: str) -> str:
        text = text.replace(f'"{self.recording.database}".', f'"{self.database}".')
        return text if self._prefix == self.recording.prefix else self._schema.sub(self._prefix, text)

    def _addressed_node(self, node: Node) -> Node:
        raw = {
            name: self._addressed(value) if isinstance(value, str) else value
            for name, value in vars(node.batches or SimpleNamespace()).items()
        }
        if raw:
            raw["definitions"] = [[self._addressed(text) for text in row] for row in raw["definitions"]]
        return Node(
            **vars(node)
            | {
                "schema": self._addressed(node.schema),
                "first": [self._addressed(text) for text in node.first],
                "again": [self._addressed(text) for text in node.again],
                "batches": Batches(**raw) if raw else None,
                "typed": [(self._addressed(text), types) for text, types in node.typed],
            }
        )

    def select(self, *changed: str) -> set[str]:
        """Return the ids of the given nodes, or of the readers of the given sources, and of all that depend on them."""
        found = set(changed)
        for id, node in self.nodes.items():
            if not found.isdisjoint(node.parents):
                found.add(id)
        return found & self.nodes.keys()

    def select_readers(self, tables: Collection[str]) -> set[str]:
        """Return the ids of all nodes that depend on one of these legacy tables."""
        parents = {parent for node in self.nodes.values() for parent in node.parents}
        return self.select(*(id for id in parents if id.startswith("source.") and id.rpartition(".")[2] in tables))

    def build(
        self,
        cursor: Cursor,
        nodes: Collection[str] | None = None,
        *,
        checks_types: bool = False,
        refills: bool = False,
    ) -> None:
        """Build all nodes, or those that `select` has returned, as dbt would.

        With `checks_types` compare the types of the columns with the contracts, as dbt does before it writes; only
        where a legacy column has another type can they differ. With `refills` tables that exist get new rows and keep
        all else, constraints included, which dbt would make again without looking at the data: a third of the time.

        On a connection with autocommit, the statements commit where dbt commits. Inside a transaction nothing commits,
        and tables are analyzed instead of vacuumed. Raise ReplayError with the id of the node that failed.
        """
        cursor.execute("discard temp")  # dbt gives each snapshot a connection of its own
        cursor.execute("".join(f'create schema if not exists "{schema}";' for schema in self.schemas))
        cursor.execute(
            "select relnamespace::regnamespace::text, relname from pg_catalog.pg_class"
            " where relkind in ('r', 'v') and relnamespace = any(cast(%s as regnamespace[]))",
            [self.schemas],
        )
        existing = set(cursor.fetchall())
        chosen = [node for node in self.nodes.values() if nodes is None or node.id in nodes]
        refilled = {
            node.id: _refill(node)
            for node in chosen
            if refills and node.materialized == "table" and (node.schema, node.name) in existing
        }
        if refilled:
            emptied = "".join(f'delete from "{self.nodes[id].schema}"."{self.nodes[id].name}";' for id in refilled)
            cursor.execute(f"set session_replication_role = replica; {emptied} reset session_replication_role")
        for node in chosen:
            try:
                if checks_types:
                    _check_types(cursor, node)
                if node.id in refilled:
                    _send(cursor, refilled[node.id])
                elif node.batches:
                    self._load(cursor, node, node.batches)
                elif node.materialized == "view":
                    # dbt renames an old view unless it was dropped together with a replaced parent, and drops it.
                    relation = f'"{self.database}"."{node.schema}"."{node.name}"'
                    _send(cursor, [f"drop view if exists {relation} cascade", *node.first])
                else:
                    _send(cursor, node.again if (node.schema, node.name) in existing else node.first)
            except psycopg2.Error as error:
                raise ReplayError(f"{node.id}: {error}") from error
        _send(cursor, self._at_end)

    def drop(self, cursor: Cursor) -> None:
        """Drop all that was built."""
        cursor.execute("".join(f'drop schema if exists "{schema}" cascade;' for schema in self.schemas))

    def _load(self, cursor: Cursor, node: Node, batches: Batches) -> None:
        """Do what the materialization `batched` does; its macros decide and write the statements."""

        def ask(query: str) -> list[SimpleNamespace]:
            cursor.execute(query)
            names = [column.name for column in cursor.description]
            return [SimpleNamespace(**dict(zip(names, row, strict=True))) for row in cursor.fetchall()]

        definitions = [list(vars(row).values()) for row in ask(batches.views)]
        version = batches.version
        if definitions != batches.definitions:
            version = hashlib.md5(f"{version} {definitions}".encode()).hexdigest()
        is_kept = bool(ask(batches.is_loaded.replace(batches.version, version)))
        changes = ask(batches.changes) if is_kept else []
        if not is_kept or self._call("are_too_many", changes):
            is_kept = False
            _send(cursor, [batches.create.replace(batches.version, version), COMMIT])
            changes = ask(batches.changes)
        model = {"columns": list(node.columns)}
        config = {"meta_require": lambda _: batches.key}
        relation, loaded = re.findall(r"^\s*create table (\S+)", batches.create, re.MULTILINE)
        for change in changes:
            load = self._call("load_batch", relation, loaded, change, batches.query, model=model, config=config)
            _send(cursor, [load, COMMIT])
        after = node.again if is_kept else node.first
        if is_kept and changes:
            after = [node.first[-1] if text == NOTHING else text for text in after]
        if is_kept:  # the recorded build had replaced the parents, and so dropped the foreign keys
            cursor.execute("select conname from pg_constraint where conrelid = to_regclass(%s)", [relation])
            present = [name for (name,) in cursor.fetchall()]
            after = [text for text in after if not set(re.findall(r'add constraint "(\w+)"', text)) & set(present)]
        _send(cursor, after)

    def _call(self, macro: str, *arguments: Any, **names: Any) -> Any:
        returned: list[Any] = []
        module = self._macros.make_module(names | {"return": returned.append})
        text = getattr(module, macro)(*arguments)
        return returned[0] if returned else text


def _refill(node: Node) -> list[str]:
    """Return the statements that fill an existing table: the hooks before it is made, and its query."""
    creates = re.compile(r"\bcreate\s+table\s+(\S+)__dbt_tmp\"(\s+as\b)?")
    place, found = next((place, found) for place, text in enumerate(node.again) if (found := creates.search(text)))
    rest = node.again[place][found.end() :]
    insert = f'insert into {found[1]}" {rest}' if found[2] else rest[rest.index("insert into") :]
    return [*node.again[:place], insert.replace("__dbt_tmp", "", 1)]


def _check_types(cursor: Cursor, node: Node) -> None:
    for query, types in node.typed:
        cursor.execute(query)
        found = {column.name: (column.type_code, type) for column, type in zip(cursor.description, types, strict=True)}
        if differing := {name: codes for name, codes in found.items() if codes[0] != codes[1]}:
            raise ReplayError(f"{node.id}: other types than in the contract: {differing}")


def _send(cursor: Cursor, statements: list[str]) -> None:
    """Send the statements up to each commit in one message, which PostgreSQL runs as one transaction."""
    in_transaction = cursor.connection.info.transaction_status == TRANSACTION_STATUS_INTRANS
    waiting: list[str] = []
    for text in [*statements, COMMIT]:
        if text.startswith("vacuum") and not in_transaction:
            cursor.execute(text)
        elif text != COMMIT:
            waiting.append(text.replace("vacuum (analyze)", "analyze") if text.startswith("vacuum") else text)
        elif waiting:
            cursor.execute("\n;\n".join(waiting))
            waiting = []
