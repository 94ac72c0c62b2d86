"""Faults of the hand-over: killed with its client or with the server, at three moments."""

import subprocess
import sys

import psutil
import pytest
from conftest import Database
from marts import fingerprints

from faults.harness import AT_THE_GATE, Harness, Session, kill, wait_until
from ops.project import ROOT

MOMENTS = {
    "the tables are being made": ("CREATE TABLE", "app.payments"),
    "the rows are in, the keys are being added": ("ALTER TABLE", "app.payments"),
    "all is done but the proof": ("CREATE TRIGGER", "note_first_write on app.templates"),
}


def hand_over(database: Database, *options: str) -> psutil.Popen:
    """Start python -m ops handover."""
    return psutil.Popen(
        [sys.executable, "-m", "ops", "handover", "--output", str(database.folder / "handover"), *options],
        cwd=ROOT,
        env=database.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("victim", ["client", "server"])
def test_hand_over_is_killed(harness: Harness, victim: str, moment: str) -> None:
    harness.settle()
    database = harness.database
    before = fingerprints(database)
    database.execute("insert into gate.places values ('{}', '{}')".format(*MOMENTS[moment]))
    gatekeeper = Session(database)
    gatekeeper.execute("select pg_advisory_lock(4711)")
    process = hand_over(database)
    try:
        wait_until(lambda: process.poll() is not None or database.rows(AT_THE_GATE))
        assert process.poll() is None, process.stdout.read()
        if victim == "client":
            kill(process)
            wait_until(lambda: not database.rows(AT_THE_GATE), 30)
            said = "killed"
        else:
            harness.kill_server()
            said = process.communicate(timeout=60)[0].splitlines()[-1]
            assert process.returncode == 1
            assert "The connection was lost" in said
            harness.server.start()
    finally:
        gatekeeper.close()
        if process.poll() is None:
            kill(process)
    database.execute("truncate gate.places")
    assert database.rows("select to_regnamespace('app')") == [(None,)]
    if database.rows("select to_regclass('dispatch_release.handovers')") != [(None,)]:
        assert database.rows("select * from dispatch_release.handovers where undone_at is null") == []
    assert fingerprints(database) == before
    for options in ([], ["--undo"]):
        following = hand_over(database, *options)
        text = following.communicate(timeout=300)[0]
        assert following.returncode == 0, text
    assert fingerprints(database) == before
    harness.tell(f"| kill -9 of the {victim} of a hand-over, {moment} | {said} | the next one works |")
