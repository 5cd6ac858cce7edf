"""Triggers and rules: the server replaces them in place; the enabled state is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.model.database.catalog_details import Aspect
from pgmg.model.naming.names import Kind
from pgmg.model.plans.plan import Action
from pgmg.model.sources.facts import TriggerFacts
from pgmg.planning.kinds.rules import AlterInPlace, ObjectDiff, RecreateObject, Rules, Strategy
from pgmg.source.grammar.rewriting import or_replace

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pgmg.model.database.catalog_details import ObjectProperty

RESET = frozenset({Aspect.ENABLED, Aspect.EXTENSION})
"""Properties that CREATE OR REPLACE resets, on partitions as well."""


def choose_strategy(case: ObjectDiff) -> Strategy:
    """CREATE OR REPLACE, except constraint triggers, which know none (PostgreSQL: CREATE TRIGGER)."""
    facts = case.source.facts
    if (isinstance(facts, TriggerFacts) and facts.constraint) or case.facts.get("constraint"):
        return RecreateObject("constraint triggers cannot be replaced")
    properties = case.definition.properties if case.definition else ()
    return AlterInPlace(Action.REPLACE, replacing(case.source.sql, properties), "")


def replacing(source: str, properties: Iterable[ObjectProperty]) -> tuple[str, ...]:
    """Return the statements that replace a trigger or rule and keep its state."""
    return or_replace(source), *(one.statement for one in properties if one.aspect in RESET)


RULES = Rules(frozenset({Kind.TRIGGER, Kind.RULE}), choose_strategy)
