"""CREATE STATISTICS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.model.naming.names import Kind
from pgmg.model.sources.facts import DefinitionFacts
from pgmg.model.sources.source import Target
from pgmg.source.grammar.canonical import normal_form
from pgmg.source.grammar.parser import expression, parts, relation_parts, strings
from pgmg.source.kinds.base import Declaration, Readers
from pgmg.source.references.scopes import references_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgmg.source.grammar.statements import ParsedStatement


def read(statement: ParsedStatement) -> Iterator[Declaration]:
    """Read extended statistics."""
    tree = statement.tree
    if not tree.defnames:
        raise statement.refused(
            "statistics under the code folder need a name",
            "Write CREATE STATISTICS name ON …: what is declared is named.",
        )
    elements = sorted(
        node.stats_elem.name or f"({expression(node.stats_elem.expr)})" for node in tree.exprs
    )  # fmt: skip
    options = (
        ("from", ".".join(relation_parts(tree.relations[0].range_var))),
        ("kinds", ", ".join(sorted(strings(tree.stat_types)))),
        ("on", ", ".join(elements)),
    )
    facts = DefinitionFacts(options, normal_form(statement.sql))
    yield Declaration(Target(Kind.STATISTICS, parts(tree.defnames)), facts, references_of(tree))


READERS: Readers = {"create_stats_stmt": read}
