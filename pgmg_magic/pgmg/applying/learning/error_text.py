"""Reads server messages, which are translated, for the names in them, which are not (rule 8.1)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pgmg.model.naming.names import Kind, ObjectName
from pgmg.model.naming.type_identity import SYSTEM, type_of
from pgmg.model.plans.plan import Action, Plan, Step

if TYPE_CHECKING:
    import psycopg


def text_of(error: psycopg.Error) -> str:
    """Return all that the server says and where."""
    diag = error.diag
    return "\n".join(part for part in (diag.message_primary, diag.message_detail, diag.context) if part)


def names_object(text: str, name: ObjectName) -> bool:
    """Say whether a message names an object."""
    if name.kind is Kind.OPERATOR:
        return f" {name.name} " in f" {text} "
    if name.kind is Kind.CAST:
        return all(contains_name(text, _last_part(argument)) for argument in name.arguments or ())
    return contains_name(text, name.name)


def _last_part(type_: str) -> str:
    """Return a type's name without its schema: a message leaves out one of the search_path."""
    element = type_of(type_).element
    return str(element) if element.schema == SYSTEM else element.name


def contains_name(text: str, word: str) -> bool:
    """Say whether a text has a name in it, rather than a part of a longer one."""
    return re.search(rf"(?<![\w$]){re.escape(word)}(?![\w$])", text) is not None


def dropped_earlier(text: str, step: Step, plan: Plan) -> list[ObjectName]:
    """Return what a message names that the plan drops before a step, and recreates later."""
    earlier = plan.steps[: step.number - 1]
    dropped = (other.object for other in earlier if other.action in (Action.DROP, Action.SWAP))
    back = {later.object for later in plan.steps[step.number :]}
    return [name for name in dict.fromkeys(dropped) if name in back and names_object(text, name)]
