"""Lines of spans as HTML: the words of the command line, in the colours of a notebook."""

from __future__ import annotations

from collections.abc import Iterable

from pgmg.model.events import ApplyResult
from pgmg.model.status import Status
from pgmg.render import markup
from pgmg.render.spans import Line


def lines_html(lines: Iterable[Line], label: str) -> str:
    """Return lines as one block; `label` is what screen readers call it."""
    rows = [[(span.text, span.role.value) for span in line] for line in lines]
    return markup.fill("lines.html.j2", rows=rows, label=label, style=markup.asset("notebook.css"))


def status_html(status: Status) -> str:
    """Return a status."""
    from pgmg.render.lines.status import status_lines

    return lines_html(status_lines(status), "Status")


def result_html(result: ApplyResult) -> str:
    """Return what an apply did, with how long each step took."""
    from pgmg.render.lines.result import result_lines

    return lines_html(result_lines(result, 1), "Result")
