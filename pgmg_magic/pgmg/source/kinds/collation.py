"""CREATE COLLATION."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.model.naming.names import Kind
from pgmg.model.sources.facts import DefinitionFacts
from pgmg.model.sources.source import RefKind, Target
from pgmg.source.grammar.canonical import normal_form
from pgmg.source.grammar.parser import parts
from pgmg.source.kinds.base import Declaration, Readers, option_nodes, option_parts, read_options
from pgmg.source.references.scopes import Collector

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgmg.source.grammar.statements import ParsedStatement


def read(statement: ParsedStatement) -> Iterator[Declaration]:
    """Read a collation."""
    tree = statement.tree
    options = option_nodes(tree.definition)
    collector = Collector()
    if "from" in options:
        collector.add(RefKind.COLLATION, option_parts(options["from"]))
    facts = DefinitionFacts(read_options(tree.definition), normal_form(statement.sql))
    yield Declaration(Target(Kind.COLLATION, parts(tree.defnames)), facts, collector.references)


READERS: Readers = {"define_stmt/OBJECT_COLLATION": read}
