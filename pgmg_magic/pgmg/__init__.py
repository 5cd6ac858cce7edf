"""pgmg: PostgreSQL migrations for tables, declared files for everything else."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from pgmg.errors import (
        ApplyError,
        ConfigError,
        ConnectionFailedError,
        CycleError,
        LockedError,
        PgmgError,
        PlanError,
        RefusedChange,
        RowsError,
        SourceErrors,
        StalePlanError,
        UnknownObjectError,
    )
    from pgmg.model.events import ApplyResult, Event
    from pgmg.model.frame import to_frame
    from pgmg.model.graph_data import Graph
    from pgmg.model.names import Kind, ObjectName
    from pgmg.model.plan import Action, Change, ChangeKind, Edge, Plan, PlanOptions, Recreate, Step
    from pgmg.model.row_questions import RowDifference, RowOptions
    from pgmg.model.status_report import Status
    from pgmg.planning.lineage.object_graph import to_networkx as graph
    from pgmg.project import Project

_HOMES = {
    "pgmg.errors": (
        "ApplyError ConfigError ConnectionFailedError CycleError LockedError PgmgError PlanError RefusedChange "
        "RowsError SourceErrors StalePlanError UnknownObjectError"
    ),
    "pgmg.model.events": "ApplyResult Event",
    "pgmg.model.frame": "to_frame",
    "pgmg.model.graph_data": "Graph",
    "pgmg.model.names": "Kind ObjectName",
    "pgmg.model.plan": "Action Change ChangeKind Edge Plan PlanOptions Recreate Step",
    "pgmg.model.row_questions": "RowDifference RowOptions",
    "pgmg.model.status_report": "Status",
    "pgmg.project": "Project",
}

__all__ = [
    "Action",
    "ApplyError",
    "ApplyResult",
    "Change",
    "ChangeKind",
    "ConfigError",
    "ConnectionFailedError",
    "CycleError",
    "Edge",
    "Event",
    "Graph",
    "Kind",
    "LockedError",
    "ObjectName",
    "PgmgError",
    "Plan",
    "PlanError",
    "PlanOptions",
    "Project",
    "Recreate",
    "RefusedChange",
    "RowDifference",
    "RowOptions",
    "RowsError",
    "SourceErrors",
    "StalePlanError",
    "Status",
    "Step",
    "UnknownObjectError",
    "graph",
    "load_ipython_extension",
    "to_frame",
    "unload_ipython_extension",
]


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used, so that `import pgmg` costs next to nothing."""
    if name == "graph":
        return importlib.import_module("pgmg.planning.lineage.object_graph").to_networkx
    for home, names in _HOMES.items():
        if name in names.split():
            return getattr(importlib.import_module(home), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Do what `%load_ext pgmg` asks for: magics, displays, errors without tracebacks."""
    importlib.import_module("pgmg.notebook").load(shell)


def unload_ipython_extension(shell: InteractiveShell) -> None:
    """Take back what `%load_ext pgmg` did."""
    importlib.import_module("pgmg.notebook").unload(shell)


def __dir__() -> list[str]:
    return sorted(__all__)
