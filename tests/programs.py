"""The programs that the tests run most.

They keep what they have read until they end, and looking for garbage in it takes a quarter of their time.
"""

import sys


def _without_garbage_collection(start: str) -> list[str]:
    return [sys.executable, "-c", f"import gc; gc.disable(); {start}"]


DBT = _without_garbage_collection("from dbt.cli.main import cli; cli()")
SQLFLUFF = _without_garbage_collection("from sqlfluff.cli.commands import cli; cli()")
