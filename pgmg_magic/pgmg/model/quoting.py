"""Spells identifiers and literals as SQL (PostgreSQL manual, 4.1 Lexical Structure)."""

from __future__ import annotations

import re

_PLAIN = re.compile(r"[a-z_][a-z0-9_$]*\Z")


def quote(identifier: str) -> str:
    """Return `identifier` in double quotes, always: safe even where it is a key word."""
    return '"' + identifier.replace('"', '""') + '"'


def spell(identifier: str) -> str:
    """Return `identifier` as people write it: quoted only where it would otherwise be folded or misread."""
    return identifier if _PLAIN.match(identifier) else quote(identifier)


def literal(text: str) -> str:
    """Return `text` as a string constant that means the same whatever `standard_conforming_strings` says."""
    body = "'" + text.replace("'", "''") + "'"
    return " E" + body.replace("\\", "\\\\") if "\\" in text else body
