"""Says when default privileges change: declared ones before the migrations that create what they are for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.model.naming.names import Kind, ObjectName
from pgmg.model.naming.roles import EVERYBODY, KEY_WORDS
from pgmg.model.naming.sql_tokens import significant
from pgmg.model.sources.facts import DefaultScope, GrantFacts
from pgmg.model.sources.source import Effect, RefKind, ScopeKind

if TYPE_CHECKING:
    from pgmg.model.sources.source import Statement
    from pgmg.planning.compare.changes import ObjectComparison
    from pgmg.planning.schedule.context import PlanContext

_RUN_ROUTINES = frozenset({"CALL", "SELECT"})


def may_change_default_privileges(statement: Statement) -> bool:
    """Say whether new objects may get other privileges by themselves after a statement of a migration than before."""
    if any(scope.kind in (ScopeKind.ANY, ScopeKind.OWNED) for scope in statement.scopes):
        return True
    calls = statement.calls and any(reference.kind is RefKind.ROUTINE for reference in statement.references)
    return is_about_new_objects(statement) or (calls and _first_words(statement)[0] in _RUN_ROUTINES)


def is_about_new_objects(statement: Statement) -> bool:
    """Say whether a statement is ALTER DEFAULT PRIVILEGES: what exists before keeps its privileges."""
    return _first_words(statement) == ["ALTER", "DEFAULT"]


def _first_words(statement: Statement) -> list[str]:
    return [token.word for _, token in zip(range(2), significant(statement.sql), strict=False)]


def earliest_point(difference: ObjectComparison, context: PlanContext) -> int:
    """Return the first point at which default privileges can be set; those that go are revoked at the first of all."""
    learned = context.not_before.get(difference.name, 0)
    facts = difference.declared.source.facts if difference.declared is not None else None
    if not isinstance(facts, GrantFacts) or facts.scope is None:
        return learned
    return max(learned, _scope_exists_at(facts.scope, context), _after_built_in(context))


def _after_built_in(context: PlanContext) -> int:
    """Return the end of the last migration that states all privileges as the server gives them by itself."""
    timeline = context.timeline
    return max((timeline.first[n + 1] for n, m in enumerate(timeline.migrations) if m.built_in_privileges), default=0)


def _scope_exists_at(scope: DefaultScope, context: PlanContext) -> int:
    """Return the end of the migration after which the schema and the roles of a scope exist.

    A schema or role that neither the database nor a migration's text shows may come from any of them: all have to run.
    """
    live, timeline = context.attachments, context.timeline
    needed = [ObjectName(Kind.SCHEMA, scope.schema)] if scope.schema is not None else []
    needed = [name for name in needed if name not in live.snapshot.others]
    roles = {role for role in (scope.creator, scope.grantee) if role is not None} - KEY_WORDS - {EVERYBODY}
    needed += [ObjectName(Kind.ROLE, role) for role in sorted(roles - live.evidence.roles)]
    return max((timeline.first[_created_by(name, context)] for name in needed), default=0)


def _created_by(name: ObjectName, context: PlanContext) -> int:
    """Return how many migrations have to run before a schema or role exists."""
    for statement in context.timeline.statements:
        for operation in statement.operations:
            created = operation.name if operation.effect is Effect.CREATE else operation.becomes
            if created == name:
                return statement.migration + 1
    return len(context.timeline.migrations)
