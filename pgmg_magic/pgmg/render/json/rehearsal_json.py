"""A rehearsal as a JSON document, described by `schema.json`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pgmg.render.sanitize import mask_secrets

if TYPE_CHECKING:
    from pgmg.model.rehearsal import Rehearsal, RehearsedStep


def rehearsal_document(rehearsal: Rehearsal) -> dict[str, Any]:
    """Return a rehearsal; `fingerprint` is that of the plan that it holds for."""
    return {
        "fingerprint": rehearsal.plan.fingerprint,
        "server_version": rehearsal.server_version,
        "proved": rehearsal.proved,
        "same_plan": rehearsal.is_same_plan,
        "left_over": list(rehearsal.left_over),
        "omitted": [mask_secrets(message) for message in rehearsal.omitted],
        "steps": [_step(done) for done in rehearsal.steps],
    }


def _step(done: RehearsedStep) -> dict[str, Any]:
    return {
        "number": done.step.number,
        "action": done.step.action.value,
        "object": str(done.step.object),
        "duration_ms": round(done.duration_ms, 3),
        "measured": done.measured,
        "notices": [mask_secrets(notice) for notice in done.notices],
        "effects": [
            {
                "relation": effect.relation,
                "lock": None if effect.lock is None else effect.lock.value,
                "rewritten": effect.rewritten,
                "scanned": effect.scanned,
                "forecast": effect.expected,
            }
            for effect in done.effects
        ],
    }
