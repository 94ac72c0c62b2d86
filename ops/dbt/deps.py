"""Installs the packages of package-lock.yml into dbt_packages/, from the package hub or the bundled stand-ins."""

import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

import yaml

from ops.dbt.run import DBT
from ops.errors import Failure

# Only this module reads it. dbt ignores files there, and `dbt deps` deletes it, which shows that it was run.
MARKER = ".installed_by_ops"
PROBE_SECONDS = 3


def install(project: Path) -> str:
    """Make dbt_packages/ satisfy the lock and return one line saying what was done."""
    target = project / "dbt_packages"
    marker = target / MARKER
    found = marker.read_text(encoding="utf-8") if marker.exists() else ""
    required = _required(project)
    complete = not _missing(required, target)
    if complete and found == _stamp(project, "hub"):
        return "dbt_packages/ is up to date (package hub)"
    if complete and not found:
        return "dbt_packages/ was filled by hand or by `dbt deps`: left as it is; delete it to install afresh"

    hub, trouble = _probe_hub()
    if not trouble:
        _run_dbt_deps(project, hub)
        marker.write_text(_stamp(project, "hub"), encoding="utf-8")
        return "packages installed from the package hub"

    if missing := _missing(_missing(required, target), project / "offline_packages"):
        raise Failure(
            f"The package hub is not reachable ({trouble}), and these packages are neither in dbt_packages/ nor bundled"
            f" as stand-ins: {', '.join(missing)}. Run make deps with access to the package hub."
        )
    if not complete or found != _stamp(project, "offline"):
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir()
        # An interrupted copy must not look like one made by hand.
        marker.write_text("incomplete", encoding="utf-8")
        shutil.copytree(project / "offline_packages", target, dirs_exist_ok=True)
        marker.write_text(_stamp(project, "offline"), encoding="utf-8")
    return (
        f"package hub not reachable ({trouble}): using the bundled minimal dbt_utils and dbt_expectations; "
        "run make deps again online to get the real ones"
    )


def _required(project: Path) -> list[str]:
    """Return the names of the packages of the lock, and of packages.yml if the lock does not have them."""
    lock, declared = (
        yaml.safe_load((project / name).read_text(encoding="utf-8"))["packages"]
        for name in ("package-lock.yml", "packages.yml")
    )
    locked = {package["name"]: package.get("package") for package in lock}
    addresses = [str(next(iter(entry.values()))) for entry in declared]  # of the hub, of git, a folder or an archive
    others = [address for address in addresses if address not in locked.values()]
    return [*locked, *(address.rstrip("/").rpartition("/")[2].removesuffix(".git") for address in others)]


def _missing(names: Iterable[str], folder: Path) -> list[str]:
    return [name for name in names if not (folder / name / "dbt_project.yml").exists()]


def _stamp(project: Path, origin: str) -> str:
    """Origin and a hash of what an installation from there depends on."""
    files = [project / "packages.yml", project / "package-lock.yml"]
    if origin == "offline":
        files += sorted(path for path in (project / "offline_packages").rglob("*") if path.is_file())
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file.relative_to(project)}\0".encode() + file.read_bytes() + b"\0")
    return f"{origin} {digest.hexdigest()}\n"


def _probe_hub() -> tuple[str, str]:
    """The hub's address and why it cannot be used ('' when it can)."""
    # Slow to import, and not needed when everything is installed.
    import requests
    from dbt.clients.registry import DEFAULT_REGISTRY_BASE_URL  # honours DBT_PACKAGE_HUB_URL

    hub = DEFAULT_REGISTRY_BASE_URL.rstrip("/") + "/"
    try:
        response = requests.get(f"{hub}api/v1/index.json", timeout=PROBE_SECONDS)
        response.raise_for_status()
        # A login page of the network answers, too, but not with a list.
        return hub, "" if isinstance(response.json(), list) else "no package index there"
    except requests.HTTPError as error:
        return hub, f"HTTP {error.response.status_code}"
    except requests.JSONDecodeError:
        return hub, "no package index there"
    except requests.Timeout:
        return hub, "no answer"
    except requests.RequestException:
        return hub, "no connection"


def _run_dbt_deps(project: Path, hub: str) -> None:
    # dbt appends to the address, so the slash at the end matters.
    run = subprocess.run(
        [*DBT, "--no-use-colors", "deps", "--project-dir", str(project)],
        cwd=project,
        env={**os.environ, "DBT_PACKAGE_HUB_URL": hub},
        capture_output=True,
        encoding="utf-8",
    )
    if run.returncode:
        # An incomplete folder could be mistaken for one filled by hand.
        shutil.rmtree(project / "dbt_packages", ignore_errors=True)
        # The text between this heading and the next line of dbt's log, usually a traceback.
        said = run.stdout.partition("Encountered an error:")[2] or run.stderr or run.stdout
        reason = " ".join(re.split(r"\n(?:\x1b\[0m)?\d\d:\d\d:\d\d ", said, maxsplit=1)[0].split())
        raise Failure(f"The package hub answers but `dbt deps` failed: {reason.rstrip('.')}.")
