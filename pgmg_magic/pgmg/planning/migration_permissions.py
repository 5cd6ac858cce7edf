"""Says which privileges the statements of pending migrations need, as far as their text tells (rule 9.6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.model.naming.names import RELATIONS, ROUTINES, TYPES, Kind, ObjectName
from pgmg.model.naming.sql_tokens import significant
from pgmg.model.plans.permissions import Need, Subject
from pgmg.model.sources.source import Effect
from pgmg.planning.row_permissions import RowNeeds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgmg.model.database.snapshot import Snapshot
    from pgmg.model.plans.plan import MigrationEffect, Plan, Step

_CREATED_IN_SCHEMAS = (RELATIONS | ROUTINES | TYPES) - {Kind.INDEX}
_OWNED = _CREATED_IN_SCHEMAS | {Kind.INDEX, Kind.SCHEMA}
_ON_RELATIONS = frozenset({Kind.POLICY, Kind.RULE})
_OF_OWNERS = frozenset(Effect) - {Effect.CREATE, Effect.METADATA_ONLY}
_OWNERS_WORDS = ("ALTER", "COMMENT")


class MigrationNeeds:
    """Reads the needs from the effects of a plan's migrations; `made` are objects that the plan itself creates.

    Such an object belongs to whoever applies, and a name that a migration gives away may mean another object by then:
    nothing is said of either.
    """

    def __init__(self, plan: Plan, snapshot: Snapshot, made: set[ObjectName]) -> None:
        self._snapshot, self._made = snapshot, made
        self._rows = RowNeeds(snapshot, made)
        self._effects: dict[str, list[MigrationEffect]] = {}
        for effect in plan.effects:
            self._effects.setdefault(effect.migration, []).append(effect)

    def of_step(self, step: Step) -> Iterator[tuple[Need, str]]:
        """Yield each need of a migration's step, and the statement as `migration.002.sql:3` names it.

        The statements of a step are to be asked in order: what they create counts as made afterwards.
        """
        assert step.migration is not None
        effects: dict[int, list[MigrationEffect]] = {}
        for effect in self._effects.get(step.migration.name, ()):
            effects.setdefault(effect.statement, []).append(effect)
        self._rows.begin()
        for number, statement in enumerate(step.migration_statements, start=step.first_statement):
            place = f"{step.whole}:{statement.position[0]}"
            for effect in effects.get(number, ()):
                for need in self._of_effect(effect, statement.sql):
                    yield need, place
                self._made |= {name for name in (effect.object, effect.becomes) if name and _changes_names(effect)}
            for need in self._rows.of_statement(statement):
                yield need, place

    def after(self, step: Step) -> None:
        """Take a step of pgmg's own into account."""
        self._rows.after_step(step)

    def of_ends(self, plan: Plan) -> Iterator[tuple[Need, str]]:
        """Yield each need of what migrations ensure, which is asked after all steps."""
        for step in plan.steps:
            if step.migration is not None and step.completes_migration:
                self._rows.begin()
                for statement in step.migration.ensures:
                    for need in self._rows.of_statement(statement):
                        yield need, f"{step.whole}:{statement.position[0]}"

    def _of_effect(self, effect: MigrationEffect, sql: str) -> Iterator[Need]:
        name = effect.object
        if effect.effect is Effect.CREATE or (effect.effect is Effect.REPLACE and not self._is_there(name)):
            yield from self._of_creation(name)
        elif self._is_there(name) and self._is_for_owners(effect, sql):
            owner = self._owner(name)
            instead = self._schema_owner(name) if effect.effect is Effect.DROP else None
            yield Need(Subject.ROLE, owner, instead)
            after = effect.becomes
            if after is not None and name.kind in _CREATED_IN_SCHEMAS and self._is_schema(after.schema):
                yield Need(Subject.SCHEMA, str(after.schema))

    def _of_creation(self, name: ObjectName) -> Iterator[Need]:
        if name.kind is Kind.SCHEMA:
            yield Need(Subject.DATABASE, self._snapshot.server.database)
        elif name.kind in _CREATED_IN_SCHEMAS and self._is_schema(name.schema):
            yield Need(Subject.SCHEMA, str(name.schema))
        elif name.kind in _ON_RELATIONS and name.parent is not None and self._is_there(name.parent):
            yield Need(Subject.ROLE, self._owner(name.parent))

    def _is_for_owners(self, effect: MigrationEffect, sql: str) -> bool:
        """Say whether only an owner may do it: a trigger takes a privilege, GRANT the option to grant."""
        if effect.object.kind not in _OWNED or not self._owner(effect.object):
            return False
        if effect.effect in _OF_OWNERS:
            return True
        words = [token.word for _, token in zip(range(4), significant(sql), strict=False)]
        creates_index = words[:1] == ["CREATE"] and "INDEX" in words
        return words[:1] in ([word] for word in _OWNERS_WORDS) or creates_index

    def _is_there(self, name: ObjectName) -> bool:
        return name not in self._made and (name in self._snapshot.objects or name in self._snapshot.others)

    def _owner(self, name: ObjectName) -> str:
        live = self._snapshot.objects.get(name) or self._snapshot.others[name]
        return live.owner

    def _is_schema(self, schema: str | None) -> bool:
        """Say whether a schema exists before the plan, which does not replace it."""
        return self._is_there(ObjectName(Kind.SCHEMA, schema or ""))

    def _schema_owner(self, name: ObjectName) -> str | None:
        schema = ObjectName(Kind.SCHEMA, name.schema or "")
        return self._owner(schema) if self._is_there(schema) else None


def _changes_names(effect: MigrationEffect) -> bool:
    return effect.effect in (Effect.CREATE, Effect.REPLACE, Effect.DROP) or effect.becomes is not None
