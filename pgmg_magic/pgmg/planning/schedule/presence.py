"""Which objects exist while a plan is worked out statement by statement, and in which form."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from pgmg.model.lazy_dataclass import dataclass
from pgmg.model.naming.names import BLOCKING_KINDS, ROUTINES
from pgmg.model.sources.source import Effect
from pgmg.planning.demands.mentions import mentions
from pgmg.planning.schedule.lifetimes import SlotKey

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from pgmg.planning.demands.constraints import Cause
    from pgmg.planning.replay.object_operations import Operation
    from pgmg.planning.replay.schema_state import ObjectId
    from pgmg.planning.replay.timeline import PendingStatement
    from pgmg.planning.schedule.context import PlanContext


@dataclass(frozen=True, slots=True)
class Absence:
    """An object has been dropped, and is created again later. `is_earlier`: by an earlier apply, not by the plan."""

    since: SlotKey
    reason: str
    is_earlier: bool = False


class Presence:
    """The objects that exist at the point that has been reached."""

    def __init__(self, context: PlanContext) -> None:
        self._context = context
        owed = context.resolved.snapshot.owed.values()
        self.absent: dict[ObjectId, Absence] = {
            one.address: Absence(SlotKey(0), f"an earlier apply dropped it for {one.migration}", is_earlier=True)
            for one in owed
        }
        self.deleted: set[ObjectId] = set()
        self.from_source: dict[ObjectId, SlotKey] = {}
        """Objects that the plan has created or changed from their source, since when."""
        self.restored: dict[ObjectId, SlotKey] = {}
        self.outgrown: dict[ObjectId, Cause] = {}
        """Objects whose definition in the catalog has fewer columns than their source reads by `*` now, and why."""
        self.last_change: dict[ObjectId, int] = {}
        """The last statement that changed the definition of an object."""
        self.last_notice: dict[ObjectId, int] = {}
        """The last statement that named an object, or whose effect an absent object would miss."""
        self.last_unnamed = -1
        """The last statement that created objects which it does not name, such as those of an extension."""
        self.last_block: dict[ObjectId, int] = {}
        """The last statement during which an object had to be absent."""

    def is_present(self, id_: ObjectId, point: int) -> bool:
        """Say whether an object exists at a point."""
        if id_ in self.absent or id_ in self.deleted:
            return False
        return id_ in self.from_source or id_ in self._found_to_exist or self.is_in_database(id_, point)

    @cached_property
    def _found_to_exist(self) -> frozenset[ObjectId]:
        """Declared objects that the server has found to be created by migrations."""
        context = self._context
        return frozenset(context.declared.id_of(name) for name in context.found_to_exist if name in context.declared)

    def is_in_database(self, id_: ObjectId, point: int) -> bool:
        """Say whether an object exists as far as catalog and migrations decide."""
        return not self._context.removals.is_gone(id_, point)

    def created_at(self, id_: ObjectId) -> int:
        """Return the point at which the plan has created or changed an object last; 0 if it has not."""
        keys = (self.from_source.get(id_), self.restored.get(id_))
        return max((key.point for key in keys if key is not None), default=0)

    def is_changed(self, id_: ObjectId) -> bool:
        """Say whether an object depends on what its source uses, and not on what the catalog says."""
        if id_ not in self.from_source:
            return False
        name = self._context.declared.name_of(id_)
        known = None if name is None else self._context.differences.get(name)
        return id_ not in self._context.graph.definitions or known is None or known.change is not None

    # -- what depends on what -------------------------------------------------------------------------------

    @cached_property
    def _created_users(self) -> Mapping[ObjectId, list[tuple[ObjectId, PendingStatement]]]:
        """Objects that pending statements create and that can block others, by the objects that they use."""
        found: dict[ObjectId, list[tuple[ObjectId, PendingStatement]]] = defaultdict(list)
        for statement in self._context.timeline.statements:
            for operation in statement.operations:
                is_learned = operation.object in self._context.timeline.learned_uses
                if operation.effect is not Effect.CREATE or not (is_learned or operation.name.kind in BLOCKING_KINDS):
                    continue
                for use in self._context.timeline.uses_of_created(operation.object):
                    if use.object is not None and use.hard:
                        found[use.object].append((operation.object, statement))
        return found

    def blocked_from_source(self, operation: Operation) -> Iterator[ObjectId]:
        """Yield what the catalog did not know when the plan began, and what an operation cannot run beside."""
        declared, id_, point = self._context.declared, operation.object, operation.statement
        for name, use in declared.users_of(id_) if self.from_source else ():
            user = declared.id_of(name)
            if not self.is_changed(user) or not self.is_present(user, point) or not use.hard:
                continue
            if name.kind in ROUTINES and operation.effect is not Effect.DROP:
                continue
            since = self.from_source[user].point
            if self._concerns(operation, since, declared[name].source.sql, star=use.star, is_declared=True):
                yield user
        for user, statement in self._created_users.get(id_, ()):
            if user in self._context.timeline.learned_uses:
                continue  # the server says which statements it blocks
            if statement.number < point and self.is_present(user, point) and user not in self.from_source:
                star = any(use.star and use.object == id_ for use in statement.uses)
                sql = statement.statement.sql
                if self._concerns(operation, statement.number, sql, star=star, is_declared=False):
                    yield user

    def _concerns(self, operation: Operation, since: int, sql: str, *, star: bool, is_declared: bool) -> bool:
        member = operation.member
        if member is not None:
            operations = self._context.timeline.operations_on(operation.object, since)
            for earlier in reversed([o for o in operations if o.statement < operation.statement]):
                if earlier.effect is Effect.RENAME_COLUMN and earlier.new_member == member:
                    member = earlier.member or member
        return _concerns(replace(operation, member=member), sql, star=star, is_declared=is_declared)

    def created_users_of(self, id_: ObjectId) -> list[ObjectId]:
        """Return what pending statements create that uses an object."""
        return [user for user, _ in self._created_users.get(id_, ())]

    def dependents_closure(
        self,
        roots: Iterable[ObjectId],
        point: int,
        ignoring: Collection[tuple[ObjectId, ObjectId]] = (),
    ) -> dict[ObjectId, bool]:
        """Return all that is dropped with the roots; True for what must be dropped by name first."""
        graph, holds = self._context.graph, self._context.removals.holding_at(point)
        found: dict[ObjectId, bool] = dict.fromkeys(roots, True)
        queue = list(found)
        while queue:
            on = queue.pop()
            links = graph.dependents(on)
            auto = {link.dependent for link in links if link.is_auto}
            above = [
                (link.dependent, link.dependent not in auto)
                for link in links
                if (link.dependent, on) not in ignoring and holds(link) and not self.is_changed(link.dependent)
            ]
            above += ((user, not self._is_part(user, on)) for user in self._users_from_source(on, point))
            for dependent, explicit in above:
                if dependent not in found:
                    found[dependent] = explicit
                    queue.append(dependent)
                elif explicit and not found[dependent]:
                    found[dependent] = True
        return found

    def _users_from_source(self, on: ObjectId, point: int) -> Iterator[ObjectId]:
        declared = self._context.declared
        for name, use in declared.users_of(on) if self.from_source else ():
            user = declared.id_of(name)
            if use.hard and self.is_changed(user) and self.is_present(user, point):
                yield user
        for user, statement in self._created_users.get(on, ()):
            if statement.number < point and user not in self.from_source and self.is_in_database(user, point):
                yield user

    def _is_part(self, id_: ObjectId, whole: ObjectId) -> bool:
        """Say whether an object that a migration creates is a part of another one, such as a rule of its view."""
        history = self._context.timeline.history
        return history.created_by(id_) is not None and history.parent_of(id_) == whole

    def needs_of(self, id_: ObjectId) -> list[ObjectId]:
        """Return what the definition refers to that an object had when it was dropped."""
        graph = self._context.graph
        if id_ in graph.definitions:
            return [link.on for link in graph.definition_needs(id_)]
        uses = self._context.timeline.uses_of_created(id_)
        return [use.object for use in uses if use.object is not None and use.object != id_]


def _concerns(operation: Operation, sql: str, *, star: bool, is_declared: bool) -> bool:
    """Say whether an operation on what a statement uses cannot run beside the object, or leaves it stale."""
    member = operation.member
    match operation.effect:
        case Effect.DROP:
            return True
        case Effect.DROP_COLUMN | Effect.RETYPE_COLUMN if member is not None:
            return star or mentions(sql, member)
        case Effect.ADD_COLUMN | Effect.RENAME_COLUMN if member is not None:
            return is_declared and star
        case Effect.CHANGES_COLUMNS:
            return is_declared
        case _:
            return False
