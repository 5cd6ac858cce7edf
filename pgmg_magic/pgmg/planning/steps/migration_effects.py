"""The effects of the pending migrations on objects: of each statement, and what each migration affects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.model.plans.plan import Affected, MigrationEffect, MigrationImpact

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgmg.planning.replay.timeline import Timeline
    from pgmg.planning.schedule.context import PlanContext
    from pgmg.planning.schedule.lifetimes import Lifetimes


def migration_effects(timeline: Timeline) -> Iterator[MigrationEffect]:
    """Yield the operations of all pending statements, in order."""
    for statement in timeline.statements:
        for operation in statement.operations:
            name = statement.source.name
            yield MigrationEffect(
                name,
                statement.index,
                operation.effect,
                operation.name,
                operation.becomes,
                operation.member,
                operation.new_member,
            )


def migration_impacts(context: PlanContext, lifetimes: Lifetimes) -> Iterator[MigrationImpact]:
    """Return each pending migration with what it affects (rule 4)."""
    timeline = context.timeline
    for number, (migration, affected) in enumerate(zip(timeline.migrations, lifetimes.affected, strict=True)):
        state = timeline.state(timeline.first[number])
        graph = context.graph
        found = []
        for id_, because in affected.items():
            known = id_ in graph.definitions and id_ not in context.resolved.snapshot.by_address
            name = graph.name(id_) if known else state.name_of(id_)
            found.append(Affected(name, because.reason, because.objects))
        statements = timeline.statements[timeline.first[number] : timeline.first[number + 1]]
        touched = dict.fromkeys(op.name for statement in statements for op in statement.operations)
        yield MigrationImpact(migration.name, migration.path, tuple(found), tuple(touched))
