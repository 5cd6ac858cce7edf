"""Puts names under the search_path that a migration itself sets, as dumps do."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pgmg.model.naming.names import Kind
from pgmg.model.sources.source import Alteration, Effect, Reference, RefKind, Scope, ScopeKind, Target

if TYPE_CHECKING:
    from pgmg.source.grammar.set_statements import SetStatements

_ANYWHERE = frozenset(
    {Kind.CAST, Kind.DATABASE, Kind.EVENT_TRIGGER, Kind.EXTENSION, Kind.LANGUAGE}
    | {Kind.PUBLICATION, Kind.ROLE, Kind.SCHEMA}
)
"""Kinds that live in no schema."""

_OF_RELATION = frozenset({ScopeKind.ROWS, ScopeKind.TRIGGERS})


def qualified(alteration: Alteration, settings: SetStatements) -> Alteration:
    """Return an alteration under the search_path that the migration itself sets.

    What is made is made in the first schema; what is altered may be in any: that is found out where all are known.
    """
    path = settings.search_path or ()
    anew = alteration.effect is Effect.CREATE and alteration.target.parent is None
    if path and (anew or len(path) == 1):
        return in_schema(alteration, path[0])
    return replace(alteration, settings=_in_force(settings)) if path else alteration


def in_schema(alteration: Alteration, schema: str) -> Alteration:
    """Return an alteration whose names without a schema mean this one."""
    return replace(alteration, target=_qualified(alteration.target, schema))


def _in_force(settings: SetStatements) -> tuple[str, ...]:
    return (settings.values["search_path"],)


def _qualified(target: Target, schema: str) -> Target:
    if target.parent is not None:
        target = replace(target, parent=_qualified(target.parent, schema))
        if target.kind is not Kind.INDEX:  # an index has a place of its own, beside its relation
            return target
    if len(target.parts) != 1 or target.kind in _ANYWHERE:
        return target
    return replace(target, parts=(schema, *target.parts))


def qualified_reference(reference: Reference, settings: SetStatements) -> Reference:
    """Return a reference under such a search_path."""
    path = settings.search_path or ()
    if not path or len(reference.parts) != 1 or reference.kind is RefKind.SCHEMA:
        return reference
    if len(path) == 1:
        return replace(reference, parts=(path[0], *reference.parts))
    return replace(reference, settings=_in_force(settings))


def qualified_scope(scope: Scope, settings: SetStatements) -> Scope:
    """Return a scope whose relation is looked up under such a search_path, if it leaves no choice."""
    path = settings.search_path or ()
    if scope.kind not in _OF_RELATION or len(scope.name) != 1 or len(path) != 1:
        return scope
    return replace(scope, name=(path[0], *scope.name))
