"""Brings declared objects to their source: all of them in the end, some of them before a statement that needs them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pgmg.model.naming.names import DECLARATIVE_KINDS, RELATIONS, ROUTINES, TYPES, Kind, ObjectName
from pgmg.model.plans.plan import ChangeKind
from pgmg.model.sources.facts import RoutineFacts
from pgmg.model.sources.source import Effect
from pgmg.planning.kinds.rules import RecreateObject
from pgmg.planning.schedule.code_roots import CodeRoots
from pgmg.planning.schedule.lifetimes import Creation, Form, SlotKey
from pgmg.planning.schedule.presence import Absence
from pgmg.planning.schedule.restored_objects import RestoredObjects

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from pgmg.planning.replay.schema_state import ObjectId
    from pgmg.planning.replay.timeline import PendingStatement
    from pgmg.planning.schedule.availability import Availability
    from pgmg.planning.schedule.context import PlanContext
    from pgmg.planning.schedule.decisions import Decisions
    from pgmg.planning.schedule.lifetimes import Lifetimes
    from pgmg.planning.schedule.presence import Presence

_COMES_FIRST = (Effect.CREATE, Effect.REPLACE)


@dataclass(frozen=True, slots=True)
class _JointChange:
    """Objects that are brought to their source together.

    `dropped` says what is dropped for them; True for what is dropped by name. `released` holds pairs (dependent, on):
    the dependent is changed first, and then no longer uses what is dropped.
    """

    names: tuple[ObjectName, ...]
    dropped: dict[ObjectId, bool]
    released: set[tuple[ObjectId, ObjectId]]


class CodeChanges:
    """The changes that declared objects need, slot by slot."""

    def __init__(
        self,
        context: PlanContext,
        decisions: Decisions,
        presence: Presence,
        availability: Availability,
        lifetimes: Lifetimes,
    ) -> None:
        self._context, self._decisions = context, decisions
        self._presence, self._availability, self._lifetimes = presence, availability, lifetimes
        self._declared = context.declared
        self.restored = RestoredObjects(context, decisions, presence, lifetimes)
        self._roots = CodeRoots(context, decisions, presence, self.restored)
        self._just_created: list[tuple[ObjectId, SlotKey]] = []

    # -- dropping and creating ----------------------------------------------------------------------------------

    def drop(self, id_: ObjectId, key: SlotKey, reason: str, *, explicit: bool) -> None:
        """Drop an object in a slot, by name or along with what it is a part of."""
        if explicit:
            self._lifetimes.slot(key).drops.setdefault(id_, reason)
        else:
            self._lifetimes.dropped_along.add(id_)
        self._presence.from_source.pop(id_, None)
        if self._context.is_deleted(self._context.timeline.state(0).name_of(id_)):
            self._presence.deleted.add(id_)
        else:
            self._presence.absent.setdefault(id_, Absence(key, reason))

    def create(self, id_: ObjectId, key: SlotKey, form: Form, reason: str) -> None:
        """Create an object in a slot."""
        absence = self._presence.absent.pop(id_, None)
        because = absence.reason if absence is not None and absence.is_earlier else reason
        self._lifetimes.slot(key).creations[id_] = Creation(form, because)
        name = self._declared.name_of(id_)
        before = None if name is None else self.restored.predecessor(name)
        if before is not None and before in self._presence.absent:
            self._lifetimes.predecessors[id_] = before
        self._presence.restored[id_] = key
        self._just_created.append((id_, key))
        if form is Form.SOURCE:
            self._presence.from_source[id_] = key
            self._presence.outgrown.pop(id_, None)

    def take_created(self) -> list[tuple[ObjectId, SlotKey]]:
        """Return what has been created since the last call."""
        found, self._just_created = self._just_created, []
        return found

    # -- before a statement ---------------------------------------------------------------------------------------

    def needed_by(self, statement: PendingStatement) -> list[ObjectName]:
        """Return declared objects that a statement names and that have to be created or changed before it."""
        number = statement.number
        waited_for = self._context.waiting_for.get(number, ())
        queue = [
            use.name
            for use in statement.uses
            if not use.is_optional and use.object in (None, self._declared_id(use.name))
        ]
        for use in statement.uses:  # a view that is restored for the statement has needs of its own
            if use.object is not None and use.object in self._presence.absent and use.name not in self._declared:
                final = self._context.timeline.final
                queue += [final.name_of(needed) for needed in self._presence.needs_of(use.object)]
        queue += waited_for
        return self.with_needs(queue, number, waited_for)

    def with_needs(
        self, names: Iterable[ObjectName], number: int, waited_for: Iterable[ObjectName] = ()
    ) -> list[ObjectName]:
        """Return which of the named objects, and of what they need, have to be created or changed."""
        queue, waited_for = list(names), set(waited_for)
        wanted: dict[ObjectName, None] = {}
        for name in queue:
            if name in wanted or name not in self._declared or name.kind in DECLARATIVE_KINDS:
                continue
            id_ = self._declared.id_of(name)
            if id_ in self._presence.from_source:
                continue
            if name not in waited_for and self._is_created_later(id_, number):
                continue
            wanted[name] = None
            is_routine = name.kind in ROUTINES
            queue += [
                use.object
                for use in self._declared.uses(name)
                if use.hard or (is_routine and self._is_called_with(use.object, number))
            ]
            queue += [name.parent] if name.parent is not None else []
        return list(wanted)

    def _is_called_with(self, name: ObjectName, number: int) -> bool:
        """Say whether something that a body names can exist when a statement may call the routine."""
        if name.kind is Kind.TABLE or name not in self._declared:
            return False
        return self._availability.creatable_since(name) <= number

    def _declared_id(self, name: ObjectName) -> ObjectId | None:
        return self._declared.id_of(name) if name in self._declared else None

    def _is_created_later(self, id_: ObjectId, number: int) -> bool:
        """Say whether a statement still to come creates an object, rather than renaming or dropping it first."""
        later = self._context.timeline.operations_on(id_, number)
        first = next((operation for operation in later if operation.changes_definition), None)
        return first is not None and first.effect in _COMES_FIRST

    def unsettled(self) -> dict[ObjectName, int]:
        """Return declared objects that are to be created or changed, with the first point at which they can be."""
        if not self._context.timeline.statements:
            return {}
        names = [
            difference.name
            for difference in self._context.changed
            if difference.declared is not None and difference.name.kind not in DECLARATIVE_KINDS
        ]
        names += [name for name in self._decisions.strategies if name.kind not in DECLARATIVE_KINDS]
        return {name: self._availability.source_holds_since(name) for name in dict.fromkeys(names)}

    def bring(
        self,
        names: Iterable[ObjectName],
        statement: PendingStatement,
        start: int,
        reason: str,
        *,
        is_noticed: bool = False,
    ) -> None:
        """Bring declared objects to their source before a statement, as early in its migration as they can be."""
        names, point, presence = list(names), statement.number, self._presence
        change = self._change_of(names, point)
        ids = [*change.dropped, *(self._declared.id_of(name) for name in change.names)]
        since = [presence.last_block.get(id_, -1) for id_ in ids] + [presence.last_change.get(id_, -1) for id_ in ids]
        since += [presence.last_notice.get(id_, -1) for id_ in change.dropped]
        since.append(presence.last_unnamed)  # a source may use a type or language of an extension
        is_ready = self._availability.ready_since(change.names, start) <= start
        key = SlotKey(start if is_ready and all(number < start for number in since) else point)
        self._bring(change, key, reason, self._context.waiting_for.get(point, ()))
        if is_noticed:
            self._lifetimes.slot(key).noticed_by |= dict.fromkeys(names, point)

    def bring_at(self, names: Iterable[ObjectName], key: SlotKey, reason: str) -> None:
        """Bring declared objects to their source in a slot."""
        self._bring(self._change_of(names, key.point), key, reason)

    def _change_of(self, names: Iterable[ObjectName], point: int) -> _JointChange:
        """Return what is dropped and changed so that objects can be brought to their source at a point.

        A dependent whose new source no longer uses what is dropped is changed first, if that is possible at this point.
        """
        wanted = dict.fromkeys(names)
        while True:
            roots = [root for name in wanted for root in self._recreated_for(name, point)]
            released = {(id_, on): self._declared.name_of(id_) for id_, on in self._roots.released(roots, point)}
            ready = [
                n for n in released.values() if n and n not in wanted and self._availability.is_undisturbed(n, point)
            ]
            more = [name for name in self.with_needs(ready, point) if name not in wanted]
            if not more:
                break
            wanted |= dict.fromkeys(more)
        let_go = {pair for pair, name in released.items() if name in wanted or pair[0] in self._presence.from_source}
        closure = self._presence.dependents_closure(roots, point, let_go)
        dropped = {id_: explicit for id_, explicit in closure.items() if self._presence.is_present(id_, point)}
        return _JointChange(tuple(wanted), dropped, let_go)

    def _bring(self, change: _JointChange, key: SlotKey, reason: str, waited_for: Collection[ObjectName] = ()) -> None:
        for id_, explicit in change.dropped.items():
            self.drop(id_, key, reason, explicit=explicit)
        slot = self._lifetimes.slot(key)
        slot.released |= change.released
        for name in change.names:
            id_ = self._declared.id_of(name)
            if self._presence.is_present(id_, key.point):
                holds = self._availability.is_undisturbed(name, key.point)
                # a statement that the server has refused needs it now, though a later one alters it once more
                holds = holds or (name in waited_for and self._availability.is_possible(name, key.point))
                if self._roots.changes_in_place(name) and holds:
                    slot.changes[name] = reason
                    self._presence.from_source[id_] = key
                continue
            form = self._availability.form_at(id_, key.point)
            if id_ not in self._presence.absent or form is None:
                form = Form.SOURCE
            self.create(id_, key, form, reason)
            missing = self._missing_in_body(name, key.point) if form is Form.SOURCE else None
            if missing is not None:
                slot.unchecked[name] = missing

    def _missing_in_body(self, name: ObjectName, point: int) -> ObjectName | None:
        facts = self._context.resolved.declared[name].source.facts
        has_text = isinstance(facts, RoutineFacts) and not facts.atomic
        return self._availability.missing_in_body(name, point) if has_text else None

    def _recreated_for(self, name: ObjectName, point: int) -> list[ObjectId]:
        """Return what is dropped to bring an object to its source: itself, or overloads that are no longer declared."""
        id_ = self._declared.id_of(name)
        if not self._presence.is_present(id_, point):
            return self._superseded(name, point)
        strategy = self._decisions.strategies.get(name)
        is_recreated = isinstance(strategy, RecreateObject) and id_ in self._context.graph.definitions
        return [id_] if is_recreated and self._availability.is_undisturbed(name, point) else []

    def _superseded(self, name: ObjectName, point: int) -> list[ObjectId]:
        """Return the deleted objects that have to be dropped before a new object is created.

        Deleted overloads beside a new routine could make a call ambiguous. A deleted relation or type of another kind
        may have the name of the new object.
        """
        return [
            difference.live.address
            for difference in self._context.changed
            if difference.change is ChangeKind.DELETED
            and difference.live is not None
            and (difference.name.overloads(name) or _has_name_of(difference.name, name))
            and self._presence.is_present(difference.live.address, point)
        ]

    # -- after the last statement ------------------------------------------------------------------------------------

    def finish(self, key: SlotKey) -> None:
        """Bring every declared object to its source, drop what is deleted, and restore everything else."""
        self._drop_closure(self._outgrown() | self._roots.roots(key.point), key)
        for name in self._to_settle():
            self._settle(name, key)
        self._expand_again(key)
        for id_ in list(self._presence.absent):
            if self.restored.is_restored(id_):
                self.create(id_, key, Form.CATALOG, "restored as it was")

    def recreate_outgrown(self, names: Iterable[ObjectName], key: SlotKey) -> None:
        """Recreate objects whose `*` stands for other columns now, as far as they cannot be replaced in place."""
        wanted = {self._declared.id_of(name) for name in names}
        roots = {id_: reason for id_, reason in self._outgrown().items() if id_ in wanted}
        if roots:
            self._recreate(roots, key, {id_: f"recreated: {reason}" for id_, reason in roots.items()})

    def _recreate(self, roots: Mapping[ObjectId, str], key: SlotKey, creations: Mapping[ObjectId, str]) -> None:
        """Drop objects, each for its reason, and create them from their sources, for the reasons of `creations`.

        What the plan has created above them is recreated too. What the catalog has above them is absent afterwards.
        """
        presence = self._presence
        created = [id_ for id_ in presence.from_source if id_ not in roots]
        self._drop_closure(roots, key)
        above = {id_: f"recreated: {presence.absent[id_].reason}" for id_ in created if id_ in presence.absent}
        for id_, reason in (above | dict(creations)).items():
            self.create(id_, key, Form.SOURCE, reason)

    def _drop_closure(self, roots: Mapping[ObjectId, str], key: SlotKey) -> None:
        """Drop objects that exist, each for its reason, and all that depends on them."""
        point, slot = key.point, self._lifetimes.slot(key)
        roots = {i: reason for i, reason in roots.items() if self._presence.is_present(i, point)}
        slot.released |= self._roots.released(roots, point)
        closure = self._presence.dependents_closure(self._roots.with_learned(roots, point), point, slot.released)
        for id_, explicit in closure.items():
            if self._presence.is_present(id_, point):
                reason = roots.get(id_) or self._reason(id_, closure)
                self.drop(id_, key, reason, explicit=explicit)

    def _outgrown(self) -> dict[ObjectId, str]:
        """Return objects whose `*` has not been expanded anew since it stands for other columns, with the reason.

        They have been restored as they were, or cannot be replaced in place.
        """
        presence, found = self._presence, {}
        learned = {self._declared.id_of(name) for names in self._context.outgrown.values() for name in names}
        for id_, cause in presence.outgrown.items():
            restored = presence.restored.get(id_)
            is_restored = restored is not None and restored.point > cause.statement
            is_left = id_ in learned and presence.created_at(id_) <= cause.statement
            if (is_restored or is_left) and id_ not in presence.absent:
                found[id_] = cause.reason
        return found

    def _reason(self, id_: ObjectId, closure: Mapping[ObjectId, bool]) -> str:
        graph = self._context.graph
        if id_ in graph.definitions:
            nearest = next((link.on for link in graph.needs(id_) if link.on in closure), None)
            if nearest is not None:
                return f"depends on {graph.name(nearest).display_name}"
        return "depends on what is recreated"

    # -- declared objects ---------------------------------------------------------------------------------------------

    def _to_settle(self) -> list[ObjectName]:
        """Return the declared objects about which something may be left to do, in the order of the sources."""
        touched = self._decisions.strategies.keys() | self._context.touched_by_migrations
        point = self._context.timeline.end
        gone = {*self._presence.absent, *self._presence.deleted}
        differences = {} if self._context.timeline.statements else self._context.differences
        found = []
        for name in self._context.resolved.declared:
            if name.kind in DECLARATIVE_KINDS:
                continue
            known = differences.get(name)
            if known is not None and known.change is None and known.live is not None and name not in touched:
                if known.live.address in gone:
                    found.append(name)
                continue  # without migrations, what is as it was is where it was
            is_there = self._presence.is_present(self._declared.id_of(name), point) or self._keeps_nothing(name)
            if name in touched or not is_there or self._takes_over(name):
                found.append(name)
        return found

    def _takes_over(self, name: ObjectName) -> bool:
        """Say whether a new object has the signature that an old one gets as migrations rename the types in it."""
        known = self._context.differences.get(name)  # none in a plan of some of the objects
        is_new = known is not None and known.change is ChangeKind.NEW
        return is_new and self._declared.id_of(name) in self._context.resolved.snapshot.by_address

    def _keeps_nothing(self, name: ObjectName) -> bool:
        """Say whether an object is in force though the catalog has none, as a default of NULL may be."""
        difference, parent = self._context.differences[name], name.parent
        if difference.change is not None or difference.live is not None or parent is None:
            return False
        return self._declared.id_of(parent) not in self._presence.from_source

    def _settle(self, name: ObjectName, key: SlotKey) -> None:
        id_, slot = self._declared.id_of(name), self._lifetimes.slot(key)
        difference = self._context.differences[name]
        if id_ in self._presence.from_source:
            if self._is_changed_since(id_, name):
                self._bring_again(name, id_, key, difference.change)
            return
        if not self._presence.is_present(id_, key.point):
            self.create(id_, key, Form.SOURCE, self._creation_reason(id_, difference.change))
            return
        is_touched = name in self._context.touched_by_migrations
        strategy = self._decisions.strategies.get(name)
        if (
            self._roots.live(name) is not None or difference.change is not ChangeKind.NEW
        ) and self._roots.changes_in_place(name):
            slot.changes.setdefault(name, getattr(strategy, "reason", ""))
        elif is_touched or self._takes_over(name):
            self._bring_again(name, id_, key, difference.change)

    def _bring_again(self, name: ObjectName, id_: ObjectId, key: SlotKey, change: ChangeKind | None) -> None:
        """Bring an object to its source that a migration has created or changed (rule 7.4)."""
        if name in self._context.not_replaceable:
            reason = "the server does not take the change in place"
        elif name.kind is Kind.POLICY and (
            self._is_altered(name, id_) or name in self._context.renamed_with_their_table
        ):
            reason = "a migration changes it"  # ALTER POLICY cannot take a clause away
        else:
            self._lifetimes.slot(key).changes[name] = "a migration creates or changes it"
            return
        self._recreate({id_: reason}, key, {id_: self._creation_reason(id_, change)})

    def _expand_again(self, key: SlotKey) -> None:
        """Read anew what was created from its source before something that it reads by `*` got more columns.

        Of what the database has had before, the demands of the migrations say so.
        """
        statements, presence = self._context.timeline.statements, self._presence
        grown = {o.object: s.number for s in statements for o in s.operations if o.effect is Effect.ADD_COLUMN}
        for id_, since in list(presence.from_source.items()) if grown else ():
            name = self._declared.name_of(id_)
            if name is None or id_ in self._context.graph.definitions or not presence.is_present(id_, key.point):
                continue
            later = (other for other, number in grown.items() if number >= since.point)
            if not any(self._declared.reads_rows_of(name, other) for other in later):
                continue
            reason = "its `*` is expanded anew"
            if name.kind is Kind.MATERIALIZED_VIEW or name in self._context.not_replaceable:
                self._recreate({id_: reason}, key, {id_: reason})
            else:
                self._lifetimes.slot(key).changes[name] = reason

    def _is_altered(self, name: ObjectName, id_: ObjectId) -> bool:
        """Say whether the last that a migration does to an object is to alter it."""
        changes = [o for o in self._context.timeline.operations_on(id_) if o.changes_definition]
        last = changes[-1].effect if changes else None
        return name in self._context.found_changed or last not in {None, Effect.CREATE, Effect.REPLACE}

    def _is_changed_since(self, id_: ObjectId, name: ObjectName) -> bool:
        """Say whether a migration changes an object after it was brought to its source."""
        point = self._presence.from_source[id_].point
        later = self._context.timeline.operations_on(id_, point)
        return name in self._context.found_changed or any(o.changes_definition for o in later)

    def _creation_reason(self, id_: ObjectId, change: ChangeKind | None) -> str:
        match change:
            case ChangeKind.NEW | ChangeKind.MODIFIED | ChangeKind.DRIFTED | ChangeKind.MISSING | ChangeKind.ADOPTED:
                return change.value
            case _:
                for key in sorted(self._lifetimes.slots):
                    if id_ in (drops := self._lifetimes.slots[key].drops):
                        return f"recreated: {drops[id_]}"
                return "recreated with what it is a part of"


def _has_name_of(one: ObjectName, other: ObjectName) -> bool:
    """Say whether two relations or types cannot exist at the same time, as both have the same name."""
    kinds = RELATIONS | TYPES
    return one != other and one.name_key == other.name_key and one.kind in kinds and other.kind in kinds
