"""Cuts a file into parsed statements and says what is wrong with the rest, statement by statement (rule 1.6)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pgmg.errors import RefusedStatement, SourceError, SyntaxProblem
from pgmg.model.lazy_dataclass import dataclass
from pgmg.model.secrets import mask_secrets, secrets_in
from pgmg.source.grammar.lexer import Piece, Sort, pieces, significant, tokens
from pgmg.source.grammar.offsets import Located, characters
from pgmg.source.grammar.parser import GrammarError, Tree, parse, unwrap

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgmg.model.naming.location import SourceLocation

_LEAD = re.compile(r"(?:\s+|--[^\n]*)*")
_VARIABLE = re.compile(r":(?:[A-Za-z_]\w*|'[^']*'|\"[^\"]*\"|\{\?\w+\})")
_PASSED_OVER = re.compile(r"\\(?:un)?restrict\b")
PSQL_HINT = "pgmg sends SQL to the server as it is written; meta-commands and variables belong to psql alone."


@dataclass(frozen=True, slots=True)
class ParsedStatement:
    """One statement that the grammar accepts.

    `node` names what the tree is (`view_stmt`), `sql` is the text without its semicolon and the comments around it,
    `lead` the white space and comments before it, `data` the inline data of a COPY.
    """

    node: str
    tree: Tree
    sql: str
    lead: str
    located: Located
    start: int
    data: str | None = None

    @property
    def location(self) -> SourceLocation:
        """Where the statement begins."""
        return self.located.location(self.start)

    def with_comments(self) -> str:
        """Return the statement with the comments before it, and those after it on its last line."""
        text, end = self.located.text, self.start + len(self.sql)
        line_end = text.find("\n", end)
        before = self.lead
        if len(before) < self.start:  # the rest of a line belongs to the statement that it follows
            before = before[before.find("\n") + 1 :]
        return f"{before}{self.sql}\n{_comment_after(text[end : len(text) if line_end < 0 else line_end])}"

    def refused(self, message: str, hint: str) -> RefusedStatement:
        """Return the error that says why the statement is not accepted here."""
        return RefusedStatement(message, where=self.location, hint=hint)


def _comment_after(rest: str) -> str:
    return rest if all(token.text == ";" or token.sort is Sort.COMMENT for token in tokens(rest)) else ""


def parse_text(located: Located, problems: list[SourceError]) -> list[ParsedStatement]:
    """Return all statements of a file that parse; what is wrong with the others is added to `problems`."""
    result = _parse_at_once(located.text)
    if result is None:
        return [statement for piece in pieces(located.text) for statement in _parse_piece(located, piece, problems)]
    return list(_statements(located, result))


def _parse_at_once(text: str) -> Tree | None:
    """Return the tree of a whole file, or None where it holds what is no SQL: mistakes, data of COPY."""
    try:
        result = parse(text)
    except GrammarError:
        return None
    return None if any(_reads_standard_input(raw.stmt) for raw in result.stmts) else result


def reads_standard_input(node: str, tree: Tree) -> bool:
    """Say whether a statement is a COPY whose data follow it."""
    return node == "copy_stmt" and tree.is_from and not tree.filename and not tree.is_program


def _reads_standard_input(statement: Tree) -> bool:
    return statement.HasField("copy_stmt") and reads_standard_input("copy_stmt", statement.copy_stmt)


def _statements(located: Located, result: Tree) -> Iterator[ParsedStatement]:
    """Read a result for the whole text, where every statement knows its position."""
    text = located.text
    bounds: list[int] = []
    for raw in result.stmts:
        bounds += (raw.stmt_location, raw.stmt_location + raw.stmt_len)
    if bounds and not result.stmts[-1].stmt_len:  # the last one goes on to the end
        bounds[-1] = len(text.encode())
    offsets = list(characters(text, bounds))
    lead = 0
    for raw, begin, end in zip(result.stmts, offsets[::2], offsets[1::2], strict=True):
        start = _begin(text, begin)
        sql = _trimmed(text[start:end])
        node, tree = unwrap(raw.stmt)
        yield ParsedStatement(node, tree, sql, text[lead:start], located, start)
        lead = end


def _begin(text: str, at: int) -> int:
    found = _LEAD.match(text, at)
    at = found.end() if found else at
    if text.startswith("/*", at):
        return next((token.start for token in significant(text, at)), at)
    return at


def _trimmed(sql: str) -> str:
    """Cut white space and comments off the end."""
    sql = sql.rstrip()
    if sql.endswith("*/") or "--" in sql[sql.rfind("\n") + 1 :]:
        end = 0
        for token in significant(sql):
            end = token.end
        sql = sql[:end]
    return sql


def _parse_piece(located: Located, piece: Piece, problems: list[SourceError]) -> Iterator[ParsedStatement]:
    text = located.text
    sql = text[piece.start : piece.end]
    if piece.meta:
        if not _PASSED_OVER.match(sql):
            problems.append(_meta_command(located, piece.start, sql))
        return
    try:
        result = parse(sql)
    except GrammarError as error:
        problems.append(_syntax_problem(located, piece, error))
        return
    for raw in result.stmts:
        node, tree = unwrap(raw.stmt)
        yield ParsedStatement(node, tree, sql, text[piece.lead : piece.start], located, piece.start, piece.data)


def _meta_command(located: Located, at: int, sql: str) -> SourceError:
    command = sql.split(None, 1)[0]
    return RefusedStatement(f"{command} is a psql meta-command, not SQL", where=located.location(at), hint=PSQL_HINT)


def _syntax_problem(located: Located, piece: Piece, error: GrammarError) -> SourceError:
    offset = piece.start + (error.offset or 0)
    where = located.location(offset)
    if found := _VARIABLE.match(located.text, offset):
        return RefusedStatement(f"{found.group()} is a psql variable, not SQL", where=where, hint=PSQL_HINT)
    secrets = secrets_in(located.text)
    return SyntaxProblem(mask_secrets(error.message, secrets), where=where)
