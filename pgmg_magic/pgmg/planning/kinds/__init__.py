"""One module a kind: what may be changed in place and how (rule 5)."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

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

if TYPE_CHECKING:
    from pgmg.model.names import Kind
    from pgmg.planning.kinds.rules import KindRules, ObjectDiff, Strategy


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
    """Decide how an existing object gets to its declared state."""
    return registry()[case.name.kind].choose_strategy(case)
