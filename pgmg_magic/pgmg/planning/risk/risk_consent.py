"""Compares the risks of a plan with what is allowed, and refuses what is not (setting `allow`, option `--allow`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.errors import RefusedChange
from pgmg.model.plans.permission import LARGE, Consents, ContractPermission, Permission, needs_consent
from pgmg.model.plans.risk import RiskKind
from pgmg.model.sources.source import Notice

if TYPE_CHECKING:
    from pgmg.model.plans.plan import Plan
    from pgmg.model.plans.risk import Risk
    from pgmg.model.sources.contract import ContractBreach

CODE, CONTRACT = "not-allowed", "contract"
"""The codes of the warnings about a risk, and about a breach of a pinned interface, that is not allowed."""


def without_consent(plan: Plan, allow: Consents | None) -> tuple[Risk, ...]:
    """Return the risks of a plan that nobody has consented to; none where `allow` is None, that is, not set."""
    if allow is None:
        return ()
    given = [one for one in allow if isinstance(one, Permission)]
    given += [Permission(RiskKind.REWRITE, RiskKind.REWRITE.value)] if plan.options.rewrite_tables else []
    return tuple(
        risk for risk in plan.risks if needs_consent(risk) and not any(permission.covers(risk) for permission in given)
    )


def breaches_without_consent(plan: Plan, allow: Consents | None) -> tuple[ContractBreach, ...]:
    """Return the breaches of pinned interfaces that nobody has consented to; `allow` None consents to none."""
    given = [one for one in allow or () if isinstance(one, ContractPermission)]
    return tuple(breach for breach in plan.breaches if not any(one.covers(breach) for one in given))


def consent_warnings(plan: Plan, allow: Consents | None) -> tuple[Notice, ...]:
    """Return a warning for each risk, and each breach of a pinned interface, that is not allowed."""
    breaches = (
        Notice(CONTRACT, f"{breach.described}. Consent: --allow '{breach.word}'", breach.where or breach.pinned_at)
        for breach in breaches_without_consent(plan, allow)
    )
    risks = (
        Notice(CODE, f"Not allowed here: {risk.described}. Consent: --allow '{word(risk)}'", risk.where)
        for risk in without_consent(plan, allow)
    )
    return (*breaches, *risks)


def check_allowed(plan: Plan, allow: Consents | None) -> None:
    """Refuse a plan with risks, or breaches of pinned interfaces, that are not allowed.

    Raises:
        RefusedChange: naming each of them, its place, and the consent that is missing.
    """
    breaches = breaches_without_consent(plan, allow)
    missing = without_consent(plan, allow)
    if not breaches and not missing:
        return
    said = [f"{breach.described}{_places(breach)}." for breach in breaches]
    said += [f"Not allowed here: {risk.described} ({risk.where})." for risk in missing]
    if breaches and allow is None:
        missing = without_consent(plan, ())  # whoever gives --allow has to name all kinds of risk
    needed = [*(one.text for one in allow or ()), *(breach.word for breach in breaches), *map(word, missing)]
    hint = f"If it is meant: --allow '{','.join(dict.fromkeys(needed))}'."
    raise RefusedChange("\n".join(dict.fromkeys(said)), hint=hint)


def _places(breach: ContractBreach) -> str:
    pinned = None if breach.pinned_at in (None, breach.where) else f"pinned at {breach.pinned_at}"
    places = ", ".join(filter(None, (breach.where, pinned)))
    return f" ({places})" if places else ""


def word(risk: Risk) -> str:
    """Return the word that consents to a risk."""
    return f"{risk.kind.value}>{LARGE >> 30}GB" if risk.kind is RiskKind.EXCLUSIVE_LOCK else risk.kind.value
