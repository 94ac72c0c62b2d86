"""profiles.yml: written from profiles.yml.example, and read for the schema of a dbt target."""

import os
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment

from ops.errors import Failure
from ops.project import DBT_PROJECT, ROOT

EXAMPLE = ROOT / "profiles.yml.example"
PLACEHOLDER = "__EMBEDDED_SERVER__"
PRODUCTION = "prod"  # the dbt target that releases are built with


class Schemas:
    """The names of dbt's schemas, formed as in the macros generate_schema_name, published_schema and release_schema."""

    def __init__(self, prefix: str) -> None:
        """Take the `schema` of the dbt target."""
        self.prefix = prefix
        self.staging = f"{prefix}_staging"
        self.intermediate = f"{prefix}_intermediate"
        self.marts = f"{prefix}_marts"
        self.audit = f"{prefix}_audit"
        self.seeds = f"{prefix}_seeds"
        self.release = f"{prefix}_release"  # what was built, published, released and handed over
        self.snapshots = f"{prefix}_snapshots"
        self.candidate = f"{prefix}_next_"  # how the names of the version that is not published begin
        self.amended = f"{prefix}_amended"  # the rows that the application received after the hand-over

    @property
    def layers(self) -> list[str]:
        """The schemas that a build fills."""
        return [self.staging, self.intermediate, self.marts, self.audit, self.seeds, self.snapshots]


def folder() -> Path:
    """Return the folder of the profiles.yml in use."""
    return Path(os.environ.get("DBT_PROFILES_DIR") or ROOT)


def schema(target: str | None = None) -> str:
    """Return the `schema` of a dbt target, the default one unless named; raise Failure when the profile has none.

    Read without dbt, whose import takes longer than most commands.
    """
    file = folder() / "profiles.yml"
    name = yaml.safe_load(DBT_PROJECT.read_text(encoding="utf-8"))["profile"]
    try:
        profile = yaml.safe_load(file.read_text(encoding="utf-8"))[name]
        target = target or _rendered(profile.get("target", "default"))
        outputs = profile["outputs"]
        found = _rendered(outputs[target]["schema"]) if target in outputs else None
    except FileNotFoundError:
        raise Failure(f"There is no {file}: make setup writes it.") from None
    except (OSError, yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
        raise Failure(f"{file} cannot be read ({' '.join(str(error).split())}): compare it with {EXAMPLE}.") from None
    if found is None:
        raise Failure(f"{file} has no target “{target}” in profile {name}: its targets are {', '.join(outputs)}.")
    if not re.fullmatch(r"[a-z_][a-z0-9_]*", found):
        raise Failure(
            f"Target {target} in {file} has the schema “{found}”: use lower-case letters, digits and underscores."
        )
    return found


def write_copy(directory: Path, name: str, prefix: str) -> None:
    """Write a profile into a folder: the production target in use, with another name and another schema."""
    text = (folder() / "profiles.yml").read_text(encoding="utf-8")
    profile = yaml.safe_load(DBT_PROJECT.read_text(encoding="utf-8"))["profile"]
    target = yaml.safe_load(text)[profile]["outputs"][PRODUCTION] | {"schema": prefix}
    copy = yaml.safe_dump({profile: {"target": name, "outputs": {name: target}}})
    # The profile may contain a password.
    with open(directory / "profiles.yml", "w", encoding="utf-8", opener=_open_private) as file:
        file.write(copy)


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def example() -> Mapping[str, Any]:
    """Return the production target of the example."""
    return yaml.safe_load(EXAMPLE.read_text(encoding="utf-8"))["dispatch"]["outputs"][PRODUCTION]


@cache
def session_options() -> str:
    """Return the settings that every session starts with, as libpq's `options`: what dbt makes of the example."""
    return "-c search_path=" + example()["search_path"].replace(" ", "\\ ")


def render(folder: Path) -> str:
    """Return the text of the example with the folder of the embedded server's socket in it."""
    # The placeholder is in a Jinja string inside a YAML string.
    path = str(folder).replace("\\", "\\\\").replace("'", "\\'").replace("\\", "\\\\").replace('"', '\\"')
    return EXAMPLE.read_text(encoding="utf-8").replace(PLACEHOLDER, path)


def write(folder: Path) -> str:
    """Write profiles.yml unless the user has changed it; return a line that says what was done.

    An unchanged one that names the embedded server of another folder came along when the project was moved or copied:
    dbt would write into the database of the original.
    """
    text, file = render(folder), ROOT / "profiles.yml"
    if not file.exists():
        file.write_text(text, encoding="utf-8")
        return "profiles.yml written from profiles.yml.example"
    found = file.read_text(encoding="utf-8")
    if os.environ.get("DISPATCH_PGDATA"):
        return "profiles.yml kept"  # the profile reads the variable itself
    unchanged = re.escape(EXAMPLE.read_text(encoding="utf-8")).replace(re.escape(PLACEHOLDER), "(.*)")
    if found != text and re.fullmatch(unchanged, found):
        file.write_text(text, encoding="utf-8")
        return f"profiles.yml rewritten: the embedded server is now in {folder}"
    return "profiles.yml kept"


def write_published(scratch: Path) -> str:
    """Write a profile in which the production target has another name, and return that: it means what is published."""
    profile, name = yaml.safe_load((folder() / "profiles.yml").read_text(encoding="utf-8")), "published"
    outputs = profile[yaml.safe_load(DBT_PROJECT.read_text(encoding="utf-8"))["profile"]]["outputs"]
    outputs[name] = outputs[PRODUCTION]
    (scratch / "profiles.yml").write_text(yaml.safe_dump(profile, allow_unicode=True), encoding="utf-8")
    return name


def _rendered(value: Any) -> str:
    """Evaluate env_var in a value, as dbt does."""

    def env_var(name: str, default: str | None = None) -> str:
        if (found := os.environ.get(name, default)) is None:
            raise Failure(f"{folder() / 'profiles.yml'} needs the environment variable {name}: set it.")
        return found

    return Environment().from_string(str(value)).render(env_var=env_var)
