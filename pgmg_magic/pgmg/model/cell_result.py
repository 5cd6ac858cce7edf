"""What became of a cell of SQL: the file, the plan, and what changed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pgmg.model.events import ApplyResult
    from pgmg.model.names import ObjectName
    from pgmg.model.plan import Plan
    from pgmg.model.row_questions import ColumnDifference, Preview


@dataclass(frozen=True, slots=True)
class ColumnsChanged:
    """The columns of a relation before and after; only those that are new, gone or of another type.

    `is_new` where the relation was not there before; then all its columns are listed.
    """

    object: ObjectName
    columns: tuple[ColumnDifference, ...]
    is_new: bool = False


@dataclass(frozen=True, slots=True)
class CellResult:
    """What a cell of SQL did.

    `path` is relative to the project. `previous` is what the file held before (None: there was none); `written` is
    False where it held the same already. `result` is None while nothing is applied; `why_not` then says why.
    """

    path: str
    objects: tuple[ObjectName, ...]
    text: str = field(repr=False)
    previous: str | None = field(repr=False, default=None)
    written: bool = True
    proposed: bool = False
    plan: Plan | None = None
    result: ApplyResult | None = None
    why_not: str | None = None
    columns: tuple[ColumnsChanged, ...] = ()
    dependents: tuple[ObjectName, ...] = ()
    previews: tuple[Preview, ...] = ()
    notes: tuple[str, ...] = ()
