"""Runs a migration whose statements commit one by one, so that it can be continued where it broke (rule 9.2)."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.pq import ConnStatus, TransactionStatus

from pgmg.applying.locate import sent_statements
from pgmg.applying.runner import RESET_SESSION, StepFailed, copy_in, copy_statements, discard_session, is_setting
from pgmg.catalog.connection import manner_of
from pgmg.catalog.pipeline import alone
from pgmg.model.events import AppliedStep, Listener, StepBegun, StepDone
from pgmg.model.source import Migration, StatementKind
from pgmg.source.grammar.lexer import significant

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pgmg.applying.limits import Limits
    from pgmg.applying.lock_watch import LockWatch
    from pgmg.catalog.state_tables import StateTables
    from pgmg.model.plan import Step

_DONE_ALREADY = frozenset({"42P07", "42704", "42710", "42P04", "3D000"})
"""What the server says of a statement that was carried out already: it exists, or it is gone."""

_COMMITS = ("CALL", "DO")
"""May end transactions themselves, so that none may be around them."""


class NoTransactionRunner:
    """Runs the statements of one step each on its own, from the first that is not done yet.

    A statement that can share a transaction with the note that it is done does so. Before one that cannot, it is
    noted that it begins: where the note is found later, "exists already" means that it had come to its end.
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

    def run(self, step: Step, progress: Mapping[str, int]) -> AppliedStep:
        """Run the step; `progress` is what the state says of earlier attempts.

        Raises:
            StepFailed: a statement failed; those before it stay done.
        """
        migration = step.migration
        assert migration is not None  # only migrations run outside a transaction
        began = time.monotonic()
        first = progress.get(f"{migration.name}@{migration.hash}", 0)
        begun = progress.get(f"{migration.name}@{_begun(migration)}", -1)
        self.current = step
        self._listener(StepBegun(step))
        try:
            self._set("search_path", self._path)
            self._set("lock_timeout", self._limits.lock_timeout)
            if self._limits.statement_timeout is not None:
                self._set("statement_timeout", self._limits.statement_timeout)
            for configured in manner_of(self._conn).session_statements:
                self._conn.execute(configured)
            for number, statement in enumerate(step.statements):
                if number >= first:
                    self._one(step, migration, number, is_second_try=number == begun)
                elif is_setting(statement):
                    alone(self._conn, statement)  # it held for the statements that are still to come
        except psycopg.Error as error:
            raise StepFailed(error, None, 0) from None
        finally:
            self.current = None
            self._leave()
        done = AppliedStep(step, round((time.monotonic() - began) * 1000, 3))
        self._listener(StepDone(step, done.duration_ms))
        return done

    def _one(self, step: Step, migration: Migration, number: int, *, is_second_try: bool) -> None:
        statement = step.statements[number]
        words = [token.word for token in significant(statement)]
        shared = sent_statements(step)[number].kind is not StatementKind.OUTSIDE and words[0] not in _COMMITS
        idle = self._conn.info.transaction_status is TransactionStatus.IDLE
        concurrent = "CONCURRENTLY" in words
        timeout = self._setting("lock_timeout") if concurrent else ""
        if concurrent:
            self._set("lock_timeout", "0")  # it waits for every transaction there is, by design
        if shared and idle and words[0] not in ("BEGIN", "START"):
            self._conn.execute("BEGIN")
        elif idle:
            with self._noting():
                self._state.record_progress(migration.name, _begun(migration), number)
        self._watch.begin(limited=not concurrent)
        try:
            self._send(step, number)
        except psycopg.Error as error:
            if is_second_try and error.sqlstate in _DONE_ALREADY:
                pass
            else:
                self._undo(migration)
                raise StepFailed(self._watch.meant(error), step, number) from None
        if self._conn.info.transaction_status is not TransactionStatus.INERROR:
            with self._noting():
                self._state.record_progress(migration.name, migration.hash, number + 1)
        if shared and idle and words[0] not in ("BEGIN", "START"):
            self._conn.execute("COMMIT")
        if concurrent:
            self._set("lock_timeout", timeout)

    def _send(self, step: Step, number: int) -> None:
        copies = copy_statements(step)
        if number in copies:
            copy_in(self._conn, step.statements[number], copies[number].data or "")
        else:
            alone(self._conn, step.statements[number], self._watch.tick, self._watch.every)

    def _undo(self, migration: Migration) -> None:
        """The server said no: nothing of the statement is left, and the note that it begins would be wrong."""
        if self._conn.pgconn.status == ConnStatus.OK:
            if self._conn.info.transaction_status is not TransactionStatus.IDLE:
                self._conn.execute("ROLLBACK")
            with self._noting():
                self._state.forget_progress(migration.name, _begun(migration))

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
        """Whatever happened, the next attempt finds the session as it was."""
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


def _begun(migration: Migration) -> str:
    """Return under which hash it is noted that a statement begins."""
    return f"{migration.hash}:begun"
