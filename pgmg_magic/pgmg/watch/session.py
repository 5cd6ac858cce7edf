"""One connection and what is remembered over it: looks ahead, applies, and keeps out what the server refuses."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pgmg.errors import ApplyError, ConnectionFailedError, LockedError, PgmgError, PlanError
from pgmg.model.events import ApplyResult, Listener
from pgmg.model.names import Kind
from pgmg.model.plan import Learned, MigrationImpact, Plan, PlanOptions
from pgmg.model.snapshot import Snapshot
from pgmg.planner import Planner
from pgmg.planning.holding import Hold, blamed, needed_migration, with_footing
from pgmg.watch.drafting import Blocked, Draft, Drafter, Scope, hold

if TYPE_CHECKING:
    from pgmg.applying.apply import Target
    from pgmg.catalog.connection import Connection
    from pgmg.config import Settings
    from pgmg.source import SourceFiles

Connect = Callable[[], "Connection"]

_RETRIES = 2
"""How often a lock is tried for within a round; the watcher comes back later, and can be stopped in between."""
_WHILE_OTHERS_APPLY = 1.0
"""Seconds to wait for another apply before looking up."""


@dataclass(frozen=True, slots=True)
class Round:
    """What one round did. `blocked` is why migrations that were to be run were not."""

    result: ApplyResult
    draft: Draft
    duration_ms: float
    blocked: PgmgError | None = None


class Session:
    """Works for one watcher, in one thread; `interrupt` alone may be called from another."""

    def __init__(self, settings: Settings, connect: Connect) -> None:
        self._settings = settings
        self._connect = connect
        self._conn: Connection | None = None
        self._planner = Planner(settings)
        self._drafter = Drafter(self._planner, PlanOptions(settings.recreate))
        self._holds: tuple[Hold, ...] = ()
        self._blocked: Blocked | None = None
        self._interrupted = False

    # -- the connection -----------------------------------------------------------------------------------

    def open(self) -> Connection:
        """Return the connection, a new one if need be.

        Raises:
            ConnectionFailedError, EmbeddedServerError: there is no way to have one.
        """
        if self._conn is None or self._conn.closed:
            self._conn = self._connect()
        return self._conn

    @property
    def is_lost(self) -> bool:
        """The connection has been closed by the other side."""
        from pgmg.catalog.connection import is_lost

        return self._conn is None or is_lost(self._conn)

    def close(self) -> None:
        """Close the connection."""
        if self._conn is not None:
            self._conn.close()
            self._conn = None

    def interrupt(self) -> None:
        """Stop what the server is doing for us, for good; it is rolled back."""
        from pgmg.catalog.connection import cancel

        self._interrupted = True
        conn = self._conn
        if conn is not None and not conn.closed:
            cancel(conn)

    # -- looking --------------------------------------------------------------------------------------------

    def files(self) -> SourceFiles:
        """Return the project's files; the same object while nothing has changed."""
        return self._planner.files()

    def look(self, *, migrations: bool) -> Draft:
        """Plan without doing anything: while it is the same in an apply, that one need not plan again.

        Raises:
            PgmgError: as when planning; ConnectionFailedError where the connection was lost.
        """
        from pgmg.catalog.connection import keep_plans, reading

        conn = self.open()
        with reading(conn, self._planner.search_path, self._settings.lock_timeout):
            keep_plans(conn)
            return self._drafter.draft(conn, Scope(migrations, self._holds, blocked=self._blocked))

    def settle(self, *, migrations: bool) -> Draft:
        """Look at what the round left behind, so that the next one has little to ask."""
        draft = self.look(migrations=migrations)
        self._holds = with_footing(self._holds, draft.survey)
        return draft

    def unblock(self) -> None:
        """Try migrations again that did not run the last time."""
        self._blocked = None

    def impact(self) -> tuple[MigrationImpact, ...]:
        """Return what pending migrations would affect.

        Raises:
            PgmgError: they cannot be planned.
        """
        from pgmg.catalog.connection import reading

        conn = self.open()
        with reading(conn, self._planner.search_path, self._settings.lock_timeout):
            other = Drafter(self._planner, PlanOptions(self._settings.recreate))
            return other.draft(conn, Scope(migrations=True)).plan.migrations

    # -- applying -------------------------------------------------------------------------------------------

    def apply(self, listener: Listener, *, migrations: bool) -> Round:
        """Apply what can be applied. What the server refuses is left out, and all others are tried again.

        Raises:
            ConnectionFailedError: the connection was lost.
            LockedError: a lock was not had in time.
            PgmgError: nothing could be applied.
        """
        from pgmg.applying.apply import Target, apply
        from pgmg.applying.limits import Limits

        began = time.monotonic()
        settings = self._settings
        retries = min(settings.lock_retries, _RETRIES)
        limits = Limits(settings.lock_timeout, settings.statement_timeout, retries, _WHILE_OTHERS_APPLY)
        firm: tuple[Hold, ...] = ()
        while True:
            scope = Scope(migrations, self._holds, firm, self._blocked)
            drafts: list[Draft] = []
            conn = self.open()
            target = Target(self._connect, settings.state_schema, limits, conn)
            try:
                result = apply(target, self._planner_for(scope, drafts), None, listener)
            except LockedError:
                raise
            except PlanError as error:
                if not self._block(error, drafts, scope):
                    raise
                continue
            except ApplyError as error:
                if conn.closed or not drafts or self._interrupted:
                    self._raise_lost(error, conn)
                if _is_about_migration(error) and self._block(error, drafts, scope):
                    self.close()
                    continue
                more = self._refused(error, drafts[-1], firm)
                if not more:
                    raise
                firm += more
                if len(more) < len(firm):  # not the first: there may be many more
                    firm += self._rehearsed(target, replace(scope, firm=firm))
                continue
            draft = drafts[-1]
            self._holds = draft.holds
            if len(result.plan.groups) > 1 or any(one.plan.migrations for one in drafts):
                self.close()  # what migrations leave in a session, and what is discarded after them, ends with it
            return Round(result, draft, round((time.monotonic() - began) * 1000, 3), draft.blocked)

    def _block(self, error: PgmgError, drafts: list[Draft], scope: Scope) -> bool:
        """Remember that the pending migrations do not run as they are; False where they were not to be run."""
        if not scope.migrations or (self._blocked is not None and self._blocked.error is error):
            return False
        pending = self._drafter.pending if not drafts else drafts[-1].pending
        if self._blocked is not None and self._blocked.pending == pending:
            return False
        self._blocked = Blocked(pending, error)
        return True

    def _planner_for(self, scope: Scope, drafts: list[Draft]) -> Callable[[Connection, Learned], tuple[Plan, Snapshot]]:
        def planner(conn: Connection, learned: Learned) -> tuple[Plan, Snapshot]:
            from pgmg.catalog.connection import forget_plans
            from pgmg.catalog.reading import set_path

            if self._planner.search_path is not None:
                set_path(conn, self._planner.search_path)
            draft = self._drafter.draft(conn, scope, learned)
            if draft.plan.migrations:
                forget_plans(conn)
            drafts.append(draft)
            return draft.plan, draft.snapshot

        return planner

    def _rehearsed(self, target: Target, scope: Scope) -> tuple[Hold, ...]:
        """Return whom else the server would refuse, one after the other."""
        from pgmg.applying.rehearse import rehearse

        drafts: list[Draft] = []
        try:
            errors = rehearse(target, self._planner_for(scope, drafts), lambda _event: None)
        except PgmgError:
            return ()  # whoever applies will meet it again
        found = scope.firm
        for error in errors:
            found += self._refused(error, drafts[-1], found)
        return found[len(scope.firm) :]

    @staticmethod
    def _raise_lost(error: ApplyError, conn: Connection) -> None:
        if conn.closed:
            raise ConnectionFailedError(f"The connection was lost: {error.message}") from None
        raise error

    @staticmethod
    def _refused(error: ApplyError, draft: Draft, firm: tuple[Hold, ...]) -> tuple[Hold, ...]:
        """Return whom to leave alone because of an error, with a word about the migration that may be missing."""
        known = {one.object for one in firm}
        names = [name for name in blamed(draft.plan, error.object) if name not in known]
        failing = tuple(s.object for s in draft.plan.steps if str(s.object) == error.object)[:1]
        speaking = (needed_migration(name, draft.survey, draft.pending) for name in (*failing, *names))
        if needed := next((migration for migration in speaking if migration is not None), None):
            word = f"It may need the pending migration {needed}."
            error.hint = f"{error.hint}\n{word}" if error.hint else word
        return tuple(hold(name, error, failing, draft.survey) for name in names)


def _is_about_migration(error: PgmgError) -> bool:
    return isinstance(error, ApplyError) and (error.object or "").startswith(f"{Kind.MIGRATION.value}.")


def is_busy(error: PgmgError) -> bool:
    """Say whether another apply is at work; nothing is wrong then."""
    return isinstance(error, LockedError) and error.sqlstate is None


def is_passing(error: PgmgError) -> bool:
    """Say whether the same may work in a while: the connection, or a lock."""
    return isinstance(error, ConnectionFailedError | LockedError) or (
        isinstance(error, PlanError) and bool(getattr(error, "is_passing", False))
    )
