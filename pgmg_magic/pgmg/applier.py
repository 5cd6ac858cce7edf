"""Carries out plans of a project, whoever makes them: of all files, or of some."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pgmg.config import applied_from

if TYPE_CHECKING:
    from collections.abc import Callable

    from pgmg.catalog.sessions.connection import Connection
    from pgmg.config import Settings
    from pgmg.connections import Connections
    from pgmg.model.database.server_facts import ServerFacts
    from pgmg.model.database.snapshot import Snapshot
    from pgmg.model.plans.plan import Plan
    from pgmg.model.plans.resume import Resume
    from pgmg.model.results.events import ApplyResult, Event, Listener

    MakePlan = Callable[[Connection, ServerFacts], tuple[Plan, Snapshot]]


class Applier:
    """Applies with the limits of the settings, on connections of its own; `yes` is consent."""

    def __init__(
        self,
        settings: Settings,
        connections: Connections,
        connect: Callable[[], Connection],
        *,
        search_path: str | None,
        listener: Listener | None,
        yes: bool,
    ) -> None:
        self._settings, self._connections, self._connect = settings, connections, connect
        self._search_path, self._listener, self._yes = search_path, listener or _ignore, yes

    def run(
        self, make: MakePlan, shown: Plan | None, resume: Resume | str | None = None, note: str | None = None
    ) -> ApplyResult:
        """Carry out what `make` plans, which must be the plan that was `shown`.

        Raises:
            StalePlanError: it is another plan (rule 9.4).
            RefusedChange: it needs consent (rule 3.7), would lose something, or has a risk that is not allowed.
            LockedError: a lock was not had in time.
            ApplyError: the server refused a step.
        """
        from pgmg.applying.apply import apply
        from pgmg.applying.limits import Limits
        from pgmg.applying.target import ApplyTarget
        from pgmg.model.plans.resume import Resume
        from pgmg.model.results.history_entries import HistoryOptions
        from pgmg.planning.compare.change_consent import check_consent
        from pgmg.risk_reader import check_risks, with_first_locks

        settings = self._settings

        def planner(conn: Connection, facts: ServerFacts) -> tuple[Plan, Snapshot]:
            from pgmg.catalog.reading.catalog_queries import set_path

            with self._connections.planning:
                if self._search_path is not None:
                    set_path(conn, self._search_path)
                made, snapshot = make(conn, facts)
            if not self._yes:
                check_consent(made)
            if not settings.is_empty_copy:
                check_risks(conn, made, snapshot, settings.allow)
            return with_first_locks(conn, made, snapshot, shown), snapshot

        limits = Limits(settings.lock_timeout, settings.statement_timeout, settings.lock_retries)
        limits = replace(limits, asks_assertions=not settings.is_empty_copy)
        self._connections.make_room()
        target = ApplyTarget(self._connect, settings.state_schema, limits, applied_from=applied_from(settings))
        kept = HistoryOptions(settings.history, note)
        target = replace(target, resume=None if resume is None else Resume(resume), history=kept)
        return apply(target, planner, shown, self._listener)


def _ignore(event: Event) -> None:
    """Listen to nothing."""
