"""CREATE TRIGGER."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.model.naming.names import Kind
from pgmg.model.sources.facts import TriggerFacts
from pgmg.model.sources.source import Target
from pgmg.source.kinds.base import Declaration, Readers
from pgmg.source.references.scopes import references_of
from pgmg.source.references.statement_targets import relation_target

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgmg.source.grammar.statements import ParsedStatement


def read(statement: ParsedStatement) -> Iterator[Declaration]:
    """Read a trigger."""
    tree = statement.tree
    target = Target(Kind.TRIGGER, (tree.trigname,), parent=relation_target(tree.relation))
    yield Declaration(target, TriggerFacts(constraint=tree.isconstraint), references_of(tree))


READERS: Readers = {"create_trig_stmt": read}
