"""The outcome of a `%%pgmg_sql` cell: file, plan, changed columns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pgmg.model.naming.names import ObjectName
    from pgmg.model.plans.plan import Plan
    from pgmg.model.results.events import ApplyResult
    from pgmg.model.results.row_questions import ColumnDifference, Preview


@dataclass(frozen=True, slots=True)
class ColumnsChanged:
    """The added, removed and retyped columns of a relation.

    `is_new` is True if the relation did not exist before; then all its columns are listed.
    """

    object: ObjectName
    columns: tuple[ColumnDifference, ...]
    is_new: bool = False


@dataclass(frozen=True, slots=True)
class CellResult:
    """The outcome of a cell.

    `path` is relative to the project. `previous` is the file's previous text (None: a new file); `written` is False if
    the file had the same text; `restored` is True if it was restored because the change was refused. `result` is None
    if nothing was applied; `why_not` is then the reason.
    """

    path: str
    objects: tuple[ObjectName, ...]
    text: str = field(repr=False)
    previous: str | None = field(repr=False, default=None)
    written: bool = True
    restored: bool = False
    proposed: bool = False
    plan: Plan | None = None
    result: ApplyResult | None = None
    why_not: str | None = None
    columns: tuple[ColumnsChanged, ...] = ()
    dependents: tuple[ObjectName, ...] = ()
    previews: tuple[Preview, ...] = ()
    notes: tuple[str, ...] = ()
