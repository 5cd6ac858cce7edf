"""The reports of `status` and `diff`, from the comparison of sources and database, before any decision."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from pgmg.model.database.ignored_objects import IgnoredObjects
from pgmg.model.naming.name_patterns import NamePatterns
from pgmg.model.naming.names import DECLARED_KINDS
from pgmg.model.plans.plan import Change, ChangeKind, DatabaseInfo
from pgmg.model.results.status_report import Status
from pgmg.planning.resolve.lookup import find_all

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pgmg.model.database.snapshot import Snapshot
    from pgmg.model.results.applied_from import Checkout
    from pgmg.planning.compare.changes import ObjectComparison
    from pgmg.planning.compare.resolved import Comparison


def change(difference: ObjectComparison, checkout: Checkout) -> Change:
    """Return a difference as people see it, with the SQL before and after."""
    assert difference.change is not None
    source = difference.declared.source if difference.declared else None
    path = source.location.path if source else (difference.row.path if difference.row else None)
    drifted = difference.change is ChangeKind.DRIFTED
    before = difference.live_text if drifted else difference.recorded_sql
    after = source.sql if source else None
    if drifted and difference.applied_text is not None:  # the server's words on both sides: what differs has changed
        after = difference.applied_text
    line = source.location.line if source else None
    origin = difference.applied_from if checkout.is_elsewhere(difference.applied_from) else None
    return Change(difference.name, difference.change, path, line, before, after, origin)


def changes(comparison: Comparison, names: Sequence[str]) -> tuple[Change, ...]:
    """Return all changes, or those of the named objects.

    Raises:
        UnknownObjectError: a name that nothing declared or recorded bears.
    """
    wanted = set(find_all(names, [d.name for d in comparison.differences])) if names else None
    return tuple(
        change(d, comparison.resolved.checkout)
        for d in comparison.differences
        if d.change is not None and (wanted is None or d.name in wanted)
    )


def status(comparison: Comparison, connection: str, ignore: tuple[str, ...] = ()) -> Status:
    """Return one screen."""
    resolved = comparison.resolved
    server = resolved.snapshot.server
    kinds = Counter(name.kind.sql_keyword for name in resolved.declared)
    return Status(
        connection=connection,
        database=DatabaseInfo(server.database, server.version, server.version_num),
        applied=tuple(resolved.snapshot.migrations),
        pending=tuple(migration.name for migration in resolved.pending),
        objects=tuple(sorted(kinds.items())),
        changes=changes(comparison, ()),
        warnings=resolved.notices,
        ignored=_ignored(resolved.snapshot, NamePatterns(ignore)),
    )


def _ignored(snapshot: Snapshot, patterns: NamePatterns) -> tuple[str, ...]:
    """Return the objects of declarable kinds, outside of extensions, that are somebody else's."""
    ignored = IgnoredObjects(patterns, snapshot.objects).addresses
    return tuple(
        sorted(str(n) for n, live in snapshot.objects.items() if live.address in ignored and n.kind in DECLARED_KINDS)
    )
