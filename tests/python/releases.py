"""Releases without dbt: candidates are built by replay, and everything else is a call of the protocol's functions."""

import json
import re
import uuid
from collections.abc import Mapping
from contextlib import closing
from copy import deepcopy
from typing import Any

from conftest import Database
from inprocess import Project
from psycopg2.extensions import connection as Connection

from ops.release import records
from tests.replay import Recording, Replay

Json = dict[str, Any]
LAYERS = re.compile(r"\bdispatch_(?=(staging|intermediate|marts|audit|seeds|snapshots)\b)")


def read_project(project: Project) -> Json:
    """Return what a build of target prod records of the project, from one that was parsed for target dev."""
    (done,) = project.dbt("compile", "--inline", "{{ tojson(release_project()) }}")
    return json.loads(LAYERS.sub("dispatch_next_", done.node.compiled_code))


def mart(project: Json, name: str) -> Json:
    """Return a mart of a project, with its columns by name."""
    (found,) = (node["mart"] for node in project["nodes"] if node["name"] == name)
    return {column["name"]: column for column in found["columns"]}


class Releases:
    """What is built and published in one database, with one version of the project at a time."""

    def __init__(self, database: Database, recording: Recording, project: Mapping[str, Any]) -> None:
        """Install the protocol."""
        self.database = database
        self.project = deepcopy(dict(project))
        self._replay = Replay(recording, database.target.dbname, "dispatch_next")
        with closing(self.connect()) as connection:
            records.prepare(connection)

    def connect(self) -> Connection:
        """Open a connection in which every statement commits by itself."""
        return self.database.connect()

    def call(self, function: str, *arguments: Any) -> Any:
        """Call a function of the protocol in a session of its own, and return its value."""
        with closing(self.connect()) as connection:
            ((value, *_),) = records.call(connection, function, *arguments) or ((None,),)
        return value

    def build(self) -> str:
        """Build the whole candidate; return the id of the build."""
        build, text = str(uuid.uuid4()), json.dumps(self.project)
        self.call("begin_build", build, text, None, None, "build", ["snapshots.payments_history"])
        with closing(self.connect()) as connection, connection.cursor() as cursor:
            self._replay.build(cursor)
            cursor.execute(
                "select dispatch_release.record_relations(array("
                " select cast(pg_class.oid as regclass) from pg_class where relkind in ('r', 'v')"
                " and starts_with(cast(cast(relnamespace as regnamespace) as text), 'dispatch_next_')))"
            )
        self.call("finish_build", build, self.project["checksum"], [], [], [], [])
        return build

    def publish(self, build: str | None = None) -> str:
        """Publish the candidate."""
        return self.call("publish", build, None, None, 0)

    def rollback(self) -> str:
        """Return to the version before."""
        return self.call("rollback", None, 0)
