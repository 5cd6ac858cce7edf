"""CREATE INDEX."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.model.naming.names import Kind
from pgmg.model.sources.facts import IndexFacts
from pgmg.model.sources.source import Target
from pgmg.source.grammar.canonical import normal_form
from pgmg.source.kinds.base import Declaration, Readers, read_options
from pgmg.source.references.scopes import references_of
from pgmg.source.references.statement_targets import relation_target

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgmg.source.grammar.statements import ParsedStatement


def read(statement: ParsedStatement) -> Iterator[Declaration]:
    """Read an index. It lives in the schema of its relation, which may be yet to be found out."""
    tree = statement.tree
    if tree.concurrent:
        raise statement.refused(
            "CREATE INDEX CONCURRENTLY does not belong under the code folder: it cannot run in a transaction",
            "Leave CONCURRENTLY out, or build the index in a migration.",
        )
    if not tree.idxname:
        raise statement.refused(
            "an index under the code folder needs a name", "Write CREATE INDEX name ON …: what is declared is named."
        )
    relation = relation_target(tree.relation)
    target = Target(Kind.INDEX, (*relation.parts[:-1], tree.idxname), parent=relation)
    facts = IndexFacts(
        relation,
        unique=tree.unique,
        normal=normal_form(statement.sql),
        options=read_options(tree.options),
        storage=("tablespace",) if tree.table_space else (),
    )
    yield Declaration(target, facts, references_of(tree))


READERS: Readers = {"index_stmt": read}
