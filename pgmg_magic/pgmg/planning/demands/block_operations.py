"""Resolves what the statements inside a DO block do to existing objects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.model.naming.names import ROUTINES
from pgmg.model.sources.source import Effect
from pgmg.planning.replay.object_operations import Operation
from pgmg.source.migrations.block_reading import read_block

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgmg.model.sources.source import Alteration
    from pgmg.planning.replay.timeline import PendingStatement
    from pgmg.planning.schedule.context import PlanContext

_CREATES = frozenset({Effect.CREATE, Effect.REPLACE})


def block_operations(statement: PendingStatement, context: PlanContext) -> tuple[Operation, ...] | None:
    """Return the operations of a DO block on objects that exist before it; None where it may do anything else.

    Functions that it calls may do anything.
    """
    if any(use.name.kind in ROUTINES for use in statement.uses):
        return None
    reading = read_block(statement.statement.sql)
    return tuple(_operations(reading.alterations, statement, context)) if reading.is_complete else None


def _operations(
    alterations: tuple[Alteration, ...], statement: PendingStatement, context: PlanContext
) -> Iterator[Operation]:
    state = context.timeline.state(statement.number)
    resolver = context.resolved.resolver.at(state.names)
    for alteration in alterations:
        if alteration.effect in _CREATES:
            continue
        for name in resolver.targets(alteration):
            holder = state.holder(name)
            if holder is None:
                continue
            yield Operation(
                statement.number,
                alteration.effect,
                holder,
                name,
                member=alteration.member,
                column=alteration.member,
                becomes=alteration.name_after(name),
                new_member=alteration.new_name,
            )
