"""Values of storage parameters and other options: which of them mean the same to the server."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_WORDS = {"true": True, "false": False, "yes": True, "no": False, "on": True, "off": False, "1": True, "0": False}
_AMBIGUOUS = "o"
_OFF_BY_DEFAULT = frozenset({"security_barrier", "security_invoker"})
"""Options of views that are off where nobody sets them (PostgreSQL: CREATE VIEW)."""


def truth(value: str | None) -> bool | None:
    """Return what a word says as a Boolean, as the server reads it (`parse_bool`): any beginning of a word will do.

    None for anything else, and for no value.
    """
    word = (value or "").lower()
    if not word or word == _AMBIGUOUS:
        return None
    if word in ("1", "0"):
        return _WORDS[word]
    return next((said for known, said in _WORDS.items() if known.startswith(word) and known not in "10"), None)


def same_value(one: str, other: str) -> bool:
    """Tell whether two values of one option mean the same: `off` and `false`, `0.10` and `0.1`, `AUTO` and `auto`."""
    return _meaning(one) == _meaning(other)


def holds(options: Mapping[str, str], name: str, value: str) -> bool:
    """Tell whether an option has a value, or one that means the same."""
    if name not in options:
        return name in _OFF_BY_DEFAULT and truth(value) is False
    return same_value(options[name], value)


def _meaning(value: str) -> bool | Decimal | str:
    said = truth(value)
    if said is not None:
        return said
    digits = value.lstrip("+-")
    if digits[:1] == "0" and digits[1:2].isalnum():
        return value  # octal or hexadecimal where the option is a whole number
    try:
        number = Decimal(value)
    except InvalidOperation:
        return value.lower()
    if not number.is_finite():
        return value.lower()
    return bool(number) if number in (0, 1) else number
