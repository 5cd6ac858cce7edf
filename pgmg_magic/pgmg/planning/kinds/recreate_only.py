"""Operators, casts, collations, text search, event triggers: unchanged or recreated, never changed in place."""

from __future__ import annotations

from pgmg.model.naming.names import Kind
from pgmg.model.plans.plan import ChangeKind
from pgmg.planning.kinds.equal_definitions import is_equal
from pgmg.planning.kinds.rules import NO_CHANGE, ObjectDiff, RecreateObject, Rules, Strategy
from pgmg.source.grammar.rewriting import same_but_formatting


def choose_strategy(case: ObjectDiff) -> Strategy:
    """Compare with what was applied, or with the catalog's own definition where it has one."""
    if case.change is ChangeKind.ADOPTED or case.previous is None:
        same = is_equal(case)
    else:
        same = case.change is not ChangeKind.DRIFTED and same_but_formatting(case.previous.sql, case.source.sql)
    return NO_CHANGE if same else RecreateObject("its definition changes")


RULES = Rules(
    frozenset(
        {
            Kind.OPERATOR,
            Kind.OPERATOR_CLASS,
            Kind.OPERATOR_FAMILY,
            Kind.CAST,
            Kind.COLLATION,
            Kind.TEXT_SEARCH_CONFIGURATION,
            Kind.TEXT_SEARCH_DICTIONARY,
            Kind.TEXT_SEARCH_PARSER,
            Kind.TEXT_SEARCH_TEMPLATE,
            Kind.EVENT_TRIGGER,
        }
    ),
    choose_strategy,
)
