"""What a cell of SQL did: the file, what changed in the database, the first rows."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from pgmg.model.cell import CellResult, ColumnsChanged
from pgmg.render import clean, words
from pgmg.render.lines.rows import preview_lines
from pgmg.render.spans import Line, Role, Span, say, sections


def cell_lines(cell: CellResult) -> Iterator[Line]:
    """Say what a cell did."""
    return sections(_file(cell), _database(cell), *(preview_lines(preview) for preview in cell.previews))


def written(cell: CellResult) -> str:
    """Return what became of the file."""
    if not cell.written:
        return "holds this already"
    if cell.previous is not None:
        added, removed = _counted(cell)
        return f"replaced: {words.count(added, 'line')} added, {removed:,} removed"
    return "a new file, its name proposed" if cell.proposed else "a new file"


def file_rows(cell: CellResult) -> list[str]:
    """Return how the file differs from what it held before; [] where nothing was lost."""
    if cell.previous is None or not cell.written:
        return []
    before, after = (clean.block(text).rstrip("\n").split("\n") for text in (cell.previous, cell.text))
    return list(difflib.unified_diff(before, after, lineterm=""))[2:]


def column_lines(changed: ColumnsChanged) -> Iterator[tuple[str, str, Role]]:
    """Return each column that came, went or changed: a mark, the words, the colour."""
    for column in changed.columns:
        if column.before is None:
            yield "+", f"{column.name} {column.after}", Role.MADE
        elif column.after is None:
            yield "-", f"{column.name} {column.before}", Role.GONE
        else:
            yield "~", f"{column.name} {column.before} → {column.after}", Role.CHANGED


def _counted(cell: CellResult) -> tuple[int, int]:
    rows = file_rows(cell)
    return sum(row.startswith("+") for row in rows), sum(row.startswith("-") for row in rows)


def _file(cell: CellResult) -> Iterator[Line]:
    yield say(Span(cell.path, Role.HEADING), f" ({written(cell)})")
    for row in file_rows(cell):
        role = {"+": Role.ADDED, "-": Role.REMOVED, "@": Role.HUNK}.get(row[:1], Role.SQL)
        yield say("  ", Span(row, role))
    for note in cell.notes:
        yield say("  ", Span(f"note: {note}", Role.WARNING))


def _database(cell: CellResult) -> Iterator[Line]:
    if cell.why_not is not None:
        yield say(Span(cell.why_not, Role.WARNING))
    for changed in cell.columns:
        new = " is new, with the columns" if changed.is_new else ""
        yield say(Span(str(changed.object), Role.HEADING), f"{new}:")
        for mark, text, role in column_lines(changed):
            yield say("  ", Span(f"{mark} {text}", role))
    if cell.result is not None and not cell.columns:
        yield say("No column has changed.")
    if cell.dependents:
        yield say("Also touched: ", ", ".join(map(str, cell.dependents)))
