"""Plans and rows as DataFrames, with pandas or polars if one of them is installed."""

from __future__ import annotations

import importlib
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from pgmg.errors import UsageError
from pgmg.model.secrets import mask_secrets

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pgmg.model.plans.plan import Plan

COLUMNS = ("number", "action", "kind", "object", "change", "reason", "path", "line", "group", "managed", "sql")


def to_frame(plan: Plan) -> Any:
    """Return a pandas DataFrame with one row per step, which `Plan.to_frame` returns.

    Passwords are masked (rule 11.3).

    Raises:
        UsageError: pandas is not installed.
    """
    pandas = _pandas()
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


def frame_of(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Any:
    """Return rows as a DataFrame of pandas, or of polars if only that is installed or imported.

    Columns of the same name get a number: `id`, `id_2`.

    Raises:
        UsageError: neither is installed.
    """
    names = _distinct(columns)
    values = [list(row) for row in rows]
    prefers_polars = "polars" in sys.modules and "pandas" not in sys.modules
    for library in ("polars", "pandas") if prefers_polars else ("pandas", "polars"):
        if find_spec(library) is None:
            continue
        module = importlib.import_module(library)
        if library == "pandas":
            return module.DataFrame(values, columns=names)
        return module.DataFrame(values, schema=names, orient="row", infer_schema_length=None)
    raise UsageError("A DataFrame needs pandas or polars, and neither is installed", hint="pip install pandas")


def _pandas() -> Any:
    try:
        return importlib.import_module("pandas")
    except ImportError:
        raise UsageError("to_frame() needs pandas, which is not installed", hint="pip install pandas") from None


def _distinct(columns: Sequence[str]) -> list[str]:
    found: list[str] = []
    for column in columns:
        name, number = column, 1
        while name in found:
            number += 1
            name = f"{column}_{number}"
        found.append(name)
    return found
