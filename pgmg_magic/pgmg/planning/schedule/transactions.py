"""Where the transactions of a plan end (rule 9.2): some statements cannot share one with anything else."""

from __future__ import annotations

from enum import IntEnum
from functools import cached_property
from typing import TYPE_CHECKING

from pgmg.model.lazy_dataclass import dataclass
from pgmg.model.naming.names import migration_name
from pgmg.model.sources.source import StatementKind
from pgmg.source.grammar.lexer import significant

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from pgmg.model.naming.names import ObjectName
    from pgmg.model.plans.plan import Step
    from pgmg.model.sources.source import Migration
    from pgmg.planning.replay.timeline import PendingStatement, Timeline


class Transaction(IntEnum):
    """How a statement runs."""

    SHARED = 0  # in one transaction with the steps around it
    SINGLE = 1  # committed by itself, possibly together with drops and restorations around it
    OUTSIDE = 2  # cannot run in a transaction of pgmg's


_BEGINS = frozenset({"BEGIN", "START"})
_ENDS = frozenset({"COMMIT", "END", "ROLLBACK", "ABORT"})
_MAY_COMMIT = frozenset({"CALL", "DO"})


def runs_alone(migration: Migration) -> bool:
    """Say whether a migration runs without a transaction around it."""
    return migration.no_transaction or any(s.kind is StatementKind.OUTSIDE for s in migration.statements)


def notes_progress(steps: Iterable[Step]) -> bool:
    """Say whether it is recorded meanwhile how far a migration without transaction is."""
    return any(step.migration is not None and runs_alone(step.migration) for step in steps)


@dataclass(frozen=True)
class Transactions:
    """The transactions of all pending statements; `single` are steps that have to be committed by themselves."""

    timeline: Timeline
    single: Collection[ObjectName] = ()

    @cached_property
    def _alone(self) -> frozenset[str]:
        """The names of migrations that run without a transaction around them: each is looked through once."""
        sources = {statement.source.name: statement.source for statement in self.timeline.statements}
        return frozenset(name for name, source in sources.items() if runs_alone(source))

    def runs_alone(self, migration: Migration) -> bool:
        """Say whether a pending migration runs without a transaction around it."""
        return migration.name in self._alone

    def of(self, statement: PendingStatement) -> Transaction:
        """Return how a statement runs."""
        if not self.runs_alone(statement.source):
            return Transaction.SHARED
        is_outside = statement.number in self.block_starts or _cannot_share(statement)
        return Transaction.OUTSIDE if is_outside else Transaction.SINGLE

    def commits_before(self, number: int) -> bool:
        """Say whether a transaction ends right before a statement (or, after the last one, before what follows)."""
        statements = self.timeline.statements
        if not statements:
            return False
        if number == 0:
            return self._is_apart(statements[0])
        before = statements[number - 1]
        if number == len(statements):
            return self._is_apart(before)
        if self.block_starts.get(number, number) < number:
            return False
        after = statements[number]
        if before.migration == after.migration and not self.runs_alone(after.source):
            return False
        return self._is_apart(before) or self._is_apart(after)

    def _is_apart(self, statement: PendingStatement) -> bool:
        return self.runs_alone(statement.source) or migration_name(statement.source.name) in self.single

    def block_of(self, statement: PendingStatement) -> list[PendingStatement]:
        """Return a statement with those that follow it to the COMMIT, if it is a BEGIN."""
        found, statements = [statement], self.timeline.statements
        for following in range(statement.number + 1, len(statements)):
            if self.block_starts.get(following) != statement.number:
                break
            found.append(statements[following])
        return found

    @cached_property
    def block_starts(self) -> dict[int, int]:
        """The statements from a BEGIN to its COMMIT in migrations without transaction, each with that BEGIN."""
        found: dict[int, int] = {}
        start: int | None = None
        for statement in self.timeline.statements:
            if not self.runs_alone(statement.source):
                continue
            if start is not None and self.timeline.statements[start].migration != statement.migration:
                start = None
            words = [token.word for token in significant(statement.statement.sql)][:3]
            if start is None and words and words[0] in _BEGINS:
                start = statement.number
            if start is not None:
                found[statement.number] = start
            if words and words[0] in _ENDS and "TO" not in words and "CHAIN" not in words:
                start = None
        return found


def _cannot_share(statement: PendingStatement) -> bool:
    """Say whether a statement cannot run in a transaction block: CALL and DO may commit."""
    first = next((token.word for token in significant(statement.statement.sql)), "")
    return statement.statement.kind is StatementKind.OUTSIDE or first in _MAY_COMMIT
