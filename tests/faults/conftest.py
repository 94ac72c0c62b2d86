"""Fixtures of the fault tests, and the table of what happened that ends their output."""

import sys
from collections.abc import Iterator

import pytest

from ops.project import ROOT

sys.path.insert(0, str(ROOT / "tests" / "python"))

from faults.harness import Harness


@pytest.fixture(scope="session")
def server_harness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harness]:
    """Give a server with a published version that every fault starts from."""
    with Harness.opened(tmp_path_factory.mktemp("faults")) as harness:
        yield harness


@pytest.fixture
def harness(server_harness: Harness, request: pytest.FixtureRequest) -> Harness:
    """Give that server to a test, whose report will say what happened."""
    server_harness.tell = lambda line: request.node.user_properties.append(("fault", line))
    return server_harness


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what happened at each fault."""
    for report in terminalreporter.stats.get("passed", []):
        for name, line in report.user_properties:
            if name == "fault":
                terminalreporter.write_line(line)
