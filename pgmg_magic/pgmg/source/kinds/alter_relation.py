"""ALTER TABLE, ALTER VIEW and their like: one declaration for each command that a code file may state."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pgmg.source.grammar.parser import Tree, deparse, pb
from pgmg.source.kinds import column_default, owner
from pgmg.source.kinds import trigger_firing as firing
from pgmg.source.references.statement_targets import KINDS
from pgmg.source.refused_statements import refuse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pgmg.source.grammar.statements import ParsedStatement
    from pgmg.source.kinds.base import Declaration, Readers

_COMMANDS: dict[int, Callable[[ParsedStatement, Tree], Declaration]] = {
    pb.AT_ChangeOwner: owner.of_command,
    pb.AT_ColumnDefault: column_default.of_command,
    **dict.fromkeys((*firing.FIRINGS, *firing.OF_ALL), firing.of_command),
}


def read(statement: ParsedStatement) -> Iterator[Declaration]:
    """Read every command of the statement; if one of them does not belong into a code file, all are refused."""
    tree = statement.tree
    commands = [node.alter_table_cmd for node in tree.cmds]
    if tree.objtype not in KINDS or any(command.subtype not in _COMMANDS for command in commands):
        raise refuse(statement)
    for node, command in zip(tree.cmds, commands, strict=True):
        declaration = _COMMANDS[command.subtype](statement, command)
        yield declaration if len(commands) == 1 else replace(declaration, sql=_single(tree, node))


READERS: Readers = {"alter_table_stmt": read}


def _single(tree: Tree, command: Tree) -> str:
    """Return the statement with one of its commands, so that each changes on its own."""
    single = pb.AlterTableStmt()
    single.CopyFrom(tree)
    del single.cmds[:]
    single.cmds.add().CopyFrom(command)
    return deparse(single)
