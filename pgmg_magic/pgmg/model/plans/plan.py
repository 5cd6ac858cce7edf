"""A plan is data: ordered steps, the reasons for them, and the fingerprint of what they were computed from."""

from __future__ import annotations

from dataclasses import field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from pgmg.model.lazy_dataclass import dataclass
from pgmg.model.naming.names import ObjectName, migration_name
from pgmg.model.plans.compatibility import Compatibility
from pgmg.model.plans.consent import Consent
from pgmg.model.plans.plan_inputs import PlanInputs

if TYPE_CHECKING:
    from pgmg.model.database.catalog_details import BodyQuestion, ObjectProperty, ShapeQuestion
    from pgmg.model.database.server_facts import StatementId
    from pgmg.model.naming.location import SourceLocation
    from pgmg.model.plans.body_check import BodyCheck
    from pgmg.model.plans.compatibility import ClientImpact
    from pgmg.model.plans.explanation import Explanation
    from pgmg.model.plans.readers import ClientReaders
    from pgmg.model.plans.rehearsal import Rehearsal
    from pgmg.model.plans.risk import FirstLock, Risk
    from pgmg.model.results.applied_from import AppliedFrom
    from pgmg.model.sources.contract import ContractBreach
    from pgmg.model.sources.source import Effect, Migration, Notice, SourceObject, Statement


DIFFERENCES = frozenset({"migration-edited", "migration-renamed", "other-project"})
"""Codes of warnings about a difference between project and database that no step stands for (rule 3.4)."""


class Action(StrEnum):
    """The action of a step."""

    DROP = "drop"
    MIGRATE = "migrate"
    CREATE = "create"
    REPLACE = "replace"  # CREATE OR REPLACE: the object's identifier survives
    ALTER = "alter"
    RESTORE = "restore"  # brought back from the catalog's own definition
    COMMENT = "comment"
    GRANT = "grant"
    REVOKE = "revoke"
    SWAP = "swap"  # one that was built beside the former takes its place
    VALIDATE = "validate"  # a routine made with body checking off is checked


class ChangeKind(StrEnum):
    """How a declared or recorded object differs (rule 3.1)."""

    NEW = "new"
    MODIFIED = "modified"
    DELETED = "deleted"
    ADOPTED = "adopted"
    MISSING = "missing"
    DRIFTED = "drifted"
    FORMATTING = "formatting"


class Origin(StrEnum):
    """Who said that an edge exists (rule 2.4)."""

    SOURCE = "source"
    CATALOG = "catalog"
    ERROR = "error"


class Recreate(StrEnum):
    """How far a migration reaches (rule 4.2)."""

    DEPENDENTS = "dependents"
    REQUIRED = "required"


@dataclass(frozen=True, slots=True)
class PlanOptions:
    """Options of a plan, besides sources and database."""

    recreate: Recreate = Recreate.DEPENDENTS
    drop_unmanaged: bool = False
    rewrite_tables: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between project and database.

    `before` is the SQL that was applied last (or the database's own, where it drifted), `after` the source; either
    is None where it is not known or does not exist. `applied_from` says who applied the object last, where that was
    another checkout or from another branch.
    """

    object: ObjectName
    change: ChangeKind
    path: str | None = None
    line: int | None = None
    before: str | None = field(default=None, repr=False)
    after: str | None = field(default=None, repr=False)
    applied_from: AppliedFrom | None = None


@dataclass(frozen=True, slots=True)
class Affected:
    """An object that a pending migration disturbs, and why."""

    object: ObjectName
    reason: str
    because_of: tuple[ObjectName, ...] = ()


@dataclass(frozen=True, slots=True)
class MigrationImpact:
    """A pending migration and what it affects (rule 4). `touches` are the objects that it creates, alters or drops."""

    name: str
    path: str
    affects: tuple[Affected, ...] = ()
    touches: tuple[ObjectName, ...] = ()


@dataclass(frozen=True, slots=True)
class MigrationEffect:
    """An effect of a pending migration's statement on an object.

    `statement` counts the statements of the migration from 0. `object` is the name before the statement, `becomes` the
    new name if the statement gives one. `member` is the column or constraint, `new_member` its new name.
    """

    migration: str
    statement: int
    effect: Effect
    object: ObjectName
    becomes: ObjectName | None = None
    member: str | None = None
    new_member: str | None = None


@dataclass(frozen=True, slots=True)
class Edge:
    """`object` depends on `depends_on`. Hard edges are enforced by the server; soft ones may form cycles."""

    object: ObjectName
    depends_on: ObjectName
    origin: Origin = Origin.SOURCE
    hard: bool = True


@dataclass(frozen=True, slots=True)
class RuntimeDefinition:
    """How an object is dropped and restored is read right before it is dropped, as migrations may have changed it.

    `address` (class OID, OID) is that of the catalog, or None for what an earlier step creates. The other fields say
    what is not restored: `previous` is the source that was applied last, `missing` are columns and partitions that no
    longer exist,
    `removed_comments` those (None: the object itself) whose comment is no longer declared.
    """

    address: tuple[int, int] | None
    previous: SourceObject | None = field(default=None, repr=False)
    missing: tuple[str, ...] = ()
    removed_comments: tuple[str | None, ...] = ()
    properties_apart: bool = False
    """Another step restores its properties."""
    part_of: ObjectName | None = None
    """The object that it is dropped and read along with; it is not restored if it does not exist by then."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing apply will do.

    `statements` are sent one by one, exactly as they stand. `location` is where the SQL comes from; None for SQL that
    pgmg or the catalog wrote. `group` counts from 1: the steps of a group share a transaction, unless
    `transactional` is False: then every statement is its own. `managed` is False for unmanaged objects. Where
    `runtime` is given, the server is asked right before the object is dropped, and what it says then is sent instead.
    `properties` is what a recreated object is to have after the step, besides its definition; None where nothing is
    to be compared (rule 6.3).
    A step of a migration runs its statements from number `first_statement` on (from 0, without an outer BEGIN);
    `unread` are those of its statements, from 0, that may do anything to any object. `noticed_by` is the statement
    before which the object is created, or changed, only because the statement may notice it. `beside` are the
    materialized views whose staging names `statements` hold, because they are built beside the former ones.
    """

    number: int
    action: Action
    object: ObjectName
    statements: tuple[str, ...] = field(repr=False)  # a password may stand in any SQL (rule 11.3)
    reason: str
    location: SourceLocation | None = None
    group: int = 1
    managed: bool = True
    transactional: bool = True
    source: SourceObject | None = field(default=None, repr=False)
    migration: Migration | None = field(default=None, repr=False)
    properties: tuple[ObjectProperty, ...] | None = field(default=None, repr=False)
    first_statement: int = 0
    unread: tuple[int, ...] = ()
    runtime: RuntimeDefinition | None = None
    noticed_by: StatementId | None = None
    beside: tuple[ObjectName, ...] = ()

    @property
    def whole(self) -> ObjectName:
        """The object or, where a part of a migration is run, the migration."""
        return self.object if self.migration is None else migration_name(self.migration.name)

    @property
    def completes_migration(self) -> bool:
        """Whether a migration has run once this step is done."""
        if self.migration is None:
            return False
        return self.first_statement + len(self.statements) >= len(self.migration.sent)

    @property
    def migration_statements(self) -> tuple[Statement, ...]:
        """The statements of a migration step, as they are numbered in `statements`."""
        if self.migration is None:
            return ()
        return self.migration.sent[self.first_statement : self.first_statement + len(self.statements)]

    @property
    def sql(self) -> str:
        """All statements as one text."""
        return self.statements[0] if len(self.statements) == 1 else "".join(f"{s};\n" for s in self.statements)


@dataclass(frozen=True, slots=True)
class Record:
    """The row of state to write for one object with its group; `source` is None where the row is deleted.

    `key` is the name under which state has had it, where that is another one.
    """

    object: ObjectName
    source: SourceObject | None
    group: int
    key: str | None = None


@dataclass(frozen=True, slots=True)
class DatabaseInfo:
    """Which database a plan was made for."""

    name: str
    server_version: str
    version_num: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything apply will do, in order. Two plans with the same fingerprint do the same thing.

    `basis` holds a digest of each part that the fingerprint covers, `inputs` what they were made from, so
    that a stale plan can say what changed.
    """

    fingerprint: str
    database: DatabaseInfo
    migrations: tuple[MigrationImpact, ...] = ()
    changes: tuple[Change, ...] = ()
    steps: tuple[Step, ...] = ()
    edges: tuple[Edge, ...] = ()
    warnings: tuple[Notice, ...] = ()
    options: PlanOptions = PlanOptions()
    records: tuple[Record, ...] = ()
    basis: tuple[tuple[str, str], ...] = ()
    inputs: PlanInputs = field(default=PlanInputs(), repr=False, compare=False)
    risks: tuple[Risk, ...] = field(default=(), compare=False)
    """Locks, scans, rewrites and losses of relations that exist before; asked of the catalog after planning."""
    first_locks: tuple[FirstLock, ...] = field(default=(), compare=False)
    """Locks that a transaction takes before its first step, in their order; decided with the risks."""
    clients: tuple[ClientImpact, ...] = field(default=(), compare=False)
    """The worst impact on clients of each object that is not safe for them."""
    breaches: tuple[ContractBreach, ...] = field(default=(), compare=False)
    """Breaking changes of interfaces that `-- pgmg: contract` pins."""
    removed: tuple[tuple[int, int], ...] = ()
    """Catalog addresses (class OID, OID) of what steps and migrations drop, as far as these can be read."""
    removed_names: frozenset[ObjectName] = frozenset()
    """Names of the objects that migrations of the plan create and drop again, which have no address yet."""
    rebaseline: tuple[Record, ...] = ()
    """Rows of state that are to be brought up to date in silence: moved files, a new server version."""
    effects: tuple[MigrationEffect, ...] = field(default=(), repr=False, compare=False)
    """The effects of the pending migrations on objects, statement by statement, as far as they can be read."""
    star_readers: tuple[ShapeQuestion | BodyQuestion, ...] = field(default=(), repr=False, compare=False)
    """Views and parsed bodies with a `*`, where a statement that cannot be read may change what it stands for."""
    rehearsal: Rehearsal | None = field(default=None, repr=False, compare=False)
    """The rehearsal of this very plan, if there was one."""

    bodies: BodyCheck | None = field(default=None, repr=False, compare=False)
    """The check of the bodies that the plan affects, and of what it creates."""

    readers: ClientReaders | None = field(default=None, repr=False, compare=False)
    """Who uses what the plan changes, if that was asked."""

    @property
    def compatibility(self) -> Compatibility:
        """The worst of what the plan means for clients."""
        return max((one.compatibility for one in self.clients), key=lambda c: c.rank, default=Compatibility.SAFE)

    @property
    def dependencies(self) -> tuple[Edge, ...]:
        """The edges, and those that lead from objects to the pending migrations that create or alter them.

        Only objects are included that are part of the plan, or that others depend on.
        """
        there = {end for edge in self.edges for end in (edge.object, edge.depends_on)}
        there.update(step.object for step in self.steps)
        touched = (
            Edge(name, migration_name(migration.name))
            for migration in self.migrations
            for name in migration.touches
            if name in there
        )
        return tuple(dict.fromkeys((*self.edges, *touched)))

    @property
    def is_empty(self) -> bool:
        """Nothing would be executed and nothing recorded."""
        return not self.steps and not self.records

    @property
    def differs(self) -> bool:
        """Whether the database is not what the project says, even where nothing can be executed about it."""
        return not self.is_empty or any(notice.code in DIFFERENCES for notice in self.warnings)

    @property
    def needs_consent(self) -> tuple[Notice, ...]:
        """The warnings that somebody has to agree to before the plan is applied."""
        return tuple(notice for notice in self.warnings if notice.code in tuple(Consent))

    @property
    def groups(self) -> tuple[tuple[Step, ...], ...]:
        """The steps, group by group."""
        numbers = dict.fromkeys(step.group for step in self.steps)
        return tuple(tuple(s for s in self.steps if s.group == number) for number in numbers)

    def explain(self) -> Explanation:
        """Return a table that shows when each object exists, is dropped, created or changed, and why.

        The points are the migrations, or parts of them, and the steps between (`docs/planner.md`). `pgmg plan -vv`
        prints the table.
        """
        from pgmg.model.plans.explanation import explain

        return explain(self)

    def to_frame(self) -> Any:
        """Return the steps as a pandas DataFrame, a row a step, in order; passwords are hidden.

        Columns: number, action, kind, object, change, reason, path, line, group, managed, sql.

        Raises:
            UsageError: pandas is not installed.
        """
        from pgmg.model.results.frame import to_frame

        return to_frame(self)
