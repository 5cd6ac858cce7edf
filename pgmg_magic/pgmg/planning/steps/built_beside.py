"""Says which materialized views of a slot are built beside the former ones, which stay readable meanwhile.

Such a view is created under a staging name, filled and indexed. Then it is swapped: the former one is dropped and the
new one takes its name. That is impossible where the new one needs something that exists only once the former is gone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.model.naming.names import Kind, ObjectName
from pgmg.model.naming.sql_tokens import significant
from pgmg.model.sources.facts import ViewFacts
from pgmg.planning.kinds.rules import AlterInPlace
from pgmg.planning.schedule.lifetimes import Form
from pgmg.planning.steps.staging import can_be_staged

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from pgmg.planning.replay.schema_state import ObjectId
    from pgmg.planning.schedule.context import PlanContext
    from pgmg.planning.schedule.decisions import Decisions
    from pgmg.planning.schedule.lifetimes import Lifetimes, Slot

_ROLES = frozenset({"ROLE", "AUTHORIZATION"})


def built_beside(
    slot: Slot, context: PlanContext, decisions: Decisions, lifetimes: Lifetimes
) -> dict[ObjectId, tuple[ObjectName, ...]]:
    """Return the materialized views to be built beside the former ones.

    With each of them come those whose staging names its statements hold: its own, and those of the materialized views
    of the same slot that its query reads.
    """
    return _BuiltBeside(slot, context, decisions, lifetimes).find()


class _BuiltBeside:
    def __init__(self, slot: Slot, context: PlanContext, decisions: Decisions, lifetimes: Lifetimes) -> None:
        self._slot, self._context, self._lifetimes = slot, context, lifetimes
        self._strategies = decisions.strategies

    def find(self) -> dict[ObjectId, tuple[ObjectName, ...]]:
        wanted = {id_: name for id_ in self._slot.drops if (name := self._candidate(id_)) is not None}
        if not wanted or self._commits_or_converts():
            return {}
        while True:
            found = {id_: self._beside(id_, name, wanted) for id_, name in wanted.items()}
            kept = {id_: wanted[id_] for id_, beside in found.items() if beside is not None}
            if len(kept) == len(wanted):
                return {id_: beside for id_, beside in found.items() if beside is not None}
            wanted = kept

    def _candidate(self, id_: ObjectId) -> ObjectName | None:
        """Return the name of a populated materialized view that is dropped and created from its source here."""
        creation = self._slot.creations.get(id_)
        definition = self._context.graph.definitions.get(id_)
        name = self._context.declared.name_of(id_)
        if creation is None or creation.form is not Form.SOURCE or definition is None or name is None:
            return None
        if name.kind is not Kind.MATERIALIZED_VIEW or not definition.populated or id_ in self._lifetimes.predecessors:
            return None
        source = self._context.declared[name].source
        says_no_data = isinstance(source.facts, ViewFacts) and source.facts.with_data is False
        sets_role = any(token.word in _ROLES for setting in source.settings for token in significant(setting))
        if says_no_data or sets_role or id_ not in self._context.resolved.snapshot.by_address:
            return None
        is_same = self._context.timeline.state(0).name_of(id_) == name  # another name may be taken meanwhile
        return name if is_same else None

    def _commits_or_converts(self) -> bool:
        """A transaction may end within the slot, or table columns are converted while nothing depends on them."""
        if any(name in self._context.own_transactions for name in self._slot.changes):
            return True
        strategies = (self._strategies.get(name) for name in self._slot.changes)
        return any(isinstance(one, AlterInPlace) and one.shakes for one in strategies)

    def _beside(
        self, id_: ObjectId, name: ObjectName, wanted: Mapping[ObjectId, ObjectName]
    ) -> tuple[ObjectName, ...] | None:
        """Return whose staging names the statements hold; None where the former one has to go first."""
        read = self._read_beside(id_, name, wanted)
        if read is None or any(on not in wanted and self._makes_room(on) for on in self._needs(id_)):
            return None
        if len(read) > 1 and not can_be_staged(self._context.declared[name].source, name, read):
            return None
        return read

    def _makes_room(self, id_: ObjectId) -> bool:
        """Say whether an object is dropped here, and something of its name created after that."""
        if id_ not in self._slot.drops:
            return False
        name = self._context.graph.name(id_)
        created = (self._context.declared.name_of(other) for other in self._slot.creations)
        places = {(other.schema, other.name) for other in created if other is not None}
        return id_ in self._slot.creations or (name.schema, name.name) in places

    def _read_beside(
        self, id_: ObjectId, name: ObjectName, wanted: Mapping[ObjectId, ObjectName]
    ) -> tuple[ObjectName, ...] | None:
        """Return the view and those of `wanted` that its query names; None where it reads one in another way."""
        others = {other for other in wanted.values() if other != name}
        named = {use.object for use in self._context.declared.uses(name)} & others
        behind = self._behind(name, named) & others
        needed = {wanted[on] for on in self._needs(id_) if on in wanted and on != id_}
        if behind or not needed <= named or not all(map(self._is_one_of_a_kind, named)):
            return None
        return (name, *sorted(named))

    def _behind(self, name: ObjectName, stop: Collection[ObjectName]) -> set[ObjectName]:
        """Return what is read through other objects than those of `stop`."""
        found: set[ObjectName] = set()
        waiting = [use.object for use in self._context.declared.uses(name) if use.object not in stop]
        while waiting:
            current = waiting.pop()
            if current in found or current == name:
                continue
            found.add(current)
            waiting += [use.object for use in self._context.declared.uses(current)]
        return found

    def _needs(self, id_: ObjectId) -> Iterator[ObjectId]:
        """Yield what the former view depends on, directly or not: it is dropped before them."""
        graph, seen, waiting = self._context.graph, {id_}, [id_]
        while waiting:
            for link in graph.needs(waiting.pop()):
                if link.on not in seen:
                    seen.add(link.on)
                    waiting.append(link.on)
                    yield link.on

    def _is_one_of_a_kind(self, name: ObjectName) -> bool:
        """Say whether a name without schema can mean nothing else: no other relation, no schema."""
        snapshot = self._context.resolved.snapshot
        there = (*snapshot.objects, *snapshot.others)
        return all(one == name for one in there if one.name == name.name and one.kind in _NAMED_IN_QUERIES)


_NAMED_IN_QUERIES = frozenset({Kind.TABLE, Kind.VIEW, Kind.MATERIALIZED_VIEW, Kind.SEQUENCE, Kind.SCHEMA})
