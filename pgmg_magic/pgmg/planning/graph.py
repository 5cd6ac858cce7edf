"""The dependency graph: of a plan, of a whole project, and around chosen objects (rule 2.4)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from pgmg.model.graph import Graph, Node
from pgmg.model.names import ON_PARENT, Kind, ObjectName, migration_name
from pgmg.model.place import Place
from pgmg.model.plan import Edge, Origin, Plan
from pgmg.model.snapshot import OWN_TABLES, Closure
from pgmg.model.source import Effect
from pgmg.planning.lookup import find_all
from pgmg.planning.survey import Picture
from pgmg.planning.web import Web

if TYPE_CHECKING:
    import networkx as nx

_MINOR = frozenset({Kind.INDEX, Kind.CONSTRAINT, Kind.COLUMN_DEFAULT, Kind.SEQUENCE, Kind.OTHER})
"""What is part of a table rather than a node of its own, unless somebody declared it."""


def to_networkx(graph: Graph | Plan) -> nx.DiGraph[ObjectName]:
    """Return the edges as a networkx graph: from each object to what it depends on.

    Nodes are `ObjectName`s; edges carry `origin` and `hard`. A plan's graph holds what the plan touches.
    """
    import networkx as nx

    made: nx.DiGraph[ObjectName] = nx.DiGraph()
    if isinstance(graph, Plan):
        made.add_nodes_from(step.object for step in graph.steps)
        made.add_nodes_from(change.object for change in graph.changes)
    else:
        made.add_nodes_from(node.object for node in graph.nodes)
    for edge in graph.edges:
        made.add_edge(edge.object, edge.depends_on, origin=edge.origin, hard=edge.hard)
    return made


def project_graph(picture: Picture, closure: Closure) -> Graph:
    """Return every declared object, the tables they read, pending migrations, and what the database adds."""
    survey = picture.survey
    changes = {d.name: d.change for d in picture.differences}
    nodes: dict[ObjectName, Node] = {}
    edges: dict[tuple[ObjectName, ObjectName], Edge] = {}

    for name, declared in survey.declared.items():
        source = declared.source
        nodes[name] = Node(name, True, changes.get(name), source.place, source.sql)
        for use in declared.uses:
            edges[name, use.object] = Edge(name, use.object, Origin.SOURCE, use.hard)
        if name.parent is not None and (name, name.parent) not in edges:
            edges[name, name.parent] = Edge(name, name.parent, Origin.SOURCE)
    for migration, needs in zip(survey.pending, survey.needs, strict=True):
        name = migration_name(migration.name)
        nodes[name] = Node(name, True, None, Place(migration.path, 1, 1), migration.text)
        for use in needs:
            edges[name, use.object] = Edge(name, use.object, Origin.SOURCE, use.hard)
        for alteration in migration.alterations:
            for made in survey.resolver.altered(alteration):
                if made.kind is not Kind.TABLE:
                    continue
                # a table needs the migration that makes it; a migration needs the table that it alters
                ends = (made, name) if alteration.effect is Effect.CREATE else (name, made)
                if ends[::-1] not in edges:
                    edges[ends] = Edge(*ends, Origin.SOURCE)
    web = Web(closure, survey.snapshot.by_address())
    for address in web.definitions:
        name = web.name(address)
        if name not in survey.declared and (name.kind in _MINOR or name.kind in ON_PARENT or name.name in OWN_TABLES):
            continue
        for link in web.needs(address):
            other = web.name(link.on)
            if other.kind not in _MINOR:
                edges.setdefault((name, other), Edge(name, other, Origin.CATALOG))
        if name not in nodes and web.definition(address).extension is None:
            shown = web.definition(address).create
            managed = str(name) in survey.snapshot.state
            nodes[name] = Node(name, managed, changes.get(name), sql=shown[0] if shown else None)
    for edge in edges.values():
        for end in (edge.object, edge.depends_on):
            nodes.setdefault(end, Node(end, managed=False))
    return _sorted(nodes.values(), edges.values())


def neighbourhood(
    graph: Graph, typed: Sequence[str], upstream: int | None, downstream: int | None, *, changes_only: bool = False
) -> Graph:
    """Return the part of a graph around some objects; `hidden` counts what is left out.

    Upstream leads to what an object uses, downstream to its users. With only one of the two given, the other is 0;
    with neither, both are without limit.

    Raises:
        UnknownObjectError: a name that nothing bears.
    """
    kept = {node.object for node in graph.nodes}
    if typed:
        roots = find_all(typed, [node.object for node in graph.nodes])
        if upstream is not None or downstream is not None:
            upstream, downstream = upstream or 0, downstream or 0
        uses, users = _adjacency(graph.edges)
        kept = _reach(roots, uses, upstream) | _reach(roots, users, downstream)
    if changes_only:
        changed = {n.object for n in graph.nodes if n.change is not None or n.object.kind is Kind.MIGRATION}
        kept &= changed
    nodes = tuple(node for node in graph.nodes if node.object in kept)
    edges = tuple(edge for edge in graph.edges if edge.object in kept and edge.depends_on in kept)
    return replace(graph, nodes=nodes, edges=edges, hidden=len(graph.nodes) - len(nodes))


def _adjacency(
    edges: Iterable[Edge],
) -> tuple[dict[ObjectName, list[ObjectName]], dict[ObjectName, list[ObjectName]]]:
    uses: dict[ObjectName, list[ObjectName]] = {}
    users: dict[ObjectName, list[ObjectName]] = {}
    for edge in edges:
        uses.setdefault(edge.object, []).append(edge.depends_on)
        users.setdefault(edge.depends_on, []).append(edge.object)
    return uses, users


def _reach(
    roots: Iterable[ObjectName], next_to: dict[ObjectName, list[ObjectName]], depth: int | None
) -> set[ObjectName]:
    found = set(roots)
    border = list(found)
    steps = 0
    while border and (depth is None or steps < depth):
        border = [n for name in border for n in next_to.get(name, ()) if n not in found]
        found.update(border)
        steps += 1
    return found


def _sorted(nodes: Iterable[Node], edges: Iterable[Edge]) -> Graph:
    return Graph(
        tuple(sorted(nodes, key=lambda node: str(node.object))),
        tuple(sorted(edges, key=lambda edge: (str(edge.object), str(edge.depends_on)))),
    )
