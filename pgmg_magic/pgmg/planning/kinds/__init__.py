"""One module a kind: what may be changed in place and how (rule 5)."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from pgmg.planning.kinds import (
    attached,
    domain,
    index,
    materialized_view,
    policy,
    replaceable,
    routine,
    type_,
    view,
    whole,
)

if TYPE_CHECKING:
    from pgmg.model.names import Kind
    from pgmg.planning.kinds.base import Case, KindRules, Verdict


@cache
def registry() -> dict[Kind, KindRules]:
    """Return the rules of every kind that can be declared."""
    rules: tuple[KindRules, ...] = (
        view.RULES,
        materialized_view.RULES,
        routine.RULES,
        type_.RULES,
        domain.RULES,
        policy.RULES,
        index.RULES,
        replaceable.RULES,
        whole.RULES,
        attached.RULES,
    )
    return {kind: rule for rule in rules for kind in rule.kinds}


def judge(case: Case) -> Verdict:
    """Decide how an existing object gets to its declared state."""
    return registry()[case.name.kind].judge(case)
