"""Times all variants repeatedly and writes target/benchmarks/<scale>.md and .json.

Every variant begins with a copy of the same legacy data, except the days, which continue from the previous day. All
must give the same rows; the days, those of a full rebuild. The report shows ratios of medians of one run, because
absolute times depend on the machine.
"""

import json
import os
import platform
import shutil
import sys
import tempfile
from argparse import ArgumentParser
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from statistics import median
from time import monotonic
from typing import Any

from benchmarks import hand, row_by_row
from benchmarks.warehouse import Fingerprints, Warehouse
from ops import legacy
from ops.console import say
from ops.database.server import temporary_server
from ops.errors import Failure
from ops.project import ROOT

OUTPUT = ROOT / "target" / "benchmarks"
BATCHED = ("int_notifications__signatures", "notifications", "int_notifications__left_out")
PAYMENTS = ("stg_dispatch__payments", "int_payments__triaged", "payments")
# dbt's default: keys inside the create table, tables swapped by renaming.
OWN_KEYS = "macros/keys/get_table_columns_and_constraints.sql"
# Not possible there: during its build the table has another name.
SELF_REFERENCE = "        constraints: [{type: foreign_key, expression: categories (category_id)}]\n"
# The keys of this variant differ.
KEYS = "dispatch_audit.foreign_key_ledger"
OWN_HOOKS = ('      +post-hook: "{{ enforce_declared_keys() }}"\n', '  - "{{ restore_lost_keys() }}"\n')
DAYS = {f"day with {percent} % changed": percent for percent in (0, 1, 10)}
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


class Bench:
    """The variants and their measurements."""

    def __init__(self, warehouse: Warehouse, folder: Path) -> None:
        """Compile the project for the variants without dbt, and copy it for the variant with dbt's own keys."""
        self.warehouse = warehouse
        self.seconds: dict[str, list[float]] = {}
        self.idle: list[float] = []
        self.deadlocks = 0
        self.expected: Fingerprints = {}
        self.rebuilt: Fingerprints = {}
        self.defaults = folder / "defaults"
        shutil.copytree(
            ROOT,
            self.defaults,
            ignore=shutil.ignore_patterns(".*", "target", "logs", "docs", "tests", "__pycache__", "ops"),
        )
        (self.defaults / OWN_KEYS).unlink()
        for file, *texts in (
            ("dbt_project.yml", *OWN_HOOKS),
            ("models/marts/templates/categories.yml", SELF_REFERENCE),
        ):
            for text in texts:
                self._remove(file, text)
        warehouse.renew()
        warehouse.dbt("compile", "--select", "resource_type:model")
        manifest = warehouse.artifact("manifest")
        self.hand = hand.Script(manifest, largest_by_hand=True)
        self.compiled = hand.Script(manifest, largest_by_hand=False)
        self.keyed = [
            node["name"]
            for node in manifest["nodes"].values()
            for constraint in (each for column in node["columns"].values() for each in column["constraints"])
            if constraint["type"] == "foreign_key"
        ]

    def _remove(self, name: str, text: str) -> None:
        file = self.defaults / name
        if text not in file.read_text(encoding="utf-8"):
            raise Failure(f"{name} no longer contains {text.strip()}: adapt benchmarks/__main__.py.")
        file.write_text(file.read_text(encoding="utf-8").replace(text, ""), encoding="utf-8")

    def time(self, name: str, run: Callable[[], Any], watch: AbstractContextManager[Any] | None = None) -> None:
        """Time a run and print its duration in seconds."""
        with watch or nullcontext():
            start = monotonic()
            run()
            self.note(name, monotonic() - start)

    def note(self, name: str, seconds: float) -> None:
        """Record and print a duration in seconds."""
        self.seconds.setdefault(name, []).append(seconds)
        say(f"  {name}: {seconds:.2f}")

    def repeat(self) -> None:
        """Run all variants once."""
        self.without_dbt("hand", self.hand)
        self.without_dbt("compiled", self.compiled)
        self.by_default()
        self.ours()

    def without_dbt(self, name: str, script: hand.Script) -> None:
        """Run the statements; seeds are not part of the measurement."""
        self.warehouse.renew()
        self.warehouse.dbt("seed")
        self.time(name, lambda: hand.run(self.warehouse, script))
        found = self.warehouse.fingerprints()
        self.expected = self.expected or found
        self.compare(name, found, self.expected)

    def ours(self) -> None:
        """Run the models, the next days, and the build with its data tests."""
        warehouse = self.warehouse
        warehouse.renew()
        warehouse.dbt("seed")
        self.time("ours, models", lambda: warehouse.dbt("run"))
        self.note("ours, batched models", warehouse.seconds(*BATCHED))
        self.note("ours, models with foreign keys", warehouse.seconds(*self.keyed))
        self.note("ours, payments", warehouse.seconds(*PAYMENTS))
        self.compare("ours, models", warehouse.fingerprints(), self.expected)
        row_by_row.prepare(warehouse)
        self.time("row by row, payments", lambda: row_by_row.run(warehouse))
        if different := row_by_row.differences(warehouse):
            raise Failure(f"row by row gives {different} payments that differ from the project's.")
        for day, percent in DAYS.items():
            self.change(percent)
            self.time(day, lambda: warehouse.dbt("run"))
            self.note(f"{day}, batched models", warehouse.seconds(*BATCHED))
        found = warehouse.fingerprints()
        if not self.rebuilt:
            warehouse.dbt("run", "--full-refresh")
            self.rebuilt = warehouse.fingerprints()
        self.compare("the last day", found, self.rebuilt)
        warehouse.renew()
        (warehouse.folder / "target" / "partial_parse.msgpack").unlink()
        self.time("ours, build, cold parse", lambda: warehouse.dbt("build", "--exclude-resource-type", "unit_test"))
        self.compare("build, cold parse", warehouse.fingerprints(), self.expected)
        warehouse.renew()
        with warehouse.idleness() as idle:
            self.time("ours, build", lambda: warehouse.dbt("build", "--exclude-resource-type", "unit_test"))
        self.idle += idle
        self.compare("build", warehouse.fingerprints(), self.expected)

    def by_default(self) -> None:
        """Run the models with dbt's own constraints."""
        self.warehouse.renew()
        self.warehouse.dbt("seed", project=self.defaults)
        self.time("defaults", self._run_defaults)
        self.compare("defaults", self.warehouse.fingerprints(), self.expected, but=KEYS)
        (missing,) = self.warehouse.rows(f"select count(*) from {KEYS} where not is_enforced")[0]
        if missing:
            raise Failure(f"defaults does not enforce {missing} foreign keys.")

    def _run_defaults(self) -> None:
        """Run; retry after a deadlock, which two tables with keys to the same parents can cause."""
        deadlocked = 0.0
        try:
            self.warehouse.dbt("run", project=self.defaults)
        except Failure as failure:
            if "deadlock detected" not in str(failure):
                raise
            self.deadlocks += 1
            deadlocked = self.warehouse.seconds(*self.keyed)
            self.warehouse.dbt("retry", project=self.defaults)
        self.note("defaults, models with foreign keys", deadlocked + self.warehouse.seconds(*self.keyed))

    def change(self, percent: int) -> None:
        """Change a percentage of the notifications, the newest ones."""
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
        self.warehouse.execute(CHANGE.format(percent=percent, columns=listed, shifted=", ".join(shifted)))

    @staticmethod
    def compare(name: str, found: Fingerprints, expected: Fingerprints, but: str = "") -> None:
        """Compare all rows with the expected ones; raise Failure if they differ. One table may be left out."""
        different = {table for table in found | expected if found.get(table) != expected.get(table)} - {but}
        if different:
            raise Failure(f"{name} gives different rows in {', '.join(sorted(different))}.")


def main() -> None:
    """Parse the arguments, run, and write the results."""
    parser = ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--scale", choices=[scale.value for scale in legacy.Scale], default="phase7")
    parser.add_argument("--factor", type=int, choices=(1, 3), default=1, help="3: triple the largest tables")
    parser.add_argument("--repeat", type=int, default=5)
    options = parser.parse_args()
    with temporary_server() as server, tempfile.TemporaryDirectory(prefix="dispatch-bench-") as name:
        folder = Path(name)
        say(f"Loading the legacy data: {options.scale} × {options.factor}")
        warehouse = Warehouse(server, folder / "dbt", legacy.Scale(options.scale), options.factor)
        bench = Bench(warehouse, folder)
        facts = {
            "scale": options.scale,
            "factor": options.factor,
            "machine": f"{platform.machine()}, {len(os.sched_getaffinity(0))} processors",
            "versions": _versions(warehouse),
        }
        for number in range(1, options.repeat + 1):
            say(f"Repetition {number} of {options.repeat}")
            bench.repeat()
            measured = {"seconds": bench.seconds, "idle": bench.idle, "deadlocks": bench.deadlocks}
            table = _write(facts | {"repetitions": number} | measured)
    print(table)


def _versions(warehouse: Warehouse) -> str:
    (postgres,) = warehouse.rows("select current_setting('server_version')")[0]
    dbt = warehouse.artifact("manifest")["metadata"]["dbt_version"]
    return f"PostgreSQL {postgres}, dbt {dbt}, Python {platform.python_version()}"


def _write(facts: dict[str, Any]) -> str:
    """Write the results as JSON and Markdown; return the Markdown."""
    medians = {name: median(values) for name, values in facts["seconds"].items()}
    ratios = [
        ("ours (models) / hand", "ours, models", "hand"),
        ("ours (models) / compiled", "ours, models", "compiled"),
        ("ours (build with all data tests) / hand", "ours, build", "hand"),
        ("defaults / ours, models", "defaults", "ours, models"),
        (
            "defaults / ours, models with foreign keys",
            "defaults, models with foreign keys",
            "ours, models with foreign keys",
        ),
        ("row by row / ours, payments", "row by row, payments", "ours, payments"),
        *((f"{day}, batched models / first load", f"{day}, batched models", "ours, batched models") for day in DAYS),
        *((f"{day}, all models / first load", day, "ours, models") for day in DAYS),
    ]
    name = facts["scale"] + (f"_x{facts['factor']}" if facts["factor"] > 1 else "")
    lines = [
        f"Scale {facts['scale']} × {facts['factor']}, {facts['repetitions']} repetitions; {facts['machine']};"
        f" {facts['versions']}.",
        "",
        "| ratio of medians | |",
        "|---|---:|",
        *(f"| {label} | {medians[over] / medians[under]:.3f} |" for label, over, under in ratios),
        f"| build, warm: share of the time in which the database is idle | {median(facts['idle']):.2f} |",
        "",
        "| median, seconds | | from | to |",
        "|---|---:|---:|---:|",
        *(
            f"| {variant} | {median(values):.1f} | {min(values):.1f} | {max(values):.1f} |"
            for variant, values in facts["seconds"].items()
        ),
        "",
        "Times of several models are summed, although some ran in parallel. Runs of *defaults* that were retried after"
        f" a deadlock: {facts['deadlocks']}.",
    ]
    OUTPUT.mkdir(parents=True, exist_ok=True)
    (OUTPUT / f"{name}.json").write_text(json.dumps(facts | {"medians": medians}, indent=2) + "\n", encoding="utf-8")
    (OUTPUT / f"{name}.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return "\n".join(lines)


if __name__ == "__main__":
    try:
        main()
    except Failure as failure:
        sys.exit(str(failure))
