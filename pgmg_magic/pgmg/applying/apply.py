"""Applies a plan: one transaction where the server allows it, all or nothing, learning from errors (rules 8, 9)."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg

from pgmg.applying.failure import explain
from pgmg.applying.learn import learn
from pgmg.applying.limits import Limits
from pgmg.applying.lock import Connect, LockWatch, lock_key, take_lock
from pgmg.applying.runner import Runner, StepFailed
from pgmg.applying.verify import verify
from pgmg.catalog.snapshot import read_snapshot
from pgmg.catalog.state import StateTables
from pgmg.errors import ApplyError, StalePlanError
from pgmg.model.events import (
    AppliedStep,
    ApplyResult,
    Discovered,
    Finished,
    Listener,
    Recorded,
    Retrying,
    Started,
)
from pgmg.model.plan import Edge, Learned, Plan, Record, Step
from pgmg.model.snapshot import Snapshot

_LOCK_ERRORS = frozenset({"55P03", "40P01"})
_MOST_LESSONS = 1000
_NOTIFY_BYTES = 7900

Planner = Callable[[psycopg.Connection[Any], Learned], tuple[Plan, Snapshot]]
"""Plans inside the given connection's transaction, with what has been learned so far."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where to apply: how to connect, which schema holds the state, which lock to take."""

    connect: Connect
    state_schema: str
    limits: Limits = Limits()
    search_path: str | None = None


@dataclass(slots=True)
class _Progress:
    """What one apply has done so far, over all attempts and groups."""

    began: float = field(default_factory=time.monotonic)
    learned: Learned = Learned()
    discovered: list[Edge] = field(default_factory=list)
    lessons: int = 0
    attempts: int = 0
    steps: list[AppliedStep] = field(default_factory=list)
    migrations: list[str] = field(default_factory=list)
    objects: int = 0
    committed: bool = False


def apply(target: Target, planner: Planner, expected: Plan | None, listener: Listener) -> ApplyResult:
    """Plan inside the transaction, compare with the plan that was shown, and carry it out.

    Raises:
        StalePlanError: `expected` was made from something that has changed.
        LockedError: a lock was not had in time, in any of the attempts.
        ApplyError: the server refused a step and nothing could be learned from it.
    """
    return _Apply(target, planner, expected, listener).run()


class _Apply:
    def __init__(self, target: Target, planner: Planner, expected: Plan | None, listener: Listener) -> None:
        self._target, self._planner = target, planner
        self._expected, self._listener = expected, listener
        self._progress = _Progress()
        self._conn = target.connect()
        self._keeper: psycopg.Connection[Any] | None = None
        self._state = StateTables(self._conn, target.state_schema)

    def run(self) -> ApplyResult:
        try:
            while True:
                plan = self._attempt()
                if plan is not None:
                    return self._finish(plan)
        finally:
            if self._keeper is not None:
                self._keeper.close()
            self._conn.close()

    def _attempt(self) -> Plan | None:
        """Run everything once. None: try again, something was learned or a lock was not free."""
        self._conn.execute("BEGIN")
        self._lock()
        plan, snapshot = self._planner(self._conn, self._progress.learned)
        self._compare(plan)
        groups = plan.groups
        if len(groups) > 1 and self._keeper is None:
            # the lock has to outlive single transactions: a second connection holds it meanwhile
            self._conn.execute("ROLLBACK")
            self._keeper = self._target.connect()
            self._keeper.execute("BEGIN")
            self._conn.execute("BEGIN")
            self._lock()
            plan, snapshot = self._planner(self._conn, self._progress.learned)
            self._compare(plan)
            groups = plan.groups
        if plan.is_empty and not plan.rebaseline:
            self._conn.execute("ROLLBACK")
            return plan
        if plan.steps:
            self._listener(Started(plan))
        return plan if self._run_groups(plan, groups or ((),), snapshot) else None

    def _lock(self) -> None:
        holder = self._keeper or self._conn
        if self._keeper is not None and self._progress.committed:
            return
        take_lock(holder, lock_key(self._target.state_schema), self._target.limits.advisory_wait, self._listener)

    def _compare(self, plan: Plan) -> None:
        """Refuse a plan that is not the one that was shown (rule 9.4)."""
        expected = self._expected
        if expected is None or self._progress.attempts or self._progress.lessons or self._progress.committed:
            return
        if plan.fingerprint != expected.fingerprint:
            raise StalePlanError(
                f"This plan is stale: {what_changed(expected, plan)} since it was made.", hint="Plan again and look."
            )

    # -- groups -----------------------------------------------------------------------------------------

    def _run_groups(self, plan: Plan, groups: Sequence[Sequence[Step]], snapshot: Snapshot) -> bool:
        first = True
        for group in groups:
            if not first:
                self._conn.execute("BEGIN")
            first = False
            last = group is groups[-1]
            number = group[0].group if group else 1
            records = [r for r in plan.records if r.group == number]
            silent = list(plan.rebaseline) if last else []
            if not self._run_group(plan, group, records, silent, snapshot):
                return False
        return True

    def _run_group(
        self, plan: Plan, group: Sequence[Step], records: list[Record], silent: list[Record], snapshot: Snapshot
    ) -> bool:
        limits = self._target.limits
        watch = LockWatch(self._conn, self._target.connect, limits.lock_seconds / 2, self._listener)
        runner = Runner(self._conn, self._path(snapshot), limits, watch, self._listener)
        outside = bool(group) and not group[0].transactional
        try:
            self._state.prepare(snapshot.server, progress=outside)
            if outside:
                self._conn.execute("COMMIT")
                self._progress.committed = True
                self._run_outside(runner, group[0], snapshot)
                self._conn.execute("BEGIN")
            else:
                runner.run(group)
            self._write_state(group, records, silent, snapshot)
            self._conn.execute("COMMIT")
        except StepFailed as failure:
            self._rollback()
            return self._recover(failure, plan, snapshot, watch)
        except psycopg.Error as error:
            self._rollback()
            if self._try_again(error):
                return False
            raise explain(error, None, 0, watch.blockers) from None
        finally:
            watch.close()
        self._progress.committed = True
        self._progress.steps += runner.done
        migrations = [s.object.name for s in group if s.migration is not None]
        self._progress.migrations += migrations
        self._progress.objects += len(records)
        if migrations or records:
            self._listener(Recorded(tuple(migrations), len(records)))
        return True

    def _path(self, snapshot: Snapshot) -> str:
        return self._target.search_path if self._target.search_path is not None else snapshot.server.setting

    def _run_outside(self, runner: Runner, step: Step, snapshot: Snapshot) -> None:
        migration = step.migration
        assert migration is not None  # only migrations run outside a transaction
        first = snapshot.progress.get(f"{migration.name}@{migration.hash}", 0)
        runner.run_outside(step, first, lambda n: self._state.record_progress(migration.name, migration.hash, n))

    def _write_state(
        self, group: Sequence[Step], records: list[Record], silent: list[Record], snapshot: Snapshot
    ) -> None:
        migrations = [s.migration for s in group if s.migration is not None]
        self._state.record_migrations([(m.name, m.hash) for m in migrations])
        for step in group:
            if not step.transactional:
                self._state.clear_progress(step.object.name)
        self._state.forget([r.object for r in records if r.source is None])
        kept = [r for r in records if r.source is not None]
        if kept or silent or migrations:
            now = read_snapshot(self._conn, self._target.state_schema)
            verify(self._conn, group, now)
            self._state.record(kept, now)
            self._state.record(silent, now, touch=False)
            if migrations:
                self._state.refresh(now)
        if group:
            self._notify([m.name for m in migrations], records)

    def _notify(self, migrations: list[str], records: list[Record]) -> None:
        """Tell servers that cache the schema (rule 9.6)."""
        names = [str(record.object) for record in records]
        text = json.dumps({"migrations": migrations, "objects": names})
        if len(text.encode()) > _NOTIFY_BYTES:
            text = json.dumps({"migrations": len(migrations), "objects": len(names)})
        self._conn.execute("SELECT pg_catalog.pg_notify('pgmg', $1)", [text])

    # -- errors -----------------------------------------------------------------------------------------

    def _rollback(self) -> None:
        if not self._conn.closed and self._conn.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
            self._conn.execute("ROLLBACK")

    def _recover(self, failure: StepFailed, plan: Plan, snapshot: Snapshot, watch: LockWatch) -> bool:
        """Learn from the failure or wait for the lock; raise where neither helps."""
        if self._try_again(failure.error):
            return False
        step = failure.step
        lesson = None
        if step is not None and self._progress.lessons < _MOST_LESSONS and not self._conn.closed:
            lesson = learn(failure.error, step, failure.number, plan, self._progress.learned, snapshot)
        if lesson is None:
            raise self._explained(failure, watch) from None
        self._progress.learned = lesson.learned
        self._progress.lessons += 1
        for edge in lesson.edges:
            self._progress.discovered.append(edge)
            self._listener(Discovered(edge, failure.error.diag.message_primary or ""))
        return False

    def _explained(self, failure: StepFailed, watch: LockWatch) -> ApplyError:
        error = explain(failure.error, failure.step, failure.number, watch.blockers)
        if self._progress.committed:
            done = ", ".join(self._progress.migrations) or "earlier groups"
            error.hint = f"{error.hint or ''}\nAlready committed: {done}. The next apply continues from there.".strip()
        return error

    def _try_again(self, error: psycopg.Error) -> bool:
        """After a lock timeout or a deadlock: wait a little longer each time, then run everything again."""
        limits = self._target.limits
        if error.sqlstate not in _LOCK_ERRORS or self._progress.attempts >= limits.retries:
            return False
        self._progress.attempts += 1
        reason = error.diag.message_primary or "a lock was not free"
        self._listener(Retrying(self._progress.attempts, limits.retries, reason))
        time.sleep(min(0.1 * 2**self._progress.attempts, 5.0))
        return True

    def _finish(self, plan: Plan) -> ApplyResult:
        progress = self._progress
        result = ApplyResult(
            plan=plan,
            applied=progress.committed and bool(progress.steps or progress.objects),
            steps=tuple(progress.steps),
            migrations_recorded=tuple(progress.migrations),
            objects_updated=progress.objects,
            discovered=tuple(progress.discovered),
            duration_ms=round((time.monotonic() - progress.began) * 1000, 3),
        )
        self._listener(Finished(result))
        return result


def what_changed(old: Plan, new: Plan) -> str:
    """Say in words in which parts two plans differ."""
    before = dict(old.basis)
    changed = [part for part, digest in new.basis if before.get(part) != digest]
    said = {
        "sources": "the files have changed",
        "state": "something was applied",
        "catalog": "the database has changed",
        "options": "the options differ",
        "steps": "other steps are needed",
    }
    return " and ".join(said[part] for part in changed[:2]) or "something has changed"


