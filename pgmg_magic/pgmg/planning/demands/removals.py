"""Objects that pending migrations remove from the catalog, and the points up to which their dependencies hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.model.lazy_dataclass import dataclass
from pgmg.model.naming.names import Kind
from pgmg.model.sources.source import Effect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pgmg.model.naming.names import ObjectName
    from pgmg.planning.demands.dependencies import DependencyGraph, Link
    from pgmg.planning.replay.object_operations import Operation
    from pgmg.planning.replay.schema_state import ObjectId
    from pgmg.planning.replay.timeline import Timeline

_PARTS = {Effect.DROP_CONSTRAINT: Kind.CONSTRAINT, Effect.SET_DEFAULT: Kind.COLUMN_DEFAULT}


def removed_with(operation: Operation, graph: DependencyGraph) -> Iterator[ObjectId]:
    """Yield what the server drops along with a table or column, and the constraint or default that is meant."""
    for link in graph.dependents(operation.object):
        if link.is_of_partition:
            continue
        dependent = graph.name(link.dependent)
        match operation.effect:
            case Effect.DROP:
                is_removed = link.is_auto
            case Effect.DROP_COLUMN:
                is_removed = link.is_auto and link.uses_column(operation.column)
            case Effect.DROP_CONSTRAINT | Effect.SET_DEFAULT as effect:
                member = operation.member if effect is Effect.DROP_CONSTRAINT else operation.column
                is_removed = dependent.kind is _PARTS[effect] and dependent.name == member
            case _:
                return
        if is_removed:
            yield link.dependent


@dataclass(frozen=True)
class Removals:
    """By which statement each object of the catalog is gone: dropped itself, or along with what it is a part of."""

    timeline: Timeline
    statements: dict[ObjectId, int]

    def is_gone(self, id_: ObjectId, point: int) -> bool:
        """Say whether migrations have removed an object before a point."""
        return self.statements.get(id_, point) < point or not self.timeline.history.exists(id_, point)

    def created_names(self) -> frozenset[ObjectName]:
        """Return the names of the objects that pending statements both create and remove."""
        history = self.timeline.history
        created = ((id_, point) for id_, point in self.statements.items() if history.is_created(id_))
        return frozenset(name for id_, point in created for name in history.names_until(id_, point))

    def holds(self, link: Link, point: int) -> bool:
        """Say whether a dependency of the catalog still exists at a point, as far as migrations decide.

        A column that has been dropped, or has another type, does not depend on its old type.
        """
        if self.is_gone(link.dependent, point) or self.is_gone(link.on, point):
            return False
        if link.own_column is None:
            return True
        columns, column = self.timeline.history.columns, (link.dependent, link.own_column)
        if columns.dropped.get(column, point) < point:
            return False
        return not any(n < point for n in columns.retyped.get(column, ()))

    def holding_at(self, point: int) -> Callable[[Link], bool]:
        """Return what tells whether a link still exists at a point."""
        if not self.statements and not self.timeline.statements:
            return lambda _: True
        return lambda link: self.holds(link, point)


def removals_of(timeline: Timeline, graph: DependencyGraph) -> Removals:
    """Return what the pending statements remove."""
    found: dict[ObjectId, int] = {}
    for statement in timeline.statements:
        for operation in statement.operations:
            if operation.effect is Effect.DROP:
                found.setdefault(operation.object, statement.number)
            queue = list(removed_with(operation, graph)) if operation.object in graph.definitions else []
            while queue:
                part = queue.pop()
                if part not in found:
                    found[part] = statement.number
                    queue += [
                        link.dependent for link in graph.dependents(part) if link.is_auto and not link.is_of_partition
                    ]
    return Removals(timeline, found)
