"""One connection and what is remembered over it: looks ahead, applies, and keeps out what the server refuses."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pgmg.config import applied_from
from pgmg.errors import ApplyError, ConnectionFailedError, LockedError, PgmgError, PlanError
from pgmg.model.naming.names import Kind
from pgmg.model.plans.plan import MigrationImpact, Plan, PlanOptions
from pgmg.model.results.history_entries import HistoryOptions
from pgmg.partial.folder_memory import FolderMemory
from pgmg.partial.partial_plan import Blocked, PartialPlan, PartialPlanner, PartialScope, hold
from pgmg.planner import Planner
from pgmg.planning.deferral import Deferral, changes_to_defer, needed_migration, with_catalog_stamps

if TYPE_CHECKING:
    from pgmg.applying.target import ApplyTarget
    from pgmg.catalog.sessions.connection import Connection
    from pgmg.config import Settings
    from pgmg.model.database.server_facts import ServerFacts
    from pgmg.model.database.snapshot import Snapshot
    from pgmg.model.results.events import ApplyResult, Listener
    from pgmg.source import SourceFiles

OpenConnection = Callable[[], "Connection"]

_RETRIES = 2
"""How often a lock is tried for within a round; the watcher comes back later, and can be stopped in between."""
_PAUSES = (0.02, 0.05, 0.1, 0.2, 0.4, 0.8)
"""Seconds between attempts to look at what another apply is changing."""
_WHILE_OTHERS_APPLY = 1.0
"""Seconds to wait for another apply before looking up."""


@dataclass(frozen=True, slots=True)
class Round:
    """The outcome of one round. `blocked` is the reason why pending migrations were not run."""

    result: ApplyResult
    partial: PartialPlan
    duration_ms: float
    blocked: PgmgError | None = None


class WatchSession:
    """Works for one watcher, in one thread; `interrupt` alone may be called from another."""

    def __init__(self, settings: Settings, connect: OpenConnection) -> None:
        self._settings = settings
        self._connect = connect
        self._conn: Connection | None = None
        self._planner = Planner(settings, connect)
        self._memory = FolderMemory()
        self._drafter = PartialPlanner(self._planner, PlanOptions(settings.recreate), self._memory)
        self._holds: tuple[Deferral, ...] = ()
        self._blocked: Blocked | None = None
        self._interrupted = False
        self._others_applied = False

    # -- the connection -----------------------------------------------------------------------------------

    def open(self) -> Connection:
        """Return the connection, a new one if need be.

        Raises:
            ConnectionFailedError, EmbeddedServerError: there is no way to have one.
        """
        if self._conn is None or self._conn.closed:
            from pgmg.catalog.sessions.connection import listen

            self._conn = self._connect()
            listen(self._conn, self._heard)
        return self._conn

    def _heard(self) -> None:
        self._others_applied = True

    def have_others_applied(self) -> bool:
        """Say whether other sessions have applied something since this was asked the last time."""
        from pgmg.catalog.sessions.connection import has_heard

        if self._conn is not None and not self._conn.closed:
            self._others_applied |= has_heard(self._conn)
        found, self._others_applied = self._others_applied, False
        return found

    def reopen(self) -> None:
        """Open the connection after it was lost: it may lead to another database than before.

        Raises:
            ConnectionFailedError, EmbeddedServerError: there is no way to have one.
        """
        self.open()
        self._memory.forget_database()

    @property
    def is_lost(self) -> bool:
        """The connection has been closed by the other side."""
        from pgmg.catalog.sessions.connection import is_lost

        return self._conn is None or is_lost(self._conn)

    def close(self) -> None:
        """Close the connection."""
        if self._conn is not None:
            self._conn.close()
            self._conn = None

    def interrupt(self) -> None:
        """Stop what the server is doing for us, for good; it is rolled back."""
        from pgmg.catalog.sessions.connection import cancel

        self._interrupted = True
        conn = self._conn
        if conn is not None and not conn.closed:
            cancel(conn)

    # -- looking --------------------------------------------------------------------------------------------

    def files(self) -> SourceFiles:
        """Return the project's files; the same object while nothing has changed."""
        return self._planner.files()

    def look(self, *, migrations: bool) -> PartialPlan:
        """Plan without doing anything: while it is the same in an apply, that one need not plan again.

        Raises:
            PgmgError: as when planning; ConnectionFailedError where the connection was lost.
        """
        from pgmg.catalog.sessions.connection import keep_plans, reading

        conn = self.open()
        with reading(conn, self._planner.search_path, self._settings.lock_timeout):
            keep_plans(conn)
            return self._drafter.partial(conn, PartialScope(migrations, self._holds, blocked=self._blocked))

    def settle(self, *, migrations: bool) -> PartialPlan:
        """Look at what the round left behind, so that the next one has little to ask.

        Another apply may drop meanwhile what is being read about; then it is looked at again.
        """
        pauses = iter(_PAUSES)
        while True:
            try:
                partial = self.look(migrations=migrations)
            except PlanError as error:
                pause = next(pauses, None)
                if pause is None or not getattr(error, "is_passing", False):
                    raise
                time.sleep(pause)
            else:
                self._holds = with_catalog_stamps(self._holds, partial.resolved)
                return partial

    def unblock(self) -> None:
        """Try migrations again that did not run the last time."""
        self._blocked = None

    def impact(self) -> tuple[MigrationImpact, ...]:
        """Return what pending migrations would affect.

        Raises:
            PgmgError: they cannot be planned.
        """
        from pgmg.catalog.sessions.connection import reading

        conn = self.open()
        with reading(conn, self._planner.search_path, self._settings.lock_timeout):
            other = PartialPlanner(self._planner, PlanOptions(self._settings.recreate), FolderMemory())
            return other.partial(conn, PartialScope(migrations=True)).plan.migrations

    # -- applying -------------------------------------------------------------------------------------------

    def apply(self, listener: Listener, *, migrations: bool) -> Round:
        """Apply what can be applied. What the server refuses is left out, and all others are tried again.

        Raises:
            ConnectionFailedError: the connection was lost.
            LockedError: a lock was not had in time.
            PgmgError: nothing could be applied.
        """
        from pgmg.applying.apply import apply
        from pgmg.applying.limits import Limits
        from pgmg.applying.target import ApplyTarget

        began = time.monotonic()
        settings = self._settings
        retries = min(settings.lock_retries, _RETRIES)
        limits = Limits(settings.lock_timeout, settings.statement_timeout, retries, _WHILE_OTHERS_APPLY)
        firm: tuple[Deferral, ...] = ()
        while True:
            scope = PartialScope(migrations, self._holds, firm, self._blocked)
            drafts: list[PartialPlan] = []
            conn = self.open()
            target = ApplyTarget(self._connect, settings.state_schema, limits, conn, applied_from(settings))
            target = replace(target, history=HistoryOptions(settings.history))
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
            partial = drafts[-1]
            self._holds = partial.holds
            if len(result.plan.groups) > 1 or any(one.plan.migrations for one in drafts):
                self.close()  # what migrations leave in a session, and what is discarded after them, ends with it
            return Round(result, partial, round((time.monotonic() - began) * 1000, 3), partial.blocked)

    def _block(self, error: PgmgError, drafts: list[PartialPlan], scope: PartialScope) -> bool:
        """Remember that the pending migrations do not run as they are; False where they were not to be run."""
        if not scope.migrations or (self._blocked is not None and self._blocked.error is error):
            return False
        pending = self._drafter.pending if not drafts else drafts[-1].pending
        if self._blocked is not None and self._blocked.pending == pending:
            return False
        self._blocked = Blocked(pending, error)
        return True

    def _planner_for(
        self, scope: PartialScope, drafts: list[PartialPlan]
    ) -> Callable[[Connection, ServerFacts], tuple[Plan, Snapshot]]:
        def planner(conn: Connection, facts: ServerFacts) -> tuple[Plan, Snapshot]:
            from pgmg.catalog.reading.catalog_queries import set_path
            from pgmg.catalog.sessions.connection import forget_plans

            if self._planner.search_path is not None:
                set_path(conn, self._planner.search_path)
            partial = self._drafter.partial(conn, scope, facts)
            if partial.plan.migrations:
                forget_plans(conn)
            drafts.append(partial)
            return partial.plan, partial.snapshot

        return planner

    def _rehearsed(self, target: ApplyTarget, scope: PartialScope) -> tuple[Deferral, ...]:
        """Return whom else the server would refuse, one after the other."""
        from pgmg.applying.learning.refused_steps import rehearse

        drafts: list[PartialPlan] = []
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
    def _refused(error: ApplyError, partial: PartialPlan, firm: tuple[Deferral, ...]) -> tuple[Deferral, ...]:
        """Return whom to leave alone because of an error, with a word about the migration that may be missing."""
        known = {one.object for one in firm}
        names = [name for name in changes_to_defer(partial.plan, error.object) if name not in known]
        failing = tuple(s.object for s in partial.plan.steps if str(s.object) == error.object)[:1]
        speaking = (needed_migration(name, partial.resolved, partial.pending) for name in (*failing, *names))
        if needed := next((migration for migration in speaking if migration is not None), None):
            word = f"It may need the pending migration {needed}."
            error.hint = f"{error.hint}\n{word}" if error.hint else word
        return tuple(hold(name, error, failing, partial.resolved) for name in names)


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
