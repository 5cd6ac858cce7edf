"""Warns of objects that a plan leaves absent: between two commits, or while a statement runs that may be about them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.model.sources.source import Notice

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pgmg.planning.replay.schema_state import ObjectId
    from pgmg.planning.schedule.context import PlanContext
    from pgmg.planning.schedule.lifetimes import Lifetimes


def absent_between_commits(context: PlanContext, lifetimes: Lifetimes) -> Iterator[Notice]:
    """Say of which objects readers find nothing from one commit of the plan to another."""
    statements = context.timeline.statements
    for key, ids in lifetimes.owed.items():
        if not ids:
            continue
        said = _do(context, key.point, ids)
        if key.point < len(statements):
            when = f"while {statements[key.point].source.name} runs: the transaction before it drops what blocks it"
        else:
            when = "from the commit of the last migration to the next one"
        yield Notice("absent-between-commits", f"{said} not exist {when}.")


def missed_by_statements(context: PlanContext, lifetimes: Lifetimes) -> Iterator[Notice]:
    """Say which objects cannot exist while a statement runs that may be about them: it does nothing to them."""
    for number, ids in lifetimes.missed.items():
        statement = context.timeline.statements[number]
        where = f"{statement.source.name}:{statement.statement.position[0]}"
        message = (
            f"{_do(context, number, ids)} not exist while {where} runs, which may be about more objects than it names: "
            f"what it does to others, it does not do to {'it' if len(ids) == 1 else 'them'}."
        )
        yield Notice("missed-by-statement", message, f"{statement.source.path}:{statement.statement.position[0]}")


def _do(context: PlanContext, point: int, ids: Iterable[ObjectId]) -> str:
    """Return the names of objects and the word for what one or more of them do."""
    names = sorted({context.timeline.state(point).name_of(id_).display_name for id_ in ids})
    return f"{names[0]} does" if len(names) == 1 else f"{', '.join(names)} do"
