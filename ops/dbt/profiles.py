"""profiles.yml, written from profiles.yml.example."""

import os
import re
from functools import cache
from pathlib import Path

import yaml

from ops.project import PROFILES, PROFILES_EXAMPLE

PLACEHOLDER = "__EMBEDDED_SERVER__"


def render(folder: Path) -> str:
    """Return the text of the example with the folder of the embedded server's socket in it."""
    # The placeholder stands in a Jinja string inside a YAML string.
    path = str(folder).replace("\\", "\\\\").replace("'", "\\'").replace("\\", "\\\\").replace('"', '\\"')
    return PROFILES_EXAMPLE.read_text(encoding="utf-8").replace(PLACEHOLDER, path)


@cache
def session_options() -> str:
    """Return the settings that every session begins with, as libpq's `options`: what dbt makes of the example."""
    example = yaml.safe_load(PROFILES_EXAMPLE.read_text(encoding="utf-8"))
    return "-c search_path=" + example["dispatch"]["outputs"]["prod"]["search_path"].replace(" ", "\\ ")


def write(folder: Path) -> str:
    """Write profiles.yml unless there is one of the user's own; return a line that says so.

    One that names the embedded server of another folder came along when the project was moved or copied: dbt would
    write into the original's database.
    """
    text = render(folder)
    if not PROFILES.exists():
        PROFILES.write_text(text, encoding="utf-8")
        return "profiles.yml written from profiles.yml.example"
    found = PROFILES.read_text(encoding="utf-8")
    if os.environ.get("DISPATCH_PGDATA"):
        return "profiles.yml kept"  # the profile reads the variable itself
    untouched = re.escape(PROFILES_EXAMPLE.read_text(encoding="utf-8")).replace(re.escape(PLACEHOLDER), "(.*)")
    if found != text and re.fullmatch(untouched, found):
        PROFILES.write_text(text, encoding="utf-8")
        return f"profiles.yml rewritten: the embedded server is now in {folder}"
    return "profiles.yml kept"
