"""Which relations a view reads: by its own query, and through the bodies of functions that it calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.model.naming.names import ROUTINES, Kind, ObjectName
from pgmg.planning.lineage.column_selection import TABULAR
from pgmg.planning.lineage.object_graph import adjacency
from pgmg.source import parse_recorded

if TYPE_CHECKING:
    from pgmg.model.results.graph_data import Graph
    from pgmg.planning.resolve.resolver import Resolver

VIEWS = TABULAR - {Kind.TABLE}
CALLED = ROUTINES | {Kind.OPERATOR}


class RelationUses:
    """The graph of relations: what each view reads, and which functions it calls."""

    def __init__(self, graph: Graph, resolver: Resolver, declared: frozenset[ObjectName]) -> None:
        self._resolver = resolver
        self._declared = declared
        self._texts = {node.object: node.sql for node in graph.nodes if node.object.kind in ROUTINES}
        self._uses, _ = adjacency(graph.edges)
        self._behind: dict[ObjectName, tuple[ObjectName, ...]] = {}

    def relations(self, view: ObjectName) -> list[ObjectName]:
        """Return the relations that a view's own query names."""
        return [name for name in self._uses.get(view, ()) if name.kind in TABULAR and name != view]

    def functions(self, view: ObjectName) -> list[ObjectName]:
        """Return the functions and operators that a view's own query calls."""
        return [name for name in self._uses.get(view, ()) if name.kind in CALLED]

    def behind(self, function: ObjectName) -> tuple[ObjectName, ...]:
        """Return the relations that a function reads, also through functions that it calls."""
        known = self._behind.get(function)
        if known is None:
            found: dict[ObjectName, None] = {}
            seen, waiting = {function}, [function]
            while waiting:
                for used in self._used_by(waiting.pop()):
                    if used.kind in TABULAR:
                        found[used] = None
                    elif used.kind in CALLED and used not in seen:
                        seen.add(used)
                        waiting.append(used)
            known = self._behind[function] = tuple(found)
        return known

    def _used_by(self, function: ObjectName) -> list[ObjectName]:
        found = list(self._uses.get(function, ()))
        text = None if function in self._declared else self._texts.get(function)
        for source in parse_recorded(text) if text else ():
            found += [use.object for use in self._resolver.uses(source.references, but=function)]
        return found

    def all_relations(self, view: ObjectName) -> list[ObjectName]:
        """Return all relations that a view reads, one way or the other."""
        through = [name for function in self.functions(view) for name in self.behind(function)]
        return list(dict.fromkeys([*self.relations(view), *through]))
