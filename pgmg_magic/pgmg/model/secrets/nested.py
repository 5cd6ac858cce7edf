"""Texts within texts: the content of a constant, decoded, and where each of its characters stands outside."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pgmg.model.lazy_dataclass import dataclass
from pgmg.model.naming.sql_tokens import Sort, Token

if TYPE_CHECKING:
    from collections.abc import Sequence

_OPENING = re.compile(r"(?:[bBxXnN]|[eE]|[uU]&)?['\"]|\$[^$]*\$|--|/\*")
_ESCAPE = re.compile(
    r"\\(?:(?P<octal>[0-7]{1,3})|x(?P<hex>[0-9a-fA-F]{1,2})|u(?P<u4>[0-9a-fA-F]{4})|U(?P<u8>[0-9a-fA-F]{8})|(?P<char>.))",
    re.DOTALL,
)
_UNICODE = re.compile(r"\\(?:\+(?P<six>[0-9a-fA-F]{6})|(?P<four>[0-9a-fA-F]{4})|(?P<char>\\))")
_CONTROL = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


@dataclass(frozen=True, slots=True)
class Text:
    """A text and the offset of each of its characters in the outermost text; one more says where the last ends."""

    text: str
    offsets: Sequence[int]

    def part(self, start: int, end: int) -> Text:
        """Return a part of it as it is written."""
        return Text(self.text[start:end], self.offsets[start : end + 1])

    def inside(self, token: Token) -> Text:
        """Return the content of a constant, quoted identifier or comment as it is meant: `''` is one quote."""
        start, end = content(token)
        part = self.part(token.start + start, token.start + end)
        head = token.text[:2].lower()
        if token.text[:1] == "$" or token.sort is Sort.COMMENT:
            return part
        if head == "e'":
            return _decoded(part, _ESCAPE, "'")
        if head == "u&":
            return _decoded(part, _UNICODE, token.text[2])
        return _decoded(part, None, token.text[start - 1])


def content(token: Token) -> tuple[int, int]:
    """Return where the content of a constant, quoted identifier or comment begins and ends within the token."""
    opening = _OPENING.match(token.text)
    start = opening.end() if opening else 0
    sign = token.text[:start]
    closing = {"--": "", "/*": "*/"}.get(sign, sign if sign[:1] == "$" else sign[-1:])
    closed = closing != "" and len(token.text) >= start + len(closing) and token.text.endswith(closing)
    return start, len(token.text) - (len(closing) if closed else 0)


def _decoded(part: Text, escapes: re.Pattern[str] | None, quote: str) -> Text:
    """Replace escapes and doubled quotes by what they mean."""
    text = part.text
    if quote * 2 not in text and (escapes is None or "\\" not in text):
        return part
    chars: list[str] = []
    offsets: list[int] = []
    at = 0
    while at < len(text):
        offsets.append(part.offsets[at])
        found = escapes.match(text, at) if escapes is not None and text[at] == "\\" else None
        if found is not None:
            chars.append(_meant(found))
            at = found.end()
        else:
            chars.append(text[at])
            at += 2 if text.startswith(quote * 2, at) else 1
    return Text("".join(chars), [*offsets, part.offsets[-1]])


def _meant(found: re.Match[str]) -> str:
    groups = {name: value for name, value in found.groupdict().items() if value is not None}
    ((name, value),) = groups.items()
    if name == "char":
        return _CONTROL.get(value, value)
    code = int(value, 8 if name == "octal" else 16)
    return chr(code) if code < 0x110000 else "?"  # noqa: PLR2004 - the last code point of Unicode
