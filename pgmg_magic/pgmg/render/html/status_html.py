"""A status as HTML: pending work, connection, differences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.render import labels
from pgmg.render.html import markup
from pgmg.render.text.plans.drift_choice import drift_choice
from pgmg.render.text.results.status_lines import DRIFT, SHOWN
from pgmg.render.text.spans import Role

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pgmg.model.plans.plan import Change
    from pgmg.model.results.status_report import Status

_Row = tuple[str, str, str, str]
"""Word, colour, object, place."""


def status_html(status: Status) -> str:
    """Return a status as HTML."""
    counted = (
        labels.count(len(status.pending), "migration") if status.pending else "",
        labels.count(len(status.changes), "change") if status.changes else "",
    )
    return markup.fill(
        "status.html.j2",
        differs=status.differs,
        todo=", ".join(part for part in counted if part),
        warnings=[notice.message for notice in status.warnings],
        connection=status.connection,
        database=f"{status.database.name} (PostgreSQL {status.database.server_version})",
        migrations=f"{len(status.applied)} applied, {len(status.pending)} pending",
        last=status.applied[-1] if status.applied else "",
        last_apply=labels.applied_from(status.last_apply) if status.last_apply is not None else "",
        total=sum(number for _, number in status.objects),
        objects=[labels.count(number, kind) for kind, number in status.objects],
        lists=list(_lists(status)),
        drift_choice=drift_choice(status.changes),
    )


def _lists(status: Status) -> Iterator[tuple[str, Sequence[_Row], int]]:
    pending: list[_Row] = [("pending", Role.MIGRATION.value, name, "") for name in status.pending]
    code = [_row(change) for change in status.changes if change.change not in DRIFT]
    drift = [_row(change) for change in status.changes if change.change in DRIFT]
    for title, rows in (("Pending migrations", pending), ("Code changes", code), ("Drift", drift)):
        if rows:
            yield title, rows[:SHOWN], max(len(rows) - SHOWN, 0)


def _row(change: Change) -> _Row:
    said = labels.change(change.change)
    place = labels.place(change)
    who = labels.applied_from(change.applied_from) if change.applied_from is not None else ""
    about = "; ".join(part for part in (": ".join(part for part in (place, said.why) if part), who) if part)
    return said.word, said.role.value, str(change.object), about
