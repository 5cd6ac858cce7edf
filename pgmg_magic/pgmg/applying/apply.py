"""Applies a plan: one transaction where the server allows it, all or nothing, learning from errors (rules 8, 9)."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.pq import ConnStatus, TransactionStatus

from pgmg.applying.apply_progress import MAX_REPLANS, ApplyProgress
from pgmg.applying.assertions import Assertions
from pgmg.applying.definitions import RuntimeDefinitions
from pgmg.applying.failing.apply_failure import explain
from pgmg.applying.failing.failure import Failure
from pgmg.applying.failing.interruption import CommitWatch, what_became
from pgmg.applying.failing.locate import secrets_of
from pgmg.applying.first_locks import take_first_locks
from pgmg.applying.learning import error_classes as classes
from pgmg.applying.learning.infer import Inference, infer
from pgmg.applying.learning.reconcile import Reconciliation
from pgmg.applying.limits import retry_delay
from pgmg.applying.lock import begin_locked, lock_key
from pgmg.applying.lock_watch import LockWatch
from pgmg.applying.outside.migration_progress import settle
from pgmg.applying.outside.no_transaction_runner import NoTransactionRunner
from pgmg.applying.outside.owed_recorder import OwedObjects
from pgmg.applying.outside.pooled import check_shareable, second_connection
from pgmg.applying.record import record_group, records_of
from pgmg.applying.runner import BACK, Runner, StepFailed
from pgmg.applying.stale_plan import check_same
from pgmg.applying.verify import corrected_notice
from pgmg.catalog.reading.catalog_queries import WHILE_APPLYING
from pgmg.catalog.reading.snapshot_reader import read_snapshot
from pgmg.catalog.sessions.connection import is_shared, manner_of
from pgmg.catalog.state.state_tables import StateTables
from pgmg.errors import ApplyError, AssertionFailedError, CycleError, RefusedChange
from pgmg.model.database.state_layout import PROGRESS
from pgmg.model.plans.plan import Action
from pgmg.model.results.events import (
    AppliedStep,
    ApplyResult,
    Discovered,
    Finished,
    Listener,
    Recorded,
    Retrying,
    ServerNotice,
    Started,
)
from pgmg.model.secrets import mask_secrets
from pgmg.planning.permission_notices import refuse_unpermitted
from pgmg.planning.schedule.transactions import notes_progress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from pgmg.applying.target import ApplyTarget, PlanMaker
    from pgmg.model.database.snapshot import Snapshot
    from pgmg.model.plans.plan import Plan, Step
    from pgmg.model.results.events import Event


def apply(target: ApplyTarget, planner: PlanMaker, expected: Plan | None, listener: Listener) -> ApplyResult:
    """Plan inside the transaction, compare with the plan that was shown, and carry it out.

    Raises:
        StalePlanError: `expected` was made from something that has changed.
        LockedError: a lock was not had in time, in any of the attempts.
        ApplyError: the server refused a step and nothing could be learned from it.
    """
    return _Apply(target, planner, expected, listener).run()


class _Apply:
    def __init__(self, target: ApplyTarget, planner: PlanMaker, expected: Plan | None, listener: Listener) -> None:
        self._conn = target.connect() if target.kept is None else target.kept
        limits = replace(target.limits, session=manner_of(self._conn).statements)
        self._target, self._planner = replace(target, limits=limits), planner
        self._expected, self._listener = expected, listener
        self._progress = ApplyProgress()
        self._conn.add_notice_handler(self._notice)
        self._current: Callable[[], Step | None] = _nothing
        self._lock_connection: psycopg.Connection[Any] | None = None
        self._definitions = RuntimeDefinitions(self._conn, "")
        self._state = StateTables(self._conn, target.state_schema, target.applied_from, target.history)
        self._commits = CommitWatch(target.connect)
        self._reconciliation: Reconciliation | None = None

    def run(self) -> ApplyResult:
        try:
            while True:
                plan = self._attempt()
                if plan is not None:
                    return self._finish(plan)
        except psycopg.Error as error:
            raise self._explained(StepFailed(error, None, 0), self._lock_watch()) from None
        except AssertionFailedError as error:
            error.hint = error.hint or self._progress.told(None, 0, is_connected=True) or "Nothing has been changed."
            raise
        except Exception:
            raise
        except BaseException as interruption:
            running = self._current()
            outside = running if running is not None and not running.transactional else None
            self._leave()
            interruption.add_note(what_became(self._progress.done(), self._commits, outside))
            raise
        finally:
            if self._lock_connection is not None:
                self._lock_connection.close()
            self._leave()

    def _leave(self) -> None:
        if self._target.kept is None:
            self._conn.close()
        else:
            self._rollback()
            self._conn.remove_notice_handler(self._notice)

    def _notice(self, diagnostic: psycopg.errors.Diagnostic) -> None:
        step = self._current()
        if step is not None:  # what pgmg's own statements cause is of no interest
            severity = diagnostic.severity_nonlocalized or diagnostic.severity or "NOTICE"
            self._listener(
                ServerNotice(severity, mask_secrets(diagnostic.message_primary or "", secrets_of(step)), step)
            )

    # -- one attempt ------------------------------------------------------------------------------------

    def _attempt(self) -> Plan | None:
        """Run everything once. None: try again, something was learned or a lock was not free."""
        try:
            plan, snapshot = self._planned()
            if is_shared(self._conn):
                check_shareable(plan)
            elif len(plan.groups) > 1 and self._lock_connection is None:
                # the lock has to outlive single transactions: a second connection holds it meanwhile
                self._conn.execute("ROLLBACK")
                self._lock_connection = second_connection(self._conn, self._target.connect)
                plan, snapshot = self._planned()
            snapshot = self._settled(plan, snapshot)
        except psycopg.Error as error:
            self._rollback()
            if self._try_again(error, also=classes.CONCURRENT_DDL):
                return None
            raise
        if plan.is_empty and not plan.rebaseline:
            self._conn.execute("ROLLBACK")
            return plan
        if plan.steps:
            self._tell(self._progress.new_warnings(plan))
            self._listener(Started(plan))
        groups = plan.groups or ((),)
        if is_shared(self._conn):
            groups = groups[:1]  # nobody can hold the lock across its commit: what is left is planned afresh
        done = self._run_groups(plan, groups, snapshot)
        return plan if done and len(groups) >= len(plan.groups) else None

    def _planned(self) -> tuple[Plan, Snapshot]:
        """Open the transaction, take the lock, plan, and see that it is the plan that was shown."""
        self._begin()
        try:
            plan, snapshot = self._planner(self._conn, self._progress.facts)
        except (CycleError, RefusedChange) as error:
            raise self._with_cause(error) from None
        if self._expected is not None and not self._progress.committed:
            check_same(self._expected, plan, learned=self._progress.lessons > 0)
        return plan, snapshot

    def _settled(self, plan: Plan, snapshot: Snapshot) -> Snapshot:
        """Write down how to go on with interrupted migrations; raise where nobody has said so, or may not apply."""
        refuse_unpermitted(plan)
        resume = None if self._progress.committed else self._target.resume
        return replace(snapshot, progress=settle(plan, snapshot.progress, resume, self._state))

    def _begin(self) -> None:
        """Open the transaction, the lock being held by it or, where it has to outlive it, by the keeper's."""
        key, patience = lock_key(self._target.state_schema), self._target.limits.advisory_wait
        if self._lock_connection is None:
            begin_locked(self._conn, key, patience, self._listener)
        else:
            if self._lock_connection.info.transaction_status is TransactionStatus.IDLE:
                begin_locked(self._lock_connection, key, patience, self._listener)
                self._lock_connection.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
            self._conn.execute("BEGIN")
        self._limit()

    def _limit(self) -> None:
        """Give pgmg's own statements the lock timeout and the role of the steps."""
        limits = self._target.limits
        self._conn.execute("SELECT pg_catalog.set_config('lock_timeout', $1, true)", [limits.lock_timeout])
        self._conn.execute(WHILE_APPLYING)
        for statement in limits.session:
            self._conn.execute(statement)

    def _with_cause(self, error: CycleError | RefusedChange) -> Exception:
        """Return the error to report where no plan follows from the learned facts: the server's own (rule 8.2)."""
        cause = self._progress.taught_by
        if cause is None:
            return error
        said = self._explained(cause, None)
        if isinstance(error, CycleError):
            return said
        message = f"{error.message}\n\nThe server said: {said.message}"
        return RefusedChange(message, where=said.where, hint=error.hint, blame=error.blame)

    # -- groups -----------------------------------------------------------------------------------------

    def _run_groups(self, plan: Plan, groups: Sequence[Sequence[Step]], snapshot: Snapshot) -> bool:
        owed = OwedObjects(self._conn, self._target.state_schema, snapshot, plan)
        self._definitions = RuntimeDefinitions(self._conn, snapshot.server.setting, plan, owed)
        for number, group in enumerate(groups, start=1):
            try:
                if number == 1:
                    self._state.prepare(snapshot, *((PROGRESS,) if notes_progress(plan.steps) else ()))
                else:
                    self._begin_next()
            except psycopg.Error as error:
                self._rollback()
                if self._try_again(error):
                    return False
                raise
            if not self._run_group(plan, group, snapshot, owed, is_last=number == len(plan.groups or groups)):
                return False
        return True

    def _begin_next(self) -> None:
        assert self._lock_connection is not None  # several groups have one
        self._lock_connection.execute("SELECT")  # still holding the lock?
        self._begin()

    def _run_group(
        self, plan: Plan, group: Sequence[Step], snapshot: Snapshot, owed: OwedObjects, *, is_last: bool
    ) -> bool:
        number = group[0].group if group else 1
        owed.begin(group)
        records, silent = records_of(plan, number, is_last=is_last)
        limits, path = self._target.limits, snapshot.server.setting
        watch = self._lock_watch()
        done: list[AppliedStep]
        now: Snapshot | None = None
        learned: list[Discovered | ServerNotice] | None = None
        try:
            if group and not group[0].transactional:
                done, learned = self._run_outside(plan, group, snapshot, watch)
            else:
                run = self._run_in_transaction(plan, group, snapshot, watch)
                if run is None:
                    return False
                done, now = run
            self._current = _nothing
            for step in record_group(self._conn, self._state, snapshot, done, records, silent, plan, number, now):
                self._listener(corrected_notice(step))
            owed.record(self._state)
            Assertions(self._conn, path, limits).ensure(done)
            self._commits.begin(self._state.transaction, is_last=is_last and learned is None)
            self._conn.execute("COMMIT")
        except StepFailed as failure:
            return self._recover(failure, plan, snapshot, watch)
        except psycopg.Error as error:
            self._rollback()
            if self._try_again(error):
                return False
            raise self._explained(StepFailed(error, None, 0), watch, plan) from None
        finally:
            watch.close()
        self._commits.end()
        self._progress.committed = True
        self._progress.plan = self._progress.plan or plan
        self._progress.steps += done
        migrations = tuple(s.migration.name for s in group if s.migration is not None and s.completes_migration)
        self._progress.migrations += migrations
        self._progress.owed = owed.absent
        self._progress.objects += len(records)
        if migrations or records:
            self._listener(Recorded(migrations, len(records)))
        self._tell(learned or ())
        return learned is None

    def _run_outside(
        self, plan: Plan, group: Sequence[Step], snapshot: Snapshot, watch: LockWatch
    ) -> tuple[list[AppliedStep], list[Discovered | ServerNotice] | None]:
        """Run the step of a group outside a transaction, and open the next one.

        Return what was done, and what it did beyond the plan; None: the rest of the plan holds.
        """
        expected = Reconciliation(self._conn, self._target.state_schema, snapshot, group, plan)
        if expected.suspects:
            expected.begin()
        self._conn.execute("COMMIT")
        self._progress.committed = True
        self._reconciliation = None
        path, limits = snapshot.server.setting, self._target.limits
        outside = NoTransactionRunner(self._conn, path, limits, watch, self._listener, self._state)
        self._current = lambda: outside.current
        done = [outside.run(group[0], snapshot.progress)]
        self._current = _nothing
        self._conn.execute("BEGIN")
        self._limit()
        if not expected.suspects:
            return done, None
        now = read_snapshot(self._conn, self._target.state_schema)
        return done, self._progress.learn_from_committed(expected, now)

    def _run_in_transaction(
        self, plan: Plan, group: Sequence[Step], snapshot: Snapshot, watch: LockWatch
    ) -> tuple[list[AppliedStep], Snapshot | None] | None:
        """Run the steps of a group; return what was done and the database after it, or None: try again."""
        number = group[0].group if group else 1
        expected = Reconciliation(self._conn, self._target.state_schema, snapshot, group, plan)
        expected.is_watched = number in self._progress.watched
        self._reconciliation = expected
        care = expected.care(savepoints=self._progress.looks)
        path, limits = snapshot.server.setting, self._target.limits
        take_first_locks(self._conn, plan, number, limits, watch)
        runner = Runner(self._conn, path, limits, watch, self._listener, self._definitions, care)
        self._current = lambda: runner.current
        runner.run(group)
        self._current = _nothing
        self._conn.execute(WHILE_APPLYING)
        now = read_snapshot(self._conn, self._target.state_schema) if expected.suspects else None
        learned = None if now is None else self._progress.learn_from_group(expected, now)
        if learned is not None:
            self._rollback()
            self._tell(learned)
            return None
        return runner.done, now

    def _tell(self, events: Iterable[Event]) -> None:
        for event in events:
            self._listener(event)

    # -- errors -----------------------------------------------------------------------------------------

    def _lock_watch(self) -> LockWatch:
        return LockWatch(self._conn, self._target.connect, self._target.limits.lock_seconds, self._listener)

    def _rollback(self) -> None:
        self._current = _nothing
        usable = self._conn.pgconn.status == ConnStatus.OK
        if usable and self._conn.info.transaction_status is not TransactionStatus.IDLE:
            self._conn.execute("ROLLBACK")

    def _recover(self, failure: StepFailed, plan: Plan, snapshot: Snapshot, watch: LockWatch) -> bool:
        """Learn from the failure or wait for the lock; raise where neither helps."""
        inference = self._infer(failure, plan, snapshot)
        self._rollback()
        if self._try_again(failure.error) or _is_outdated(failure):
            return False
        is_drop = failure.step is not None and failure.step.action in (Action.DROP, Action.SWAP)
        learned = self._progress.learn_from_failure(self._reconciliation, failure) if is_drop or not inference else None
        if learned is not None:
            self._tell(learned)
            return False
        if inference is None:
            raise self._explained(failure, watch, plan) from None
        self._progress.lessons += 1
        self._progress.looks = self._progress.looks or inference.look
        self._progress.facts = self._progress.facts.with_facts(*inference.facts)
        self._progress.taught_by = failure
        for edge in inference.edges:
            self._progress.discovered.append(edge)
            said = mask_secrets(failure.error.diag.message_primary or "", secrets_of(failure.step))
            self._listener(Discovered(edge, said))
        return False

    def _infer(self, failure: StepFailed, plan: Plan, snapshot: Snapshot) -> Inference | None:
        """Infer what the server taught, looking at the database as it was right before the failed statement.

        Inside a transaction that takes an attempt that was made for it. Outside, nothing is left of the statement.
        """
        step = failure.step
        if step is None or self._progress.lessons >= MAX_REPLANS or self._conn.pgconn.status != ConnStatus.OK:
            return None
        status = self._conn.info.transaction_status
        looks = self._progress.looks and status is TransactionStatus.INERROR
        if looks and step.transactional:
            self._conn.execute(BACK)
        elif status is TransactionStatus.IDLE and not step.transactional:
            self._conn.execute("BEGIN")
            self._limit()
            looks = True
        conn = self._conn if looks else None
        facts, schema = self._progress.facts, self._target.state_schema
        return infer(Failure(failure.error, step, failure.number, plan, facts, snapshot, conn, schema))

    def _explained(self, failure: StepFailed, watch: LockWatch | None, plan: Plan | None = None) -> ApplyError:
        """Return the error to raise, which says what has been changed."""
        step = failure.step
        error = explain(failure.error, step, failure.number, _who_blocked(failure, watch), plan)
        is_connected = self._conn.pgconn.status == ConnStatus.OK
        told = self._progress.told(step, failure.number, is_connected=is_connected) or (
            "" if error.hint else "Nothing has been changed."
        )
        error.hint = "\n".join(part for part in (error.hint, told) if part)
        return error

    def _try_again(self, error: psycopg.Error, also: tuple[type[psycopg.Error], ...] = ()) -> bool:
        """After a lock timeout or a deadlock: wait a little longer each time, then run everything again."""
        limits = self._target.limits
        if not isinstance(error, classes.LOCKED + also) or self._progress.attempts >= limits.retries:
            return False
        self._progress.attempts += 1
        reason = mask_secrets(error.diag.message_primary or "a lock was not free")
        self._listener(Retrying(self._progress.attempts, limits.retries, reason))
        time.sleep(retry_delay(self._progress.attempts))
        return True

    def _finish(self, plan: Plan) -> ApplyResult:
        result = self._progress.result(plan)
        self._listener(Finished(result))
        return result


def _is_outdated(failure: StepFailed) -> bool:
    """Say whether a step of pgmg failed after a commit of its plan, which may have done more than the plan knew."""
    step = failure.step
    return step is not None and step.migration is None and step.transactional and step.group > 1


def _who_blocked(failure: StepFailed, watch: LockWatch | None) -> str | None:
    if watch is None or not isinstance(failure.error, classes.LOCKED):
        return None
    return watch.blockers(failure.step, failure.number)


def _nothing() -> Step | None:
    """Return what the server is working on between steps."""
    return None
