"""Prints lines in colour on a terminal; the console decides whether it has colours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.style import Style
from rich.text import Text

from pgmg.render.text.spans import Line, Role

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import Console

    from pgmg.model.plans.plan import Change, Plan
    from pgmg.model.plans.rehearsal import Rehearsal
    from pgmg.model.results.events import ApplyResult
    from pgmg.model.results.graph_data import Graph
    from pgmg.model.results.row_questions import RowDifference
    from pgmg.model.results.status_report import Status


def show_plan(console: Console, plan: Plan, verbose: int = 0) -> None:
    """Print a plan."""
    from pgmg.render.text.plans.plan_lines import plan_lines

    show(console, plan_lines(plan, verbose))


def show_result(console: Console, result: ApplyResult, verbose: int = 0) -> None:
    """Print the result of an apply."""
    from pgmg.render.text.results.result_lines import result_lines

    show(console, result_lines(result, verbose))


def show_status(console: Console, status: Status, verbose: int = 0) -> None:
    """Print a status."""
    from pgmg.render.text.results.status_lines import status_lines

    show(console, status_lines(status, verbose))


def show_diff(console: Console, changes: Sequence[Change]) -> None:
    """Print differences."""
    from pgmg.render.text.plans.diff_lines import diff_lines

    show(console, diff_lines(changes))


def show_rehearsal(console: Console, rehearsal: Rehearsal) -> None:
    """Print a rehearsal."""
    from pgmg.render.text.plans.rehearsal_lines import rehearsal_lines

    show(console, rehearsal_lines(rehearsal))


def show_rows(console: Console, found: Sequence[RowDifference]) -> None:
    """Print the row differences of views."""
    from pgmg.render.text.results.row_lines import rows_lines

    show(console, rows_lines(found))


def show_graph(console: Console, graph: Graph) -> None:
    """Print a graph as a tree."""
    from pgmg.render.graph.tree import tree_lines

    show(console, tree_lines(graph))


def show(console: Console, lines: Iterable[Line]) -> None:
    """Print lines unchanged: no wrapping, cropping, markup or highlighting."""
    for line in lines:
        console.print(styled(line), soft_wrap=True, markup=False, highlight=False, emoji=False)


def styled(line: Line) -> Text:
    """Return a line as rich text."""
    text = Text()
    for span in line:
        text.append(span.text, _style(span.role))
    return text


def _style(role: Role) -> Style:
    return Style.parse(_STYLES[role])


_STYLES = {
    Role.PLAIN: "none",
    Role.HEADING: "bold",
    Role.MUTED: "dim",
    Role.CREATED: "green",
    Role.CHANGED: "yellow",
    Role.DROPPED: "red",
    Role.MIGRATION: "bold magenta",
    Role.RESTORED: "cyan",
    Role.WARNING: "yellow",
    Role.SQL: "blue",
    Role.ADDED: "green",
    Role.REMOVED: "red",
    Role.HUNK: "cyan",
}
"""Only the terminal's own sixteen colours, so that its theme keeps them legible."""
