"""Finds out all that the server refuses of a plan, for somebody who means to leave it out and apply the rest."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import psycopg

from pgmg.applying.definitions import RuntimeDefinitions
from pgmg.applying.failing.apply_failure import explain
from pgmg.applying.failing.failure import Failure
from pgmg.applying.learning import error_classes as classes
from pgmg.applying.learning.infer import infer
from pgmg.applying.lock import begin_locked, lock_key
from pgmg.applying.lock_watch import LockWatch
from pgmg.applying.runner import Runner, StepFailed
from pgmg.errors import ApplyError, LockedError
from pgmg.model.database.server_facts import NO_FACTS
from pgmg.planning.lineage.object_graph import adjacency, reachable

if TYPE_CHECKING:
    from pgmg.applying.target import ApplyTarget, PlanMaker
    from pgmg.model.database.snapshot import Snapshot
    from pgmg.model.naming.names import ObjectName
    from pgmg.model.plans.plan import Plan, Step
    from pgmg.model.results.events import Event, Listener

_BEFORE = "SAVEPOINT pgmg_rehearsal"
_AFTER = "RELEASE SAVEPOINT pgmg_rehearsal"
_BACK = "ROLLBACK TO SAVEPOINT pgmg_rehearsal"


def rehearse(target: ApplyTarget, planner: PlanMaker, listener: Listener) -> tuple[ApplyError, ...]:
    """Plan, run every step behind a savepoint, and take everything back; return why some steps do not work.

    Left out are failures that come of an earlier one, and those that another order might avoid (rule 8). A plan with
    migrations, or of several transactions, is not rehearsed.

    Raises:
        LockedError: another apply is running.
        PlanError: as when planning.
    """
    conn = target.connect() if target.kept is None else target.kept
    try:
        begin_locked(conn, lock_key(target.state_schema), target.limits.advisory_wait, listener)
        plan, snapshot = planner(conn, NO_FACTS)
        if len(plan.groups) > 1 or any(step.migration is not None or not step.transactional for step in plan.steps):
            return ()
        return _refused(conn, plan, snapshot, target)
    except psycopg.Error:
        return ()  # no answer; whoever applies meets the same, and tells
    finally:
        if not conn.closed:
            conn.execute("ROLLBACK")
        if target.kept is None:
            conn.close()


def _refused(
    conn: psycopg.Connection[Any], plan: Plan, snapshot: Snapshot, target: ApplyTarget
) -> tuple[ApplyError, ...]:
    watch = LockWatch(conn, target.connect, target.limits.lock_seconds, _unheard)
    path = snapshot.server.setting
    touched: set[ObjectName] = set()
    found: list[ApplyError] = []
    steps = plan.steps
    try:
        while steps:
            try:
                definitions = RuntimeDefinitions(conn, path)
                runner = Runner(conn, path, target.limits, watch, _unheard, definitions)
                runner.run([_guarded(s) for s in steps])
            except StepFailed as failure:
                if failure.step is None:
                    break
                step = plan.steps[failure.step.number - 1]
                number = max(failure.number - 1, 0)
                error = explain(failure.error, step, number)
                if conn.closed or isinstance(failure.error, classes.STOPPED) or isinstance(error, LockedError):
                    break
                conn.execute(_BACK)
                taught = infer(Failure(failure.error, step, number, plan, NO_FACTS, snapshot))
                if step.object not in touched and taught is None:
                    found.append(error)
                touched |= _connected(step.object, plan)
                steps = plan.steps[step.number :]
            else:
                break
    finally:
        watch.close()
    return tuple(found)


def _guarded(step: Step) -> Step:
    return replace(step, statements=(_BEFORE, *step.statements, _AFTER))


def _connected(start: ObjectName, plan: Plan) -> set[ObjectName]:
    """Return the steps that may fail after a failure: those of dependents, and those that the object may block."""
    uses, users = adjacency(plan.edges)
    return reachable([start], uses, None) | reachable([start], users, None)


def _unheard(_event: Event) -> None:
    """Nobody has to hear of what is taken back."""
