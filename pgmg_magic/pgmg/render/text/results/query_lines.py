"""The rows of a query as a text table, and a query plan as a tree of lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pgmg.render import labels
from pgmg.render.text.grid import grid, values
from pgmg.render.text.spans import Line, Role, Span, span_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgmg.model.results.query_result import PlanNode, QueryPlan, QueryResult

_SHOWN = 20
"""Rows of a text table."""
_SHORT = 10.0
"""Milliseconds below which hundredths are shown."""
_FACTOR = 10
"""An estimate that is wrong by this factor is reported."""


@dataclass(frozen=True, slots=True)
class Share:
    """A node's part (0 to 1) of the whole time or cost, and texts: part, number of rows, wrong estimate."""

    part: float
    text: str
    rows: str
    estimate: str


def query_lines(result: QueryResult) -> Iterator[Line]:
    """Show the first rows of a query."""
    if result.columns:
        yield from grid(result.columns, values(result.texts[:_SHOWN]), "")
    rest = f"; the first {_SHOWN} are shown" if len(result) > _SHOWN else ""
    yield span_line(Span(f"({rows_counted(result)}{rest})", Role.MUTED))


def rows_counted(result: QueryResult) -> str:
    """Return the number of rows: `12 rows`, `the first 1,000 rows`."""
    if result.more:
        return f"the first {labels.count(len(result), 'row')}" if len(result) > 1 else "the first row"
    return labels.count(len(result), "row")


def query_plan_lines(plan: QueryPlan) -> Iterator[Line]:
    """Show a query plan as a tree: nodes with their share of the time or cost, rows, and details."""
    yield from _lines(plan.root, shares(plan), "", "")
    if about := plan_times(plan):
        yield span_line(Span(about, Role.MUTED))


def plan_times(plan: QueryPlan) -> str:
    """Return how long planning and execution took; nothing for what was not measured."""
    told = (("Planning", plan.planning_ms), ("execution", plan.execution_ms))
    return ", ".join(f"{what} {_milliseconds(spent)}" for what, spent in told if spent is not None)


def shares(plan: QueryPlan) -> dict[int, Share]:
    """Return the share of each node, by its identity: of the time if it was executed, else of the estimated cost."""
    nodes = list(_walk(plan.root))
    own = {id(node): _own(node) for node in nodes}
    whole = sum(own.values()) or 1.0
    return {id(node): _share(node, own[id(node)] / whole) for node in nodes}


def _walk(node: PlanNode) -> Iterator[PlanNode]:
    yield node
    for child in node.children:
        yield from _walk(child)


def _own(node: PlanNode) -> float:
    """Return the node's own time, or its own part of the cost, without its children."""
    if node.duration_ms is not None:
        return node.duration_ms
    return max(node.cost - sum(child.cost for child in node.children), 0.0)


def _share(node: PlanNode, part: float) -> Share:
    percent = f"{part:.0%}"
    if node.duration_ms is None or node.actual_rows is None:
        return Share(part, f"{percent} of the cost", f"about {labels.count(round(node.rows), 'row')}", "")
    if not node.executions:
        return Share(0.0, "never executed", "", "")
    rows = labels.count(round(node.actual_rows), "row")
    return Share(part, f"{_milliseconds(node.duration_ms)}, {percent}", rows, _estimate(node))


def _milliseconds(spent: float) -> str:
    return f"{spent:.2f} ms" if spent < _SHORT else labels.duration(spent)


def _estimate(node: PlanNode) -> str:
    """Return how wrong the estimate of rows per execution was; nothing unless it was very wrong."""
    found = max((node.actual_rows or 0) / node.executions, 1.0)
    expected = max(node.rows, 1.0)
    if max(found, expected) < _FACTOR * min(found, expected):
        return ""
    factor = max(found, expected) / min(found, expected)
    return f"estimated {round(node.rows):,}: {factor:,.0f} times too {'few' if found > expected else 'many'}"


def _lines(node: PlanNode, found: dict[int, Share], lead: str, below: str) -> Iterator[Line]:
    share = found[id(node)]
    about = ", ".join(part for part in (share.text, share.rows) if part)
    yield span_line(Span(lead, Role.MUTED), Span(node.title, Role.HEADING), Span(f"  ({about})", Role.MUTED))
    inner = f"{below}{'│ ' if node.children else '  '}"
    if share.estimate:
        yield span_line(Span(inner, Role.MUTED), Span(share.estimate, Role.WARNING))
    for key, value in node.details:
        yield span_line(Span(f"{inner}{key}: ", Role.MUTED), value)
    last = len(node.children) - 1
    for number, child in enumerate(node.children):
        is_last = number == last
        yield from _lines(child, found, f"{below}{'└ ' if is_last else '├ '}", f"{below}{'  ' if is_last else '│ '}")
