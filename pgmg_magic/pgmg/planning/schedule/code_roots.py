"""Says what has to be dropped for the sake of the code folder, whatever migrations do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.model.database.server_facts import DependsOn, StatementId
from pgmg.model.naming.names import ROUTINES, Kind, ObjectName
from pgmg.model.plans.plan import ChangeKind
from pgmg.planning.demands.dependencies import BLOCKS_COLUMN_CHANGES
from pgmg.planning.kinds.rules import AlterInPlace, RecreateObject

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pgmg.planning.demands.dependencies import Link
    from pgmg.planning.replay.schema_state import ObjectId
    from pgmg.planning.schedule.context import PlanContext
    from pgmg.planning.schedule.decisions import Decisions
    from pgmg.planning.schedule.presence import Presence
    from pgmg.planning.schedule.restored_objects import RestoredObjects


class CodeRoots:
    """Answers for one plan. A root is dropped with all that depends on it."""

    def __init__(
        self, context: PlanContext, decisions: Decisions, presence: Presence, restored: RestoredObjects
    ) -> None:
        self._context, self._decisions = context, decisions
        self._presence, self._restored = presence, restored
        self._declared = context.declared

    def roots(self, point: int) -> dict[ObjectId, str]:
        """Return what has to be dropped for the sake of the code, with the reason."""
        found: dict[ObjectId, str] = {}
        graph, strategies = self._context.graph, self._decisions.strategies
        for name, strategy in strategies.items():
            live = self.live(name)
            if live is None or live in self._presence.from_source:
                continue
            if isinstance(strategy, RecreateObject):
                found[live] = strategy.reason
            elif isinstance(strategy, AlterInPlace) and strategy.shakes:
                for id_ in self._in_the_way_of_conversion(live, point):
                    found.setdefault(id_, f"{name.display_name} is converted")
        for difference in self._context.changed:
            live_object = difference.live
            if difference.change is ChangeKind.DELETED and live_object is not None:
                final = self._context.timeline.final.name_of(live_object.address)
                found |= {live_object.address: "no longer declared"} if _is_same(final, difference.name) else {}
            elif live_object is not None and self._is_left_behind(live_object.address):
                found[live_object.address] = "its arguments have other types now"
            if difference.change is ChangeKind.NEW and difference.name.kind in ROUTINES:
                for id_ in self._users_of_overloads(difference.name):
                    found.setdefault(id_, f"{difference.name.display_name} is a new overload")
        found |= {id_: f"was made by {name}" for id_, name in self._context.implied_families.items()}
        return {id_: reason for id_, reason in found.items() if id_ in graph.definitions or reason}

    def with_learned(self, roots: Mapping[ObjectId, str], point: int) -> list[ObjectId]:
        """Add what the server named as depending on an object that is dropped or changed."""
        found = list(roots)
        for fact in self._context.facts.of(DependsOn):
            if isinstance(fact.dependent, StatementId) or isinstance(fact.on, StatementId):
                continue
            holder, on = (self._context.timeline.state(point).holder_of_kind(n) for n in (fact.dependent, fact.on))
            is_dropped = on is not None and (on in roots or fact.on in self._decisions.strategies)
            if holder is not None and holder not in self._presence.from_source and is_dropped:
                found.append(holder)
        return list(dict.fromkeys(found))

    def released(self, roots: Iterable[ObjectId], point: int) -> set[tuple[ObjectId, ObjectId]]:
        """Return (dependent, on) where the dependent lets go of the other by its own change in place."""
        roots = set(roots)
        if not roots:
            return set()
        wide = self._presence.dependents_closure(roots, point)
        state = self._context.timeline.state(point)
        places = {_place(state.name_of(id_)) for id_ in wide}
        found: set[tuple[ObjectId, ObjectId]] = set()
        for id_ in wide:
            name = self._declared.name_of(id_)
            if id_ in roots or name is None or not self.changes_in_place(name):
                continue
            if not any(_place(used) in places for used in self._all_needed(name)):
                found |= {(id_, link.on) for link in self._context.graph.needs(id_) if link.on in wide}
        return found

    def live(self, name: ObjectName) -> ObjectId | None:
        """Return the object of the catalog that is the declared one also after the migrations."""
        known = self._context.resolved.snapshot.objects.get(name)
        return known.address if known is not None and self._declared.id_of(name) == known.address else None

    def changes_in_place(self, name: ObjectName) -> bool:
        """Say whether a declared object is altered or replaced rather than recreated."""
        strategy = self._decisions.strategies.get(name)
        return isinstance(strategy, AlterInPlace) and bool(strategy.statements)

    def _is_left_behind(self, id_: ObjectId) -> bool:
        """Say whether a managed routine has got another signature because a migration renames a type."""
        changed = self._context.timeline.final.name_of(id_) != self._context.timeline.state(0).name_of(id_)
        return changed and not self._context.timeline.operations_on(id_) and self._restored.is_superseded(id_)

    def _in_the_way_of_conversion(self, type_: ObjectId, point: int) -> list[ObjectId]:
        """Return what prevents the conversion of a type's table columns: users of the type, and of those columns."""
        graph, holds = self._context.graph, self._context.removals.holding_at(point)
        found: list[ObjectId] = []
        for link in filter(holds, graph.dependents(type_)):
            if graph.name(link.dependent).kind is not Kind.TABLE:
                found += [] if graph.is_dropped_with(link.dependent, type_) else [link.dependent]
                continue
            found += [
                other.dependent
                for other in filter(holds, graph.dependents(link.dependent))
                if other.column == link.own_column and self._blocks_conversion(other)
            ]
        return found

    def _blocks_conversion(self, link: Link) -> bool:
        """Say whether a dependent has to be absent while a column is converted: also a foreign key that refers to it.

        Its own column is converted by another statement, and has another type meanwhile.
        """
        kind = self._context.graph.name(link.dependent).kind
        return kind in BLOCKS_COLUMN_CHANGES or (kind is Kind.CONSTRAINT and not link.is_auto)

    def _users_of_overloads(self, name: ObjectName) -> Iterator[ObjectId]:
        """Yield declared objects that call another overload of a new routine's name (rule 5.3)."""
        graph = self._context.graph
        for other in self._context.resolved.snapshot.name_space.routines((name.schema or "", name.name)):
            if not other.overloads(name):
                continue
            for link in graph.dependents(self._context.resolved.snapshot.objects[other].address):
                is_new = link.dependent in self._presence.from_source
                if not link.is_auto and not is_new and self._declared.name_of(link.dependent) is not None:
                    yield link.dependent

    def _all_needed(self, name: ObjectName) -> list[ObjectName]:
        """Return what an object's source uses, and what that in turn cannot be without."""
        found = dict.fromkeys(use.object for use in self._declared.uses(name))
        queue = list(found)
        for used in queue:
            for use in self._declared.uses(used):
                if use.hard and use.object not in found:
                    found[use.object] = None
                    queue.append(use.object)
        return queue


def _place(name: ObjectName) -> tuple[object, ...]:
    """Return what only one object can have at a time: a view may follow a materialized view of its name."""
    return name.schema, name.name, name.arguments, name.parent


def _is_same(now: ObjectName, before: ObjectName) -> bool:
    """Say whether an object has kept its own name; its table, or the schema of that, may have another one."""
    return now == before or (now.parent is not None and (now.kind, now.name) == (before.kind, before.name))
