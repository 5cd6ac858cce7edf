"""Remembers what a watcher's own folder declared while it ran: only that is its to drop or overwrite (rule 3.7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.model.plans.plan import ChangeKind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pgmg.model.naming.names import ObjectName
    from pgmg.planning.compare.changes import ObjectComparison
    from pgmg.planning.compare.resolved import Comparison


class FolderMemory:
    """The objects that the folder declared since the watcher began, and those that the database had as declared."""

    def __init__(self) -> None:
        self._declared: set[ObjectName] = set()
        self._agreed: dict[ObjectName, str] = {}
        self._strange: list[frozenset[ObjectName]] = []

    def note(self, comparison: Comparison) -> None:
        """Take note of what is declared now, and of what is applied as it is declared."""
        declared = comparison.resolved.declared
        self._declared |= declared.keys()
        before = self._agreed
        self._agreed = {
            d.name: d.declared.source.hash
            for d in comparison.differences
            if d.declared is not None and (_agrees(d) or before.get(d.name) == d.declared.source.hash)
        }

    def forget_database(self) -> None:
        """Another database may be behind a new connection: nothing of what was applied counts any more."""
        self._agreed = {}

    def never_declared(self, deleted: Iterable[ObjectComparison]) -> tuple[tuple[ObjectComparison, ...], ...]:
        """Return those deleted objects that did not disappear from the folder while the watcher ran.

        They are grouped by when they were first seen, so that each of them has to be told only once.
        """
        strange = {d.name: d for d in deleted if d.name not in self._declared}
        known = [group & strange.keys() for group in self._strange]
        fresh = strange.keys() - frozenset().union(*known)
        self._strange = [frozenset(group) for group in (*known, fresh) if group]
        return tuple(tuple(strange[name] for name in sorted(group, key=str)) for group in self._strange)

    def overtaken(self, comparison: Comparison) -> tuple[ObjectComparison, ...]:
        """Return objects that another checkout has changed or dropped since they were applied as they are declared.

        Their files have not changed since: to apply them would undo what somebody else has just done.
        """
        return tuple(d for d in comparison.differences if self._is_overtaken(d, comparison))

    def _is_overtaken(self, difference: ObjectComparison, comparison: Comparison) -> bool:
        declared = difference.declared
        if declared is None or self._agreed.get(difference.name) != declared.source.hash:
            return False
        match difference.change:
            case ChangeKind.MODIFIED | ChangeKind.FORMATTING:
                return comparison.resolved.checkout.is_another(difference.applied_from)
            case ChangeKind.NEW:
                return True  # it was recorded, and somebody has dropped it together with its record
            case _:
                return False


def _agrees(difference: ObjectComparison) -> bool:
    return (
        difference.row is not None
        and difference.declared is not None
        and (difference.row.hash == difference.declared.source.hash)
    )
