"""A plan as a pandas DataFrame, where pandas is installed."""

from __future__ import annotations

import importlib
from typing import Any

from pgmg.errors import UsageError
from pgmg.model.plan import Plan
from pgmg.render import clean


def to_frame(plan: Plan) -> Any:
    """Return a DataFrame with a row a step: action, kind, object, change, reason, path, line, group, managed, sql.

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
            "path": None if step.place is None else step.place.path,
            "line": None if step.place is None else step.place.line,
            "group": step.group,
            "managed": step.managed,
            "sql": clean.mask(step.sql),
        }
        for step in plan.steps
    ]
    columns = "number action kind object change reason path line group managed sql".split()  # noqa: SIM905
    return pandas.DataFrame(rows, columns=columns).set_index("number")
