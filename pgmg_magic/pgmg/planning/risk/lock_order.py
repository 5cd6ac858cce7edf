"""Decides which locks a transaction takes before its first step (rule 9.3).

A step that waits for a lock while earlier ones hold others makes their clients wait, too, and may meet a client that
holds what it wants and wants what it holds. So what a transaction locks strongly later is locked first, where that
makes nobody wait for longer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.model.lazy_dataclass import dataclass
from pgmg.model.naming.names import ROUTINES
from pgmg.model.plans.risk import FirstLock, LockMode
from pgmg.planning.risk.forecast import relation_name
from pgmg.planning.risk.related_relations import LOCKED_BELOW_VIEWS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from pgmg.model.database.relation_facts import Relation, RelationFacts
    from pgmg.model.database.snapshot import Snapshot
    from pgmg.model.plans.plan import Plan
    from pgmg.planning.risk.forecast import Forecasted, PlannedStatement

SHORT_WORK = 8 * 1024 * 1024
"""Bytes of tables that are read or written within a moment: nobody minds a lock for that long."""

_TABLES = frozenset("rp")
"""Kinds that LOCK TABLE takes alone: of a view it locks what that reads, too."""
_VIEWS = frozenset("vm")
_TEMPORARY = "t"


def first_locks(
    plan: Plan, forecasted: Iterable[Forecasted], facts: RelationFacts, snapshot: Snapshot
) -> tuple[FirstLock, ...]:
    """Return the locks, group by group, each in the order in which they are taken."""
    groups = {step.number: step.group for step in plan.steps if step.transactional}
    by_group: dict[int, list[Forecasted]] = {}
    for statement, one in forecasted:
        if statement.step in groups:
            by_group.setdefault(groups[statement.step], []).append((statement, one))
    there = {name.name for name in (*snapshot.objects, *snapshot.others) if name.kind in ROUTINES}
    made = {step.object.name for step in plan.steps if step.object.kind in ROUTINES}
    return tuple(
        lock
        for number, parts in by_group.items()
        for lock in _Group(number, _beginning(parts, facts, there | made), facts).locks()
    )


def _beginning(parts: Iterable[Forecasted], facts: RelationFacts, routines: Collection[str]) -> Iterator[Forecasted]:
    """Yield the statements up to the first one that may take long: its own locks come before its work."""
    spent = 0
    for statement, one in parts:
        if statement.rows_of is None or one.unknown:
            return
        yield statement, one
        worked = [facts.relations[oid] for oid in one.scans.keys() | one.rewrites.keys()]
        worked += [found for found in facts.relations.values() if found.name in statement.rows_of]
        sizes = [_size(relation, facts) for relation in worked]
        if None in sizes or statement.calls & set(routines):
            return
        spent += sum(size for size in sizes if size is not None)
        if spent > SHORT_WORK:
            return


def _size(relation: Relation, facts: RelationFacts) -> int | None:
    """Return the bytes, of a partitioned table those of its partitions; None where it is not known."""
    if relation.kind in "iI":
        return 0
    if relation.kind != "p":
        return relation.bytes
    sizes = [_size(child, facts) for child in facts.relations.values() if relation.oid in child.inherits]
    return None if None in sizes else sum(size for size in sizes if size is not None)


@dataclass(frozen=True, slots=True)
class _Taken:
    """A lock that the statement with this number takes; a writing statement takes one without a relation."""

    statement: int
    relation: int | None
    mode: LockMode


class _Group:
    """One transaction: the locks of its statements in order, as far as they are taken within a moment."""

    def __init__(self, number: int, beginning: Iterable[Forecasted], facts: RelationFacts) -> None:
        self._number, self._facts = number, facts
        self._taken: list[_Taken] = []
        self._statements: list[PlannedStatement] = []
        for index, (statement, one) in enumerate(beginning):
            self._statements.append(statement)
            self._taken += [_Taken(index, oid, mode) for oid, mode in one.locks.items()]
            if statement.writes:
                self._taken.append(_Taken(index, None, LockMode.ROW_EXCLUSIVE))

    def locks(self) -> Iterator[FirstLock]:
        """Yield the locks to take first; none where the first one to be taken is the only one."""
        found = self._lockable()
        if not any(self._waits_holding(oid, mode) for oid, mode in found.items()):
            return
        covered: set[int] = set()
        for oid in sorted(found, key=self._place):
            if oid not in covered:
                is_view = self._named(oid).kind == "v"
                below = self._read(oid) if is_view else self._below(oid)
                whole = is_view or {found.get(child) for child in below} == {found[oid]}
                covered |= below if whole else set()
                by, name = self._statements[self._first(oid, found[oid])], relation_name(self._named(oid))
                yield FirstLock(self._number, name, found[oid], by.step, by.number, with_children=whole)

    def _lockable(self) -> dict[int, LockMode]:
        """Return the strongest lock on each relation of which clients notice it, if LOCK TABLE may take it first.

        Clients lock a view before its tables; so do the steps that drop it and alter one of them. So a table that a
        locked view reads is left to them, unless LOCK TABLE of the view takes the locks of all that it reads.
        """
        strongest: dict[int, LockMode] = {}
        for one in self._taken:
            if one.relation is not None:
                known = strongest.get(one.relation)
                strongest[one.relation] = one.mode if known is None or known.rank < one.mode.rank else known
        views = {oid for oid in strongest if self._named(oid).kind in _VIEWS}
        others = {oid for oid in views if not self._is_taken_with_all(oid, strongest)}
        return {
            oid: mode
            for oid, mode in strongest.items()
            if mode.blocks_writes and (self._is_table(oid) or oid in views - others) and not others & self._readers(oid)
        }

    def _is_table(self, oid: int) -> bool:
        relation = self._named(oid)
        return relation.kind in _TABLES and relation.persistence != _TEMPORARY

    def _is_taken_with_all(self, view: int, found: Mapping[int, LockMode]) -> bool:
        """Say whether all that LOCK TABLE of a view locks is locked as strongly as the view."""
        relation = self._named(view)
        if relation.kind != "v" or relation.reads is None or relation.persistence == _TEMPORARY:
            return False
        return {found.get(oid) for oid in self._read(view)} <= {found[view]}

    def _read(self, view: int) -> set[int]:
        """Return what LOCK TABLE of a view locks below it."""
        found: set[int] = set()
        for oid, tree in self._named(view).reads or ():
            if oid in self._facts.relations and self._named(oid).kind in LOCKED_BELOW_VIEWS:
                found |= {oid, *self._read(oid)}.union(self._below(oid) if tree else ())
        return found

    def _waits_holding(self, oid: int, mode: LockMode) -> bool:
        """Say whether the transaction holds a lock that somebody minds when it comes to lock a table so strongly."""
        at = self._first(oid, mode)
        return any(
            one.mode.rank >= LockMode.ROW_EXCLUSIVE.rank
            for one in self._taken
            if one.statement < at or (one.statement == at and one.relation not in (oid, None))
        )

    def _first(self, oid: int, mode: LockMode) -> int:
        return next(one.statement for one in self._taken if one.relation == oid and one.mode is mode)

    # -- what hangs together ---------------------------------------------------------------------------------

    def _named(self, oid: int) -> Relation:
        return self._facts.relations[oid]

    def _above(self, oid: int) -> set[int]:
        parents = {parent for parent in self._named(oid).inherits if parent in self._facts.relations}
        return parents.union(*map(self._above, parents))

    def _below(self, oid: int) -> set[int]:
        children = {one.oid for one in self._facts.relations.values() if oid in one.inherits and one.kind not in "iI"}
        return children.union(*map(self._below, children))

    def _place(self, oid: int) -> tuple[bool, int, str, str]:
        """Return the place in the order: views before what they read, parents before children, then names."""
        relation = self._named(oid)
        before = self._readers(oid) if relation.kind == "v" else self._above(oid)
        return relation.kind != "v", len(before), relation.schema, relation.name

    def _readers(self, oid: int) -> set[int]:
        """Return the views that read a relation, directly or through others."""
        found: set[int] = set()
        new = {oid}
        while new:
            new = {view for one in new if one in self._facts.relations for view, _ in self._named(one).dependents}
            new -= found
            found |= new
        return found
