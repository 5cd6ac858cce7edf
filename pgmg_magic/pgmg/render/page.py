"""A graph as one HTML page that needs nothing else: pan, zoom, search, and each object's file, change and SQL."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from pgmg.model.graph import Graph
from pgmg.model.plan import ChangeKind
from pgmg.render import clean, markup, svg, words
from pgmg.render.dot import Extras, to_dot


def to_html(graph: Graph, title: str = "Dependencies") -> str:
    """Return the page. Only the script whose digest it names may run in it."""
    script = markup.asset("graph.js")
    found = {node.change for node in graph.nodes}
    drawn = svg.element(to_dot(graph, Extras(legend=False, links=False, sql=False))) if graph.nodes else ""
    return markup.fill(
        "graph.html.j2",
        title=title,
        digest=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        style=markup.asset("graph.css"),
        script=script,
        svg=markup.trusted(drawn),
        data=_data(graph),
        count=words.count(len(graph.nodes), "object"),
        hidden=f"{words.count(graph.hidden, 'more object')} not shown" if graph.hidden else "",
        legend=[words.change(change).word for change in ChangeKind if change in found],
        unmanaged=any(not node.managed for node in graph.nodes),
        soft=any(not edge.hard for edge in graph.edges),
        origins=[edge.value for edge in dict.fromkeys(edge.origin for edge in graph.edges)],
    )


def _data(graph: Graph) -> dict[str, Any]:
    """Return what the script knows: nodes and edges in the order of their ids in the SVG."""
    numbers = {node.object: number for number, node in enumerate(graph.nodes)}
    return {
        "nodes": [
            {
                "name": clean.line(str(node.object)),
                "kind": node.object.kind.words,
                "change": None if node.change is None else words.change(node.change).word,
                "why": "" if node.change is None else words.change(node.change).why,
                "managed": node.managed,
                "place": None if node.place is None else clean.line(str(node.place)),
                "sql": None if node.sql is None else clean.block(node.sql),
            }
            for node in graph.nodes
        ],
        "edges": [
            {"from": numbers[edge.object], "to": numbers[edge.depends_on], "why": words.origin(edge)}
            for edge in graph.edges
            if edge.object in numbers and edge.depends_on in numbers
        ],
    }
