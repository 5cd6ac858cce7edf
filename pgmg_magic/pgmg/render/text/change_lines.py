"""The list of what differs between project and database, as plans and statuses show it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from pgmg.model.names import PROPERTY_KINDS
from pgmg.model.plan import Change, ChangeKind
from pgmg.render import labels
from pgmg.render.text.spans import Line, Role, Span, span_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def changes(found: Iterable[Change]) -> Iterator[Line]:
    """Say one line a change: by its file, by its name where a file holds several or is gone."""
    found = tuple(found)
    together = Counter(change.path for change in found)
    for change in found:
        said = labels.change(change.change)
        why = f": {said.why}" if said.why else ""
        if change.path is None:
            subject, note = str(change.object), ""
        elif change.change is ChangeKind.DELETED:
            subject, note = str(change.object), f", was in {change.path}"
        elif together[change.path] > 1 or change.object.kind in PROPERTY_KINDS:
            subject, note = f"{change.path}: {change.object}", ""
        else:
            subject, note = change.path, ""
        yield span_line(f"  - {subject} (", Span(said.word, said.role), Span(f"{note}{why}", Role.MUTED), ")")
