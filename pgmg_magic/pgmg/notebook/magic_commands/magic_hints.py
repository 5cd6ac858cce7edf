"""Spells the commands in pgmg's messages as magics: `pgmg apply` is `%pgmg_apply` in a notebook.

Messages name commands between backticks, in a shell's spelling; this is the one place that knows another one.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pgmg.notebook.magic_commands.magic_table import PARAMETERS
from pgmg.options import Option

if TYPE_CHECKING:
    from collections.abc import Mapping

_COMMAND = re.compile(r"(`|<code>)pgmg ([a-z]+)((?:\s[^`<]*)?)(?=`|</code>)")
_FLAG = re.compile(r"(?<!\S)--?[a-z][a-z-]*")
_SQL = re.compile(r'<(script|style|table)\b.*?</\1>|<pre class="pgmg-sql".*?</pre>', re.DOTALL)
"""Parts of a page that hold the user's own text."""


def as_magics(text: str) -> str:
    """Return a message with each command as the magic of that name, if there is one that takes the same options."""
    return _COMMAND.sub(_magic, text)


def page_as_magics(html: str) -> str:
    """Return a page of HTML likewise; SQL in it stays as it is."""
    found, at = [], 0
    for kept in _SQL.finditer(html):
        found += [as_magics(html[at : kept.start()]), kept.group()]
        at = kept.end()
    return "".join((*found, as_magics(html[at:])))


def bundle_as_magics(data: Mapping[str, str]) -> dict[str, str]:
    """Return an output with the text and the page in it likewise."""
    ways = {"text/plain": as_magics, "text/html": page_as_magics}
    return {kind: ways[kind](text) if kind in ways else text for kind, text in data.items()}


def _magic(found: re.Match[str]) -> str:
    opening, command, rest = found.groups()
    name = f"pgmg_{command}"
    flags = {flag for one in PARAMETERS.get(name, ()) if isinstance(one, Option) for flag in one.flags}
    if name not in PARAMETERS or not flags.issuperset(_FLAG.findall(rest)):
        return found.group()
    return f"{opening}%{name}{rest}"
