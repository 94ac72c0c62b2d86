"""The production run: source freshness, build beside what is being read, test, publish, report. One at a time.

Whatever happens before the publish, readers go on with yesterday's version; the next release starts over by itself.
"""

import json
import logging
import os
import signal
import subprocess
import tempfile
import uuid
from contextlib import closing, suppress
from datetime import datetime, timezone
from pathlib import Path
from time import monotonic, sleep

import psycopg2
from psycopg2.extensions import connection as Connection

from ops import demo, legacy, report
from ops.console import complain, console, duration, say
from ops.database.connection import FULL, Target, check_server, connect, interrupt, interrupted, rows, transaction
from ops.dbt import run as build
from ops.errors import Failure, Unreachable
from ops.project import ROOT, close_folders
from ops.release import records as releases
from ops.source import replication as source

PUBLISHED, FAILED, LATER = 0, 1, 75
WAIT_FOR_SERVER_SECONDS = 60
APPLICATION = "dispatch release"  # what the sessions of dbt call themselves
LOCK_TIMEOUT = "10min"

log = logging.getLogger("dispatch.release")


class Later(Failure):
    """Nothing is wrong with the project or the data: the same command may succeed in a while (exit code 75)."""


def run(target: Target) -> int:
    """Release, print one line at the end, and return the exit code: 0 published, 1 failed, 75 try again later."""
    path = _log_file()
    signal.signal(signal.SIGTERM, interrupt)  # systemd's way to say Ctrl-C
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
        return _end(FAILED, f"Not released: {str(failure).strip()}", path)
    return _end(PUBLISHED, f"Released in {duration(monotonic() - start)}: {summary}", path)


def _release(target: Target) -> str:
    if target.is_embedded:
        demo.start_server()
    connection = _connect(target)
    if warning := check_server(connection):
        _note(warning)
    with closing(_connect(target)) as other:
        releases.check_pooler(connection, other)
    return _begin(connection, target).carry_out()


def _ignore_signals() -> None:
    """Let nothing interrupt what is written down at the end."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)


class Release:
    """One release: its row in dispatch_release.releases, and the steps."""

    def __init__(self, connection: Connection, target: Target) -> None:
        """Write down that it has begun."""
        self.connection = connection
        self.target = target
        self.id = str(uuid.uuid4())
        self.age = ""  # what is to be said of the age of the source
        self.build_id: str | None = None  # once everything was built and tested
        self.was_published = False
        commit = git_commit()
        self.environment = {
            **target.environment,
            "DBT_PROFILES_DIR": os.environ.get("DBT_PROFILES_DIR") or str(ROOT),
            "DISPATCH_APPLICATION": APPLICATION,
            "DISPATCH_RELEASE_ID": self.id,
            "DISPATCH_GIT_COMMIT": commit or "",
        }
        connection.cursor().execute(
            "insert into dispatch_release.releases (release_id, git_commit, backend_process, backend_started_at)"
            " select %s, %s, pid, backend_start from pg_stat_activity where pid = pg_backend_pid()",
            (self.id, commit),
        )
        _note(f"Release {self.id} of commit {commit or 'unknown'} on {target.where}")

    def carry_out(self) -> str:
        """Go through the steps and return the summary; however they end, `publications` tells the outcome."""
        try:
            _check_legacy(self.connection)
            with source.frozen(self.connection):
                summary = self._go()
            _ignore_signals()
        except BaseException as failure:
            _ignore_signals()
            if isinstance(failure, psycopg2.Error) and self.connection.closed:
                # The session that the row names is gone: another release may be running already.
                failure = Later(f"the connection to {self.target.where} was lost.")
            outcome = "interrupted" if interrupted.is_set() else "failed"
            is_published = self._is_published()
            with suppress(Failure, psycopg2.Error):
                if is_published:
                    self._record(outcome="published")
                elif is_published is not None:  # else the next release finds it out
                    self._record(outcome=outcome, message=str(failure).strip()[:2000])
            if not is_published:
                raise failure from None
            return f"build {self.build_id}{self.age}; but then: {str(failure).strip() or outcome}"
        return summary

    def _go(self) -> str:
        self._check_freshness()
        self._build()
        self._publish()
        counts = self._count()
        self._record(outcome="published")
        page, *_ = report.write(self.connection, report.OUTPUT)
        _note(f"Report: {page}")
        return f"{counts}{self.age}; build {self.build_id}"

    def _check_freshness(self) -> None:
        """Ask how old the newest source rows are; old ones are told, and stop nothing: a frozen source is old, too."""
        results = Path(os.environ.get("DBT_TARGET_PATH") or ROOT / "target") / "sources.json"
        results.unlink(missing_ok=True)
        _, progress = self._dbt("source", "freshness", "--target", "prod")
        found = json.loads(results.read_text(encoding="utf-8"))["results"] if results.exists() else []
        newest = max((each["max_loaded_at"] for each in found if each.get("max_loaded_at")), default="0001")
        if newest.startswith("0001"):  # dbt's word for a source without a plausible date
            _note("\n".join([*progress.messages, "How old the source is, is not known."]))
            self.age = "; how old the source is, is not known"
            return
        self._record(newest_source_row_at=newest)
        days = (datetime.now(timezone.utc) - datetime.fromisoformat(newest.replace("Z", "+00:00"))).days
        _note(f"Newest source row: {newest[:16].replace('T', ' ')}")
        self.age = f"; the newest source row is {days} days old" if days > 1 else ""

    def _build(self) -> None:
        """Build and test the candidate, trying once more what failed for a reason that may have gone."""
        start = monotonic()
        # Unit tests ask the project, not the data; they have passed before it got here.
        code, progress = self._dbt("build", "--target", "prod", "--exclude-resource-type", "unit_test")
        nodes, warnings = progress.done, progress.warnings
        # A failed test fails again; a lost connection, a deadlock or a lock held for too long need not.
        if code and progress.statuses["error"] and not progress.statuses["fail"]:
            reason = next(iter(progress.messages), "dbt did not say why.")
            _note(f"{progress.statuses['error']} nodes ended in an error, trying them once more: {reason}")
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
            # What the release's own session could have, those of dbt had not.
            kind = Later if progress.messages and all(map(FULL.search, progress.messages)) else Failure
            raise kind("\n".join([*progress.messages, *_holders(self.connection), end]))
        _note(f"Built and tested: {progress.summary()}, {duration(monotonic() - start)}")
        self.build_id = progress.invocation_id

    def _publish(self) -> None:
        start = monotonic()
        arguments = ["run-operation", "publish", "--target", "prod", "--args", json.dumps({"build_id": self.build_id})]
        arguments.append("--no-write-json")  # the report reads what the build wrote
        # Not cut short when the lock is lost: publish itself refuses a candidate that has become another build's.
        code, progress = build.run(arguments, self.environment)
        if code and not self._is_published():
            raise Failure("\n".join(progress.messages))
        self.was_published = True
        with suppress(psycopg2.Error):
            self._record(publish_seconds=round(monotonic() - start, 1))
        _note(f"Published: {duration(monotonic() - start)}")

    def _is_published(self) -> bool | None:
        """Ask whether the publish was committed though dbt did not live to hear of it; None when nobody answers.

        The server goes on for a moment with what it was sent.
        """
        if self.was_published or self.build_id is None:
            return self.was_published
        published = "select exists (select 1 from dispatch_release.publications where live_build_id = %s)"
        with suppress(Failure, psycopg2.Error):
            self._reconnect()
            _end_sessions(self.connection)
            return rows(self.connection, published, (self.build_id,))[0][0]
        return None

    def _reconnect(self) -> None:
        if self.connection.closed:
            self.connection = connect(self.target)

    def _dbt(self, *arguments: str) -> tuple[int, build.Progress]:
        """Run dbt for as long as the session that the row names is there."""
        return build.run(list(arguments), self.environment, lambda: rows(self.connection, "select 1"))

    def _count(self) -> str:
        (counts,) = rows(
            self.connection,
            "select sum(source_rows), sum(migrated_rows), sum(excluded_rows), sum(rejected_rows)"
            " from dispatch_audit.migration_ledger",
        )
        names = ("source_rows", "migrated_rows", "excluded_rows", "rejected_rows")
        self._record(**dict(zip(names, counts, strict=True)))
        return "{:,} rows = {:,} migrated + {:,} excluded + {:,} rejected".format(*map(int, counts))

    def _record(self, **facts: object) -> None:
        """Fill in columns of the row; an outcome ends it."""
        if "outcome" in facts:
            facts["ended_at"] = datetime.now(timezone.utc)
        self._reconnect()
        columns = ", ".join(f"{column} = %s" for column in facts)
        self.connection.cursor().execute(
            f"update dispatch_release.releases set {columns} where release_id = %s", (*facts.values(), self.id)
        )


def _connect(target: Target) -> Connection:
    """Connect, waiting a while for a server that is just starting."""
    deadline = monotonic() + WAIT_FOR_SERVER_SECONDS
    while True:
        try:
            return connect(target)
        except Unreachable as failure:
            if monotonic() > deadline:
                raise Later(str(failure)) from None
            sleep(1)


def _check_legacy(connection: Connection) -> None:
    """Raise Failure when a legacy table that dbt reads is missing."""
    if missing := legacy.missing_tables(connection):
        raise Failure(
            f"Schema {legacy.SCHEMA} lacks {', '.join(missing)}: .venv/bin/python -m ops source status tells"
            " whether the live source still lands; docs/live-source.md has more."
        )


def _begin(connection: Connection, target: Target) -> Release:
    """Write down that a release is running; raise Later when another one is, or while a copy fills the landing."""
    connection.cursor().execute(f"set lock_timeout = '{LOCK_TIMEOUT}'")
    try:
        releases.prepare(connection)
        with console.status("Waiting for a copy that is filling the landing …"), transaction(connection) as cursor:
            if running := releases.begin(cursor):
                raise Later(f"another release is running ({running}).")
            releases.check_not_handed_over(connection)
            _heal(connection)
            return Release(connection, target)
    except psycopg2.errors.LockNotAvailable:
        copying = releases.copying(connection)
        raise Later(f"a copy of the live source has been filling the landing for {LOCK_TIMEOUT} ({copying}).") from None


def _heal(connection: Connection) -> None:
    """Close what an earlier release left behind when it was killed: its row, and sessions that still work for it."""
    published = "false"
    if rows(connection, "select to_regclass('dispatch_release.publications')")[0][0]:
        published = "build_id in (select live_build_id from dispatch_release.publications)"
    for release_id, started_at, outcome in rows(
        connection,
        f"update dispatch_release.releases set outcome = case when {published} then 'published' else 'died' end,"
        " ended_at = clock_timestamp() where outcome = 'running' returning release_id, started_at, outcome",
    ):
        _note(
            f"Release {release_id}, begun {started_at:%Y-%m-%d %H:%M}, had died"
            + (" after it had published." if outcome == "published" else "; this one starts over.")
        )
    if ended := _end_sessions(connection):
        _note(f"Ended {ended} sessions that were left of it.")


def _end_sessions(connection: Connection) -> int:
    """End what dbt has left running on the server, and return how many sessions there were."""
    ended = rows(
        connection,
        "select pg_terminate_backend(pid, 10000) from pg_stat_activity"
        " where application_name = %s and datname = current_database() and usename = current_user",
        (APPLICATION,),
    )
    return len(ended)


def _holders(connection: Connection) -> list[str]:
    """Name the sessions that hold tables which a build replaces: transactions from before the last publish."""
    return [
        f"Session {process} of user {user} ({application}), in a transaction since {since}, still holds {tables}:"
        f" end it (select pg_terminate_backend({process})) and release again."
        for process, user, application, since, tables in rows(
            connection,
            # Of other users' sessions a plain user is not told the application and the time.
            "select pid, usename, coalesce(application_name, 'unknown application'),"
            " coalesce(to_char(xact_start, 'YYYY-MM-DD HH24:MI'), 'an unknown time'),"
            " string_agg(distinct relname, ', ' order by relname)"
            " from pg_stat_activity"
            " inner join pg_locks using (pid)"
            " inner join pg_class on pg_class.oid = relation and relkind = 'r'"
            " inner join pg_namespace on pg_namespace.oid = relnamespace"
            r" where datname = current_database() and nspname like 'dispatch\_next\_%%'"
            " and usename is not null and application_name is distinct from %s"
            " group by pid, usename, application_name, xact_start",
            (APPLICATION,),
        )
    ]


def git_commit() -> str | None:
    """Return the commit of the working tree, marked when files differ from it; None outside a repository."""
    with suppress(OSError):
        described = ["git", "-C", str(ROOT), "describe", "--always", "--abbrev=40", "--exclude=*", "--dirty"]
        done = subprocess.run(described, capture_output=True, encoding="utf-8", check=False)
        return done.stdout.strip() or None
    return None


def _log_file() -> Path:
    """Start the log file of this release."""
    close_folders()
    folder = Path(os.environ.get("DBT_LOG_PATH") or ROOT / "logs") / "releases"
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
    log.info(text)


def _end(code: int, text: str, path: Path) -> int:
    log.info(text)
    (complain if code else say)(f"{text}\nThe log is {path}.")
    return code
