"""A graph as a self-contained HTML page: pan, zoom, search, and each object's file, change and SQL."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from pgmg.model.graph_data import ColumnEdge, Flow, Graph
from pgmg.model.names import Kind, ObjectName
from pgmg.model.plan import ChangeKind, Edge
from pgmg.render import labels, sanitize
from pgmg.render.graph import graph_style, svg
from pgmg.render.graph.dot import DotOptions, to_dot
from pgmg.render.html import markup


def to_html(graph: Graph, title: str | None = None) -> str:
    """Return the page; its content security policy allows only its own script."""
    script = markup.asset("graph.js")
    found = {node.change for node in graph.nodes}
    flows = {edge.flow for edge in graph.edges if isinstance(edge, ColumnEdge)}
    drawn = svg.element(to_dot(graph, DotOptions(legend=False, links=False, sql=False))) if graph.nodes else ""
    return markup.fill(
        "graph.html.j2",
        title=title or ("Column lineage" if graph.is_lineage else "Dependencies"),
        digest=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        style=markup.asset("graph.css"),
        script=script,
        svg=markup.trusted(drawn),
        data=_data(graph),
        count=labels.size(graph),
        notes=graph.notes,
        hidden=labels.hidden(graph),
        legend=[labels.change(change).word for change in ChangeKind if change in found],
        unmanaged=any(graph_style.is_unmanaged(node) for node in graph.nodes),
        soft=any(not edge.hard for edge in graph.edges),
        origins=[] if flows else [edge.value for edge in dict.fromkeys(edge.origin for edge in graph.edges)],
        flows=[(flow.value, labels.flow(flow)) for flow in Flow if flow in flows],
        arrow=labels.arrow(graph),
    )


def _data(graph: Graph) -> dict[str, Any]:
    """Return the script's data: nodes and edges in the order of their ids in the SVG."""
    column_labels = graph_style.Labels(graph) if graph.is_lineage else None
    numbers = {node.object: number for number, node in enumerate(graph.nodes)}
    return {
        "nodes": [
            {
                "name": sanitize.sanitize_line(_title(node.object, column_labels)),
                "kind": node.object.kind.sql_keyword,
                "change": None if node.change is None else labels.change(node.change).word,
                "why": "" if node.change is None else labels.change(node.change).why,
                "managed": not graph_style.is_unmanaged(node),
                "place": None if node.location is None else sanitize.sanitize_line(str(node.location)),
                "sql": None if node.sql is None else sanitize.sanitize_block(node.sql),
            }
            for node in graph.nodes
        ],
        "edges": [
            {"from": numbers[edge.object], "to": numbers[edge.depends_on], "why": _why(edge)}
            for edge in graph.edges
            if edge.object in numbers and edge.depends_on in numbers
        ],
    }


def _title(name: ObjectName, column_labels: graph_style.Labels | None) -> str:
    is_whole = column_labels is not None and name.kind is not Kind.COLUMN
    return f"{column_labels.whole(name)} of {name}" if column_labels is not None and is_whole else labels.named(name)


def _why(edge: Edge) -> str:
    if isinstance(edge, ColumnEdge):
        return f"{labels.edge(edge)}: {labels.origin(edge)}"
    return labels.origin(edge)
