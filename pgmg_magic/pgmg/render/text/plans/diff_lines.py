"""The SQL of changed objects as unified differences, each under a title line."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from pgmg.model.plans.plan import Change, ChangeKind
from pgmg.render import labels, sanitize
from pgmg.render.text.spans import Line, Role, Span, sections, span_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

NO_DIFFERENCES = "No differences."
_HEADERS = 2
"""Header lines of a unified difference. Below them, a line that begins with `---` is a removed SQL comment."""


def diff_lines(changes: Iterable[Change]) -> Iterator[Line]:
    """Return the differences of all objects as lines."""
    found = [_of(change) for change in changes]
    return sections(*found) if found else iter([span_line(NO_DIFFERENCES)])


def unified(change: Change) -> list[str]:
    """Return the unified difference as lines, headers included; [] if the texts are equal or one is unknown.

    Passwords are masked before the comparison: texts that differ only in a password count as equal.
    """
    before, after = _rows(change.before), _rows(change.after)
    if before == after or (change.before is None and _should_exist(change)):
        return []
    left = "/dev/null" if change.before is None else f"{change.object} ({_side(change)})"
    right = "/dev/null" if change.after is None else f"{change.object} ({change.path or 'source'})"
    return list(
        difflib.unified_diff(before, after, sanitize.sanitize_line(left), sanitize.sanitize_line(right), lineterm="")
    )


def unified_texts(before: str | None, after: str | None, left: str, right: str) -> list[str]:
    """Return the unified difference of two texts as lines, headers included; passwords are masked.

    `left` and `right` name the texts; None is a text that does not exist.
    """
    sides = (_named(before, left), _named(after, right))
    return list(difflib.unified_diff(_rows(before), _rows(after), *sides, lineterm=""))


def _named(text: str | None, name: str) -> str:
    return "/dev/null" if text is None else sanitize.sanitize_line(name)


def _of(change: Change) -> Iterator[Line]:
    said = labels.change(change.change)
    where = labels.place(change)
    title = Span(f"# {change.object}", Role.HEADING)
    yield span_line(title, " (", Span(said.word, said.role), f") {where}" if where else ")")
    rows = unified(change)
    if not rows:
        yield span_line(Span(f"# {_why_none(change)}", Role.MUTED))
    for number, row in enumerate(rows):
        yield span_line(Span(row, Role.HEADING if number < _HEADERS else row_role(row)))


def _rows(text: str | None) -> list[str]:
    return [] if text is None else sanitize.sanitize_block(text).rstrip().split("\n")


def _should_exist(change: Change) -> bool:
    return change.change not in (ChangeKind.NEW, ChangeKind.MISSING)


def _side(change: Change) -> str:
    return "database" if change.change is ChangeKind.DRIFTED else "applied"


def _why_none(change: Change) -> str:
    if change.before is None:
        which = "database's own" if change.change is ChangeKind.ADOPTED else "last applied"
        return f"the {which} text is not recorded, so there is nothing to compare"
    if change.before == change.after:
        return "the texts are equal"
    return "the texts differ only in masked passwords"


def row_role(row: str) -> Role:
    """Return how a line of a unified difference is shown."""
    if row.startswith("@@"):
        return Role.HUNK
    return {"+": Role.ADDED, "-": Role.REMOVED}.get(row[:1], Role.SQL)
