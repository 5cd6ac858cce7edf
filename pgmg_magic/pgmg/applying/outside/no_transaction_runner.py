"""Runs a migration whose statements commit one by one, so that it can be continued where it broke (rule 9.2)."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.pq import ConnStatus, TransactionStatus

from pgmg.applying.assertions import Assertions, assertion_statements
from pgmg.applying.learning import error_classes as classes
from pgmg.applying.outside.migration_progress import progress_of
from pgmg.applying.outside.second_try import SecondTry, finalizing, second_try
from pgmg.applying.runner import RESET_SESSION, StepFailed, copy_in, copy_statements, discard_session, settings_before
from pgmg.catalog.sessions.connection import manner_of
from pgmg.catalog.sessions.pipeline import alone
from pgmg.model.results.events import AppliedStep, Listener, StepBegun, StepDone
from pgmg.model.sources.source import StatementKind
from pgmg.source.grammar.lexer import significant
from pgmg.source.migrations.progress_notes import begun_note, note_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pgmg.applying.limits import Limits
    from pgmg.applying.lock_watch import LockWatch
    from pgmg.catalog.state.state_tables import StateTables
    from pgmg.model.plans.plan import Step
    from pgmg.model.sources.source import Migration, Statement


class NoTransactionRunner:
    """Runs the statements of one step each on its own, from the first that is not done yet.

    A statement that can share a transaction with the note that it is done does so. Before one that cannot, it is
    noted that it begins: where the note is found later, "exists already" means that it had come to its end.
    What cannot be told in this way was settled before (`migration_progress.settle`).
    """

    def __init__(
        self,
        conn: psycopg.Connection[Any],
        path: str,
        limits: Limits,
        watch: LockWatch,
        listener: Listener,
        state: StateTables,
    ) -> None:
        self._conn, self._path, self._limits = conn, path, limits
        self._watch, self._listener, self._state = watch, listener, state
        self.current: Step | None = None

    def run(self, step: Step, notes: Mapping[str, int]) -> AppliedStep:
        """Run the step; `notes` are what the state says of earlier attempts.

        Raises:
            StepFailed: a statement failed; those before it stay done.
            AssertionFailedError: what the migration requires does not hold.
        """
        migration = step.migration
        assert migration is not None  # only migrations run outside a transaction
        began = time.monotonic()
        progress = progress_of(migration, notes)
        first, last = max(progress.done, step.first_statement), step.first_statement + len(step.statements)
        self.current = step
        self._listener(StepBegun(step))
        try:
            self._set("search_path", self._path)
            self._set("lock_timeout", self._limits.lock_timeout)
            if self._limits.statement_timeout is not None:
                self._set("statement_timeout", self._limits.statement_timeout)
            for configured in manner_of(self._conn).session_statements:
                self._conn.execute(configured)
            for setting in settings_before(migration, first):
                alone(self._conn, setting)  # it holds for the statements that are still to come
            for number in range(first, last):
                self._one(step, migration, number, is_second_try=number == progress.begun)
        except psycopg.Error as error:
            raise StepFailed(error, None, 0) from None
        finally:
            self.current = None
            self._leave()
        done = AppliedStep(step, round((time.monotonic() - began) * 1000, 3))
        self._listener(StepDone(step, done.duration_ms))
        return done

    def _one(self, step: Step, migration: Migration, number: int, *, is_second_try: bool) -> None:
        """Run the statement of a number, counted from 0 in the whole migration."""
        statement = migration.sent[number]
        if self._conn.info.transaction_status is not TransactionStatus.IDLE or _begins_transaction(statement):
            self._within_its_own(step, migration, number)
        elif statement.kind is StatementKind.OUTSIDE or not self._with_note(step, migration, number):
            self._alone(step, migration, number, is_second_try=is_second_try)

    def _within_its_own(self, step: Step, migration: Migration, number: int) -> None:
        """Run a statement in a transaction of the migration's own, and note that it is done there."""
        self._watch.begin()
        try:
            self._send(step, number)
        except psycopg.Error as error:
            self._rollback()
            raise StepFailed(self._watch.meant(error), step, number - step.first_statement) from None
        if self._conn.info.transaction_status is not TransactionStatus.INERROR:
            self._note(migration, number)

    def _with_note(self, step: Step, migration: Migration, number: int) -> bool:
        """Run a statement and note that it is done, in one transaction; say whether it lets itself be run there."""
        self._conn.execute("BEGIN")
        self._watch.begin()
        try:
            self._send(step, number)
        except psycopg.Error as error:
            self._rollback()
            if isinstance(error, classes.NEEDS_NO_TRANSACTION):
                return False
            raise StepFailed(self._watch.meant(error), step, number - step.first_statement) from None
        self._note(migration, number)
        self._conn.execute("COMMIT")
        return True

    def _alone(self, step: Step, migration: Migration, number: int, *, is_second_try: bool) -> None:
        """Run a statement outside a transaction, between a note that it begins and one that it is done."""
        concurrent = any(token.word == "CONCURRENTLY" for token in significant(migration.sent[number].sql))
        timeout = self._setting("lock_timeout") if concurrent else ""
        if concurrent:
            self._set("lock_timeout", "0")  # it waits for every transaction there is, by design
        with self._noting():
            self._state.record_begun(migration.name, begun_note(migration.sent, number), number)
        self._watch.begin(limited=not concurrent)
        try:
            self._send(step, number)
        except psycopg.Error as error:
            if not (is_second_try and self._was_done(migration.sent[number], error)):
                self._undo(migration, number)
                raise StepFailed(self._watch.meant(error), step, number - step.first_statement) from None
        if self._conn.info.transaction_status is not TransactionStatus.INERROR:
            self._note(migration, number)
        if concurrent:
            self._set("lock_timeout", timeout)

    def _was_done(self, statement: Statement, error: psycopg.Error) -> bool:
        """Say whether the first try had come to its end, as the server refuses the second one; finish a detachment."""
        match second_try(statement.sql):
            case SecondTry.TELLS:
                return isinstance(error, classes.DONE_ALREADY)
            case SecondTry.FINALIZES:
                if isinstance(error, classes.DETACHING):
                    alone(self._conn, finalizing(statement.sql), self._watch.tick, self._watch.every)
                    return True
                return isinstance(error, classes.DETACHED)
            case SecondTry.REPEATS | SecondTry.UNKNOWN:
                return False

    def _note(self, migration: Migration, number: int) -> None:
        with self._noting():
            self._state.record_progress(migration.name, note_of(migration.sent, number + 1), number + 1)

    def _send(self, step: Step, number: int) -> None:
        copies, index = copy_statements(step), number - step.first_statement
        if index in copies:
            copy_in(self._conn, step.statements[index], copies[index].data or "")
        elif index in assertion_statements(step):
            Assertions(self._conn, self._path, self._limits).require(step, index)
        else:
            alone(self._conn, step.statements[index], self._watch.tick, self._watch.every)

    def _rollback(self) -> None:
        if self._conn.pgconn.status == ConnStatus.OK:
            self._conn.execute("ROLLBACK")

    def _undo(self, migration: Migration, number: int) -> None:
        """Take back the note that a statement begins: the server refused it, and nothing of it is left."""
        if self._conn.pgconn.status == ConnStatus.OK:
            if self._conn.info.transaction_status is not TransactionStatus.IDLE:
                self._conn.execute("ROLLBACK")
            with self._noting():
                self._state.forget_progress(migration.name, begun_note(migration.sent, number))

    @contextmanager
    def _noting(self) -> Iterator[None]:
        """Notes are written as the project's own role, whatever role the migration has taken."""
        idle = self._conn.info.transaction_status is TransactionStatus.IDLE
        role = "" if idle else self._setting("role")
        if idle:
            self._conn.execute("BEGIN")
        self._set_local("role", manner_of(self._conn).role or "none")
        yield
        if idle:
            self._conn.execute("COMMIT")
        else:
            self._set_local("role", role)

    def _leave(self) -> None:
        """Reset the session for the next attempt, also after an error."""
        usable = self._conn.pgconn.status == ConnStatus.OK
        if usable and self._conn.info.transaction_status is not TransactionStatus.ACTIVE:
            if self._conn.info.transaction_status is not TransactionStatus.IDLE:
                self._conn.execute("ROLLBACK")
            for statement in (*RESET_SESSION, *discard_session(self._conn)):
                self._conn.execute(statement)

    def _set(self, name: str, value: str) -> None:
        self._conn.execute("SELECT pg_catalog.set_config($1, $2, false)", [name, value])

    def _set_local(self, name: str, value: str) -> None:
        self._conn.execute("SELECT pg_catalog.set_config($1, $2, true)", [name, value])

    def _setting(self, name: str) -> str:
        row = self._conn.execute("SELECT pg_catalog.current_setting($1)", [name]).fetchone()
        assert row is not None  # a SELECT without FROM has a row
        return str(row[0])


def _begins_transaction(statement: Statement) -> bool:
    return next(significant(statement.sql)).word in ("BEGIN", "START")
