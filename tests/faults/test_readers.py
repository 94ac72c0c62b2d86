"""Readers that hold up a release, and what they see."""

import threading

from faults.harness import Harness, Session

SHORT = """
import os, pathlib
profile = pathlib.Path(os.environ["DBT_PROFILES_DIR"], "profiles.yml")
profile.write_text(profile.read_text().replace("lock_timeout=10min", "lock_timeout=5s"))
"""


def test_long_query_during_the_publish(harness: Harness) -> None:
    with harness.fault("a query that reads `payments` from before the publish until after it") as fault:
        gatekeeper, old = Session(fault.database), harness.live
        gatekeeper.execute("select pg_advisory_lock(42)")
        slow = Session(fault.database)
        found: list[int] = []

        def read() -> None:
            found.extend(
                row[0]
                for row in slow.rows(
                    "select cast(max(custom_amount) as integer) from dispatch_marts.payments,"
                    " (select pg_advisory_lock_shared(42)) as waited"
                )
            )

        reading = threading.Thread(target=read, daemon=True)
        reading.start()
        release = fault.release()
        fault.ended(release, 0, "Released")
        assert found == []
        fault.assert_new()
        gatekeeper.close()
        reading.join(60)
        assert found == [old]
        slow.close()
        fault.healed_by_itself()


def test_forgotten_transaction_holds_the_previous_version(harness: Harness) -> None:
    harness.publish_again_unless_there_is_a_previous_version()
    with harness.fault(
        "a transaction, open since before the last publish, still holds a table of the previous version"
    ) as fault:
        idle = Session(fault.database)
        idle.execute("begin; select count(*) from dispatch_next_marts.payments")
        release = fault.release(SHORT)
        fault.ended(release, 1, "lock timeout", "still holds payments", "pg_terminate_backend")
        assert fault.recorded()[2] is True
        fault.assert_unchanged()
        idle.close()
        fault.assert_nothing_is_left()
        fault.heal()


def test_repeatable_read_across_a_publish(harness: Harness) -> None:
    with harness.fault("a repeatable-read transaction from before the publish until after it") as fault:
        session = Session(fault.database)
        session.execute("begin isolation level repeatable read")
        before = session.rows("select count(*), cast(max(custom_amount) as integer) from dispatch_marts.payments")
        assert before[0][0] > 0
        release = fault.release()
        fault.ended(release, 0, "Released")
        after = session.rows("select count(*), max(custom_amount) from dispatch_marts.payments")
        # The name now means a table that was filled after the transaction began: it sees none of the rows.
        assert after == [(0, None)]
        session.close()
        fault.healed_by_itself()
