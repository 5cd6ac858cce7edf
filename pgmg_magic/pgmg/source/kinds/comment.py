"""COMMENT ON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.model.naming.names import Kind
from pgmg.model.sources.facts import CommentFacts
from pgmg.model.sources.source import Target
from pgmg.source.grammar.parser import pb
from pgmg.source.kinds.base import Declaration, Readers
from pgmg.source.references.attachable_targets import parent_of
from pgmg.source.references.statement_targets import reference_to

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgmg.source.grammar.statements import ParsedStatement


def read(statement: ParsedStatement) -> Iterator[Declaration]:
    """Read a comment. `IS NULL` and an empty text both say that there is none."""
    tree = statement.tree
    parent = parent_of(statement, "COMMENT ON {}", tree.objtype, tree.object)
    facts = CommentFacts(tree.comment or None, foreign=tree.objtype == pb.OBJECT_FOREIGN_TABLE)
    yield Declaration(Target(Kind.COMMENT, (), parent=parent), facts, reference_to(parent))


READERS: Readers = {"comment_stmt": read}
