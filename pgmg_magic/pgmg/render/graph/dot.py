"""A dependency graph as Graphviz source; data flows along the arrows, from left to right."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote as percent

import graphviz
from graphviz.quoting import quote

from pgmg.model.naming.names import Kind, ObjectName
from pgmg.model.plans.plan import ChangeKind, Edge, Origin
from pgmg.model.results.graph_data import ColumnEdge, Flow, Graph, GraphNode
from pgmg.render import labels, sanitize
from pgmg.render.graph import graph_style

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pgmg.model.naming.location import SourceLocation

_FONT = "Helvetica,Arial,sans-serif"
_MARGIN, _NARROW = "0.2,0.08", "0.04,0.02"
"""Margins around a label, in inches; shapes with free corners need less."""
_ROOMY = frozenset({"ellipse", "hexagon", "octagon", "parallelogram"})
_TOOLTIP_LINES = 25
"""Most lines of SQL in a tooltip."""

_MANY = 2000
"""Number of nodes above which Graphviz uses faster, less tidy settings."""


@dataclass(frozen=True, slots=True)
class DotOptions:
    """Optional parts of a drawing: legend, links to files, SQL in tooltips."""

    legend: bool = True
    links: bool = True
    sql: bool = True


def to_dot(graph: Graph, extras: DotOptions = DotOptions()) -> str:
    """Return the graph as DOT source; equal graphs give equal texts.

    Nodes have the ids `n1`, `n2`, … and edges `e1`, `e2`, … in the order in which the graph has them, and classes
    (`change-new`, `kind-view`, `unmanaged`; `soft`, `origin-catalog`) for style sheets.
    """
    drawing = graphviz.Digraph("dependencies")
    drawing.attr(rankdir="LR", bgcolor=graph_style.PAPER, fontname=_FONT, fontsize="12", **_spacing(graph))
    drawing.attr("node", fontname=_FONT, fontsize="12", fontcolor=graph_style.INK, margin=_MARGIN, height="0.45")
    drawing.attr("edge", arrowsize="0.7")
    if len(graph.nodes) > _MANY:
        drawing.attr(mclimit="0.1", nslimit="0.5", nslimit1="1", splines="polyline")
    ids = _identities(graph)
    numbers = {node.object: number for number, node in enumerate(graph.nodes, start=1)}
    drawn, named = _columns if graph.is_lineage else _nodes, _Names(ids, numbers, graph_style.Labels(graph))
    for cluster, box in enumerate(graph_style.boxes(graph)):
        lines = drawn(box.nodes, graph, named, extras)
        if box.label is None:
            drawing.body += [f"\t{line}" for line in lines]
            continue
        with drawing.subgraph(name=f"cluster_{cluster}") as inner:
            inner.attr(label=_lines(box.label), style="rounded", color="#cbd2d9", fontcolor="#616e7c")
            inner.body += [f"\t{line}" for line in lines]
    shown = (edge for edge in graph.edges if edge.object in ids and edge.depends_on in ids)
    drawing.body += [f"\t{_edge(edge, ids, number)}" for number, edge in enumerate(shown, start=1)]
    if extras.legend:
        _legend(drawing, graph)
    return str(drawing.source)


def _identities(graph: Graph) -> dict[ObjectName, str]:
    """Give each node a readable identifier in the DOT source."""
    ids: dict[ObjectName, str] = {}
    taken: set[str] = set()
    for number, node in enumerate(graph.nodes, start=1):
        name = sanitize.sanitize_line(str(node.object))
        if name in taken:  # two names that differ only in escaped characters
            name = f"{name} #{number}"
        taken.add(name)
        ids[node.object] = quote(graphviz.escape(name))
    return ids


def _spacing(graph: Graph) -> dict[str, str]:
    """Return the distances between nodes, in inches; columns of a relation are close to each other."""
    return {"ranksep": "1", "nodesep": "0.05"} if graph.is_lineage else {"ranksep": "0.7", "nodesep": "0.18"}


class _Names(NamedTuple):
    """Names of nodes: identifiers in DOT, numbers of the SVG's ids, labels."""

    ids: dict[ObjectName, str]
    numbers: dict[ObjectName, int]
    labels: graph_style.Labels


def _columns(nodes: Iterable[GraphNode], graph: Graph, names: _Names, extras: DotOptions) -> Iterator[str]:
    """Describe the columns of one relation: boxes of one width."""
    written = {node.object: _lines(names.labels.of(node)) for node in nodes}
    width = max(map(len, written.values())) * 0.09 + 0.3
    for node in nodes:
        name, paint = node.object, graph_style.colors(node.change)
        foreign, is_column = graph_style.is_unmanaged(node), name.kind is Kind.COLUMN
        attributes = {
            "label": written[name],
            "shape": "box",
            "style": f"filled{'' if is_column and not foreign else ',dashed'}",
            "fillcolor": paint.fill if is_column and not foreign else graph_style.PAPER,
            "color": graph_style.ASKED if name in graph.asked else paint.line,
            "penwidth": "2" if name in graph.asked else "1",
            "height": "0.28",
            "width": f"{width:.2f}",
            "margin": "0.05,0.02",
            "tooltip": _text(_tooltip(node, extras)),
            "class": f"{_node_classes(node)}{' asked' if name in graph.asked else ''}",
            "id": f"n{names.numbers[name]}",
        }
        if extras.links and node.location is not None:
            attributes["URL"] = _link(node.location)
        yield f"{names.ids[name]} [{_attributes(attributes)}]\n"


def _nodes(nodes: Iterable[GraphNode], _graph: Graph, names: _Names, extras: DotOptions) -> Iterator[str]:
    for node in nodes:
        name, paint = node.object, graph_style.colors(node.change)
        shape = graph_style.shape(name.kind).dot
        attributes = {
            "label": _lines(names.labels.of(node)),
            "shape": shape,
            "style": _style(shape, managed=node.managed),
            "fillcolor": paint.fill if node.managed else graph_style.PAPER,
            "color": paint.line,
            "tooltip": _text(_tooltip(node, extras)),
            "class": _node_classes(node),
            "id": f"n{names.numbers[name]}",
        }
        if shape in _ROOMY:
            attributes["margin"] = _NARROW
        if extras.links and node.location is not None:
            attributes["URL"] = _link(node.location)
        yield f"{names.ids[name]} [{_attributes(attributes)}]\n"


def _edge(edge: Edge, ids: dict[ObjectName, str], number: int) -> str:
    classes = [f"origin-{edge.origin.value}", *(() if edge.hard else ("soft",))]
    attributes = {"color": graph_style.edge_color(edge.origin)}
    if isinstance(edge, ColumnEdge):
        classes.append(f"flow-{edge.flow.value}")
    attributes |= {
        "tooltip": _text(sanitize.sanitize_line(f"{labels.edge(edge)}: {labels.origin(edge)}")),
        "class": " ".join(classes),
        "id": f"e{number}",
    }
    if graph_style.is_dashed(edge):
        attributes |= {"style": "dashed", "arrowhead": "vee"}
    return f"{ids[edge.depends_on]} -> {ids[edge.object]} [{_attributes(attributes)}]\n"


def _attributes(values: dict[str, str]) -> str:
    return " ".join(f"{key}={_quoted(value)}" for key, value in values.items())


@lru_cache(maxsize=1024, typed=True)  # typed: `nohtml` marks its texts by their type
def _quoted(value: str) -> str:
    """Return a quoted DOT value; cached, because few distinct values occur."""
    found: str = quote(value)
    return found


def _style(shape: str, *, managed: bool) -> str:
    return ",".join(("rounded,filled" if shape == "box" else "filled", *(() if managed else ("dashed",))))


def _node_classes(node: GraphNode) -> str:
    change = "unchanged" if node.change is None else node.change.value
    return f"kind-{node.object.kind.value} change-{change}{' unmanaged' if graph_style.is_unmanaged(node) else ''}"


def _tooltip(node: GraphNode, extras: DotOptions) -> str:
    facts = [node.object.kind.sql_keyword]
    if node.change is not None:
        facts.append(labels.change(node.change).word)
    if graph_style.is_unmanaged(node):
        facts.append("unmanaged")
    lines = [sanitize.sanitize_line(labels.named(node.object)), ", ".join(facts)]
    if node.location is not None:
        lines.append(sanitize.sanitize_line(str(node.location)))
    if extras.sql and node.sql:
        rows = sanitize.sanitize_block(node.sql).split("\n")
        lines += ["", *rows[:_TOOLTIP_LINES], *(["…"] if len(rows) > _TOOLTIP_LINES else [])]
    return "\n".join(lines)


def _link(location: SourceLocation) -> str:
    """Return a relative link; no path can turn it into another scheme or host."""
    path = percent(location.path.lstrip("/").encode(errors="replace"), safe="/")
    return path if location.line is None else f"{path}#L{location.line}"


def _lines(lines: graph_style.Lines) -> str:
    return _text("\n".join(map(sanitize.sanitize_line, lines)))


def _text(text: str) -> str:
    """Return a text that Graphviz shows literally, without escapes, entities or markup."""
    escaped = text.replace("&", "&amp;").replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "    ")
    shown: str = graphviz.nohtml(escaped)
    return shown


# -- the legend -----------------------------------------------------------------------------------------


def _legend(drawing: graphviz.Digraph, graph: Graph) -> None:
    """Explain the colours and lines that occur in the graph."""
    found = {node.change for node in graph.nodes}
    changes = [kind for kind in ChangeKind if kind in found]
    unmanaged = any(not node.managed for node in graph.nodes)
    if graph.is_lineage:
        unmanaged, lines = any(graph_style.is_unmanaged(node) for node in graph.nodes), _flow_styles(graph)
    else:
        lines = _edge_styles(graph)
    if not changes and not unmanaged and not lines:
        return
    with drawing.subgraph(name="cluster_legend") as box:
        box.attr(label="Legend", style="rounded", color="#e4e7eb", fontcolor="#616e7c", fontsize="10")
        box.attr("node", shape="box", fontsize="9", height="0.25", width="1.2", margin="0.08,0.03")
        # Graphviz draws the column from below
        for (origin, hard), word in reversed(lines.items()):
            style = "rounded" if hard else "rounded,dashed"
            box.node(f"legend {word}", word, color=graph_style.edge_color(origin), style=style)
        if unmanaged:
            line = graph_style.colors(None).line
            box.node(
                "legend unmanaged", "unmanaged", fillcolor=graph_style.PAPER, color=line, style="rounded,filled,dashed"
            )
        for kind in reversed(changes):
            word, paint = labels.change(kind).word, graph_style.colors(kind)
            box.node(f"legend {word}", word, fillcolor=paint.fill, color=paint.line, style="rounded,filled")


def _edge_styles(graph: Graph) -> dict[tuple[Origin, bool], str]:
    """Return the kinds of edges to explain; none if only the usual one occurs."""
    found = {(edge.origin, edge.hard) for edge in graph.edges}
    if found <= {(Origin.SOURCE, True)}:
        return {}
    said = {Origin.SOURCE: "source", Origin.CATALOG: "catalog", Origin.ERROR: "learned"}
    return {
        (origin, hard): f"edge: {said[origin]}{'' if hard else ', soft'}"
        for origin in Origin
        for hard in (True, False)
        if (origin, hard) in found
    }


def _flow_styles(graph: Graph) -> dict[tuple[Origin, bool], str]:
    """Return the uses of columns to explain; none if only values occur."""
    found = {edge.flow: edge for edge in graph.edges if isinstance(edge, ColumnEdge)}
    if found.keys() <= {Flow.VALUE}:
        return {}
    return {(found[kind].origin, kind is Flow.VALUE): labels.flow(kind) for kind in Flow if kind in found}
