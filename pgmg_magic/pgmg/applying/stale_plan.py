"""Compares the plan that was shown with the one that would run now (rule 9.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.errors import StalePlanError

if TYPE_CHECKING:
    from pgmg.model.plan import Plan

_SAID = {
    "sources": "the files have changed",
    "state": "something was applied",
    "catalog": "the database has changed",
    "options": "the options differ",
    "steps": "other steps are needed",
}


def check_same(shown: Plan, now: Plan, *, learned: bool) -> None:
    """Refuse to run another plan than the one that was shown; what the server taught may change its steps alone.

    Raises:
        StalePlanError: the message says what changed.
    """
    before = dict(shown.basis)
    changed = [part for part, digest in now.basis if before.get(part) != digest and not (learned and part == "steps")]
    if changed or (not learned and shown.fingerprint != now.fingerprint):
        said = " and ".join(_SAID[part] for part in changed[:2]) or "something has changed"
        raise StalePlanError(f"This plan is stale: {said} since it was made.", hint="Plan again and look.")
