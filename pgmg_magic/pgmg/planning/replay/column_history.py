"""The effects of pending statements on the columns of tables and views."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from pgmg.planning.replay.changing_values import ChangingValues

if TYPE_CHECKING:
    from pgmg.planning.replay.schema_state import ObjectId


class ColumnHistory:
    """Columns by the names that the catalog has for them, and by those that they have now.

    `dropped` and `retyped` are columns of the catalog, by object and name, with the statements that do it.
    """

    def __init__(self) -> None:
        self._current: dict[ObjectId, dict[str, str | None]] = {}
        self._renamed: ChangingValues[tuple[ObjectId, str], str] = ChangingValues()
        self.dropped: dict[tuple[ObjectId, str], int] = {}
        self.retyped: dict[tuple[ObjectId, str], list[int]] = defaultdict(list)

    def original(self, id_: ObjectId, column: str) -> str | None:
        """Return what the catalog calls a column that is called so now; None for one that a statement added."""
        return self._current.get(id_, {}).get(column, column)

    def add(self, id_: ObjectId, column: str) -> None:
        """Let a statement add a column."""
        self._current.setdefault(id_, {})[column] = None

    def rename(self, id_: ObjectId, old: str, new: str, statement: int) -> None:
        """Let a statement rename a column."""
        original = self.original(id_, old)
        known = self._current.setdefault(id_, {})
        known.pop(old, None)
        known[new] = original
        if original is not None:
            self._renamed.set((id_, original), statement + 1, new)

    def drop(self, id_: ObjectId, column: str, statement: int) -> None:
        """Let a statement drop a column."""
        original = self.original(id_, column)
        self._current.setdefault(id_, {}).pop(column, None)
        if original is not None:
            self.dropped.setdefault((id_, original), statement)

    def retype(self, id_: ObjectId, column: str, statement: int) -> None:
        """Let a statement give a column another type."""
        original = self.original(id_, column)
        if original is not None:
            self.retyped[id_, original].append(statement)

    def is_reused(self, id_: ObjectId, column: str) -> bool:
        """Say whether the name of a column of the catalog belongs to another column in the end."""
        return self._current.get(id_, {}).get(column, column) != column

    def name_at(self, id_: ObjectId, original: str, point: int) -> str | None:
        """Return what a column of the catalog is called at a point; None where it has been dropped or retyped."""
        key = (id_, original)
        if self.dropped.get(key, point) < point or any(n < point for n in self.retyped.get(key, ())):
            return None
        return self._renamed.get(key, point, original)
