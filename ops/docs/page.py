"""dbt's documentation as one page that needs neither server nor network, with diagrams of the data model.

A second page shows the lineage of every column, from the legacy table to the mart.
"""

import json
import logging
import sys
import tempfile
from base64 import b64encode
from collections.abc import Mapping
from logging.handlers import BufferingHandler
from pathlib import Path
from time import monotonic
from typing import Any

from ops.console import duration, say
from ops.database.connection import Connection, Target, preflight, reading_marts, rows
from ops.dbt import run as dbt
from ops.docs import diagrams
from ops.errors import Failure
from ops.project import BENCHMARKS, ROOT

OUTPUT = ROOT / "target" / "docs"
PAGE = "index.html"
LINEAGE = "lineage.html"
DIAGRAMS = "data_model"
LAYERS = ("marts", "audit", "snapshot", "seed", "intermediate", "staging")
# The texts in models/overview.md that are replaced. On the page that dbt makes by itself they are true.
MAP_HERE = "`make docs` draws the map here."
DOMAINS_HERE = "`make docs` draws the diagrams here."
LINEAGE_HERE = "`make docs` adds the column lineage"
BENCHMARKS_HERE = "`make docs` adds the last results of `make bench`."


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
        command = ["docs", "generate", "--static", "--exclude", "test_type:generic"]
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
    for history in manifest["nodes"].values():
        if history["resource_type"] == "snapshot":
            # Its YAML describes what dbt adds; all other columns are those of its mart, and described there.
            mart = manifest["nodes"][history["depends_on"]["nodes"][0]]
            history["columns"] = mart["columns"] | history["columns"]
    marts = diagrams.tables(manifest)
    overall = diagrams.overall(marts)
    domains = {name: diagrams.domain(marts, name) for name in diagrams.domains(marts)}
    _put(manifest, "__overview__", MAP_HERE, _image("all tables", overall))
    example = f"{LINEAGE}?model=model.dispatch.payments&column=amount&parents=3&children=0"
    _put(manifest, "__overview__", LINEAGE_HERE, f"the [column lineage]({example}), here of payments.amount")
    results = [file.read_text(encoding="utf-8") for file in sorted(BENCHMARKS.glob("*.md"))]
    _put(manifest, "__overview__", BENCHMARKS_HERE, "\n\n".join(results) or "Not measured yet: run `make bench`.")
    sections = (_section(name, svg, marts) for name, svg in domains.items())
    _put(manifest, "__dispatch__", DOMAINS_HERE, "\n\n".join(sections))
    missing = _relations(manifest) - catalog["nodes"].keys()
    # The search of the page shows the first twenty that match, in the order of the catalog.
    catalog["nodes"] = dict(sorted(catalog["nodes"].items(), key=lambda item: _rank(manifest["nodes"][item[0]])))
    for text, changed in zip(texts, (manifest, catalog), strict=True):
        if page.count(text) != 1:
            raise Failure("The page of dbt does not contain its JSON files unchanged: is this another version of dbt?")
        # No description may end the script that holds the JSON.
        page = page.replace(text, json.dumps(changed).replace("</", "<\\/"))
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
    DbtColibriReportGenerator(extractor, light_mode=True, disable_telemetry=True).generate_report(str(artifacts))
    if errors.buffer:
        raise Failure("\n".join(["dbt-colibri cannot follow every column:", *(e.getMessage() for e in errors.buffer)]))
    return (artifacts / "index.html").read_text(encoding="utf-8")


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


def _rank(node: Mapping[str, Any]) -> int:
    """Return the position of a node's layer in the search results: marts before the layers below them."""
    layer = node["path"].partition("/")[0] if node["resource_type"] == "model" else node["resource_type"]
    return LAYERS.index(layer) if layer in LAYERS else len(LAYERS)  # a package has folders of its own


def _relations(manifest: Mapping[str, Any]) -> set[str]:
    """Return the ids of the models, seeds and snapshots that are tables or views."""
    return {
        node_id
        for node_id, node in manifest["nodes"].items()
        if node["resource_type"] in ("model", "seed", "snapshot") and node["config"]["materialized"] != "ephemeral"
    }
