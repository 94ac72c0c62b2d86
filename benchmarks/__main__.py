"""Measures variants of the migration repeatedly; writes target/benchmarks/<scale>.md and .json.

All variants start from the same legacy data, except the days, which continue from the day before. Their rows are
compared in the first repetition. Runs during which the machine did other work do not count.
"""

import json
import os
import platform
import sys
import tempfile
from argparse import ArgumentParser
from pathlib import Path
from statistics import median
from time import monotonic
from typing import Any

from benchmarks.measuring import BUSY, Run
from benchmarks.variants import Bench
from benchmarks.warehouse import Warehouse
from ops import legacy
from ops.console import duration, say
from ops.database.server import temporary_server
from ops.errors import Failure
from ops.project import BENCHMARKS

RATIOS = {
    "ours, models": "hand",
    "ours, build": "hand",
    "compiled": "hand",
    "defaults": "ours, models",
    "defaults, models with foreign keys": "ours, models with foreign keys",
    "row by row, payments": "ours, payments",
}
SECONDS, BYTES = ("client_seconds", "server_seconds"), ("client_bytes", "server_bytes")
# Each day, against the first load.
FIRST_LOAD = ("ours, models", "ours, notifications")


def main() -> None:
    """Parse the arguments, run, and write the results."""
    parser = ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--scale", choices=[scale.value for scale in legacy.Scale], default="phase7")
    parser.add_argument("--factor", type=int, choices=(1, 3), default=1, help="3: triple the largest tables")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument(
        "--all", action="store_true", help="also compiled, defaults, a cold parse, and days with more changes"
    )
    options = parser.parse_args()
    start = monotonic()
    with temporary_server() as server, tempfile.TemporaryDirectory(prefix="dispatch-bench-") as name:
        folder = Path(name)
        say(f"Loading the legacy data: {options.scale} × {options.factor}")
        warehouse = Warehouse(server, folder / "dbt", legacy.Scale(options.scale), options.factor)
        bench = Bench(warehouse, folder, every=options.all)
        facts = {
            "scale": options.scale,
            "factor": options.factor,
            "machine": f"{platform.machine()}, {len(os.sched_getaffinity(0))} processors",
            "versions": _versions(warehouse),
        }
        for number in range(1, options.repeat + 1):
            say(f"Repetition {number} of {options.repeat}")
            bench.repeat(is_first=number == 1)
            measured = {"repetitions": number, "duration": duration(monotonic() - start)}
            table = _write(facts | measured | {"deadlocks": bench.deadlocks}, bench.runs)
    print(table)


def _versions(warehouse: Warehouse) -> str:
    (postgres,) = warehouse.rows("select current_setting('server_version')")[0]
    dbt = warehouse.artifact("manifest")["metadata"]["dbt_version"]
    return f"PostgreSQL {postgres}, dbt {dbt}, Python {platform.python_version()}"


def _write(facts: dict[str, Any], runs: dict[str, list[Run]]) -> str:
    """Write the results as JSON and Markdown; return the Markdown."""
    counted = {name: [run for run in each if run.counts] for name, each in runs.items()}
    name = facts["scale"] + (f"_x{facts['factor']}" if facts["factor"] > 1 else "")
    lines = [
        f"### Scale {facts['scale']} × {facts['factor']}",
        "",
        f"{facts['repetitions']} repetitions in {facts['duration']}; {facts['machine']}; {facts['versions']}.",
        "",
        "| ratio of medians | |",
        "|---|---:|",
        *_ratios(counted),
        "",
        "| median of runs that count | runs | s | from | to | client CPU s | server CPU s | client MB | server MB |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|",
        *(_row(name, counted[name], len(each)) for name, each in runs.items()),
        "",
        f"A run counts if other processes and the hypervisor used less than {BUSY} of a processor during it. Times of"
        " several models (notifications, payments) are summed, although some ran in parallel. Client: dbt, or the"
        " program that runs the statements. Server MB: without shared buffers.",
    ]
    if facts["deadlocks"]:
        lines.append(f"Runs of *defaults* that were retried after a deadlock: {facts['deadlocks']}.")
    BENCHMARKS.mkdir(parents=True, exist_ok=True)
    measured = {name: [run._asdict() for run in each] for name, each in runs.items()}
    (BENCHMARKS / f"{name}.json").write_text(json.dumps(facts | {"runs": measured}, indent=2) + "\n", encoding="utf-8")
    (BENCHMARKS / f"{name}.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return "\n".join(lines)


def _ratios(counted: dict[str, list[Run]]) -> list[str]:
    """Return the rows of the table of ratios; none is given for a variant without a run that counts."""
    pairs = list(RATIOS.items())
    pairs += [(name, FIRST_LOAD[name.endswith("notifications")]) for name in counted if name.startswith("day ")]
    lines = []
    for over, under in pairs:
        if over in counted and under in counted:
            known = counted[over] and counted[under]
            ratio = f"{_median(counted[over]) / _median(counted[under]):.2f}" if known else "the machine was busy"
            lines.append(f"| {over} / {under} | {ratio} |")
    return lines


def _median(runs: list[Run]) -> float:
    return median(run.seconds for run in runs)


def _row(name: str, counted: list[Run], number: int) -> str:
    cells = [name, f"{len(counted)} of {number}"]
    if counted:
        seconds = [run.seconds for run in counted]
        cells += [f"{value:.1f}" for value in (median(seconds), min(seconds), max(seconds))]
        if counted[0].client_seconds is not None:
            cells += [f"{median(getattr(run, name) for run in counted):.1f}" for name in SECONDS]
            cells += [f"{median(getattr(run, name) for run in counted) / 1e6:.0f}" for name in BYTES]
    return f"| {' | '.join(cells + [''] * (9 - len(cells)))} |"


if __name__ == "__main__":
    try:
        main()
    except Failure as failure:
        sys.exit(str(failure))
