"""Indexes and extended statistics: kept while the definition is the same, else built again."""

from __future__ import annotations

from pgmg.model.names import Kind
from pgmg.model.plan import ChangeKind
from pgmg.planning.kinds.rules import NO_CHANGE, ObjectDiff, RecreateObject, Rules, Strategy
from pgmg.source.grammar.rewriting import same_but_formatting, same_definition


def choose_strategy(case: ObjectDiff) -> Strategy:
    """Compare with what was applied, then with the catalog's own definition, which spells every schema and cast."""
    is_edited = case.change not in (ChangeKind.ADOPTED, ChangeKind.DRIFTED) and case.previous is not None
    if is_edited and case.previous is not None and same_but_formatting(case.previous.sql, case.source.sql):
        return NO_CHANGE
    shown = case.definition.text if case.definition else ""
    if shown and same_definition(shown, case.source.sql):
        return NO_CHANGE
    return RecreateObject("its definition changes")


RULES = Rules(frozenset({Kind.INDEX, Kind.STATISTICS}), choose_strategy)
