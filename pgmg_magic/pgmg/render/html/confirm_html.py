"""The confirmation question: the objects that a plan deletes and the tables that it rewrites."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.render.html import markup
from pgmg.render.impact import deletions, rewrites

if TYPE_CHECKING:
    from pgmg.model.plans.plan import Plan


def confirm_html(plan: Plan) -> str | None:
    """Return the question to ask before applying; None if nothing is deleted or rewritten and no consent is needed."""
    deleted, rewritten = deletions(plan), rewrites(plan)
    doubts = [notice.message for notice in plan.needs_consent]
    if not deleted and not rewritten and not doubts:
        return None
    return markup.fill("confirm.html.j2", deletions=deleted, rewrites=rewritten, doubts=doubts)
