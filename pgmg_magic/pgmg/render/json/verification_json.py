"""A verification of a report as a JSON document, described by `schema.json`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pgmg.render.sanitize import mask_secrets

if TYPE_CHECKING:
    from pgmg.model.plans.verification import Verification


def verification_document(found: Verification) -> dict[str, Any]:
    """Return a verification: for each part whether it holds, and in words what has changed."""
    return {
        "holds": found.holds,
        "applied": found.applied,
        "fingerprint": found.fingerprint,
        "now": found.now,
        "parts": [
            {
                "part": part.part.value,
                "holds": part.holds,
                "changes": [mask_secrets(change) for change in part.changes],
            }
            for part in found.parts
        ],
    }
