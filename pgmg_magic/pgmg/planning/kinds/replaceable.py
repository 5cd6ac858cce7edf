"""Triggers and rules: the server replaces them in place; the enabled state is kept."""

from __future__ import annotations

from pgmg.model.facts import TriggerFacts
from pgmg.model.names import Kind
from pgmg.model.plan import Action
from pgmg.planning.kinds.base import Case, InPlace, Remake, Rules, Verdict
from pgmg.source.text import or_replace


def judge(case: Case) -> Verdict:
    """CREATE OR REPLACE, except constraint triggers, which know none (PostgreSQL: CREATE TRIGGER)."""
    facts = case.source.facts
    if (isinstance(facts, TriggerFacts) and facts.constraint) or case.facts.get("constraint"):
        return Remake("constraint triggers cannot be replaced")
    around = case.definition.surroundings if case.definition else ()
    enabled = tuple(s.statement for s in around if s.aspect == "enabled")
    return InPlace(Action.REPLACE, (or_replace(case.source.sql), *enabled), "")


RULES = Rules(frozenset({Kind.TRIGGER, Kind.RULE}), judge)
