"""CREATE RULE."""

from __future__ import annotations

from collections.abc import Iterator

from pgmg.model.facts import DefinitionFacts
from pgmg.model.names import Kind
from pgmg.model.source import Target
from pgmg.source.grammar import pb
from pgmg.source.kinds.base import Declaration, Readers
from pgmg.source.normal import normal_form
from pgmg.source.references import references_of
from pgmg.source.statements import Parsed
from pgmg.source.targets import relation_target


def read(statement: Parsed) -> Iterator[Declaration]:
    """Read a rule."""
    tree = statement.tree
    event = str(pb.CmdType.Name(tree.event)).removeprefix("CMD_").lower()
    options = (("event", event), ("instead", "true" if tree.instead else "false"))
    target = Target(Kind.RULE, (tree.rulename,), parent=relation_target(tree.relation))
    yield Declaration(target, DefinitionFacts(options, normal_form(statement.sql)), references_of(tree))


READERS: Readers = {"rule_stmt": read}
