"""Times the hand-over and a workload of the application; writes target/benchmarks/handover_<scale>.md.

python -m benchmarks.handover --scale full --seconds 120
"""

import re
import tempfile
from argparse import ArgumentParser
from contextlib import closing
from pathlib import Path
from statistics import median
from threading import Event, Thread
from time import monotonic

from benchmarks.warehouse import Warehouse
from ops import legacy
from ops.console import say
from ops.database.connection import Connection, rows
from ops.database.server import temporary_server
from ops.dbt import sandbox
from ops.errors import Failure
from ops.handover.rehearsal import run_workload
from ops.project import BENCHMARKS

CLIENTS = 10
REPEAT = 5
LARGE = 10_000
INDEX = "app.notifications__recipient_profile_id__idx"
# The user with the median number of notifications.
RECIPIENT = """
select recipient_profile_id, number from (
    select recipient_profile_id, count(*) as number from app.notifications group by 1
) as counted
order by number offset (select count(distinct recipient_profile_id) / 2 from app.notifications) limit 1
"""
REFERENCES = """
select child.relname, own.attname, parent.relname, others.attname
from pg_constraint
inner join pg_class as child on conrelid = child.oid
inner join pg_class as parent on confrelid = parent.oid
inner join pg_attribute as own on own.attrelid = conrelid and own.attnum = conkey[1]
inner join pg_attribute as others on others.attrelid = confrelid and others.attnum = confkey[1]
where contype = 'f' and connamespace = cast('app' as regnamespace) and child.reltuples > %s
order by 1, 2
"""


class Readers(Thread):
    """A reader of one row of each mart in turn, which records the slowest answer."""

    def __init__(self, warehouse: Warehouse) -> None:
        """Use the database."""
        super().__init__(daemon=True)
        self.warehouse = warehouse
        self.ended = Event()
        self.slowest, self.table, self.answers = 0.0, "", 0

    def run(self) -> None:
        """Read until the event `ended` is set."""
        with closing(self.warehouse.connect()) as opened:
            tables = [
                name for (name,) in rows(opened, "select tablename from pg_tables where schemaname = 'dispatch_marts'")
            ]
            while not self.ended.is_set():
                for table in tables:
                    start = monotonic()
                    rows(opened, f"select * from dispatch_marts.{table} limit 1")
                    if monotonic() - start > self.slowest:
                        self.slowest, self.table = monotonic() - start, table
                    self.answers += 1


class Benchmark:
    """The measurements of one database, from the release to the application."""

    def __init__(self, warehouse: Warehouse, folder: Path, seconds: int) -> None:
        """Use a database with the legacy data."""
        self.warehouse, self.seconds = warehouse, seconds
        self.environment = sandbox.environment(warehouse.target, folder)
        self.output = ["--output", str(folder / "handover")]
        self.lines: list[str] = []

    def tell(self, line: str) -> None:
        """Print a line of the page."""
        say(line)
        self.lines.append(line)

    def ops(self, *arguments: str) -> list[str]:
        """Run python -m ops and return the lines of its output."""
        done = sandbox.ops(self.environment, *arguments)
        if done.returncode:
            raise Failure(done.stdout)
        return done.stdout.splitlines()

    def hand_over(self) -> None:
        """Hand over with concurrent readers, undo, and hand over again."""
        self.tell("| step | duration |\n|---|---|")
        readers = [Readers(self.warehouse) for _ in range(2)]
        for reader in readers:
            reader.start()
        try:
            said = self.ops("handover", *self.output)
        finally:
            for reader in readers:
                reader.ended.set()
                reader.join()
        for line in said:
            if found := re.fullmatch(r"(.+): ([\d. mins]+)", line):
                self.tell(f"| {found[1]} | {found[2]} |")
        slowest = max(readers, key=lambda reader: reader.slowest)
        self.tell(f"\n{next(line for line in said if line.startswith('Handed over'))}\n")
        self.tell(
            f"Two readers of the marts meanwhile: {sum(each.answers for each in readers):,} answers, the longest took"
            f" {slowest.slowest:.3f} s ({slowest.table}).\n"
        )
        start = monotonic()
        self.ops("handover", "--undo")
        self.tell(f"Undo: {monotonic() - start:.0f} s. Then handed over again.\n")
        self.ops("handover", *self.output)

    def notifications(self) -> None:
        """Time reading one user's notifications without and with the index on the foreign key."""
        with closing(self.warehouse.connect()) as opened:
            ((recipient, number),) = rows(opened, RECIPIENT)
            query = (
                f"select * from app.notifications where recipient_profile_id = '{recipient}'"
                " order by created_at desc limit 20"
            )
            opened.autocommit = False
            after = _time(opened, query)
            opened.cursor().execute(f"drop index {INDEX}")
            before = _time(opened, query)
            opened.rollback()
        self.tell(
            f"One user's notifications ({number} of them): {before * 1000:,.1f} ms without the index,"
            f" {after * 1000:,.2f} ms with it: ratio {before / after:,.0f}.\n"
        )

    def lookups(self) -> None:
        """Count foreign keys of large tables whose lookup scans the table."""
        with closing(self.warehouse.connect()) as opened:
            references = rows(opened, REFERENCES, (LARGE,))
            scanned = []
            for child, column, parent, key in references:
                query = f"select 1 from app.{child} where {column} = (select {key} from app.{parent} limit 1)"
                if f"Seq Scan on {child}" in "\n".join(line for (line,) in rows(opened, f"explain {query}")):
                    scanned.append(f"{child}.{column}")
        self.tell(
            f"{len(references)} foreign keys of tables with more than {LARGE:,} rows; looked up by a scan of the table:"
            f" {', '.join(scanned) or 'none'}.\n"
        )

    def work(self) -> None:
        """Run the workload with and without the triggers that record the first write."""
        self.warehouse.execute("drop role if exists application; create role application login in role dispatch_app")
        self.tell(
            "| ten connections | orders a second | latency | failed | deadlocks | orphans |\n|---|---|---|---|---|---|"
        )
        for notes in ("with the notes of the first write", "without them"):
            done = run_workload(self.warehouse.target, CLIENTS, "--jobs", "2", "--time", str(self.seconds))
            rate = re.search(r"tps = ([\d.]+)", done)[1]
            latency = re.search(r"latency average = ([\d.]+ ms)", done)[1]
            failed = re.search(r"failed transactions: (\d+)", done)[1]
            with closing(self.warehouse.connect()) as opened:
                ((deadlocks,),) = rows(
                    opened, "select deadlocks from pg_stat_database where datname = current_database()"
                )
                orphans = sum(
                    rows(
                        opened,
                        f"select count(*) from app.{child} as c where {column} is not null and not exists"
                        f" (select 1 from app.{parent} as p where p.{key} = c.{column})",
                    )[0][0]
                    for child, column, parent, key in rows(opened, REFERENCES, (-2,))
                )
            self.tell(f"| {notes} | {float(rate):,.0f} | {latency} | {failed} | {deadlocks} | {orphans} |")
            self.warehouse.execute("drop function if exists dispatch_release.note_first_write cascade")


def _time(opened: Connection, query: str) -> float:
    """Return the median duration of a query in seconds, after one warm-up."""
    times = []
    for _ in range(REPEAT + 1):
        start = monotonic()
        rows(opened, query)
        times.append(monotonic() - start)
    return median(times[1:])


def main() -> None:
    """Run all measurements in a separate database."""
    parser = ArgumentParser(prog="python -m benchmarks.handover", description=__doc__)
    parser.add_argument("--scale", choices=[scale.value for scale in legacy.Scale], default="phase7")
    parser.add_argument("--seconds", type=int, default=120, help="duration of each workload")
    options = parser.parse_args()
    with temporary_server() as server, tempfile.TemporaryDirectory(prefix="dispatch-bench-") as scratch:
        warehouse = Warehouse(server, Path(scratch), legacy.Scale(options.scale), 1)
        warehouse.renew()
        benchmark = Benchmark(warehouse, Path(scratch), options.seconds)
        say(benchmark.ops("release")[-2])
        benchmark.tell(f"### Hand-over at {options.scale}\n")
        benchmark.hand_over()
        benchmark.notifications()
        benchmark.lookups()
        benchmark.work()
    BENCHMARKS.mkdir(parents=True, exist_ok=True)
    page = BENCHMARKS / f"handover_{options.scale}.md"
    page.write_text("\n".join(benchmark.lines) + "\n", encoding="utf-8")
    say(f"\nWritten to {page}.")


if __name__ == "__main__":
    main()
