"""Graphs in a notebook: a picture for pages that run no scripts, and the interactive graph, packed."""

from __future__ import annotations

from typing import Any

from pgmg.model.naming.names import PROPERTY_KINDS, Kind
from pgmg.model.plans.plan import ChangeKind, Plan
from pgmg.model.results.graph_data import Graph, GraphNode
from pgmg.render import labels
from pgmg.render.explorer.explorer_page import to_html
from pgmg.render.explorer.grouping import first_view, overview
from pgmg.render.graph import graph_style, svg, tree
from pgmg.render.graph.dot import DotOptions, to_dot
from pgmg.render.graph.graphviz_engine import GraphError
from pgmg.render.html import markup

_NO_NODES = PROPERTY_KINDS | {Kind.CONSTRAINT, Kind.COLUMN_DEFAULT, Kind.COLUMN}
_HEIGHT, _TALL, _FEW = 300, 600, 8
"""Heights of the interactive graph in pixels; a graph of a few nodes gets the lower one."""


def plan_graph(plan: Plan) -> Graph:
    """Return a plan's objects and their dependencies as a graph."""
    changes = {change.object: change.change for change in plan.changes}
    steps = {step.whole: step for step in plan.steps}
    named = [*steps, *changes, *(end for edge in plan.dependencies for end in (edge.object, edge.depends_on))]
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
    return Graph(nodes, tuple(edge for edge in plan.dependencies if edge.object in there and edge.depends_on in there))


def graph_bundle(graph: Graph) -> dict[str, str]:
    """Return a graph as HTML and text tree, and as SVG if it is small enough to be shown as a whole."""
    found = {"text/plain": tree.to_tree(graph), "text/html": graph_html(graph)}
    if graph.nodes and overview(graph, first_view(graph)) is graph:
        try:
            found["image/svg+xml"] = svg.picture(to_dot(graph))
        except GraphError:
            return found
    return found


def graph_html(graph: Graph) -> str:
    """Return a graph as HTML."""
    return markup.fill(
        "graph_cell.html.j2",
        label=labels.subject(graph),
        notes=graph.notes,
        figure=figure(graph),
        script=markup.asset("figure.js"),
    )


def figure(graph: Graph, *, sql: bool = True) -> dict[str, Any]:
    """Return the values of the figure's template: picture, packed page, legend. Without Graphviz there is a tree."""
    shown = overview(graph, first_view(graph))
    found = {node.change for node in graph.nodes}
    values: dict[str, Any] = {
        "size": labels.size(graph),
        "hidden": labels.hidden(shown),
        "arrow": labels.ARROWS,
        "legend": [(kind.value, labels.change(kind).word) for kind in ChangeKind if kind in found],
        "unmanaged": any(graph_style.is_unmanaged(node) for node in graph.nodes),
        "soft": any(not edge.hard for edge in graph.edges),
        "image": None,
        "tree": None,
        "page": None,
        "height": _HEIGHT if len(graph.nodes) <= _FEW else _TALL,
    }
    if not graph.nodes:
        return {**values, "tree": "No objects."}
    values["page"] = markup.packed(to_html(graph, sql=sql))
    try:
        title = f"{labels.subject(graph)}: {labels.size(graph)}"
        values["image"] = svg.image(to_dot(shown, DotOptions(legend=False, links=False, sql=False)), title)
    except GraphError as error:
        values["tree"] = f"{tree.to_tree(shown)}\n\n{error}"
    return values
