"""The dependency graph: of a plan, of a whole project, and around chosen objects (rule 2.4)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pgmg.model.database.state_layout import STATE_TABLES
from pgmg.model.naming.location import SourceLocation
from pgmg.model.naming.names import CHILD_KINDS, Kind, ObjectName, migration_name
from pgmg.model.plans.plan import Edge, Origin, Plan
from pgmg.model.results.graph_data import ColumnEdge, Graph, GraphNode
from pgmg.model.sources.source import Effect
from pgmg.planning.demands.dependencies import DependencyGraph
from pgmg.planning.resolve.lookup import find_all

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import networkx as nx

    from pgmg.model.database.catalog_details import Closure
    from pgmg.planning.compare.resolved import Comparison

_MINOR = frozenset({Kind.INDEX, Kind.CONSTRAINT, Kind.COLUMN_DEFAULT, Kind.SEQUENCE, Kind.OTHER})
"""What is part of a table rather than a node of its own, unless somebody declared it."""


def to_networkx(graph: Graph | Plan) -> nx.DiGraph[ObjectName]:
    """Return the edges as a networkx graph: from each object to what it depends on.

    Nodes are `ObjectName`s; edges carry `origin` and `hard`, those of columns also `flow`. A plan's graph holds what
    the plan touches.
    """
    import networkx as nx

    made: nx.DiGraph[ObjectName] = nx.DiGraph()
    if isinstance(graph, Plan):
        made.add_nodes_from(step.object for step in graph.steps)
        made.add_nodes_from(change.object for change in graph.changes)
    else:
        made.add_nodes_from(node.object for node in graph.nodes)
    for edge in graph.edges:
        flow = {"flow": edge.flow} if isinstance(edge, ColumnEdge) else {}
        made.add_edge(edge.object, edge.depends_on, origin=edge.origin, hard=edge.hard, **flow)
    return made


def project_graph(comparison: Comparison, closure: Closure) -> Graph:
    """Return every declared object, the tables they read, pending migrations, and what the database adds."""
    drawing = _Drawing(comparison)
    drawing.add_declared()
    drawing.add_migrations()
    drawing.add_live(DependencyGraph(closure))
    return drawing.graph()


class _Drawing:
    """Collects nodes and edges; what is said first about an edge stays."""

    def __init__(self, comparison: Comparison) -> None:
        self._survey = comparison.resolved
        self._changes = {d.name: d.change for d in comparison.differences}
        self._nodes: dict[ObjectName, GraphNode] = {}
        self._edges: dict[tuple[ObjectName, ObjectName], Edge] = {}

    def _edge(self, name: ObjectName, on: ObjectName, origin: Origin = Origin.SOURCE, *, hard: bool = True) -> None:
        self._edges.setdefault((name, on), Edge(name, on, origin, hard))

    def add_declared(self) -> None:
        """Add what files declare."""
        for name, declared in self._survey.declared.items():
            source = declared.source
            self._nodes[name] = GraphNode(
                name, change=self._changes.get(name), location=source.location, sql=source.sql
            )
            for use in declared.uses:
                self._edge(name, use.object, hard=use.hard)
            if name.parent is not None:
                self._edge(name, name.parent)

    def add_migrations(self) -> None:
        """Add pending migrations: a table needs the one that makes it, and is needed by those that alter it."""
        timeline = self._survey.timeline
        for number, migration in enumerate(timeline.migrations):
            name = migration_name(migration.name)
            self._nodes[name] = GraphNode(name, location=SourceLocation(migration.path, 1, 1), sql=migration.text)
            for statement in timeline.of_migration(number):
                for use in statement.uses:
                    if use.object is None or not timeline.history.is_created(use.object):
                        self._edge(name, use.name, hard=use.hard)
                for operation in statement.operations:
                    if operation.name.kind is Kind.TABLE:
                        table = operation.name
                        ends = (table, name) if operation.effect is Effect.CREATE else (name, table)
                        if ends[::-1] not in self._edges:
                            self._edge(*ends)

    def add_live(self, catalog: DependencyGraph) -> None:
        """Add what only the database knows."""
        for address in catalog.definitions:
            name = catalog.name(address)
            if name not in self._survey.declared and _is_minor(name):
                continue
            for link in catalog.needs(address):
                other = catalog.name(link.on)
                if other.kind not in _MINOR:
                    self._edge(name, other, Origin.CATALOG)
            if name not in self._nodes and catalog.definition(address).extension is None:
                shown = catalog.definition(address).create
                managed = str(name) in self._survey.snapshot.state
                self._nodes[name] = GraphNode(name, managed, self._changes.get(name), sql=shown[0] if shown else None)

    def graph(self) -> Graph:
        """Return what was collected, in a stable order."""
        for edge in self._edges.values():
            for end in (edge.object, edge.depends_on):
                self._nodes.setdefault(end, GraphNode(end, managed=False))
        return _sorted(self._nodes.values(), self._edges.values())


def _is_minor(name: ObjectName) -> bool:
    return name.kind in _MINOR or name.kind in CHILD_KINDS or name.name in STATE_TABLES


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
        uses, users = adjacency(graph.edges)
        kept = reachable(roots, uses, upstream) | reachable(roots, users, downstream)
    if changes_only:
        changed = {n.object for n in graph.nodes if n.change is not None or n.object.kind is Kind.MIGRATION}
        kept &= changed
    nodes = tuple(node for node in graph.nodes if node.object in kept)
    edges = tuple(edge for edge in graph.edges if edge.object in kept and edge.depends_on in kept)
    return replace(graph, nodes=nodes, edges=edges, hidden=len(graph.nodes) - len(nodes))


def adjacency(
    edges: Iterable[Edge],
) -> tuple[dict[ObjectName, list[ObjectName]], dict[ObjectName, list[ObjectName]]]:
    """Return what each object uses, and what uses it."""
    uses: dict[ObjectName, list[ObjectName]] = {}
    users: dict[ObjectName, list[ObjectName]] = {}
    for edge in edges:
        uses.setdefault(edge.object, []).append(edge.depends_on)
        users.setdefault(edge.depends_on, []).append(edge.object)
    return uses, users


def reachable(
    roots: Iterable[ObjectName], next_to: dict[ObjectName, list[ObjectName]], depth: int | None
) -> set[ObjectName]:
    """Return the roots and what is up to `depth` steps away from them (None: however far)."""
    found = set(roots)
    border = list(found)
    steps = 0
    while border and (depth is None or steps < depth):
        border = [n for name in border for n in next_to.get(name, ()) if n not in found]
        found.update(border)
        steps += 1
    return found


def _sorted(nodes: Iterable[GraphNode], edges: Iterable[Edge]) -> Graph:
    return Graph(
        tuple(sorted(nodes, key=lambda node: str(node.object))),
        tuple(sorted(edges, key=lambda edge: (str(edge.object), str(edge.depends_on)))),
    )
