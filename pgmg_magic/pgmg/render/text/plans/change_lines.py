"""The list of differences between project and database, shared by plans and statuses."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from pgmg.model.naming.names import PROPERTY_KINDS
from pgmg.model.plans.plan import Change, ChangeKind
from pgmg.render import labels
from pgmg.render.text.spans import Line, Role, Span, span_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def changes(found: Iterable[Change]) -> Iterator[Line]:
    """Return a line per change: its file, or its name if the file holds several objects or was deleted."""
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
        who = f"; {labels.applied_from(change.applied_from)}" if change.applied_from is not None else ""
        yield span_line(f"  - {subject} (", Span(said.word, said.role), Span(f"{note}{why}{who}", Role.MUTED), ")")
