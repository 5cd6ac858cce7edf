"""Makes text safe to display: escapes control characters and direction marks, masks passwords, cuts endless lines."""

from __future__ import annotations

import re

from pgmg.model.secrets import mask_secrets

__all__ = ["escape_controls", "mask_secrets", "sanitize_block", "sanitize_line", "shortened"]

_CONTROL = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 but tab and line feed, delete, C1
    "\u2028\u2029"  # line breaks that only some programs see
    "\u202a-\u202e\u2066-\u2069"  # direction marks: they can make a name look like another one
    "\ufeff\ufffe\uffff\ud800-\udfff"  # not encodable, or not allowed in XML
)
_IN_BLOCK = re.compile(f"[{_CONTROL}]")
_LONGEST, _END = 10_000, 1_000
"""Most characters of a line of a message, and how many of them are its end. A message may quote what is endless."""
_IN_LINE = re.compile(f"[{_CONTROL}\n]")


def sanitize_line(text: str) -> str:
    r"""Return `text` as one line; control characters are written as escapes: `\x1b`."""
    return _IN_LINE.sub(_escape, mask_secrets(text))


def sanitize_block(text: str) -> str:
    """Return `text` with its line feeds and tabs; otherwise like `sanitize_line`."""
    return _IN_BLOCK.sub(_escape, mask_secrets(text).replace("\r\n", "\n"))


def shortened(text: str) -> str:
    """Return a text without the middle of its longest lines; mask it first, as half of a password is not found."""
    return "\n".join(map(_shortened, text.split("\n")))


def _shortened(line: str) -> str:
    if len(line) <= _LONGEST:
        return line
    left_out = len(line) - _LONGEST
    return f"{line[: _LONGEST - _END]} … ({left_out:,} characters are left out) … {line[-_END:]}"


def escape_controls(json_text: str) -> str:
    """Return an equivalent JSON text in which every control character is an escape of four hexadecimal digits."""
    return _IN_BLOCK.sub(lambda found: f"\\u{ord(found[0]):04x}", json_text)


def _escape(found: re.Match[str]) -> str:
    match found[0]:
        case "\n":
            return "\\n"
        case "\r":
            return "\\r"
        case char if ord(char) < 0x100:  # noqa: PLR2004 - what two digits can say
            return f"\\x{ord(char):02x}"
        case char:
            return f"\\u{ord(char):04x}"
