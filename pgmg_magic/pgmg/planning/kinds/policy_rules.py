"""Row security policies: altered while command and permissiveness stay and no clause disappears."""

from __future__ import annotations

from pgmg.model.naming.names import Kind
from pgmg.model.naming.roles import EVERYBODY, role_sql
from pgmg.model.plans.plan import Action
from pgmg.model.sources.facts import PolicyFacts
from pgmg.planning.kinds.rules import AlterInPlace, ObjectDiff, RecreateObject, Rules, Strategy
from pgmg.planning.resolve.sql_names import target


def choose_strategy(case: ObjectDiff) -> Strategy:
    """ALTER POLICY sets roles, USING and WITH CHECK, but cannot take a clause away (PostgreSQL: ALTER POLICY)."""
    facts = case.source.facts
    assert isinstance(facts, PolicyFacts)
    if (facts.command, facts.permissive) != (case.facts.get("command"), case.facts.get("permissive")):
        return RecreateObject("its command or permissiveness changes")
    if (facts.using is None and case.facts.get("using")) or (facts.check is None and case.facts.get("check")):
        return RecreateObject("it loses a clause")
    roles = ", ".join(map(role_sql, facts.roles or (EVERYBODY,)))
    using = f" USING ({facts.using})" if facts.using is not None else ""
    check = f" WITH CHECK ({facts.check})" if facts.check is not None else ""
    return AlterInPlace(Action.ALTER, (f"ALTER {target(case.name)} TO {roles}{using}{check}",), "")


RULES = Rules(frozenset({Kind.POLICY}), choose_strategy)
