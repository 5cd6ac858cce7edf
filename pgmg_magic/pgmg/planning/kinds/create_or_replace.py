"""Triggers and rules: the server replaces them in place; the enabled state is kept."""

from __future__ import annotations

from pgmg.model.facts import TriggerFacts
from pgmg.model.names import Kind
from pgmg.model.plan import Action
from pgmg.planning.kinds.rules import AlterInPlace, ObjectDiff, RecreateObject, Rules, Strategy
from pgmg.source.grammar.rewriting import or_replace


def choose_strategy(case: ObjectDiff) -> Strategy:
    """CREATE OR REPLACE, except constraint triggers, which know none (PostgreSQL: CREATE TRIGGER)."""
    facts = case.source.facts
    if (isinstance(facts, TriggerFacts) and facts.constraint) or case.facts.get("constraint"):
        return RecreateObject("constraint triggers cannot be replaced")
    around = case.definition.properties if case.definition else ()
    enabled = tuple(s.statement for s in around if s.aspect == "enabled")
    return AlterInPlace(Action.REPLACE, (or_replace(case.source.sql), *enabled), "")


RULES = Rules(frozenset({Kind.TRIGGER, Kind.RULE}), choose_strategy)
