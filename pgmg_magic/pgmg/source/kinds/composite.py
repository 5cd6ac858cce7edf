"""CREATE TYPE … AS (…)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.model.naming.names import Kind
from pgmg.model.sources.facts import Attribute, CompositeFacts
from pgmg.model.sources.source import Target
from pgmg.source.grammar.parser import parts, relation_parts, type_name
from pgmg.source.kinds.base import Declaration, Readers
from pgmg.source.references.scopes import references_of
from pgmg.source.refused_statements import refuse_temporary

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgmg.source.grammar.statements import ParsedStatement


def read(statement: ParsedStatement) -> Iterator[Declaration]:
    """Read a composite type."""
    tree = statement.tree
    refuse_temporary(statement, tree.typevar, "type")
    attributes = []
    for node in tree.coldeflist:
        column = node.column_def
        collation = parts(column.coll_clause.collname) if column.HasField("coll_clause") else None
        attributes.append(Attribute(column.colname, type_name(column.type_name), collation))
    target = Target(Kind.TYPE, relation_parts(tree.typevar))
    yield Declaration(target, CompositeFacts(tuple(attributes)), references_of(tree))


READERS: Readers = {"composite_type_stmt": read}
