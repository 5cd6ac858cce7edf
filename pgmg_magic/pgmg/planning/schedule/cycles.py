"""Refuses cycles that an edit in place would close with objects that do not change (rule 2.5).

The order of the steps knows only what the plan touches. A view that is replaced may come to read another one that reads
it already: the server takes that, and every query of either fails from then on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.model.naming.names import RELATIONS, Kind
from pgmg.model.plans.plan import ChangeKind
from pgmg.model.sources.facts import RoutineFacts
from pgmg.planning.steps.ordering import cycle_error

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgmg.model.naming.location import SourceLocation
    from pgmg.model.naming.names import ObjectName
    from pgmg.planning.resolve.declared import Declared
    from pgmg.planning.schedule.context import PlanContext

_AS_IT_IS = (None, ChangeKind.FORMATTING)
_BUILT_OVER = RELATIONS - {Kind.VIEW, Kind.MATERIALIZED_VIEW}
"""Tables and what belongs to them: migrations create them in an order of their own, types and defaults added later."""


def refuse_cycles(context: PlanContext) -> None:
    """Raise if a changed object would come to depend on itself.

    Raises:
        CycleError: the message prints the cycle, unchanged objects included.
    """
    paths = _Paths(context)
    for difference in context.changed:
        if difference.declared is None or difference.change in _AS_IT_IS:
            continue
        cycle = paths.back_to(difference.name)
        if cycle is not None:
            raise cycle_error(cycle, paths.locations(cycle))


class _Paths:
    """Walks from an object to what it will depend on: by its source if it changes, else by the catalog (rule 2.4)."""

    def __init__(self, context: PlanContext) -> None:
        self._context, self._resolved = context, context.resolved
        self._changed = {d.name for d in context.changed if d.change not in _AS_IT_IS}

    def back_to(self, start: ObjectName) -> tuple[ObjectName, ...] | None:
        """Return the objects of a cycle through `start`, each depending on the next; None where there is none."""
        before: dict[ObjectName, ObjectName] = {}
        queue = [start]
        for name in queue:
            for used in self._needs(name):
                if used.kind in _BUILT_OVER:
                    continue
                if used == start:
                    return self._way(start, name, before)
                if used not in before:
                    before[used] = name
                    queue.append(used)
        return None

    @staticmethod
    def _way(start: ObjectName, last: ObjectName, before: dict[ObjectName, ObjectName]) -> tuple[ObjectName, ...]:
        way = [last]
        while way[-1] != start:
            way.append(before[way[-1]])
        return tuple(reversed(way))

    def _needs(self, name: ObjectName) -> Iterator[ObjectName]:
        declared = self._resolved.declared.get(name)
        if declared is not None and name in self._changed:
            yield from self._referenced(declared)
        elif not self._context.is_deleted(name) and name not in self._context.touched_by_migrations:
            yield from self._recorded(name)

    def _referenced(self, declared: Declared) -> Iterator[ObjectName]:
        """Yield what a source needs for certain: a name that several overloads bear may mean another one."""
        resolver, source = self._resolved.resolver, declared.source
        # a parsed body depends on its own function too, which is only not waited for
        is_parsed = isinstance(source.facts, RoutineFacts) and source.facts.atomic
        for reference in source.references:
            if reference.hard or is_parsed:
                meant = resolver.meant(reference, reference.settings or source.settings)
                if len(meant) == 1:
                    yield meant[0]

    def _recorded(self, name: ObjectName) -> Iterator[ObjectName]:
        live = self._resolved.snapshot.objects.get(name)
        if live is None or live.address in self._context.removals.statements:
            return
        graph = self._context.graph
        for link in graph.needs(live.address):
            if not link.is_auto:
                yield graph.name(link.on)

    def locations(self, names: tuple[ObjectName, ...]) -> dict[ObjectName, SourceLocation]:
        """Return where the declared ones of some objects are declared."""
        declared = self._resolved.declared
        return {name: declared[name].source.location for name in names if name in declared}
