"""Guards against a code folder that is not all there (rule 3.7)."""

from __future__ import annotations

from pgmg.errors import RefusedChange
from pgmg.model.plan import Plan


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
