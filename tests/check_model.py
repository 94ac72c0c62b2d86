"""Checks one model and its children on the smallest legacy database: python -m tests.check_model MODEL."""

import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path
from time import monotonic

from psycopg2 import sql

from ops import legacy
from ops.console import duration, say
from ops.database.connection import connect, rows
from ops.database.server import Server
from ops.dbt import sandbox
from ops.errors import Failure
from ops.project import ROOT
from tests.check import PROGRAMS, QUIET
from tests.programs import DBT, SQLFLUFF

DATABASE = "check"  # beside the database of make demo, which may hold a larger scale
FOLDER = ROOT / "target" / "check"


def run(model: str = "") -> int:
    """Lint a model; build it and its children with unit tests and data tests; return 0, or 1 when something fails."""
    start = monotonic()
    files = sorted([*(ROOT / "models").rglob(f"{model}.sql"), *(ROOT / "models").rglob(f"{model}.yml")])
    if not files:
        raise Failure(f"There is no model {model!r} in models/: make check M=payments checks payments.")
    environment = _prepared() | QUIET
    lint = [*SQLFLUFF, "lint", "--nocolor", "--disable-progress-bar", *_only(files, ".sql")]
    # The linter parses the project, too: it runs beside the build, and uses what the build before it left.
    with subprocess.Popen(
        lint, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as sqlfluff:
        dbt = [*DBT, "--log-level", "warn", "build", "--select", f"{model}+1"]
        codes = [
            subprocess.run([PROGRAMS / "yamllint", "--strict", *_only(files, ".yml")], cwd=ROOT).returncode,
            subprocess.run(dbt, cwd=ROOT, env=environment).returncode,
        ]
        found, _ = sqlfluff.communicate()
    if sqlfluff.returncode:
        say(found.decode().rstrip())
    failed = any([*codes, sqlfluff.returncode])
    say(
        f"{model}: {'failed' if failed else 'passed'} in {duration(monotonic() - start)}",
        style="red" if failed else "green",
    )
    return int(failed)


def _only(files: list[Path], kind: str) -> list[Path]:
    return [file for file in files if file.suffix == kind]


def _prepared() -> dict[str, str]:
    """Build everything in the database unless it is there; return the variables that make dbt use it."""
    server = Server()
    server.start()
    target = sandbox.target(server.folder, DATABASE)
    environment = sandbox.environment(target, FOLDER)
    admin = connect(sandbox.target(server.folder))
    if not rows(admin, "select 1 from pg_database where datname = %s", (DATABASE,)):
        say("The first time everything is built, which takes a minute.")
        admin.cursor().execute(sql.SQL("create database {}").format(sql.Identifier(DATABASE)))
    opened = connect(target)
    is_built = f"select to_regclass('{opened.schemas.audit}.foreign_key_ledger') is not null"
    if legacy.load(opened, legacy.Scale.TINY, lambda _: nullcontext()) or not rows(opened, is_built)[0][0]:
        dbt = [*DBT, "--quiet", "build", "--exclude-resource-type", "unit_test", "test"]
        if subprocess.run(dbt, cwd=ROOT, env=environment).returncode:
            raise Failure("The project could not be built on the smallest legacy database.")
    return environment


if __name__ == "__main__":
    try:
        sys.exit(run(*sys.argv[1:]))
    except Failure as failure:
        sys.exit(str(failure))
