"""The effect of a change on the rows of views, and the first rows of one, as HTML."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pgmg.render import labels
from pgmg.render.html import markup
from pgmg.render.text.grid import is_number, shown
from pgmg.render.text.results.row_lines import NOTHING, changed_columns, column_table, counted, extent, manner, numbers
from pgmg.render.text.spans import Role

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pgmg.model.results.row_questions import Preview, RowDifference, Value

_FEW = 3
"""Up to so many views are unfolded."""


def rows_html(found: Sequence[RowDifference]) -> str:
    """Return the differences of rows, each view folded where there are many."""
    return markup.fill(
        "data.html.j2",
        label="Rows",
        nothing="" if found else NOTHING,
        parts=[_part(one) for one in found],
        unfolded=len(found) <= _FEW,
    )


def preview_part(preview: Preview) -> dict[str, Any]:
    """Return what the template needs of a preview."""
    return {
        "object": str(preview.object),
        "about": extent(preview),
        "tables": [table("", preview.columns, preview.rows, preview.types)] if preview.columns else [],
        "lines": (),
        "notes": (),
        "badges": (),
    }


def table(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[Value]], types: Sequence[str] = ()
) -> dict[str, Any]:
    """Return a table of values."""
    right = [is_number(row[n] for row in rows) for n in range(len(columns))]
    heads = [(name, types[n] if types else "", right[n]) for n, name in enumerate(columns)]
    return {
        "title": title,
        "heads": heads,
        "rows": [[_cell(value, right=right[n]) for n, value in enumerate(row)] for row in rows],
    }


def _cell(value: Value, *, right: bool = False) -> dict[str, Any]:
    text, role = shown(value)
    return {"before": None, "text": text, "role": "null" if value is None else role.value, "right": right}


def _part(one: RowDifference) -> dict[str, Any]:
    samples = one.samples
    tables = [_columns(one)] if one.columns else []
    for title, columns, rows, total in (
        ("Added", samples.columns_after, samples.added, one.added),
        ("Removed", samples.columns_before, samples.removed, one.removed),
    ):
        if rows:
            tables.append(table(f"{title}, {len(rows):,} of {total:,}", columns, rows))
    if samples.changed:
        tables.append(_changed(one))
    badges = [(text, role.value) for text, role in numbers(one)]
    if not badges and one.before is not None and one.after is not None:
        badges = [("no row differs", Role.RESTORED.value)]
    if one.change is not None:
        said = labels.change(one.change)
        badges.insert(0, (said.word, said.role.value))
    return {
        "object": str(one.object),
        "about": counted(one),
        "badges": badges,
        "lines": list(manner(one)),
        "notes": [note.message for note in one.notes],
        "tables": tables,
    }


def _columns(one: RowDifference) -> dict[str, Any]:
    heads, rows = column_table(one)
    cells = [[{"before": None, "text": text, "role": role.value, "right": False} for text, role in row] for row in rows]
    return {"title": "", "heads": [(head, "", False) for head in heads], "rows": cells}


def _changed(one: RowDifference) -> dict[str, Any]:
    samples = one.samples
    shown_ = changed_columns(one)
    rows = []
    for row in samples.changed:
        cells = []
        for n in shown_:
            cell = _cell(row.after[n])
            if row.before[n] != row.after[n]:
                old, role = shown(row.before[n])
                cell["before"] = (old, "null" if row.before[n] is None else role.value)
            cells.append(cell)
        rows.append(cells)
    title = f"Changed, {len(samples.changed):,} of {one.changed or 0:,}"
    return {"title": title, "heads": [(samples.common[n], "", False) for n in shown_], "rows": rows}
