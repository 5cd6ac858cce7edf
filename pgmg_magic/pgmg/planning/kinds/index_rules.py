"""Indexes and extended statistics: kept while the definition is the same, else built again.

An index whose options alone change keeps its rows; options that only somebody set by hand stay (rule 3.6).
"""

from __future__ import annotations

from pgmg.model.database.option_values import holds
from pgmg.model.naming.names import Kind
from pgmg.model.plans.plan import Action, ChangeKind
from pgmg.model.sources.facts import IndexFacts, stated_options
from pgmg.planning.kinds.rules import NO_CHANGE, AlterInPlace, ObjectDiff, RecreateObject, Rules, Strategy
from pgmg.planning.kinds.view_rules import changed_storage, live_options, reset_option, set_option, set_tablespace
from pgmg.source.grammar.rewriting import same_but_formatting, same_definition, without_options


def choose_strategy(case: ObjectDiff) -> Strategy:
    """Compare with what was applied, then with the catalog's own definition, which spells every schema and cast."""
    is_edited = case.change not in (ChangeKind.ADOPTED, ChangeKind.DRIFTED) and case.previous is not None
    if is_edited and case.previous is not None and same_but_formatting(case.previous.sql, case.source.sql):
        return NO_CHANGE
    shown = case.definition.text if case.definition else ""
    if shown and same_definition(shown, case.source.sql):
        return NO_CHANGE
    if shown and isinstance(case.source.facts, IndexFacts):
        old, new = (without_options(sql, without_storage=True) for sql in (shown, case.source.sql))
        moved = changed_storage(case)
        if not all(moved.values()):
            return RecreateObject("its tablespace changes")
        spaces = (set_tablespace(case.name, space) for space in moved.values() if space is not None)
        statements = (*_options(case), *spaces)
        # the options of a partitioned index are those of indexes to come: the server does not change them
        if same_definition(old, new) and not (statements and case.facts.get("partitioned")):
            return AlterInPlace(
                Action.ALTER, statements, "its tablespace changes" if moved else "only its options change"
            )
    return RecreateObject("its definition changes")


def _options(case: ObjectDiff) -> tuple[str, ...]:
    live, wanted = live_options(case), stated_options(case.source.facts)
    before = stated_options(case.previous.facts) if case.previous is not None else {}
    changed = [
        set_option(case.name, name, value) for name, value in sorted(wanted.items()) if not holds(live, name, value)
    ]
    return (
        *changed,
        *(reset_option(case.name, name) for name in sorted(before) if name not in wanted and name in live),
    )


RULES = Rules(frozenset({Kind.INDEX, Kind.STATISTICS}), choose_strategy)
