"""Forecasts one statement: which existing relations it locks, scans and rewrites, and what it loses.

The rules are those of PostgreSQL's manual (13.3 Explicit Locking, ALTER TABLE); how far a lock spreads was measured on
PostgreSQL 14 to 18, and a test compares every form of statement with the server.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from pgmg.model.plans.risk import LockMode
from pgmg.model.sources.operations import (
    AddColumn,
    AddConstraint,
    Attach,
    ConstraintType,
    Create,
    Detach,
    DropColumn,
    DropConstraint,
    DropRelation,
    DropSchema,
    Locks,
    Move,
    OnIndexedTable,
    OnStatisticsTable,
    OnTypeUsers,
    Operation,
    RenameConstraint,
    Retype,
    SetNotNull,
    SetPath,
    SetStorage,
    Storage,
    Truncate,
    Unknown,
    Using,
    ValidateConstraint,
)
from pgmg.model.sources.source import TypeName
from pgmg.planning.risk.effects import Forecast
from pgmg.planning.risk.related_relations import RelatedRelations, is_proved
from pgmg.planning.risk.type_changes import rebuilds, rewrites

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pgmg.model.database.relation_facts import Relation, TableConstraint
    from pgmg.model.sources.source import Parts

_AEL, _SRE, _SUE = LockMode.ACCESS_EXCLUSIVE, LockMode.SHARE_ROW_EXCLUSIVE, LockMode.SHARE_UPDATE_EXCLUSIVE
_CONSTRAINTS_LOCK_CHILDREN = 180000
_INDEXED = frozenset({ConstraintType.PRIMARY_KEY, ConstraintType.UNIQUE, ConstraintType.EXCLUSION})


class StatementForecaster(RelatedRelations):
    """Forecasts statements in order; `names` follows what each does to names."""

    def forecast(self, operations: Iterable[Operation]) -> Forecast:
        """Return what one statement does."""
        found = Forecast()
        for operation in operations:
            self._apply(operation, found)
        for oid in found.rewrites:
            found.scans.pop(oid, None)
        return found

    def _apply(self, operation: Operation, found: Forecast) -> None:  # noqa: C901, PLR0912 - an arm for each operation
        match operation:
            case Locks():
                self._locks(operation, found)
            case AddColumn():
                self._add_column(operation, found)
            case DropColumn():
                self._drop_column(operation, found)
            case Retype():
                self._retype(operation, found)
            case SetNotNull():
                self._set_not_null(operation.relation, operation.column, found, tree=operation.tree)
            case AddConstraint():
                self._add_constraint(operation, found)
            case DropConstraint():
                self._drop_constraint(operation, found)
            case ValidateConstraint():
                self._validate(operation, found)
            case SetStorage():
                self._set_storage(operation, found)
            case Attach():
                self._attach(operation, found)
            case Detach():
                self._detach(operation, found)
            case OnIndexedTable():
                self._on_indexed_table(operation, found)
            case OnTypeUsers():
                self._on_type_users(operation, found)
            case OnStatisticsTable():
                name = operation.statistics[-1]
                found.lock([r for r in self._names if name in r.statistics], operation.mode)
            case DropRelation():
                self._drop_relation(operation, found)
            case Truncate():
                self._truncate(operation, found)
            case DropSchema():
                for relation in self._names.in_schema(operation.schema) if operation.cascade else ():
                    self._drop(relation, found, cascade=True)
            case Create():
                self._create(operation, found)
            case RenameConstraint():
                self._rename_constraint(operation, found)
            case Move():
                if (moved := self._find(operation.relation)) is not None:
                    found.lock([moved], operation.mode)
                self._names.move(operation.relation, operation.new_name, operation.new_schema)
            case SetPath():
                self._names.set_path(operation.path)
            case Unknown():
                found.unknown.append(operation.what)
            case _:
                assert_never(operation)

    # -- operations ---------------------------------------------------------------------------------------

    def _locks(self, operation: Locks, found: Forecast) -> None:
        relation = self._find(operation.relation)
        if relation is None:
            return
        spreads = operation.tree and self._facts.version_num >= operation.since
        only = {"partitions": operation.partitions, "inheritance": operation.inheritance}
        all_of_it = self._tree(relation, tree=spreads, **only)
        found.lock(all_of_it, operation.mode)
        if operation.read:
            found.lock(self._read(relation), operation.mode)
        if operation.scan is not None:
            found.scan(all_of_it, operation.scan)
        if operation.rewrite is not None:
            found.rewrite(all_of_it, operation.rewrite)
        if operation.loss is not None:
            found.lose(relation, operation.loss)

    def _add_column(self, operation: AddColumn, found: Forecast) -> None:
        relation = self._find(operation.relation)
        if relation is None:
            return
        if operation.if_missing and operation.column in relation.columns:
            found.lock([relation], _AEL)
            return
        tables = self._tree(relation, tree=operation.tree)
        found.lock(tables, _AEL)
        reason = f"new column {operation.column}"
        type_ = self._facts.types.get(operation.type)
        if operation.computed or (type_ is not None and type_.checked) or self._is_volatile(operation.functions):
            found.rewrite(tables, reason)
        if operation.checked:
            found.scan(tables, f"check of {reason}")
        if operation.indexed:
            found.scan([relation], f"index of {reason}")
        if operation.references is not None:
            self._foreign_key(relation, operation.references, found, valid=operation.has_default)

    def _drop_column(self, operation: DropColumn, found: Forecast) -> None:
        relation = self._find(operation.relation)
        if relation is None:
            return
        if relation.columns and operation.column not in relation.columns:
            found.lock([relation], _AEL)  # IF EXISTS
            return
        tables = self._tree(relation)
        found.lock(tables, _AEL)
        found.lose(relation, f"column {operation.column}")
        names = {c.name for c in relation.constraints if operation.column in c.columns}
        self._key_partners(relation, names, found)
        for table in tables if operation.cascade else ():
            found.lock(self._readers(table, operation.column), _AEL)

    def _retype(self, operation: Retype, found: Forecast) -> None:
        relation = self._find(operation.relation)
        if relation is None:
            return
        tables = self._tree(relation, tree=operation.tree)
        found.lock(tables, _AEL)
        column, new = relation.columns.get(operation.column), self._facts.types.get(operation.type)
        reason = f"column {operation.column} gets another type"
        others = self._others(c for c in relation.constraints if operation.column in c.columns)
        if column is None or new is None or operation.using is Using.EXPRESSION:
            changes = True
        else:
            changes = rewrites(column.type, new, self._facts)
        if changes:
            found.rewrite(tables, reason)
            found.scan(others, f"foreign key of {relation.name}")
        elif (
            column is not None and new is not None and rebuilds(relation, column, new, operation.collation is not None)
        ):
            found.scan(tables, f"indexes and checks of column {operation.column}")
        found.lock(others, _AEL)

    def _set_not_null(self, parts: Parts, name: str, found: Forecast, *, tree: bool) -> None:
        relation = self._find(parts)
        if relation is None:
            return
        tables = self._tree(relation, tree=tree)
        found.lock(tables, _AEL)
        column = relation.columns.get(name)
        if column is None or not (column.not_null or is_proved(relation, name)):
            found.scan(tables, f"check that {name} is not null")

    def _add_constraint(self, operation: AddConstraint, found: Forecast) -> None:
        if operation.references is not None:
            self._add_foreign_key(operation, operation.references, found)
            return
        relation = self._find(operation.relation)
        if relation is None:
            return
        kind = operation.type
        found.lock(self._tree(relation, tree=operation.tree and self._constraint_locks_children(operation)), _AEL)
        if kind in _INDEXED and not operation.using_index:
            found.lock(self._tree(relation, tree=operation.tree, partitions=True), LockMode.SHARE)
        if operation.using_index or not operation.valid:
            return
        if kind in (ConstraintType.PRIMARY_KEY, ConstraintType.NOT_NULL):
            for name in operation.columns:
                known = relation.columns.get(name)
                if relation.kind == "p" and known is not None and known.not_null:
                    continue  # partitions have it, too; other children are made to
                self._set_not_null(operation.relation, name, found, tree=operation.tree)
        if kind in _INDEXED:
            found.scan(self._tree(relation, tree=operation.tree, partitions=True), "build of the index")
        elif kind is ConstraintType.CHECK:
            tables = self._tree(relation, tree=operation.tree and not operation.no_inherit)
            found.scan(tables, "check of the constraint")

    def _constraint_locks_children(self, operation: AddConstraint) -> bool:
        """Say whether a new constraint locks children like their parent: before 18, only one that they get, too."""
        if self._facts.version_num >= _CONSTRAINTS_LOCK_CHILDREN:
            return True
        return operation.type in (ConstraintType.CHECK, ConstraintType.NOT_NULL) and not operation.no_inherit

    def _add_foreign_key(self, operation: AddConstraint, references: Parts, found: Forecast) -> None:
        relation = self._find(operation.relation)
        if relation is None:
            if (other := self._find(references)) is not None:
                found.lock(self._tree(other, partitions=True), _SRE)
            return
        tables = self._tree(relation, partitions=True)
        found.lock(tables, _SRE)
        if self._constraint_locks_children(operation):
            found.lock(self._tree(relation, tree=operation.tree), _SRE)
        self._foreign_key(relation, references, found, valid=operation.valid)
        if operation.valid:
            found.scan(tables, "check of the foreign key")

    def _foreign_key(self, relation: Relation, references: Parts, found: Forecast, *, valid: bool) -> None:
        other = self._find(references)
        if other is None:
            return
        found.lock(self._tree(other, partitions=True), _SRE)
        if valid:
            found.scan([relation], "check of the foreign key")
            found.scan(self._tree(other, partitions=True), f"check of the foreign key of {relation.name}")

    def _drop_constraint(self, operation: DropConstraint, found: Forecast) -> None:
        relation = self._find(operation.relation)
        if relation is None:
            return
        constraint = next((c for c in relation.constraints if c.name == operation.name), None)
        spreads = operation.tree and constraint is not None and _is_inherited(constraint)
        found.lock(self._tree(relation, tree=spreads or relation.kind == "p"), _AEL)
        self._key_partners(relation, [operation.name], found)
        found.lock(self._others([] if constraint is None else [constraint]), _AEL)

    def _rename_constraint(self, operation: RenameConstraint, found: Forecast) -> None:
        relation = self._find(operation.relation)
        if relation is None:
            return
        constraint = next((c for c in relation.constraints if c.name == operation.name), None)
        spreads = operation.tree and (constraint is None or _is_inherited(constraint))
        found.lock(self._tree(relation, tree=spreads), _AEL)

    def _validate(self, operation: ValidateConstraint, found: Forecast) -> None:
        relation = self._find(operation.relation)
        if relation is None:
            return
        constraint = next((c for c in relation.constraints if c.name == operation.name), None)
        found.lock([relation], _SUE)
        if constraint is None or constraint.valid:
            if constraint is None:
                found.scan([relation], "check of the constraint")
            return
        if constraint.type is ConstraintType.FOREIGN_KEY:
            found.scan([relation], "check of the foreign key")
            found.scan(self._others([constraint]), f"check of the foreign key of {relation.name}")
            return
        tables = self._tree(relation, tree=operation.tree)
        found.lock(tables, _SUE)
        found.scan(tables, "check of the constraint")

    def _set_storage(self, operation: SetStorage, found: Forecast) -> None:
        relation = self._find(operation.relation)
        if relation is None:
            return
        found.lock([relation], _AEL)
        match operation.storage:
            case Storage.PERSISTENCE:
                now, words = relation.persistence, "SET LOGGED" if operation.value == "p" else "SET UNLOGGED"
            case Storage.ACCESS_METHOD:
                now, words = relation.access_method, "another access method"
            case Storage.TABLESPACE:
                now, words = relation.tablespace or self._facts.tablespace, "another tablespace"
            case _:
                assert_never(operation.storage)
        if now != operation.value:
            found.rewrite([relation], words)

    def _attach(self, operation: Attach, found: Forecast) -> None:
        parent, partition = self._find(operation.relation), self._find(operation.partition)
        if parent is not None:
            found.lock([parent], _SUE)
            self._new_partition(parent, found)
            default = self._default_partition(parent)
            found.lock(default, _AEL)
            found.scan(default, "check for rows of the new partition")
        if partition is not None:
            found.lock(self._tree(partition), _AEL)
            found.scan(self._tree(partition), "check of the partition's bounds")

    def _detach(self, operation: Detach, found: Forecast) -> None:
        parent, partition = self._find(operation.relation), self._find(operation.partition)
        mode = _SUE if operation.concurrently else _AEL
        if parent is not None:
            found.lock([parent], mode)
            if not operation.concurrently:
                found.lock(self._default(parent), _AEL)
        if partition is not None:
            found.lock([partition] if operation.concurrently else self._tree(partition), _AEL)
            if not operation.concurrently:
                self._lock_partitions(self._others(c for c in partition.constraints if c.inherited), _SRE, found)
                self._lock_partitions(self._referencing(partition), _AEL, found)

    def _on_indexed_table(self, operation: OnIndexedTable, found: Forecast) -> None:
        index = self._names.find(operation.index)
        if index is None or index.indexed_table is None:
            return
        tables = self._tree(self._facts.relations[index.indexed_table], tree=operation.tree, partitions=True)
        found.lock(tables, operation.mode)
        if operation.scan is not None:
            found.scan(tables, operation.scan)

    def _on_type_users(self, operation: OnTypeUsers, found: Forecast) -> None:
        name = operation.type[-1]
        type_ = self._facts.types.get(TypeName(operation.type))
        for relation in list(self._names):
            columns = [c for c in relation.columns.values() if type_ is not None and c.type.oid == type_.oid]
            used = relation.of_type == name if operation.typed else columns and not relation.is_partition
            if not used:
                continue
            tables = self._tree(relation)
            found.lock(tables, operation.mode)
            if operation.scan is not None:
                found.scan(tables, operation.scan)
            if operation.rewrite is not None:
                found.rewrite(tables, operation.rewrite)
            if operation.loss is not None:
                found.lose(relation, operation.loss)

    def _drop_relation(self, operation: DropRelation, found: Forecast) -> None:
        relation = self._find(operation.relation)
        if relation is None:
            self._names.drop_new(operation.relation)
        else:
            self._drop(relation, found, cascade=operation.cascade)

    def _drop(self, relation: Relation, found: Forecast, *, cascade: bool) -> None:
        if relation.kind in "iI":
            self._names.drop(relation)
            return
        tables = self._tree(relation) if cascade or relation.kind == "p" else [relation]
        for table in tables:
            found.lock([table], _AEL)
            self._key_partners(table, {c.name for c in table.constraints}, found)
            if cascade:
                found.lock(self._readers(table), _AEL)
            if table.is_partition:
                for oid in table.inherits:
                    parent = self._facts.relations[oid]
                    found.lock([parent, *self._default(parent)], _AEL)
            if table.kind in "rpf":
                found.lose(table, "the table")
            self._names.drop(table)

    def _truncate(self, operation: Truncate, found: Forecast) -> None:
        relation = self._find(operation.relation)
        if relation is None:
            return
        reached = self._tree(relation, tree=operation.tree)
        if operation.cascade:
            for table in reached:
                reached += [other for other in self._referencing(table) if other not in reached]
        found.lock(reached, _AEL)
        for table in reached:
            found.lose(table, "all rows: TRUNCATE")

    def _create(self, operation: Create, found: Forecast) -> None:
        existing = self._names.find(operation.relation)
        if operation.replace and existing is not None:
            found.lock([existing], _AEL)
            self._replaced.add(existing.oid)
            return
        if operation.if_missing and self._names.is_taken(operation.relation):
            return
        for parts in operation.references:
            if (other := self._find(parts)) is not None:
                found.lock(self._tree(other, partitions=True), _SRE)
        for parts in operation.parents:
            if (parent := self._find(parts)) is not None:
                found.lock([parent], _SUE)
        if operation.partition_of is not None and (parent := self._find(operation.partition_of)) is not None:
            found.lock([parent], _AEL)
            self._new_partition(parent, found)
            default = self._default_partition(parent)
            found.lock(default, _AEL)
            found.scan(default, "check for rows of the new partition")
        self._names.create(operation.relation)


def _is_inherited(constraint: TableConstraint) -> bool:
    """Say whether children that are no partitions have a constraint of their parent."""
    return constraint.type in (ConstraintType.CHECK, ConstraintType.NOT_NULL) and not constraint.no_inherit
