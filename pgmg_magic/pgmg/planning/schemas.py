"""Takes the rename of a schema for what it is to everything in it: a move to another schema (rule 4.3)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pgmg.model.names import Kind, ObjectName
from pgmg.model.source import Alteration, Effect, Migration, Target
from pgmg.model.type_identity import NO_TYPE, type_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pgmg.planning.resolve.resolver import Resolver


def expand_schema_renames(
    pending: Sequence[Migration], live: Iterable[ObjectName], resolver: Resolver
) -> tuple[Migration, ...]:
    """Return the migrations with a move of each object beside every rename of its schema."""
    if not any(_is_rename(alteration) for migration in pending for alteration in migration.alterations):
        return tuple(pending)
    there = {name for name in live if name.schema is not None and name.parent is None}
    return tuple(_spelled_out(migration, there, resolver) for migration in pending)


def _is_rename(alteration: Alteration) -> bool:
    return alteration.effect is Effect.RENAME and alteration.target.kind is Kind.SCHEMA


def _spelled_out(migration: Migration, there: set[ObjectName], resolver: Resolver) -> Migration:
    """Return one migration; `there` is what there is before it, and then after it."""
    found: list[Alteration] = []
    for alteration in migration.alterations:
        found.append(alteration)
        if _is_rename(alteration):
            moves = list(_moves(alteration, there, resolver))
            found += moves
        else:
            moves = [alteration]
        for move in moves:
            names = resolver.altered(move)
            if move.effect in (Effect.DROP, Effect.RENAME, Effect.SET_SCHEMA):
                became = resolver.became(move)
                there.update(new for old, new in zip(names, became, strict=False) if old in there)
                there.difference_update(set(names) - set(became))
            elif move.effect is Effect.CREATE:
                there.update(name for name in names if name.schema is not None and name.parent is None)
    return replace(migration, alterations=tuple(found))


def _moves(rename: Alteration, there: Iterable[ObjectName], resolver: Resolver) -> Iterator[Alteration]:
    old, new = rename.target.parts[-1], rename.new_name
    for name in sorted(name for name in there if name.schema == old):
        # the detail tells overloads apart, whose argument types nobody has spelled
        target = Target(name.kind, (old, name.name), detail=str(name))
        arguments = None if name.arguments is None else tuple(_moved(a, old, new or "") for a in name.arguments)
        resolver.carried[target] = name, replace(name, schema=new, arguments=arguments)
        yield Alteration(Effect.SET_SCHEMA, target, new_name=new)


def _moved(type_: str, old: str, new: str) -> str:
    """Return how a type is spelled once the schema is called otherwise."""
    if type_ == NO_TYPE or (moved := type_of(type_)).schema != old:
        return type_
    return str(replace(moved, schema=new))
