"""Faults of the server: killed, or out of disk."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from faults.harness import LARGE, Harness, Session, wait_until

WAL_SEGMENT = 16 * 2**20  # bytes; a smaller limit would stop the server's own log


def test_server_is_killed_during_load(harness: Harness) -> None:
    with harness.fault("kill -9 of the server and its sessions, `payments` loaded and not committed") as fault:
        fault.hold_at("ALTER TABLE", "dispatch_next_marts.payments")
        release = fault.release()
        fault.await_gate()
        harness.kill_server()
        fault.ended(release, 75, "connection", "lost")
        harness.server.start()
        fault.open_gate()
        fault.assert_nothing_is_left()
        fault.heal()


def test_server_is_dead(harness: Harness) -> None:
    with harness.fault(
        "kill -9 of the server before the release; only a release that owns the server starts it"
    ) as fault:
        harness.kill_server()
        release = fault.release(is_embedded=False)
        fault.ended(release, 75, "No PostgreSQL answers")
        fault.heal(is_server_there=False)


def test_server_is_killed_between_two_batches(harness: Harness) -> None:
    harness.publish_again_unless_there_is_a_previous_version()
    ledger = "notifications__loaded_batches"
    signatures = f"select batch_number, signature, cast(xmin as text) from {{}}.{ledger} order by 1"
    with harness.fault("kill -9 of the server in the fourth of five batches of notifications") as fault:
        before = fault.database.rows(signatures.format("dispatch_next_intermediate"))
        fault.hold_at_batch(f"dispatch_next_intermediate.{ledger}", 14)
        release = fault.release()
        fault.await_gate()
        harness.kill_server()
        fault.ended(release, 75, "connection", "lost")
        harness.server.start()
        fault.open_gate()
        fault.assert_nothing_is_left()
        loaded = set(fault.database.rows(signatures.format("dispatch_next_intermediate"))) - set(before)
        assert {batch for batch, _, _ in loaded} == {11, 12, 13}
        fault.heal()
        # The batches that were committed before were not loaded again.
        assert loaded <= set(fault.database.rows(signatures.format("dispatch_intermediate")))


def test_server_is_killed_in_the_middle_of_the_publish(harness: Harness) -> None:
    with harness.fault("kill -9 of the server in the publish, three schemas of seven exchanged") as fault:
        fault.hold_at("ALTER SCHEMA", "dispatch_marts")
        release = fault.release()
        fault.await_gate(can_read=False)
        harness.kill_server()
        fault.ended(release, 75, "connection", "lost")
        harness.server.start()
        fault.open_gate()
        fault.assert_nothing_is_left()
        fault.heal()


def test_server_is_killed_right_after_the_publish(harness: Harness) -> None:
    with harness.fault("kill -9 of the server right after the commit of the publish") as fault:
        count = "select count(*) from dispatch_release.publications"
        ((before,),) = fault.database.rows(count)
        fault.hold_at("ALTER SCHEMA", "dispatch_marts")
        release = fault.release()
        fault.await_gate(can_read=False)
        # So the release cannot write down that it has published before the server is gone.
        session = Session(fault.database)
        session.execute("begin; lock table dispatch_release.releases in share row exclusive mode")
        fault.open_gate()
        wait_until(lambda: fault.database.rows(count) == [(before + 1,)])
        harness.kill_server()
        session.close()
        fault.ended(release, 0, "Released")
        harness.server.start()
        fault.assert_nothing_is_left()
        fault.heal(is_published=True)


def test_disk_is_full(harness: Harness) -> None:
    with harness.fault("no file of the server can grow beyond 16 MB (ulimit -f), and a table needs 32", LARGE) as fault:
        harness.server.stop()
        with limited(resource.RLIMIT_FSIZE, WAL_SEGMENT):
            harness.server.start()
        release = fault.release()
        fault.ended(release, 1, "could not extend file")
        fault.assert_nothing_is_left()
        fault.assert_unchanged()
        harness.server.stop()
        harness.server.start()
        fault.heal()


@contextmanager
def limited(kind: int, limit: int) -> Iterator[None]:
    """Limit the resources of processes that start inside the block."""
    soft, hard = resource.getrlimit(kind)
    if hard not in (resource.RLIM_INFINITY,) and hard < limit:
        pytest.skip("this machine allows even less")
    resource.setrlimit(kind, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(kind, (soft, hard))
