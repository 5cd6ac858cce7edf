"""Defaults of views' columns: one statement sets a new one in place of the old one."""

from __future__ import annotations

from pgmg.model.names import Kind
from pgmg.model.plan import Action, ChangeKind
from pgmg.planning.kinds.rules import NO_CHANGE, AlterInPlace, ObjectDiff, Rules, Strategy
from pgmg.source.grammar.rewriting import same_definition


def choose_strategy(case: ObjectDiff) -> Strategy:
    """ALTER VIEW … SET DEFAULT, unless the default is so already."""
    shown = case.definition.text if case.definition else ""
    if case.change is ChangeKind.ADOPTED and same_definition(shown, case.source.sql):
        return NO_CHANGE
    return AlterInPlace(Action.ALTER, (case.source.sql,))


RULES = Rules(frozenset({Kind.COLUMN_DEFAULT}), choose_strategy)
