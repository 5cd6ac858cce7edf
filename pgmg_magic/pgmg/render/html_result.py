"""What an apply did, as HTML: that all is well, what was recorded, every deed with how long it took."""

from __future__ import annotations

from pgmg.model.events import ApplyResult
from pgmg.render import markup, words
from pgmg.render.html_lines import lines_html
from pgmg.render.lines.result import APPLIED, deeds, result_lines


def result_html(result: ApplyResult) -> str:
    """Return a result; of a rehearsal, and where there was nothing to do, what the command line says."""
    if not result.applied:
        return lines_html(result_lines(result, 1), "Result")
    return markup.fill(
        "result.html.j2",
        style=markup.asset("notebook.css"),
        headline=APPLIED,
        took=words.duration(result.duration_ms),
        recorded="; ".join(_recorded(result)),
        notices=[notice.message for notice in result.plan.warnings],
        learned=[words.edge(edge) for edge in result.discovered],
        count=words.count(len(result.steps), "step"),
        deeds=[(deed.mark, deed.role.value, deed.text, _took(deed.duration_ms)) for deed in deeds(result)],
    )


def _took(milliseconds: float) -> str:
    return "< 1 ms" if milliseconds < 1 else words.duration(milliseconds)


def _recorded(result: ApplyResult) -> list[str]:
    found = [f"recorded migration {name}" for name in result.migrations_recorded]
    if result.objects_updated:
        found.append(f"updated {words.count(result.objects_updated, 'object hash')}")
    return found
