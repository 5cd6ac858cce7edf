"""Lines of spans as HTML."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.render.html import markup

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pgmg.render.text.spans import Line, Role


def lines_html(lines: Iterable[Line], label: str, tone: Role | None = None) -> str:
    """Return lines as one block; `label` is its accessible name.

    With a `tone` it is a callout that screen readers announce.
    """
    rows = [[(span.text, span.role.value) for span in line] for line in lines]
    chosen = "" if tone is None else tone.value
    return markup.fill("lines.html.j2", rows=rows, label=label, tone=chosen)
