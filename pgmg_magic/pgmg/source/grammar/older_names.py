"""Lets statements of older servers use names that are key words of the grammar: `CREATE FUNCTION f(json json)`.

Since PostgreSQL 16 and 17 some words name neither a parameter nor a function unless they are quoted. Older servers take
them, and print them without quotes. They are parsed under other names of the same length, so that positions hold.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pgmg.source.grammar.lexer import Sort, significant

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pgmg.model.naming.sql_tokens import Token

_WORDS = frozenset(
    {"JSON_ARRAY", "JSON_ARRAYAGG", "JSON_OBJECT", "JSON_OBJECTAGG", "JSON", "JSON_EXISTS", "JSON_QUERY"}
    | {"JSON_SCALAR", "JSON_SERIALIZE", "JSON_TABLE", "JSON_VALUE", "MERGE_ACTION"}
)
"""Key words that PostgreSQL 15 does not have and that later ones take for columns, not for parameters and functions."""
_MAY_HOLD = re.compile(r"\bjson|\bmerge_action\b", re.IGNORECASE)
_BEFORE_PARAMETER = frozenset({"(", ",", "IN", "OUT", "INOUT", "VARIADIC"})
_BEFORE_ROUTINE = frozenset({"FUNCTION", "PROCEDURE", "AGGREGATE", "ROUTINE"})


def renamed(sql: str) -> tuple[str, dict[str, str]] | None:
    """Return the text with other names for such parameters and functions, and what each stands for, if it has any."""
    if not _MAY_HOLD.search(sql):
        return None
    found: dict[str, str] = {}
    text = sql
    for token in _names(list(significant(sql))):
        name = f"{token.text[:-1]}$"
        found[name.lower()] = token.text.lower()
        text = text[: token.start] + name + text[token.end :]
    return (text, found) if found else None


def _names(tokens: Sequence[Token]) -> Iterator[Token]:
    for before, token, after in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if token.word not in _WORDS:
            continue
        is_parameter = (before.word or before.text) in _BEFORE_PARAMETER and after.sort in (Sort.WORD, Sort.QUOTED)
        if is_parameter or (before.word in _BEFORE_ROUTINE and after.text == "("):
            yield token


def restore(message: Any, names: dict[str, str]) -> None:
    """Put the names that are meant into a tree."""
    for field, value in message.ListFields():
        if field.message_type is not None:
            for one in value if field.is_repeated else (value,):
                restore(one, names)
        elif field.cpp_type == field.CPPTYPE_STRING and not field.is_repeated and value in names:
            setattr(message, field.name, names[value])
