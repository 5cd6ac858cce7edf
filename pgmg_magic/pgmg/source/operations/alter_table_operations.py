"""Reads the commands of ALTER TABLE: the lock that each takes (PostgreSQL manual, ALTER TABLE), and what it does.

The modes are those of `AlterTableGetLockLevel`; what they spread to was measured on PostgreSQL 14 to 18.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.model.plans.risk import LockMode
from pgmg.model.sources.operations import (
    AddColumn,
    AddConstraint,
    Attach,
    ConstraintType,
    Detach,
    DropColumn,
    DropConstraint,
    Locks,
    Operation,
    Retype,
    SetNotNull,
    SetStorage,
    Storage,
    Using,
    ValidateConstraint,
)
from pgmg.source.grammar.parser import Tree, pb, relation_parts, strings, type_name
from pgmg.source.grammar.tree_walker import Walker
from pgmg.source.migrations.alter_table import definition

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgmg.model.sources.source import Parts

_WEAK = frozenset({pb.AT_SetStatistics, pb.AT_SetOptions, pb.AT_ResetOptions, pb.AT_ClusterOn, pb.AT_DropCluster})
_TRIGGERS = frozenset(
    {
        pb.AT_EnableTrig,
        pb.AT_EnableAlwaysTrig,
        pb.AT_EnableReplicaTrig,
        pb.AT_EnableTrigAll,
        pb.AT_EnableTrigUser,
        pb.AT_DisableTrig,
        pb.AT_DisableTrigAll,
        pb.AT_DisableTrigUser,
    }
)
_TO_CHILDREN = frozenset(
    {
        pb.AT_ColumnDefault,
        pb.AT_DropNotNull,
        pb.AT_SetStatistics,
        pb.AT_SetStorage,
        pb.AT_SetCompression,
        pb.AT_DropExpression,
        pb.AT_SetExpression,
    }
)
"""Commands that lock the children of a table as well, unless it says ONLY."""
_STRONG_OPTIONS = frozenset(
    {"user_catalog_table", "security_barrier", "security_invoker", "check_option", "buffering", "fastupdate"}
    | {"gin_pending_list_limit", "autosummarize", "pages_per_range"}
)
"""Storage parameters that need ACCESS EXCLUSIVE; the others need SHARE UPDATE EXCLUSIVE."""
_OPTIONS = frozenset({pb.AT_SetRelOptions, pb.AT_ResetRelOptions, pb.AT_ReplaceRelOptions})
_SERIALS = frozenset({"serial", "serial4", "bigserial", "serial8", "smallserial", "serial2"})
_CONSTRAINTS = {
    pb.CONSTR_CHECK: ConstraintType.CHECK,
    pb.CONSTR_FOREIGN: ConstraintType.FOREIGN_KEY,
    pb.CONSTR_NOTNULL: ConstraintType.NOT_NULL,
    pb.CONSTR_PRIMARY: ConstraintType.PRIMARY_KEY,
    pb.CONSTR_UNIQUE: ConstraintType.UNIQUE,
    pb.CONSTR_EXCLUSION: ConstraintType.EXCLUSION,
}
_STORED = "s"


def alter_table(tree: Tree) -> Iterator[Operation]:
    """Yield what each command does."""
    if tree.objtype == pb.OBJECT_TYPE:
        return
    relation, inherits = relation_parts(tree.relation), tree.relation.inh
    for node in tree.cmds:
        yield from _command(node.alter_table_cmd, relation, tree=inherits)


def _command(command: Tree, relation: Parts, *, tree: bool) -> Iterator[Operation]:  # noqa: C901, PLR0912 - an arm each
    match command.subtype:
        case pb.AT_AddColumn:
            yield _add_column(definition(command).column_def, relation, tree=tree, if_missing=command.missing_ok)
        case pb.AT_DropColumn:
            yield DropColumn(relation, command.name, cascade=command.behavior == pb.DROP_CASCADE)
        case pb.AT_AlterColumnType:
            yield _retype(command, relation, tree=tree)
        case pb.AT_SetNotNull:
            yield SetNotNull(relation, command.name, tree)
        case pb.AT_SetExpression:
            yield Locks(
                relation, LockMode.ACCESS_EXCLUSIVE, tree, rewrite=f"another expression for column {command.name}"
            )
        case pb.AT_AddConstraint:
            yield _add_constraint(definition(command).constraint, relation, tree=tree)
        case pb.AT_DropConstraint:
            yield DropConstraint(relation, command.name, tree)
        case pb.AT_AlterConstraint:
            yield Locks(relation, LockMode.ACCESS_EXCLUSIVE, tree=True, partitions=True)
        case pb.AT_ValidateConstraint:
            yield ValidateConstraint(relation, command.name, tree)
        case pb.AT_SetLogged | pb.AT_SetUnLogged:
            yield SetStorage(relation, Storage.PERSISTENCE, "p" if command.subtype == pb.AT_SetLogged else "u")
        case pb.AT_SetAccessMethod:
            yield SetStorage(relation, Storage.ACCESS_METHOD, command.name)
        case pb.AT_SetTableSpace:
            yield SetStorage(relation, Storage.TABLESPACE, command.name)
        case pb.AT_AttachPartition:
            yield Attach(relation, relation_parts(definition(command).partition_cmd.name))
        case pb.AT_DetachPartition | pb.AT_DetachPartitionFinalize:
            other = definition(command).partition_cmd
            finalizes = command.subtype == pb.AT_DetachPartitionFinalize
            yield Detach(relation, relation_parts(other.name), concurrently=other.concurrent or finalizes)
        case pb.AT_AddInherit:
            yield Locks(relation, LockMode.ACCESS_EXCLUSIVE)
            yield Locks(relation_parts(definition(command).range_var), LockMode.SHARE_UPDATE_EXCLUSIVE)
        case _:
            yield _plain(command, relation, tree=tree)


def _plain(command: Tree, relation: Parts, *, tree: bool) -> Operation:
    kind = command.subtype
    if kind in _TRIGGERS:
        return Locks(relation, LockMode.SHARE_ROW_EXCLUSIVE, tree, partitions=True)
    if kind in _OPTIONS:
        names = {(node.def_elem.defnamespace, node.def_elem.defname) for node in definition(command).list.items}
        strong = any(not space and name in _STRONG_OPTIONS for space, name in names)
        return Locks(relation, LockMode.ACCESS_EXCLUSIVE if strong else LockMode.SHARE_UPDATE_EXCLUSIVE)
    mode = LockMode.SHARE_UPDATE_EXCLUSIVE if kind in _WEAK else LockMode.ACCESS_EXCLUSIVE
    return Locks(relation, mode, tree and kind in _TO_CHILDREN)


def _retype(command: Tree, relation: Parts, *, tree: bool) -> Retype:
    column = definition(command).column_def
    new = type_name(column.type_name)
    plain = not column.HasField("raw_default") or _is_cast(column.raw_default, command.name, column.type_name)
    collation = strings(column.coll_clause.collname)[-2:] if column.HasField("coll_clause") else None
    return Retype(relation, command.name, new, Using.CAST if plain else Using.EXPRESSION, collation, tree)


def _is_cast(expression: Tree, column: str, new: Tree) -> bool:
    """Say whether an expression is the column itself, or the column cast to the new type."""
    if expression.HasField("type_cast"):
        if type_name(expression.type_cast.type_name) != type_name(new):
            return False
        expression = expression.type_cast.arg
    return expression.HasField("column_ref") and strings(expression.column_ref.fields)[-1:] == (column,)


def _add_column(column: Tree, relation: Parts, *, tree: bool, if_missing: bool) -> AddColumn:
    constraints = [node.constraint for node in column.constraints]
    kinds = {constraint.contype for constraint in constraints}
    default = next((c.raw_expr for c in constraints if c.contype == pb.CONSTR_DEFAULT), None)
    has_default = default is not None and not _is_null(default)
    kind = type_name(column.type_name)
    stored = any(c.contype == pb.CONSTR_GENERATED and c.generated_kind == _STORED for c in constraints)
    computed = stored or pb.CONSTR_IDENTITY in kinds or kind.parts[-1] in _SERIALS
    not_null = pb.CONSTR_NOTNULL in kinds and not has_default and not computed
    references = next((relation_parts(c.pktable) for c in constraints if c.contype == pb.CONSTR_FOREIGN), None)
    return AddColumn(
        relation,
        column.colname,
        kind,
        tree,
        if_missing=if_missing,
        has_default=has_default,
        functions=_functions(default),
        computed=computed,
        checked=not_null or pb.CONSTR_CHECK in kinds,
        indexed=bool(kinds & {pb.CONSTR_PRIMARY, pb.CONSTR_UNIQUE}),
        references=references,
    )


def _is_null(expression: Tree) -> bool:
    if expression.HasField("type_cast"):
        expression = expression.type_cast.arg
    return bool(expression.HasField("a_const") and expression.a_const.isnull)


class _Calls(Walker):
    """Collects the functions that an expression calls."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[Parts, int]] = []

    def _on_func_call(self, call: Tree) -> None:
        self.found.append((strings(call.funcname)[-2:], len(call.args)))
        self.descend(call)


def _functions(expression: Tree | None) -> tuple[tuple[Parts, int], ...]:
    if expression is None:
        return ()
    calls = _Calls()
    calls.visit(expression)
    return tuple(calls.found)


def _add_constraint(constraint: Tree, relation: Parts, *, tree: bool) -> Operation:
    kind = _CONSTRAINTS.get(constraint.contype)
    if kind is None:
        return Locks(relation, LockMode.ACCESS_EXCLUSIVE, tree)
    return AddConstraint(
        relation,
        kind,
        valid=not constraint.skip_validation,
        columns=strings(constraint.keys),
        references=relation_parts(constraint.pktable) if kind is ConstraintType.FOREIGN_KEY else None,
        using_index=bool(constraint.indexname),
        tree=tree,
        no_inherit=constraint.is_no_inherit,
    )
