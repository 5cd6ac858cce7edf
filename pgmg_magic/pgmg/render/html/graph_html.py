"""Graphs in a notebook: a static picture, replaced by an interactive page where scripts run."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape

from pgmg.model.graph_data import Graph, GraphNode
from pgmg.model.names import PROPERTY_KINDS, Kind, ObjectName, migration_name
from pgmg.model.plan import ChangeKind, Edge, Plan
from pgmg.render import labels
from pgmg.render.graph import graph_style, svg, tree
from pgmg.render.graph.dot import DotOptions, to_dot
from pgmg.render.graph.graphviz_engine import GraphError
from pgmg.render.html import markup

if TYPE_CHECKING:
    from collections.abc import Iterator

LIMIT = 120
"""Most objects in one picture."""
_NO_NODES = PROPERTY_KINDS | {Kind.CONSTRAINT, Kind.COLUMN_DEFAULT, Kind.COLUMN}
_ID = re.compile(r' id="[^"]*"')
_SIZE = re.compile(r'<svg width="(\d+)pt" height="(\d+)pt"')


def focus(graph: Graph, limit: int = LIMIT) -> Graph:
    """Return a graph of at most `limit` nodes: changed objects and their neighbours, else the most connected ones.

    A column graph keeps the nodes nearest to the requested ones. `hidden` counts the removed nodes.
    """
    if len(graph.nodes) <= limit:
        return graph
    if graph.asked:
        return _part(graph, set(_nearest(graph, limit)))
    degree = Counter(end for edge in graph.edges for end in (edge.object, edge.depends_on))
    core = {node.object for node in graph.nodes if node.change is not None or node.object.kind is Kind.MIGRATION}
    near = {
        end for edge in graph.edges if {edge.object, edge.depends_on} & core for end in (edge.object, edge.depends_on)
    }
    ranked = sorted(
        (node.object for node in graph.nodes),
        key=lambda name: (name not in core, name not in near, -degree[name], str(name)),
    )
    wanted = len(core | near) if core and len(core | near) <= limit else limit
    return _part(graph, set(ranked[:wanted]))


def _nearest(graph: Graph, limit: int) -> list[ObjectName]:
    """Return the nodes nearest to the requested ones."""
    beside: dict[ObjectName, list[ObjectName]] = {node.object: [] for node in graph.nodes}
    for edge in graph.edges:
        beside[edge.object].append(edge.depends_on)
        beside[edge.depends_on].append(edge.object)
    found = dict.fromkeys(graph.asked)
    border = list(found)
    while border and len(found) < limit:
        border = list(dict.fromkeys(other for name in border for other in beside[name] if other not in found))
        found |= dict.fromkeys(border)
    return list(found)[:limit]


def plan_graph(plan: Plan) -> Graph:
    """Return a plan's objects and their dependencies as a graph."""
    changes = {change.object: change.change for change in plan.changes}
    steps = {step.whole: step for step in plan.steps}
    named = [*steps, *changes, *(end for edge in plan.edges for end in (edge.object, edge.depends_on))]
    nodes = tuple(
        GraphNode(
            name,
            managed=steps[name].managed if name in steps else name in changes or name.kind is not Kind.TABLE,
            change=changes.get(name),
            location=steps[name].location if name in steps else None,
            sql=steps[name].sql if name in steps else None,
        )
        for name in dict.fromkeys(named)
        if name.kind not in _NO_NODES
    )
    there = {node.object for node in nodes}
    edges = (*plan.edges, *_of_migrations(plan))
    return Graph(nodes, tuple(edge for edge in edges if edge.object in there and edge.depends_on in there))


def _of_migrations(plan: Plan) -> Iterator[Edge]:
    """Connect each migration with the tables through which it affects other objects."""
    for migration in plan.migrations:
        causes = dict.fromkeys(cause for affected in migration.affects for cause in affected.because_of)
        for cause in causes:
            if cause.kind is Kind.TABLE:
                yield Edge(migration_name(migration.name), cause)


def graph_bundle(graph: Graph) -> dict[str, str]:
    """Return a graph as HTML, SVG picture and text tree; the tree has all nodes, the others those in focus."""
    shown = focus(graph)
    found = {"text/plain": tree.to_tree(graph), "text/html": graph_html(shown)}
    if shown.nodes:
        try:
            found["image/svg+xml"] = svg.picture(to_dot(shown))
        except GraphError:
            return found
    return found


def graph_html(graph: Graph) -> str:
    """Return a reduced graph as HTML."""
    return markup.fill(
        "graph_cell.html.j2",
        label=labels.subject(graph),
        **figure(graph, explore=True),
    )


def figure(graph: Graph, *, explore: bool = False) -> dict[str, Any]:
    """Return the values of the figure's template; without Graphviz the figure is a text tree."""
    found = {node.change for node in graph.nodes}
    legend = [(kind.value, labels.change(kind).word) for kind in ChangeKind if kind in found]
    shown: dict[str, Any] = {
        "count": labels.size(graph),
        "notes": graph.notes,
        "arrow": labels.arrow(graph),
        "hidden": labels.hidden(graph),
        "legend": legend,
        "unmanaged": any(graph_style.is_unmanaged(node) for node in graph.nodes),
        "soft": any(not edge.hard for edge in graph.edges),
        "svg": None,
        "page": None,
        "tree": None,
        "height": 0,
    }
    if not graph.nodes:
        return {**shown, "tree": "No objects."}
    try:
        drawn = svg.element(to_dot(graph, DotOptions(legend=False, links=False)))
    except GraphError as error:
        return {**shown, "tree": f"{tree.to_tree(graph)}\n\n{error}"}
    if explore:
        from pgmg.render.html.graph_page import to_html

        shown["page"] = escape(to_html(graph))
    width, height = _size(drawn)
    shown["height"] = min(max(round(height * min(1.0, 700 / width) * 1.4) + 140, 320), 640)
    return {**shown, "svg": _embedded(drawn)}


def _embedded(drawn: str) -> Markup:
    """Return an SVG element without ids, so that a page can hold several."""
    return markup.trusted(_ID.sub("", drawn))


def _size(drawn: str) -> tuple[float, float]:
    found = _SIZE.search(drawn)
    return (float(found[1]), float(found[2])) if found else (700.0, 400.0)


def _part(graph: Graph, kept: set[ObjectName]) -> Graph:
    nodes = tuple(node for node in graph.nodes if node.object in kept)
    edges = tuple(edge for edge in graph.edges if edge.object in kept and edge.depends_on in kept)
    return replace(graph, nodes=nodes, edges=edges, hidden=graph.hidden + len(graph.nodes) - len(nodes))
