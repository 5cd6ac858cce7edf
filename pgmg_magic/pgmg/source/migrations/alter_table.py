"""Reads ALTER TABLE and its like, command by command."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.model.naming.names import Kind
from pgmg.model.sources.source import Alteration, Effect, Target
from pgmg.source.grammar.parser import Tree, pb, relation_parts, type_name
from pgmg.source.migrations.sequences import implied_sequences
from pgmg.source.references.statement_targets import KINDS, relation_target

if TYPE_CHECKING:
    from collections.abc import Iterator

_MEMBERS = {
    pb.AT_AddColumn: Effect.ADD_COLUMN,
    pb.AT_DropColumn: Effect.DROP_COLUMN,
    pb.AT_AlterColumnType: Effect.RETYPE_COLUMN,
    pb.AT_DropConstraint: Effect.DROP_CONSTRAINT,
    pb.AT_ColumnDefault: Effect.SET_DEFAULT,
    pb.AT_SetExpression: Effect.SET_DEFAULT,
    pb.AT_DropExpression: Effect.SET_DEFAULT,
}
_TYPED = frozenset({Effect.ADD_COLUMN, Effect.RETYPE_COLUMN})
_RESHAPING = frozenset(
    {
        pb.AT_AddInherit,
        pb.AT_DropInherit,
        pb.AT_AddOf,
        pb.AT_DropOf,
        pb.AT_AttachPartition,
        pb.AT_DetachPartition,
        pb.AT_DetachPartitionFinalize,
    }
)
"""What may change columns in other ways than by naming one; all other commands leave the columns alone."""

_TRIGGER_STATES = frozenset({pb.AT_EnableTrig, pb.AT_EnableAlwaysTrig, pb.AT_EnableReplicaTrig, pb.AT_DisableTrig})
_RULE_STATES = frozenset({pb.AT_EnableRule, pb.AT_EnableAlwaysRule, pb.AT_EnableReplicaRule, pb.AT_DisableRule})
_OF_PARTITION = frozenset({pb.AT_AttachPartition, pb.AT_DetachPartition, pb.AT_DetachPartitionFinalize})


def alter_table(tree: Tree) -> Iterator[Alteration]:
    """Yield what each command does."""
    if tree.objtype == pb.OBJECT_TYPE:
        target = Target(Kind.TYPE, relation_parts(tree.relation))
    else:
        target = relation_target(tree.relation, KINDS.get(tree.objtype, Kind.TABLE))
    for node in tree.cmds:
        yield from _command(node.alter_table_cmd, target, tree)


def definition(command: Tree) -> Tree:
    """Return what a command defines: a column, a constraint, a partition (the field's name is a Python keyword)."""
    return getattr(command, "def")


def _command(command: Tree, target: Target, tree: Tree) -> Iterator[Alteration]:
    effect = _MEMBERS.get(command.subtype)
    missing_ok = command.missing_ok or tree.missing_ok
    if effect is not None:
        added = command.subtype == pb.AT_AddColumn
        member = definition(command).column_def.colname if added else command.name
        cascade = command.behavior == pb.DROP_CASCADE
        columns = ((member, type_name(definition(command).column_def.type_name)),) if effect in _TYPED else ()
        yield Alteration(effect, target, member, if_exists=missing_ok, cascade=cascade, columns=columns)
        if added:
            yield from implied_sequences(tree.relation, [definition(command).column_def])
        return
    if command.subtype in _TRIGGER_STATES | _RULE_STATES:
        kind = Kind.TRIGGER if command.subtype in _TRIGGER_STATES else Kind.RULE
        yield Alteration(Effect.METADATA_ONLY, Target(kind, (command.name,), parent=target), if_exists=missing_ok)
    yield Alteration(
        Effect.CHANGES_COLUMNS if command.subtype in _RESHAPING else Effect.METADATA_ONLY,
        target,
        command.name or None,
        if_exists=missing_ok,
    )
    if command.subtype in _OF_PARTITION and target.kind is not Kind.INDEX:
        yield Alteration(Effect.CHANGES_COLUMNS, relation_target(definition(command).partition_cmd.name))
