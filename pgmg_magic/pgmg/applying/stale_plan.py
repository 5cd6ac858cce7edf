"""Compares the plan that was shown with the one that would run now (rule 9.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.errors import StalePlanError
from pgmg.model.plans.plan_inputs import changes_between

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pgmg.model.plans.plan import Plan
    from pgmg.model.plans.plan_inputs import Entries

_SAID = {
    "sources": "the files have changed",
    "pending": "the pending migrations have changed",
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
        said = reason(shown.inputs.entries(), before, now)
        raise StalePlanError(f"This plan is stale: {said}", hint="Plan again and look.")


def reason(entries: Entries, digests: Mapping[str, str], now: Plan) -> str:
    """Say why a plan that was made from `entries`, with these digests of its parts, is not the one of `now`."""
    same_files = all(digests.get(part) == digest for part, digest in now.basis if part == "sources")
    if now.is_empty and same_files:
        return "it has been applied already, and nothing is left to do."
    if found := changes_between(entries, now.inputs.entries()):
        return f"since it was made, {found}."
    parts = [part for part, digest in now.basis if digests.get(part) != digest]
    said = " and ".join(_SAID[part] for part in parts[:2]) or "something has changed"
    return f"{said} since it was made."
