"""Forecasts a whole plan: the risks of each step, in order, of relations that exist before it runs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from pgmg.model.database.relation_facts import FactsWanted
from pgmg.model.lazy_dataclass import dataclass
from pgmg.model.naming.names import Kind, ObjectName
from pgmg.model.plans.plan import Action
from pgmg.model.plans.risk import WEAKEST_REPORTED, LockMode, Risk, RiskKind
from pgmg.model.sources.operations import AddColumn, DropSchema, Locks, OnTypeUsers, Retype, SetPath, Truncate, Unknown
from pgmg.model.sources.source import RefKind, TypeName
from pgmg.planning.risk.relation_names import RelationNames
from pgmg.planning.risk.statement_forecast import StatementForecaster
from pgmg.source.operations import operations_of
from pgmg.source.operations.statement_work import Work, work_of, writes_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pgmg.model.database.relation_facts import Relation, RelationFacts
    from pgmg.model.plans.plan import Plan, Step
    from pgmg.model.sources.operations import Operation
    from pgmg.model.sources.source import Migration, Statement
    from pgmg.planning.risk.effects import Forecast

_KINDS = {
    "r": Kind.TABLE,
    "p": Kind.TABLE,
    "f": Kind.TABLE,
    "v": Kind.VIEW,
    "m": Kind.MATERIALIZED_VIEW,
}
_HARMLESS = frozenset(
    {
        Kind.FUNCTION,
        Kind.PROCEDURE,
        Kind.AGGREGATE,
        Kind.OPERATOR,
        Kind.OPERATOR_CLASS,
        Kind.OPERATOR_FAMILY,
        Kind.CAST,
        Kind.COLLATION,
        Kind.TEXT_SEARCH_CONFIGURATION,
        Kind.TEXT_SEARCH_DICTIONARY,
        Kind.TEXT_SEARCH_PARSER,
        Kind.TEXT_SEARCH_TEMPLATE,
        Kind.EVENT_TRIGGER,
        Kind.GRANT,
        Kind.DEFAULT_PRIVILEGES,
    }
)
"""Kinds whose steps lock no relation: their SQL need not be read."""
_SEVERITY = tuple(RiskKind)
_Said = TypeVar("_Said", LockMode, str)


@dataclass(frozen=True, slots=True)
class PlannedStatement:
    """One statement of a step, and what it does to relations; `where` is `path:line`.

    `rows_of` are the names of relations whose rows it reads or writes, and `calls` those of routines that it runs: none
    of a statement that only changes definitions, None where its text does not show them. `writes` says that it locks
    rows, `number` which statement of the step it is, from 0.
    """

    step: int
    operations: tuple[Operation, ...]
    where: str | None
    rows_of: frozenset[str] | None = frozenset()
    calls: frozenset[str] = frozenset()
    writes: bool = False
    number: int = 0


Forecasted: TypeAlias = "tuple[PlannedStatement, Forecast]"


def planned_statements(plan: Plan) -> tuple[PlannedStatement, ...]:
    """Return the statements of a plan that concern relations, in order."""
    return tuple(_statements(plan.steps))


def _statements(steps: Sequence[Step]) -> Iterator[PlannedStatement]:
    for step in steps:
        if step.migration is not None:
            yield PlannedStatement(step.number, tuple(_path_before(step.migration, step.first_statement)), None)
            sent = zip(step.migration_statements, step.statements, strict=True)
            for number, (statement, sql) in enumerate(sent):
                spot = _place(step.migration.path, statement.location.line)
                yield replace(_of_migration(step.number, statement, sql, spot), number=number)
            yield PlannedStatement(step.number, (SetPath(None),), None)
        elif step.object.kind not in _HARMLESS or step.action in (Action.RESTORE, Action.DROP):
            where = None if step.location is None else _place(step.location.path, step.location.line)
            for number, sql in enumerate(step.statements):
                rows_of = frozenset[str]() if work_of(sql) is Work.DEFINITIONS else None
                yield PlannedStatement(step.number, operations_of(sql), where, rows_of, number=number)


def _of_migration(step: int, statement: Statement, sql: str, where: str) -> PlannedStatement:
    operations = operations_of(sql)
    match work_of(sql):
        case Work.DEFINITIONS:
            return PlannedStatement(step, operations, where)
        case Work.HIDDEN:
            return PlannedStatement(step, operations, where, None)
        case Work.ROWS:
            names: dict[RefKind, set[str]] = {kind: set() for kind in RefKind}
            for reference in statement.references:
                names[reference.kind].add(reference.parts[-1])
            rows_of, calls = frozenset(names[RefKind.RELATION]), frozenset(names[RefKind.ROUTINE])
            return PlannedStatement(step, operations, where, rows_of, calls, writes_rows(sql))


def _path_before(migration: Migration, number: int) -> Iterator[Operation]:
    """Yield what the statements before one do to search_path: a migration may run in parts."""
    for statement in migration.sent[:number]:
        if statement.sets:
            yield from operations_of(statement.sql)


def _place(path: str, line: int | None) -> str:
    return path if line is None else f"{path}:{line}"


def facts_wanted(statements: Iterable[PlannedStatement]) -> FactsWanted | None:
    """Return what must be known of the database; None where no statement concerns a relation."""
    relations: set[str] = set()
    schemas: set[str] = set()
    users: set[str] = set()
    types: set[TypeName] = set()
    functions: set[str] = set()
    locked: set[str] = set()
    truncates = False
    planned = list(statements)
    for operation in (one for statement in planned for one in statement.operations):
        relations |= _relation_names(operation)
        match operation:
            case AddColumn():
                types.add(operation.type)
                functions |= {parts[-1] for parts, _ in operation.functions}
            case Retype():
                types.add(operation.type)
            case DropSchema(schema=schema, cascade=True):
                schemas.add(schema)
            case OnTypeUsers():
                users.add(operation.type[-1])
                types.add(TypeName(operation.type))
            case Truncate(cascade=True):
                truncates = True
            case Locks(read=True):
                locked.add(operation.relation[-1])
            case _:
                pass
    if not relations and not schemas and not users:
        return None
    relations |= {name for statement in planned for name in statement.rows_of or ()}
    return FactsWanted(
        frozenset(relations),
        frozenset(schemas),
        frozenset(users),
        frozenset(types),
        frozenset(functions),
        truncates,
        frozenset(locked),
    )


_NAMING = ("relation", "partition", "index", "statistics", "partition_of")
_LISTING = ("references", "parents")


def _relation_names(operation: Operation) -> set[str]:
    found: set[str] = set()
    for field in _NAMING:
        parts = getattr(operation, field, None)
        if parts:
            found.add(parts[-1])
    for field in _LISTING:
        value = getattr(operation, field, None)
        if value:
            found |= {value[-1]} if isinstance(value[0], str) else {parts[-1] for parts in value}
    return found


def hidden_risks(statements: Iterable[PlannedStatement]) -> tuple[Risk, ...]:
    """Return the risks of a plan of which no statement concerns a relation that its text names."""
    return tuple(
        Risk(s.step, RiskKind.UNKNOWN, reason=o.what, where=s.where)
        for s in statements
        for o in s.operations
        if isinstance(o, Unknown)
    )


def forecast(statements: Iterable[PlannedStatement], facts: RelationFacts) -> list[Forecasted]:
    """Return the statements in order, each with what it does to relations that exist before the plan."""
    forecaster = StatementForecaster(facts, RelationNames(facts))
    return [(statement, forecaster.forecast(statement.operations)) for statement in statements]


def risks_of(forecasted: Iterable[Forecasted], facts: RelationFacts) -> tuple[Risk, ...]:
    """Return the risks, step by step; the gravest of a step first."""
    found: list[Risk] = []
    by_step: dict[int, list[Forecasted]] = {}
    for statement, one in forecasted:
        by_step.setdefault(statement.step, []).append((statement, one))
    for step, parts in by_step.items():
        found += _Step(step, facts).risks(parts)
    return tuple(found)


class _Step:
    """Gathers the risks of one step: of each relation the strongest lock, and what else is the matter, once."""

    def __init__(self, number: int, facts: RelationFacts) -> None:
        self._number = number
        self._facts = facts
        self._locked: frozenset[int] = frozenset()

    def risks(self, parts: Sequence[Forecasted]) -> list[Risk]:
        """Return the risks of the step, the gravest first."""
        locks = self._strongest(parts)
        self._locked = frozenset(locks)
        found: dict[tuple[RiskKind, str | None, str], Risk] = {}
        for statement, one in parts:
            for kind, reasons in (
                (RiskKind.DATA_LOSS, one.losses),
                (RiskKind.REWRITE, one.rewrites),
                (RiskKind.SCAN, one.scans),
            ):
                for oid, reason in self._folded(reasons).items():
                    risk = self._risk(kind, oid, locks, reason, statement.where)
                    found.setdefault((kind, risk.relation, reason), risk)
            for what in one.unknown:
                risk = Risk(self._number, RiskKind.UNKNOWN, reason=what, where=statement.where)
                found.setdefault((RiskKind.UNKNOWN, statement.where, what), risk)
        for oid, mode in self._folded(locks).items():
            if mode.rank >= WEAKEST_REPORTED.rank:
                kind = RiskKind.EXCLUSIVE_LOCK if mode.blocks_reads else RiskKind.LOCK
                first = next(statement for statement, one in parts if one.locks.get(oid) is mode)
                risk = self._risk(kind, oid, locks, "", first.where)
                found.setdefault((kind, risk.relation, ""), risk)
        return sorted(found.values(), key=lambda risk: _SEVERITY.index(risk.kind))

    def _strongest(self, parts: Sequence[Forecasted]) -> dict[int, LockMode]:
        locks: dict[int, LockMode] = {}
        for _, one in parts:
            for oid, mode in one.locks.items():
                if oid not in locks or locks[oid].rank < mode.rank:
                    locks[oid] = mode
        return locks

    def _folded(self, found: Mapping[int, _Said]) -> dict[int, _Said]:
        """Return what is said of relations, partitions of a table as that table, if the same is said of all of it."""
        folded: dict[int, _Said] = {}
        for oid, said in found.items():
            top = self._top(oid, said, found)
            folded.setdefault(top, said)
        return folded

    def _top(self, oid: int, said: _Said, found: Mapping[int, _Said]) -> int:
        """Return the topmost partitioned table above a partition of which the same is said, or could not be said.

        A partitioned table has no rows of its own: nothing is rewritten of it but its partitions.
        """
        relation = self._facts.relations[oid]
        if not relation.is_partition or not relation.inherits:
            return oid
        parent = relation.inherits[0]
        same = found[parent] == said if parent in found else isinstance(said, str)
        return self._top(parent, said, found) if same and parent in self._locked else oid

    def _risk(self, kind: RiskKind, oid: int, locks: dict[int, LockMode], reason: str, where: str | None) -> Risk:
        relation = self._facts.relations[oid]
        size, rows = self._size(relation)
        return Risk(
            step=self._number,
            kind=kind,
            relation=str(relation_name(relation)),
            lock=locks.get(oid),
            bytes=size,
            rows=rows,
            reason=reason,
            where=where,
            transactions=self._facts.transactions.get(oid, ()),
        )

    def _size(self, relation: Relation) -> tuple[int | None, int | None]:
        """Return bytes and rows: of a partitioned table those of its partitions, None where one is not known."""
        if relation.kind != "p":
            return relation.bytes, relation.rows
        leaves = [r for r in self._facts.relations.values() if self._is_below(r, relation.oid) and r.kind == "r"]
        return _total(r.bytes for r in leaves), _total(r.rows for r in leaves)

    def _is_below(self, relation: Relation, top: int) -> bool:
        return any(
            parent == top or (parent in self._facts.relations and self._is_below(self._facts.relations[parent], top))
            for parent in relation.inherits
        )


def _total(numbers: Iterable[int | None]) -> int | None:
    total = 0
    for number in numbers:
        if number is None:
            return None
        total += number
    return total


def relation_name(relation: Relation) -> ObjectName:
    """Return the name of a relation as plans write it: without the schema `public`."""
    schema = None if relation.schema == "public" else relation.schema
    return ObjectName(_KINDS[relation.kind], relation.name, schema)
