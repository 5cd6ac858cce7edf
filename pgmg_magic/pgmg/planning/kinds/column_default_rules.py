"""Defaults of views' columns: one statement sets a new one in place of the old one."""

from __future__ import annotations

from pgmg.model.naming.names import Kind
from pgmg.model.plans.plan import Action
from pgmg.planning.kinds.rules import AlterInPlace, ObjectDiff, Rules, Strategy


def choose_strategy(case: ObjectDiff) -> Strategy:
    """ALTER VIEW … SET DEFAULT replaces a default."""
    return AlterInPlace(Action.ALTER, (case.source.sql,))


RULES = Rules(frozenset({Kind.COLUMN_DEFAULT}), choose_strategy)
