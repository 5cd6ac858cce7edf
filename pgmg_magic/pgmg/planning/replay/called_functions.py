"""Says which functions may do more than read and write rows, when a migration runs them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.model.naming.names import ROUTINES, Kind
from pgmg.model.sources.facts import RoutineFacts
from pgmg.model.sources.source import Effect
from pgmg.source import parse_recorded
from pgmg.source.migrations.statement_scopes import may_change_schema

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pgmg.model.database.snapshot import Snapshot
    from pgmg.model.naming.names import ObjectName
    from pgmg.model.sources.source import Statement
    from pgmg.planning.replay.object_operations import Operation
    from pgmg.planning.resolve.declared import Declared


class CalledFunctions:
    """Functions by name: as the code folder declares them, as migrations create them, as the database has them.

    The body of one that only the database has is not known here: it may do anything.
    """

    def __init__(self, snapshot: Snapshot, declared: Mapping[ObjectName, Declared]) -> None:
        self._live = snapshot.objects
        self._declared = declared
        self._known: dict[ObjectName, bool] = {}

    def note(self, statement: Statement, operations: Iterable[Operation]) -> None:
        """Take note of the functions that a statement creates."""
        for operation in operations:
            if operation.name.kind in ROUTINES and operation.effect in (Effect.CREATE, Effect.REPLACE):
                sources = parse_recorded(statement.sql)
                facts = sources[0].facts if sources else None
                self._known[operation.name] = not isinstance(facts, RoutineFacts) or _may(facts)

    def may_change_schema(self, name: ObjectName) -> bool:
        """Say whether a function may do more than read and write rows."""
        if name.kind not in ROUTINES or name.kind is Kind.AGGREGATE:
            return False
        known = self._known.get(name)
        if known is None:
            known = self._known[name] = self._look(name, set())
        return known

    def _look(self, name: ObjectName, seen: set[ObjectName]) -> bool:
        seen.add(name)
        declared = self._declared.get(name)
        if declared is None:
            live = self._live.get(name)
            return live is None or live.extension is None
        facts = declared.source.facts
        if not isinstance(facts, RoutineFacts) or _may(facts):
            return True
        called = [use.object for use in declared.uses if use.object.kind in ROUTINES and use.object not in seen]
        return any(self._look(other, seen) for other in called if other.kind is not Kind.AGGREGATE)


def _may(facts: RoutineFacts) -> bool:
    return not facts.atomic and may_change_schema(facts.language, facts.body)
