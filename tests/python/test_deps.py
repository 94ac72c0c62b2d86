"""ops.deps against a package hub on this machine: one that works, several that do not."""

import json
import os
import shutil
import socket
import subprocess
import sys
import tarfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
import yaml

from ops.dbt import deps
from ops.errors import Failure

PROJECT = Path(__file__).parents[2]
LOCK = yaml.safe_load((PROJECT / "package-lock.yml").read_text())


class QuietHandler(SimpleHTTPRequestHandler):
    """Serves files without a line on stderr for each."""

    def log_message(self, *args):
        """Say nothing."""


@pytest.fixture
def project(tmp_path) -> Path:
    """A project with our packages.yml, lock and stand-ins, and nothing installed."""
    project = tmp_path / "project"
    project.mkdir()
    (project / "dbt_project.yml").write_text("{name: throw_away, flags: {send_anonymous_usage_stats: false}}")
    for name in ("packages.yml", "package-lock.yml"):
        shutil.copy(PROJECT / name, project)
    shutil.copytree(PROJECT / "offline_packages", project / "offline_packages")
    return project


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """A hub with the locked packages (the stand-ins play the real ones); yields its folder."""
    folder = tmp_path / "hub"
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=folder)) as server:
        address = f"http://127.0.0.1:{server.server_port}"
        for package in LOCK["packages"]:
            write_package(folder, address, **package)
        index = [package["package"] for package in LOCK["packages"]]
        (folder / "api/v1/index.json").write_text(json.dumps(index))
        use_hub(monkeypatch, address)
        Thread(target=server.serve_forever, daemon=True).start()
        yield folder
        server.shutdown()


def write_package(folder: Path, address: str, name: str, package: str, version: str) -> None:
    """Add a package to a hub's folder."""
    page = folder / f"api/v1/{package}.json"
    page.parent.mkdir(parents=True, exist_ok=True)
    downloads = {"tarball": f"{address}/{name}.tar.gz"}
    versions = {version: {"name": name, "version": version, "packages": [], "downloads": downloads}}
    page.write_text(json.dumps({"name": name, "versions": versions}))
    with tarfile.open(folder / f"{name}.tar.gz", "w:gz") as archive:
        archive.add(PROJECT / "offline_packages" / name, f"{name}-{version}")


def use_hub(monkeypatch, address: str) -> None:
    """Point dbt at a hub; dbt reads the variable once, when it is imported."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("DBT_PACKAGE_HUB_URL", address)
    monkeypatch.setattr("dbt.clients.registry.DEFAULT_REGISTRY_BASE_URL", address)


@pytest.fixture
def no_hub(monkeypatch) -> None:
    """An address without a server."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    use_hub(monkeypatch, f"http://127.0.0.1:{port}/")


def forbid_probe(monkeypatch) -> None:
    """Fail when the hub is asked for."""
    monkeypatch.setattr(deps, "_probe_hub", lambda: pytest.fail("asked the hub"))


def installed(project: Path) -> dict[str, str]:
    """Files under dbt_packages/ and their text, but for the marker."""
    folder = project / "dbt_packages"
    files = (file for file in folder.rglob("*") if file.is_file() and file.name != deps.MARKER)
    return {str(file.relative_to(folder)): file.read_text() for file in files}


def offline() -> dict[str, str]:
    """Files of offline_packages/ and their text."""
    folder = PROJECT / "offline_packages"
    return {str(file.relative_to(folder)): file.read_text() for file in folder.rglob("*") if file.is_file()}


@pytest.mark.usefixtures("no_hub")
def test_without_a_hub_the_stand_ins_are_copied_once(project):
    """And the one line says so each time."""
    line = deps.install(project)
    assert line == (
        "package hub not reachable (no connection): using the bundled minimal dbt_utils and dbt_expectations; "
        "run make deps again online to get the real ones"
    )
    assert installed(project) == offline()

    (project / "dbt_packages" / "dbt_date" / "kept").touch()
    assert deps.install(project) == line
    assert "dbt_date/kept" in installed(project)


@pytest.mark.usefixtures("no_hub")
@pytest.mark.parametrize("filled", ["offline", "by hand", "empty"])
def test_every_package_that_is_missing_without_a_hub_is_named(project, filled):
    """What is there stays."""
    if filled == "offline":
        deps.install(project)
    elif filled == "by hand":
        shutil.copytree(PROJECT / "offline_packages", project / "dbt_packages")
    before = installed(project)
    packages = yaml.safe_load((project / "packages.yml").read_text())
    packages["packages"] += [
        {"package": "elementary-data/elementary", "version": "0.1.0"},
        {"git": "https://git.example.com/some/other_models.git", "revision": "main"},
    ]
    (project / "packages.yml").write_text(yaml.safe_dump(packages))
    lock = LOCK | {"packages": [*LOCK["packages"], {"name": "audit_helper", "package": "dbt-labs/audit_helper"}]}
    (project / "package-lock.yml").write_text(yaml.safe_dump(lock))
    with pytest.raises(Failure) as error:
        deps.install(project)
    assert str(error.value) == (
        "The package hub is not reachable (no connection), and these packages are neither in dbt_packages/ nor bundled"
        " as stand-ins: audit_helper, elementary, other_models. Run make deps with access to the package hub."
    )
    assert installed(project) == before


@pytest.mark.usefixtures("no_hub")
@pytest.mark.parametrize("damage", ["changed stand-in", "changed packages.yml", "cut short", "folder gone"])
def test_an_installation_that_no_longer_fits_is_replaced(project, damage):
    """Whatever made it stale."""
    deps.install(project)
    (project / "dbt_packages" / "dbt_date" / "stale").touch()
    if damage == "changed stand-in":
        (project / "offline_packages" / "dbt_date" / "README.md").write_text("changed")
    elif damage == "changed packages.yml":
        (project / "packages.yml").write_text("packages: []")
    elif damage == "cut short":
        (project / "dbt_packages" / deps.MARKER).write_text("incomplete")
    else:
        shutil.rmtree(project / "dbt_packages" / "dbt_utils")
    deps.install(project)
    assert installed(project).keys() == offline().keys()


def test_folders_put_there_by_hand_are_left_alone(project, monkeypatch):
    """Even if they differ from the lock: they were put there on purpose."""
    forbid_probe(monkeypatch)
    shutil.copytree(PROJECT / "offline_packages", project / "dbt_packages")
    (project / "dbt_packages" / "dbt_date" / "mine").touch()
    assert "left as it is" in deps.install(project)
    assert "dbt_date/mine" in installed(project)


@pytest.mark.usefixtures("hub")
def test_a_hub_replaces_the_stand_ins(project, monkeypatch):
    """Dbt installs and keeps the lock unchanged, and the next run does not ask the hub."""
    with monkeypatch.context() as patched:
        patched.setattr(deps, "_probe_hub", lambda: ("", "no connection"))
        deps.install(project)
    (project / "dbt_packages" / "dbt_date" / "stale").touch()

    assert deps.install(project) == "packages installed from the package hub"
    assert installed(project) == offline()
    assert (project / "package-lock.yml").read_bytes() == (PROJECT / "package-lock.yml").read_bytes()

    forbid_probe(monkeypatch)
    assert deps.install(project) == "dbt_packages/ is up to date (package hub)"


def test_a_hub_without_the_locked_version_is_an_error(project, hub):
    """One sentence, and no half installation that a later run would trust."""
    page = hub / "api/v1/dbt-labs/dbt_utils.json"
    page.write_text(page.read_text().replace("1.4.1", "9.9.9"))
    with pytest.raises(Failure, match=r"`dbt deps` failed: .*dbt-labs/dbt_utils") as error:
        deps.install(project)
    assert "\n" not in str(error.value) and "Traceback" not in str(error.value)
    assert not (project / "dbt_packages").exists()


def test_answer_without_a_package_index_counts_as_no_hub(hub):
    """Login pages and proxies answer too."""
    assert deps._probe_hub()[1] == ""
    index = hub / "api/v1/index.json"
    index.write_text("<html>please log in</html>")
    assert deps._probe_hub()[1] == "no package index there"
    index.write_text("{}")
    assert deps._probe_hub()[1] == "no package index there"
    index.unlink()
    assert deps._probe_hub()[1] == "HTTP 404"


def test_hub_that_never_answers_times_out(monkeypatch):
    """A firewall that swallows packets must not hang the installation."""
    monkeypatch.setattr(deps, "PROBE_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        use_hub(monkeypatch, f"http://127.0.0.1:{listener.getsockname()[1]}")
        assert deps._probe_hub()[1] == "no answer"


@pytest.mark.usefixtures("hub")
def test_the_hub_url_variable_is_honoured_with_or_without_its_slash():
    """Dbt itself needs the slash; people forget it."""
    run = subprocess.run(
        [sys.executable, "-c", "from ops.dbt.deps import _probe_hub; print(*_probe_hub())"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.strip() == os.environ["DBT_PACKAGE_HUB_URL"] + "/"


def test_lock_is_the_one_dbt_would_write_and_the_stand_ins_match_it():
    """A lock dbt finds stale it rewrites; a new version needs its stand-in compared again."""
    from dbt.config.project import package_config_from_data
    from dbt.task.deps import _create_sha1_hash

    declared = yaml.safe_load((PROJECT / "packages.yml").read_text())
    assert LOCK["sha1_hash"] == _create_sha1_hash(package_config_from_data(declared, declared).packages)
    projects = [yaml.safe_load(file.read_text()) for file in (PROJECT / "offline_packages").glob("*/dbt_project.yml")]
    locked = {package["name"]: package["version"] for package in LOCK["packages"]}
    assert {project["name"]: project["version"] for project in projects} == locked
