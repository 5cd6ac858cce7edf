"""Puts names under the search_path that a migration itself sets, as dumps do."""

from __future__ import annotations

from dataclasses import replace

from pgmg.model.names import Kind
from pgmg.model.source import Alteration, Effect, Parts, Reference, RefKind, Target

_ANYWHERE = frozenset(
    {Kind.CAST, Kind.DATABASE, Kind.EVENT_TRIGGER, Kind.EXTENSION, Kind.LANGUAGE}
    | {Kind.PUBLICATION, Kind.ROLE, Kind.SCHEMA}
)
"""Kinds that live in no schema."""


def qualified(alteration: Alteration, path: Parts) -> Alteration:
    """Return an alteration under the search_path that the migration itself sets.

    What is made is made in the first schema; what is altered may be in any, and is known only if there is but one.
    """
    anew = alteration.effect is Effect.CREATE and alteration.target.parent is None
    if path and (anew or len(path) == 1):
        return replace(alteration, target=_qualified(alteration.target, path[0]))
    return alteration


def _qualified(target: Target, schema: str) -> Target:
    if target.parent is not None:
        target = replace(target, parent=_qualified(target.parent, schema))
        if target.kind is not Kind.INDEX:  # an index has a place of its own, beside its relation
            return target
    if len(target.parts) != 1 or target.kind in _ANYWHERE:
        return target
    return replace(target, parts=(schema, *target.parts))


def qualified_reference(reference: Reference, path: Parts) -> Reference:
    """Return a reference under such a search_path, where it can only mean one schema."""
    if len(path) == 1 and len(reference.parts) == 1 and reference.kind is not RefKind.SCHEMA:
        return replace(reference, parts=(path[0], *reference.parts))
    return reference
