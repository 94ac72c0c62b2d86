"""The production run: source freshness, build of a candidate, tests, publish, report. One at a time.

Until the publish, readers keep the previous version. A release that failed or was killed needs no cleaning up: the next
one starts from scratch.
"""

import json
import logging
import os
import signal
import tempfile
import uuid
from contextlib import closing, suppress
from datetime import datetime, timezone
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import psycopg2

from ops import report
from ops.console import complain, console, duration, say, without_credentials
from ops.database.connection import (
    FULL,
    Connection,
    Target,
    check_server,
    connect,
    interrupt,
    interrupted,
    rows,
    start_if_embedded,
)
from ops.dbt import run as dbt
from ops.errors import Failure, Unreachable
from ops.project import close_folders, dbt_target_folder, git_commit, log_folder
from ops.release import records
from ops.release.records import Later
from ops.source import contract, inventory
from ops.source.declared import SCHEMA
from ops.source.errors import explain, is_lost
from ops.source.replication import frozen

PUBLISHED, FAILED, LATER = 0, 1, 75
WAIT_FOR_SERVER_SECONDS = 60
APPLICATION = "dispatch release"  # application_name of dbt's sessions
LOCK_TIMEOUT = "10min"

log = logging.getLogger("dispatch.release")


def run(target: Target) -> int:
    """Release, print one line at the end, and return the exit code: 0 published, 1 failed, 75 try again later."""
    path = _log_file()
    signal.signal(signal.SIGTERM, interrupt)  # what systemd sends in place of Ctrl-C
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, interrupt)
    start = monotonic()
    try:
        summary = _release(target)
    except (Failure, psycopg2.Error, KeyboardInterrupt) as failure:
        if interrupted.is_set():
            return _end(130, "Not released: interrupted.", path)
        if isinstance(failure, Later):
            return _end(LATER, f"Not released, try again later: {failure}", path)
        is_refusal = isinstance(failure, psycopg2.Error) and not is_lost(failure)
        return _end(FAILED, f"Not released: {explain(failure) if is_refusal else str(failure).strip()}", path)
    return _end(PUBLISHED, f"Released in {duration(monotonic() - start)}: {summary}", path)


def _release(target: Target) -> str:
    connection = _connect(start_if_embedded(target))
    if warning := check_server(connection):
        _note(warning)
    with closing(_connect(target)) as other:
        records.check_pooler(connection, other)
    return _begin(connection, target).carry_out()


def _ignore_signals() -> None:
    """Prevent an interruption while the outcome is recorded."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)


class Release:
    """One release: its steps, and its row in the table `releases`."""

    def __init__(self, connection: Connection, target: Target) -> None:
        """Record the start; raise Later when another one is running."""
        self.connection = connection
        self.schemas = connection.schemas
        self.target = target
        self.id = str(uuid.uuid4())
        self.age = ""  # what the last line says about the age of the source
        self.build_id: str | None = None  # set once everything was built and tested
        self.was_published = False
        commit = git_commit()
        self.environment = {
            **target.environment,
            "DISPATCH_APPLICATION": APPLICATION,
            "DISPATCH_RELEASE_ID": self.id,
            "DISPATCH_GIT_COMMIT": commit or "",
        }
        died = records.call(connection, "begin_release", self.id, commit)
        _note_healed(connection, died)
        _note(f"Release {self.id} of commit {commit or 'unknown'} on {target.where}")

    def carry_out(self) -> str:
        """Run the steps and return the summary; when they fail, `publications` decides whether it was published."""
        try:
            notes = contract.check(
                self.connection,
                ".venv/bin/python -m ops source status tells whether the live source still lands; docs/live-source.md"
                " has more.",
            )
            for note in notes:
                _note(f"Note: {note}")
            with frozen(self.connection):
                summary = self._run_steps()
            _ignore_signals()
        except BaseException as failure:
            _ignore_signals()
            if isinstance(failure, psycopg2.Error) and self.connection.closed:
                # The session in the row has ended: another release may be running already.
                failure = self._lost()
            outcome = "interrupted" if interrupted.is_set() else "failed"
            is_published = self._is_published()
            with suppress(Failure, psycopg2.Error):
                if is_published:
                    self._record(outcome="published")
                elif is_published is not None:  # otherwise the next release finds out
                    self._record(outcome=outcome, message=without_credentials(str(failure)).strip()[:2000])
            if not is_published:
                raise failure from None
            return f"build {self.build_id}{self.age}; but then: {str(failure).strip() or outcome}"
        return summary

    def _run_steps(self) -> str:
        self._check_freshness()
        self._build()
        self._publish()
        counts = self._count()
        self._record(outcome="published")
        page, *_ = report.write(self.connection, report.OUTPUT)
        _note(f"Report: {page}")
        unknown = inventory.sentence(inventory.unknown_to_the_build(self.connection))
        return f"{counts}{self.age}{'; ' * bool(unknown)}{unknown}; build {self.build_id}"

    def _check_freshness(self) -> None:
        """Report how old the newest source rows are; old ones are no error, because a frozen source is old, too."""
        results = dbt_target_folder() / "sources.json"
        results.unlink(missing_ok=True)
        _, progress = self._dbt("source", "freshness", "--target", "prod")
        found = json.loads(results.read_text(encoding="utf-8"))["results"] if results.exists() else []
        newest = max((each["max_loaded_at"] for each in found if each.get("max_loaded_at")), default="0001")
        if newest.startswith("0001"):  # what dbt reports for a source without a plausible date
            _note("\n".join([*progress.messages, "How old the source is, is not known."]))
            self.age = "; how old the source is, is not known"
            return
        self._record(newest_source_row_at=newest)
        days = (datetime.now(timezone.utc) - datetime.fromisoformat(newest.replace("Z", "+00:00"))).days
        _note(f"Newest source row: {newest[:16].replace('T', ' ')}")
        self.age = f"; the newest source row is {days} days old" if days > 1 else ""

    def _build(self) -> None:
        """Build and test the candidate; retry once when nodes ended in an error."""
        start = monotonic()
        landed = landing_state(self.connection)
        # Unit tests check the project and not the data; CI has run them.
        code, progress = self._dbt("build", "--target", "prod", "--exclude-resource-type", "unit_test")
        nodes, warnings = progress.done, progress.warnings
        # A failed test fails again; after a lost connection, a deadlock or a lock timeout a retry may succeed.
        if code and progress.statuses["error"] and not progress.statuses["fail"]:
            reason = next(iter(progress.messages), "dbt did not say why.")
            _note(f"{progress.statuses['error']} nodes ended in an error, trying them again: {reason}")
            self._record(was_retried=True)
            _connect(self.target).close()
            code, progress = self._dbt("retry")
        self._record(
            build_id=progress.invocation_id or None,
            build_seconds=round(monotonic() - start, 1),
            nodes=nodes,
            warnings=warnings,
        )
        if code:
            end = "The build failed; readers keep the version they had."
            # The release has a session, but those of dbt were refused.
            refused = records.failure(progress.messages)
            kind = Later if progress.messages and all(map(FULL.search, progress.messages)) else type(refused)
            moved = changed_landing(landed, landing_state(self.connection))
            raise kind("\n".join([str(refused), *_holders(self.connection), *moved, end]))
        _note(f"Built and tested: {progress.summary()}, {duration(monotonic() - start)}")
        self.build_id = progress.invocation_id

    def _publish(self) -> None:
        start = monotonic()
        arguments = ["run-operation", "publish", "--target", "prod", "--args", json.dumps({"build_id": self.build_id})]
        arguments.append("--no-write-json")  # the report reads what the build wrote
        # Not interrupted when the lock is lost: publish itself refuses a candidate of another build.
        code, progress = dbt.run(arguments, self.environment)
        if code:
            own = self.connection
            with suppress(psycopg2.Error):
                rows(own, "select 1")  # dbt may have noticed first that the server is gone
            if not self._is_published():
                raise self._lost() if own.closed else records.failure(progress.messages)
        self.was_published = True
        with suppress(psycopg2.Error):
            self._record(publish_seconds=round(monotonic() - start, 1))
        _note(f"Published: {duration(monotonic() - start)}")

    def _lost(self) -> Later:
        return Later(f"the connection to {self.target.where} was lost.")

    def _is_published(self) -> bool | None:
        """Return whether the publish was committed, which dbt may not have lived to report; None when unknown.

        The server may still execute what dbt sent; so dbt's sessions are ended first.
        """
        if self.was_published or self.build_id is None:
            return self.was_published
        with suppress(Failure, psycopg2.Error):
            self._reconnect()
            _end_sessions(self.connection)
            return records.call(self.connection, "was_published", self.build_id)[0][0]
        return None

    def _reconnect(self) -> None:
        if self.connection.closed:
            self.connection = connect(self.target)

    def _dbt(self, *arguments: str) -> tuple[int, dbt.Progress]:
        """Run dbt as long as the session in the row is alive."""
        return dbt.run(list(arguments), self.environment, lambda: rows(self.connection, "select 1"))

    def _count(self) -> str:
        (counts,) = rows(
            self.connection,
            "select sum(source_rows), sum(migrated_rows), sum(excluded_rows), sum(rejected_rows)"
            f" from {self.schemas.audit}.migration_ledger",
        )
        names = ("source_rows", "migrated_rows", "excluded_rows", "rejected_rows")
        self._record(**dict(zip(names, counts, strict=True)))
        return "{:,} rows = {:,} migrated + {:,} excluded + {:,} rejected".format(*map(int, counts))

    def _record(self, **facts: object) -> None:
        """Set columns of the row; with an outcome also its end."""
        if "outcome" in facts:
            facts["ended_at"] = datetime.now(timezone.utc)
        self._reconnect()
        columns = ", ".join(f"{column} = %s" for column in facts)
        self.connection.cursor().execute(
            f"update {self.schemas.release}.releases set {columns} where release_id = %s", (*facts.values(), self.id)
        )


def _connect(target: Target) -> Connection:
    """Connect; wait for a server that is starting."""
    deadline = monotonic() + WAIT_FOR_SERVER_SECONDS
    while True:
        try:
            return connect(target)
        except Unreachable as failure:
            if monotonic() > deadline:
                raise Later(str(failure)) from None
            sleep(1)


def _begin(connection: Connection, target: Target) -> Release:
    """Record that a release is running; raise Later when another one is, or while a copy fills the landing."""
    connection.cursor().execute(f"set lock_timeout = '{LOCK_TIMEOUT}'")
    records.prepare(connection)
    try:
        with console.status("Waiting for a copy that is filling the landing …"):
            return Release(connection, target)
    except psycopg2.errors.LockNotAvailable:
        copying = records.call(connection, "running_copy")[0][0] or "its session has just ended"
        raise Later(f"a copy of the live source has been filling the landing for {LOCK_TIMEOUT} ({copying}).") from None


def _note_healed(connection: Connection, died: list[tuple[Any, ...]]) -> None:
    """Name the releases that were killed, and end the sessions that still work for them."""
    for release_id, started_at, outcome in died:
        _note(
            f"Release {release_id}, begun {started_at:%Y-%m-%d %H:%M}, had died"
            + (" after it had published." if outcome == "published" else "; this one starts from scratch.")
        )
    if ended := _end_sessions(connection):
        _note(f"Ended {ended} sessions that it had left.")


def _end_sessions(connection: Connection) -> int:
    """End the sessions that dbt has left on the server; return their number."""
    ended = rows(
        connection,
        "select pg_terminate_backend(pid, 10000) from pg_stat_activity"
        " where application_name = %s and datname = current_database() and usename = current_user",
        (APPLICATION,),
    )
    return len(ended)


def landing_state(connection: Connection) -> dict[str, tuple[int, ...]]:
    """Return, for each table of the landing, its file and how many rows were ever inserted, updated and deleted."""
    found = rows(
        connection,
        "select relname, pg_relation_filenode(relid), n_tup_ins, n_tup_upd, n_tup_del from pg_stat_all_tables"
        " where schemaname = %s order by 1",
        (SCHEMA,),
    )
    return {table: tuple(state) for table, *state in found}


def changed_landing(before: dict[str, tuple[int, ...]], now: dict[str, tuple[int, ...]]) -> list[str]:
    """Say which tables of the landing were written to meanwhile, because tests fail when the source moves."""
    changed = [table for table in sorted(before.keys() | now.keys()) if before.get(table) != now.get(table)]
    if not changed:
        return []
    names = ", ".join(changed[:5]) + (f" and {len(changed) - 5} more" if len(changed) > 5 else "")
    return [
        f"The source moved: while this release was building, another program wrote to {names} in schema {SCHEMA}. Tests"
        " that compare the source with what was built fail then. Stop that program, or let the release read a copy or"
        " replication (docs/live-source.md), and release again."
    ]


def _holders(connection: Connection) -> list[str]:
    """Return a line per session that holds tables of the candidate: a transaction from before the last publish."""
    return [
        f"Session {process} of user {user} ({application}), in a transaction since {since}, still holds {tables}:"
        f" end it (select pg_terminate_backend({process})) and release again."
        for process, user, application, since, tables in rows(
            connection,
            # PostgreSQL hides application and time of other users' sessions from an ordinary user.
            "select pid, usename, coalesce(application_name, 'unknown application'),"
            " coalesce(to_char(xact_start, 'YYYY-MM-DD HH24:MI'), 'an unknown time'),"
            " string_agg(distinct relname, ', ' order by relname)"
            " from pg_stat_activity"
            " inner join pg_locks using (pid)"
            " inner join pg_class on pg_class.oid = relation and relkind = 'r'"
            " inner join pg_namespace on pg_namespace.oid = relnamespace"
            " where datname = current_database() and starts_with(nspname, %s)"
            " and usename is not null and application_name is distinct from %s"
            " group by pid, usename, application_name, xact_start",
            (connection.schemas.candidate, APPLICATION),
        )
    ]


def _log_file() -> Path:
    """Start the log file of this release."""
    close_folders()
    folder = log_folder() / "releases"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        # A name that no other release has, and readable by the owner alone.
        opened, name = tempfile.mkstemp(".log", f"{datetime.now(timezone.utc):%Y-%m-%dT%H%M%SZ}-", folder)
        os.close(opened)
        path = Path(name)
        handler = logging.FileHandler(path, encoding="utf-8")
    except OSError as error:
        raise Failure(
            f"The log of the release cannot be written to {folder} ({error.strerror}): make it a folder that you may"
            " write to, or set DBT_LOG_PATH to another one."
        ) from None
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    return path


def _note(text: str) -> None:
    say(text)
    log.info(without_credentials(text))


def _end(code: int, text: str, path: Path) -> int:
    log.info(without_credentials(text))
    (complain if code else say)(f"{text}\nThe log is {path}.")
    return code
