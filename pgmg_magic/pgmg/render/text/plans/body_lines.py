"""A check of bodies as text: each problem with its place, and the way in which they were checked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.model.plans.body_check import CheckedOn
from pgmg.render import labels
from pgmg.render.text.spans import Line, Role, Span, span_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgmg.model.plans.body_check import BodyCheck
    from pgmg.source.project_check import FileCheck


def file_lines(found: FileCheck) -> Iterator[Line]:
    """Return how many files, objects and migrations there are: none of them has a problem."""
    counts = f"{labels.count(found.objects, 'object')}, {labels.count(found.migrations, 'migration')}"
    yield span_line(f"No problem in {labels.count(found.files, 'file')}: {counts}.")


def body_lines(found: BodyCheck) -> Iterator[Line]:
    """Return the problems, the objects that could not be checked, and the way."""
    for problem in found.problems:
        yield span_line(Span(problem.described, Role.WARNING))
    for name in found.unchecked:
        yield span_line(Span(f"not checked: {name}, whose types only a call tells", Role.MUTED))
    yield span_line(f"{verdict(found)} {way(found)}.")


def verdict(found: BodyCheck) -> str:
    """Say how many bodies have how many problems: `No problem in 3 bodies,`."""
    count = labels.count(len(found.problems), "problem") if found.problems else "No problem"
    return f"{count} in {labels.count(found.checked, 'body')},"


def way(found: BodyCheck) -> str:
    """Say where bodies were checked, and why not in a better way."""
    match found.checked_on:
        case CheckedOn.COPY:
            said = "checked on a copy"
        case CheckedOn.TRANSACTION:
            said = "checked on the database, rolled back"
        case _:
            said = "read by the grammar and the catalog alone"
    return (
        said + (", with plpgsql_check" if found.with_extension else "") + (f": {found.reason}" if found.reason else "")
    )
