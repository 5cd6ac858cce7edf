"""Plans for commands and magics, with a check of bodies, and with a rehearsal and readers where they are asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pgmg.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pgmg.model.plans.plan import Plan, PlanOptions
    from pgmg.project import Project


def planned(project: Project, options: PlanOptions, values: Mapping[str, Any]) -> Plan:
    """Return a plan with a check of bodies, and with its rehearsal and readers where `values` ask for them.

    Raises:
        UsageError: `scratch` without `rehearse`.
        PlanError, SourceErrors: there is no plan.
        RehearsalError, EmbeddedServerError: there can be no copy.
    """
    if values["scratch"] is not None and not values["rehearse"]:
        raise UsageError("--scratch needs --rehearse", hint="Add --rehearse.")
    plan = project.plan(options)
    if not plan.steps:
        return plan
    plan = _rehearsed(project, plan, values) if values["rehearse"] else project.with_bodies(plan)
    return project.with_readers(plan) if values["readers"] else plan


def _rehearsed(project: Project, plan: Plan, values: Mapping[str, Any]) -> Plan:
    from pgmg.rehearsal import with_rehearsal

    return with_rehearsal(project, plan, values["scratch"])
