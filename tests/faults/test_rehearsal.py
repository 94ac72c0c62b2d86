"""The whole day, as `make rehearse` goes through it."""

import subprocess
import sys

from ops.project import ROOT


def test_rehearsal_succeeds() -> None:
    command = [sys.executable, "-m", "ops", "rehearse"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=1800)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "The rehearsal succeeded" in done.stdout
