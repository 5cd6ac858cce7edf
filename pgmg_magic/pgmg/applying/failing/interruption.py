"""Says what became of an apply that was interrupted: also when that happened during the very commit."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import psycopg

from pgmg.errors import PgmgError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pgmg.applying.lock import Connect
    from pgmg.model.plans.plan import Step

_STATUS = "SELECT pg_catalog.pg_xact_status($1::text::pg_catalog.xid8)"
_FATES = {"committed": True, "aborted": False}
_LOOKS, _PAUSE = 50, 0.1
"""How often, and how many seconds apart, a transaction that is still in progress is asked about."""
_NOTHING = "Nothing has been changed."


class CommitWatch:
    """Knows which transaction is being committed, so that its fate can be asked afterwards (manual, 9.27.8)."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self._transaction: str | None = None
        self.is_last = False
        """The group that is being committed, or was, is the last one."""
        self.is_complete = False
        """The last group was committed, and that is known."""

    def begin(self, transaction: str | None, *, is_last: bool) -> None:
        """The transaction of that number is about to be committed; None if it has changed nothing of interest."""
        self._transaction, self.is_last = transaction, is_last

    def end(self) -> None:
        """It was committed, and that is known."""
        self._transaction, self.is_complete = None, self.is_last

    def was_committed(self) -> bool | None:
        """Return what became of a commit that was interrupted: False where there was none, None where nobody knows."""
        if self._transaction is None:
            return False
        try:
            with self._connect() as conn:
                for _ in range(_LOOKS):
                    row = conn.execute(_STATUS, [self._transaction]).fetchone()
                    if row is not None and row[0] in _FATES:
                        return _FATES[row[0]]
                    time.sleep(_PAUSE)
        except (psycopg.Error, PgmgError):
            pass
        return None


def what_became(committed: Sequence[str], commits: CommitWatch, outside: Step | None) -> str:
    """Return one sentence or two.

    `committed` names what earlier groups did, `commits` knows what became of the group that was just being committed,
    `outside` is the step that was running outside a transaction.
    """
    at_commit = commits.was_committed()
    if at_commit is None:
        return "It is not known whether the last group was committed: `pgmg status` shows what is there."
    if commits.is_complete or (at_commit and commits.is_last):
        return "All of it had been committed already."
    done = ", ".join([*committed, "the group that was just being committed"] if at_commit else committed)
    if outside is not None:
        begun = f"What was done of {outside.object} outside a transaction stays"
        return f"{f'Already committed: {done}. ' if done else ''}{begun}; the next apply continues there."
    return f"Already committed: {done}. The next apply continues from there." if done else _NOTHING
