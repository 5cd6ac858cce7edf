"""SQL differences as HTML, in one column or side by side; SQL with very long lines is formatted first."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pgmg.model.plans.plan import Change, ChangeKind
from pgmg.render import labels
from pgmg.render.html import markup
from pgmg.render.text.plans.diff_lines import NO_DIFFERENCES, unified

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pgmg.render.text.side_by_side import TextRow

_LONG = 110
"""Line length in characters above which SQL is formatted before the comparison."""
_HEADERS = 2


def rows(change: Change) -> tuple[TextRow, ...]:
    """Return the lines of a change's difference; () if there is none or one side is unknown."""
    found = unified(readable(change))[_HEADERS:]
    kinds = {"+": "added", "-": "removed", "@": "hunk"}
    return tuple((kinds.get(row[:1], "same"), row) for row in found)


def readable(change: Change) -> Change:
    """Return a change with both texts formatted, if one has very long lines or is the database's own definition.

    PostgreSQL prints definitions in a layout that no source file has. If either text cannot be formatted, the change
    is returned as it is.
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
    """Return the differences of objects; folded if there are more than a few."""
    shown = [_shown(change) for change in changes]
    return markup.fill(
        "diff.html.j2",
        changes=shown,
        unfolded=len(shown) <= 5,  # noqa: PLR2004 - about a screen
        nothing=NO_DIFFERENCES,
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
