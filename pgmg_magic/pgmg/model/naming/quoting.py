"""Spells identifiers and literals as SQL (PostgreSQL manual, 4.1 Lexical Structure)."""

from __future__ import annotations

import re

from pgmg.model.naming.keywords import QUOTED_KEY_WORDS

_PLAIN = re.compile(r"[a-z_][a-z0-9_]*\Z")
_NAME = re.compile(r'"((?:[^"]|"")*)"|([^".]+)')


def quote(identifier: str) -> str:
    """Return `identifier` in double quotes, always: safe even where it is a key word."""
    return '"' + identifier.replace('"', '""') + '"'


def spell(identifier: str) -> str:
    """Return `identifier` as the server's `quote_ident` does: quoted only where SQL would read it otherwise."""
    is_plain = _PLAIN.match(identifier) and identifier not in QUOTED_KEY_WORDS
    return identifier if is_plain else quote(identifier)


def spelled_parts(spelling: str) -> tuple[str, ...]:
    """Return the identifiers of a dotted name that `spell` or `quote` has spelled: `app."my.type"` has two."""
    found = (match.groups() for match in _NAME.finditer(spelling))
    return tuple(plain if quoted is None else quoted.replace('""', '"') for quoted, plain in found)


def literal(text: str) -> str:
    """Return `text` as a string constant that means the same whatever `standard_conforming_strings` says."""
    body = "'" + text.replace("'", "''") + "'"
    return " E" + body.replace("\\", "\\\\") if "\\" in text else body
