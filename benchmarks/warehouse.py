"""The database of a variant, created from a template for each run."""

import json
import os
import subprocess
from contextlib import nullcontext
from pathlib import Path
from typing import Any
from unittest import mock

from dbt.cli.main import dbtRunner

from ops import legacy
from ops.database import connection
from ops.database.server import Server
from ops.dbt import run, sandbox
from ops.errors import Failure
from ops.project import ROOT
from tests.replay import Step, listening

DATABASE, TEMPLATE = "bench", "legacy"
Fingerprints = dict[str, tuple[int, int]]
LAYERS = ("dispatch_marts", "dispatch_audit")
CONSTRAINTS = f"""
select conrelid::regclass::text, pg_get_constraintdef(oid) from pg_constraint
where connamespace::regnamespace::text in {LAYERS}
union all
select attrelid::regclass::text, 'not null ' || attname from pg_attribute
inner join pg_class on pg_class.oid = attrelid
where relnamespace::regnamespace::text in {LAYERS} and attnotnull and attnum > 0
union all
select indrelid::regclass::text, regexp_replace(pg_get_indexdef(indexrelid), 'INDEX \\S+', 'INDEX') from pg_index
inner join pg_class on pg_class.oid = indrelid
where relnamespace::regnamespace::text in {LAYERS}
order by 1, 2
"""
# Two more copies, under other ids, of the tables with nine tenths of all rows.
TRIPLE = """
insert into legacy.{table} ({columns})
select {shifted} from legacy.{table}, generate_series(1, 2) as copy;
analyze legacy.{table};
"""
GIANTS = ("dispatch_notification", "dispatch_task", "dispatch_file", "dispatch_record")


class Warehouse:
    """A separate server with the legacy data as a template, and one database recreated from it."""

    def __init__(self, server: Server, folder: Path, scale: legacy.Scale, factor: int) -> None:
        """Load the legacy data."""
        self.process = server.status().process
        self.folder, self._artifacts = folder, folder / "target"
        self._admin = connection.connect(sandbox.target(server.folder))
        self.target = sandbox.target(server.folder, DATABASE)
        self.execute(f"create database {TEMPLATE}", self._admin)
        template = connection.connect(sandbox.target(server.folder, TEMPLATE))
        legacy.load(template, scale, lambda _: nullcontext())
        if factor == 3:
            for table in GIANTS:
                self._triple(template, table)
        template.cursor().execute("vacuum analyze")
        template.close()

    @staticmethod
    def _triple(template: connection.Connection, table: str) -> None:
        columns = [
            name
            for (name,) in connection.rows(
                template,
                "select column_name from information_schema.columns"
                " where table_schema = 'legacy' and table_name = %s order by ordinal_position",
                (table,),
            )
        ]
        shifted = [f'{table}."{name}"' for name in columns]
        shifted[columns.index("id")] = f"id + copy * (select max(id) from legacy.{table})"
        listed = ", ".join(f'"{name}"' for name in columns)
        template.cursor().execute(TRIPLE.format(table=table, columns=listed, shifted=", ".join(shifted)))

    def renew(self) -> None:
        """Recreate the database from the template: the legacy data and what was kept."""
        self.execute(f"drop database if exists {DATABASE} with (force)", self._admin)
        self.execute(f"create database {DATABASE} template {TEMPLATE}", self._admin)
        self.execute("checkpoint", self._admin)

    def keep(self) -> None:
        """Make what is in the database now the template, too."""
        self.execute(f"drop database {TEMPLATE}", self._admin)
        self.execute(f"alter database {DATABASE} rename to {TEMPLATE}", self._admin)
        self.renew()

    def clear(self, but: str = "") -> None:
        """Drop everything that a variant created, except one schema."""
        for (schema,) in self.rows("select nspname from pg_namespace where nspname like 'dispatch%'"):
            if schema != but:
                self.execute(f"drop schema {schema} cascade")
        self.execute("checkpoint")

    def connect(self) -> connection.Connection:
        """Connect to the database."""
        return connection.connect(self.target)

    def execute(self, statement: str, opened: connection.Connection | None = None) -> None:
        """Run statements that return nothing."""
        used = opened or self.connect()
        used.cursor().execute(statement)
        if opened is None:
            used.close()

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """Run a query."""
        opened = self.connect()
        try:
            return connection.rows(opened, statement)
        finally:
            opened.close()

    def dbt(self, *arguments: str, project: Path | None = None) -> None:
        """Run dbt, on a copy of the project if one is given; raise Failure if it fails."""
        variables = sandbox.environment(self.target, self.folder)
        if project:
            variables["DBT_PROJECT_DIR"] = str(project)
        # Each project has its own, or the next run would parse everything again.
        self._artifacts = (project or self.folder) / "target"
        variables["DBT_TARGET_PATH"] = str(self._artifacts)
        done = subprocess.run(
            [*run.DBT, "--quiet", "--no-use-colors", *arguments],
            cwd=ROOT,
            env=variables,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        if done.returncode:
            raise Failure(f"dbt {' '.join(arguments)} failed:\n{done.stdout}")

    def sent(self, *arguments: str) -> list[Step]:
        """Run dbt in this process; return the statements that it sent, or raise Failure if it fails."""
        variables = sandbox.environment(self.target, self.folder)
        with mock.patch.dict(os.environ, variables, clear=True), listening() as steps:
            done = dbtRunner().invoke(["--quiet", *arguments])
        if not done.success:
            raise Failure(f"dbt {' '.join(arguments)} failed.")
        return steps

    def artifact(self, name: str) -> dict[str, Any]:
        """Return an artifact of the last dbt run."""
        return json.loads((self._artifacts / f"{name}.json").read_text(encoding="utf-8"))

    def forget_parse(self) -> None:
        """Make the next run parse the project from scratch."""
        (self.folder / "target" / "partial_parse.msgpack").unlink()

    def seconds(self, *models: str) -> float:
        """Return the sum of the models' durations in the last dbt run, in seconds; some ran in parallel."""
        results = self.artifact("run_results")["results"]
        return sum(each["execution_time"] for each in results if each["unique_id"].rpartition(".")[2] in models)

    def fingerprints(self) -> Fingerprints:
        """Return the number of rows of every mart and audit table, and the sum of their hashes."""
        tables = self.rows(
            "select table_schema || '.' || table_name from information_schema.tables"
            f" where table_schema in {LAYERS} and table_type = 'BASE TABLE' order by 1"
        )
        return {
            table: self.rows(f"select count(*), coalesce(sum(hash_record_extended(t, 0)), 0) from {table} as t")[0]
            for (table,) in tables
        }
