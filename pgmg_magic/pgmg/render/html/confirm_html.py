"""The confirmation question: the objects that a plan deletes and the tables that it rewrites."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.render.html import markup
from pgmg.render.html.impact import deletions, rewrites

if TYPE_CHECKING:
    from pgmg.model.plan import Plan


def confirm_html(plan: Plan) -> str | None:
    """Return the question to ask before applying; None if the plan deletes and rewrites nothing."""
    deleted, rewritten = deletions(plan), rewrites(plan)
    if not deleted and not rewritten:
        return None
    return markup.fill("confirm.html.j2", style=markup.asset("notebook.css"), deletions=deleted, rewrites=rewritten)
