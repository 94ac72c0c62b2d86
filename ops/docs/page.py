"""dbt's documentation as one page that needs neither server nor network, with diagrams of the data model.

A second page shows the lineage of every column, from the legacy table to the mart.
"""

import json
import logging
import re
import sys
import tempfile
from base64 import b64encode
from collections.abc import Mapping
from copy import deepcopy
from logging.handlers import BufferingHandler
from pathlib import Path
from time import monotonic
from typing import Any

from ops.console import duration, say
from ops.database.connection import Connection, Target, preflight, reading_marts, rows
from ops.dbt import profiles
from ops.dbt import run as dbt
from ops.docs import diagrams
from ops.errors import Failure
from ops.project import BENCHMARKS, dbt_target_folder

OUTPUT = dbt_target_folder() / "docs"
PAGE = "index.html"
LINEAGE = "lineage.html"
DIAGRAMS = "data_model"
KINDS = ("model", "seed", "snapshot", "source")
LAYERS = ("marts", "audit", "snapshot", "seed", "intermediate", "staging")
# The texts in models/overview.md that are replaced. On the page that dbt makes by itself they are true.
MAP_HERE = "`make docs` draws the map here."
DOMAINS_HERE = "`make docs` draws the diagrams here."
LINEAGE_HERE = "`make docs` adds the column lineage"
BENCHMARKS_HERE = "`make docs` adds the last results of `make bench`."
TERMS_HERE = "`make docs` adds the business terms."
TERMS = "models/marts/_business_terms.md"
# dbt's page takes the first twenty search results and sorts them by a weight that they do not have, which reverses
# them. Instead: those with the word in their name first, all in the order of the catalog; of these the first twenty.
UNSORTED = r"filter:limit_search | orderBy:\'overallWeight\':true"
SORTED = r"orderBy:\'matches[0].key != &quot;name&quot;\' | filter:limit_search"
EXAMPLE = "?model=model.dispatch.payments&column=amount&parents=3&children=0"
# The page of dbt cuts off the descriptions of columns, and has no room for two columns on a phone.
PAGE_HEAD = """<style>
.column-row td:nth-child(3) { white-space: normal !important; max-width: none !important; min-width: 22em }
@media (max-width: 700px) {
    .app-menu { display: none !important }
    .app-pad, .app-pad-h { padding-left: 12px; padding-right: 12px }
    .app-content { min-width: 0; max-width: 100vw; overflow-wrap: anywhere }
}
</style>"""
# The page of dbt-colibri opens on any table unless told otherwise, leaves a phone no room beside its list of tables,
# and links to a product of its authors.
LINEAGE_HEAD = f"""<script>
let asked = location.search || "{EXAMPLE}"
if (innerWidth < 700 && !asked.includes("hideSidebars")) asked += "&hideSidebars=true"
if (asked !== location.search) location.replace(location.pathname + asked)
</script>
<style>a[href*="//colibri-data.com"], div:has(> a[href*="git_blame"]) {{ display: none !important }}</style>"""


def write(
    connection: Connection, environment: Mapping[str, str], folder: Path, target: str | None = None
) -> tuple[Path, int]:
    """Write both pages and each diagram as an SVG file; return the first page and how many relations are not built.

    dbt runs with the variables of `environment`, for its target `target` or the default one; its own target folder is
    not changed. Raises Failure when nothing has been built yet, dbt fails, or the folder cannot be written to.
    """
    marts = f"{connection.schemas.marts}.payments"
    with reading_marts("document"):
        is_built = rows(connection, "select to_regclass(%s) is not null", (marts,))[0][0]
    if not is_built:
        raise Failure("Nothing to document yet: run make demo or dbt build.")
    with tempfile.TemporaryDirectory(prefix="dispatch-docs-") as scratch:
        # The page shows no SQL of generic tests: compiling it would take longer than all the rest.
        command = ["docs", "generate", "--static", "--exclude", "test_type:generic", "resource_type:analysis"]
        if target == profiles.PRODUCTION:
            # By its own name the target means the candidate, or after a publish the version before.
            target = profiles.write_published(Path(scratch))
            environment = {**environment, "DBT_PROFILES_DIR": scratch}
        command += ["--target", target] if target else []
        code, progress = dbt.run(command + dbt.scratch_options(scratch), environment)
        if code:
            raise Failure("\n".join([*progress.messages, "dbt docs generate failed."]))
        page, *texts = (
            (Path(scratch) / name).read_text(encoding="utf-8")
            for name in ("static_index.html", "manifest.json", "catalog.json")
        )
        lineage = _lineage(Path(scratch))
    manifest, catalog = (json.loads(text) for text in texts)
    marts = diagrams.tables(manifest)
    _explain(manifest, marts)
    overall = diagrams.overall(marts)
    domains = {name: diagrams.domain(marts, name) for name in diagrams.domains(marts)}
    _put(manifest, "__overview__", MAP_HERE, _image("all tables", overall))
    lineage_of_amount = f"the [column lineage]({LINEAGE}{EXAMPLE}), here of payments.amount"
    _put(manifest, "__overview__", LINEAGE_HERE, lineage_of_amount)
    terms = (each["block_contents"] for each in manifest["docs"].values() if each["original_file_path"] == TERMS)
    _put(manifest, "__overview__", TERMS_HERE, "\n\n".join(terms))
    results = [file.read_text(encoding="utf-8") for file in sorted(BENCHMARKS.glob("*.md"))]
    _put(manifest, "__overview__", BENCHMARKS_HERE, "\n\n".join(results) or "Not measured yet: run `make bench`.")
    sections = (_section(name, svg, marts) for name, svg in domains.items())
    _put(manifest, "__dispatch__", DOMAINS_HERE, "\n\n".join(sections))
    missing = _relations(manifest) - catalog["nodes"].keys()
    if page.count(UNSORTED) != 1:
        raise Failure("The page of dbt does not sort search results as expected: is this another version of dbt?")
    page = page.replace(UNSORTED, SORTED)
    catalog["nodes"] = dict(sorted(catalog["nodes"].items(), key=lambda item: _rank(manifest["nodes"][item[0]])))
    for text, changed in zip(texts, (manifest, catalog), strict=True):
        if page.count(text) != 1:
            raise Failure("The page of dbt does not contain its JSON files unchanged: is this another version of dbt?")
        # No description may end the script that holds the JSON.
        page = page.replace(text, json.dumps(changed).replace("</", "<\\/"))
    page = page.replace("</head>", f"{PAGE_HEAD}</head>", 1)
    try:
        (folder / DIAGRAMS).mkdir(parents=True, exist_ok=True)
        (folder / PAGE).write_text(page, encoding="utf-8")
        (folder / LINEAGE).write_text(lineage, encoding="utf-8")
        for name, svg in {"overall": overall, **domains}.items():
            (folder / DIAGRAMS / f"{name}.svg").write_text(svg, encoding="utf-8")
    except OSError as error:
        raise Failure(f"The documentation cannot be written to {folder}: {error.strerror}.") from None
    return folder / PAGE, len(missing)


def show(target: Target, folder: Path, dbt_target: str | None) -> None:
    """Write the documentation, and print where it is."""
    start = monotonic()
    page, missing = write(preflight(target), target.environment, folder, dbt_target)
    say(f"dbt docs generate: {duration(monotonic() - start)}")
    say(f"Page      {page.resolve().as_uri()}")
    say(f"Lineage   {(page.parent / LINEAGE).resolve().as_uri()}")
    say(f"Diagrams  {(page.parent / DIAGRAMS).resolve()}")
    if missing:
        say(
            f"{missing} tables and views are not built; the page shows no types for them: run dbt build.",
            style="yellow",
        )


def _lineage(artifacts: Path) -> str:
    """Return the page with the lineage of every column; raise Failure when the SQL of a model cannot be analysed."""
    # Imported here, because it takes longer to load than all other commands need together.
    from dbt_colibri.lineage_extractor.extractor import DbtColumnLineageExtractor
    from dbt_colibri.report.generator import DbtColibriReportGenerator

    log, errors = logging.getLogger("colibri"), BufferingHandler(sys.maxsize)
    errors.setLevel(logging.ERROR)
    log.handlers, log.propagate = [errors], False
    extractor = DbtColumnLineageExtractor(str(artifacts / "manifest.json"), str(artifacts / "catalog.json"))

    class Report(DbtColibriReportGenerator):
        """The report, in which a cast to the type of a contract is no transformation: it changes no value."""

        def build_full_lineage(self) -> dict[str, Any]:
            lineage = super().build_full_lineage()
            for node in lineage["nodes"].values():
                for name, column in node["columns"].items():
                    cast = rf"\bcast\({name} as [\w ]+(\(\d+, \d+\))?\) as {name}\b"
                    if node["compiledCode"] and re.search(cast, node["compiledCode"]):
                        column["lineageType"] = "pass-through"
            return lineage

    # Its light mode would leave out the compiled SQL, and then warn of every model that has none.
    Report(extractor, disable_telemetry=True).generate_report(str(artifacts))
    if errors.buffer:
        raise Failure("\n".join(["dbt-colibri cannot follow every column:", *(e.getMessage() for e in errors.buffer)]))
    return (artifacts / "index.html").read_text(encoding="utf-8").replace("<head>", f"<head>{LINEAGE_HEAD}", 1)


def _explain(manifest: Mapping[str, Any], marts: Mapping[str, diagrams.Table]) -> None:
    """Put what the page of dbt does not show, or shows as JSON, into the descriptions.

    The target of a foreign key, what analysts may read, why a legacy column is not migrated, the lineage.
    """
    nodes = manifest["nodes"]
    targets = {
        (table.name, key.column): f"→ {key.parent}.{key.parent_column}"
        for table in marts.values()
        for key in table.references
    }
    for history in [each for each in nodes.values() if each["resource_type"] == "snapshot"]:
        # Its YAML describes what dbt adds; all other columns are those of its mart, and described there.
        mart = nodes[history["depends_on"]["nodes"][0]]
        history["columns"] = deepcopy(mart["columns"]) | history["columns"]
        targets |= {(history["name"], column): to for (table, column), to in targets.items() if table == mart["name"]}
    for node_id, node in [*nodes.items(), *manifest["sources"].items()]:
        if node["package_name"] != "dispatch" or node["resource_type"] not in KINDS:
            continue
        is_read = node.get("access") == "public"
        for column in node["columns"].values():
            meta = column.pop("meta") | column["config"].pop("meta", {})
            parts = [f"{to}."] if (to := targets.get((node["name"], column["name"]))) else []
            parts += ["Hidden from analysts."] if is_read and meta.get("pii") else []
            parts += [column["description"].strip()]
            parts += ["Analysts see only values that match a pattern."] if is_read and meta.get("shown_if") else []
            parts += [f"Not migrated: {why}"] if (why := meta.get("not_migrated")) else []
            column["description"] = " ".join(parts)
        node["meta"] = node["config"]["meta"] = {}
        readers = f"Analysts read `analytics.{node['name']}`." if is_read else "Analysts cannot read this table."
        lineage = f"[Column lineage]({LINEAGE}?model={node_id}&parents=1&children=0)"
        node["description"] = f"{node['description'].strip()}\n\n{readers} {lineage}"


def _section(domain: str, svg: str, marts: Mapping[str, diagrams.Table]) -> str:
    """Return the Markdown of a domain: heading, links to its tables, diagram."""
    links = (f"[{name}](#!/model/model.dispatch.{name})" for name in sorted(marts) if marts[name].domain == domain)
    return f"## {domain}\n\n{', '.join(links)}\n\n{_image(domain, svg)}"


def _image(name: str, svg: str) -> str:
    """Return Markdown that shows an SVG; the page of dbt does not let HTML through."""
    return f"![Diagram of {name}](data:image/svg+xml;base64,{b64encode(svg.encode()).decode()})"


def _put(manifest: Mapping[str, Any], block: str, place: str, markdown: str) -> None:
    """Put Markdown into a doc block, in place of a text."""
    found = manifest["docs"][f"doc.dispatch.{block}"]
    if place not in found["block_contents"]:
        raise Failure(f"The block {block} in models/overview.md must contain “{place}”.")
    found["block_contents"] = found["block_contents"].replace(place, markdown)


def _rank(node: Mapping[str, Any]) -> tuple[int, int]:
    """Return the position of a node in the search results: marts before the layers below them, short names first."""
    layer = node["path"].partition("/")[0] if node["resource_type"] == "model" else node["resource_type"]
    return LAYERS.index(layer) if layer in LAYERS else len(LAYERS), len(node["name"])  # a package has its own folders


def _relations(manifest: Mapping[str, Any]) -> set[str]:
    """Return the ids of the models, seeds and snapshots that are tables or views."""
    return {
        node_id
        for node_id, node in manifest["nodes"].items()
        if node["resource_type"] in KINDS and node["config"]["materialized"] != "ephemeral"
    }
