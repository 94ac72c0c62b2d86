"""The psql that comes with the embedded server, on the target."""

import os

from ops.database.connection import Target, connect
from ops.database.server import CLIENT
from ops.dbt.profiles import session_options


def run(target: Target, arguments: list[str]) -> None:
    """Replace this process by psql, with the session settings of dbt; raise Failure when it cannot connect."""
    connect(target).close()  # its messages say what to do, those of psql do not
    own = target.libpq_environment | {"PGOPTIONS": session_options(), "PGAPPNAME": "dispatch"}
    # The user's psqlrc would change the output that scripts read.
    os.execve(CLIENT / "psql", ["psql", "--no-psqlrc", *arguments], os.environ | own)
