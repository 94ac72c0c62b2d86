"""The legacy tables of a PostgreSQL database, in Spark."""

from contextlib import closing, nullcontext

from conftest import Database

from ops.source.declared import SCHEMA
from ops.spark import catalog, export


def land(database: Database, address: str) -> None:
    """Export the legacy tables of a database and register them in the cluster."""
    with closing(database.connect()) as source:
        export.export(source, export.landed_tables(source), SCHEMA, address, lambda _: nullcontext())
    catalog.register(address)
