"""ALTER … OWNER TO."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.model.naming.names import Kind
from pgmg.model.sources.facts import OwnerFacts
from pgmg.model.sources.source import Target
from pgmg.source.grammar.parser import pb, role
from pgmg.source.kinds.base import Declaration, Readers
from pgmg.source.references.attachable_targets import checked, parent_of
from pgmg.source.references.statement_targets import KINDS, reference_to, relation_target

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgmg.source.grammar.parser import Tree
    from pgmg.source.grammar.statements import ParsedStatement


def read(statement: ParsedStatement) -> Iterator[Declaration]:
    """Read `ALTER FUNCTION … OWNER TO` and its like."""
    tree = statement.tree
    parent = parent_of(statement, "ALTER {} … OWNER TO", tree.object_type, tree.object)
    yield _owner(parent, role(tree.newowner))


def of_command(statement: ParsedStatement, command: Tree) -> Declaration:
    """Read the OWNER TO of `ALTER VIEW … OWNER TO` and its like.

    Raises:
        RefusedStatement: the relation is an index.
    """
    tree = statement.tree
    if tree.objtype == pb.OBJECT_INDEX:  # the server passes over it with a warning
        raise statement.refused("an index has no owner of its own", "Set the owner of its table.")
    parent = checked(statement, "ALTER {} … OWNER TO", relation_target(tree.relation, KINDS[tree.objtype]))
    return _owner(parent, role(command.newowner))


READERS: Readers = {"alter_owner_stmt": read}


def _owner(parent: Target, name: str) -> Declaration:
    return Declaration(Target(Kind.OWNER, (), parent=parent), OwnerFacts(name), reference_to(parent))
