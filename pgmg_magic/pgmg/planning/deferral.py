"""Leaves some objects as they are while the rest is planned: what is broken, refused, or waits for a migration."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pgmg.model.naming.names import PROPERTY_KINDS, Kind, ObjectName
from pgmg.model.plans.plan import ChangeKind, Plan
from pgmg.model.sources.source import PARTIAL_FILE, Effect, Migration
from pgmg.planning.compare.resolved import Comparison, ResolvedProject
from pgmg.planning.replay.object_operations import LEAVES_NAME
from pgmg.planning.replay.timeline import replay

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from pgmg.errors import PgmgError
    from pgmg.planning.compare.changes import ObjectComparison
    from pgmg.planning.resolve.declared import Declared


@dataclass(frozen=True, slots=True)
class Deferral:
    """An object that stays as it is because of `error`, which is about it and `about`, what failed because of it.

    `sources` and `catalog_stamps` are those at the failure: it is tried again when either changes. The stamps are None
    right after the failure.
    """

    object: ObjectName
    error: PgmgError
    about: tuple[ObjectName, ...]
    sources: tuple[str, ...] = ()
    catalog_stamps: tuple[str, ...] | None = None


def excluding(comparison: Comparison, held: Collection[ObjectName]) -> Comparison:
    """Return the comparison as if nobody had declared or recorded the held objects.

    They are then what nobody declared: never dropped, and restored as they were where something below them changes.
    """
    if not held:
        return comparison
    paths = {
        known.source.location.path for name in held if (known := comparison.resolved.declared.get(name)) is not None
    }
    declared = {
        name: _in_part(known) if known.source.location.path in paths else known
        for name, known in comparison.resolved.declared.items()
        if name not in held
    }
    differences = tuple(_of_part(d, declared, paths) for d in comparison.differences if d.name not in held)
    before = comparison.resolved
    timeline = replay(before.pending, before.resolver, before.snapshot, declared)
    reduced = replace(before, declared=declared, timeline=timeline)
    return Comparison(reduced, comparison.evidence, differences)


def _in_part(declared: Declared) -> Declared:
    """Return an object of a file that is not applied as a whole: what is recorded must not say that it is."""
    return replace(declared, source=replace(declared.source, file_hash=PARTIAL_FILE))


def _of_part(
    difference: ObjectComparison, declared: Mapping[ObjectName, Declared], paths: Collection[str]
) -> ObjectComparison:
    known = declared.get(difference.name)
    if known is None or known.source.location.path not in paths:
        return difference
    row = difference.row
    said = row is not None and row.file_hash == PARTIAL_FILE and row.path == known.source.location.path
    return replace(difference, declared=known, rebaseline=difference.rebaseline and not said)


# -- what has to wait for another ---------------------------------------------------------------------------


def blocked_by_deferred(comparison: Comparison, held: Iterable[ObjectName]) -> dict[ObjectName, ObjectName]:
    """Return changed objects that cannot be made because something they need is held and not there, with that."""
    resolved = comparison.resolved
    changed = {d.name for d in comparison.differences if d.change is not None and d.declared is not None}
    absent = {name for name in held if name not in resolved.snapshot.objects and name.kind not in PROPERTY_KINDS}
    found: dict[ObjectName, ObjectName] = {}
    grown = bool(absent)
    while grown:
        grown = False
        for name in sorted(changed - found.keys() - absent, key=str):
            missed = next((n for n in _firmly_needed(name, resolved) if n in absent), None)
            if missed is not None:
                found[name] = missed
                grown = True
                if name not in resolved.snapshot.objects:
                    absent.add(name)
    return found


def _firmly_needed(name: ObjectName, resolved: ResolvedProject) -> list[ObjectName]:
    needed = [use.object for use in resolved.declared[name].uses if use.hard]
    return needed if name.parent is None else [name.parent, *needed]


def of_migrations(comparison: Comparison, pending: Iterable[Migration]) -> dict[ObjectName, str]:
    """Return changed objects that pending migrations create or drop themselves, with the migration's name.

    To create or drop them before would make the migration fail.
    """
    resolved = comparison.resolved
    kinds = {d.name: d.change for d in comparison.differences if d.change is not None}
    found: dict[ObjectName, str] = {}
    for statement in replay(pending, resolved.resolver, resolved.snapshot, resolved.declared).statements:
        for operation in statement.operations:
            name = operation.name
            creates = operation.effect is Effect.CREATE and name not in resolved.snapshot.objects
            drops = operation.effect in LEAVES_NAME and kinds.get(name) is ChangeKind.DELETED
            if name in kinds and (creates or drops):
                found.setdefault(name, statement.source.name)
    return found


def needed_migration(name: ObjectName, resolved: ResolvedProject, pending: Iterable[Migration]) -> str | None:
    """Return a pending migration that alters something an object speaks of: it may be what is missing."""
    declared = resolved.declared.get(name)
    if declared is None:
        return None
    spoken = {reference.parts[-1] for reference in declared.source.references if reference.parts}
    if declared.source.target.parent is not None and declared.source.target.parent.parts:
        spoken.add(declared.source.target.parent.parts[-1])
    for migration in pending:
        touched = {a.target.parts[-1] for a in migration.alterations if a.target.parts}
        if touched & spoken:
            return migration.name
    return None


# -- who is to blame ----------------------------------------------------------------------------------------


def changes_to_defer(plan: Plan, failed: str | None) -> tuple[ObjectName, ...]:
    """Return the changes to leave out because the server refused a step about `failed`.

    Its own change; else those of what it depends on, for it was only made again because of them; else all.
    """
    changed = {c.object for c in plan.changes}
    own = next((name for name in changed if str(name) == failed), None)
    if own is not None:
        return (own,)
    below: dict[ObjectName, list[ObjectName]] = {}
    for edge in plan.edges:
        below.setdefault(edge.object, []).append(edge.depends_on)
    start = next((step.object for step in plan.steps if str(step.object) == failed), None)
    queue = [] if start is None else [start, *([] if start.parent is None else [start.parent])]
    for name in queue:
        queue += [n for n in below.get(name, ()) if n not in queue]
    found = tuple(dict.fromkeys(name for name in queue if name in changed))
    return found or tuple(sorted(changed, key=str))


# -- when to try again --------------------------------------------------------------------------------------


def sources_of(about: Sequence[ObjectName], resolved: ResolvedProject) -> tuple[str, ...]:
    """Return what the files say of objects and of what they use, in short."""
    declared = resolved.declared
    names = _surroundings(about, resolved)
    return tuple(f"{name} {declared[name].source.hash if name in declared else '-'}" for name in names)


def catalog_stamps_of(about: Sequence[ObjectName], resolved: ResolvedProject) -> tuple[str, ...]:
    """Return what the database has of objects and of what they use, in short, and how far its migrations are."""
    live = resolved.snapshot.objects
    names = _surroundings(about, resolved)
    stamps = (f"{name} {live[name].stamp if name in live else '-'}" for name in names)
    return (*stamps, *sorted(resolved.snapshot.migrations))


def _surroundings(about: Sequence[ObjectName], resolved: ResolvedProject) -> list[ObjectName]:
    found = dict.fromkeys(about)
    for name in about:
        if name.parent is not None:
            found[name.parent] = None
        if name in resolved.declared:
            found |= dict.fromkeys(use.object for use in resolved.declared[name].uses)
    return sorted(found, key=str)


def still_deferred(holds: Sequence[Deferral], comparison: Comparison) -> tuple[Deferral, ...]:
    """Return the holds that another try would not change: nothing they stand on is another than when they failed."""
    resolved = comparison.resolved
    changed = {d.name for d in comparison.differences if d.change not in (None, ChangeKind.FORMATTING)}
    kept = [hold for hold in holds if hold.object in changed and _is_as_it_was(hold, resolved)]
    moved = changed - {hold.object for hold in kept}
    while True:
        stirred = [hold for hold in kept if _stands_on(hold, moved, resolved)]
        if not stirred:
            return tuple(kept)
        kept = [hold for hold in kept if hold not in stirred]
        moved |= {hold.object for hold in stirred}


def _is_as_it_was(hold: Deferral, resolved: ResolvedProject) -> bool:
    if not hold.about or hold.sources != sources_of(hold.about, resolved):
        return False
    return hold.catalog_stamps is None or hold.catalog_stamps == catalog_stamps_of(hold.about, resolved)


def _stands_on(hold: Deferral, moved: set[ObjectName], resolved: ResolvedProject) -> bool:
    queue = list(dict.fromkeys((hold.object, *hold.about)))
    seen = set(queue)
    for name in queue:
        if name != hold.object and name in moved:
            return True
        used = [u.object for u in resolved.declared[name].uses] if name in resolved.declared else []
        if name.parent is not None and name.kind is not Kind.COLUMN:
            used.append(name.parent)
        fresh = [n for n in used if n not in seen]
        seen.update(fresh)
        queue += fresh
    return False


def with_catalog_stamps(holds: Sequence[Deferral], resolved: ResolvedProject) -> tuple[Deferral, ...]:
    """Return the holds with what they stand on now, for those that failed in the round that is just over."""
    return tuple(
        replace(hold, catalog_stamps=catalog_stamps_of(hold.about, resolved)) if hold.catalog_stamps is None else hold
        for hold in holds
    )
