"""Reads server messages, which are translated, for the names in them, which are not (rule 8.1)."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from pgmg.model.names import Kind, ObjectName
from pgmg.model.plan import Action, Plan, Step
from pgmg.model.source import Effect

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg


def text_of(error: psycopg.Error) -> str:
    """Return all that the server says and where."""
    diag = error.diag
    return "\n".join(part for part in (diag.message_primary, diag.message_detail, diag.context) if part)


def names_object(text: str, name: ObjectName) -> bool:
    """Say whether a message names an object."""
    if name.kind is Kind.OPERATOR:
        return f" {name.name} " in f" {text} "
    return contains_name(text, name.name)


def contains_name(text: str, word: str) -> bool:
    """Say whether a text has a name in it, rather than a part of a longer one."""
    return re.search(rf"(?<![\w$]){re.escape(word)}(?![\w$])", text) is not None


def dropped_earlier(text: str, step: Step, plan: Plan) -> list[ObjectName]:
    """Return what a message names that the plan drops before a step, and that comes back."""
    dropped = (earlier.object for earlier in plan.steps[: step.number - 1] if earlier.action is Action.DROP)
    back = {later.object for later in plan.steps[step.number :]}
    called = names_at_step(step, plan)
    return [name for name in dict.fromkeys(dropped) if name in back and names_object(text, called(name))]


def names_at_step(step: Step, plan: Plan) -> Callable[[ObjectName], ObjectName]:
    """Return what tells how an object is called when a step runs: migrations before it may have renamed it."""
    found: dict[str, str] = {}
    migrations = (earlier.migration for earlier in plan.steps[: step.number - 1] if earlier.migration is not None)
    for alteration in (a for migration in migrations for a in migration.alterations):
        if alteration.effect is Effect.RENAME and alteration.new_name and alteration.target.parts:
            old = alteration.target.parts[-1]
            first = next((name for name, now in found.items() if now == old), old)
            found[first] = alteration.new_name
    return lambda name: replace(name, name=found.get(name.name, name.name))
