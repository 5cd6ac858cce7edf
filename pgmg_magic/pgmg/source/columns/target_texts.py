"""Cuts the list of a query into the texts of its columns, as their author wrote them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.model.naming.sql_tokens import Sort, Token, significant
from pgmg.source.grammar.offsets import characters
from pgmg.source.grammar.parser import pb

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pgmg.source.grammar.parser import Tree

_ENDS = frozenset(
    {"FROM", "WHERE", "GROUP", "HAVING", "WINDOW", "UNION", "INTERSECT", "EXCEPT", "ORDER", "LIMIT", "OFFSET"}
    | {"FETCH", "FOR", "INTO"}
)
"""Words that end a list, outside of parentheses."""


def target_texts(query: str, select: Tree) -> dict[int, str]:
    """Return the expression of each entry of a query's list without its name, by the position of the entry.

    Of set operations the lists of all parts are read.
    """
    targets = sorted(_targets(select), key=lambda target: int(target.location))
    if not targets:
        return {}
    tokens = list(significant(query))
    at = {token.start: number for number, token in enumerate(tokens)}
    found = {}
    places = characters(query, [target.location for target in targets])
    for target, place in zip(targets, places, strict=True):
        entry = _entry(tokens, at[place]) if place in at else []
        if target.name:
            entry = entry[:-1]
            if entry and entry[-1].word == "AS":
                entry = entry[:-1]
        found[int(target.location)] = _text(entry)
    return found


def _targets(select: Tree) -> list[Tree]:
    if select.op > pb.SETOP_NONE:
        return [*_targets(select.larg), *_targets(select.rarg)]
    return [node.res_target for node in select.target_list]


def _entry(tokens: Sequence[Token], first: int) -> list[Token]:
    """Return the tokens of one entry, its name included."""
    found: list[Token] = []
    depth = 0
    for token in tokens[first:]:
        before = found[-1].word if found else ""
        if token.text in ("(", "["):
            depth += 1
        elif token.text in (")", "]"):
            depth -= 1
        if depth < 0 or (depth == 0 and token.text in (",", ";")):
            break
        is_end = token.word in _ENDS and not (before == "DISTINCT" or (token.word == "GROUP" and before == "WITHIN"))
        if depth == 0 and is_end and token.sort is Sort.WORD:
            break
        found.append(token)
    return found


def _text(tokens: Sequence[Token]) -> str:
    """Return tokens as they are written, white space and comments between them as one space."""
    pieces = []
    for number, token in enumerate(tokens):
        if number and tokens[number - 1].end < token.start:
            pieces.append(" ")
        pieces.append(token.text)
    return "".join(pieces)
