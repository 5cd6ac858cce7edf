"""Says from which point on an object can be created: from its source, or from the definition that it had."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from pgmg.model.naming.names import PROPERTY_KINDS, Kind, ObjectName
from pgmg.model.sources.source import Effect
from pgmg.planning.demands.mentions import mentions
from pgmg.planning.replay.object_operations import CHANGES_SHAPE, LEAVES_NAME
from pgmg.planning.schedule.lifetimes import Form

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from pgmg.planning.replay.object_operations import Operation
    from pgmg.planning.replay.schema_state import ObjectId
    from pgmg.planning.resolve.declared import Declared
    from pgmg.planning.schedule.context import PlanContext
    from pgmg.planning.schedule.presence import Presence

_OUTDATES = frozenset({Effect.RENAME, Effect.SET_SCHEMA, Effect.RENAME_COLUMN})
"""Effects on something after which definitions that refer to it have to be read again."""


class Availability:
    """Answers for one plan; what it says of sources does not depend on how far the plan has been worked out."""

    def __init__(self, context: PlanContext, presence: Presence) -> None:
        self._context = context
        self._presence = presence
        self._since: dict[ObjectName, int] = {}

    # -- sources ----------------------------------------------------------------------------------------

    def source_holds(self, name: ObjectName, point: int) -> bool:
        """Say whether a declared object can be created from its source at a point, together with what it uses."""
        return point >= self.source_holds_since(name)

    def source_holds_since(self, name: ObjectName) -> int:
        """Return the first point at which a declared object can be created from its source.

        From there on each name in it means what it means in the end, and no statement creates, renames or adds what it
        refers to.
        """
        if not self._context.timeline.statements:
            return 0
        if name not in self._since:
            self._since |= self._holding_since(name)
        return self._since[name]

    def _holding_since(self, start: ObjectName) -> dict[ObjectName, int]:
        """Return since when an object holds, and all that it waits for: each as long as the last of what it leads to.

        What uses each other holds together. Chains may be longer than Python's limit of calls allows.
        """
        own: dict[ObjectName, int] = {}
        users: dict[ObjectName, list[ObjectName]] = defaultdict(list)
        pending = [start]
        while pending:
            name = pending.pop()
            if name in own:
                continue
            if name in self._since:
                own[name] = self._since[name]
                continue
            possible, awaited = self._possible(name)
            operations = self._context.timeline.operations_on(self._context.declared.id_of(name))
            own[name] = max([possible, *(o.statement + 1 for o in operations if o.changes_definition)])
            for other in awaited:
                users[other].append(name)
            pending += awaited
        found: dict[ObjectName, int] = {}
        for latest in sorted(own, key=lambda name: -own[name]):
            reached = [latest]
            while reached:
                name = reached.pop()
                if name not in found:
                    found[name] = own[latest]
                    reached += users[name]
        return found

    def is_possible(self, name: ObjectName, point: int) -> bool:
        """Say whether a source can be created at a point, though statements may change the object later."""
        return point >= self._possible_since(name)

    def _possible_since(self, name: ObjectName) -> int:
        """Return the first point at which a source can be created, though statements may change the object later."""
        found, awaited = self._possible(name)
        return max([found, *map(self.source_holds_since, awaited)])

    def creatable_since(self, name: ObjectName) -> int:
        """Return the first point at which a source can be created if nobody looks at the bodies of routines."""
        found, names = 0, {name: None}
        queue = [name]
        for one in queue:
            possible, awaited = self._possible(one, with_bodies=False)
            found = max(found, possible)
            queue += [other for other in awaited if other not in names]
            names |= dict.fromkeys(awaited)
        return found

    def missing_in_body(self, name: ObjectName, point: int) -> ObjectName | None:
        """Return what the body of a declared routine names and only a later statement, or source, makes."""
        context = self._context
        declared = context.resolved.declared[name]
        for use in declared.uses:
            id_ = None if use.hard else self._id_of(use.object)
            if id_ is None:
                continue
            later = context.timeline.operations_on(id_, point)
            is_later = use.object in context.resolved.declared and self.creatable_since(use.object) > point
            if is_later or any(_is_waited_for(operation, declared) for operation in later):
                return use.object
        return None

    def _possible(self, name: ObjectName, *, with_bodies: bool = True) -> tuple[int, list[ObjectName]]:
        """Return when a source can be created as far as statements decide, and the sources that must hold by then."""
        context = self._context
        declared, own = context.resolved.declared[name], context.declared.id_of(name)
        found = max(context.not_before.get(name, 0), self._schema_since(name.schema), self._name_free_since(name, own))
        needed = [use.object for use in declared.uses if use.hard or with_bodies]
        if name.parent is not None and name.kind not in PROPERTY_KINDS:
            needed.append(name.parent)
        awaited = []
        for used in needed:
            id_ = self._id_of(used)
            if id_ is None:
                continue
            changes = context.timeline.operations_on(id_)
            found = max([found, *(o.statement + 1 for o in changes if _is_waited_for(o, declared))])
            if used in context.resolved.declared and not self._is_settled(used, id_):
                awaited.append(used)
        return found, awaited

    def _id_of(self, used: ObjectName) -> ObjectId | None:
        context = self._context
        is_declared = used in context.resolved.declared
        return context.declared.id_of(used) if is_declared else context.timeline.final.holder(used)

    def _schema_since(self, schema: str | None) -> int:
        if schema is None:
            return 0
        holder = self._context.timeline.final.holder(ObjectName(Kind.SCHEMA, schema))
        if holder is None:
            return 0
        changes = self._context.timeline.operations_on(holder)
        return max((o.statement + 1 for o in changes if o.changes_definition), default=0)

    def _name_free_since(self, name: ObjectName, own: ObjectId) -> int:
        """Return when no other object has the name any more."""
        timeline = self._context.timeline
        other = timeline.state(0).holder(name)
        if other is None or other == own:
            return 0
        leaves = [o.statement + 1 for o in timeline.operations_on(other) if o.effect in LEAVES_NAME]
        return max(leaves, default=0)

    def _is_settled(self, used: ObjectName, id_: ObjectId) -> bool:
        """Say whether a declared object is in the database and needs no change."""
        known = self._context.differences.get(used)
        return id_ in self._context.resolved.snapshot.by_address and (known is None or known.change is None)

    def is_undisturbed(self, name: ObjectName, point: int) -> bool:
        """Say whether no statement from a point on alters anything that a source uses: it can be changed for good."""
        if not self.source_holds(name, point):
            return False
        timeline, declared = self._context.timeline, self._context.declared
        ids = (declared.id_of(use.object) for use in declared.uses(name))
        return not any(o.effect in CHANGES_SHAPE for id_ in ids for o in timeline.operations_on(id_, point))

    def ready_since(self, names: Iterable[ObjectName], start: int) -> int:
        """Return the first point from `start` on from which nothing that sources need has changed until now."""
        found = start
        for name in names:
            declared = self._context.resolved.declared.get(name)
            if declared is None:
                continue
            found = max(found, self._context.not_before.get(name, 0))
            needed = [use.object for use in declared.uses]
            needed += [name.parent] if name.parent is not None else []
            for other in needed:
                found = max(found, self._changed(self._context.declared.id_of(other)))
            if name.schema is not None:
                holder = self._context.timeline.final.holder(ObjectName(Kind.SCHEMA, name.schema))
                found = found if holder is None else max(found, self._changed(holder))
        return found

    def _changed(self, id_: ObjectId) -> int:
        return max(self._presence.last_change.get(id_, -1) + 1, self._presence.created_at(id_))

    # -- definitions of the catalog ----------------------------------------------------------------------------

    def restoration(
        self, wanted: Iterable[ObjectId], point: int, blocked: Collection[ObjectId] = ()
    ) -> dict[ObjectId, Form]:
        """Return which absent objects are to be created so that the wanted ones exist, as far as that is possible."""
        found: dict[ObjectId, Form] = {}
        for id_ in wanted:
            more = self._with_needs(id_, point, blocked, found)
            if more is not None:
                found |= more
        return found

    def _with_needs(
        self, wanted: ObjectId, point: int, blocked: Collection[ObjectId], known: Collection[ObjectId]
    ) -> dict[ObjectId, Form] | None:
        found: dict[ObjectId, Form] = {}
        queue = [wanted]
        for id_ in queue:
            form = None if id_ in blocked else self.form_at(id_, point)
            if form is None:
                return None
            found[id_] = form
            for needed in self._needed(id_, form):
                if needed in blocked or (needed in self._presence.deleted and not self._is_overloaded(needed)):
                    return None
                if needed in self._presence.absent and needed not in known and needed not in queue:
                    queue.append(needed)
        return found

    def _needed(self, id_: ObjectId, form: Form) -> list[ObjectId]:
        declared = self._context.declared
        name = declared.name_of(id_)
        if form is Form.SOURCE and name is not None:
            needed = [declared.id_of(use.object) for use in declared.uses(name)]
            return [*needed, declared.id_of(name.parent)] if name.parent is not None else needed
        return self._presence.needs_of(id_)

    def form_at(self, id_: ObjectId, point: int) -> Form | None:
        """Return from which definition an absent object can be created at a point; None if from none of them."""
        name = self._context.declared.name_of(id_)
        if name is not None and self.source_holds(name, point):
            return Form.SOURCE
        is_readable = name not in self._context.not_restorable and self._definition_holds(id_, point)
        is_outdated = any(self._presence.is_changed(needed) for needed in self._presence.needs_of(id_))
        if name is not None and (is_outdated or not is_readable) and point >= self._possible_since(name):
            return Form.SOURCE
        return Form.CATALOG if is_readable else None

    def _definition_holds(self, id_: ObjectId, point: int) -> bool:
        """Say whether a definition still means the same that was read when the object was dropped."""
        absence = self._presence.absent.get(id_)
        since = 0 if absence is None else absence.since.point
        removals, timeline = self._context.removals, self._context.timeline
        for needed in self._presence.needs_of(id_):
            if removals.is_gone(needed, point) and needed not in self._presence.from_source:
                return False
            changes = (o for o in timeline.operations_on(needed, since) if o.statement < point)
            if any(o.effect in _OUTDATES and self._names_it(id_, o) for o in changes):
                return False
        return True

    def _names_it(self, id_: ObjectId, operation: Operation) -> bool:
        """Say whether the definition that the catalog had of an object names what an operation renames."""
        if operation.effect is not Effect.RENAME_COLUMN or id_ not in self._context.graph.definitions:
            return True
        links = [link for link in self._context.graph.needs(id_) if link.on == operation.object]
        return any(link.column in (None, operation.column) for link in links)

    def _is_overloaded(self, id_: ObjectId) -> bool:
        """Say whether a deleted routine is replaced by one of another signature."""
        return bool(self._context.resolved.overloads(self._context.timeline.state(0).name_of(id_)))


def _is_waited_for(operation: Operation, by: Declared) -> bool:
    """Say whether a source cannot be created before an operation on what it uses."""
    sql = by.source.sql
    star = any(use.star and use.object == operation.name for use in by.uses)
    match operation.effect:
        case Effect.ADD_COLUMN:
            return star or operation.member is None or mentions(sql, operation.member)
        case Effect.RENAME_COLUMN:
            return star or operation.new_member is None or mentions(sql, operation.new_member)
        case Effect.RETYPE_COLUMN | Effect.DROP_COLUMN | Effect.ALTER | Effect.REPLACE | Effect.DROP_CONSTRAINT:
            return False
        case _:
            return operation.changes_definition
