"""The fastest variant: the same tables without dbt, each created in one statement, two at a time.

The queries are what dbt compiles from the models; the constraints and indexes are those that dbt sent when it built the
same tables without rows, all added in bulk. The largest table is optionally written by hand
and built first: each of two connections inserts one half of its rows and adds one of its keys. The few rows that are
missing in it are looked up and checked separately, and there are no signatures. Other tables would gain little.
"""

import re
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any

from benchmarks.warehouse import Warehouse
from ops.errors import Failure
from tests.replay import Step

PROCESSORS = 2
LARGEST, LEFT_OUT, SIGNATURES = (
    f"model.dispatch.{name}"
    for name in ("notifications", "int_notifications__left_out", "int_notifications__signatures")
)
# What dbt sends for a table; each column, constraint and index has a line.
SETTING = re.compile(r"^\s*(set local .*?);?$", re.MULTILINE)
COLUMNS = re.compile(r"^\s*create\s+table \S+\s+\(\n(.*?)\n\s*\) ?;", re.MULTILINE | re.DOTALL)
NOT_NULL = re.compile(r"^\s+(\w+) .* not null,?$", re.MULTILINE)
CHECK = re.compile(r'^\s+(constraint "\w+" check .*?),?$', re.MULTILINE)
KEY = re.compile(r"^\s+(add constraint .*?)[,;]?$", re.MULTILINE)
INDEX = re.compile(r"^\s+(create index .*\((\w+)\));?$", re.MULTILINE)
MIDDLE = "(select (min(id) + max(id)) / 2 from legacy.dispatch_notification)"
MISSING = """
create table {left_out} as
with missing as materialized (
    select id from legacy.dispatch_notification
    except
    select legacy_notification_id from {largest}
)
select judged.*
from missing
cross join lateral (select * from ({query}) as every where legacy_notification_id = missing.id offset 0) as judged
"""


class Script:
    """The statements for each model, and the models that it needs."""

    def __init__(self, manifest: dict[str, Any], sent: list[Step], *, largest_by_hand: bool) -> None:
        """Read the manifest of `dbt compile` and what dbt sent for tables without rows."""
        models = {
            id: node
            for id, node in manifest["nodes"].items()
            if node["resource_type"] == "model" and node["config"]["materialized"] != "ephemeral"
        }
        self.schemas = sorted({node["schema"] for node in models.values()})
        self._manifest = manifest
        self._sent = {id: "\n".join(step.text for step in sent if step.node == id) for id in models}
        self.statements = {id: self._statements(node) for id, node in models.items()}
        self.parents = {id: self._built_from(id, set(models)) for id in models}
        if largest_by_hand:
            self._write_largest(models[LARGEST], models[LEFT_OUT])

    def _built_from(self, id: str, models: set[str]) -> set[str]:
        """Return the models that must be built first; ephemeral models pass on their parents."""
        parents: set[str] = set()
        for parent in self._manifest["nodes"][id]["depends_on"]["nodes"]:
            if parent in models:
                parents.add(parent)
            elif parent.startswith("model."):
                parents |= self._built_from(parent, models)
        return parents

    def _statements(self, node: dict[str, Any]) -> list[str]:
        name = node["relation_name"]
        query = node["compiled_code"]
        if node["config"]["materialized"] == "view":
            return [f"create view {name} as {query}"]
        clauses = self._constraints(node)
        keys = [f"alter table {name} " + ", ".join(clauses)] if clauses else []
        settings = SETTING.findall(self._sent[node["unique_id"]])
        keys += self._indexes(node).values()
        return ["; ".join([*settings, f"create table {name} as {query}"]), *keys, f"analyze {name}"]

    def _write_largest(self, largest: dict[str, Any], left_out: dict[str, Any]) -> None:
        name, query = largest["relation_name"], largest["compiled_code"]
        clauses, keys = [], self._indexes(largest)
        for clause in self._constraints(largest):
            if key := re.fullmatch(r'(add constraint ".*" (?:primary key|unique)) \((\w+)\)', clause):
                keys[key[2]] = f"create unique index {key[2]}_key on {name} ({key[2]})"
                clauses.append(f"{key[1]} using index {key[2]}_key")
            else:
                clauses.append(clause)
        self.parents = {id: parents - {SIGNATURES} for id, parents in self.parents.items() if id != SIGNATURES}
        before = self._ancestors(LARGEST)
        steps = {
            "empty": (self.parents[LARGEST], [f"create table {name} as {query} with no data"]),
            **{
                f"half {sign}": (
                    {"empty"},
                    [f"insert into {name} select * from ({query}) as q where legacy_notification_id {sign} {MIDDLE}"],
                )
                for sign in ("<=", ">")
            },
            **{column: ({"half <=", "half >"}, [statement]) for column, statement in keys.items()},
            LARGEST: (set(keys), [f"alter table {name} " + ", ".join(clauses), f"analyze {name}"]),
            LEFT_OUT: (
                {LARGEST},
                [MISSING.format(left_out=left_out["relation_name"], largest=name, query=left_out["compiled_code"])],
            ),
        }
        self.statements |= {step: statements for step, (_, statements) in steps.items()}
        first = {id: self.parents[id] for id in self.parents if id in before}
        first |= {step: parents for step, (parents, _) in steps.items()}
        # The first operand gives the order, the last the parents.
        self.parents = first | self.parents | first

    def _ancestors(self, id: str) -> set[str]:
        return self.parents[id].union(*(self._ancestors(parent) for parent in self.parents[id]))

    def _constraints(self, node: dict[str, Any]) -> list[str]:
        """Return the clauses that add the constraints of a table."""
        sent = self._sent[node["unique_id"]]
        columns = "".join(COLUMNS.findall(sent))
        added = [f"alter {column} set not null" for column in NOT_NULL.findall(columns)]
        return added + [f"add {check}" for check in CHECK.findall(columns)] + KEY.findall(sent)

    def _indexes(self, node: dict[str, Any]) -> dict[str, str]:
        """Return the statement of each index by its column."""
        return {column: statement for statement, column in INDEX.findall(self._sent[node["unique_id"]])}


def run(warehouse: Warehouse, script: Script) -> None:
    """Run the statements of each model as soon as its parents exist, on one connection per processor."""
    warehouse.execute("".join(f"create schema if not exists {schema};" for schema in script.schemas))
    connections = [warehouse.connect() for _ in range(PROCESSORS)]
    waiting, done = dict(script.parents), set()
    with ThreadPoolExecutor(PROCESSORS) as pool:
        running: dict[Future[None], tuple[str, Any]] = {}
        while waiting or running:
            for id in [id for id, parents in waiting.items() if parents <= done]:
                if not connections:
                    break
                waiting.pop(id)
                connection = connections.pop()
                running[pool.submit(_execute, connection, script.statements[id])] = (id, connection)
            if not running:
                raise Failure(f"the parents of {', '.join(waiting)} are never built.")
            finished, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in finished:
                future.result()
                id, connection = running.pop(future)
                done.add(id)
                connections.append(connection)
    for connection in connections:
        connection.close()


def _execute(connection: Any, statements: list[str]) -> None:
    for statement in statements:
        connection.cursor().execute(statement)
