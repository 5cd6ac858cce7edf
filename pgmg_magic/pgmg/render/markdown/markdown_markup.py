"""Writes text into GitHub-flavoured Markdown so that it stays text: names, messages and SQL of any content."""

from __future__ import annotations

import re

from pgmg.render import sanitize

_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+!~|$:-])")
_CODE = re.compile(r"`([^`]+)`")
_TICKS = re.compile(r"`+")


def text(value: str) -> str:
    """Return a text on one line: no markup, no HTML, and no mention of anybody."""
    line = sanitize.sanitize_line(value).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _SPECIAL.sub(r"\\\1", line).replace("@", "&#64;")


def prose(value: str) -> str:
    """Return a sentence of pgmg's, what stands between backticks in it as code; the rest as `text` does."""
    parts = _CODE.split(sanitize.sanitize_line(value))
    return "".join(code(part) if n % 2 else text(part) for n, part in enumerate(parts) if part)


def code(value: str) -> str:
    """Return a text as code in a line; a vertical bar does not end a table's cell."""
    line = sanitize.sanitize_line(value).replace("|", "\\|")
    ticks = "`" * (_longest(line) + 1)
    pad = " " if line.startswith("`") or line.endswith("`") or not line.strip() else ""
    return f"{ticks}{pad}{line}{pad}{ticks}"


def block(value: str, language: str) -> str:
    """Return a text as a block of code; no run of backticks in it ends the block."""
    clean = sanitize.sanitize_block(value).rstrip("\n")
    fence = "`" * max(3, _longest(clean) + 1)
    return f"{fence}{language}\n{clean}\n{fence}"


def folded(title: str, body: str) -> str:
    """Return a body that unfolds; `title` is HTML."""
    return f"<details><summary>{title}</summary>\n\n{body}\n\n</details>"


def _longest(value: str) -> int:
    return max((len(run) for run in _TICKS.findall(value)), default=0)
