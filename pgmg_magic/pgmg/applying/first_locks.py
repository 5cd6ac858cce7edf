"""Takes the locks of a transaction that come first, and waits for none of them while it holds another (rule 9.3)."""

from __future__ import annotations

import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

from psycopg import errors

from pgmg.applying.runner import StepFailed
from pgmg.catalog.sessions.pipeline import Command, stream

if TYPE_CHECKING:
    from collections.abc import Sequence

    import psycopg

    from pgmg.applying.limits import Limits
    from pgmg.applying.lock_watch import LockWatch
    from pgmg.model.plans.plan import Plan
    from pgmg.model.plans.risk import FirstLock

_SAVEPOINT, _BACK, _RELEASE = (
    "SAVEPOINT pgmg_locks",
    "ROLLBACK TO SAVEPOINT pgmg_locks",
    "RELEASE SAVEPOINT pgmg_locks",
)
_BRIEF = 50
"""Milliseconds to wait for a lock that others are held for: as long as a quick query takes, on a busy table always one.

Far below the server's `deadlock_timeout`, after which it ends a transaction, perhaps that of a client."""

_LEFT_OUT = (errors.UndefinedTable, errors.InvalidSchemaName, errors.InsufficientPrivilege, errors.WrongObjectType)
"""A table that has changed since the plan was made: the step that needs it says so better."""


def take_first_locks(conn: psycopg.Connection[Any], plan: Plan, group: int, limits: Limits, watch: LockWatch) -> None:
    """Take the locks of a group in its open transaction; the whole takes no longer than `lock_timeout`.

    It waits for one of them while it holds none, then for the others for a moment each. If one is not free by then,
    all are given back, and that one is waited for first.

    Raises:
        StepFailed: one of them was not had in time; it names the step that needs it.
    """
    wanted, first = [lock for lock in plan.first_locks if lock.group == group], 0
    began = time.monotonic()
    while wanted:
        order = [wanted[first], *wanted[:first], *wanted[first + 1 :]]
        missed = _try(conn, order, limits, watch)
        if missed is None:
            return
        lock, error = missed
        if isinstance(error, _LEFT_OUT):
            wanted.remove(lock)
            first = 0
        elif lock is order[0] or _is_over(began, limits) or not isinstance(error, errors.LockNotAvailable):
            raise StepFailed(error, plan.steps[lock.step - 1], lock.number)
        else:
            first = wanted.index(lock)


def _is_over(began: float, limits: Limits) -> bool:
    return 0 < limits.lock_seconds < time.monotonic() - began


def _try(
    conn: psycopg.Connection[Any], order: Sequence[FirstLock], limits: Limits, watch: LockWatch
) -> tuple[FirstLock, psycopg.Error] | None:
    """Take the locks in this order; return the one that was not had, with none of them held, and why."""
    locking = [order[0].statement, _patience(_brief(limits)), *(lock.statement for lock in order[1:])]
    commands = [_patience(limits.lock_timeout), _SAVEPOINT, *locking, _RELEASE, _patience(limits.lock_timeout)]
    missed: tuple[FirstLock, psycopg.Error] | None = None
    by_command = {2: order[0], **dict(enumerate(order[1:], start=4))}
    with closing(stream(conn, [Command(sql) for sql in commands], watch.tick, watch.every)) as answers:
        for answer in answers:
            watch.begin()
            if answer.error is not None and missed is None:
                error = watch.meant(answer.error)
                if answer.number not in by_command:
                    raise StepFailed(error, None, 0)
                missed = by_command[answer.number], error
    if missed is not None:
        conn.execute(_BACK)
        conn.execute(_RELEASE)
        conn.execute(_patience(limits.lock_timeout))
    return missed


def _patience(timeout: str) -> str:
    quoted = timeout.replace("'", "''")
    return f"SELECT pg_catalog.set_config('lock_timeout', '{quoted}', true)"


def _brief(limits: Limits) -> str:
    patience = limits.lock_seconds * 1000
    return f"{min(_BRIEF, max(1, round(patience / 10))) if patience else _BRIEF}ms"
