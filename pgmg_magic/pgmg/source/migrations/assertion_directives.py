"""Reads what a migration asserts: `-- pgmg: require QUERY` and `-- pgmg: ensure QUERY` in its head (rule 9.8)."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from pgmg.errors import RefusedStatement
from pgmg.model.lazy_dataclass import dataclass
from pgmg.source.grammar.lexer import Sort, tokens
from pgmg.source.grammar.offsets import Located
from pgmg.source.grammar.statements import ParsedStatement, parse_text
from pgmg.source.grammar.tree_walker import Walker

if TYPE_CHECKING:
    from pgmg.errors import SourceError
    from pgmg.source.grammar.parser import Tree

_DIRECTIVE = re.compile(r"(?:--|/\*)\s*pgmg:\s*(require|ensure)\b(.*?)(?:\*/)?\Z", re.IGNORECASE | re.DOTALL)
_NOT_BLANK = re.compile(r"[^\n]")
_SHAPE = "Write one SELECT that returns one boolean, as in `-- pgmg: require SELECT count(*) = 0 FROM users`."
_HEAD = "Move it above the first statement: a migration says at its beginning what it requires and ensures."


@dataclass(frozen=True, slots=True)
class Asserted:
    """The queries that a migration requires before it runs and ensures after all steps."""

    requires: tuple[ParsedStatement, ...] = ()
    ensures: tuple[ParsedStatement, ...] = ()


def assertions_of(located: Located, problems: list[SourceError]) -> Asserted:
    """Return the assertions of a migration; what is wrong with them is added to `problems`.

    A query longer than a line stands in a comment `/* pgmg: require … */`.
    """
    if "pgmg:" not in located.text:
        return Asserted()
    found: dict[str, list[ParsedStatement]] = {"require": [], "ensure": []}
    is_head = True
    for token in tokens(located.text):
        if token.sort is not Sort.COMMENT:
            is_head = False
            continue
        directive = _DIRECTIVE.match(token.text)
        if directive is None:
            continue
        word, start = directive[1].lower(), token.start + directive.start(2)
        if not is_head:
            where = located.location(token.start)
            problems.append(RefusedStatement(f"`{word}` stands after the first statement", where=where, hint=_HEAD))
            continue
        query = _query(located, word, start, token.start + directive.end(2), problems)
        if query is not None:
            found[word].append(query)
    return Asserted(tuple(found["require"]), tuple(found["ensure"]))


def _query(located: Located, word: str, start: int, end: int, problems: list[SourceError]) -> ParsedStatement | None:
    """Return the query between two positions; everything around it is blanked out, so that it keeps its place."""
    text = located.text
    blank = _NOT_BLANK.sub(" ", text[:start])
    wrong: list[SourceError] = []
    statements = parse_text(Located(located.path, blank + text[start:end]), wrong)
    problems += wrong
    if wrong:
        return None
    if len(statements) != 1:
        what = f"`{word}` without a query" if not statements else f"`{word}` with more than one query"
        problems.append(RefusedStatement(what, where=located.location(start), hint=_SHAPE))
        return None
    (statement,) = statements
    message = _unfit(statement)
    if message is not None:
        problems.append(replace(statement, located=located).refused(f"`{word}` {message}", _SHAPE))
        return None
    return replace(statement, located=located)


def _unfit(statement: ParsedStatement) -> str | None:
    """Return why a statement is no query that only reads; None where it is one."""
    if statement.node != "select_stmt":
        return "takes a query, and this is another statement"
    walker = _Writes()
    walker.message(statement.tree)
    return f"takes a query that only reads, and this one {walker.found}" if walker.found else None


class _Writes(Walker):
    """Finds what a query does besides reading; what the functions that it calls do is for the server to say."""

    found = ""

    def _writes(self, _: Tree) -> None:
        self.found = "writes"

    def _locks(self, _: Tree) -> None:
        self.found = self.found or "locks rows"

    _on_insert_stmt = _on_update_stmt = _on_delete_stmt = _on_merge_stmt = _on_into_clause = _writes
    _on_locking_clause = _locks
