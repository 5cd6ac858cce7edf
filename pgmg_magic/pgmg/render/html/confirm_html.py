"""The second question: what a plan would delete or rewrite, all of it listed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.render.html import markup
from pgmg.render.html.impact import deletions, rewrites

if TYPE_CHECKING:
    from pgmg.model.plan import Plan


def confirm_html(plan: Plan) -> str | None:
    """Return what to ask before applying, None where the plan deletes and rewrites nothing."""
    gone, rewritten = deletions(plan), rewrites(plan)
    if not gone and not rewritten:
        return None
    return markup.fill("confirm.html.j2", style=markup.asset("notebook.css"), deletions=gone, rewrites=rewritten)
