"""A dependency graph as a Mermaid flowchart, which code hosts and wikis draw; data flows along the arrows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.model.plans.plan import ChangeKind, Origin
from pgmg.render import sanitize
from pgmg.render.graph import graph_style

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgmg.model.naming.names import ObjectName
    from pgmg.model.results.graph_data import Graph, GraphNode


def to_mermaid(graph: Graph) -> str:
    """Return the graph as a Mermaid flowchart."""
    return "\n".join(("flowchart LR", *_body(graph), ""))


def _body(graph: Graph) -> Iterator[str]:
    ids = {node.object: f"n{number}" for number, node in enumerate(graph.nodes, start=1)}
    labels = graph_style.Labels(graph)
    for number, box in enumerate(graph_style.boxes(graph), start=1):
        if box.label is None:
            yield from (f"  {_node(node, graph, labels.of(node), ids)}" for node in box.nodes)
            continue
        yield f'  subgraph s{number}["{_lines(box.label)}"]'
        yield from (f"    {_node(node, graph, labels.of(node), ids)}" for node in box.nodes)
        yield "  end"
    edges = [edge for edge in graph.edges if edge.object in ids and edge.depends_on in ids]
    for edge in edges:
        arrow = "-.->" if graph_style.is_dashed(edge) else "-->"
        yield f"  {ids[edge.depends_on]} {arrow} {ids[edge.object]}"
    for origin in Origin:
        numbers = [str(number) for number, edge in enumerate(edges) if edge.origin is origin]
        if numbers:
            yield f"  linkStyle {','.join(numbers)} stroke:{graph_style.edge_color(origin)}"
    yield from _classes(graph, ids)


def _node(node: GraphNode, graph: Graph, label: graph_style.Lines, ids: dict[ObjectName, str]) -> str:
    before, after = ("[", "]") if graph.is_lineage else graph_style.shape(node.object.kind).mermaid
    return f'{ids[node.object]}{before}"{_lines(label)}"{after}'


def _classes(graph: Graph, ids: dict[ObjectName, str]) -> Iterator[str]:
    members: dict[ChangeKind | None, list[str]] = {}
    for node in graph.nodes:
        members.setdefault(node.change, []).append(ids[node.object])
    for change in (None, *ChangeKind):
        if change in members:
            paint, name = graph_style.colors(change), "unchanged" if change is None else change.value
            yield f"  classDef {name} fill:{paint.fill},stroke:{paint.line},color:{graph_style.INK}"
            yield f"  class {','.join(members[change])} {name}"
    unmanaged = [ids[node.object] for node in graph.nodes if graph_style.is_unmanaged(node)]
    if unmanaged:
        yield f"  classDef unmanaged fill:{graph_style.PAPER},stroke-dasharray:4 3"
        yield f"  class {','.join(unmanaged)} unmanaged"


def _lines(lines: graph_style.Lines) -> str:
    return "<br/>".join(map(_text, lines))


def _text(text: str) -> str:
    """Escape every character that Mermaid or HTML could interpret."""
    return "".join(
        char if char.isalnum() or char in " _.,()" else f"#{ord(char)};" for char in sanitize.sanitize_line(text)
    )
