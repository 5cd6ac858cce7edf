"""CREATE POLICY."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.model.naming.names import Kind
from pgmg.model.sources.facts import PolicyFacts
from pgmg.model.sources.source import Target
from pgmg.source.grammar.parser import expression, role
from pgmg.source.kinds.base import Declaration, Readers
from pgmg.source.references.scopes import references_of
from pgmg.source.references.statement_targets import relation_target

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgmg.source.grammar.statements import ParsedStatement


def read(statement: ParsedStatement) -> Iterator[Declaration]:
    """Read a row security policy."""
    tree = statement.tree
    facts = PolicyFacts(
        command=tree.cmd_name,
        permissive=tree.permissive,
        roles=tuple(role(node.role_spec) for node in tree.roles),
        using=expression(tree.qual) if tree.HasField("qual") else None,
        check=expression(tree.with_check) if tree.HasField("with_check") else None,
    )
    target = Target(Kind.POLICY, (tree.policy_name,), parent=relation_target(tree.table))
    yield Declaration(target, facts, references_of(tree))


READERS: Readers = {"create_policy_stmt": read}
