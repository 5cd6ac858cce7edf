"""Rehearses a plan: copies the schema, plans and applies there, measures the same steps, and plans again."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pgmg.catalog.connection import connect, translated_errors
from pgmg.catalog.schema_copy import ScratchCopies, scratch_copies
from pgmg.connections import Connections
from pgmg.errors import ApplyError
from pgmg.model.events import ServerNotice
from pgmg.model.rehearsal import Rehearsal, RehearsedStep
from pgmg.planner import Planner
from pgmg.rehearsal.measured_risks import measured_risks
from pgmg.rehearsal.measured_run import MeasuredRun

if TYPE_CHECKING:
    from pgmg.model.events import Event
    from pgmg.model.plan import Plan
    from pgmg.project import Project


def rehearse(project: Project, plan: Plan, scratch: str | None = None) -> Rehearsal:
    """Carry `plan` out on a copy of the project's database, and return what was seen.

    The copy has no rows but pgmg's own records, so what migrations require and ensure is not asked. It
    is on the embedded server of the project's `.pgmg/` folder, or with `scratch` on that server, and is dropped
    afterwards.

    Raises:
        RehearsalError: there can be no copy.
        EmbeddedServerError: the embedded server is not installed.
        ApplyError: the plan fails on the copy, as it would on the database.
    """
    source = Connections(project.settings, project.connect)
    place = Connections(replace(project.settings, connection_string=scratch or "embedded:"), project.connect)
    try:
        settings = project.settings
        with scratch_copies(source.dsn(), place.dsn(), settings.state_schema, settings.role) as copies:
            return _on_copies(project, plan, copies)
    finally:
        place.close()
        source.close()


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
    except ApplyError as error:
        place = "" if error.where is None else f" ({error.where})"
        version = plan.database.server_version
        found = Rehearsal(plan.fingerprint, datetime.now(UTC), version, failure=f"{error.message}{place}")
    return replace(plan, rehearsal=found, risks=measured_risks(plan, found))


def _on_copies(project: Project, plan: Plan, copies: ScratchCopies) -> Rehearsal:
    settings = replace(project.settings, connection_string=copies.first, allow=None, role=None, is_empty_copy=True)
    notices: dict[int, list[str]] = {}

    def listen(event: Event) -> None:
        if isinstance(event, ServerNotice) and event.step is not None:
            notices.setdefault(event.step.number, []).append(f"{event.severity}: {event.message}")

    with project.with_settings(settings) as copy:
        planned = copy.plan(plan.options)
        result = copy.apply(planned, listener=listen, yes=True)
        left_over = tuple(f"{step.action.value} {step.object}" for step in copy.plan(plan.options).steps)
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
    )


def _shape(plan: Plan) -> list[tuple[str, str, str]]:
    return [(step.action.value, str(step.object), step.sql) for step in plan.steps]
