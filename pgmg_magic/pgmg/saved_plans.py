"""A saved plan is compared with a new one and never run: what was approved is what runs (rule 9.4)."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from pgmg.errors import ConfigError, StalePlanError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pgmg.model.plans.plan import Plan
    from pgmg.project import Project


def save_plan(plan: Plan, path: Path) -> None:
    """Write a plan to a file, as `plan_again` reads it."""
    from pgmg.render.json.documents import dumps, saved_plan_document

    path.write_text(dumps(saved_plan_document(plan)) + "\n", encoding="utf-8")


def plan_again(project: Project, path: Path, given: Mapping[str, object]) -> Plan:
    """Return the plan as it is made now, if it is the one that was saved.

    It is made with the options of the saved one; `given` are those of the call, which may repeat them. It has the
    rehearsal of the saved one, if that is of this plan.

    Raises:
        UsageError: the call asks for something that the saved plan was not made with.
        ConfigError: the file cannot be read, or is no saved plan.
        StalePlanError: something has changed since, or the file was edited.
    """
    from pgmg.applying.stale_plan import reason
    from pgmg.render.json.documents import dumps, saved_plan_document
    from pgmg.render.json.plan_differences import plan_differences
    from pgmg.render.json.rehearsal_json import read_rehearsal
    from pgmg.render.json.saved_plan import load_saved_plan

    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise ConfigError(f"The saved plan {path} cannot be read: {error.strerror}") from None
    saved = load_saved_plan(text)
    for name, value in given.items():
        if value and value != getattr(saved.options, name, None):
            option = f"--{name.replace('_', '-')}"
            raise UsageError(f"{path} was not made with {option}", hint=f"`pgmg plan {option} … --out {path}`")
    plan = project.plan(saved.options)
    if plan.fingerprint != saved.fingerprint:
        said = reason(saved.inputs, dict(saved.basis), plan)
        hint = f"Look at a new plan, and save that: `pgmg plan --out {path}`."
        raise StalePlanError(f"The saved plan {path} is stale: {said}", hint=hint)
    shown = json.loads(dumps(saved_plan_document(plan)))
    if (differences := plan_differences(saved.document, shown)) is not None:
        message = f"The saved plan {path} does not show what would run: it was edited, or made by another version."
        hint = f"Look at a new plan, and save that: `pgmg plan --out {path}`."
        raise StalePlanError(f"{message}\n{differences}", hint=hint)
    if (rehearsal := read_rehearsal(saved.document, plan)) is not None:
        plan = replace(plan, rehearsal=rehearsal)
    return plan
