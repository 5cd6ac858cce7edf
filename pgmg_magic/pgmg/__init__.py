"""pgmg: PostgreSQL migrations for tables, declared files for everything else.

`__init__.pyi` has the types of the public names.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

_HOMES = {
    "pgmg.errors": (
        "ApplyError ConfigError ConnectionFailedError CycleError InsufficientPrivilegeError LockedError "
        "PgmgError PlanError RefusedChange RowsError SourceErrors StalePlanError UnknownObjectError "
        "UsageError"
    ),
    "pgmg.model.results.events": (
        "AppliedStep ApplyResult Discovered Event Finished Listener Recorded Retrying ServerNotice Started "
        "StepBegun StepDone Waiting"
    ),
    "pgmg.model.plans.compatibility": "ClientImpact Compatibility",
    "pgmg.model.plans.explanation": "Explanation Happening ObjectCourse ObjectEvent PlanPoint",
    "pgmg.model.results.frame": "to_frame",
    "pgmg.model.results.graph_data": "Graph GraphNode",
    "pgmg.model.naming.location": "SourceLocation",
    "pgmg.model.naming.names": "Kind ObjectName",
    "pgmg.model.plans.plan": (
        "Action Affected Change ChangeKind DatabaseInfo Edge MigrationEffect MigrationImpact Origin Plan PlanOptions "
        "Recreate Step"
    ),
    "pgmg.model.plans.readers": (
        "ChangedPart ClientReaders ClientStatement LastUse PartReaders PartUse RunningSession"
    ),
    "pgmg.model.plans.risk": "LockMode OpenTransaction Risk RiskKind",
    "pgmg.model.results.applied_from": "AppliedFrom",
    "pgmg.model.results.query_result": "PlanNode QueryPlan QueryResult",
    "pgmg.model.results.refreshed": "Refreshed",
    "pgmg.model.results.reset_report": "ResetReport",
    "pgmg.model.results.row_questions": "Preview RowDifference RowOptions",
    "pgmg.model.results.status_report": "Status",
    "pgmg.model.sources.source": "Notice",
    "pgmg.project": "Project",
}

__all__ = [
    "Action",
    "Affected",
    "AppliedFrom",
    "AppliedStep",
    "ApplyError",
    "ApplyResult",
    "Change",
    "ChangeKind",
    "ChangedPart",
    "ClientImpact",
    "ClientReaders",
    "ClientStatement",
    "Compatibility",
    "ConfigError",
    "ConnectionFailedError",
    "CycleError",
    "DatabaseInfo",
    "Discovered",
    "Edge",
    "Event",
    "Explanation",
    "Finished",
    "Graph",
    "GraphNode",
    "Happening",
    "InsufficientPrivilegeError",
    "Kind",
    "LastUse",
    "Listener",
    "LockMode",
    "LockedError",
    "MigrationEffect",
    "MigrationImpact",
    "Notice",
    "ObjectCourse",
    "ObjectEvent",
    "ObjectName",
    "OpenTransaction",
    "Origin",
    "PartReaders",
    "PartUse",
    "PgmgError",
    "Plan",
    "PlanError",
    "PlanNode",
    "PlanOptions",
    "PlanPoint",
    "Preview",
    "Project",
    "QueryPlan",
    "QueryResult",
    "Recorded",
    "Recreate",
    "Refreshed",
    "RefusedChange",
    "ResetReport",
    "Retrying",
    "Risk",
    "RiskKind",
    "RowDifference",
    "RowOptions",
    "RowsError",
    "RunningSession",
    "ServerNotice",
    "SourceErrors",
    "SourceLocation",
    "StalePlanError",
    "Started",
    "Status",
    "Step",
    "StepBegun",
    "StepDone",
    "UnknownObjectError",
    "UsageError",
    "Waiting",
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
