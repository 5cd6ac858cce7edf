"""Follows columns through views that were read: upstream to what they are made from, downstream to what uses them.

Columns are followed by their values. A relation, as a node, stands for its rows: for what decides which ones there are,
and in which order.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING

from pgmg.model.naming.names import Kind, ObjectName
from pgmg.model.plans.plan import Origin
from pgmg.model.results.graph_data import ColumnEdge, Flow, Graph, GraphNode
from pgmg.planning.lineage.view_columns import ColumnUsers, ViewColumns, relation_of, without_idle_order

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def flow(
    graph: Graph,
    roots: tuple[ObjectName, ...],
    readings: Mapping[ObjectName, ViewColumns],
    upstream: int | None,
    downstream: int | None,
) -> Graph:
    """Return the columns around `roots` and how they flow into each other; `graph` knows their relations.

    Upstream leads to all that can change a value of a root, downstream to all that a root can change, and to what the
    server would drop with it.
    """
    readings = without_idle_order(readings)
    walk = _Walk(readings)
    walk.up(roots, upstream)
    walk.down(roots, downstream)
    known = {node.object: node for node in graph.nodes}
    nodes = tuple(sorted((_node(n, known, readings) for n in walk.nodes(roots)), key=lambda n: str(n.object)))
    edges = tuple(sorted(walk.edges.values(), key=lambda e: (str(e.object), str(e.depends_on))))
    return Graph(nodes, edges, asked=roots, notes=tuple(_notes(readings, walk.unread)))


class _State(Enum):
    """The part of a node that is followed downstream."""

    COLUMN = auto()
    ROWS = auto()
    ORDER = auto()


_Item = tuple[ObjectName, _State]


class _Walk:
    """Collects edges."""

    def __init__(self, readings: Mapping[ObjectName, ViewColumns]) -> None:
        self._readings = readings
        self.edges: dict[tuple[ObjectName, ObjectName], ColumnEdge] = {}
        self.unread: dict[ObjectName, None] = {}
        self._decided_rows: dict[ObjectName, bool] = {}

    def nodes(self, roots: tuple[ObjectName, ...]) -> dict[ObjectName, None]:
        return dict.fromkeys((*roots, *(end for pair in self.edges for end in pair)))

    def _edge(
        self,
        name: ObjectName,
        on: ObjectName,
        how: Flow,
        origin: Origin = Origin.SOURCE,
        construct: str | None = None,
    ) -> None:
        self.edges.setdefault((name, on), ColumnEdge(name, on, origin, flow=how, construct=construct))

    # -- upstream ---------------------------------------------------------------------------------------

    def up(self, roots: tuple[ObjectName, ...], depth: int | None) -> None:
        """Follow columns to what they are made from, and the rows of their views to what decides about those."""
        if depth == 0:
            return
        border = list(roots)
        for root in roots:
            reading = self._reading_of(root)
            if reading is not None and reading.why is None and reading.decides_rows and root.parent is not None:
                self._edge(root, root.parent, Flow.CONDITION)
                border += self._own_rows(root.parent, reading)
        found, steps = {*roots, *border}, 0
        new = [source for root in roots for source in self._sources(root)]
        border = [n for n in dict.fromkeys([*border, *new]) if n not in roots]
        found.update(border)
        if depth is None or depth > 1:
            border += [n for n in self._read_rows(roots) if n not in found]
        steps = 1
        while border and (depth is None or steps < depth):
            new = [source for name in border for source in self._sources(name)]
            border = [name for name in dict.fromkeys(new) if name not in found]
            found.update(border)
            steps += 1

    def _reading_of(self, name: ObjectName) -> ViewColumns | None:
        relation = name.parent if name.kind is Kind.COLUMN else name
        return None if relation is None else self._readings.get(relation)

    def _sources(self, name: ObjectName) -> Iterator[ObjectName]:
        reading = self._reading_of(name)
        if reading is None:
            return
        if name.kind is not Kind.COLUMN:
            yield from self._own_rows(name, reading)
            yield from self._rows_that(name, reading)
        elif reading.why is not None and name.parent is not None:
            self._unread(name.parent)
            self._edge(name, name.parent, Flow.USED, reading.origin, reading.why)
            yield name.parent
            yield from self._own_rows(name.parent, reading)
        else:
            yield from self._values(name, reading)

    def _values(self, name: ObjectName, reading: ViewColumns) -> Iterator[ObjectName]:
        for source in reading.values.get(name.name, ()):
            self._edge(name, source, Flow.VALUE)
            yield source
        for source in reading.decides.get(name.name, ()):
            self._edge(name, source, Flow.CONDITION if source.kind is Kind.COLUMN else Flow.ORDER)
            yield source
        for used in reading.through.get(name.name, ()):
            self._edge(name, used.on, Flow.USED, used.origin, used.construct)
            yield used.on

    def _own_rows(self, view: ObjectName, reading: ViewColumns) -> Iterator[ObjectName]:
        """Return what the query of a view itself says about its rows."""
        for source in reading.conditions:
            self._edge(view, source, Flow.CONDITION if source.kind is Kind.COLUMN else Flow.ORDER)
            yield source
        for source in reading.order:
            self._edge(view, source, Flow.ORDER)
            yield source
        for used in reading.used:
            self._edge(view, used.on, Flow.USED, used.origin, used.construct)
            yield used.on

    def _rows_that(self, view: ObjectName, reading: ViewColumns) -> Iterator[ObjectName]:
        """Return the views whose rows a view reads, as far as something decides about those."""
        for other in reading.reads:
            if self._decided(other):
                self._edge(view, other, Flow.CONDITION)
                yield other

    def _read_rows(self, roots: tuple[ObjectName, ...]) -> Iterator[ObjectName]:
        for root in roots:
            reading = self._reading_of(root)
            if root.parent is None or reading is None or root.kind is not Kind.COLUMN:
                continue
            others = [other for other in reading.reads if self._decided(other)]
            if others:
                self._edge(root, root.parent, Flow.CONDITION)
            for other in others:
                self._edge(root.parent, other, Flow.CONDITION)
                yield other

    def _decided(self, view: ObjectName) -> bool:
        """Tell whether anything decides about the rows of a view, in its own query or in those that it reads."""
        waiting = [view]
        while waiting:
            name = waiting[-1]
            reading = self._readings.get(name)
            if name in self._decided_rows or reading is None:
                self._decided_rows.setdefault(name, False)
                waiting.pop()
            elif reading.conditions or reading.used:
                self._decided_rows[name] = True
            elif new := [n for n in reading.reads if n not in self._decided_rows and n not in waiting]:
                waiting += new
            else:
                self._decided_rows[name] = any(self._decided_rows.get(n, False) for n in reading.reads)
        return self._decided_rows[view]

    def _unread(self, view: ObjectName) -> None:
        self.unread[view] = None

    # -- downstream -------------------------------------------------------------------------------------

    def down(self, roots: tuple[ObjectName, ...], depth: int | None) -> None:
        """Follow columns to what they can change, then to what reads the views that they can change."""
        if depth == 0:
            return
        users = ColumnUsers(self._readings)
        reached: dict[_Item, int] = {(root, _State.COLUMN): 0 for root in roots}
        border, steps = list(reached), 0
        while border and (depth is None or steps < depth):
            steps += 1
            new = [item for name, state in border for item in self._affected(name, state, users)]
            border = [item for item in dict.fromkeys(new) if item not in reached]
            reached |= dict.fromkeys(border, steps)
        self._readers(roots, reached, users, depth)

    def _affected(self, name: ObjectName, state: _State, users: ColumnUsers) -> Iterator[_Item]:
        match state:
            case _State.COLUMN:
                yield from self._made_from(name, users)
            case _State.ROWS:
                for view in users.readers[name]:
                    self._edge(view, name, Flow.CONDITION)
                    yield view, _State.ROWS
            case _State.ORDER:
                yield from self._ordered_by(name, users)

    def _made_from(self, name: ObjectName, users: ColumnUsers) -> Iterator[_Item]:
        for user in users.made[name]:
            self._edge(user, name, Flow.VALUE)
            yield user, _State.COLUMN
        for user in users.decided[name]:
            self._edge(user, name, Flow.CONDITION)
            yield user, _State.COLUMN
        for user, used in users.through[name]:
            self._edge(user, name, Flow.USED, used.origin, used.construct)
            yield user, _State.COLUMN
        for view in users.conditioned[name]:
            self._edge(view, name, Flow.CONDITION)
            yield view, _State.ROWS
        for view in users.ordered[name]:
            self._edge(view, name, Flow.ORDER)
            yield view, _State.ORDER
        for view, used in users.using[name]:
            self._edge(view, name, Flow.USED, used.origin, used.construct)
            yield from self._all_of(view, users)

    def _all_of(self, view: ObjectName, users: ColumnUsers) -> Iterator[_Item]:
        """Return what a column may change that a view uses in a way that is not known: everything, if it is unread."""
        reading = self._readings[view]
        yield view, _State.ROWS
        if reading.why is None:
            return
        self._unread(view)
        known = reading.columns
        named = users.columns_of(view) if known is None else [ObjectName(Kind.COLUMN, c, parent=view) for c in known]
        for user in named:
            self._edge(user, view, Flow.USED, reading.origin, reading.why)
            yield user, _State.COLUMN

    def _ordered_by(self, name: ObjectName, users: ColumnUsers) -> Iterator[_Item]:
        for user in users.decided[name]:
            self._edge(user, name, Flow.ORDER)
            yield user, _State.COLUMN
        for view in users.conditioned[name]:
            self._edge(view, name, Flow.ORDER)
            yield view, _State.ROWS
        for view in users.ordered[name]:
            self._edge(view, name, Flow.ORDER)
            yield view, _State.ORDER

    def _readers(
        self, roots: tuple[ObjectName, ...], reached: Mapping[_Item, int], users: ColumnUsers, depth: int | None
    ) -> None:
        """Add the views that only read what is affected: the server drops them with it."""
        own = {root.parent for root in roots}
        touched: dict[ObjectName, int] = {}
        for (name, _), steps in reached.items():
            relation = name.parent if name.kind is Kind.COLUMN else name
            if relation is not None and relation not in own:
                touched[relation] = min(steps, touched.get(relation, steps))
        linked = {(relation_of(a), relation_of(b)) for a, b in self.edges}
        waiting = list(touched)
        while waiting:
            view = waiting.pop()
            steps = touched[view] + 1
            for reader in users.readers[view] if depth is None or steps <= depth else ():
                if (reader, view) not in linked:
                    self._edge(reader, view, Flow.DEPENDS, Origin.CATALOG)
                if steps < touched.get(reader, steps + 1):
                    touched[reader] = steps
                    waiting.append(reader)


def _node(
    name: ObjectName, known: Mapping[ObjectName, GraphNode], readings: Mapping[ObjectName, ViewColumns]
) -> GraphNode:
    """Return a column as its relation is, with the expression that makes it."""
    relation = relation_of(name)
    about = known.get(relation, GraphNode(relation, managed=False))
    if name == relation:
        return about
    reading = readings.get(relation)
    sql = reading.expressions.get(name.name) if reading is not None else None
    return GraphNode(name, about.managed, about.change, about.location, sql or None)


def _notes(readings: Mapping[ObjectName, ViewColumns], unread: Mapping[ObjectName, None]) -> Iterator[str]:
    for view in unread:
        reading = readings[view]
        recorded = any(used.origin is Origin.CATALOG for used in reading.used)
        said = "what the server recorded that it uses" if recorded else "all that it names"
        yield f"The query of {view} could not be followed ({reading.why}): its columns lead to {said}, as a whole."
