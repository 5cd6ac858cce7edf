"""Triggers and rules: the server replaces them in place; the enabled state is kept."""

from __future__ import annotations

from pgmg.model.catalog_details import Aspect
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
    properties = case.definition.properties if case.definition else ()
    lost = (Aspect.ENABLED, Aspect.EXTENSION)  # what the server resets, on partitions as well
    restored = tuple(one.statement for one in properties if one.aspect in lost)
    return AlterInPlace(Action.REPLACE, (or_replace(case.source.sql), *restored), "")


RULES = Rules(frozenset({Kind.TRIGGER, Kind.RULE}), choose_strategy)
