"""Runs the steps of one group inside a transaction, pipelined, and tells a listener how it goes."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

from pgmg.applying.definitions import RuntimeDefinitions
from pgmg.applying.locate import sent_statements
from pgmg.applying.verify import corrected_notice, verify
from pgmg.catalog.catalog_queries import SESSION_SETTINGS, restore_settings
from pgmg.catalog.connection import is_pooled
from pgmg.catalog.pipeline import Command, stream
from pgmg.catalog.snapshot_reader import find
from pgmg.model.events import AppliedStep, Listener, StepBegun, StepDone
from pgmg.model.names import Kind
from pgmg.model.source import Statement, StatementKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pgmg.applying.limits import Limits
    from pgmg.applying.lock_watch import LockWatch
    from pgmg.model.plan import Step

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


class Runner:
    """Sends steps and tells a listener how it goes. `current` is the step that the server is working on."""

    def __init__(
        self, conn: psycopg.Connection[Any], path: str, limits: Limits, watch: LockWatch, listener: Listener
    ) -> None:
        self._conn = conn
        self._path = path
        self._limits = limits
        self._watch = watch
        self._listener = listener
        self.current: Step | None = None
        self.done: list[AppliedStep] = []
        self._again = RuntimeDefinitions(conn, path)

    def run(self, steps: Sequence[Step]) -> None:
        """Run steps inside the open transaction; everything between two COPYs goes out in one pipeline.

        Raises:
            StepFailed: a statement failed; the transaction is void.
        """
        self._again.planned = frozenset((step.object.kind, step.object.name) for step in steps)
        unverified: list[Step] = []
        queue: list[tuple[_Sent, str]] = [(_Sent(None), s) for s in settings(self._path, self._limits)]
        for planned in steps:
            step = planned
            if planned.migration is not None and any(s.properties is not None for s in unverified):
                # the migration may change what is compared
                self._flush(queue)
                queue = []
                self._verify(unverified)
                unverified = []
            if planned.reread is not None:
                self._flush(queue)
                queue = []
                step = self._again.step(planned)
            unverified.append(step)
            copies = copy_statements(step)
            last = len(step.statements) - 1
            for number, statement in enumerate(step.statements):
                sent = _Sent(step, number, number == last)
                if number in copies:
                    self._flush(queue)
                    queue = []
                    self._copy(sent, statement, copies[number].data or "")
                else:
                    queue.append((sent, statement))
            if not step.statements:
                queue.append((_Sent(step, 0, is_last=True), "SELECT"))
            if step.object.kind is Kind.MIGRATION or any(is_setting(s) for s in step.statements):
                queue += [(_Sent(None), s) for s in self._put_back(step)]
        self._flush(queue)

    def _verify(self, steps: Sequence[Step]) -> None:
        """Compare recreated objects with what they had (rule 6.3)."""
        live = find(self._conn, [step.object for step in steps], self._path)
        for step in verify(self._conn, steps, live, self._path):
            self._listener(corrected_notice(step))
        restore_settings(self._conn, self._path)

    def _put_back(self, step: Step) -> list[str]:
        """A migration cannot leave settings, a role or temporary objects behind (rule 9.7)."""
        discarded = discard_session(self._conn) if step.object.kind is Kind.MIGRATION else ()
        return [*RESET_SESSION, *discarded, *settings(self._path, self._limits)]

    def _flush(self, queue: list[tuple[_Sent, str]]) -> None:
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
                if sent.is_last:
                    self._finish(sent.step, spent)
                if sent.is_last or sent.step is None:
                    spent = 0.0
                    if answer.number + 1 < len(queue):
                        self._begin(queue[answer.number + 1][0])
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
    return {n: s for n, s in enumerate(sent_statements(step)) if s.kind is StatementKind.COPY_IN}


def is_setting(statement: str) -> bool:
    """Say whether a statement changes what holds for those after it."""
    return statement.split(None, 1)[:1] != [] and statement.split(None, 1)[0].upper() in ("SET", "RESET")


def _set(name: str, value: str) -> str:
    return f"SELECT pg_catalog.set_config('{name}', {sql.Literal(value).as_string(None)}, true)"
