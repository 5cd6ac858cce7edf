# The public types as users' type checkers see them: `Plan`, `Step` and `Project` without what is internal.
# tests/typing compares this file with the package.
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self, TypeAlias, final

import networkx as nx
import psycopg
from IPython.core.interactiveshell import InteractiveShell

from pgmg.errors import ApplyError as ApplyError
from pgmg.errors import ConfigError as ConfigError
from pgmg.errors import ConnectionFailedError as ConnectionFailedError
from pgmg.errors import CycleError as CycleError
from pgmg.errors import InsufficientPrivilegeError as InsufficientPrivilegeError
from pgmg.errors import LockedError as LockedError
from pgmg.errors import PgmgError as PgmgError
from pgmg.errors import PlanError as PlanError
from pgmg.errors import RefusedChange as RefusedChange
from pgmg.errors import RowsError as RowsError
from pgmg.errors import SourceErrors as SourceErrors
from pgmg.errors import StalePlanError as StalePlanError
from pgmg.errors import UnknownObjectError as UnknownObjectError
from pgmg.errors import UsageError as UsageError
from pgmg.model.naming.location import SourceLocation as SourceLocation
from pgmg.model.naming.names import Kind as Kind
from pgmg.model.naming.names import ObjectName as ObjectName
from pgmg.model.plans.compatibility import ClientImpact as ClientImpact
from pgmg.model.plans.compatibility import Compatibility as Compatibility
from pgmg.model.plans.explanation import Explanation as Explanation
from pgmg.model.plans.explanation import Happening as Happening
from pgmg.model.plans.explanation import ObjectCourse as ObjectCourse
from pgmg.model.plans.explanation import ObjectEvent as ObjectEvent
from pgmg.model.plans.explanation import PlanPoint as PlanPoint
from pgmg.model.plans.plan import Action as Action
from pgmg.model.plans.plan import Affected as Affected
from pgmg.model.plans.plan import Change as Change
from pgmg.model.plans.plan import ChangeKind as ChangeKind
from pgmg.model.plans.plan import DatabaseInfo as DatabaseInfo
from pgmg.model.plans.plan import Edge as Edge
from pgmg.model.plans.plan import MigrationEffect as MigrationEffect
from pgmg.model.plans.plan import MigrationImpact as MigrationImpact
from pgmg.model.plans.plan import Origin as Origin
from pgmg.model.plans.plan import PlanOptions as PlanOptions
from pgmg.model.plans.plan import Recreate as Recreate
from pgmg.model.plans.readers import ChangedPart as ChangedPart
from pgmg.model.plans.readers import ClientReaders as ClientReaders
from pgmg.model.plans.readers import ClientStatement as ClientStatement
from pgmg.model.plans.readers import LastUse as LastUse
from pgmg.model.plans.readers import PartReaders as PartReaders
from pgmg.model.plans.readers import PartUse as PartUse
from pgmg.model.plans.readers import RunningSession as RunningSession
from pgmg.model.plans.risk import LockMode as LockMode
from pgmg.model.plans.risk import OpenTransaction as OpenTransaction
from pgmg.model.plans.risk import Risk as Risk
from pgmg.model.plans.risk import RiskKind as RiskKind
from pgmg.model.results.applied_from import AppliedFrom as AppliedFrom
from pgmg.model.results.events import Discovered as Discovered
from pgmg.model.results.events import Recorded as Recorded
from pgmg.model.results.events import Retrying as Retrying
from pgmg.model.results.events import Waiting as Waiting
from pgmg.model.results.graph_data import Graph as Graph
from pgmg.model.results.graph_data import GraphNode as GraphNode
from pgmg.model.results.query_result import PlanNode as PlanNode
from pgmg.model.results.query_result import QueryPlan as QueryPlan
from pgmg.model.results.query_result import QueryResult as QueryResult
from pgmg.model.results.refreshed import Refreshed as Refreshed
from pgmg.model.results.reset_report import ResetReport as ResetReport
from pgmg.model.results.row_questions import Preview as Preview
from pgmg.model.results.row_questions import RowDifference as RowDifference
from pgmg.model.results.row_questions import RowOptions as RowOptions
from pgmg.model.results.status_report import Status as Status
from pgmg.model.sources.source import Notice as Notice

@final
class Step:
    @property
    def number(self) -> int: ...
    @property
    def action(self) -> Action: ...
    @property
    def object(self) -> ObjectName: ...
    @property
    def statements(self) -> tuple[str, ...]: ...
    @property
    def reason(self) -> str: ...
    @property
    def location(self) -> SourceLocation | None: ...
    @property
    def group(self) -> int: ...
    @property
    def managed(self) -> bool: ...
    @property
    def transactional(self) -> bool: ...
    @property
    def sql(self) -> str: ...

@final
class Plan:
    @property
    def fingerprint(self) -> str: ...
    @property
    def database(self) -> DatabaseInfo: ...
    @property
    def migrations(self) -> tuple[MigrationImpact, ...]: ...
    @property
    def changes(self) -> tuple[Change, ...]: ...
    @property
    def steps(self) -> tuple[Step, ...]: ...
    @property
    def edges(self) -> tuple[Edge, ...]: ...
    @property
    def warnings(self) -> tuple[Notice, ...]: ...
    @property
    def options(self) -> PlanOptions: ...
    @property
    def risks(self) -> tuple[Risk, ...]: ...
    @property
    def clients(self) -> tuple[ClientImpact, ...]: ...
    @property
    def readers(self) -> ClientReaders | None: ...
    @property
    def compatibility(self) -> Compatibility: ...
    @property
    def dependencies(self) -> tuple[Edge, ...]: ...
    @property
    def is_empty(self) -> bool: ...
    @property
    def differs(self) -> bool: ...
    @property
    def needs_consent(self) -> tuple[Notice, ...]: ...
    @property
    def groups(self) -> tuple[tuple[Step, ...], ...]: ...
    def explain(self) -> Explanation: ...
    def to_frame(self) -> Any: ...

@dataclass(frozen=True, slots=True)
class Started:
    plan: Plan

@dataclass(frozen=True, slots=True)
class StepBegun:
    step: Step

@dataclass(frozen=True, slots=True)
class StepDone:
    step: Step
    duration_ms: float

@dataclass(frozen=True, slots=True)
class ServerNotice:
    severity: str
    message: str
    step: Step | None = None

@dataclass(frozen=True, slots=True)
class AppliedStep:
    step: Step
    duration_ms: float

@dataclass(frozen=True, slots=True)
class ApplyResult:
    plan: Plan
    applied: bool
    steps: tuple[AppliedStep, ...] = ()
    migrations_recorded: tuple[str, ...] = ()
    objects_updated: int = 0
    discovered: tuple[Edge, ...] = ()
    duration_ms: float = 0.0

@dataclass(frozen=True, slots=True)
class Finished:
    result: ApplyResult

Event: TypeAlias = Started | StepBegun | StepDone | ServerNotice | Waiting | Retrying | Discovered | Recorded | Finished
Listener: TypeAlias = Callable[[Event], None]

class Project:
    root: Path
    @classmethod
    def open(
        cls, path: str | Path = ".", *, config: Path | None = None, environment: str | None = None, **overrides: object
    ) -> Project: ...
    @property
    def server(self) -> str: ...
    def connect(self) -> psycopg.Connection[tuple[Any, ...]]: ...
    def close(self) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
    def plan(self, options: PlanOptions | None = None) -> Plan: ...
    def with_readers(self, plan: Plan) -> Plan: ...
    def apply(
        self,
        plan: Plan | None = None,
        *,
        options: PlanOptions | None = None,
        listener: Listener | None = None,
        yes: bool = False,
        resume: Literal["done", "again"] | None = None,
        note: str | None = None,
    ) -> ApplyResult: ...
    def status(self) -> Status: ...
    def diff(self, names: Sequence[str] = ()) -> tuple[Change, ...]: ...
    def diff_rows(self, names: Sequence[str] = (), options: RowOptions | None = None) -> tuple[RowDifference, ...]: ...
    def preview(self, name: ObjectName, limit: int, options: RowOptions | None = None) -> Preview | None: ...
    def graph(
        self,
        names: Sequence[str] = (),
        *,
        upstream: int | None = None,
        downstream: int | None = None,
        changes_only: bool = False,
    ) -> Graph: ...
    def query(
        self, text: str, variables: Mapping[str, object] | None = None, *, limit: int | None = None
    ) -> QueryResult: ...
    def explain(
        self, text: str, variables: Mapping[str, object] | None = None, *, analyze: bool = False
    ) -> QueryPlan: ...
    def pending(self, upto: str | None = None) -> tuple[str, ...]: ...
    def baseline(self, upto: str | None = None) -> tuple[str, ...]: ...
    def refresh(self, names: Sequence[str] = (), *, concurrently: bool = False) -> tuple[Refreshed, ...]: ...
    def reset(
        self, *, everything: bool = False, including: Sequence[str] = (), dry_run: bool = False
    ) -> ResetReport: ...

def graph(graph: Graph | Plan) -> nx.DiGraph[ObjectName]: ...
def to_frame(plan: Plan) -> Any: ...
def load_ipython_extension(shell: InteractiveShell) -> None: ...
def unload_ipython_extension(shell: InteractiveShell) -> None: ...
