"""The Python environment and the Java that Spark needs; nothing here is imported by the other commands."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from ops.errors import Failure
from ops.project import ROOT

PYTHON = ROOT / ".venv-spark" / "bin" / "python"
OLDEST_JAVA = 17


def require() -> None:
    """Continue in .venv-spark when this Python has no Spark; raise Failure when that environment is missing."""
    if importlib.util.find_spec("pyspark"):
        return
    if not PYTHON.exists():
        raise Failure("Apache Spark is not installed: make spark-setup installs it into .venv-spark.")
    sys.stdout.flush()
    os.execv(PYTHON, [str(PYTHON), "-m", "ops", *sys.argv[1:]])


def java_home() -> Path:
    """Return the folder of Java 17 or newer, JAVA_HOME or the one on the PATH; raise Failure when there is none."""
    if named := os.environ.get("JAVA_HOME"):
        if (version := _version(Path(named) / "bin" / "java")) < OLDEST_JAVA:
            raise Failure(
                f"JAVA_HOME is {named}, which holds {f'Java {version}' if version else 'no Java'}: set it to Java"
                f" {OLDEST_JAVA} or newer, or unset it."
            )
        return Path(named)
    if (found := shutil.which("java")) and _version(Path(found)) >= OLDEST_JAVA:
        return Path(found).resolve().parent.parent
    raise Failure(f"There is no Java {OLDEST_JAVA} or newer: install it, or unpack it anywhere and set JAVA_HOME.")


def _version(java: Path) -> int:
    """Return the main version that this program reports, 0 when it does not run."""
    try:
        said = subprocess.run([java, "-version"], capture_output=True, encoding="utf-8", check=False).stderr
    except OSError:
        return 0
    found = re.search(r'version "(?:1\.)?(\d+)', said)
    return int(found[1]) if found else 0
