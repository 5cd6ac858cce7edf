"""Runs the steps of one group inside a transaction, pipelined, and tells a listener how it goes."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass, field
from itertools import takewhile
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

from pgmg.applying.assertions import Assertions, assertion_statements
from pgmg.applying.outside.migration_session import MigrationSession
from pgmg.applying.verify import corrected_notice, verify
from pgmg.catalog.reading.catalog_queries import SESSION_SETTINGS, restore_settings
from pgmg.catalog.reading.snapshot_reader import find
from pgmg.catalog.sessions.connection import is_pooled
from pgmg.catalog.sessions.pipeline import Command, stream
from pgmg.model.plans.plan import Action
from pgmg.model.results.events import AppliedStep, Listener, StepBegun, StepDone
from pgmg.model.sources.source import Statement, StatementKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from pgmg.applying.definitions import RuntimeDefinitions
    from pgmg.applying.limits import Limits
    from pgmg.applying.lock_watch import LockWatch
    from pgmg.model.plans.plan import Step
    from pgmg.model.sources.source import Migration

RESET_SESSION = ("RESET SESSION AUTHORIZATION", "RESET ROLE", "RESET ALL")
"""Takes back what a statement may have set for the session (rule 9.7)."""

_DISCARDS = ("CLOSE ALL", "UNLISTEN *", "DISCARD TEMP", "SELECT pg_catalog.pg_advisory_unlock_all()")
_DEALLOCATE_OWN = """DO LANGUAGE plpgsql $pgmg$ DECLARE prepared text; BEGIN
FOR prepared IN SELECT p.name FROM pg_catalog.pg_prepared_statements AS p WHERE p.from_sql
LOOP EXECUTE pg_catalog.format('DEALLOCATE %I', prepared); END LOOP; END $pgmg$"""


def discard_session(conn: psycopg.Connection[Any]) -> tuple[str, ...]:
    """Return what takes away what a migration may have left in the session.

    A pooler keeps prepared statements of its own on the server process: those stay.
    """
    return (*_DISCARDS, _DEALLOCATE_OWN if is_pooled(conn) else "DEALLOCATE ALL")


class StepFailed(Exception):
    """A statement of a step failed; `number` counts the step's statements from 0."""

    def __init__(self, error: psycopg.Error, step: Step | None, number: int) -> None:
        super().__init__(str(error))
        self.error = error
        self.step = step
        self.number = number


@dataclass(frozen=True, slots=True)
class _Sent:
    step: Step | None  # None: pgmg's own housekeeping
    number: int = 0
    is_last: bool = False
    is_care: bool = False  # a savepoint, or what a migration ends with: no statement of the step


@dataclass(frozen=True, slots=True)
class Care:
    """How a run finds out more about what failed in the one before.

    With `savepoints`, each statement runs behind a savepoint: after a failure the database can be looked at as it was
    right before. `before` and `after` are called around the statements of migrations for which they are given, by
    migration name and number of the statement.
    """

    savepoints: bool = False
    before: Mapping[tuple[str, int], Callable[[], None]] = field(default_factory=lambda: MappingProxyType({}))
    after: Mapping[tuple[str, int], Callable[[], None]] = field(default_factory=lambda: MappingProxyType({}))


_LOSES = frozenset({Action.DROP, Action.SWAP, Action.REPLACE})
"""Steps before which the properties of an object are read, as it loses them."""

SAVEPOINT = "SAVEPOINT pgmg_statement"
RELEASE = "RELEASE SAVEPOINT pgmg_statement"
BACK = "ROLLBACK TO SAVEPOINT pgmg_statement"


class Runner:
    """Sends steps and tells a listener how it goes. `current` is the step that the server is working on."""

    def __init__(
        self,
        conn: psycopg.Connection[Any],
        path: str,
        limits: Limits,
        watch: LockWatch,
        listener: Listener,
        definitions: RuntimeDefinitions,
        care: Care = Care(),
    ) -> None:
        self._conn = conn
        self._path = path
        self._limits = limits
        self._watch = watch
        self._listener = listener
        self._definitions = definitions
        self._care = care
        self._queue: list[tuple[_Sent, str]] = []
        self._unverified: list[Step] = []
        self.current: Step | None = None
        self.done: list[AppliedStep] = []

    def run(self, steps: Sequence[Step]) -> None:
        """Run steps inside the open transaction; what needs no answer goes out in one pipeline.

        Raises:
            StepFailed: a statement failed; the transaction is void, or stands at the savepoint before the statement.
            AssertionFailedError: what a migration requires does not hold.
        """
        session = MigrationSession(self._conn, self._path, steps)
        self._queue = [(_Sent(None), s) for s in settings(self._path, self._limits)]
        for number, planned in enumerate(steps):
            step = planned
            if step.migration is not None:
                self._verify()  # the migration may change what is compared
            if step.runtime is not None and (step.action in _LOSES or step.beside):
                self._read_definitions(steps[number:])
            if self._definitions.owed is not None and self._definitions.owed.includes(planned):
                self._flush()
                self._definitions.owed.note(takewhile(lambda following: following.migration is None, steps[number:]))
                restore_settings(self._conn, self._path)
            if step.runtime is not None or step.beside:
                step = self._definitions.step(step)
            if step.migration is not None and session.is_suspended(step):
                self._flush()
                self._own(session.resume())
            elif step.migration is not None and step.first_statement:  # an earlier transaction has made its settings
                self._own(settings_before(step.migration, step.first_statement))
            self._send(step)
            self._unverified.append(step)
            if step.migration is not None:
                self._end_migration(step, steps[number + 1 :], session)
            elif any(is_setting(s) for s in step.statements):
                self._own((*RESET_SESSION, *settings(self._path, self._limits)))
        self._flush()

    def _verify(self) -> None:
        """Compare the objects recreated since the last migration with what they had (rule 6.3)."""
        steps, self._unverified = self._unverified, []
        if not any(step.properties is not None for step in steps):
            return
        self._flush()
        live = find(self._conn, [step.object for step in steps], self._path)
        for step in verify(self._conn, steps, live, self._path):
            self._listener(corrected_notice(step))
        restore_settings(self._conn, self._path)

    def _own(self, statements: Iterable[str]) -> None:
        """Queue statements of pgmg's own."""
        self._queue += [(_Sent(None), s) for s in statements]

    def _send(self, step: Step) -> None:
        copies, assertions = copy_statements(step), assertion_statements(step)
        guard = self._definitions.guard(step)
        last = len(step.statements) - 1
        for number, statement in enumerate(step.statements):
            sent = _Sent(step, number, number == last)
            at = ("" if step.migration is None else step.migration.name, step.first_statement + number)
            if at in self._care.before:
                self._flush()
                self._care.before[at]()
            if self._care.savepoints:
                self._queue.append((_Sent(step, number, is_care=True), SAVEPOINT))
            if guard is not None and number == 0:
                self._queue.append((_Sent(step, number, is_care=True), guard))
            if number in copies:
                self._flush()
                self._copy(sent, statement, copies[number].data or "")
            elif number in assertions:
                self._flush()
                self._require(sent, step)
            else:
                self._queue.append((sent, statement))
            if self._care.savepoints:
                self._queue.append((_Sent(step, number, is_care=True), RELEASE))
            if at in self._care.after:
                self._flush()
                self._care.after[at]()
        if not step.statements:
            self._queue.append((_Sent(step, 0, is_last=True), "SELECT"))

    def _read_definitions(self, steps: Sequence[Step]) -> None:
        """Read what the steps up to the next migration drop or replace, all at once."""
        slot = takewhile(lambda step: step.migration is None, steps)
        drops = [step for step in slot if step.action in _LOSES and step.runtime is not None]
        unread = self._definitions.unread(drops)
        if unread:
            self._flush()
            self._definitions.read(unread)

    def _end_migration(self, step: Step, following: Sequence[Step], session: MigrationSession) -> None:
        """Leave the session as pgmg needs it, and the transaction as a commit would (rules 4.6 and 9.7)."""
        if step.completes_migration:
            met: Sequence[str] = ("SET CONSTRAINTS ALL IMMEDIATE",)
            deferred: Sequence[str] = ()
            if session.may_defer and any(other.migration is not None for other in following):
                self._flush()
                met, deferred = session.end_of_migration()
            # a deferred constraint that is violated fails here, and names the migration
            self._queue += [(_Sent(step, len(step.statements), is_care=True), statement) for statement in met]
            self._own((*RESET_SESSION, *discard_session(self._conn), *settings(self._path, self._limits)))
            self._own(deferred)
            return
        self._flush()
        session.suspend(step)
        self._own((*RESET_SESSION, *settings(session.path_without_temporary, self._limits)))

    def _flush(self) -> None:
        queue, self._queue = self._queue, []
        if not queue:
            return
        spent = 0.0
        failed: StepFailed | None = None
        self._begin(queue[0][0])
        commands = [Command(text) for _, text in queue]
        with closing(stream(self._conn, commands, self._watch.tick, self._watch.every)) as answers:
            for answer in answers:
                sent = queue[answer.number][0]
                self._watch.begin()
                if answer.error is not None:
                    failed = StepFailed(self._watch.meant(answer.error), sent.step, sent.number)
                if failed is not None:
                    continue  # the server skips the rest: nothing has to be stopped
                spent += answer.seconds
                if sent.is_care:
                    continue
                if sent.is_last:
                    self._finish(sent.step, spent)
                if sent.is_last or sent.step is None:
                    spent = 0.0
                    self._begin_next(queue[answer.number + 1 :])
        if failed is not None:
            raise failed

    def _copy(self, sent: _Sent, statement: str, data: str) -> None:
        began = time.monotonic()
        self._begin(sent)
        try:
            copy_in(self._conn, statement, data)
        except psycopg.Error as error:
            raise StepFailed(error, sent.step, sent.number) from None
        if sent.is_last:
            self._finish(sent.step, time.monotonic() - began)

    def _require(self, sent: _Sent, step: Step) -> None:
        began = time.monotonic()
        self._begin(sent)
        try:
            Assertions(self._conn, self._path, self._limits).require(step, sent.number)
        except psycopg.Error as error:
            raise StepFailed(self._watch.meant(error), step, sent.number) from None
        if sent.is_last:
            self._finish(step, time.monotonic() - began)

    def _begin_next(self, following: Sequence[tuple[_Sent, str]]) -> None:
        for sent, _ in following[:2]:  # a savepoint may come first
            if not sent.is_care:
                self._begin(sent)
                return

    def _begin(self, sent: _Sent) -> None:
        if sent.step is not None and sent.number == 0:
            self.current = sent.step
            self._listener(StepBegun(sent.step))

    def _finish(self, step: Step | None, seconds: float) -> None:
        self.current = None
        if step is not None:
            milliseconds = round(seconds * 1000, 3)
            self.done.append(AppliedStep(step, milliseconds))
            self._listener(StepDone(step, milliseconds))


def settings(path: str, limits: Limits) -> list[str]:
    """Return the statements that put pgmg's own settings in force for a transaction."""
    chosen = [_set("search_path", path), *SESSION_SETTINGS, _set("lock_timeout", limits.lock_timeout)]
    if limits.statement_timeout is None:
        chosen.append("SET LOCAL statement_timeout TO DEFAULT")  # planning may have raised it
    else:
        chosen.append(_set("statement_timeout", limits.statement_timeout))
    return [*chosen, *limits.session]


def copy_in(conn: psycopg.Connection[Any], statement: str, data: str) -> None:
    """Run a COPY … FROM stdin with its inline data."""
    with conn.cursor() as cursor, cursor.copy(sql.SQL(statement)) as copy:
        copy.write(data)


def copy_statements(step: Step) -> dict[int, Statement]:
    """Return the COPY … FROM stdin statements of a migration by their number."""
    return {n: s for n, s in enumerate(step.migration_statements) if s.kind is StatementKind.COPY_IN}


def is_setting(statement: str) -> bool:
    """Say whether a statement changes what holds for those after it."""
    return statement.split(None, 1)[:1] != [] and statement.split(None, 1)[0].upper() in ("SET", "RESET")


def settings_before(migration: Migration, number: int) -> list[str]:
    """Return what a migration has set for its session before one of its statements, counted from 0."""
    return [statement.sql for statement in migration.sent[:number] if is_setting(statement.sql)]


def _set(name: str, value: str) -> str:
    return f"SELECT pg_catalog.set_config('{name}', {sql.Literal(value).as_string(None)}, true)"
