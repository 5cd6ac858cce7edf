"""Finds out when declared default privileges can be set: before the migrations that create what they are for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.model.names import Kind, ObjectName
from pgmg.model.roles import EVERYBODY, KEY_WORDS
from pgmg.model.source import Effect

if TYPE_CHECKING:
    from pgmg.model.facts import DefaultScope
    from pgmg.planning.compare.attachments import LiveAttachments
    from pgmg.planning.compare.resolved import ResolvedProject


def earliest_slot(scope: DefaultScope, resolved: ResolvedProject, live: LiveAttachments) -> int:
    """Return how many pending migrations have to run before the schema and the roles of a scope exist.

    A schema or role that neither the database nor a migration's text shows may come from any of them: all have to run.
    """
    needed = [ObjectName(Kind.SCHEMA, scope.schema)] if scope.schema is not None else []
    needed = [name for name in needed if name not in live.snapshot.others]
    roles = {role for role in (scope.creator, scope.grantee) if role is not None} - KEY_WORDS - {EVERYBODY}
    needed += [ObjectName(Kind.ROLE, role) for role in sorted(roles - live.evidence.roles)]
    return max((_created_by(name, resolved) for name in needed), default=0)


def _created_by(name: ObjectName, resolved: ResolvedProject) -> int:
    for number, migration in enumerate(resolved.pending, start=1):
        for alteration in migration.alterations:
            if alteration.target.kind is not name.kind:
                continue
            resolver = resolved.resolver
            names = resolver.altered(alteration) if alteration.effect is Effect.CREATE else resolver.became(alteration)
            if name in names:
                return number
    return len(resolved.pending)
