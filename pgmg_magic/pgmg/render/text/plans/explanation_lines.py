"""The explanation of a plan as a table: objects are rows, migrations and the steps between them columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.model.plans.explanation import Happening
from pgmg.render.sanitize import sanitize_line
from pgmg.render.text.spans import Line, Role, Span, span_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pgmg.model.plans.explanation import Explanation, ObjectCourse, PlanPoint

_SHOWN = {
    Happening.DROP: ("D", "dropped"),
    Happening.CREATE: ("C", "created"),
    Happening.RESTORE: ("R", "restored"),
    Happening.REPLACE: ("P", "replaced in place"),
    Happening.ALTER: ("A", "altered"),
    Happening.RENAME: ("N", "renamed"),
    Happening.DESCRIBE: ("G", "comments or privileges set"),
    Happening.BUILD: ("B", "built beside the former one"),
    Happening.SWAP: ("S", "swapped"),
    Happening.VALIDATE: ("V", "body checked"),
}
"""The letter in the table, and the word."""

_WIDEST_NAME = 40
_NAMED = 4
"""How many objects of a folded row are named."""


def explanation_lines(explanation: Explanation) -> Iterator[Line]:
    """Return the table; objects with equal cells and reasons share a row."""
    rows = _folded(explanation)
    if not rows:
        return
    points = explanation.points
    drawn = [[_cell(group[0], at) for at in range(len(points))] for group in rows]
    widths = [
        max(len(_header(point, number)), *(len(cells[number]) for cells in drawn))
        for number, point in enumerate(points)
    ]
    titles = [_title(group) for group in rows]
    broad = min(max(map(len, titles)), _WIDEST_NAME)
    yield span_line(Span("Objects over time:", Role.HEADING))
    used = {event.happening for course in explanation.objects for event in course.events}
    letters = (f"{letter} {word}" for happening, (letter, word) in _SHOWN.items() if happening in used)
    yield span_line(Span(f"  {', '.join(letters)}; - exists, . does not exist", Role.MUTED))
    for number, point in enumerate(points):
        yield span_line(Span(f"  {_header(point, number)}: {_described(point)}", Role.MUTED))
    head = "".join(f" {_header(point, n):^{widths[n]}}" for n, point in enumerate(points))
    yield span_line(Span(f"  {'':{broad}} {head}", Role.MUTED))
    for group, cells, title in zip(rows, drawn, titles, strict=True):
        fits = len(title) <= broad
        if not fits:
            yield span_line(f"  {title}")
        line = _lifeline(group[0], cells, widths)
        yield span_line(f"  {title if fits else '':{broad}} ", Span(line, Role.CHANGED))
        for event, reason in _reasons(group[0], points):
            yield span_line(f"      {event}", Span(f": {reason}" if reason else "", Role.MUTED))


def _folded(explanation: Explanation) -> list[list[ObjectCourse]]:
    """Return groups of objects whose rows are equal, in the order of their first member."""
    groups: dict[object, list[ObjectCourse]] = {}
    for course in explanation.objects:
        events = tuple((e.point, e.happening, e.reason) for e in course.events)
        groups.setdefault((course.existed, course.exists, events), []).append(course)
    return list(groups.values())


def _title(group: Sequence[ObjectCourse]) -> str:
    names = [sanitize_line(str(course.object)) for course in group]
    if len(names) <= _NAMED:
        return ", ".join(names)
    return f"{', '.join(names[: _NAMED - 1])} and {len(names) - _NAMED + 1} more"


def _header(point: PlanPoint, number: int) -> str:
    """Return the column's title: the migration's number and statement, or a letter for steps of pgmg."""
    if point.migration is None:
        return f"s{number + 1}"
    name, _, part = point.migration.partition(".sql")
    digits = name.split("_", 1)[0]
    return (digits if digits.isdigit() else f"m{number + 1}") + part


def _described(point: PlanPoint) -> str:
    first, last = point.steps[0], point.steps[-1]
    steps = f"step {first}" if first == last else f"steps {first} to {last}"
    return f"{point.label}, {steps}"


def _cell(course: ObjectCourse, at: int) -> str:
    return "".join(dict.fromkeys(_SHOWN[e.happening][0] for e in course.events if e.point == at))


def _lifeline(course: ObjectCourse, cells: Sequence[str], widths: Sequence[int]) -> str:
    """Draw the row: a line while the object exists, dots while it does not, letters for events."""
    line = ""
    exists = course.existed
    for number, (cell, width) in enumerate(zip(cells, widths, strict=True)):
        before = "-" if exists else "."
        exists = course.exists[number]
        after = "-" if exists else "."
        left = (width - len(cell)) // 2
        line += before * (left + 1) + cell + after * (width - len(cell) - left)
    return line


def _reasons(course: ObjectCourse, points: Sequence[PlanPoint]) -> Iterator[tuple[str, str]]:
    """Yield the events of a row and their reasons; equal ones in sequence once."""
    for (point, happening), reasons in _by_event(course).items():
        yield f"{_header(points[point], point)} {_SHOWN[happening][1]}", "; ".join(reasons)


def _by_event(course: ObjectCourse) -> dict[tuple[int, Happening], dict[str, None]]:
    found: dict[tuple[int, Happening], dict[str, None]] = {}
    for event in course.events:
        reasons = found.setdefault((event.point, event.happening), {})
        if event.reason:
            reasons[event.reason] = None
    return found
