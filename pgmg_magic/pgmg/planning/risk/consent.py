"""Compares the risks of a plan with what is allowed, and refuses what is not (setting `allow`, option `--allow`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.errors import RefusedChange
from pgmg.model.permission import LARGE, Permission, needs_consent
from pgmg.model.risk import RiskKind
from pgmg.model.source import Notice

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pgmg.model.plan import Plan
    from pgmg.model.risk import Risk

CODE = "not-allowed"
"""The code of the warning about a risk that is not allowed."""


def without_consent(plan: Plan, allow: Sequence[Permission] | None) -> tuple[Risk, ...]:
    """Return the risks of a plan that nobody has consented to; none where `allow` is None, that is, not set."""
    if allow is None:
        return ()
    given = [*allow, *([Permission(RiskKind.REWRITE, RiskKind.REWRITE.value)] if plan.options.rewrite_tables else [])]
    return tuple(
        risk for risk in plan.risks if needs_consent(risk) and not any(permission.covers(risk) for permission in given)
    )


def consent_warnings(plan: Plan, allow: Sequence[Permission] | None) -> tuple[Notice, ...]:
    """Return a warning for each risk that is not allowed."""
    return tuple(
        Notice(CODE, f"Not allowed here: {risk.described}. Consent: --allow '{word(risk)}'", risk.where)
        for risk in without_consent(plan, allow)
    )


def check_allowed(plan: Plan, allow: Sequence[Permission] | None) -> None:
    """Refuse a plan with risks that are not allowed.

    Raises:
        RefusedChange: naming each such risk, and the consent that is missing.
    """
    missing = without_consent(plan, allow)
    if not missing:
        return
    message = "\n".join(dict.fromkeys(f"Not allowed here: {risk.described} ({risk.where})." for risk in missing))
    words = ",".join(dict.fromkeys([*(one.text for one in allow or ()), *map(word, missing)]))
    raise RefusedChange(message, hint=f"If it is meant: --allow '{words}'.")


def word(risk: Risk) -> str:
    """Return the word that consents to a risk."""
    return f"{risk.kind.value}>{LARGE >> 30}GB" if risk.kind is RiskKind.EXCLUSIVE_LOCK else risk.kind.value
