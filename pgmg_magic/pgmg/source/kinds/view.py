"""CREATE VIEW, also RECURSIVE."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.model.naming.names import Kind
from pgmg.model.naming.quoting import quote
from pgmg.model.sources.facts import Options, ViewFacts
from pgmg.model.sources.source import Target
from pgmg.source.grammar.lexer import significant
from pgmg.source.grammar.parser import pb, relation_parts, strings
from pgmg.source.kinds.base import Declaration, Readers, read_options
from pgmg.source.references.scopes import Collector
from pgmg.source.refused_statements import refuse_temporary

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgmg.source.grammar.statements import ParsedStatement

_CHECKS = {pb.LOCAL_CHECK_OPTION: "local", pb.CASCADED_CHECK_OPTION: "cascaded"}


def read(statement: ParsedStatement) -> Iterator[Declaration]:
    """Read a view."""
    tree = statement.tree
    refuse_temporary(statement, tree.view, "view")
    collector = Collector()
    collector.visit(tree.query)
    query, recursive = _query(statement)
    check, options = _check_option(read_options(tree.options))
    facts = ViewFacts(
        query=query,
        columns=strings(tree.aliases) or None,
        options=options,
        check_option=_CHECKS.get(tree.with_check_option, check),
        recursive=recursive,
    )
    yield Declaration(Target(Kind.VIEW, relation_parts(tree.view)), facts, collector.references)


READERS: Readers = {"view_stmt": read}


def _check_option(options: Options) -> tuple[str | None, Options]:
    """Take the check option out of the options: the server keeps both spellings in one place."""
    found = dict(options)
    check = found.pop("check_option", None)
    return check and check.lower(), tuple(found.items())


def _query(statement: ParsedStatement) -> tuple[str, bool]:
    sql, tree = statement.sql, statement.tree
    end = len(sql) if tree.with_check_option <= pb.NO_CHECK_OPTION else _before_check(sql)
    query, recursive = query_after_as(sql, end)
    if not recursive:
        return query, False
    name = quote(tree.view.relname)
    columns = ", ".join(quote(column) for column in strings(tree.aliases))
    # the names are quoted, and the query is the author's own
    return f"WITH RECURSIVE {name} ({columns}) AS (\n{query}\n) SELECT {columns} FROM {name}", True  # noqa: S608


def query_after_as(sql: str, end: int) -> tuple[str, bool]:
    """Return the text between a view's AS and `end`, and whether RECURSIVE stood before it."""
    depth = 0
    recursive = False
    for token in significant(sql):
        depth += (token.text == "(") - (token.text == ")")
        recursive = recursive or token.word == "RECURSIVE"
        if token.word == "AS" and not depth:
            return sql[token.end : end].strip(), recursive
    return sql, recursive


def _before_check(sql: str) -> int:
    """Return where the final `WITH [LOCAL | CASCADED] CHECK OPTION` begins."""
    last = list(significant(sql))[-4:]
    begin = max(n for n, token in enumerate(last) if token.word == "WITH")
    return last[begin].start
