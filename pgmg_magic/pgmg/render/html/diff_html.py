"""Differences as HTML: old and new SQL in one column or side by side; one-liners laid out so that they can be read."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pgmg.model.plan import Change, ChangeKind
from pgmg.render import labels
from pgmg.render.html import markup
from pgmg.render.text.diff_lines import NO_DIFFERENCES, unified

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pgmg.render.text.side_by_side import Row

_LONG = 110
"""Characters of a line from which SQL is laid out anew before it is compared."""
_HEADERS = 2


def rows(change: Change) -> tuple[Row, ...]:
    """Return the difference of a change; () where there is none, or one side is not known."""
    found = unified(readable(change))[_HEADERS:]
    kinds = {"+": "added", "-": "removed", "@": "hunk"}
    return tuple((kinds.get(row[:1], "same"), row) for row in found)


def readable(change: Change) -> Change:
    """Return a change whose texts are laid out, if both can be, and one has lines too long to compare by eye.

    So are those of which one is the database's own: PostgreSQL lays out what it prints as nobody writes it.
    """
    before, after = change.before, change.after
    if before is None or after is None:
        return change
    longest = max(map(len, f"{before}\n{after}".split("\n")))
    if longest <= _LONG and change.change is not ChangeKind.DRIFTED:
        return change
    from pgmg.render.sql_layout import laid_out

    old, new = laid_out(before), laid_out(after)
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
    said = labels.change(change.change)
    return {
        "object": str(change.object),
        "word": said.word,
        "why": said.why,
        "role": said.role.value,
        "place": labels.place(change),
        "rows": rows(change),
    }
