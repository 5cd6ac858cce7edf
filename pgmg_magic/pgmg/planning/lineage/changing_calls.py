"""Collects the functions that a view calls, whether itself or through what it reads, by their names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.model.naming.names import ROUTINES, Kind, ObjectName
from pgmg.model.naming.sql_tokens import significant
from pgmg.model.results.row_questions import Calls
from pgmg.model.sources.facts import RoutineFacts
from pgmg.model.sources.source import RefKind

if TYPE_CHECKING:
    from pgmg.model.sources.source import Parts, SourceObject
    from pgmg.planning.lineage.pending_objects import PendingObjects

_FOLLOWED = ROUTINES | {Kind.VIEW, Kind.OPERATOR}
"""Kinds that are computed when they are read; a materialized view holds its rows."""
_TIMES = frozenset({"CURRENT_DATE", "CURRENT_TIME", "CURRENT_TIMESTAMP", "LOCALTIME", "LOCALTIMESTAMP"})
"""Functions that are called without parentheses."""
SAMPLE = "tablesample"
"""Stands for TABLESAMPLE without REPEATABLE, which chooses other rows each time."""


class ChangingCalls:
    """Reads each definition once."""

    def __init__(self, pending: PendingObjects) -> None:
        self._pending = pending
        self._called: dict[ObjectName, frozenset[str]] = {}

    def of(self, name: ObjectName) -> Calls:
        """Return what is called when an object is read, also through what it reads."""
        seen, waiting = {name}, [name]
        found: set[str] = set()
        unread: set[Parts] = set()
        while waiting:
            one = waiting.pop()
            found |= self._calls(one)
            if one.kind is Kind.VIEW and self._pending.source(one) is None:
                unread.add((one.schema or "", one.name))
            for use in self._pending.uses(one):
                if use.object.kind in _FOLLOWED and use.object not in seen:
                    seen.add(use.object)
                    waiting.append(use.object)
        return Calls(tuple(sorted(found)), tuple(sorted(unread)))

    def _calls(self, name: ObjectName) -> frozenset[str]:
        if name not in self._called:
            source = self._pending.source(name)
            self._called[name] = frozenset() if source is None else frozenset(_names(source))
        return self._called[name]


def _names(source: SourceObject) -> set[str]:
    found = {reference.parts[-1] for reference in source.references if reference.kind is RefKind.ROUTINE}
    body = source.facts.body if isinstance(source.facts, RoutineFacts) else None
    for text in (source.sql, body or ""):
        words = {token.word for token in significant(text)}
        found |= {word.lower() for word in words & _TIMES}
        if "TABLESAMPLE" in words and "REPEATABLE" not in words:
            found.add(SAMPLE)
    return found
