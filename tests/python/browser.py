"""Chromium, with a record of its network requests and of the errors in a page."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from selenium import webdriver

from ops.project import ROOT

SCREENSHOTS = ROOT / "target" / "screenshots"
# Fresh, and with nothing of its own to say to the network.
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    " --disable-component-update --disable-sync --window-size=1280,1000"
)
# Read at import: a test that runs dbt in this process changes the environment.
IS_REQUIRED = bool(os.environ.get("DISPATCH_REQUIRE_BROWSER"))


@contextmanager
def chromium(folder: Path) -> Iterator[webdriver.Chrome]:
    """Run Chromium with its data in a folder; without one the tests are skipped, or fail where it is required."""
    program, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not program or not driver:
        (pytest.fail if IS_REQUIRED else pytest.skip)("needs a browser: Debian's packages chromium and chromium-driver")
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    options = webdriver.ChromeOptions()
    options.binary_location = program
    for flag in [*FLAGS.split(), f"--user-data-dir={folder}"]:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    started = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    try:
        yield started
    finally:
        started.quit()


def asked(browser: webdriver.Chrome) -> list[str]:
    """Return what was asked for since the last time, but for what came with the page or is Chromium's own."""
    messages = (json.loads(entry["message"])["message"] for entry in browser.get_log("performance"))
    urls = [each["params"]["request"]["url"] for each in messages if each["method"] == "Network.requestWillBeSent"]
    return [url for url in urls if not url.startswith(("chrome:", "data:"))]
