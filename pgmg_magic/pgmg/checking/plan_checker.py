"""Checks bodies against the state after a plan, in the best way that is safe, and says which way that was."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pgmg.applying.learning.trial import try_steps
from pgmg.catalog.reading.snapshot_reader import read_snapshot
from pgmg.catalog.sessions.connection import UnansweredError, manner_of, translated_errors
from pgmg.catalog.wording.routine_bodies import read_routine_bodies, round_trip
from pgmg.catalog.wording.temporary_objects_reader import scratch, why_impossible
from pgmg.checking.body_problems import (
    changed_routines,
    problem,
    routine_names,
    sources_of,
    touched_words,
    words_of,
)
from pgmg.checking.precautions import is_prepared_for, is_temporary, temporary_relations
from pgmg.checking.rolled_back import step_problems, why_not
from pgmg.checking.routine_checker import check_routines
from pgmg.errors import InsufficientPrivilegeError, LockedError
from pgmg.model.naming.names import Kind
from pgmg.model.plans.body_check import BodyCheck, CheckedOn

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    from pgmg.catalog.sessions.connection import Connection
    from pgmg.catalog.wording.temporary_objects_reader import Scratch
    from pgmg.config import Settings
    from pgmg.model.naming.names import ObjectName
    from pgmg.model.plans.body_check import BodyProblem, RoutineBody
    from pgmg.model.plans.plan import Plan
    from pgmg.model.sources.source import SourceObject

_PATIENCE = 2.0
"""Seconds that a plan may wait for the network to be tried out."""
_LONGEST = "5s"
"""How long the server may take for one routine: to plan a query, it calls immutable functions without the arguments."""


class PlanChecker:
    """Checks the bodies of one database; `declared` are the sources of the project, `path` its search_path."""

    def __init__(
        self,
        settings: Settings,
        declared: Mapping[ObjectName, SourceObject],
        path: str | None,
        names: frozenset[ObjectName] | None = None,
    ) -> None:
        self._settings = settings
        self._declared = declared
        self._path = path
        self._names = names

    def present(self, conn: Connection, plan: Plan, checked_on: CheckedOn = CheckedOn.COPY) -> BodyCheck:
        """Check the bodies of a database on which a plan was carried out, in a transaction that is rolled back."""
        with translated_errors(conn), self._scratch(conn) as within:
            return self._check(within, plan, self._is_asked(plan), checked_on)

    def compared(self, before: Connection, after: Connection, plan: Plan) -> BodyCheck:
        """Check the bodies that a plan affects after it, on a copy; problems that another copy has before it go."""
        with translated_errors(after), self._scratch(after) as within:
            found = self._check(within, plan, self._is_affected(plan), CheckedOn.COPY)
        if not found.problems:
            return found
        with translated_errors(before), self._scratch(before) as within:
            return replace(found, problems=tuple(self._new(within, plan, list(found.problems))))

    def after(self, conn: Connection, plan: Plan, *, only_affected: bool = False) -> BodyCheck | str:
        """Carry a plan out, check, and roll back; why that cannot be done where it cannot.

        With `only_affected`, problems count that the database does not have without the plan.
        """
        reason = why_not(plan) or why_impossible(conn)
        if reason is not None:
            return reason
        try:
            with translated_errors(conn), self._scratch(conn) as within:
                return self._after(within, plan, only_affected=only_affected)
        except (LockedError, UnansweredError, InsufficientPrivilegeError) as error:
            return f"the server said: {error.message}"

    def _trips(self, conn: Connection, plan: Plan) -> int:
        """Return about how often the server is asked to try a plan and to check what it affects."""
        words = touched_words(plan)
        return 4 * len(plan.steps) + 7 * sum(bool(words & words_of(one.body)) for one in read_routine_bodies(conn))

    def _after(self, within: Scratch, plan: Plan, *, only_affected: bool) -> BodyCheck | str:
        conn = within.conn
        conn.execute("SAVEPOINT pgmg_present")
        if only_affected and (trips := self._trips(conn, plan)) * round_trip(conn) > _PATIENCE:
            return f"it would take {trips} round trips over a slow connection"
        failed = {one.object: one for one in step_problems(try_steps(within, plan.steps), plan)}
        asked = self._is_affected(plan) if only_affected else self._is_asked(plan)
        found = self._check(within, plan, asked, CheckedOn.TRANSACTION)
        problems = list(failed.values())
        problems += [one for one in found.problems if one.object not in failed and one.object.parent not in failed]
        conn.execute("ROLLBACK TO SAVEPOINT pgmg_present")
        if only_affected or any(one.cause is not None for one in problems):
            new = self._new(within, plan, problems)
            all_of_them = [one if one in new else replace(one, cause=None) for one in problems]
            problems = new if only_affected else all_of_them
        return replace(found, problems=tuple(problems), checked=found.checked + len(plan.steps))

    def _new(self, within: Scratch, plan: Plan, problems: list[BodyProblem]) -> list[BodyProblem]:
        """Return the problems without those that unchanged routines have at present."""
        own = changed_routines(plan)
        suspects = {one.object for one in problems} - own
        before: set[tuple[ObjectName, str]] = set()
        if suspects:
            old = self._check(within, plan, lambda _, name: name in suspects, CheckedOn.TRANSACTION)
            before = {(one.object, one.message) for one in old.problems}
        return [one for one in problems if one.object in own or (one.object, one.message) not in before]

    def _scratch(self, conn: Connection) -> AbstractContextManager[Scratch]:
        return scratch(conn, self._path, self._settings.lock_timeout, manner_of(conn).statements)

    def _is_asked(self, plan: Plan) -> Callable[[RoutineBody, ObjectName], bool]:
        own = set(self._declared) | changed_routines(plan)
        return lambda _, name: name in own if self._names is None else name in self._names

    def _is_affected(self, plan: Plan) -> Callable[[RoutineBody, ObjectName], bool]:
        words, own = touched_words(plan), changed_routines(plan)
        return lambda routine, name: name in own or bool(words & words_of(routine.body))

    def _check(
        self,
        within: Scratch,
        plan: Plan,
        is_asked: Callable[[RoutineBody, ObjectName], bool],
        checked_on: CheckedOn,
    ) -> BodyCheck:
        conn = within.conn
        within.reset()
        conn.execute(f"SET LOCAL check_function_bodies = on; SET LOCAL statement_timeout = '{_LONGEST}'")
        routines = read_routine_bodies(conn)
        snapshot = read_snapshot(conn, self._settings.state_schema)
        names = routine_names(snapshot, routines)
        schemas = frozenset(name.name for name in snapshot.others if name.kind is Kind.SCHEMA)
        asked = [one for one in routines if one.oid in names and is_asked(one, names[one.oid])]
        found = check_routines(conn, asked)
        sources = sources_of(self._declared, plan)
        temporary = temporary_relations(routine.body for routine in routines) if any(found.said.values()) else ()
        problems = [
            problem(names[routine.oid], said, routine.body, sources.get(names[routine.oid]), plan)
            for routine in asked
            for said in found.said.get(routine.oid, ())
            if not is_temporary(said, temporary)
            and not (routine.language == "plpgsql" and is_prepared_for(routine.body, said, schemas))
        ]
        return BodyCheck(
            checked_on,
            checked=len(found.said),
            problems=tuple(dict.fromkeys(problems)),
            unchecked=tuple(names[oid] for oid in found.unchecked),
            with_extension=found.with_extension,
        )
