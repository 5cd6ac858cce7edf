"""One module a kind: what may be changed in place and how (rule 5)."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from pgmg.model.naming.names import ROUTINES, Kind
from pgmg.model.plans.plan import ChangeKind
from pgmg.planning.kinds import (
    column_default_rules,
    comments_and_grants,
    create_or_replace,
    domain_rules,
    enum_composite_range,
    index_rules,
    materialized_view_rules,
    policy_rules,
    recreate_only,
    routine_rules,
    view_rules,
)
from pgmg.planning.kinds.equal_definitions import is_equal
from pgmg.planning.kinds.rules import NO_CHANGE

if TYPE_CHECKING:
    from pgmg.planning.kinds.rules import KindRules, ObjectDiff, Strategy


_COMPARED_WHOLE = ROUTINES | {Kind.TRIGGER, Kind.RULE, Kind.POLICY, Kind.COLUMN_DEFAULT}
"""Kinds of which the server's definition states everything that a source can."""
_COMPARED_IN_PARTS = frozenset({Kind.VIEW, Kind.MATERIALIZED_VIEW})
"""Kinds of which the server is asked about the query alone; their options are compared besides."""


@cache
def registry() -> dict[Kind, KindRules]:
    """Return the rules of every kind that can be declared."""
    rules: tuple[KindRules, ...] = (
        view_rules.RULES,
        materialized_view_rules.RULES,
        routine_rules.RULES,
        enum_composite_range.RULES,
        domain_rules.RULES,
        policy_rules.RULES,
        index_rules.RULES,
        create_or_replace.RULES,
        recreate_only.RULES,
        column_default_rules.RULES,
        comments_and_grants.RULES,
    )
    return {kind: rule for rule in rules for kind in rule.kinds}


def choose_strategy(case: ObjectDiff) -> Strategy:
    """Decide how an existing object gets to its declared state: one that is adopted and equal stays as it is."""
    kind, is_adopted = case.name.kind, case.change is ChangeKind.ADOPTED
    if is_adopted and case.same_wording and kind not in _COMPARED_IN_PARTS:
        return NO_CHANGE
    if is_adopted and kind in _COMPARED_WHOLE and is_equal(case):
        return NO_CHANGE
    return registry()[case.name.kind].choose_strategy(case)
