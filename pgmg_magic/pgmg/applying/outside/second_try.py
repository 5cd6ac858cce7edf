"""Tells what a second try does of a statement outside a transaction whose outcome is not known (rule 9.2)."""

from __future__ import annotations

from enum import Enum, auto
from itertools import pairwise
from typing import TYPE_CHECKING

from pgmg.source.grammar.lexer import significant

if TYPE_CHECKING:
    from collections.abc import Sequence


class SecondTry(Enum):
    """The effect of sending a statement again that may have been completed."""

    REPEATS = auto()
    """It ends as it would have ended the first time."""

    TELLS = auto()
    """The server refuses it where it had come to its end: its object exists, or is gone."""

    FINALIZES = auto()
    """As above; a detachment that had only begun has to be finalized."""

    UNKNOWN = auto()
    """It may have its effect twice."""


_REPEATED = frozenset({"VACUUM", "REINDEX", "CLUSTER", "DISCARD", "ANALYZE", "CHECKPOINT", "SET", "RESET"})
_NAMED = frozenset({"DATABASE", "TABLESPACE", "SUBSCRIPTION"})


def second_try(statement: str) -> SecondTry:
    """Classify a statement by its words; what is not known for sure is `UNKNOWN`."""
    words = [token.word or token.text for token in significant(statement)]
    match words:
        case [first, *_] if first in _REPEATED:
            return SecondTry.REPEATS
        case ["ALTER", "SYSTEM" | "DATABASE", *_]:
            return SecondTry.REPEATS
        case ["ALTER", "SUBSCRIPTION", *_]:
            return SecondTry.TELLS
        case ["CREATE" | "DROP", kind, *_] if kind in _NAMED:
            return SecondTry.TELLS
        case ["DROP", "INDEX", "CONCURRENTLY", *_]:
            return SecondTry.TELLS
        case ["CREATE", "UNIQUE", "INDEX", "CONCURRENTLY", *rest] | ["CREATE", "INDEX", "CONCURRENTLY", *rest]:
            return SecondTry.UNKNOWN if rest[:1] == ["ON"] else SecondTry.TELLS
        case ["ALTER", "TABLE", *rest] if _detaches(rest):
            return SecondTry.FINALIZES
        case _:
            return SecondTry.UNKNOWN


def _detaches(words: Sequence[str]) -> bool:
    return words[-1:] == ["CONCURRENTLY"] and ("DETACH", "PARTITION") in pairwise(words)


def finalizing(statement: str) -> str:
    """Return the statement that finishes `ALTER TABLE … DETACH PARTITION … CONCURRENTLY`."""
    last = list(significant(statement))[-1]
    return f"{statement[: last.start]}FINALIZE{statement[last.end :]}"
