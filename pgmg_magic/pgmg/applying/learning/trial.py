"""Carries steps out behind savepoints, for a transaction that is rolled back, and says which of them fail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg

from pgmg.applying.failing.locate import place_of
from pgmg.applying.runner import is_setting
from pgmg.model.secrets import mask_secrets

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pgmg.catalog.wording.temporary_objects_reader import Scratch
    from pgmg.model.plans.plan import Step


@dataclass(frozen=True, slots=True)
class FailedStep:
    """A step that the server refuses, why, and where in a file (`path:line`)."""

    step: Step
    message: str
    where: str | None


def try_steps(within: Scratch, steps: Sequence[Step]) -> tuple[FailedStep, ...]:
    """Carry out steps; what fails is tried again after the others, which may create what was missing.

    Raises:
        psycopg.Error: a lock was not had in time, a privilege is missing, or the connection was lost.
    """
    waiting = list(steps)
    while waiting:
        failed = [(step, failure) for step in waiting if (failure := _failure(within, step)) is not None]
        if len(failed) == len(waiting):
            return tuple(failure for _, failure in failed)
        waiting = [step for step, _ in failed]
    return ()


def _failure(within: Scratch, step: Step) -> FailedStep | None:
    conn, failure = within.conn, None
    conn.execute("SAVEPOINT pgmg_step")
    for number, statement in enumerate(step.statements):
        try:
            conn.execute(statement.encode())
        except (psycopg.OperationalError, psycopg.errors.InsufficientPrivilege):
            raise
        except psycopg.Error as error:
            where = place_of(step, number, error)
            place = None if where is None else f"{where.path}:{where.line}" if where.line else where.path
            failure = FailedStep(step, mask_secrets(error.diag.message_primary or str(error).strip()), place)
            conn.execute("ROLLBACK TO SAVEPOINT pgmg_step")
            break
    conn.execute("RELEASE SAVEPOINT pgmg_step")
    if any(map(is_setting, step.statements)):
        within.reset()
    return failure
