"""The result of an apply as HTML: outcome, records, every step with its duration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.render import labels
from pgmg.render.html import markup
from pgmg.render.html.lines_html import lines_html
from pgmg.render.text.results.result_lines import APPLIED, done_steps, result_lines

if TYPE_CHECKING:
    from pgmg.model.results.events import ApplyResult


def result_html(result: ApplyResult) -> str:
    """Return a result as HTML; a dry run or an empty plan as the command line's text."""
    if not result.applied:
        return lines_html(result_lines(result, 1), "Result")
    return markup.fill(
        "result.html.j2",
        headline=APPLIED,
        took=labels.duration(result.duration_ms),
        recorded="; ".join(_recorded(result)),
        notices=[notice.message for notice in result.plan.warnings],
        learned=[labels.edge(edge) for edge in result.discovered],
        count=labels.count(len(result.steps), "step"),
        done_steps=[
            (done.mark, done.role.value, done.text, labels.duration(done.duration_ms)) for done in done_steps(result)
        ],
    )


def _recorded(result: ApplyResult) -> list[str]:
    found = [f"recorded migration {name}" for name in result.migrations_recorded]
    if result.objects_updated:
        found.append(f"recorded {labels.count(result.objects_updated, 'object')}")
    return found
