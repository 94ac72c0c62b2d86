"""The live legacy database, replicated continuously.

Logical replication writes into the table with the same schema and name as at the source. Each landing table therefore
has a forwarding table: a partitioned table in the warehouse's schema `public`, whose only partition is the landing
table. So copy and replication fill the same tables, and the staging views work with both.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from time import monotonic, sleep
from typing import Any, NamedTuple

import psycopg2
from psycopg2 import sql

from ops.console import complain, console, duration, say
from ops.database.connection import Connection, Cursor, is_broken, rows, transaction
from ops.errors import Failure
from ops.release import records
from ops.source import contract, inventory, sequences
from ops.source.declared import SCHEMA
from ops.source.errors import sentence
from ops.source.landing import SUBSCRIPTION, check_landing, facts, mark, misfits, prepare
from ops.source.tables import SOURCE_SCHEMA, Table, connect_legacy, declared_tables, legacy_dsn, plan

FAILURES = 3  # failed attempts; a restart of the legacy server causes fewer
STALLED_SECONDS = 300  # without any progress
RETRY_SECONDS = 6  # PostgreSQL restarts a failed worker after five
SLOTS = 3  # one, and two more while tables are being copied
BY_HAND = "Paused by hand: python -m ops source resume."
# The catalogue contains the subscriptions of all databases.
OWN = (
    f"(select oid from pg_subscription where subname = '{SUBSCRIPTION}'"
    " and subdbid = (select oid from pg_database where datname = current_database()))"
)
LOG = "the log of the warehouse's server has the reason"
RESTRICTIONS = (
    "until python -m ops source stop, the legacy server refuses alter column … type on every published column, and drop"
    " column without cascade. Before such a migration of the application: stop; after it: replicate."
)


class Subscription(NamedTuple):
    """The replication into the landing."""

    oid: int
    is_enabled: bool
    is_paused_by_hand: bool
    slot: str  # at the legacy server; its publication has the same name


@contextmanager
def frozen(warehouse: Connection) -> Iterator[None]:
    """Pause replication, if there is any, while the block reads the landing in many statements.

    Replication first catches up with the legacy server, is paused between two transactions, and resumes after the
    block. If a killed release left it paused, it is resumed first; if it was paused by hand, it stays paused. Raises
    Failure when replication cannot catch up.
    """
    found = _subscription(warehouse)
    if found is None or found.is_paused_by_hand:
        yield
        return
    if not found.is_enabled:
        say("An interrupted command left replication paused: it resumes.")
        _enable(warehouse)
    with closing(connect_legacy()) as source:
        _check_changes(warehouse, source, found)
        _await_ready(warehouse)
        _catch_up(warehouse, source, found)
        try:
            _disable(warehouse)
            _check_changes(warehouse, source, found)  # a table may have left the publication since the first check
            with transaction(warehouse) as cursor:
                mark(cursor, how="replicating", not_landed=inventory.not_landed(source))
            yield
        finally:
            try:
                _enable(warehouse)
            except (psycopg2.OperationalError, psycopg2.InterfaceError):  # must not hide how the block ended
                complain("The connection was lost and replication is still paused: python -m ops source resume.")


def replicate(warehouse: Connection, source: Connection) -> int:
    """Set replication up if necessary, and wait until every table has been copied; return the number of tables.

    Raises Failure when that is impossible; a failure before the subscription exists leaves only the publication.
    """
    is_new = _subscription(warehouse) is None
    tables = plan(source, "replicate", warehouse.server_version, _unable_to_publish(source) if is_new else ())
    if is_new:
        with transaction(warehouse) as cursor:
            check_landing(cursor)
            _check_forwarding(cursor, tables)
        say(f"Note: {RESTRICTIONS}")
        name = _name(warehouse)
        _publish(source, name, tables)
        with console.status("Waiting for the transactions that run on the legacy server to end …"):
            _make_slot(source, name)
        try:
            _subscribe(warehouse, source, name, tables)
        except BaseException:
            _drop_slot(source, name)
            raise
    _await_ready(warehouse)
    _land_sequences(warehouse, source)
    return len(_states(warehouse))


def catch_up(warehouse: Connection, source: Connection) -> None:
    """Wait until everything committed at the legacy server has arrived; do nothing where replication is not running."""
    if (found := _subscription(warehouse)) and found.is_enabled:
        _await_ready(warehouse)
        _catch_up(warehouse, source, found)


def pause(warehouse: Connection) -> None:
    """Stop changing the landing until `resume`; raise Failure without replication, or when tables cannot be copied."""
    _require(warehouse)
    _await_ready(warehouse)
    _run(warehouse, sql.SQL("comment on subscription {} is {}"), SUBSCRIPTION, sql.Literal(BY_HAND))
    _disable(warehouse)


def resume(warehouse: Connection) -> None:
    """Resume replication; raise Failure without one, or while a release or a copy is running."""
    _require(warehouse)
    with transaction(warehouse):
        records.keep_out(warehouse)
        _enable(warehouse)


def stop(warehouse: Connection) -> str | None:
    """Remove subscription, slot and publication; return what remains to be done if the legacy server prevents it."""
    found = _subscription(warehouse)
    name = found.slot if found else _name(warehouse)
    if found:
        _disable(warehouse)
        with transaction(warehouse) as cursor:
            # Without its slot the subscription can be dropped even if the legacy server does not answer.
            for statement in ("alter subscription {} set (slot_name = none)", "drop subscription {}"):
                cursor.execute(sql.SQL(statement).format(sql.Identifier(SUBSCRIPTION)))
            cursor.execute(
                "select forwarding.relname from pg_inherits"
                " inner join pg_class as forwarding on forwarding.oid = inhparent and forwarding.relkind = 'p'"
                " inner join pg_class as landing on landing.oid = inhrelid"
                " where forwarding.relnamespace = to_regnamespace(%s) and landing.relnamespace = to_regnamespace(%s)",
                (SOURCE_SCHEMA, SCHEMA),
            )
            for (table,) in cursor.fetchall():
                forwarding, landing = sql.Identifier(SOURCE_SCHEMA, table), sql.Identifier(SCHEMA, table)
                cursor.execute(sql.SQL("alter table {} detach partition {}").format(forwarding, landing))
                cursor.execute(sql.SQL("drop table {}").format(forwarding))
            cursor.execute("select now()")
            others = facts(warehouse).get("not_landed", [])
            mark(cursor, how="replicated", until=cursor.fetchone()[0], not_landed=others)
    drop_slots = sql.SQL(
        "select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = {} or slot_name like {}"
    ).format(sql.Literal(name), sql.Literal(rf"pg\_{found.oid if found else 0}\_sync\_%"))
    drop_publication = sql.SQL("drop publication if exists {}").format(sql.Identifier(name))
    try:
        with closing(connect_legacy()) as source:
            _retry_while_active(lambda: source.cursor().execute(drop_slots))
            try:
                source.cursor().execute(drop_publication)
            except psycopg2.errors.InsufficientPrivilege:
                say(f"Publication {name} belongs to another user and is kept for the next time.")
    except (Failure, psycopg2.Error) as error:
        reason = str(error) if isinstance(error, Failure) else sentence(error)
        return (
            f"{reason}\nThe legacy server keeps its log for this warehouse without limit: run this command again once "
            f"it can be reached, or run there:\n"
            f"  {drop_slots.as_string(warehouse)};\n  {drop_publication.as_string(warehouse)};"
        )
    return None


def status(warehouse: Connection) -> tuple[list[str], list[str]]:
    """Return lines that describe the landing, and its problems."""
    found = _subscription(warehouse)
    if found is None:
        known = facts(warehouse)
        if not known:
            return [f"Nothing has landed in schema {SCHEMA}, and nothing replicates into it."], []
        if known["how"] == "copied":
            return [f"A copy of {known['tables']} tables with {known['rows']:,} rows, taken at {known['at']}."], []
        return [f"Replicated until {known['until']}."], []
    states = _states(warehouse)
    waiting = [table for table, state in states.items() if state != "r"]
    lines = [
        f"Replication into schema {SCHEMA} is "
        + ("on." if found.is_enabled else "paused by hand." if found.is_paused_by_hand else "paused by a release.")
    ]
    lines.append(f"{len(states) - len(waiting)} of {len(states)} tables have been copied.")
    if waiting:
        lines.append(f"Still being copied: {', '.join(waiting)}.")
    lines.append(f"Note: {RESTRICTIONS}")
    problems = []
    try:
        source = connect_legacy()
    except Failure as failure:
        return lines, [str(failure)]
    with closing(source):
        problems = _changes(warehouse, source, found)
        slot = rows(
            source,
            """
            select
                pg_wal_lsn_diff(pg_current_wal_lsn(), confirmed_flush_lsn),
                pg_size_pretty(pg_wal_lsn_diff(pg_current_wal_lsn(), confirmed_flush_lsn)),
                pg_size_pretty(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)),
                wal_status
            from pg_replication_slots
            where slot_name = %s
            """,
            (found.slot,),
        )
        if not slot or slot[0][3] == "lost":
            problems.append(
                f"Slot {found.slot} of the legacy server is {'lost' if slot else 'missing'}, and changes since then "
                "cannot arrive: python -m ops source stop and replicate."
            )
            return lines, problems
        behind, shown, kept, _ = slot[0]
        lines.append(
            ("Up to date" if not behind else f"{shown} of the legacy server's log have not arrived")
            + f"; the legacy server keeps {kept} of log for it."
        )
    if found.is_enabled and (behind or waiting) and (errors := _errors(warehouse)):
        with console.status("Checking whether errors continue …"):
            sleep(RETRY_SECONDS)
        if _errors(warehouse) > errors:
            problems.append(
                f"Replication fails and tries again every five seconds: {LOG}. If the cause cannot be removed there, "
                "python -m ops source stop and replicate."
            )
    return lines, problems


def _changes(warehouse: Connection, source: Connection, found: Subscription) -> list[str]:
    """Return changes at the legacy server that keep some or all of its data from arriving."""
    problems = contract.examine(source, SOURCE_SCHEMA, "replicate", warehouse.server_version).problems
    tables = declared_tables(source)
    if not problems:
        with warehouse.cursor() as cursor:
            problems = [f"{problem}." for problem in misfits(cursor, tables)]
    if problems:
        return [
            *(f"The legacy database has changed: {problem}" for problem in problems),
            "Replication stops at such a change, or continues without the table. Undo it there, or declare it in "
            "models/staging/*/*sources*.yml and adapt the staging models; then "
            "python -m ops source stop and replicate.",
        ]
    if unpublished := _unpublished(source, found.slot, tables):
        return [
            f"Publication {found.slot} does not contain {', '.join(unpublished)} as declared, and some changes do not "
            "arrive: python -m ops source stop and replicate."
        ]
    return []


def _check_changes(warehouse: Connection, source: Connection, found: Subscription) -> None:
    if problems := _changes(warehouse, source, found):
        raise Failure("\n".join(problems))


def _subscription(warehouse: Connection) -> Subscription | None:
    found = rows(
        warehouse,
        "select oid, subenabled, not subenabled and obj_description(oid, 'pg_subscription') is not distinct from %s,"
        f" subslotname from pg_subscription where oid = {OWN}",
        (BY_HAND,),
    )
    return Subscription(*found[0]) if found else None


def _require(warehouse: Connection) -> None:
    if _subscription(warehouse) is None:
        raise Failure(f"Nothing replicates into schema {SCHEMA}: python -m ops source replicate starts it.")


def _name(warehouse: Connection) -> str:
    """Return a name for slot and publication that is unique to this warehouse: a legacy server may have several."""
    return rows(
        warehouse,
        "select format('dispatch_%s_%s', system_identifier, oid) from pg_control_system(), pg_database"
        " where datname = current_database()",
    )[0][0]


def _states(warehouse: Connection) -> dict[str, str]:
    """Return the state of every table: r for ready, anything else during its first copy."""
    return dict(
        rows(
            warehouse,
            "select relname, srsubstate from pg_subscription_rel inner join pg_class on pg_class.oid = srrelid"
            f" where srsubid = {OWN} order by relname",
        )
    )


def _errors(warehouse: Connection) -> int:
    return rows(
        warehouse,
        "select coalesce(sum(apply_error_count + sync_error_count), 0) from pg_stat_subscription_stats"
        f" where subid = {OWN}",
    )[0][0]


def _unable_to_publish(source: Connection) -> list[str]:
    """Return all reasons why the legacy server cannot publish, whatever its tables; raise Failure when it never can."""
    if source.server_version < 150000:
        raise Failure(
            f"The legacy server is PostgreSQL {source.server_version // 10000} and publishes single columns from 15 on "
            "only: python -m ops source copy works with it."
        )
    (level, free), *_ = rows(
        source,
        "select current_setting('wal_level'), cast(current_setting('max_replication_slots') as integer)"
        " - (select count(*) from pg_replication_slots)",
    )
    problems = []
    if level != "logical":
        problems.append(f"The legacy server: wal_level is {level}. Set it to logical and restart the server.")
    if free < SLOTS:
        problems.append(
            f"The legacy server: {free} replication slots are free and {SLOTS} are needed. Raise max_replication_slots."
        )
    return problems


def _unpublished(source: Connection, name: str, tables: Sequence[Table]) -> list[str]:
    """Return the tables that the publication does not contain with exactly the columns that may land."""
    published = {
        table: set(columns)
        for table, columns in rows(
            source,
            "select tablename, cast(attnames as text[]) from pg_publication_tables"
            " where pubname = %s and schemaname = %s and rowfilter is null",
            (name, SOURCE_SCHEMA),
        )
    }
    return [table.name for table in tables if published.get(table.name) != set(table.columns)]


def _publish(source: Connection, name: str, tables: Sequence[Table]) -> None:
    if not _unpublished(source, name, tables):
        return
    exists = rows(source, "select 1 from pg_publication where pubname = %s", (name,))
    # Changes of partitions are published as those of their table.
    statement = sql.SQL(
        "alter publication {0} set (publish_via_partition_root = true); alter publication {0} set {1}"
        if exists
        else "create publication {0} for {1} with (publish_via_partition_root = true)"
    ).format(
        sql.Identifier(name),
        sql.SQL(", ").join(sql.SQL("table {} ({})").format(table.source, table.names) for table in tables),
    )
    try:
        source.cursor().execute(statement)
    except psycopg2.errors.InsufficientPrivilege:
        raise Failure(
            f"User {source.info.user} may not publish at the legacy server. Let the owner of its tables run this there "
            f"and try again:\n{statement.as_string(source)};"
        ) from None


def _make_slot(source: Connection, name: str) -> None:
    _drop_slot(source, name)  # of a `replicate` that was killed
    try:
        rows(source, "select pg_create_logical_replication_slot(%s, 'pgoutput')", (name,))
    except psycopg2.Error as error:
        if is_broken(error):
            raise
        raise Failure(f"The legacy server did not create a replication slot: {sentence(error)}") from None


def _drop_slot(source: Connection, name: str) -> None:
    _retry_while_active(
        lambda: source.cursor().execute(
            "select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = %s", (name,)
        )
    )


def _retry_while_active(drop: Callable[[], None]) -> None:
    """Drop a slot; its sender keeps running for a moment after the receiver has gone."""
    deadline = monotonic() + 30
    while True:
        try:
            return drop()
        except psycopg2.errors.ObjectInUse:
            if monotonic() > deadline:
                raise
            sleep(0.2)


def _check_forwarding(cursor: Cursor, tables: Sequence[Table]) -> None:
    """Raise Failure when the warehouse has a table where replication arrives: it is in no way the forwarding table."""
    cursor.execute(
        "select string_agg(relname, ', ' order by relname) from pg_class"
        " where relnamespace = to_regnamespace(%s) and relname = any(%s)",
        (SOURCE_SCHEMA, [table.name for table in tables]),
    )
    if (found := cursor.fetchone()[0]) is not None:
        raise Failure(
            f"Schema {SOURCE_SCHEMA} of the warehouse, where replication arrives, contains {found}: drop them, or use"
            " another database for the warehouse."
        )


def _subscribe(warehouse: Connection, source: Connection, name: str, tables: Sequence[Table]) -> None:
    try:
        with transaction(warehouse) as cursor:
            # The statement contains the connection string; a superuser can keep it out of the server's log.
            cursor.execute(
                "select set_config(name, value, true) from (values ('log_statement', 'none'),"
                " ('log_min_error_statement', 'panic'), ('log_min_duration_statement', '-1')) as quiet (name, value)"
                " where (select rolsuper from pg_roles where rolname = current_user)"
            )
            prepare(cursor, tables)
            cursor.execute(sql.SQL("create schema if not exists {}").format(sql.Identifier(SOURCE_SCHEMA)))
            for table in tables:
                cursor.execute(
                    sql.SQL("create table {} (like {}, primary key ({})) partition by range ({})").format(
                        table.source,
                        table.landing,
                        sql.SQL(", ").join(map(sql.Identifier, table.key)),
                        sql.Identifier(table.key[0]),
                    )
                )
                cursor.execute(
                    sql.SQL("alter table {} attach partition {} default").format(table.source, table.landing)
                )
            own = sql.Identifier(name)
            cursor.execute(
                sql.SQL(
                    "create subscription {} connection {} publication {} with (slot_name = {}, create_slot = false)"
                ).format(sql.Identifier(SUBSCRIPTION), sql.Literal(legacy_dsn()), own, own)
            )
            mark(cursor, how="replicating", not_landed=inventory.not_landed(source))
    except psycopg2.Error as error:
        if is_broken(error):
            raise
        raise Failure(f"The warehouse cannot subscribe: {sentence(error)}") from None


def _run(connection: Connection, statement: sql.SQL, name: str, *arguments: sql.Composable) -> None:
    connection.cursor().execute(statement.format(sql.Identifier(name), *arguments))


def _enable(warehouse: Connection) -> None:
    _run(warehouse, sql.SQL("comment on subscription {} is null"), SUBSCRIPTION)
    _run(warehouse, sql.SQL("alter subscription {} enable"), SUBSCRIPTION)


def _disable(warehouse: Connection) -> None:
    """Stop applying at the end of a transaction, and wait until no worker is left."""
    _run(warehouse, sql.SQL("alter subscription {} disable"), SUBSCRIPTION)

    def look() -> tuple[bool, Any, str]:
        workers = rows(
            warehouse,
            "select pid, received_lsn, last_msg_receipt_time from pg_stat_subscription"
            f" where subid = {OWN} and pid is not null order by pid",
        )
        return not workers, workers, "waiting for the end of a transaction"

    _watch(warehouse, look)


def _await_ready(warehouse: Connection) -> None:
    """Wait until every table has been copied."""

    def look() -> tuple[bool, Any, str]:
        states = _states(warehouse)
        copied = rows(
            warehouse,
            "select cast(cast(relid as regclass) as text), tuples_processed from pg_stat_progress_copy"
            " where datname = current_database() order by 1",
        )
        waiting = [table for table, state in states.items() if state != "r"]
        moving = "".join(f", {table} {count:,} rows" for table, count in copied)
        done = len(states) - len(waiting)
        return not waiting, (states, copied), f"{done} of {len(states)} tables have been copied{moving}"

    _watch(warehouse, look)


def _catch_up(warehouse: Connection, source: Connection, found: Subscription) -> None:
    """Wait until everything that is committed at the legacy server at this moment has arrived; fetch the sequences."""
    ((goal,),) = rows(source, "select pg_current_wal_lsn()")

    def look() -> tuple[bool, Any, str]:
        slot = rows(
            source,
            "select confirmed_flush_lsn >= cast(%s as pg_lsn), confirmed_flush_lsn,"
            " pg_size_pretty(pg_wal_lsn_diff(%s, confirmed_flush_lsn)) from pg_replication_slots where slot_name = %s",
            (goal, goal, found.slot),
        )
        received = rows(
            warehouse, f"select received_lsn, last_msg_receipt_time from pg_stat_subscription where subid = {OWN}"
        )
        (done, confirmed, behind), *_ = slot or [(False, None, "all")]
        return done, (confirmed, received), f"{behind} of the legacy server's log to come"

    _watch(warehouse, look)
    _land_sequences(warehouse, source)


def _land_sequences(warehouse: Connection, source: Connection) -> None:
    with transaction(warehouse) as into, source.cursor() as out:
        sequences.land(out, into, SOURCE_SCHEMA)


def _watch(warehouse: Connection, look: Callable[[], tuple[bool, Any, str]]) -> None:
    """Wait until `look`, which returns (is done, state, description), is done.

    Raises Failure when replication fails repeatedly, or the state has not changed for too long.
    """
    before, changed, told, errors = None, monotonic(), monotonic(), _errors(warehouse)
    with console.status("Replication …") as spinner:
        while True:
            done, state, text = look()
            if done:
                return
            now = monotonic()
            if state != before:
                before, changed = state, now
            if _errors(warehouse) >= errors + FAILURES:
                raise Failure(f"Replication fails and tries again every five seconds ({text}): {LOG}.")
            if now - changed > STALLED_SECONDS:
                raise Failure(
                    f"Replication has not moved for {duration(STALLED_SECONDS)} ({text}): python -m ops source status "
                    f"may show why; {LOG}."
                )
            spinner.update(f"Replication: {text}")
            if not console.is_terminal and now - told > 10:
                say(f"Replication: {text}")
                told = now
            sleep(0.2)
