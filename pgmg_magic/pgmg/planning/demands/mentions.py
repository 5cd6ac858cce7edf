"""Says whether a statement may refer to a column: whether the name occurs among its identifiers.

This only ever makes a plan more careful: what does not mention a column cannot depend on it. That something mentions
a name is no evidence that it depends on it.
"""

from __future__ import annotations

from functools import lru_cache

from pgmg.source.grammar.lexer import identifiers


def mentions(sql: str, name: str) -> bool:
    """Say whether a name occurs in a statement, also within the bodies of functions."""
    return name in _identifiers(sql)


@lru_cache(maxsize=4096)
def _identifiers(sql: str) -> frozenset[str]:
    return identifiers(sql)
