"""CREATE MATERIALIZED VIEW."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pgmg.model.naming.names import Kind
from pgmg.model.sources.facts import ViewFacts
from pgmg.model.sources.source import Target
from pgmg.source.grammar.parser import relation_parts, strings
from pgmg.source.grammar.rewriting import data_clause
from pgmg.source.kinds.base import Declaration, Readers, read_options
from pgmg.source.kinds.view import query_after_as
from pgmg.source.references.scopes import Collector
from pgmg.source.refused_statements import refuse_temporary

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgmg.source.grammar.parser import Tree
    from pgmg.source.grammar.statements import ParsedStatement

_MAY_SAY_DATA = re.compile(r"\bdata\b", re.IGNORECASE)


def read(statement: ParsedStatement) -> Iterator[Declaration]:
    """Read a materialized view."""
    into = statement.tree.into
    refuse_temporary(statement, into.rel, "materialized view")
    collector = Collector()
    collector.visit(statement.tree.query)
    end, data = len(statement.sql), None
    if _MAY_SAY_DATA.search(statement.sql):
        end, data = data_clause(statement.sql)
    facts = ViewFacts(
        query=query_after_as(statement.sql, end)[0],
        columns=strings(into.col_names) or None,
        options=read_options(into.options),
        with_data=data,
        storage=tuple(word for word, said in _storage(into) if said),
    )
    yield Declaration(Target(Kind.MATERIALIZED_VIEW, relation_parts(into.rel)), facts, collector.references)


def _storage(into: Tree) -> tuple[tuple[str, str], ...]:
    return ("tablespace", into.table_space_name), ("access method", into.access_method)


READERS: Readers = {"create_table_as_stmt/OBJECT_MATVIEW": read}
