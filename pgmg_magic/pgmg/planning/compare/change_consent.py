"""Says what of a plan needs consent: what may be dropped by mistake, and what is somebody else's (rule 3.7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.errors import RefusedChange
from pgmg.model.lazy_dataclass import dataclass
from pgmg.model.plans.consent import Consent
from pgmg.model.plans.plan import ChangeKind
from pgmg.model.sources.source import Notice

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from pgmg.model.naming.names import ObjectName
    from pgmg.model.plans.plan import Plan
    from pgmg.model.results.applied_from import AppliedFrom
    from pgmg.planning.compare.changes import ObjectComparison
    from pgmg.planning.compare.resolved import ResolvedProject

_MANY = 10
"""From so many recorded objects on, deleting more than half needs consent."""
_NAMED = 10
"""So many names are spelled out in a sentence."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """A reason to ask for consent: why, which objects, and where their files were."""

    consent: Consent
    message: str
    objects: tuple[ObjectName, ...]
    where: str | None = None


def doubts(resolved: ResolvedProject, found: Iterable[ObjectComparison]) -> tuple[Doubt, ...]:
    """Return what is doubtful about deletions: too many of them, out of nowhere, or of what others applied last."""
    deleted = [d for d in found if d.change is ChangeKind.DELETED]
    said = [*_of_empty_folders(deleted, resolved.checkout.empty), *_of_most(deleted, len(resolved.snapshot.state))]
    said += (*_of_other_checkouts(deleted, resolved), *_of_the_original(deleted))
    return (*said, *_of_other_projects(deleted, lambda _name: True))


def consent_notices(
    resolved: ResolvedProject, found: Sequence[ObjectComparison], touched: Collection[ObjectName]
) -> tuple[Notice, ...]:
    """Return the warnings of a plan that need consent; `touched` are the objects of its steps."""
    adopted = [d for d in found if d.change is ChangeKind.ADOPTED]
    all_doubts = (*doubts(resolved, found), *_of_other_projects(adopted, touched.__contains__))
    return tuple(Notice(doubt.consent, doubt.message, doubt.where) for doubt in all_doubts)


def check_consent(plan: Plan) -> None:
    """Refuse a plan that needs consent.

    Raises:
        RefusedChange: it deletes most of what is recorded, what an empty folder declared, what another checkout
            applied last, or takes over what another project has recorded.
    """
    if not plan.needs_consent:
        return
    hints = dict.fromkeys(Consent(notice.code).hint for notice in plan.needs_consent)
    message = "\n".join(dict.fromkeys(notice.message for notice in plan.needs_consent))
    raise RefusedChange(message, hint=" ".join([*hints, "If it is meant: `pgmg apply --yes`."]))


# -- reasons --------------------------------------------------------------------------------------------


def _of_empty_folders(deleted: Sequence[ObjectComparison], empty: Sequence[str]) -> Iterable[Doubt]:
    for folder in empty:
        gone = [d for d in deleted if _was_below(d, folder)]
        if gone:
            names = tuple(d.name for d in gone)
            text = f"The folder {folder or '.'} holds no code, and {listed(names)} would be dropped."
            yield Doubt(Consent.EMPTY, text, names, folder or None)


def _was_below(difference: ObjectComparison, folder: str) -> bool:
    """Say whether an object was declared below a folder; what an earlier pgmg recorded has no path."""
    path = None if difference.row is None else difference.row.path
    return path is None or not folder or path.startswith(f"{folder}/")


def _of_most(deleted: Sequence[ObjectComparison], recorded: int) -> Iterable[Doubt]:
    if recorded >= _MANY and len(deleted) * 2 > recorded:
        names = tuple(d.name for d in deleted)
        text = (
            f"{len(names)} of {recorded} recorded objects are no longer declared and would be dropped: {listed(names)}."
        )
        yield Doubt(Consent.MASS, text, names)


def _of_other_checkouts(deleted: Sequence[ObjectComparison], resolved: ResolvedProject) -> Iterable[Doubt]:
    others: dict[AppliedFrom, list[ObjectName]] = {}
    for difference in deleted:
        origin = difference.applied_from
        if origin is not None and resolved.checkout.is_another(origin):
            others.setdefault(origin, []).append(difference.name)
    for origin, names in others.items():
        them = "it" if len(names) == 1 else "them"
        text = f"{listed(names)} would be dropped, but another checkout applied {them} last: {origin.described()}."
        yield Doubt(Consent.OTHER_CHECKOUT, text, tuple(names))


def _of_the_original(deleted: Sequence[ObjectComparison]) -> Iterable[Doubt]:
    names = tuple(d.name for d in deleted if d.row is not None and d.row.is_of_original)
    if names:
        text = f"{listed(names)} would be dropped: only the original pgmg has recorded this, and no file declares it."
        yield Doubt(Consent.ORIGINAL, text, names)


def _of_other_projects(
    differences: Iterable[ObjectComparison], is_touched: Callable[[ObjectName], bool]
) -> Iterable[Doubt]:
    for d in differences:
        same = d.claim is not None and d.declared is not None and d.claim.hash == d.declared.source.hash
        if d.claim is None or same or not is_touched(d.name):
            continue
        fate = "dropped" if d.change is ChangeKind.DELETED else "taken over and changed"
        text = (
            f"{d.name} would be {fate}, but the project whose state is in schema {d.claim.state_schema} has applied it."
        )
        yield Doubt(Consent.OTHER_PROJECT, text, (d.name,))


def listed(names: Sequence[ObjectName]) -> str:
    """Return names as a sentence lists them; of many only the first."""
    spelled = [str(name) for name in names[:_NAMED]]
    if len(names) > _NAMED:
        spelled.append(f"{len(names) - _NAMED} more")
    return spelled[0] if len(spelled) == 1 else f"{', '.join(spelled[:-1])} and {spelled[-1]}"
