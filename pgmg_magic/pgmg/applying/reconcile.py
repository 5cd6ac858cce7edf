"""Sees what the migrations of a group did that could not be read from them, so that the next attempt knows it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pgmg.applying.cascade import unexpected_drops
from pgmg.applying.shadowing import shadowed_objects, users_of_old_object
from pgmg.catalog.closure import read_dependencies
from pgmg.catalog.snapshot_reader import read_snapshot

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import psycopg

    from pgmg.model.plan import Plan, Step
    from pgmg.model.snapshot import LiveObject, Snapshot

_CASCADE = re.compile(r"\bCASCADE\b", re.IGNORECASE)
_MOVES = re.compile(r"\b(?:RENAME|SET\s+SCHEMA)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class UnplannedEffect:
    """An object that has to be dropped before a migration and made after, and why."""

    migration: Step
    live: LiveObject
    because: str


def unplanned_effects(
    conn: psycopg.Connection[Any], state_schema: str, before: Snapshot, group: Sequence[Step], plan: Plan
) -> list[UnplannedEffect]:
    """Return what the plan should have saved from the migrations of a group, which has just run.

    Nothing is read where no migration says CASCADE, RENAME or SET SCHEMA, if only inside a DO block.
    """
    sweeping, moving = _first(group, _CASCADE), _first(group, _MOVES)
    if sweeping is None and moving is None:
        return []
    found = []
    now = read_snapshot(conn, state_schema)
    if sweeping is not None and not plan.options.drop_unmanaged:
        gone = unexpected_drops(before, now, group, plan.steps)
        found += [UnplannedEffect(sweeping, live, f"CASCADE takes {live.name} along") for live in gone]
    moved = shadowed_objects(before, now) if moving is not None else {}
    if moving is not None and moved:
        users = users_of_old_object(moved, read_dependencies(conn, moved), before, now, plan.steps)
        found += [
            UnplannedEffect(moving, live, f"{name} is another object afterwards") for live, name in users.values()
        ]
    return found


def _first(group: Iterable[Step], word: re.Pattern[str]) -> Step | None:
    migrations = (step for step in group if step.migration is not None)
    return next((step for step in migrations if any(word.search(text) for text in step.statements)), None)
