"""The rows of a query as a table that sorts, filters and pages, and a query plan as a tree."""

from __future__ import annotations

import json
from datetime import date, time, timedelta
from typing import TYPE_CHECKING, Any

from pgmg.render import sanitize
from pgmg.render.html import markup
from pgmg.render.html.rows_html import table
from pgmg.render.labels import duration
from pgmg.render.text.results.query_lines import Share, plan_times, rows_counted, shares

if TYPE_CHECKING:
    from pgmg.model.results.query_result import PlanNode, QueryPlan, QueryResult

PAGE = 20
"""Rows per page; the first page is plain HTML, which needs no script."""
_MOST, _LONGEST = 1000, 500
"""Rows of a table, and characters of a value, that an output has at most."""
_ORDERED = (date, time, timedelta)
"""Types whose texts sort differently from their values; `datetime` is a `date`."""
_WIDE_SHARE = 0.2
"""A node with at least this share of the whole is marked."""


def query_html(result: QueryResult) -> str:
    """Return the rows of a query; those after the first page are packed for the script."""
    rows = [[_cut(text) for text in row] for row in result.texts[:_MOST]]
    return markup.fill(
        "query.html.j2",
        counted=rows_counted(result),
        duration=duration(result.duration_ms),
        table=table("", result.columns, rows[:PAGE], result.types) if result.columns else None,
        page=PAGE,
        rest=f"; the first {_MOST:,} are in this table" if len(result) > _MOST else "",
        packed=markup.packed(json.dumps(_data(result, rows), ensure_ascii=False, separators=(",", ":"))),
        is_long=len(rows) > PAGE,
        script=markup.asset("query.js") if len(result) > 1 else "",
    )


def query_plan_html(plan: QueryPlan) -> str:
    """Return a query plan as a tree of nodes, each with its share of the time, or of the cost."""
    return markup.fill("query_plan.html.j2", root=_node(plan.root, shares(plan)), about=plan_times(plan))


def _data(result: QueryResult, rows: list[list[str | None]]) -> dict[str, Any]:
    """Return what the script needs: the rows, and the ranks of values whose texts do not sort."""
    columns = range(len(result.columns))
    ranks = {n: found for n in columns if (found := _ranks([row[n] for row in result.rows[:_MOST]]))}
    return {"rows": rows, "ranks": ranks}


def _cut(text: str | None) -> str | None:
    if text is None:
        return None
    shown = sanitize.sanitize_block(text)
    return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}…"


def _ranks(values: list[Any]) -> list[int | None] | None:
    known = {value for value in values if isinstance(value, _ORDERED)}
    if not known or any(value is not None and not isinstance(value, _ORDERED) for value in values):
        return None
    try:
        position = {value: n for n, value in enumerate(sorted(known))}
    except TypeError:  # times with and without a zone
        return None
    return [None if value is None else position[value] for value in values]


def _node(node: PlanNode, found: dict[int, Share]) -> dict[str, Any]:
    share = found[id(node)]
    return {
        "title": node.title,
        "share": share.text,
        "percent": round(share.part * 100),
        "is_wide": share.part >= _WIDE_SHARE,
        "rows": share.rows,
        "estimate": share.estimate,
        "details": node.details,
        "children": [_node(child, found) for child in node.children],
    }
