"""Guards against a code folder that is not all there (rule 3.7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.errors import RefusedChange

if TYPE_CHECKING:
    from pgmg.model.plan import Plan

_MANY = 10
"""From so many recorded objects on, deleting more than half needs a second word (rule 3.7)."""


def too_many_deleted(deleted: int, recorded: int) -> str | None:
    """Say what is wrong where most of what is recorded would go; None where it is not (rule 3.7)."""
    if recorded < _MANY or deleted * 2 <= recorded:
        return None
    return f"{deleted} of {recorded} recorded objects are no longer declared and would be dropped."


def check_deletions(plan: Plan) -> None:
    """Raise where most of what is recorded would go (rule 3.7).

    Raises:
        RefusedChange: more than half of ten or more recorded objects would be deleted.
    """
    for notice in plan.warnings:
        if notice.code == "mass-deletion":
            raise RefusedChange(
                notice.message, hint="If that is meant, say --yes. Is code_dir the right folder, and is it complete?"
            )
