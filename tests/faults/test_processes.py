"""Faults of the processes that release, and of their connections."""

import signal
import time
from contextlib import suppress

import psutil

from faults.harness import Harness, kill, wait_until
from ops.dbt.run import SHUTDOWN_SECONDS

# A process that a shell starts in the background ignores Ctrl-C, and so do its children.
IN_THE_BACKGROUND = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)"
RUNNING = "select backend_process from dispatch_release.releases where outcome = 'running'"


def test_dbt_is_killed(harness: Harness) -> None:
    with harness.fault("kill -9 of dbt, `payments` loaded and not committed") as fault:
        fault.hold_at("ALTER TABLE", "dispatch_next_marts.payments")
        release = fault.release()
        fault.await_gate()
        kill(release.dbt())
        fault.ended(release, 1, "SIGKILL", "readers keep the version they had")
        fault.assert_nothing_is_left()
        fault.open_gate()
        assert fault.recorded()[0] == "failed"
        fault.heal()


def test_release_is_killed_and_its_sessions_end_by_themselves(harness: Harness) -> None:
    with harness.fault(
        "kill -9 of `python -m ops release`, which leaves dbt an orphan; the next one comes later"
    ) as fault:
        fault.hold_at("ALTER TABLE", "dispatch_next_marts.payments")
        release = fault.release()
        fault.await_gate()
        dbt = release.dbt()
        kill(release.process)
        dbt.wait(60)
        fault.assert_nothing_is_left()
        fault.open_gate()
        fault.outcome = "killed"
        fault.heal()


def test_release_is_killed_and_the_next_one_comes_at_once(harness: Harness) -> None:
    with harness.fault("kill -9 of `python -m ops release`; the next one begins at once") as fault:
        fault.hold_at("ALTER TABLE", "dispatch_next_marts.storages")
        release = fault.release()
        fault.await_gate()
        dbt = release.dbt()
        kill(release.process)
        fault.outcome = "killed"
        fault.heal(meanwhile=fault.open_gate)
        assert not dbt.is_running()


def test_release_is_stopped(harness: Harness) -> None:
    with harness.fault("SIGTERM to `python -m ops release` alone, `payments` loaded and not committed") as fault:
        fault.hold_at("ALTER TABLE", "dispatch_next_marts.payments")
        release = fault.release(IN_THE_BACKGROUND)
        fault.await_gate()
        dbt = release.dbt()
        start = time.monotonic()
        release.process.send_signal(signal.SIGTERM)
        fault.ended(release, 130, "interrupted")
        assert time.monotonic() - start < SHUTDOWN_SECONDS / 2
        assert not dbt.is_running()
        fault.assert_nothing_is_left()
        fault.open_gate()
        assert fault.recorded()[0] == "interrupted"
        fault.heal()


def test_release_is_stopped_right_after_the_publish(harness: Harness) -> None:
    with harness.fault("SIGTERM to `python -m ops release` right after the commit of the publish") as fault:
        count = "select count(*) from dispatch_release.publications"
        ((before,),) = fault.database.rows(count)
        fault.hold_at("ALTER SCHEMA", "dispatch_marts")
        release = fault.release()
        fault.await_gate(can_read=False)
        fault.open_gate()
        wait_until(lambda: fault.database.rows(count) == [(before + 1,)])
        release.process.send_signal(signal.SIGTERM)
        fault.ended(release, 0, "Released")
        assert fault.recorded()[0] == "published"
        fault.healed_by_itself()


def test_connections_of_dbt_are_lost(harness: Harness) -> None:
    with harness.fault("every connection of dbt is cut in the middle of a model (pg_terminate_backend)") as fault:
        fault.hold_at("ALTER TABLE", "dispatch_next_marts.payments")
        release = fault.release()
        process = fault.await_gate()
        ended = fault.database.rows(
            "select pid, pg_terminate_backend(pid) from pg_stat_activity where application_name = 'dispatch release'"
        )
        assert process in [pid for pid, _ in ended]
        fault.open_gate()
        fault.ended(release, 0, "Released")
        assert fault.recorded() == ("published", None, True)
        fault.healed_by_itself()


def test_connection_that_holds_the_lock_is_lost(harness: Harness) -> None:
    with harness.fault("the connection of the release itself is cut in the middle of the build") as fault:
        fault.hold_at("ALTER TABLE", "dispatch_next_marts.payments")
        release = fault.release()
        fault.await_gate()
        ((process,),) = fault.database.rows(RUNNING)
        assert fault.database.rows(f"select pg_terminate_backend({process}, 10000)") == [(True,)]
        fault.open_gate()
        fault.ended(release, 75, "connection", "lost")
        fault.assert_nothing_is_left()
        fault.heal()


def test_connection_that_holds_the_lock_is_lost_and_the_next_release_begins(harness: Harness) -> None:
    """The first release notices nothing while its dbt has nothing to say: everything else is built, one model hangs."""
    with harness.fault("the same, and the next release begins before the first one notices") as fault:
        fault.hold_at("ALTER TABLE", "dispatch_next_marts.storages")
        release = fault.release()
        fault.await_gate()
        fault.await_silence()
        ((process,),) = fault.database.rows(RUNNING)
        assert fault.database.rows(f"select pg_terminate_backend({process}, 10000)") == [(True,)]

        def go_on() -> None:
            fault.open_gate()
            fault.ended(release, 75, "connection", "lost")

        fault.heal(meanwhile=go_on)


def test_two_releases_at_once(harness: Harness) -> None:
    with harness.fault("a second release, and a `dbt build --target prod`, while one is running") as fault:
        fault.hold_at("ALTER TABLE", "dispatch_next_marts.payments")
        release = fault.release()
        fault.await_gate()
        second = fault.release()
        fault.ended(second, 75, "another release is running")
        by_hand = fault.database.dbt("build", "--target", "prod")
        assert by_hand.returncode != 0
        assert "is running and the candidate is its own" in by_hand.stdout, by_hand.stdout
        with suppress(psutil.NoSuchProcess):
            assert release.process.is_running()
        fault.open_gate()
        fault.ended(release, 0, "Released")
        fault.healed_by_itself()
        wait_until(lambda: fault.database.rows(RUNNING) == [])
