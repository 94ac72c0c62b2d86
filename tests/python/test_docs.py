"""The documentation: what no contract lists is described, and the page works in a browser without a network."""

import json
import re
from base64 import b64decode
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any
from unittest import mock
from urllib.parse import urlsplit

import pytest
from browser import SCREENSHOTS, asked, chromium
from conftest import Database
from inprocess import Project
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

from ops.docs import page as docs
from ops.errors import Failure
from ops.project import ROOT

START_OF_MANIFEST = "={manifest:"


@pytest.fixture(scope="module")
def scratch(migrated: Database) -> Database:
    """Start from a migrated database."""
    return migrated


@pytest.fixture(scope="module")
def manifest(project: Project) -> dict[str, Any]:
    """The manifest of the project itself, without its packages."""
    found = project.manifest.writable_manifest().to_dict(omit_none=False)
    for kind in ("nodes", "sources", "macros", "unit_tests", "exposures", "groups"):
        found[kind] = {name: each for name, each in found[kind].items() if each["package_name"] == "dispatch"}
    return found


@pytest.fixture(scope="module")
def page(scratch: Database, project: Project, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the page, with the results of two benchmarks."""
    benchmarks = tmp_path_factory.mktemp("benchmarks")
    for name in ("phase7", "full"):
        (benchmarks / f"{name}.md").write_text(f"### Measured at {name}\n")
    with mock.patch.object(docs, "BENCHMARKS", benchmarks):
        path, missing = docs.write(scratch.connect(), scratch.environment, tmp_path_factory.mktemp("docs"))
    assert missing == 0
    return path


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    with chromium(tmp_path_factory.mktemp("chromium")) as started:
        yield started


def tables(manifest: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return all models, seeds, snapshots and sources by id."""
    kinds = ("model", "seed", "snapshot", "source")
    nodes = {**manifest["nodes"], **manifest["sources"]}
    return {name: node for name, node in nodes.items() if node["resource_type"] in kinds}


def contents(page: Path) -> dict[str, Any]:
    """Return the manifest in the page."""
    text = page.read_text(encoding="utf-8")
    shown, _ = json.JSONDecoder().raw_decode(text, text.index(START_OF_MANIFEST) + len(START_OF_MANIFEST))
    return shown


def lineage(browser: webdriver.Chrome) -> set[str]:
    """Return the names of what the graph shows; none while it is being made."""
    ids = browser.execute_script(
        "return document.querySelector('#cy')._cyreg?.cy.nodes(':visible').map(node => node.id()) ?? []"
    )
    return {each.rpartition(".")[2] for each in ids}


def test_every_column_without_a_contract_is_described(scratch: Database, page: Path) -> None:
    """Legacy tables, seeds and snapshots as they are in the database; dbt holds marts and audit to their contracts."""
    shown = contents(page)
    described = {
        (node["schema"], node["identifier" if node["resource_type"] == "source" else "alias"], column["name"])
        for node in tables(shown).values()
        for column in node["columns"].values()
        if node["package_name"] == "dispatch" and column["description"].strip()
    }
    schemas = ("dispatch_seeds", "dispatch_snapshots", "legacy")
    columns = set(
        scratch.rows(
            "select nspname, relname, attname from pg_attribute inner join pg_class on attrelid = pg_class.oid"
            " inner join pg_namespace on relnamespace = pg_namespace.oid where relkind in ('r', 'v') and attnum > 0"
            f" and not attisdropped and nspname in {schemas}"
        )
    )
    assert len(columns) > 350
    assert sorted(columns - described) == []
    assert {column for column in described - columns if column[0] in schemas} == set()


def test_every_test_or_its_kind_is_described(manifest: dict[str, Any]) -> None:
    overview = manifest["docs"]["doc.dispatch.__overview__"]["block_contents"]
    explained = set(re.findall(r"`(\w+)`", overview.partition("## What is tested")[2].partition("\n## ")[0]))
    tests = [node for node in manifest["nodes"].values() if node["resource_type"] == "test"]
    assert len(tests) > 600
    kinds = {node["name"]: (node.get("test_metadata") or {}).get("name") for node in tests if not node["description"]}
    assert [name for name, kind in kinds.items() if kind not in explained] == []
    assert explained - set(kinds.values()) == set()


def test_links_of_the_overview_resolve(manifest: dict[str, Any]) -> None:
    analyses = {
        name: node for name, node in manifest["nodes"].items() if node["original_file_path"].startswith("analyses/")
    }
    found = {**tables(manifest), **manifest["exposures"], **analyses}
    pages = {f"{node['resource_type']}/{name}" for name, node in found.items()}
    texts = (manifest["docs"][f"doc.dispatch.{block}"]["block_contents"] for block in ("__overview__", "__dispatch__"))
    links = {link for text in texts for link in re.findall(r"\(#!/([^)]+)\)", text)}
    assert len(links) > 20
    assert links - pages == {"overview/dispatch"}
    assert {f"analysis/{name}" for name in analyses} <= links


def test_what_analysts_start_with_is_open_to_them(manifest: dict[str, Any]) -> None:
    text = manifest["docs"]["doc.dispatch.__overview__"]["block_contents"]
    start = text.partition("## Where to start")[2].partition("\nEngineers also read")[0]
    links = set(re.findall(r"\(#!/(?:model|seed|snapshot|source)/([^)]+)\)", start))
    assert len(links) > 10
    assert {name for name in links if manifest["nodes"][name].get("access") != "public"} == set()


def test_the_page_has_each_business_term_once(page: Path, manifest: dict[str, Any]) -> None:
    shown = contents(page)
    overview = shown["docs"]["doc.dispatch.__overview__"]["block_contents"]
    terms = [each for each in manifest["docs"].values() if each["original_file_path"] == docs.TERMS]
    assert len(terms) > 5
    described = [
        node["description"] for node in manifest["nodes"].values() if node["original_file_path"].startswith("analyses/")
    ]
    columns = [column["description"] for node in manifest["nodes"].values() for column in node["columns"].values()]
    for term in terms:
        text = term["block_contents"]
        assert overview.count(text) == 1
        assert any(text in column for column in columns), text
        assert any(text in each for each in described), text


def test_descriptions_say_what_analysts_may_read_and_where_keys_lead(page: Path) -> None:
    nodes = contents(page)["nodes"]
    payments = nodes["model.dispatch.payments"]
    assert "Analysts read `analytics.payments`." in payments["description"]
    assert payments["columns"]["order_id"]["description"] == "→ orders.order_id. The order that is paid for."
    assert payments["columns"]["installments"]["description"].startswith("Hidden from analysts. JSON list")
    history = nodes["snapshot.dispatch.payments_history"]
    assert "Analysts cannot read this table." in history["description"]
    assert history["columns"]["order_id"]["description"] == "→ orders.order_id. The order that is paid for."
    categories = nodes["model.dispatch.categories"]["columns"]["parent_category_id"]["description"]
    assert categories.startswith("→ categories.category_id. ")
    keys = [
        column["description"]
        for node in nodes.values()
        if node["resource_type"] == "model"
        for column in node["columns"].values()
        if any(each["type"] == "foreign_key" for each in column["constraints"])
    ]
    assert {name for name, node in nodes.items() if name.startswith("model.dispatch.") and node["meta"]} == set()
    assert len(keys) > 60
    assert [text for text in keys if not re.match(r"→ \w+\.\w+_id\. \w", text)] == []


def test_the_page_shows_the_last_benchmarks(page: Path) -> None:
    text = page.read_text()
    assert "### Measured at full" in text
    assert "### Measured at phase7" in text
    assert docs.BENCHMARKS_HERE not in text


def test_exposure_of_the_new_application_has_every_mart(manifest: dict[str, Any]) -> None:
    marts = {name for name, node in tables(manifest).items() if node.get("path", "").startswith("marts/")}
    assert set(manifest["exposures"]["exposure.dispatch.new_application"]["depends_on"]["nodes"]) == marts


def test_the_diagrams_show_every_table_and_foreign_key(scratch: Database, page: Path, manifest: dict[str, Any]) -> None:
    drawn = {path.stem: path.read_text() for path in (page.parent / docs.DIAGRAMS).glob("*.svg")}
    keys = Counter(
        f"{child}.{column} → {parent}"
        for child, column, parent in scratch.rows(
            "select child, child_column, parent from dispatch_audit.foreign_key_ledger"
        )
    )
    assert keys.total() > 60 and "categories.parent_category_id → categories" in keys
    marts = {node["name"] for node in tables(manifest).values() if node.get("path", "").startswith("marts/")}
    overall = drawn.pop("overall")
    assert set(drawn) == {path.name for path in (ROOT / "models" / "marts").iterdir() if path.is_dir()}
    for svg in (overall, "".join(drawn.values())):
        titles = re.findall(r"<title>(\S+ → \w+)(?:, optional)?</title>", svg)
        assert Counter(titles) == keys
        assert set(re.findall(r'data-table="(\w+)"', svg)) == marts


def test_the_lineage_page_follows_a_column_back_to_the_source(browser: webdriver.Chrome, page: Path) -> None:
    """The link of the overview opens the lineage of payments.amount; the page asks no address for anything.

    Opened without a link it shows the same. It warns of nothing and advertises nothing.
    """
    asked(browser)
    browser.get(page.as_uri())
    wait = WebDriverWait(browser, 120)
    wait.until(lambda _: browser.find_elements(By.LINK_TEXT, "column lineage"))[0].click()
    path = (
        "source.dispatch.dispatch.dispatch_payment",
        "model.dispatch.stg_dispatch__payments",
        "model.dispatch.int_payments__triaged",
        "model.dispatch.payments",
    )
    # The edges along which the column travels are animated.
    edges = wait.until(lambda _: browser.find_elements(By.CSS_SELECTOR, ".react-flow__edge.animated"))
    shown = [each.get_attribute("aria-label") for each in edges]
    assert sorted(shown) == sorted(f"Edge from {parent} to {child}" for parent, child in pairwise(path))
    assert "column=amount" in browser.current_url
    browser.get((page.parent / docs.LINEAGE).as_uri())
    wait.until(lambda _: browser.find_elements(By.CSS_SELECTOR, ".react-flow__edge.animated"))
    assert "column=amount" in browser.current_url
    assert browser.find_elements(By.CSS_SELECTOR, ".react-flow__node svg")
    assert browser.find_elements(By.CSS_SELECTOR, ".react-flow__node .bg-amber-100") == []
    links = browser.find_elements(By.CSS_SELECTOR, "a[href*='//']")
    assert [each.get_attribute("href") for each in links if each.is_displayed()] == []
    assert "Colibri Cloud" not in browser.find_element(By.TAG_NAME, "body").text
    browser.save_screenshot(SCREENSHOTS / "docs_lineage_of_a_column.png")
    assert {urlsplit(url).scheme for url in asked(browser)} == {"file"}


def test_a_mart_passes_on_what_its_triage_decided(page: Path) -> None:
    """The contract casts every column, which is no transformation; the types are those of the database."""
    data = re.search(r'JSON\.parse\(atob\("([^"]+)"', (page.parent / docs.LINEAGE).read_text(encoding="utf-8"))
    nodes = json.loads(b64decode(data[1]))["nodes"]
    kinds = Counter(
        column.get("lineageType")
        for node in nodes.values()
        if str(node["path"]).startswith("models/marts/")
        for column in node["columns"].values()
    )
    assert kinds["pass-through"] > 400
    assert kinds["pass-through"] == kinds.total()
    status = nodes["model.dispatch.int_payments__triaged"]["columns"]["status"]
    assert (status["lineageType"], status["dataType"]) == ("transformation", "text")
    assert nodes["model.dispatch.payments"]["columns"]["payment_id"]["dataType"] == "uuid"


def test_nothing_is_documented_before_a_build(database: Any, tmp_path: Path) -> None:
    empty = database("undocumented")
    with pytest.raises(Failure, match="Nothing to document yet: run make demo or dbt build"):
        docs.write(empty.connect(), empty.environment, tmp_path)


@pytest.mark.parametrize(
    ("word", "first"),
    [
        ("payment", "payments"),
        ("order", "orders"),
        ("task", "tasks"),
        ("template", "templates"),
        ("doctor", "doctors"),
        ("reject", "migration_rejects"),
        ("relationship", "relationships"),
        ("tracking", "shipments"),
    ],
)
def test_a_search_finds_the_mart_first(browser: webdriver.Chrome, page: Path, word: str, first: str) -> None:
    browser.get(page.as_uri())
    names = [each.text.split()[0] for each in search(browser, word)]
    assert names[0] == first, names


def search(browser: webdriver.Chrome, word: str) -> list[WebElement]:
    """Type a word into the search field and return the headings of the results, once there are some."""
    wait = WebDriverWait(browser, 120)
    field = wait.until(lambda _: browser.find_element(By.ID, "search"))
    wait.until(lambda _: field.is_displayed())
    field.clear()
    field.send_keys(word)
    heading = ".search-result h4"
    return wait.until(lambda _: [each for each in browser.find_elements(By.CSS_SELECTOR, heading) if each.text])


def test_the_page_works_in_a_browser(browser: webdriver.Chrome, page: Path) -> None:
    """A reader opens the file, goes to payments, and sees the columns and the lineage."""
    wait = WebDriverWait(browser, 120)

    def seen(selector: str, text: str) -> WebElement:
        """Return the element that shows exactly this text, once it does."""
        return wait.until(
            lambda _: next(
                (
                    each
                    for each in browser.find_elements(By.CSS_SELECTOR, selector)
                    if each.is_displayed() and each.text.strip() == text
                ),
                None,
            )
        )

    def drawn(name: str) -> None:
        """Wait until an image is there and has been drawn."""
        image = wait.until(lambda _: browser.find_element(By.CSS_SELECTOR, f'img[alt="Diagram of {name}"]'))
        assert wait.until(lambda _: image.get_property("naturalWidth")) > 200
        browser.execute_script("arguments[0].scrollIntoView()", image)

    browser.get(page.as_uri())
    seen("h1", "dispatch")
    browser.save_screenshot(SCREENSHOTS / "docs_overview.png")
    drawn("all tables")
    browser.save_screenshot(SCREENSHOTS / "docs_map.png")
    seen("a", "data model").click()
    seen("h1", "Data model")
    drawn("payments")
    browser.save_screenshot(SCREENSHOTS / "docs_data_model.png")

    search(browser, "payment")[0].click()
    seen("h1", "payments table")
    whole = browser.find_element(By.CSS_SELECTOR, ".app-content").text
    assert "Analysts read analytics.payments." in whole
    assert "→ orders.order_id. The order that is paid for." in whole
    assert "{" not in browser.find_element(By.CSS_SELECTOR, ".details").text
    for column, kind in (("payment_id", "uuid"), ("amount", "numeric(12,2)"), ("made_at", "timestamp with time zone")):
        row = wait.until(
            lambda _, column=column: next(
                (
                    row
                    for row in browser.find_elements(By.CSS_SELECTOR, "tr")
                    if column
                    in [cell.get_property("textContent").strip() for cell in row.find_elements(By.TAG_NAME, "td")]
                ),
                None,
            )
        )
        assert kind in row.get_property("textContent")
    browser.save_screenshot(SCREENSHOTS / "docs_payments.png")

    seen('[title="View Lineage Graph"]', "").click()
    seen('[title="View Fullscreen"]', "").click()
    assert wait.until(lambda _: len(lineage(browser)) > 40)
    select = browser.find_element(By.CSS_SELECTOR, '[ng-model="selectorService.selection.dirty.include"]')
    select.clear()
    select.send_keys(f"1+payments+1{Keys.ENTER}")
    near = wait.until(lambda _: len(found := lineage(browser)) < 40 and found)
    assert {"doctors", "int_payments__triaged", "payments", "payment_items", "finance_reporting"} <= near
    browser.save_screenshot(SCREENSHOTS / "docs_lineage.png")

    phone = {"width": 390, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", phone)
    browser.get(f"{page.as_uri()}#!/model/model.dispatch.orders")
    browser.refresh()  # another fragment alone loads nothing
    heading = seen("h1", "orders table").rect
    assert heading["x"] < 20 and heading["x"] + heading["width"] <= 390
    browser.save_screenshot(SCREENSHOTS / "docs_narrow.png")
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})

    urls = asked(browser)
    assert page.as_uri() in urls
    assert [url for url in urls if not url.startswith("file:///")] == []
