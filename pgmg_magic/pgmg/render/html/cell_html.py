"""The outcome of a `%%pgmg_sql` cell as HTML."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.render.html import markup
from pgmg.render.html.rows_html import preview_part
from pgmg.render.text.results.cell_lines import column_lines, file_rows, written

if TYPE_CHECKING:
    from pgmg.model.results.cell_result import CellResult


def cell_html(cell: CellResult) -> str:
    """Return the file with its difference, the changed columns, and the first rows."""
    kinds = {"+": "added", "-": "removed", "@": "hunk"}
    return markup.fill(
        "cell.html.j2",
        path=cell.path,
        written=written(cell),
        rows=[(kinds.get(row[:1], "same"), row) for row in file_rows(cell)],
        notes=cell.notes,
        why_not=cell.why_not,
        columns=[
            {
                "object": str(changed.object),
                "is_new": changed.is_new,
                "columns": [(f"{mark} {text}", role.value) for mark, text, role in column_lines(changed)],
            }
            for changed in cell.columns
        ],
        unchanged=cell.result is not None and not cell.columns,
        dependents=[str(name) for name in cell.dependents],
        previews=[preview_part(preview) for preview in cell.previews],
    )
