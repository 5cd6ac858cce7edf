"""Hides passwords in texts: no output of any kind shows one (rule 11.3)."""

from __future__ import annotations

import re

_GAP = r"(?:\s|--[^\n]*\n|/\*.*?\*/)*"
_SECRET = re.compile(
    rf"(?P<before>\bpassword\b{_GAP}=?{_GAP})"
    r"(?:''(?:(?!'').)*''"  # within a string: EXECUTE 'ALTER ROLE r PASSWORD ''…'''
    r"|(?:[eE]'(?:[^'\\]|\\.|'')*|(?:U&)?'(?:[^']|'')*)(?:'|\Z)"
    r"|\$(?P<tag>\w*)\$.*?(?:\$(?P=tag)\$|\Z))",
    re.IGNORECASE | re.DOTALL,
)
_WORD = re.compile("password", re.IGNORECASE)
_NEAR = 500  # characters between the word and its constant, comments included
_CONNECTION = re.compile(  # key=value pairs of a connection string: WHERE password = hash is none
    r"(?P<before>(?:\A|['\"]|\b\w+=[^\s'\"=]+\s+)password\s*=\s*)(?!['\s*$])[^\s'\"]+"
    r"|(?P<first>\bpassword=)(?!['\s*$])[^\s'\",;()]+(?=\s+\w+=)",
    re.IGNORECASE,
)
_URL = re.compile(r"(?P<before>\b[a-z][a-z0-9+.-]*://[^\s:/@']*:)[^\s@'/]+(?=@)", re.IGNORECASE)


def mask_passwords(sql: str) -> str:
    """Return a text with its passwords hidden (rule 11.3): `PASSWORD '…'`, and those of connection strings.

    Works on any text, parseable or not; the result is for showing, never for running.
    """
    if "assword" not in sql and "ASSWORD" not in sql.upper() and "://" not in sql:
        return sql
    masked = _SECRET.sub(r"\g<before>'********'", sql)
    masked = _CONNECTION.sub(lambda found: f"{found['before'] or found['first']}********", masked)
    return _URL.sub(r"\g<before>********", masked)


def masked_line(text: str, begin: int, end: int) -> str:
    """Return a line of a text with its passwords hidden, be the word PASSWORD lines before."""
    shown, at = [], begin
    near = max(0, begin - _NEAR)
    if _WORD.search(text, near, end):
        for found in _SECRET.finditer(text, near):
            if found.start() >= end:
                break
            secret = found.end("before")
            if found.end() > begin and secret < end:
                shown += [text[at:secret], "'********'"]
                at = min(found.end(), end)
    return mask_passwords("".join((*shown, text[at:end])))
