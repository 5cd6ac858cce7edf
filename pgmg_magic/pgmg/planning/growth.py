"""Finds what reads by `*` a view that gets more columns in place: left alone, it would go on showing the old ones."""

from __future__ import annotations

from collections.abc import Mapping

from pgmg.model.names import ROUTINES, Kind, ObjectName
from pgmg.model.plan import ChangeKind
from pgmg.model.snapshot import Answers
from pgmg.planning.changes import Difference
from pgmg.planning.kinds.base import InPlace, Verdict
from pgmg.planning.survey import Survey

_READERS = ROUTINES | {Kind.VIEW, Kind.MATERIALIZED_VIEW}


def read_anew(
    survey: Survey,
    verdicts: Mapping[ObjectName, Verdict],
    differences: Mapping[ObjectName, Difference],
    answers: Answers,
) -> tuple[ObjectName, ...]:
    """Return live objects of unchanged source that have to be made or replaced from it, as what they read has grown."""
    grown = {name for name, verdict in verdicts.items() if isinstance(verdict, InPlace) and _grows(name, answers)}
    found: dict[ObjectName, None] = {}
    size = 0
    while len(grown) != size:
        size = len(grown)
        for name, declared in survey.declared.items():
            if name in grown or name.kind not in _READERS or name not in survey.snapshot.objects:
                continue
            if not any(use.star and use.object in grown for use in declared.uses):
                continue
            if name in verdicts:
                grown.add(name)  # replaced anyway
            elif differences[name].change in (None, ChangeKind.FORMATTING):
                grown.add(name)
                found[name] = None
    return tuple(found)


def _grows(name: ObjectName, answers: Answers) -> bool:
    shape, live = answers.shapes.get(name), answers.facts.get(name)
    return (
        shape is not None
        and live is not None
        and shape.error is None
        and len(shape.columns) > len(live.values.get("columns", ()))
    )
