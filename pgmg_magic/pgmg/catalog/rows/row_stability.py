"""Says of a difference of rows that a part of it may come from functions that return another value each time."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pgmg.catalog.reading.catalog_queries import Row, query
from pgmg.model.sources.source import Notice

if TYPE_CHECKING:
    import psycopg

    from pgmg.model.results.row_questions import RowDifference, RowQuestion

_WORDS = frozenset({"current_date", "current_time", "current_timestamp", "localtime", "localtimestamp", "tablesample"})
"""Called without parentheses; the catalog has no functions of these names."""


def with_stability(conn: psycopg.Connection[Row], question: RowQuestion, found: RowDifference) -> RowDifference:
    """Return a difference with a note on the functions that its views call and that change from call to call."""
    calls = question.calls
    if not (found.added or found.removed or found.changed) or not (calls.functions or calls.views):
        return found
    asked = [list(calls.functions), [view[0] for view in calls.views], [view[1] for view in calls.views]]
    rows = conn.execute(query("changing_functions"), asked).fetchall()
    changing = sorted({*(name for (name,) in rows), *(_WORDS & set(calls.functions))})
    if not changing:
        return found
    named = ", ".join(name.upper() if name in _WORDS else f"{name}()" for name in changing)
    give = "gives" if len(changing) == 1 else "give"
    said = f"{named} {give} other values each time: the rows after apply may be others, and a part of what differs may"
    return replace(found, notes=(*found.notes, Notice("volatile", f"{said} come from that alone.")))
