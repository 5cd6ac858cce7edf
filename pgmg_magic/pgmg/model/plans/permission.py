"""Consent as `allow` and `--allow` spell it: `rewrite`, `data-loss`, `exclusive-lock>1GB`, `contract:view.v`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pgmg.model.lazy_dataclass import dataclass
from pgmg.model.plans.risk import RiskKind

if TYPE_CHECKING:
    from pgmg.model.plans.risk import Risk
    from pgmg.model.sources.contract import ContractBreach

CONSENTED = (RiskKind.DATA_LOSS, RiskKind.REWRITE, RiskKind.EXCLUSIVE_LOCK)
"""The kinds of risk that need consent where `allow` is set."""

LARGE = 1 << 30
"""Exclusive locks on smaller relations need no consent: 1 GB."""

_WORD = re.compile(r"([a-z-]+)(?:\s*([<>])\s*(\d+(?:\.\d+)?)\s*(B|kB|MB|GB|TB)?)?\Z", re.IGNORECASE)
_CONTRACT = re.compile(r"contract\s*:\s*(\S.*)\Z", re.IGNORECASE | re.DOTALL)
_COMPARED = {">": "more_than", "<": "less_than"}
_UNITS = {"": 1, "b": 1, "kb": 1 << 10, "mb": 1 << 20, "gb": 1 << 30, "tb": 1 << 40}


@dataclass(frozen=True, slots=True)
class Permission:
    """Consent to one kind of risk, of relations of `more_than` or `less_than` so many bytes if that is given.

    `text` is the word that spells it.
    """

    kind: RiskKind
    text: str
    more_than: float | None = None
    less_than: float | None = None

    def covers(self, risk: Risk) -> bool:
        """Say whether a risk is consented to; a relation of unknown size counts as larger than any."""
        if risk.kind is not self.kind:
            return False
        size = float("inf") if risk.bytes is None else risk.bytes
        return (self.more_than is None or size > self.more_than) and (self.less_than is None or size < self.less_than)


@dataclass(frozen=True, slots=True)
class ContractPermission:
    """Consent to breaking the pinned interface of one object, a routine with or without its arguments."""

    object: str
    text: str

    def covers(self, breach: ContractBreach) -> bool:
        """Say whether a breach is consented to."""
        name = str(breach.object)
        return self.object in (name, name.partition("(")[0])


Consents = tuple[Permission | ContractPermission, ...]


def parse_permission(text: str) -> Permission | ContractPermission | None:
    """Return the permission that a word spells; None for a word that is none."""
    if (contract := _CONTRACT.match(text.strip())) is not None:
        return ContractPermission(contract[1], text.strip())
    found = _WORD.match(text.strip())
    kinds = {kind.value: kind for kind in CONSENTED}
    if found is None or found[1].lower() not in kinds:
        return None
    kind = kinds[found[1].lower()]
    if found[2] is None:
        return Permission(kind, text.strip())
    size = float(found[3]) * _UNITS[(found[4] or "").lower()]
    return Permission(kind, text.strip(), **{_COMPARED[found[2]]: size})


def needs_consent(risk: Risk) -> bool:
    """Say whether a risk is one that has to be consented to where `allow` is set."""
    if risk.kind is RiskKind.EXCLUSIVE_LOCK:
        return risk.bytes is not None and risk.bytes > LARGE
    return risk.kind in CONSENTED
