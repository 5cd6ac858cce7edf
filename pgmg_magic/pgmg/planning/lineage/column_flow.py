"""Follows columns through views that were read: upstream to what they are made from, downstream to what uses them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from pgmg.model.graph_data import ColumnEdge, Flow, Graph, GraphNode
from pgmg.model.names import Kind, ObjectName
from pgmg.model.plan import Origin

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@dataclass(frozen=True, slots=True)
class ViewColumns:
    """A view whose query was read, or `why` it was not: then `used` is what the view uses as a whole.

    `recorded` tells that the server says so.
    """

    columns: tuple[str, ...] = ()
    values: Mapping[str, tuple[ObjectName, ...]] = field(default_factory=lambda: MappingProxyType({}))
    expressions: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    conditions: tuple[ObjectName, ...] = ()
    used: tuple[ObjectName, ...] = ()
    why: str | None = None
    recorded: bool = False


def flow(
    graph: Graph,
    roots: tuple[ObjectName, ...],
    readings: Mapping[ObjectName, ViewColumns],
    upstream: int | None,
    downstream: int | None,
) -> Graph:
    """Return the columns around `roots` and how they flow into each other; `graph` knows their relations.

    Values are followed as far as asked. What decides which rows there are is told of the roots' own views and of
    those that a column decides about, and not followed from there: in the end everything decides about everything.
    """
    walk = _Walk(readings)
    walk.up(roots, upstream)
    walk.down(roots, downstream)
    known = {node.object: node for node in graph.nodes}
    nodes = tuple(sorted((_node(n, known, readings) for n in walk.nodes(roots)), key=lambda n: str(n.object)))
    edges = tuple(sorted(walk.edges.values(), key=lambda e: (str(e.object), str(e.depends_on))))
    return Graph(nodes, edges, asked=roots, notes=tuple(_notes(readings, walk.unread)))


class _Walk:
    """Collects edges."""

    def __init__(self, readings: Mapping[ObjectName, ViewColumns]) -> None:
        self._readings = readings
        self.edges: dict[tuple[ObjectName, ObjectName], ColumnEdge] = {}
        self.unread: dict[ObjectName, None] = {}
        self._made: dict[ObjectName, list[ObjectName]] = defaultdict(list)
        self._decided: dict[ObjectName, list[ObjectName]] = defaultdict(list)
        self._using: dict[ObjectName, list[ObjectName]] = defaultdict(list)

    def nodes(self, roots: tuple[ObjectName, ...]) -> dict[ObjectName, None]:
        return dict.fromkeys((*roots, *(end for pair in self.edges for end in pair)))

    def _edge(self, name: ObjectName, on: ObjectName, how: Flow, origin: Origin = Origin.SOURCE) -> None:
        self.edges.setdefault((name, on), ColumnEdge(name, on, origin, flow=how))

    def up(self, roots: tuple[ObjectName, ...], depth: int | None) -> None:
        """Follow columns to what they are made from; of the roots also what decides about their rows."""
        if depth == 0:
            return
        found, border, steps = set(roots), list(roots), 0
        while border and (depth is None or steps < depth):
            new = [source for name in border for source in self._sources(name)]
            border = [name for name in dict.fromkeys(new) if name not in found]
            found.update(border)
            steps += 1
        for root in roots:
            view = root.parent
            reading = None if view is None else self._readings.get(view)
            if view is not None and reading is not None and reading.why is None and reading.conditions:
                self._edge(root, view, Flow.CONDITION)
                for condition in reading.conditions:
                    self._edge(view, condition, Flow.CONDITION)

    def _sources(self, name: ObjectName) -> Iterator[ObjectName]:
        view = name.parent if name.kind is Kind.COLUMN else name
        reading = None if view is None else self._readings.get(view)
        if view is None or reading is None:
            return
        if reading.why is None:
            for source in reading.values.get(name.name, ()) if name.kind is Kind.COLUMN else ():
                self._edge(name, source, Flow.VALUE)
                yield source
            return
        origin = Origin.CATALOG if reading.recorded else Origin.SOURCE
        self.unread[view] = None
        if name != view:
            self._edge(name, view, Flow.USED, origin)
        for source in reading.used:
            self._edge(view, source, Flow.USED, origin)
            yield source

    def down(self, roots: tuple[ObjectName, ...], depth: int | None) -> None:
        """Follow columns to what is made from them, and to the rows that they decide about."""
        if depth == 0:
            return
        self._index_reverse()
        found, border, steps = set(roots), list(roots), 0
        while border and (depth is None or steps < depth):
            new = [user for name in border for user in self._users(name)]
            border = [name for name in dict.fromkeys(new) if name not in found]
            found.update(border)
            steps += 1

    def _index_reverse(self) -> None:
        for view, reading in self._readings.items():
            for column, sources in reading.values.items():
                for source in sources:
                    self._made[source].append(ObjectName(Kind.COLUMN, column, parent=view))
            for source in reading.conditions:
                self._decided[source].append(view)
            for source in reading.used:
                self._using[source].append(view)

    def _users(self, name: ObjectName) -> Iterator[ObjectName]:
        for user in self._made[name]:
            self._edge(user, name, Flow.VALUE)
            yield user
        for view in self._decided[name]:
            self._edge(view, name, Flow.CONDITION)
        for view in self._using[name]:
            reading = self._readings[view]
            origin = Origin.CATALOG if reading.recorded else Origin.SOURCE
            self.unread[view] = None
            self._edge(view, name, Flow.USED, origin)
            for column in reading.columns:
                user = ObjectName(Kind.COLUMN, column, parent=view)
                self._edge(user, view, Flow.USED, origin)
                yield user


def _node(
    name: ObjectName, known: Mapping[ObjectName, GraphNode], readings: Mapping[ObjectName, ViewColumns]
) -> GraphNode:
    """Return a column as its relation is, with the expression that makes it."""
    relation = name.parent if name.kind is Kind.COLUMN and name.parent is not None else name
    about = known.get(relation, GraphNode(relation, managed=False))
    if name == relation:
        return about
    reading = readings.get(relation)
    sql = reading.expressions.get(name.name) if reading is not None else None
    return GraphNode(name, about.managed, about.change, about.location, sql)


def _notes(readings: Mapping[ObjectName, ViewColumns], unread: Mapping[ObjectName, None]) -> Iterator[str]:
    for view in unread:
        reading = readings[view]
        said = "what the server recorded that it uses" if reading.recorded else "all that it names"
        yield f"The query of {view} could not be followed ({reading.why}): its columns lead to {said}, as a whole."
