"""The fastest variant: the same tables without dbt, each created in one statement, two at a time.

The SQL is what dbt compiles from the models; keys are added in bulk. The largest table is optionally written by hand
and built first: each of two connections inserts one half of its rows and adds one of its keys. The few rows that are
missing in it are looked up and checked separately, and there are no signatures. Other tables would gain little.
"""

import re
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any

from benchmarks.warehouse import Warehouse
from ops.errors import Failure

PROCESSORS = 2
LARGEST, LEFT_OUT, SIGNATURES = (
    f"model.dispatch.{name}"
    for name in ("notifications", "int_notifications__left_out", "int_notifications__signatures")
)
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

    def __init__(self, manifest: dict[str, Any], *, largest_by_hand: bool) -> None:
        """Read the manifest of `dbt compile`."""
        models = {
            id: node
            for id, node in manifest["nodes"].items()
            if node["resource_type"] == "model" and node["config"]["materialized"] != "ephemeral"
        }
        self.schemas = sorted({node["schema"] for node in models.values()})
        self._manifest = manifest
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
        clauses = list(self._constraints(node))
        keys = [f"alter table {name} " + ", ".join(clauses)] if clauses else []
        settings = [hook["sql"] for hook in node["config"]["pre-hook"] if hook["sql"].startswith("set local ")]
        keys += self._indexes(node).values()
        return ["; ".join([*settings, f"create table {name} as {query}"]), *keys, f"analyze {name}"]

    def _write_largest(self, largest: dict[str, Any], left_out: dict[str, Any]) -> None:
        name, query = largest["relation_name"], largest["compiled_code"]
        clauses, keys = [], self._indexes(largest)
        for clause in self._constraints(largest):
            if key := re.match(r"(add (?:primary key|unique)) \((\w+)\)", clause):
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

    def _constraints(self, node: dict[str, Any]) -> Any:
        for column in node["columns"].values():
            for constraint in column["constraints"]:
                if constraint["type"] == "not_null":
                    yield f"alter {column['name']} set not null"
                elif constraint["type"] in ("primary_key", "unique"):
                    yield f"add {constraint['type'].replace('_', ' ')} ({column['name']})"
                elif constraint["type"] == "foreign_key":
                    yield self._foreign_key(node, column["name"], constraint)
                elif constraint["type"] == "check":
                    yield f"add constraint {constraint['name']} check ({constraint['expression']})"
        for constraint in node["constraints"]:
            what = f"({constraint['expression'] or ', '.join(constraint['columns'])})"
            yield f"add constraint {constraint['name']} {constraint['type']} {what}"

    def _indexes(self, node: dict[str, Any]) -> dict[str, str]:
        """Return the index of each foreign key whose column no other key begins with."""
        kinds = {
            column["name"]: {constraint["type"] for constraint in column["constraints"]}
            for column in node["columns"].values()
        }
        begun = {constraint["columns"][0] for constraint in node["constraints"] if constraint["columns"]}
        return {
            column: f"create index on {node['relation_name']} ({column})"
            for column, found in kinds.items()
            if "foreign_key" in found and not found & {"primary_key", "unique"} and column not in begun
        }

    def _foreign_key(self, node: dict[str, Any], column: str, constraint: dict[str, Any]) -> str:
        if constraint["to"]:  # ref('parent'), or its compiled form
            name, field = re.search(r"(\w+)\W*$", constraint["to"]).group(1), constraint["to_columns"][0]
        else:  # parent (field)
            name, field = re.match(r"(\w+)\s*\((\w+)\)", constraint["expression"]).groups()
        (parent,) = [each for each in self._manifest["nodes"].values() if each["name"] == name]
        return (
            f'add constraint "{node["name"]}__{column}__fk" foreign key ({column})'
            f" references {parent['relation_name']} ({field})"
        )


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
