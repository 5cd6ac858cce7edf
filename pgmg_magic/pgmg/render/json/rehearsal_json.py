"""A rehearsal as a JSON document, described by `schema.json`, and read again from a saved plan."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from pgmg.errors import ConfigError
from pgmg.model.plans.rehearsal import Rehearsal, RehearsedRows, RehearsedStep, RelationEffect
from pgmg.model.plans.risk import LockMode
from pgmg.render.json.body_json import bodies_document, read_bodies
from pgmg.render.sanitize import mask_secrets

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pgmg.model.plans.plan import Plan, Step


def rehearsal_document(rehearsal: Rehearsal) -> dict[str, Any]:
    """Return a rehearsal; `fingerprint` is that of the plan that it holds for."""
    return {
        "fingerprint": rehearsal.fingerprint,
        "at": rehearsal.at.isoformat(),
        "server_version": rehearsal.server_version,
        "proved": rehearsal.proved,
        "same_plan": rehearsal.is_same_plan,
        "failure": None if rehearsal.failure is None else mask_secrets(rehearsal.failure),
        "left_over": list(rehearsal.left_over),
        **({} if rehearsal.bodies is None else {"bodies": bodies_document(rehearsal.bodies)}),
        "omitted": [mask_secrets(message) for message in rehearsal.omitted],
        "steps": [_step(done) for done in rehearsal.steps],
        **({} if rehearsal.rows is None else {"rows": [_rows(one) for one in rehearsal.rows]}),
    }


def _rows(rows: RehearsedRows) -> dict[str, Any]:
    return {"relation": rows.relation, "copied": rows.copied, "after": rows.after}


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


def read_rehearsal(document: Mapping[str, Any], plan: Plan) -> Rehearsal | None:
    """Return the rehearsal in a saved plan, to be displayed; None where it is of another plan than `plan`.

    Raises:
        ConfigError: it is damaged.
    """
    found = document.get("rehearsal")
    if found is None:
        return None
    try:
        if found["fingerprint"] != plan.fingerprint:
            return None
        by_number = {step.number: step for step in plan.steps}
        return Rehearsal(
            fingerprint=plan.fingerprint,
            at=datetime.fromisoformat(found["at"]),
            server_version=str(found["server_version"]),
            steps=tuple(_read_step(done, by_number[done["number"]]) for done in found["steps"]),
            omitted=tuple(map(str, found["omitted"])),
            is_same_plan=bool(found["same_plan"]),
            left_over=tuple(map(str, found["left_over"])),
            failure=None if found["failure"] is None else str(found["failure"]),
            bodies=read_bodies(found["bodies"]) if "bodies" in found else None,
        )
    except (AttributeError, KeyError, TypeError, ValueError):
        hint = "make one with `pgmg plan --rehearse --out PLAN.json`"
        raise ConfigError("The saved plan is damaged: its rehearsal cannot be read", hint=hint) from None


def _read_step(done: Mapping[str, Any], step: Step) -> RehearsedStep:
    effects = tuple(
        RelationEffect(
            str(one["relation"]),
            None if one["lock"] is None else LockMode(one["lock"]),
            bool(one["rewritten"]),
            bool(one["scanned"]),
            bool(one["forecast"]),
        )
        for one in done["effects"]
    )
    return RehearsedStep(
        step, float(done["duration_ms"]), effects, tuple(map(str, done["notices"])), bool(done["measured"])
    )
