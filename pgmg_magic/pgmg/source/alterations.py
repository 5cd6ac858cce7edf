"""Tells what a migration statement does to which objects: what rule 4 starts from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache

from pgmg.model.names import RELATIONS, Kind
from pgmg.model.source import Alteration, Effect, Target
from pgmg.source.grammar import Tree, arguments, name_parts, parts, pb, relation_parts
from pgmg.source.kinds import key_of, readers
from pgmg.source.statements import Parsed
from pgmg.source.targets import KINDS, relation_target, target_of
from pgmg.errors import SourceError

_COLUMN_EFFECTS = {
    pb.AT_AddColumn: Effect.ADD_COLUMN,
    pb.AT_DropColumn: Effect.DROP_COLUMN,
    pb.AT_AlterColumnType: Effect.RETYPE_COLUMN,
    pb.AT_DropConstraint: Effect.DROP_CONSTRAINT,
}
_RESHAPING = frozenset(
    {
        pb.AT_AddInherit,
        pb.AT_DropInherit,
        pb.AT_AddOf,
        pb.AT_DropOf,
        pb.AT_AttachPartition,
        pb.AT_DetachPartition,
        pb.AT_DetachPartitionFinalize,
        pb.AT_SetExpression,
        pb.AT_DropExpression,
    }
)
"""What may change columns in other ways than by naming one; all other commands leave the columns alone."""

Reader = Callable[[Parsed], Iterator[Alteration]]


def alterations_of(statement: Parsed) -> Iterator[Alteration]:
    """Yield every effect of a statement."""
    reader = _readers().get(statement.node)
    if reader is not None:
        yield from reader(statement)
    elif key_of(statement.node, statement.tree) in readers():
        yield from _declaration(statement)


def _declaration(statement: Parsed) -> Iterator[Alteration]:
    """Whatever a code folder may declare, a migration may make: with the same readers."""
    effect = Effect.REPLACE if getattr(statement.tree, "replace", False) else Effect.CREATE
    try:
        declared = list(readers()[key_of(statement.node, statement.tree)](statement))
    except SourceError:
        return  # a temporary relation, a base type: nothing that could be declared
    for declaration in declared:
        if declaration.target.kind not in (Kind.COMMENT, Kind.GRANT, Kind.OWNER, Kind.DEFAULT_PRIVILEGES):
            yield Alteration(effect, declaration.target)


def _table(statement: Parsed) -> Iterator[Alteration]:
    relation = statement.tree.relation
    if relation.relpersistence != "t":
        yield Alteration(Effect.CREATE, relation_target(relation))


def _foreign_table(statement: Parsed) -> Iterator[Alteration]:
    yield Alteration(Effect.CREATE, relation_target(statement.tree.base_stmt.relation))


def _table_as(statement: Parsed) -> Iterator[Alteration]:
    tree = statement.tree
    kind = KINDS.get(tree.objtype, Kind.TABLE)
    if tree.into.rel.relpersistence != "t":
        yield Alteration(Effect.CREATE, relation_target(tree.into.rel, kind))


def _sequence(statement: Parsed) -> Iterator[Alteration]:
    yield Alteration(Effect.CREATE, relation_target(statement.tree.sequence, Kind.SEQUENCE))


def _index(statement: Parsed) -> Iterator[Alteration]:
    tree = statement.tree
    table = relation_target(tree.relation)
    yield Alteration(Effect.TOUCH, table)
    if tree.idxname:
        space = (tree.relation.schemaname,) if tree.relation.schemaname else ()
        yield Alteration(Effect.CREATE, Target(Kind.INDEX, (*space, tree.idxname), parent=table))


def _schema(statement: Parsed) -> Iterator[Alteration]:
    yield Alteration(Effect.CREATE, Target(Kind.SCHEMA, (statement.tree.schemaname,)))


def _extension(statement: Parsed) -> Iterator[Alteration]:
    yield Alteration(Effect.CREATE, Target(Kind.EXTENSION, (statement.tree.extname,)))


def _alter_table(statement: Parsed) -> Iterator[Alteration]:
    tree = statement.tree
    target = relation_target(tree.relation, KINDS.get(tree.objtype, Kind.TABLE))
    if tree.objtype == pb.OBJECT_TYPE:
        target = Target(Kind.TYPE, relation_parts(tree.relation))
    for node in tree.cmds:
        command = node.alter_table_cmd
        effect = _COLUMN_EFFECTS.get(command.subtype)
        if effect is not None:
            yield Alteration(effect, target, _member(command), if_exists=command.missing_ok)
        else:
            yield Alteration(Effect.RESHAPE if command.subtype in _RESHAPING else Effect.TOUCH, target)


def _member(command: Tree) -> str:
    if command.subtype == pb.AT_AddColumn:
        return str(getattr(command, "def").column_def.colname)
    return str(command.name)


def _rename(statement: Parsed) -> Iterator[Alteration]:
    tree = statement.tree
    match tree.rename_type:
        case pb.OBJECT_COLUMN | pb.OBJECT_ATTRIBUTE:
            kind = Kind.TYPE if tree.rename_type == pb.OBJECT_ATTRIBUTE else KINDS.get(tree.relation_type, Kind.TABLE)
            target = relation_target(tree.relation, kind)
            yield Alteration(Effect.RENAME_COLUMN, target, tree.subname, tree.newname)
        case pb.OBJECT_TABCONSTRAINT:
            yield Alteration(Effect.TOUCH, relation_target(tree.relation))
        case pb.OBJECT_TRIGGER | pb.OBJECT_RULE | pb.OBJECT_POLICY:
            kind = KINDS[tree.rename_type]
            target = Target(kind, (tree.subname,), parent=relation_target(tree.relation))
            yield Alteration(Effect.RENAME, target, None, tree.newname)
        case _ if tree.HasField("relation"):
            target = relation_target(tree.relation, KINDS.get(tree.rename_type, Kind.TABLE))
            yield Alteration(Effect.RENAME, target, None, tree.newname)
        case _:
            named = target_of(tree.rename_type, tree.object)
            if named is not None:
                yield Alteration(Effect.RENAME, named, None, tree.newname)


def _set_schema(statement: Parsed) -> Iterator[Alteration]:
    tree = statement.tree
    if tree.HasField("relation"):
        target: Target | None = relation_target(tree.relation, KINDS.get(tree.object_type, Kind.TABLE))
    else:
        target = target_of(tree.object_type, tree.object)
    if target is not None:
        yield Alteration(Effect.SET_SCHEMA, target, None, tree.newschema)


def _drop(statement: Parsed) -> Iterator[Alteration]:
    tree = statement.tree
    for node in tree.objects:
        target = target_of(tree.remove_type, node)
        if target is not None:
            cascade = tree.behavior == pb.DROP_CASCADE
            yield Alteration(Effect.DROP, target, if_exists=tree.missing_ok, cascade=cascade)


def _alter_enum(statement: Parsed) -> Iterator[Alteration]:
    yield Alteration(Effect.REPLACE, Target(Kind.TYPE, parts(statement.tree.type_name)))


def _alter_domain(statement: Parsed) -> Iterator[Alteration]:
    yield Alteration(Effect.REPLACE, Target(Kind.DOMAIN, parts(statement.tree.type_name)))


def _alter_routine(statement: Parsed) -> Iterator[Alteration]:
    tree = statement.tree
    kind = KINDS.get(tree.objtype, Kind.FUNCTION)
    yield Alteration(Effect.REPLACE, Target(kind, parts(tree.func.objname), arguments(tree.func)))


def _alter_policy(statement: Parsed) -> Iterator[Alteration]:
    tree = statement.tree
    yield Alteration(Effect.REPLACE, Target(Kind.POLICY, (tree.policy_name,), parent=relation_target(tree.table)))


def _define(statement: Parsed) -> Iterator[Alteration]:
    """Types in C, collations, text search: by name, where no reader knows more."""
    tree = statement.tree
    if key_of(statement.node, tree) in readers():
        yield from _declaration(statement)
        return
    kind = KINDS.get(tree.kind)
    if kind is not None and kind not in RELATIONS:
        yield Alteration(Effect.CREATE, Target(kind, name_parts_of(tree)))


def name_parts_of(tree: Tree) -> tuple[str, ...]:
    """Return the name that a DefineStmt gives."""
    return tuple(part for node in tree.defnames for part in name_parts(node))[-2:]


@cache
def _readers() -> dict[str, Reader]:
    """Return the readers of statements that only migrations hold, or that say more than a declaration."""
    return {
        "create_stmt": _table,
        "create_foreign_table_stmt": _foreign_table,
        "create_table_as_stmt": _table_as,
        "create_seq_stmt": _sequence,
        "index_stmt": _index,
        "create_schema_stmt": _schema,
        "create_extension_stmt": _extension,
        "alter_table_stmt": _alter_table,
        "rename_stmt": _rename,
        "alter_object_schema_stmt": _set_schema,
        "drop_stmt": _drop,
        "alter_enum_stmt": _alter_enum,
        "alter_domain_stmt": _alter_domain,
        "alter_function_stmt": _alter_routine,
        "alter_policy_stmt": _alter_policy,
        "define_stmt": _define,
    }
