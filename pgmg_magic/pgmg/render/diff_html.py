"""Differences as HTML: old and new SQL in one column, line by line; one-liners laid out so that they can be read."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from pgmg.model.plan import Change
from pgmg.render import markup, words
from pgmg.render.lines.diff import NO_DIFFERENCES, unified

_LONG = 110
"""Characters of a line from which SQL is laid out anew before it is compared."""
_HEADERS = 2
Row = tuple[str, str]
"""A line of a difference: `added`, `removed`, `hunk` or `same`, and its text."""


def rows(change: Change) -> tuple[Row, ...]:
    """Return the difference of a change; () where there is none, or one side is not known."""
    found = unified(readable(change))[_HEADERS:]
    kinds = {"+": "added", "-": "removed", "@": "hunk"}
    return tuple((kinds.get(row[:1], "same"), row) for row in found)


def readable(change: Change) -> Change:
    """Return a change whose texts are laid out, where both can be and one has a line too long to compare by eye."""
    before, after = change.before, change.after
    if before is None or after is None or max(map(len, f"{before}\n{after}".split("\n"))) <= _LONG:
        return change
    old, new = _laid_out(before), _laid_out(after)
    if old is None or new is None or old == new:
        return change
    return replace(change, before=old, after=new)


def changes_html(changes: Sequence[Change]) -> str:
    """Return the differences of many objects, each folded where there are many."""
    shown = [_shown(change) for change in changes]
    return markup.fill(
        "diff.html.j2",
        changes=shown,
        unfolded=len(shown) <= 5,  # noqa: PLR2004 - about a screen
        nothing=NO_DIFFERENCES,
        style=markup.asset("notebook.css"),
    )


def _shown(change: Change) -> dict[str, Any]:
    said = words.change(change.change)
    return {
        "object": str(change.object),
        "word": said.word,
        "why": said.why,
        "role": said.role.value,
        "place": words.place(change),
        "rows": rows(change),
    }


def _laid_out(text: str) -> str | None:
    """Return SQL as sqlglot lays it out, None where it does not read all of it."""
    import sqlglot
    from sqlglot import exp

    logger = logging.getLogger("sqlglot")
    logger.addFilter(_silent)  # what it cannot read is shown as it stands, which nobody has to be told
    try:
        parsed = sqlglot.parse_one(text, read="postgres")
        if parsed.find(exp.Command) is not None:
            return None
        return parsed.sql(dialect="postgres", pretty=True)
    except (sqlglot.ParseError, sqlglot.TokenError, sqlglot.UnsupportedError, RecursionError):
        return None
    finally:
        logger.removeFilter(_silent)


def _silent(_record: logging.LogRecord) -> bool:
    return False
