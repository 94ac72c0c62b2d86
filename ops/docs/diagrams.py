"""Entity-relationship diagrams of the marts as SVG, from the foreign keys in dbt's manifest."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pygraphviz import AGraph, Node

COLOURS = {
    "people": "#1f5f8b",
    "orders": "#14695b",
    "payments": "#8a5a00",
    "shipments": "#8b3a62",
    "templates": "#5b4b9a",
    "teams": "#a0432c",
    "communication": "#3c6e2f",
    "access": "#55606b",
}
FONT = "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono','Liberation Mono',monospace"
# Pixels. Graphviz gets boxes without text, so that the drawing does not depend on the fonts of the machine.
LETTER, ROW, HEAD, PADDING, MARGIN = 7.3, 19, 24, 10, 8
DASHED = ' stroke-dasharray="4 3"'


@dataclass(frozen=True)
class ForeignKey:
    """A column of a mart that refers to a mart."""

    child: str
    column: str
    parent: str
    parent_column: str
    is_optional: bool

    @property
    def name(self) -> str:
        """The column, with its table."""
        return f"{self.child}.{self.column}"


@dataclass(frozen=True)
class Table:
    """A mart: its domain, the column of its primary key, its foreign keys, and how many columns it has in all."""

    name: str
    domain: str
    key: str
    references: tuple[ForeignKey, ...]
    columns: int


class Box:
    """A drawn table: a head, and below it a row for each key column, or the head only."""

    def __init__(self, table: Table, has_rows: bool) -> None:
        """Lay out the rows, or the head only."""
        self.table = table
        self.rows: list[tuple[str, str]] = []
        if has_rows:
            self.rows = [("PK", table.key), *(("FK", key.column) for key in table.references)]
            if others := table.columns - len(self.rows):
                self.rows.append(("", f"+ {others} more"))
        widest = max(len(table.name) * 1.06, *(len(text) + 4 for _, text in self.rows), 0)
        self.width = round(widest * LETTER + 2 * PADDING)

    @property
    def label(self) -> str:
        """Empty cells of the right size for Graphviz, with a port for each column."""
        heights = [("head", HEAD), *((text if kind else "rest", ROW) for kind, text in self.rows)]
        cells = (
            f'<TR><TD PORT="{port}" FIXEDSIZE="TRUE" WIDTH="{self.width}" HEIGHT="{height}"></TD></TR>'
            for port, height in heights
        )
        return f'<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0">{"".join(cells)}</TABLE>>'

    def svg(self, middle: tuple[float, float], is_guest: bool) -> str:
        """Draw it around a point; the box of a guest, a table of another domain, is pale."""
        height = HEAD + ROW * len(self.rows)
        left, top = middle[0] - self.width / 2, middle[1] - height / 2
        colour = COLOURS[self.table.domain]
        fill, ink = ("#fff", colour) if is_guest else (colour, "#fff")
        frame = f'x="{left:.1f}" y="{top:.1f}" width="{self.width}" rx="4"'
        parts = [f'<rect {frame} height="{height}" fill="{fill if not self.rows else "#fff"}"/>']
        if self.rows:
            parts.append(f'<rect {frame} height="{HEAD}" fill="{fill}"/>')
        parts.append(_text(left + PADDING, top + HEAD / 2, self.table.name, ink, 'font-weight="bold"'))
        for number, (kind, text) in enumerate(self.rows):
            line = top + HEAD + ROW * (number + 0.5)
            parts.append(_text(left + PADDING, line, kind, colour, 'font-size="9"'))
            parts.append(_text(left + PADDING + 3 * LETTER, line, text, "#222" if kind else "#777"))
        parts.append(f'<rect {frame} height="{height}" fill="none" stroke="{colour}"{DASHED if is_guest else ""}/>')
        return f'<g data-table="{self.table.name}">{"".join(parts)}</g>'


def tables(manifest: Mapping[str, Any]) -> dict[str, Table]:
    """Return the marts by name, from a manifest as dbt writes it."""
    found = {}
    for node in manifest["nodes"].values():
        # A package may have a folder of the same name.
        if node["unique_id"].startswith("model.dispatch.") and node["path"].startswith("marts/"):
            constraints = [
                (column, constraint) for column in node["columns"].values() for constraint in column["constraints"]
            ]
            required = {column["name"] for column, constraint in constraints if constraint["type"] == "not_null"}
            found[node["name"]] = Table(
                name=node["name"],
                domain=node["config"]["group"],
                key=next(column["name"] for column, constraint in constraints if constraint["type"] == "primary_key"),
                references=tuple(
                    ForeignKey(node["name"], column["name"], *_target(constraint), column["name"] not in required)
                    for column, constraint in constraints
                    if constraint["type"] == "foreign_key"
                ),
                columns=len(node["columns"]),
            )
    return found


def domains(marts: Mapping[str, Table]) -> list[str]:
    """Return the domains in the order of the documentation."""
    return [domain for domain in COLOURS if any(table.domain == domain for table in marts.values())]


def overall(marts: Mapping[str, Table]) -> str:
    """Draw every mart and every foreign key, the marts only by name and the domains as frames."""
    graph = _graph(nodesep="0.14", ranksep="0.35", newrank="true")
    boxes = {name: Box(table, has_rows=False) for name, table in marts.items()}
    for domain in domains(marts):
        members = [name for name, table in marts.items() if table.domain == domain]
        for name in members:
            graph.add_node(name, label=boxes[name].label)
        graph.add_subgraph(members, name=f"cluster_{domain}", margin="22")
    keys = [key for table in marts.values() for key in table.references]
    return _draw(graph, boxes, keys, guests=set(), title="The marts and their foreign keys")


def domain(marts: Mapping[str, Table], name: str) -> str:
    """Draw the marts of a domain with their keys, and what they refer to elsewhere."""
    members = {table.name: Box(table, has_rows=True) for table in marts.values() if table.domain == name}
    keys = [key for member in members for key in marts[member].references]
    guests = {key.parent for key in keys} - set(members)
    boxes = members | {guest: Box(marts[guest], has_rows=False) for guest in sorted(guests)}
    graph = _graph(nodesep="0.3", ranksep="0.9")
    for table, box in boxes.items():
        graph.add_node(table, label=box.label)
    return _draw(graph, boxes, keys, guests, title=f"The marts of {name} and their foreign keys")


def _target(constraint: Mapping[str, Any]) -> tuple[str, str]:
    """Return the table and the column referred to; a self-reference has no `to` but an expression `table (column)`."""
    if not constraint["to"]:
        return re.fullmatch(r"(\w+) *\((\w+)\)", constraint["expression"]).groups()
    return re.search(r"(\w+)\W*$", constraint["to"])[1], constraint["to_columns"][0]  # a ref or a relation


def _graph(**attributes: str) -> "AGraph":
    from pygraphviz import AGraph  # imported here, because it takes as long to load as all of python -m ops

    graph = AGraph(directed=True, strict=False, rankdir="LR", splines="spline", **attributes)
    graph.node_attr["shape"] = "plain"
    graph.edge_attr["dir"] = "none"
    return graph


def _draw(graph: "AGraph", boxes: Mapping[str, Box], keys: Sequence[ForeignKey], guests: set[str], title: str) -> str:
    for key in keys:
        # Parents stand to the left of their children: an edge of the layout runs from the key to the reference.
        ports = {"tailport": f"{_port(boxes, key.parent, None)}:e", "headport": f"{_port(boxes, key.child, key)}:w"}
        graph.add_edge(key.parent, key.child, key=key.name, **ports)
    graph.layout(prog="dot")
    width, height = (float(number) for number in graph.graph_attr["bb"].split(",")[2:])

    frames = [
        _frame(part.name.removeprefix("cluster_"), part.graph_attr["bb"], height) for part in graph.subgraphs_iter()
    ]
    lines = []
    for key in keys:
        edge = graph.get_edge(key.parent, key.child, key.name)
        lines.append(_line(key, edge.attr["pos"], height, COLOURS[boxes[key.parent].table.domain]))
    drawn = [box.svg(_middle(graph.get_node(name), height), name in guests) for name, box in boxes.items()]
    width, height = width + 2 * MARGIN, height + 2 * MARGIN
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-{MARGIN} -{MARGIN} {width:.0f} {height:.0f}"'
        f' width="{width:.0f}" height="{height:.0f}" style="background:#fff" font-family="{FONT}" font-size="12">'
        f"<title>{escape(title)}</title>{''.join(frames)}{''.join(lines)}{''.join(drawn)}</svg>"
    )


def _port(boxes: Mapping[str, Box], table: str, reference: ForeignKey | None) -> str:
    """Name the row at which a line ends: the reference in the child, the primary key in the parent."""
    box = boxes[table]
    if not box.rows:
        return "head"
    return reference.column if reference else box.table.key


def _middle(node: "Node", height: float) -> tuple[float, float]:
    """Return where the layout put a node; its y axis points up."""
    x, y = (float(number) for number in node.attr["pos"].split(","))
    return x, height - y


def _frame(name: str, bb: str, height: float) -> str:
    left, bottom, right, top = (float(number) for number in bb.split(","))
    colour = COLOURS[name]
    return (
        f'<rect x="{left:.1f}" y="{height - top:.1f}" width="{right - left:.1f}" height="{top - bottom:.1f}" rx="8"'
        f' fill="{colour}" fill-opacity=".08"/>'
        + _text(left + PADDING, height - top + PADDING, name, colour, 'font-size="11"')
    )


def _line(key: ForeignKey, pos: str, height: float, colour: str) -> str:
    """Draw a foreign key: a bar at the one parent, a crow's foot at its many children, dashed if optional."""
    points = [(float(x), height - float(y)) for x, y in (point.split(",") for point in pos.split())]
    (start_x, start_y), (end_x, end_y) = points[0], points[-1]
    curve = f"M{start_x:.1f} {start_y:.1f}C" + " ".join(f"{x:.1f} {y:.1f}" for x, y in points[1:])
    ends = f"M{start_x + 5:.1f} {start_y - 5:.1f}v10M{end_x:.1f} {end_y - 5:.1f}l-9 5l9 5"
    title = f"{key.name} → {key.parent}{', optional' if key.is_optional else ''}"
    return (
        f'<g data-key="{key.name}" fill="none" stroke="{colour}" stroke-width="1.2"><title>{escape(title)}</title>'
        f'<path d="{curve}"{DASHED if key.is_optional else ""}/><path d="{ends}"/></g>'
    )


def _text(x: float, y: float, text: str, colour: str, attributes: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y + 4:.1f}" fill="{colour}" {attributes}>{escape(text)}</text>'
