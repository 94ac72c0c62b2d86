"""The variants: this project, its alternatives with the same rows, and the days after a first load."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import hand, row_by_row
from benchmarks.measuring import Meter, Run
from benchmarks.warehouse import CONSTRAINTS, Fingerprints, Warehouse
from ops.console import say
from ops.errors import Failure
from ops.project import ROOT

BATCHED = ("int_notifications__signatures", "notifications", "int_notifications__left_out")
PAYMENTS = ("stg_dispatch__payments", "int_payments__triaged", "payments")
SEEDS = "dispatch_seeds"
# dbt's default: keys inside the create table, tables swapped by renaming.
OWN_KEYS = "macros/keys/get_table_columns_and_constraints.sql"
OWN_TEXTS = (
    ("dbt_project.yml", '      +post-hook: "{{ enforce_declared_keys() }}"\n'),
    ("dbt_project.yml", '  - "{{ restore_lost_keys() }}"\n'),
    # Not possible there: during its build the table has another name.
    (
        "models/marts/templates/categories.yml",
        "        constraints: [{type: foreign_key, expression: categories (category_id)}]\n",
    ),
)
# The keys of this variant differ.
KEYS = "dispatch_audit.foreign_key_ledger"
# Percentages changed on each day; those measured only with all variants.
DAYS, MORE_DAYS = (0, 1), (10,)
# Changes of a day: a third each of the newest rows is updated, deleted and inserted.
CHANGE = """
with newest as (
    select id, row_number() over (order by id desc) % 3 as kind from legacy.dispatch_notification
    order by id desc limit (select count(*) * {percent} / 100 from legacy.dispatch_notification)
), updated as (
    update legacy.dispatch_notification as n set "read" = not "read" from newest where n.id = newest.id and kind = 0
), deleted as (
    delete from legacy.dispatch_notification as n using newest where n.id = newest.id and kind = 1
)
insert into legacy.dispatch_notification ({columns})
select {shifted} from legacy.dispatch_notification as n inner join newest using (id) where kind = 2
"""
SCATTERED = 'update legacy.dispatch_notification set "read" = not "read" where id % 100 = 0'


class Bench:
    """The variants and their measurements."""

    def __init__(self, warehouse: Warehouse, folder: Path, *, every: bool) -> None:
        """Compile the project for the variants without dbt; copy it for the variant with dbt's own keys."""
        self.warehouse = warehouse
        self.meter = Meter(warehouse.process)
        self.every = every
        self.runs: dict[str, list[Run]] = {}
        self.deadlocks = 0
        self.expected: Fingerprints = {}
        warehouse.renew()
        warehouse.dbt("seed")
        sent = warehouse.sent("run", "--empty")
        self.constraints = warehouse.rows(CONSTRAINTS)
        warehouse.clear(but=SEEDS)
        warehouse.dbt("compile", "--select", "resource_type:model")
        warehouse.keep()
        manifest = warehouse.artifact("manifest")
        self.hand = hand.Script(manifest, sent, largest_by_hand=True)
        percentages = DAYS + MORE_DAYS if every else DAYS
        self.changes = {f"day with {percent} % changed": self._change(percent) for percent in percentages}
        if every:
            self.changes["day with 1 % changed in every batch"] = SCATTERED
            self.compiled = hand.Script(manifest, sent, largest_by_hand=False)
            self.defaults = _with_own_keys_of_dbt(folder / "defaults")
            self.keyed = [
                node["name"]
                for node in manifest["nodes"].values()
                for constraint in (each for column in node["columns"].values() for each in column["constraints"])
                if constraint["type"] == "foreign_key"
            ]

    def measure(self, name: str, run: Callable[[], Any]) -> None:
        """Measure a run and print its duration in seconds."""
        with self.meter.run() as found:
            run()
        self._note(name, *found)

    def note(self, name: str, of: str, seconds: float) -> None:
        """Record the duration of a part of the last run of a variant."""
        self._note(name, Run(seconds, self.runs[of][-1].others))

    def _note(self, name: str, run: Run) -> None:
        self.runs.setdefault(name, []).append(run)
        busy = "" if run.counts else f"; does not count: other processes used {run.others:.2f} of a processor"
        say(f"  {name}: {run.seconds:.2f}{busy}")

    def repeat(self, *, is_first: bool) -> None:
        """Run all variants once; the days come last, because they change the legacy data."""
        self.is_first = is_first
        self.warehouse.renew()
        self.without_dbt("hand", self.hand)
        if self.every:
            self.without_dbt("compiled", self.compiled)
            self.by_default()
        self.models()
        self.build()
        self.days()

    def without_dbt(self, name: str, script: hand.Script) -> None:
        """Run the statements; seeds are not part of the measurement."""
        self.warehouse.clear(but=SEEDS)
        self.measure(name, lambda: hand.run(self.warehouse, script))
        if self.warehouse.rows(CONSTRAINTS) != self.constraints:
            raise Failure(f"{name} gives tables with other constraints or indexes than dbt.")
        self.compare(name)

    def models(self) -> None:
        """Run the models; seeds are not part of the measurement. Then migrate the payments row by row."""
        warehouse = self.warehouse
        warehouse.clear(but=SEEDS)
        self.measure("ours, models", lambda: warehouse.dbt("run"))
        self.note("ours, notifications", "ours, models", warehouse.seconds(*BATCHED))
        self.note("ours, payments", "ours, models", warehouse.seconds(*PAYMENTS))
        if self.every:
            self.note("ours, models with foreign keys", "ours, models", warehouse.seconds(*self.keyed))
        self.compare("ours, models")
        row_by_row.prepare(warehouse)
        self.measure("row by row, payments", lambda: row_by_row.run(warehouse))
        if different := row_by_row.differences(warehouse):
            raise Failure(f"row by row gives {different} payments that differ from the project's.")

    def build(self) -> None:
        """Build with all data tests, from the legacy data alone."""
        if self.every:
            self.warehouse.clear()
            self.warehouse.forget_parse()
            self.measure("ours, build, cold parse", self._build)
        self.warehouse.clear()
        self.measure("ours, build", self._build)
        self.compare("build")

    def _build(self) -> None:
        self.warehouse.dbt("build", "--exclude-resource-type", "unit_test")

    def days(self) -> None:
        """Change notifications and run the models, day by day; with all variants, compare with a full rebuild."""
        warehouse = self.warehouse
        for day, statement in self.changes.items():
            warehouse.execute(statement)
            self.measure(day, lambda: warehouse.dbt("run"))
            self.note(f"{day}, notifications", day, warehouse.seconds(*BATCHED))
        if self.is_first and self.every:
            found = warehouse.fingerprints()
            warehouse.dbt("run", "--full-refresh", "--select", *BATCHED)
            demand_equal("the last day", found, warehouse.fingerprints())

    def by_default(self) -> None:
        """Run the models with dbt's own constraints."""
        self.warehouse.clear()
        self.warehouse.dbt("seed", project=self.defaults)
        self.measure("defaults", self._run_defaults)
        self.note("defaults, models with foreign keys", "defaults", self._keyed_seconds)
        self.compare("defaults", but=KEYS)
        (missing,) = self.warehouse.rows(f"select count(*) from {KEYS} where not is_enforced")[0]
        if missing:
            raise Failure(f"defaults does not enforce {missing} foreign keys.")

    def _run_defaults(self) -> None:
        """Run; retry after a deadlock, which two tables with keys to the same parents can cause."""
        self._keyed_seconds = 0.0
        try:
            self.warehouse.dbt("run", project=self.defaults)
        except Failure as failure:
            if "deadlock detected" not in str(failure):
                raise
            self.deadlocks += 1
            self._keyed_seconds = self.warehouse.seconds(*self.keyed)
            self.warehouse.dbt("retry", project=self.defaults)
        self._keyed_seconds += self.warehouse.seconds(*self.keyed)

    def _change(self, percent: int) -> str:
        """Return the statement that changes a percentage of the notifications, the newest ones."""
        columns = [
            name
            for (name,) in self.warehouse.rows(
                "select column_name from information_schema.columns where table_schema = 'legacy'"
                " and table_name = 'dispatch_notification' order by ordinal_position"
            )
        ]
        shifted = [f'n."{name}"' for name in columns]
        shifted[columns.index("id")] = "n.id + (select max(id) - min(id) + 1 from newest)"
        listed = ", ".join(f'"{name}"' for name in columns)
        return CHANGE.format(percent=percent, columns=listed, shifted=", ".join(shifted))

    def compare(self, name: str, but: str = "") -> None:
        """In the first repetition, compare all rows with those of the first variant; one table may be left out."""
        if self.is_first:
            found = self.warehouse.fingerprints()
            self.expected = self.expected or found
            demand_equal(name, found, self.expected, but)


def demand_equal(name: str, found: Fingerprints, expected: Fingerprints, but: str = "") -> None:
    """Raise Failure if rows differ from the expected ones; one table may be left out."""
    different = {table for table in found | expected if found.get(table) != expected.get(table)} - {but}
    if different:
        raise Failure(f"{name} gives different rows in {', '.join(sorted(different))}.")


def _with_own_keys_of_dbt(folder: Path) -> Path:
    """Copy the project into the folder without what replaces dbt's own keys; return the folder."""
    ignored = shutil.ignore_patterns(".*", "target", "logs", "docs", "tests", "__pycache__", "ops")
    shutil.copytree(ROOT, folder, ignore=ignored)
    (folder / OWN_KEYS).unlink()
    for name, text in OWN_TEXTS:
        file = folder / name
        if text not in file.read_text(encoding="utf-8"):
            raise Failure(f"{name} no longer contains {text.strip()}: adapt benchmarks/variants.py.")
        file.write_text(file.read_text(encoding="utf-8").replace(text, ""), encoding="utf-8")
    return folder
