"""The outcome of a `%%pgmg_sql` cell as text: file, changed columns, first rows."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from pgmg.render import labels, sanitize
from pgmg.render.text.results.row_lines import preview_lines
from pgmg.render.text.spans import Line, Role, Span, sections, span_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgmg.model.results.cell_result import CellResult, ColumnsChanged


def cell_lines(cell: CellResult) -> Iterator[Line]:
    """Return the outcome of a cell as lines."""
    return sections(_file(cell), _database(cell), *(preview_lines(preview) for preview in cell.previews))


def written(cell: CellResult) -> str:
    """Return what happened to the file: new, replaced, restored or unchanged."""
    if not cell.written:
        return "unchanged"
    if cell.restored:
        return "restored" if cell.previous is not None else "not kept"
    if cell.previous is not None:
        added, removed = _counted(cell)
        return f"replaced: {labels.count(added, 'line')} added, {removed:,} removed"
    return "a new file, name chosen by pgmg" if cell.proposed else "a new file"


def file_rows(cell: CellResult) -> list[str]:
    """Return the unified difference to the file's previous text; [] if it had none or did not change."""
    if cell.previous is None or not cell.written or cell.restored:
        return []
    before, after = (sanitize.sanitize_block(text).rstrip("\n").split("\n") for text in (cell.previous, cell.text))
    return list(difflib.unified_diff(before, after, lineterm=""))[2:]


def column_lines(changed: ColumnsChanged) -> Iterator[tuple[str, str, Role]]:
    """Return each added, removed or retyped column: mark, text, colour."""
    for column in changed.columns:
        if column.before is None:
            yield "+", f"{column.name} {column.after}", Role.CREATED
        elif column.after is None:
            yield "-", f"{column.name} {column.before}", Role.DROPPED
        else:
            yield "~", f"{column.name} {column.before} → {column.after}", Role.CHANGED


def _counted(cell: CellResult) -> tuple[int, int]:
    rows = file_rows(cell)
    return sum(row.startswith("+") for row in rows), sum(row.startswith("-") for row in rows)


def _file(cell: CellResult) -> Iterator[Line]:
    yield span_line(Span(cell.path, Role.HEADING), f" ({written(cell)})")
    for row in file_rows(cell):
        role = {"+": Role.ADDED, "-": Role.REMOVED, "@": Role.HUNK}.get(row[:1], Role.SQL)
        yield span_line("  ", Span(row, role))
    for note in cell.notes:
        yield span_line("  ", Span(f"note: {note}", Role.WARNING))


def _database(cell: CellResult) -> Iterator[Line]:
    if cell.why_not is not None:
        yield span_line(Span(cell.why_not, Role.WARNING))
    for changed in cell.columns:
        new = " is new, with the columns" if changed.is_new else ""
        yield span_line(Span(str(changed.object), Role.HEADING), f"{new}:")
        for mark, text, role in column_lines(changed):
            yield span_line("  ", Span(f"{mark} {text}", role))
    if cell.result is not None and not cell.columns:
        yield span_line("No column has changed.")
    if cell.dependents:
        yield span_line("Also changed: ", ", ".join(map(str, cell.dependents)))
