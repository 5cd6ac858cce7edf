"""Reads server messages, which are translated, for the names in them, which are not (rule 8.1)."""

from __future__ import annotations

import re

import psycopg

from pgmg.model.names import Kind, ObjectName
from pgmg.model.plan import Action, Plan, Step


def text_of(error: psycopg.Error) -> str:
    """Return all that the server says and where."""
    diag = error.diag
    return "\n".join(part for part in (diag.message_primary, diag.message_detail, diag.context) if part)


def mentions(text: str, name: ObjectName) -> bool:
    """Say whether a message names an object."""
    if name.kind is Kind.OPERATOR:
        return f" {name.name} " in f" {text} "
    return says(text, name.name)


def says(text: str, word: str) -> bool:
    """Say whether a text has a name in it, rather than a part of a longer one."""
    return re.search(rf"(?<![\w$]){re.escape(word)}(?![\w$])", text) is not None


def dropped_before(text: str, step: Step, plan: Plan) -> list[ObjectName]:
    """Return what a message names that the plan drops before a step, and that comes back."""
    dropped = (earlier.object for earlier in plan.steps[: step.number - 1] if earlier.action is Action.DROP)
    back = {later.object for later in plan.steps[step.number :]}
    return [name for name in dict.fromkeys(dropped) if name in back and mentions(text, name)]
