"""The psql that comes with the embedded server, on the target."""

import os

from ops.database.connection import Target, connect
from ops.database.server import POSTGRES_VERSIONS, VERSION
from ops.dbt.profiles import session_options


def run(target: Target, arguments: list[str]) -> None:
    """Become psql, whose session is that of dbt and of this program; raise Failure when there is no connection."""
    connect(target).close()  # psql says less well why there is none
    own = {
        "PGHOST": target.host,
        "PGPORT": str(target.port),
        "PGUSER": target.user,
        "PGDATABASE": target.dbname,
        "PGSSLMODE": target.sslmode,
        "PGOPTIONS": session_options(),
        "PGAPPNAME": "dispatch",
    }
    if target.password:  # without one, psql looks into the password file
        own["PGPASSWORD"] = target.password
    # The user's psqlrc would change what scripts read.
    os.execve(POSTGRES_VERSIONS[VERSION] / "psql", ["psql", "--no-psqlrc", *arguments], os.environ | own)
