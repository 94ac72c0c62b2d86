"""Make a virtual environment from a lock file.

Runs with the system's Python before anything is installed: only the standard library, and a syntax that a Python that
is too old can still parse.
"""

import os
import re
import subprocess
import sys
from pathlib import Path


def main(stamp, lock, oldest="3.10"):
    """Create or update the environment in the folder of the stamp file, and write that file; return the exit code."""
    environment = Path(stamp).parent
    if sys.version_info < tuple(int(part) for part in oldest.split(".")):
        return _complain(
            "Python %s or newer is needed and %s is %s." % (oldest, sys.executable, sys.version.split()[0])
        )
    try:
        import ensurepip  # noqa: F401 - Debian and Ubuntu leave it out of python3
        import venv  # noqa: F401
    except ImportError:
        return _complain(
            "%s has no venv module: install it (on Debian and Ubuntu: apt install python3-venv)." % sys.executable
        )
    python = str(environment / "bin" / "python")
    if not _works(python):
        print("Creating %s with Python %s" % (environment, sys.version.split()[0]), flush=True)
        if subprocess.call([sys.executable, "-m", "venv", "--clear", str(environment)]):
            return _complain(
                "%s could not be created: is this folder yours, and is there space on the disk?" % environment
            )
    print("Installing the Python packages of %s into %s (a minute, once)" % (lock, environment), flush=True)
    if not _install(python, lock):
        return _complain("The Python packages could not be installed: can PyPI, or your mirror of it, be reached?")
    # With PYTHONSAFEPATH set, Python does not find the project's own modules in the current folder.
    for packages in environment.glob("lib/python3*/site-packages"):
        (packages / "dispatch.pth").write_text(str(Path.cwd()) + "\n", encoding="utf-8")
    for old in environment.glob("lock-*"):
        old.unlink()
    Path(stamp).touch()
    return 0


def _works(python):
    # Its programs contain its path: after a move or a copy they would run the original, or nothing.
    try:
        programs = Path(python).parent
        made = re.search(r"(/[^\n]*)/python", os.fsdecode((programs / "pip").read_bytes()))
    except OSError:
        return False
    if not made or os.path.realpath(made.group(1)) != os.path.realpath(str(programs)):
        return False
    # Its Python may have been removed.
    check = [python, "-c", "import pip, sys; sys.exit(sys.version_info < (3, 10))"]
    try:
        return subprocess.call(check, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0
    except OSError:
        return False


def _install(python, lock):
    command = [python, "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--progress-bar", "off"]
    # pip is verbose: show a counter of packages, and the rest only when pip fails.
    pip = subprocess.Popen(
        # A lock is complete, and may leave out on purpose what a package asks for.
        [*command, "--no-deps", "--require-hashes", "--requirement", lock],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    )
    count, output = 0, []
    for line in pip.stdout:
        output.append(line)
        if line.startswith("Collecting "):
            count += 1
            _overwrite("%d packages fetched" % count)
        elif line.startswith("Installing "):
            _overwrite("%d packages fetched, installing" % count)
    _overwrite("")
    if pip.wait() != 0:
        sys.stderr.writelines([line for line in output if line.startswith("ERROR")] or output[-10:])
    return pip.returncode == 0


def _overwrite(text):
    if sys.stdout.isatty():
        sys.stdout.write("\r\033[K" + text)
        sys.stdout.flush()


def _complain(text):
    sys.stderr.write(text + "\n")
    return 1


if __name__ == "__main__":
    try:
        sys.exit(main(*sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
