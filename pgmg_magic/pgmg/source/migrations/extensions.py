"""Finds which extensions a migration creates: a reset takes those away again, and no others."""

from __future__ import annotations

from pgmg.source.grammar.lexer import significant

_BETWEEN = ("IF", "NOT", "EXISTS")


def created_extensions(text: str) -> frozenset[str]:
    """Return the names in `CREATE EXTENSION [IF NOT EXISTS] name` of a migration's text."""
    found: set[str] = set()
    before, creates = "", False
    for token in significant(text):
        if creates and token.word not in _BETWEEN:
            found.add(token.identifier or token.text)
        creates = (before, token.word) == ("CREATE", "EXTENSION") or (creates and token.word in _BETWEEN)
        before = token.word
    return frozenset(found)
