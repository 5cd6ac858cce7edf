"""Works out the columns of relations, and the ways to call routines, that there are after a plan."""

from __future__ import annotations

from dataclasses import field
from functools import cached_property
from typing import TYPE_CHECKING

from pgmg.model.database.relation_shape import RelationShape
from pgmg.model.lazy_dataclass import dataclass
from pgmg.model.naming.names import RELATIONS, ROUTINES
from pgmg.model.plans.plan import Action
from pgmg.model.sources.facts import RoutineFacts, ViewFacts
from pgmg.model.sources.source import Effect
from pgmg.source.columns.result_names import result_names

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pgmg.catalog.reading.present_schema import Calling, PresentPlace, PresentSchema
    from pgmg.model.naming.names import ObjectName
    from pgmg.model.plans.plan import MigrationEffect, Plan
    from pgmg.model.sources.source import Parts, SourceObject

Columns = frozenset[str] | None
_INPUT = ("in", "inout", "variadic")
_LOSES = frozenset({Effect.DROP, Effect.RENAME, Effect.SET_SCHEMA, Effect.DROP_COLUMN, Effect.RENAME_COLUMN})


@dataclass
class FutureSchema:
    """The schema after a plan beside that before; names without a schema are looked for along `path`."""

    present: PresentSchema
    path: Sequence[str]
    columns: dict[PresentPlace, Columns] = field(default_factory=dict)
    gone: set[PresentPlace] = field(default_factory=set)
    calls: dict[PresentPlace, list[Calling] | None] = field(default_factory=dict)

    @classmethod
    def after(cls, plan: Plan, present: PresentSchema, path: Sequence[str]) -> FutureSchema:
        """Return what there is after a plan; what its text does not say is not known."""
        found = cls(present, path)
        for effect in plan.effects:
            found._migrated(effect)
        _declared(found, plan)
        return found

    @cached_property
    def routines(self) -> frozenset[str]:
        """The names of all routines: `row.name` may call one."""
        return frozenset(name for _, name in (*self.present.calls, *self.calls))

    # -- changes ----------------------------------------------------------------------------------------

    def _migrated(self, effect: MigrationEffect) -> None:
        name, place = effect.object, _place(effect.object)
        if name.kind in ROUTINES:
            if effect.effect in (Effect.DROP, Effect.RENAME, Effect.SET_SCHEMA):
                self._drop_call(name)
            if effect.effect in (Effect.CREATE, Effect.REPLACE) or effect.becomes is not None:
                self.calls[_place(effect.becomes or name)] = None
        if name.kind not in RELATIONS:
            return
        known = self._columns(place)
        match effect.effect:
            case Effect.DROP:
                self.gone.add(place)
                self.columns[place] = None
            case Effect.RENAME | Effect.SET_SCHEMA if effect.becomes is not None:
                self.gone.add(place)
                self.gone.discard(_place(effect.becomes))
                self.columns[_place(effect.becomes)] = known
                self.columns[place] = None
            case Effect.CREATE | Effect.CHANGES_COLUMNS:
                self.gone.discard(place)
                self.columns[place] = None
            case Effect.ADD_COLUMN if known is not None and effect.member is not None:
                self.columns[place] = known | {effect.member}
            case Effect.DROP_COLUMN if known is not None and effect.member is not None:
                self.columns[place] = known - {effect.member}
            case Effect.RENAME_COLUMN if known is not None and effect.member is not None:
                self.columns[place] = (known - {effect.member}) | {effect.new_member or ""}

    def declared(self, name: ObjectName, source: SourceObject) -> None:
        """Note what a step creates or replaces."""
        facts, place = source.facts, _place(name)
        if isinstance(facts, ViewFacts):
            names = facts.columns or result_names(facts.query)
            self.gone.discard(place)
            self.columns[place] = None if names is None or "*" in names else frozenset(names)
        elif isinstance(facts, RoutineFacts):
            given = [one for one in facts.arguments if one.mode in _INPUT]
            variadic = any(one.mode == "variadic" for one in given)
            least = sum(one.default is None and one.mode != "variadic" for one in given)
            known = self._calls(place)
            if known is not None:
                self.calls[place] = [*known, (least, None if variadic else len(given))]

    def dropped(self, name: ObjectName) -> None:
        """Note what a step drops for good."""
        if name.kind in RELATIONS:
            self.gone.add(_place(name))
            self.columns[_place(name)] = None
        elif name.kind in ROUTINES:
            self._drop_call(name)

    def _drop_call(self, name: ObjectName) -> None:
        known, count = self._calls(_place(name)), len(name.arguments or ())
        if known is not None:
            match = next((one for one in known if one[1] in (count, None)), None)
            self.calls[_place(name)] = [one for one in known if one is not match]

    # -- answers ----------------------------------------------------------------------------------------

    def _columns(self, place: PresentPlace) -> Columns:
        if place in self.columns:
            return self.columns[place]
        there = self.present.columns.get(place)
        return None if there is None else frozenset(there)

    def _calls(self, place: PresentPlace) -> list[Calling] | None:
        return self.calls[place] if place in self.calls else list(self.present.calls.get(place, ()))

    def shape(self, parts: Parts) -> RelationShape | None:
        """Return the shape of a relation as SQL spells it; None for what nobody knows."""
        for place in self._places(parts):
            if place in self.gone:
                return RelationShape(None, is_gone=True)
            if place in self.columns or place in self.present.columns:
                after, before = self._columns(place), self.present.columns.get(place, ())
                return RelationShape(after, frozenset(before) - after if after is not None else frozenset())
        return None

    def is_lost(self, parts: Parts, arguments: int) -> bool:
        """Say whether a call could be made before and cannot after."""
        places = list(self._places(parts))
        before = [one for place in places for one in self.present.calls.get(place, ())]
        after = [self._calls(place) for place in places]
        if any(calls is None for calls in after) or not any(_takes(one, arguments) for one in before):
            return False
        return not any(_takes(one, arguments) for calls in after for one in calls or ())

    def _places(self, parts: Parts) -> list[PresentPlace]:
        if len(parts) > 1:
            return [(parts[-2], parts[-1])]
        return [(schema, parts[-1]) for schema in self.path]


def names_of_losses(plan: Plan) -> frozenset[str]:
    """Return the names of relations and routines of which a plan may take something away.

    What is replaced in place stays complete, but for a routine: the arguments that a call may leave out may be others.
    """
    found = {e.object.name for e in plan.effects if e.effect in _LOSES and e.object.kind in RELATIONS | ROUTINES}
    for step in plan.steps:
        if step.object.kind in RELATIONS | ROUTINES and (
            step.action is Action.DROP or (step.action is Action.REPLACE and step.object.kind in ROUTINES)
        ):
            found.add(step.object.name)
    return frozenset(found)


def _declared(found: FutureSchema, plan: Plan) -> None:
    made = (Action.CREATE, Action.REPLACE, Action.RESTORE)
    created = {step.object for step in plan.steps if step.action in made}
    changed: Mapping[ObjectName, SourceObject] = {
        step.object: step.source for step in plan.steps if step.action in made and step.source is not None
    }
    for step in plan.steps:
        is_replaced = step.action is Action.REPLACE and step.object.kind in ROUTINES
        is_dropped = step.action is Action.DROP and (step.object not in created or step.object in changed)
        if is_replaced or is_dropped:
            found.dropped(step.object)
    for name, source in changed.items():
        found.declared(name, source)


def _place(name: ObjectName) -> PresentPlace:
    return (name.schema or "public", name.name)


def _takes(calling: Calling, arguments: int) -> bool:
    least, most = calling
    return least <= arguments and (most is None or arguments <= most)
