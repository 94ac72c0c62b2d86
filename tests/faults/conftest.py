"""Fixtures of the fault tests, and the table of what happened that ends their output."""

import sys
from collections.abc import Iterator

import pytest

from ops.project import ROOT

sys.path.insert(0, str(ROOT / "tests" / "python"))

from faults.house import House


@pytest.fixture(scope="session")
def server_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Give a server with a published version that every fault starts from."""
    with House.opened(tmp_path_factory.mktemp("faults")) as house:
        yield house


@pytest.fixture
def house(server_house: House, request: pytest.FixtureRequest) -> House:
    """Give that server to a test, whose report will say what happened."""
    server_house.tell = lambda line: request.node.user_properties.append(("fault", line))
    return server_house


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell what happened, fault by fault."""
    for report in terminalreporter.stats.get("passed", []):
        for name, line in report.user_properties:
            if name == "fault":
                terminalreporter.write_line(line)
