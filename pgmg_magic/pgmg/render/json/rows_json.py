"""Differences of rows as plain data for `--format json`; values are texts, as the server writes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pgmg.render import sanitize

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pgmg.model.results.row_questions import RowDifference


def rows_document(found: Sequence[RowDifference]) -> dict[str, Any]:
    """Return what `pgmg diff --rows --format json` prints."""
    return {"rows": [_difference(one) for one in found]}


def _difference(one: RowDifference) -> dict[str, Any]:
    samples = one.samples
    return {
        "object": str(one.object),
        "change": one.change.value if one.change is not None else None,
        "before": one.before,
        "after": one.after,
        "added": one.added,
        "removed": one.removed,
        "changed": one.changed,
        "key": list(one.key),
        "one_in": one.one_in,
        "columns": [
            {
                "name": column.name,
                "before": column.before,
                "after": column.after,
                "differing": column.differing,
                "as_text": column.as_text,
            }
            for column in one.columns
        ],
        "samples": {
            "added": {"columns": list(samples.columns_after), "rows": [list(row) for row in samples.added]},
            "removed": {"columns": list(samples.columns_before), "rows": [list(row) for row in samples.removed]},
            "changed": {
                "columns": list(samples.common),
                "rows": [{"before": list(row.before), "after": list(row.after)} for row in samples.changed],
            },
        },
        "inlined": [str(name) for name in one.inlined],
        "notes": [
            {"code": note.code, "message": sanitize.mask_secrets(note.message), "where": note.where}
            for note in one.notes
        ],
        "duration_ms": round(one.duration_ms, 3),
    }
