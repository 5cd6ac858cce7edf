"""The rows of a query, and the server's plan for one, as plain data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgmg.model.results.row_questions import CellTexts


@dataclass(frozen=True, slots=True)
class QueryResult:
    """The rows of a query.

    `rows` hold Python values as psycopg loads them; a value that Python cannot represent, such as the date
    `infinity`, makes them texts instead. `texts` are the same values as the server prints them, None for NULL. `types`
    are the columns' types as SQL. `more` says that the limit cut rows off.
    """

    columns: tuple[str, ...]
    types: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...] = field(repr=False, default=())
    texts: tuple[CellTexts, ...] = field(repr=False, default=())
    more: bool = False
    duration_ms: float = 0.0

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return iter(self.rows)

    def to_frame(self) -> Any:
        """Return the rows as a DataFrame, of pandas or else of polars.

        Raises:
            UsageError: neither is installed.
        """
        from pgmg.model.results.frame import frame_of

        return frame_of(self.columns, self.rows)


@dataclass(frozen=True, slots=True)
class PlanNode:
    """One node of a query plan.

    `rows` is the estimated number of rows per execution. After `EXPLAIN ANALYZE`, `actual_rows` are those of all
    `executions`, and `duration_ms` is the node's own time in all of them, without its children.
    """

    title: str
    details: tuple[tuple[str, str], ...] = ()
    rows: float = 0.0
    cost: float = 0.0
    actual_rows: float | None = None
    duration_ms: float | None = None
    executions: int = 0
    children: tuple[PlanNode, ...] = ()


@dataclass(frozen=True, slots=True)
class QueryPlan:
    """The plan of a query (PostgreSQL manual, 14.1). Times in milliseconds, None unless it was executed."""

    root: PlanNode
    planning_ms: float | None = None
    execution_ms: float | None = None
