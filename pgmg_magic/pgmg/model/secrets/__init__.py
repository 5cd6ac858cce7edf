"""Hides passwords and other secrets in texts: the one mask for everything that leaves the process (rule 11.3)."""

from __future__ import annotations

from bisect import bisect_right
from operator import itemgetter
from typing import TYPE_CHECKING

from pgmg.model.secrets.clauses import find_secrets
from pgmg.model.secrets.nested import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["HIDDEN", "mask_secrets", "masked_part", "secret_spans", "secrets_in"]

HIDDEN = "********"
"""Stands in place of a secret."""

_SHORTEST = 3
"""Shorter secrets are not searched for in other texts: they would tear words apart and protect nobody."""


def secret_spans(text: str) -> tuple[tuple[int, int], ...]:
    """Return where secrets begin and end in a text, in order and apart from each other."""
    spans, _ = find_secrets(Text(text, range(len(text) + 1)))
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        elif end > start:
            merged.append((start, end))
    return tuple(merged)


def mask_secrets(text: str, known: Iterable[str] = ()) -> str:
    """Return a text with its secrets hidden; also wherever it repeats one of the `known` secrets.

    Works on any text: SQL, whole or broken, connection strings, URLs, messages, settings. When in doubt it hides too
    much. The result is for showing, never for running. What is hidden already stays as it is.
    """
    for secret in sorted({secret for secret in known if len(secret) >= _SHORTEST}, key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return masked_part(text, 0, len(text), secret_spans(text))


def masked_part(text: str, start: int, end: int, spans: Sequence[tuple[int, int]]) -> str:
    """Return a part of a text without the secrets that `spans` tells, as `secret_spans` finds them in the whole."""
    shown, at = [], start
    position = bisect_right(spans, start, key=itemgetter(1))
    while position < len(spans) and spans[position][0] < end:
        first, last = spans[position]
        shown += [text[at:first], HIDDEN]
        at = min(last, end)
        position += 1
    return "".join((*shown, text[at:end]))


def secrets_in(text: str) -> frozenset[str]:
    """Return the secrets of a text, to be hidden in messages about it.

    A server quotes the beginning of what it does not understand: of a secret of several lines or words, as one whose
    closing quote is missing, the first line and the first word count as well.
    """
    found: set[str] = set()
    for start, end in secret_spans(text):
        secret = text[start:end]
        found |= {secret, secret.split("\n", 1)[0].strip(), *secret.split(None, 1)[:1]}
    return frozenset(found - {""})
