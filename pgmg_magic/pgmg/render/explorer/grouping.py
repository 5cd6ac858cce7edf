"""Groups of a graph's nodes (by schema, folder or kind), and the view in which a large graph opens."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pgmg.model.naming.names import Kind, ObjectName
from pgmg.model.plans.plan import Edge, Origin
from pgmg.model.results.graph_data import Graph, GraphNode
from pgmg.render import labels
from pgmg.render.graph import graph_style

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

ALL_SHOWN = 150
"""Largest graph that opens with all of its nodes; a larger one opens with closed groups."""
_NEARLY_ALL = 0.85
MOST_SHOWN = 60
"""Most nodes that a large graph shows beside its closed groups."""


@dataclass(frozen=True, slots=True)
class Groups:
    """One way to group the nodes: the groups' labels, and for each node the number of its group."""

    by: str
    labels: tuple[str, ...]
    of: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class View:
    """The drawn nodes: groups that are `open` with all of their nodes, and the single nodes `shown` of closed ones.

    `groups` is None for a graph without groups; then all of its nodes are drawn.
    """

    groups: Groups | None = None
    open: frozenset[int] = frozenset()
    shown: frozenset[int] = frozenset()

    def draws(self, number: int) -> bool:
        """Say whether a node is drawn."""
        return self.groups is None or number in self.shown or self.groups.of[number] in self.open


def groupings(graph: Graph) -> tuple[Groups, ...]:
    """Return the ways to group a graph that give at least two groups; a large graph has at least one way.

    The first one is that of schemas, then folders, then kinds, unless one of its groups holds nearly everything.
    """
    if graph.is_lineage:
        return (_group(graph, "relation", _relation),)
    ways = [_group(graph, "folder", _folder), _group(graph, "kind", _kind)]
    if len({graph_style.schema(node.object) for node in graph.nodes} - {None}) > 1:
        ways.insert(0, _group(graph, "schema", _schema))
    useful = sorted((way for way in ways if len(way.labels) > 1), key=_is_lopsided)
    return tuple(useful or (ways[-1:] if len(graph.nodes) > ALL_SHOWN else ()))


def _is_lopsided(way: Groups) -> bool:
    return max(Counter(way.of).values()) > _NEARLY_ALL * len(way.of)


def first_view(graph: Graph) -> View:
    """Return the view in which a graph opens.

    A small graph is shown as a whole, with bands for its schemas. Of a large one the changed objects and their
    neighbours are shown, of columns those nearest to the requested ones; all groups are closed.
    """
    ways = groupings(graph)
    if len(graph.nodes) <= ALL_SHOWN:
        wanted = ("relation", "schema")
        chosen = next((way for way in ways if way.by in wanted), None)
        return View(chosen, frozenset(range(len(chosen.labels)))) if chosen is not None else View()
    numbers = {node.object: number for number, node in enumerate(graph.nodes)}
    found = _nearest(graph, ALL_SHOWN) if graph.asked else _around_changes(graph)
    return View(ways[0], frozenset(), frozenset(numbers[name] for name in found))


def overview(graph: Graph, view: View) -> Graph:
    """Return a view as a graph of its own: closed groups are single nodes, `hidden` counts the nodes in them."""
    groups = view.groups
    drawn = [number for number in range(len(graph.nodes)) if view.draws(number)]
    if groups is None or len(drawn) == len(graph.nodes):
        return graph
    if graph.asked:
        return _part(graph, {graph.nodes[number].object for number in drawn})
    closed = Counter(groups.of[number] for number in range(len(graph.nodes)) if not view.draws(number))
    boxes = {group: _box(groups.labels[group], number) for group, number in closed.items()}
    ends = {
        node.object: node.object if view.draws(number) else boxes[groups.of[number]].object
        for number, node in enumerate(graph.nodes)
    }
    edges: dict[tuple[ObjectName, ObjectName], Edge] = {}
    for edge in graph.edges:
        pair = ends[edge.object], ends[edge.depends_on]
        if pair[0] != pair[1]:
            known = edge if pair == (edge.object, edge.depends_on) else Edge(*pair, Origin.SOURCE)
            edges.setdefault(pair, known)
    nodes = (*(graph.nodes[number] for number in drawn), *boxes.values())
    return replace(graph, nodes=nodes, edges=tuple(edges.values()), hidden=graph.hidden + sum(closed.values()))


def _box(label: str, number: int) -> GraphNode:
    return GraphNode(ObjectName(Kind.OTHER, f"{label}: {labels.count(number, 'object')}"))


def _group(graph: Graph, by: str, label_of: Callable[[GraphNode], str]) -> Groups:
    numbers: dict[str, int] = {}
    of = tuple(numbers.setdefault(label_of(node), len(numbers)) for node in graph.nodes)
    return Groups(by, tuple(numbers), of)


def _schema(node: GraphNode) -> str:
    return graph_style.schema(node.object) or _kind(node)


def _folder(node: GraphNode) -> str:
    if node.location is None or "/" not in node.location.path:
        return _kind(node)
    return node.location.path.rpartition("/")[0]


def _kind(node: GraphNode) -> str:
    return labels.count(2, node.object.kind.sql_keyword).partition(" ")[2]


def _relation(node: GraphNode) -> str:
    name = node.object
    return str(name.parent if name.kind is Kind.COLUMN and name.parent is not None else name)


def _around_changes(graph: Graph) -> Iterable[ObjectName]:
    """Return the changed objects and their neighbours; nothing if most objects have changed."""
    changed = {node.object for node in graph.nodes if node.change is not None or node.object.kind is Kind.MIGRATION}
    if not changed or len(changed) > len(graph.nodes) // 2:
        return ()
    degree = Counter(end for edge in graph.edges for end in (edge.object, edge.depends_on))
    near = {
        end
        for edge in graph.edges
        if {edge.object, edge.depends_on} & changed
        for end in (edge.object, edge.depends_on)
    }
    ranked = sorted(changed | near, key=lambda name: (name not in changed, -degree[name], str(name)))
    return ranked[:MOST_SHOWN]


def _nearest(graph: Graph, limit: int) -> Iterable[ObjectName]:
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


def _part(graph: Graph, kept: set[ObjectName]) -> Graph:
    nodes = tuple(node for node in graph.nodes if node.object in kept)
    edges = tuple(edge for edge in graph.edges if edge.object in kept and edge.depends_on in kept)
    return replace(graph, nodes=nodes, edges=edges, hidden=graph.hidden + len(graph.nodes) - len(nodes))
