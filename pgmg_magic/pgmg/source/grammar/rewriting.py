"""Rewrites and compares statements as text, token by token: what is not asked for stays as its author wrote it."""

from __future__ import annotations

import hashlib
import re
import string
from typing import TYPE_CHECKING

from pgmg.source.grammar.lexer import Sort, Token, pieces, significant, tokens

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pgmg.model.sources.stand_in import StandIn

__all__ = [
    "data_clause",
    "normal_form",
    "or_replace",
    "partition_index",
    "plain_create",
    "same_but_formatting",
    "same_definition",
    "same_expression",
    "same_query",
    "same_wording",
    "split_statements",
    "stand_in",
    "stated_members",
    "statements_hash",
    "text_search_mappings",
    "with_members",
    "without_data",
    "without_options",
]

_FOLD = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
_HEAD = 12  # tokens: CREATE OR REPLACE TEMPORARY RECURSIVE VIEW IF NOT EXISTS a . b
_DIRECTIVE = re.compile(r"--\s*pgmg:|/\*\s*pgmg:")


def split_statements(sql: str) -> tuple[str, ...]:
    """Return the statements of a text without their semicolons and the comments around them."""
    return tuple(sql[piece.start : piece.end] for piece in pieces(sql) if not piece.meta)


def or_replace(sql: str) -> str:
    """Return a CREATE statement as CREATE OR REPLACE; any other text as it is."""
    head = _head(sql)
    if len(head) < 2 or head[0].word != "CREATE" or head[1].word == "OR":  # noqa: PLR2004 - CREATE and what follows
        return sql
    return f"{sql[: head[0].end]} OR REPLACE{sql[head[0].end :]}"


def plain_create(sql: str) -> str:
    """Return a CREATE statement without OR REPLACE and IF NOT EXISTS (rule 1.7)."""
    head = _head(sql)
    cuts: list[tuple[int, int]] = []
    words = [token.word for token in head]
    if words[:3] == ["CREATE", "OR", "REPLACE"]:
        cuts.append((head[1].start, head[3].start if len(head) > 3 else head[2].end))  # noqa: PLR2004
    for n in range(1, len(head) - 3):
        if words[n : n + 3] == ["IF", "NOT", "EXISTS"]:
            cuts.append((head[n].start, head[n + 3].start))
            break
    for start, end in reversed(cuts):
        sql = sql[:start] + sql[end:]
    return sql


def without_data(sql: str) -> str:
    """Return a CREATE MATERIALIZED VIEW that leaves the view unpopulated (rule 6.4)."""
    return f"{sql[: data_clause(sql)[0]].rstrip()}\nWITH NO DATA"


def data_clause(sql: str) -> tuple[int, bool | None]:
    """Return where a statement's `WITH [NO] DATA` begins and whether there is to be data; None where it is not said.

    Without the clause the offset is the end of the last token.
    """
    last = list(significant(sql))[-3:]
    words = [token.word for token in last]
    if words == ["WITH", "NO", "DATA"]:
        return last[0].start, False
    if words[-2:] == ["WITH", "DATA"]:
        return last[-2].start, True
    return (last[-1].end if last else 0), None


def same_but_formatting(a: str, b: str) -> bool:
    """Tell whether two statements differ only in comments, white space and the case of what SQL folds (rule 3.3).

    String constants, and with them the bodies of routines, are compared as they are written. A comment that speaks
    to pgmg (`-- pgmg: …`) is no mere comment.
    """
    return a == b or _essence(a) == _essence(b)


def statements_hash(text: str) -> str:
    """Return the SHA-256 (hex) of a migration's statements: the same one after an edit of comments and white space.

    Data that follows a COPY counts as it stands.
    """
    digest = hashlib.sha256()
    for piece in pieces(text):
        parts = (*_essence(text[piece.start : piece.end]), piece.data or "", ";")
        digest.update("\0".join(parts).encode())
    digest.update("\0".join(token.text for token in tokens(text) if _is_directive(token)).encode())
    return digest.hexdigest()


def _is_directive(token: Token) -> bool:
    return token.sort is Sort.COMMENT and _DIRECTIVE.match(token.text) is not None


def _essence(sql: str) -> list[str]:
    return [
        token.text.translate(_FOLD) if token.sort is Sort.WORD else token.text
        for token in tokens(sql)
        if token.sort is not Sort.COMMENT or _is_directive(token)
    ]


def _head(sql: str) -> list[Token]:
    head: list[Token] = []
    for token in significant(sql):
        head.append(token)
        if len(head) == _HEAD or token.text == "(":
            break
    return head


def normal_form(sql: str) -> str:
    """Return a statement in one spelling, so that the catalog's definition and the source's can be compared.

    White space, comments, redundant parentheses, schema qualifications and default clauses are gone. A text that
    does not parse is returned with its white space folded.
    """
    from pgmg.source.grammar.canonical import normal_form as form  # loads the grammar, which planning seldom needs

    return form(sql)


def same_definition(one: str, other: str) -> bool:
    """Tell whether a catalog's definition, which comes first, and a source's define the same, as far as each says.

    More careful than comparing normal forms: schemas and the casts of constants count wherever both spell them.
    """
    from pgmg.source.grammar.canonical import same_definition as same

    return same(one, other)


def same_expression(one: str, other: str) -> bool:
    """Tell whether two expressions are the same, one of them as the server prints it."""
    return same_definition(f"CREATE DOMAIN x AS y CHECK ({one})", f"CREATE DOMAIN x AS y CHECK ({other})")


def same_query(one: str, one_columns: Sequence[str], other: str, other_columns: Sequence[str]) -> bool:
    """Tell whether two queries of views define the same, one of them as the server prints it.

    `columns` are the names that a view gives the columns of the result; empty where the query names them.
    """
    from pgmg.source.grammar.canonical import same_query as same

    return same(one, one_columns, other, other_columns)


def text_search_mappings(sql: str) -> dict[str, tuple[str, ...]] | None:
    """Return the dictionaries of a configuration by type of token; None where its statements do more than add some."""
    from pgmg.source.grammar.text_search_mappings import text_search_mappings as read

    return read(sql)


def same_wording(one: str, other: str) -> bool:
    """Tell whether two texts that the server has given differ only in how often it has read them."""
    from pgmg.source.grammar.wording import same_wording as same

    return same(one, other)


def stated_members(sql: str, catalog: str, added: Sequence[str]) -> tuple[str, ...]:
    """Return those of `added`, statements that add a member to an operator family, that a CREATE OPERATOR CLASS states.

    `catalog` is the server's own definition of the class. A member is known by its number and types.
    """
    from pgmg.source.grammar.operator_classes import stated_members as stated

    return stated(sql, catalog, added)


def with_members(catalog: str, added: Sequence[str]) -> str:
    """Return a CREATE OPERATOR CLASS with the members that other statements add to its family."""
    from pgmg.source.grammar.operator_classes import with_members as complete

    return complete(catalog, added)


def stand_in(sql: str) -> StandIn | None:
    """Return the statements that create a stand-in of what `sql` declares; None where there can be none."""
    from pgmg.source.grammar.stand_ins import stand_in as rewritten

    return rewritten(sql)


def partition_index(sql: str, of_partition: str) -> str:
    """Return a CREATE INDEX with the definition of `sql`; name, options and table are those of the other.

    Raises:
        GrammarError: a text does not parse.
    """
    from pgmg.source.grammar.indexes import partition_index as rewritten

    return rewritten(sql, of_partition)


def without_options(sql: str, *, without_storage: bool = False) -> str:
    """Return the CREATE statement of an index, view or materialized view without its options, WITH (…).

    `without_storage` leaves out the tablespace and the access method of a materialized view, too.

    Raises:
        GrammarError: the text does not parse.
    """
    from pgmg.source.grammar.indexes import without_options as rewritten

    return rewritten(sql, without_storage=without_storage)
