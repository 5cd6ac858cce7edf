"""Indexes and extended statistics: kept while the definition is the same, else built again."""

from __future__ import annotations

from pgmg.model.names import Kind
from pgmg.model.plan import ChangeKind
from pgmg.planning.kinds.base import KEEP, Case, Remake, Rules, Verdict
from pgmg.source.text import normal_form


def judge(case: Case) -> Verdict:
    """Compare normal forms: with what was applied, or with the catalog's own definition."""
    if case.change in (ChangeKind.ADOPTED, ChangeKind.DRIFTED) or case.previous is None:
        shown = case.definition.create if case.definition else ()
    else:
        shown = (case.previous.sql,)
    if shown and normal_form(shown[0]) == normal_form(case.source.sql):
        return KEEP
    return Remake("its definition changes")


RULES = Rules(frozenset({Kind.INDEX, Kind.STATISTICS}), judge)
