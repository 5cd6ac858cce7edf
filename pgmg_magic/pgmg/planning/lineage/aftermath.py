"""The state after a plan: objects that it creates, with their definitions, and the rows of materialized views."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto
from types import MappingProxyType
from typing import TYPE_CHECKING

from pgmg.model.naming.names import Kind
from pgmg.model.plans.plan import Action
from pgmg.source.grammar.rewriting import data_clause

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pgmg.model.naming.names import ObjectName
    from pgmg.model.plans.plan import Plan, Step


class Maker(Enum):
    """Whose definition an object has after apply."""

    SOURCE = auto()
    CATALOG = auto()  # restored as the database had it


class Rows(Enum):
    """The rows of a materialized view after apply."""

    KEPT = auto()
    REFILLED = auto()
    NONE = auto()


@dataclass(frozen=True, slots=True)
class Aftermath:
    """The objects that apply creates; objects that are not in `made` stay unchanged."""

    made: Mapping[ObjectName, Maker] = field(default_factory=lambda: MappingProxyType({}))
    rows: Mapping[ObjectName, Rows] = field(default_factory=lambda: MappingProxyType({}))


_CREATING = frozenset({Action.CREATE, Action.REPLACE, Action.RESTORE})


def aftermath_of(plan: Plan) -> Aftermath:
    """Read the outcome of a plan off its steps."""
    made: dict[ObjectName, Maker] = {}
    rows: dict[ObjectName, Rows] = {}
    for step in plan.steps:
        name = step.object
        if step.action is Action.DROP:
            made.pop(name, None)
            rows.pop(name, None)
        if step.action in _CREATING:
            made[name] = Maker.CATALOG if step.source is None else Maker.SOURCE
        if name.kind is Kind.MATERIALIZED_VIEW:
            left = _rows_left(step)
            if left is not None:
                rows[name] = left
    return Aftermath(made, rows)


def _rows_left(step: Step) -> Rows | None:
    """Return what a step leaves in a materialized view; None where it does not touch its rows."""
    left = None
    for statement in step.statements:
        words = statement.upper().split(None, 3)
        if words[:1] == ["CREATE"] and "MATERIALIZED" in words[:3]:
            left = Rows.NONE if data_clause(statement)[1] is False else Rows.REFILLED
        elif words[:3] == ["REFRESH", "MATERIALIZED", "VIEW"]:
            left = Rows.REFILLED
    return left
