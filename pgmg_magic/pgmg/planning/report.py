"""What `status` and `diff` say: read off the comparison of sources and database, before anything is decided."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from pgmg.model.plan import Change, ChangeKind, DatabaseInfo
from pgmg.model.status import Status
from pgmg.planning.changes import Difference
from pgmg.planning.lookup import find_all
from pgmg.planning.survey import Picture


def change(difference: Difference) -> Change:
    """Return a difference as people see it, with the SQL before and after."""
    assert difference.change is not None
    source = difference.declared.source if difference.declared else None
    path = source.place.path if source else (difference.row.path if difference.row else None)
    drifted = difference.change is ChangeKind.DRIFTED
    before = difference.live_text if drifted else difference.recorded_sql
    line = source.place.line if source else None
    return Change(difference.name, difference.change, path, line, before, source.sql if source else None)


def changes(picture: Picture, names: Sequence[str]) -> tuple[Change, ...]:
    """Return all changes, or those of the named objects.

    Raises:
        UnknownObjectError: a name that nothing declared or recorded bears.
    """
    wanted = set(find_all(names, [d.name for d in picture.differences])) if names else None
    return tuple(
        change(d) for d in picture.differences if d.change is not None and (wanted is None or d.name in wanted)
    )


def status(picture: Picture, connection: str) -> Status:
    """Return one screen."""
    survey = picture.survey
    server = survey.snapshot.server
    kinds = Counter(name.kind.words for name in survey.declared)
    return Status(
        connection=connection,
        database=DatabaseInfo(server.database, server.version, server.version_num),
        applied=tuple(survey.snapshot.migrations),
        pending=tuple(migration.name for migration in survey.pending),
        objects=tuple(sorted(kinds.items())),
        changes=changes(picture, ()),
        warnings=survey.notices,
    )
