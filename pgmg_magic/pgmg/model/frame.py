"""A plan as a pandas DataFrame, where pandas is installed."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from pgmg.errors import UsageError
from pgmg.model.secrets import mask_secrets

if TYPE_CHECKING:
    from pgmg.model.plan import Plan

COLUMNS = ("number", "action", "kind", "object", "change", "reason", "path", "line", "group", "managed", "sql")


def to_frame(plan: Plan) -> Any:
    """Return a DataFrame with a row a step: what `Plan.to_frame` is made of.

    Passwords are hidden, as wherever SQL is shown (rule 11.3).

    Raises:
        UsageError: pandas is not installed.
    """
    try:
        pandas = importlib.import_module("pandas")
    except ImportError:
        raise UsageError("to_frame() needs pandas, which is not installed", hint="pip install pandas") from None
    changes = {change.object: change.change.value for change in plan.changes}
    rows = [
        {
            "number": step.number,
            "action": step.action.value,
            "kind": step.object.kind.value,
            "object": str(step.object),
            "change": changes.get(step.object),
            "reason": step.reason,
            "path": None if step.location is None else step.location.path,
            "line": None if step.location is None else step.location.line,
            "group": step.group,
            "managed": step.managed,
            "sql": mask_secrets(step.sql),
        }
        for step in plan.steps
    ]
    frame = pandas.DataFrame(rows, columns=list(COLUMNS))
    return frame.astype({"line": "Int64"})  # a whole number or none
