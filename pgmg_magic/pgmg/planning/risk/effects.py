"""The effects of one statement on existing relations."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from pgmg.model.lazy_dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pgmg.model.database.relation_facts import Relation
    from pgmg.model.plans.risk import LockMode

_WITH_ROWS = frozenset("rm")


@dataclass(slots=True)
class Forecast:
    """The effects of a statement on existing relations, by OID: the strongest lock, and reasons for the rest."""

    locks: dict[int, LockMode] = field(default_factory=dict)
    scans: dict[int, str] = field(default_factory=dict)
    rewrites: dict[int, str] = field(default_factory=dict)
    losses: dict[int, str] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)

    def lock(self, relations: Iterable[Relation], mode: LockMode) -> None:
        """Note a lock; the strongest counts."""
        for relation in relations:
            known = self.locks.get(relation.oid)
            if known is None or known.rank < mode.rank:
                self.locks[relation.oid] = mode

    def scan(self, relations: Iterable[Relation], reason: str) -> None:
        """Note that rows are read; a partitioned table has none of its own."""
        for relation in relations:
            if relation.kind in _WITH_ROWS:
                self.scans.setdefault(relation.oid, reason)

    def rewrite(self, relations: Iterable[Relation], reason: str) -> None:
        """Note that files are written anew."""
        for relation in relations:
            if relation.kind in _WITH_ROWS:
                self.rewrites.setdefault(relation.oid, reason)

    def lose(self, relation: Relation, what: str) -> None:
        """Note a loss."""
        self.losses.setdefault(relation.oid, what)
