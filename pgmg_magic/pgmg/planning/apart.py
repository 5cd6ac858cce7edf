"""Takes migrations apart that need what has to be dropped for their own sake (rules 7.2, 7.3)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pgmg.model.names import RELATIONS, ObjectName
from pgmg.model.plan import Action, Learned, Plan, Step
from pgmg.model.source import Effect, Migration
from pgmg.planning.reach import SHAPE
from pgmg.planning.schemas import expand_schema_renames
from pgmg.source.migrations.split import needs_of_each, parts

if TYPE_CHECKING:
    from collections.abc import Collection

    from pgmg.planning.compare.resolved import ResolvedProject

_RETYPES = frozenset({Effect.RETYPE_COLUMN})
Spots = tuple[tuple[str, tuple[int, int]], ...]
"""Statements, by the file name of their migration, line and column."""


def taken_apart(resolved: ResolvedProject, spots: Spots) -> ResolvedProject:
    """Return the resolved with migrations in parts, so that each of these statements runs on its own."""
    if not spots:
        return resolved
    pieces = [
        piece
        for migration in resolved.pending
        for piece in parts(migration, {position for file_name, position in spots if file_name == migration.file_name})
    ]
    pending = expand_schema_renames(pieces, resolved.snapshot.objects, resolved.resolver)
    return replace(resolved, pending=pending, needs=tuple(resolved.resolver.needs(m) for m in pending))


def in_its_own_way(plan: Plan, resolved: ResolvedProject, learned: Learned) -> Spots:
    """Return statements of migrations that use what the plan drops for the sake of others of the same migration.

    What never comes back is not meant: it has another signature, or is deleted.
    """
    last = {step.object: step.number for step in plan.steps if step.action is not Action.DROP}
    needs = dict(zip((m.name for m in resolved.pending), resolved.needs, strict=True))
    gone, made = set[ObjectName](), set[ObjectName]()
    found: list[tuple[str, tuple[int, int]]] = []
    for step in plan.steps:
        if step.migration is not None:
            if not may_be_parted(step):
                continue
            missed = gone | _made_too_early(made, step.migration, resolved)
            if missed and any(use.object in missed for use in needs[step.migration.name]):
                found += _wanting(step.migration, missed, resolved)
        elif step.action is Action.DROP:
            gone |= {step.object} if last.get(step.object, 0) > step.number else set()
            made.discard(step.object)
        else:
            gone.discard(step.object)
            made |= {step.object} if step.action is Action.CREATE else set()
    return tuple(one for one in found if one not in learned.apart)


def may_be_parted(step: Step) -> bool:
    """Say whether a step runs a migration that may run in parts: temporary objects would end with the first."""
    return step.migration is not None and step.transactional and not step.migration.has_temporary


def is_torn(plan: Plan) -> bool:
    """Say whether a part of a migration would commit without the others."""
    groups: dict[str, int] = {}
    parts = [(step.migration.file_name, step.group) for step in plan.steps if step.migration is not None]
    return any(groups.setdefault(file_name, group) != group for file_name, group in parts)


def _made_too_early(made: set[ObjectName], migration: Migration, resolved: ResolvedProject) -> set[ObjectName]:
    """Return what was made before a migration that retypes a column below it, or changes what its `*` stands for."""
    shaken, retyped = _altered(migration, SHAPE, resolved), _altered(migration, _RETYPES, resolved)
    pool = [resolved.declared[name] for name in made if name in resolved.declared and name.kind in RELATIONS]
    found: set[ObjectName] = set()
    grown = bool(shaken)
    while grown:
        above = {
            one.name
            for one in pool
            if any(use.object in retyped | found or (use.star and use.object in shaken) for use in one.uses)
        }
        grown = not above <= found
        found |= above
    return found


def _altered(migration: Migration, effects: Collection[Effect], resolved: ResolvedProject) -> set[ObjectName]:
    alterations = (alteration for alteration in migration.alterations if alteration.effect in effects)
    return {name for alteration in alterations for name in resolved.resolver.altered(alteration)}


def _wanting(
    migration: Migration, gone: set[ObjectName], resolved: ResolvedProject
) -> list[tuple[str, tuple[int, int]]]:
    """Return the statements that use what is gone, or is to go for the sake of others."""
    return [
        (migration.file_name, statement.position)
        for statement, needed in zip(migration.statements, needs_of_each(migration.statements), strict=True)
        if any(use.object in gone for use in resolved.resolver.uses(needed))
    ]
