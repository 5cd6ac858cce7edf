"""Reads statements: one small function for each kind of statement that locks relations."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache

from pgmg.model.plans.risk import LockMode
from pgmg.model.sources.operations import (
    Create,
    DropRelation,
    DropSchema,
    Locks,
    Move,
    OnIndexedTable,
    OnStatisticsTable,
    OnTypeUsers,
    Operation,
    RenameConstraint,
    SetPath,
    Truncate,
    Unknown,
)
from pgmg.source.grammar.parser import (
    GrammarError,
    Tree,
    name_parts,
    option_text,
    parse,
    parts,
    pb,
    relation_parts,
    strings,
    unwrap,
)
from pgmg.source.operations.alter_table_operations import alter_table

OperationReader = Callable[[Tree], Iterator[Operation]]

_MODES = dict(enumerate(LockMode, start=1))
"""`LockStmt.mode` numbers the modes from 1, weakest first."""
_TEMPORARY = "t"
_ON_TABLE = frozenset({pb.OBJECT_TRIGGER, pb.OBJECT_RULE, pb.OBJECT_POLICY})
_WITH_ROWS = frozenset({pb.OBJECT_TABLE, pb.OBJECT_FOREIGN_TABLE})
_RELATIONS = _WITH_ROWS | {pb.OBJECT_VIEW, pb.OBJECT_MATVIEW}
_TYPES = frozenset({pb.OBJECT_TYPE, pb.OBJECT_DOMAIN})
_HIDDEN = {
    "do_stmt": "DO",
    "call_stmt": "CALL",
    "drop_owned_stmt": "DROP OWNED",
    "reassign_owned_stmt": "REASSIGN OWNED",
}
_WITH_CLAUSE = frozenset({"select_stmt", "insert_stmt", "update_stmt", "delete_stmt", "merge_stmt"})
_ADD_CHECK, _VALIDATE, _SET_NOT_NULL = "C", "V", "O"


def operations_of(sql: str) -> tuple[Operation, ...]:
    """Return what the statements of a text do to relations, in order; nothing for a text that does not parse."""
    try:
        statements = parse(sql).stmts
    except GrammarError:
        return ()
    return tuple(operation for raw in statements for operation in _of_node(raw.stmt))


def _of_node(node: Tree) -> Iterator[Operation]:
    kind, tree = unwrap(node)
    if kind in _WITH_CLAUSE:
        for query in tree.with_clause.ctes:
            yield from _of_node(query.common_table_expr.ctequery)
    if kind in _HIDDEN:
        yield Unknown(_HIDDEN[kind])
    elif (reader := _readers().get(kind)) is not None:
        yield from reader(tree)


# -- tables ---------------------------------------------------------------------------------------------


def _create(tree: Tree) -> Iterator[Operation]:
    if tree.relation.relpersistence == _TEMPORARY:
        return
    constraints = [node.constraint for node in (*tree.constraints, *tree.table_elts) if node.HasField("constraint")]
    for node in tree.table_elts:
        if node.HasField("column_def"):
            constraints += [inner.constraint for inner in node.column_def.constraints]
    parents = tuple(relation_parts(node.range_var) for node in tree.inh_relations)
    is_partition = tree.HasField("partbound")
    yield Create(
        relation_parts(tree.relation),
        if_missing=tree.if_not_exists,
        references=tuple(relation_parts(c.pktable) for c in constraints if c.contype == pb.CONSTR_FOREIGN),
        parents=() if is_partition else parents,
        partition_of=parents[0] if is_partition else None,
    )


def _create_foreign(tree: Tree) -> Iterator[Operation]:
    yield from _create(tree.base_stmt)


def _create_as(tree: Tree) -> Iterator[Operation]:
    if tree.into.rel.relpersistence != _TEMPORARY:
        yield Create(relation_parts(tree.into.rel), if_missing=tree.if_not_exists)


def _view(tree: Tree) -> Iterator[Operation]:
    if tree.view.relpersistence != _TEMPORARY:
        yield Create(relation_parts(tree.view), replace=tree.replace)


def _select(tree: Tree) -> Iterator[Operation]:
    if tree.HasField("into_clause") and tree.into_clause.rel.relpersistence != _TEMPORARY:
        yield Create(relation_parts(tree.into_clause.rel))


def _truncate(tree: Tree) -> Iterator[Operation]:
    for node in tree.relations:
        relation = node.range_var
        yield Truncate(relation_parts(relation), relation.inh, tree.behavior == pb.DROP_CASCADE)


def _delete(tree: Tree) -> Iterator[Operation]:
    which = "rows" if tree.HasField("where_clause") else "all rows"
    yield Locks(relation_parts(tree.relation), LockMode.ROW_EXCLUSIVE, tree.relation.inh, loss=f"DELETE of {which}")


def _merge(tree: Tree) -> Iterator[Operation]:
    deletes = any(node.merge_when_clause.command_type == pb.CMD_DELETE for node in tree.merge_when_clauses)
    if deletes:
        yield Locks(relation_parts(tree.relation), LockMode.ROW_EXCLUSIVE, tree.relation.inh, loss="DELETE of rows")


def _update(tree: Tree) -> Iterator[Operation]:
    if not tree.HasField("where_clause"):
        reason = "UPDATE of all rows"
        yield Locks(relation_parts(tree.relation), LockMode.ROW_EXCLUSIVE, tree.relation.inh, scan=reason)


def _lock(tree: Tree) -> Iterator[Operation]:
    for node in tree.relations:
        yield Locks(relation_parts(node.range_var), _MODES[tree.mode], node.range_var.inh, read=True)


def _cluster(tree: Tree) -> Iterator[Operation]:
    if tree.HasField("relation"):
        yield Locks(relation_parts(tree.relation), LockMode.ACCESS_EXCLUSIVE, rewrite="CLUSTER")
    else:
        yield Unknown("CLUSTER of all tables")


def _vacuum(tree: Tree) -> Iterator[Operation]:
    full = any(node.def_elem.defname == "full" and option_text(node.def_elem) != "false" for node in tree.options)
    word = "VACUUM" if tree.is_vacuumcmd else "ANALYZE"
    if not tree.rels and full:
        yield Unknown("VACUUM FULL of all tables")
    for node in tree.rels:
        relation, whole = relation_parts(node.vacuum_relation.relation), node.vacuum_relation.relation.inh
        mode = LockMode.ACCESS_EXCLUSIVE if full else LockMode.SHARE_UPDATE_EXCLUSIVE
        rewrite, scan = ("VACUUM FULL", None) if full else (None, word)
        yield Locks(relation, mode, whole, partitions=True, rewrite=rewrite, scan=scan)
        yield Locks(relation, mode, whole, rewrite=rewrite, scan=scan, since=180000)  # children that are no partitions


def _refresh(tree: Tree) -> Iterator[Operation]:
    relation = relation_parts(tree.relation)
    if tree.concurrent:
        yield Locks(relation, LockMode.EXCLUSIVE)
    else:
        yield Locks(relation, LockMode.ACCESS_EXCLUSIVE, rewrite="REFRESH MATERIALIZED VIEW")


# -- indexes, statistics ----------------------------------------------------------------------------------


def _index(tree: Tree) -> Iterator[Operation]:
    mode = LockMode.SHARE_UPDATE_EXCLUSIVE if tree.concurrent else LockMode.SHARE
    name = f" {tree.idxname}" if tree.idxname else ""
    yield Locks(
        relation_parts(tree.relation),
        mode,
        tree.relation.inh,
        partitions=True,
        scan=None if tree.if_not_exists else f"build of index{name}",
    )


def _reindex(tree: Tree) -> Iterator[Operation]:
    concurrently = any(
        node.def_elem.defname == "concurrently" and option_text(node.def_elem) != "false" for node in tree.params
    )
    mode = LockMode.SHARE_UPDATE_EXCLUSIVE if concurrently else LockMode.SHARE
    match tree.kind:
        case pb.REINDEX_OBJECT_INDEX:
            yield OnIndexedTable(relation_parts(tree.relation), mode, "REINDEX")
        case pb.REINDEX_OBJECT_TABLE:
            yield Locks(relation_parts(tree.relation), mode, scan="REINDEX")
        case _:
            yield Unknown("REINDEX of many tables")


def _statistics(tree: Tree) -> Iterator[Operation]:
    for node in tree.relations:
        yield Locks(relation_parts(node.range_var), LockMode.SHARE_UPDATE_EXCLUSIVE)


# -- triggers, rules, policies ----------------------------------------------------------------------------


def _trigger(tree: Tree) -> Iterator[Operation]:
    yield Locks(relation_parts(tree.relation), LockMode.SHARE_ROW_EXCLUSIVE, tree=tree.row, partitions=True)
    if tree.HasField("constrrel"):
        yield Locks(relation_parts(tree.constrrel), LockMode.SHARE_ROW_EXCLUSIVE)


def _rule(tree: Tree) -> Iterator[Operation]:
    yield Locks(relation_parts(tree.relation), LockMode.ACCESS_EXCLUSIVE)


def _policy(tree: Tree) -> Iterator[Operation]:
    yield Locks(relation_parts(tree.table), LockMode.ACCESS_EXCLUSIVE)


def _comment(tree: Tree) -> Iterator[Operation]:
    if tree.objtype in _RELATIONS:
        yield Locks(name_parts(tree.object), LockMode.SHARE_UPDATE_EXCLUSIVE)
    elif tree.objtype == pb.OBJECT_COLUMN:
        yield Locks(strings(tree.object.list.items)[:-1][-2:], LockMode.SHARE_UPDATE_EXCLUSIVE)


def _publication(tree: Tree) -> Iterator[Operation]:
    for node in tree.pubobjects:
        table = node.publication_obj_spec.pubtable.relation
        if table.relname:
            yield Locks(relation_parts(table), LockMode.SHARE_UPDATE_EXCLUSIVE, table.inh, inheritance=True)


# -- names ------------------------------------------------------------------------------------------------


def _rename(tree: Tree) -> Iterator[Operation]:
    if not tree.HasField("relation"):
        return
    relation = relation_parts(tree.relation)
    match tree.rename_type:
        case pb.OBJECT_INDEX:
            return  # locks the index alone
        case pb.OBJECT_COLUMN:
            yield Locks(relation, LockMode.ACCESS_EXCLUSIVE, tree.relation.inh)
        case pb.OBJECT_TRIGGER:
            yield Locks(relation, LockMode.ACCESS_EXCLUSIVE, tree=True, partitions=True, since=150000)
        case pb.OBJECT_TABCONSTRAINT:
            yield RenameConstraint(relation, tree.subname, tree.relation.inh)
        case pb.OBJECT_RULE | pb.OBJECT_POLICY:
            yield Locks(relation, LockMode.ACCESS_EXCLUSIVE)
        case pb.OBJECT_ATTRIBUTE:
            if tree.behavior == pb.DROP_CASCADE:
                yield OnTypeUsers(relation, LockMode.ACCESS_EXCLUSIVE, typed=True)
        case _:
            yield Move(relation, new_name=tree.newname)


def _set_schema(tree: Tree) -> Iterator[Operation]:
    if tree.HasField("relation"):
        yield Move(relation_parts(tree.relation), new_schema=tree.newschema)


# -- drops ------------------------------------------------------------------------------------------------


def _drop(tree: Tree) -> Iterator[Operation]:
    cascade = tree.behavior == pb.DROP_CASCADE
    for node in tree.objects:
        name = name_parts(node)
        match tree.remove_type:
            case kind if kind in _RELATIONS:
                yield DropRelation(name, cascade, table=kind in _WITH_ROWS)
            case pb.OBJECT_INDEX:
                mode = LockMode.SHARE_UPDATE_EXCLUSIVE if tree.concurrent else LockMode.ACCESS_EXCLUSIVE
                yield OnIndexedTable(name, mode, tree=True)
            case kind if kind in _ON_TABLE:
                *table, _ = strings(node.list.items)
                tree_too = kind == pb.OBJECT_TRIGGER
                yield Locks(tuple(table[-2:]), LockMode.ACCESS_EXCLUSIVE, tree=tree_too, partitions=True)
            case pb.OBJECT_STATISTIC_EXT:
                yield OnStatisticsTable(name, LockMode.SHARE_UPDATE_EXCLUSIVE)
            case pb.OBJECT_SCHEMA:
                yield DropSchema(name[-1], cascade)
            case kind if kind in _TYPES:
                if cascade:
                    loss = f"columns of type {'.'.join(name)}"
                    yield OnTypeUsers(name, LockMode.ACCESS_EXCLUSIVE, loss=loss)
            case _:
                if cascade:
                    yield Unknown("DROP … CASCADE")


# -- types ------------------------------------------------------------------------------------------------


def _domain(tree: Tree) -> Iterator[Operation]:
    name = parts(tree.type_name)
    word = ".".join(name)
    if tree.subtype == _ADD_CHECK:
        constraint = getattr(tree, "def").constraint
        if constraint.contype == pb.CONSTR_NOTNULL or not constraint.skip_validation:
            yield OnTypeUsers(name, LockMode.SHARE, scan=f"check of domain {word}")
    elif tree.subtype in (_VALIDATE, _SET_NOT_NULL):
        yield OnTypeUsers(name, LockMode.SHARE, scan=f"check of domain {word}")


def _composite(tree: Tree) -> Iterator[Operation]:
    """ALTER TYPE … ATTRIBUTE … CASCADE, which the grammar reads as ALTER TABLE."""
    if tree.objtype != pb.OBJECT_TYPE:
        yield from alter_table(tree)
        return
    name = relation_parts(tree.relation)
    for node in tree.cmds:
        command = node.alter_table_cmd
        if command.behavior != pb.DROP_CASCADE:
            continue
        retyped = command.subtype == pb.AT_AlterColumnType
        dropped = command.subtype == pb.AT_DropColumn
        yield OnTypeUsers(
            name,
            LockMode.ACCESS_EXCLUSIVE,
            rewrite=f"another type for attribute {command.name}" if retyped else None,
            loss=f"column {command.name}" if dropped else None,
            typed=True,
        )


# -- settings ---------------------------------------------------------------------------------------------


def _set(tree: Tree) -> Iterator[Operation]:
    if tree.kind == pb.VAR_RESET_ALL:
        yield SetPath(None)
    elif tree.name == "search_path":
        if tree.kind == pb.VAR_SET_VALUE:
            yield SetPath(tuple(node.a_const.sval.sval for node in tree.args if node.HasField("a_const")))
        else:
            yield SetPath(None)


def _sequence(tree: Tree) -> Iterator[Operation]:
    if tree.sequence.relpersistence != _TEMPORARY:
        yield Create(relation_parts(tree.sequence), if_missing=tree.if_not_exists)


@cache
def _readers() -> dict[str, OperationReader]:
    return {
        "alter_domain_stmt": _domain,
        "alter_object_schema_stmt": _set_schema,
        "alter_policy_stmt": _policy,
        "alter_table_stmt": _composite,
        "cluster_stmt": _cluster,
        "comment_stmt": _comment,
        "create_foreign_table_stmt": _create_foreign,
        "create_policy_stmt": _policy,
        "create_publication_stmt": _publication,
        "create_seq_stmt": _sequence,
        "create_stats_stmt": _statistics,
        "create_stmt": _create,
        "create_table_as_stmt": _create_as,
        "create_trig_stmt": _trigger,
        "delete_stmt": _delete,
        "drop_stmt": _drop,
        "index_stmt": _index,
        "lock_stmt": _lock,
        "merge_stmt": _merge,
        "refresh_mat_view_stmt": _refresh,
        "reindex_stmt": _reindex,
        "rename_stmt": _rename,
        "rule_stmt": _rule,
        "select_stmt": _select,
        "truncate_stmt": _truncate,
        "update_stmt": _update,
        "vacuum_stmt": _vacuum,
        "variable_set_stmt": _set,
        "view_stmt": _view,
    }
