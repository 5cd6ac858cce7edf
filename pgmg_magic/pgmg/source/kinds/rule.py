"""CREATE RULE."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.model.naming.names import Kind
from pgmg.model.sources.facts import DefinitionFacts
from pgmg.model.sources.source import Target
from pgmg.source.grammar.canonical import normal_form
from pgmg.source.grammar.parser import pb
from pgmg.source.kinds.base import Declaration, Readers
from pgmg.source.references.scopes import references_of
from pgmg.source.references.statement_targets import relation_target

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgmg.source.grammar.statements import ParsedStatement


def read(statement: ParsedStatement) -> Iterator[Declaration]:
    """Read a rule."""
    tree = statement.tree
    event = str(pb.CmdType.Name(tree.event)).removeprefix("CMD_").lower()
    options = (("event", event), ("instead", "true" if tree.instead else "false"))
    target = Target(Kind.RULE, (tree.rulename,), parent=relation_target(tree.relation))
    yield Declaration(target, DefinitionFacts(options, normal_form(statement.sql)), references_of(tree))


READERS: Readers = {"rule_stmt": read}
