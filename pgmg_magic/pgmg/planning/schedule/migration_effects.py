"""The effects of the pending migrations on objects, for the explanation of a plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.model.plan import MigrationEffect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgmg.planning.replay.timeline import Timeline


def migration_effects(timeline: Timeline) -> Iterator[MigrationEffect]:
    """Yield the operations of all pending statements, in order."""
    for statement in timeline.statements:
        for operation in statement.operations:
            name = statement.source.name
            yield MigrationEffect(name, statement.index, operation.effect, operation.name, operation.becomes)
