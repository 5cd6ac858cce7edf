"""Takes migrations apart that need what has to be dropped for their own sake (rules 7.2, 7.3)."""

from __future__ import annotations

from dataclasses import replace

from pgmg.model.names import RELATIONS, ObjectName
from pgmg.model.plan import Action, Learned, Plan
from pgmg.model.source import Effect, Migration
from pgmg.planning.schemas import spelled_out
from pgmg.planning.survey import Survey
from pgmg.source.parts import needs_of_each, parts

Spots = tuple[tuple[str, tuple[int, int]], ...]
"""Statements, by the file name of their migration, line and column."""


def taken_apart(survey: Survey, spots: Spots) -> Survey:
    """Return the survey with migrations in parts, so that each of these statements runs on its own."""
    if not spots:
        return survey
    pieces = [
        piece
        for migration in survey.pending
        for piece in parts(migration, {spot for file_name, spot in spots if file_name == migration.file_name})
    ]
    pending = spelled_out(pieces, survey.snapshot.objects, survey.resolver)
    return replace(survey, pending=pending, needs=tuple(survey.resolver.needs(m) for m in pending))


def in_its_own_way(plan: Plan, survey: Survey, learned: Learned) -> Spots:
    """Return statements of migrations that use what the plan drops for the sake of others of the same migration."""
    if not may_be_parted(plan):
        return ()
    needs = dict(zip((m.name for m in survey.pending), survey.needs, strict=True))
    gone, made = set[ObjectName](), set[ObjectName]()
    found: list[tuple[str, tuple[int, int]]] = []
    for step in plan.steps:
        if step.migration is not None:
            missed = gone | _retyped_below(made, step.migration, survey)
            if missed and any(use.object in missed for use in needs[step.migration.name]):
                found += _wanting(step.migration, missed, survey)
        elif step.action is Action.DROP:
            gone.add(step.object)
            made.discard(step.object)
        else:
            gone.discard(step.object)
            made |= {step.object} if step.action is Action.CREATE else set()
    return tuple(one for one in found if one not in learned.apart)


def may_be_parted(plan: Plan) -> bool:
    """Say whether all of a plan is one transaction: parts of a migration never commit alone."""
    return len(plan.groups) == 1 and all(step.transactional for step in plan.steps)


def _retyped_below(made: set[ObjectName], migration: Migration, survey: Survey) -> set[ObjectName]:
    """Return what was made before a migration, and stands on a table or view of which it retypes columns."""
    altered = {n for a in migration.alterations if a.effect is Effect.RETYPE_COLUMN for n in survey.resolver.altered(a)}
    found: set[ObjectName] = set()
    pool = [survey.declared[name] for name in made if name in survey.declared and name.kind in RELATIONS]
    while altered and (
        above := [one for one in pool if one.name not in found and any(u.object in altered | found for u in one.uses)]
    ):
        found |= {one.name for one in above}
    return found


def _wanting(migration: Migration, gone: set[ObjectName], survey: Survey) -> list[tuple[str, tuple[int, int]]]:
    """Return the statements that use what is gone, or is to go for the sake of others."""
    if migration.has_temporary:
        return []
    return [
        (migration.file_name, statement.spot)
        for statement, needed in zip(migration.statements, needs_of_each(migration.statements), strict=True)
        if any(use.object in gone for use in survey.resolver.uses(needed))
    ]
