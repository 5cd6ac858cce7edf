"""Rehearses a plan: copies the schema, plans and applies there, measures the same steps, and plans again."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pgmg.catalog.servers.sampled_rows import count_rows
from pgmg.catalog.servers.schema_copy import ScratchCopies, scratch_copies
from pgmg.catalog.sessions.connection import connect, translated_errors
from pgmg.checking import chosen, with_check
from pgmg.checking.plan_checker import PlanChecker
from pgmg.connections import Connections
from pgmg.errors import ApplyError, FailedOnCopyError, PlanError
from pgmg.model.naming.names import Kind, ObjectName
from pgmg.model.plans.rehearsal import Rehearsal, RehearsedRows, RehearsedStep
from pgmg.model.results.events import ServerNotice
from pgmg.planner import Planner
from pgmg.rehearsal.hidden_values import without_values
from pgmg.rehearsal.measured_risks import measured_risks
from pgmg.rehearsal.measured_run import MeasuredRun

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pgmg.config import Settings
    from pgmg.model.plans.body_check import BodyCheck
    from pgmg.model.plans.plan import Plan
    from pgmg.model.results.events import Event
    from pgmg.project import Project

_NAMED = 3
"""How many reasons for an incomplete copy a hint names: the first ones cause the others."""


def rehearse(project: Project, plan: Plan, scratch: str | None = None, rows: int | None = None) -> Rehearsal:
    """Carry `plan` out on a copy of the project's database, and return what was seen.

    The copy has no rows but pgmg's own records, or with `rows` at most so many of each table and those that these
    refer to; what migrations require and ensure of rows is not asked. It is on the embedded server of the project's
    `.pgmg/` folder, or with `scratch` on that server, and is dropped afterwards.

    Raises:
        RehearsalError: there can be no copy.
        EmbeddedServerError: the embedded server is not installed.
        FailedOnCopyError: the plan fails on the copy, as it would on the database, or because the copy lacks something.
    """
    with _copies(project, scratch, rows) as copies:
        if rows is None:
            return _on_copies(project, plan, copies)
        with without_values():
            return _with_rows(project, plan, copies)


@contextmanager
def _copies(project: Project, scratch: str | None, rows: int | None = None) -> Iterator[ScratchCopies]:
    settings = project.settings
    source = Connections(settings, project.connect)
    place = Connections(replace(settings, connection_string=scratch or "embedded:"), project.connect)
    try:
        with scratch_copies(source.dsn(), place.dsn(), settings.state_schema, settings.role, rows) as copies:
            try:
                yield copies
            except (ApplyError, PlanError) as error:
                raise _failed(error, copies) from error
    finally:
        place.close()
        source.close()


def _failed(error: ApplyError | PlanError, copies: ScratchCopies) -> FailedOnCopyError:
    """Return the error with what the copy lacks: the plan may fail for that reason alone."""
    with connect(copies.first) as conn:
        version = conn.info.parameter_status("server_version") or "?"
    hint = None
    if copies.omitted:
        first, more = "; ".join(copies.omitted[:_NAMED]), len(copies.omitted) - _NAMED
        others = f"; and {more} more" if more > 0 else ""
        hint = f"This may be because the copy is incomplete: {first}{others}. --scratch URL names another server."
    return FailedOnCopyError(error, omitted=copies.omitted, server_version=version, hint=hint)


def _for_copy(settings: Settings, dsn: str) -> Settings:
    return replace(settings, connection_string=dsn, allow=None, role=None, is_empty_copy=True)


def with_rehearsal(project: Project, plan: Plan, scratch: str | None = None) -> Plan:
    """Return `plan` with its rehearsal, and with the risks that it measured; a plan without steps as it is.

    A plan that fails on the copy has a rehearsal that says so.

    Raises:
        RehearsalError: there can be no copy.
        EmbeddedServerError: the embedded server is not installed.
    """
    if not plan.steps:
        return plan
    try:
        found = rehearse(project, plan, scratch)
    except FailedOnCopyError as error:
        place = "" if error.where is None else f" ({error.where})"
        failure, version = f"{error.message}{place}", error.server_version
        found = Rehearsal(plan.fingerprint, datetime.now(UTC), version, omitted=error.omitted, failure=failure)
    plan = replace(plan, rehearsal=found, risks=measured_risks(plan, found))
    return plan if found.bodies is None else with_check(plan, found.bodies)


def _on_copies(project: Project, plan: Plan, copies: ScratchCopies) -> Rehearsal:
    settings = _for_copy(project.settings, copies.first)
    notices: dict[int, list[str]] = {}

    def listen(event: Event) -> None:
        if isinstance(event, ServerNotice) and event.step is not None:
            notices.setdefault(event.step.number, []).append(f"{event.severity}: {event.message}")

    with project.with_settings(settings) as copy:
        planned = copy.plan(plan.options)
        result = copy.apply(planned, listener=listen, yes=True)
        left_over = tuple(f"{step.action.value} {step.object}" for step in copy.plan(plan.options).steps)
    bodies = _broken_bodies(project, plan, copies)
    with connect(copies.second) as conn, translated_errors(conn):
        effects = MeasuredRun(conn, plan, Planner(settings).search_path).run([done.step for done in result.steps])
    return Rehearsal(
        fingerprint=plan.fingerprint,
        at=datetime.now(UTC),
        server_version=planned.database.server_version,
        steps=tuple(
            RehearsedStep(
                done.step,
                done.duration_ms,
                effects.get(done.step.number, ()),
                tuple(notices.get(done.step.number, ())),
                measured=done.step.number in effects,
            )
            for done in result.steps
        ),
        omitted=copies.omitted,
        is_same_plan=_shape(planned) == _shape(plan),
        left_over=left_over,
        bodies=bodies,
    )


def _with_rows(project: Project, plan: Plan, copies: ScratchCopies) -> Rehearsal:
    """Rehearse on copies with rows, counted before and after. Texts of notices may hold values, and are left out."""
    with connect(copies.first) as conn:
        before = count_rows(conn)
    found = _on_copies(project, plan, copies)
    with connect(copies.first) as conn:
        after = count_rows(conn)
    rows = tuple(
        RehearsedRows(str(ObjectName(Kind.TABLE, name, schema)), count, after[oid][2] if oid in after else None)
        for oid, (schema, name, count) in before.items()
    )
    steps = tuple(replace(step, notices=_counted(step.notices)) for step in found.steps)
    return replace(found, rows=rows, steps=steps)


def _counted(notices: tuple[str, ...]) -> tuple[str, ...]:
    severities = Counter(notice.partition(":")[0] for notice in notices)
    return tuple(f"{severity}: {count} times, without its text" for severity, count in severities.items())


def _broken_bodies(project: Project, plan: Plan, copies: ScratchCopies) -> BodyCheck:
    """Check the bodies that a plan affects on the copy after it; what is as wrong on the other copy is no news."""
    checker = PlanChecker(project.settings, project.declared, Planner(project.settings).search_path)
    with connect(copies.first) as after, connect(copies.second) as before:
        return checker.compared(before, after, plan)


def check_on_copy(project: Project, names: Sequence[str], scratch: str | None = None) -> BodyCheck:
    """Carry out what is pending on a copy, and check the bodies of all declared objects there, or of the named.

    Raises:
        RehearsalError, EmbeddedServerError, FailedOnCopyError: as `rehearse`.
        UnknownObjectError: a name that nothing declared bears.
    """
    project.status()  # an empty plan reads no sources
    wanted = chosen(project.declared, names)
    plan = project.plan()
    settings = project.settings
    checker = PlanChecker(settings, project.declared, Planner(settings).search_path, wanted)
    with _copies(project, scratch) as copies:
        if plan.steps:
            with project.with_settings(_for_copy(settings, copies.first)) as copy:
                copy.apply(copy.plan(plan.options), yes=True)
        with connect(copies.first) as conn:
            return checker.present(conn, plan)


def _shape(plan: Plan) -> list[tuple[str, str, str]]:
    return [(step.action.value, str(step.object), step.sql) for step in plan.steps]
