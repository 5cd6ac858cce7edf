"""Materialized views: rebuilt unless only their options or the wish for data changed."""

from __future__ import annotations

from pgmg.model.database.option_values import holds
from pgmg.model.naming.names import Kind
from pgmg.model.plans.plan import Action, ChangeKind
from pgmg.model.sources.facts import ViewFacts
from pgmg.planning.kinds.equal_definitions import is_equal
from pgmg.planning.kinds.rules import AlterInPlace, ObjectDiff, RecreateObject, Rules, Strategy
from pgmg.planning.kinds.view_rules import changed_storage, live_options, reset_option, set_option, set_tablespace
from pgmg.source.grammar.rewriting import same_but_formatting


def choose_strategy(case: ObjectDiff) -> Strategy:
    """There is no CREATE OR REPLACE: keep what is there if its query is the declared one."""
    facts = case.source.facts
    assert isinstance(facts, ViewFacts)
    if case.upstream is not None or not _same_query(case, facts):
        return RecreateObject(case.upstream or "its query changes")
    live, wanted = live_options(case), dict(facts.options)
    before = case.previous.facts if case.previous else None
    gone = [n for n in (dict(before.options) if isinstance(before, ViewFacts) else {}) if n not in wanted and n in live]
    statements = [
        set_option(case.name, name, value) for name, value in sorted(wanted.items()) if not holds(live, name, value)
    ]
    statements += [reset_option(case.name, name) for name in gone]
    moved = changed_storage(case)
    if moved.keys() - {"tablespace"} or not all(moved.values()):
        return RecreateObject(f"its {' and '.join(sorted(moved))} changes")
    statements += [set_tablespace(case.name, space) for space in moved.values() if space is not None]
    return AlterInPlace(
        Action.ALTER, tuple(statements), "only its options change" if not moved else "its tablespace changes"
    )


def _same_query(case: ObjectDiff, facts: ViewFacts) -> bool:
    if case.change is ChangeKind.ADOPTED:
        return is_equal(case)
    if case.change is ChangeKind.DRIFTED:
        return case.only_options_differ
    if case.previous is None:
        return False
    before = case.previous.facts
    return (
        isinstance(before, ViewFacts)
        and before.columns == facts.columns
        and same_but_formatting(before.query, facts.query)
    )


RULES = Rules(frozenset({Kind.MATERIALIZED_VIEW}), choose_strategy)
