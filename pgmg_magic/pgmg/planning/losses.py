"""Refuses to lose anything: what is still used, and what could not be made again (rules 4.5, 11.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.errors import RefusedChange
from pgmg.model.names import PROPERTY_KINDS, Kind, ObjectName
from pgmg.model.plan import ChangeKind, PlanOptions

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pgmg.model.catalog_details import Definition
    from pgmg.model.snapshot import Address
    from pgmg.planning.compare.resolved import ResolvedProject
    from pgmg.planning.fate import Fates

_TABLES = frozenset({Kind.TABLE, Kind.SEQUENCE})


def refuse_losses(fates: Fates, resolved: ResolvedProject, options: PlanOptions) -> None:
    """Look at everything that would go.

    Raises:
        RefusedChange: something is still used, or could not come back as it was.
    """
    _check_uses_of_deleted(fates, resolved)
    _check_droppable(fates, resolved, options)


def _check_uses_of_deleted(fates: Fates, resolved: ResolvedProject) -> None:
    lines: list[str] = []
    blame: list[ObjectName] = []
    if all(difference.change is not ChangeKind.DELETED for difference in fates.changed):
        return
    for declared in resolved.declared.values():
        gone = [u.object for u in declared.uses if fates.deleted(u.object) and not resolved.overloads(u.object)]
        if declared.name.kind in PROPERTY_KINDS and declared.name.parent and fates.deleted(declared.name.parent):
            gone.append(declared.name.parent)
        blame += gone
        place = declared.source.location
        lines += [f"{declared.name} ({place.path}:{place.line}) still uses {name}" for name in gone]
    if lines:
        raise RefusedChange(
            "An object's file is gone, but something declared needs it: " + "; ".join(lines) + ".",
            hint="Bring the file back, or change or delete what uses it.",
            blame=tuple(dict.fromkeys(blame)),
        )


def _check_droppable(fates: Fates, resolved: ResolvedProject, options: PlanOptions) -> None:
    """Refuse to drop what cannot be made again (rules 4.5, 11.1)."""
    lines: list[tuple[Address, str]] = []
    everything = dict(fates.dropped)
    for affected in fates.reaches:
        everything |= fates.web.above(affected.roots)
    for address, explicit in everything.items():
        definition = fates.web.definition(address)
        if not explicit or definition.name in resolved.declared or fates.deleted(definition.name):
            continue
        if address in fates.taken:
            continue
        changes_to_defer = next((link.on for link in fates.web.needs(address) if link.on in everything), address)
        because = f"{fates.web.name(changes_to_defer)} is dropped or made again, and {definition.name} depends on it"
        if definition.extension:
            lines.append((address, f"{because}; it belongs to extension {definition.extension}."))
        elif definition.name.kind in _TABLES:
            lines.append(
                (address, f"{because}; a {definition.name.kind.sql_keyword} is never dropped to be made again.")
            )
        elif definition.kept_by:
            lines.append((address, f"{because}; it cannot be made again: {definition.kept_by}."))
        elif not definition.create:
            lines.append((address, f"{because}; pgmg does not know how to restore it."))
        elif _hangs_on_deleted(address, fates, resolved) and not options.drop_unmanaged:
            lines.append((address, f"{because}; nobody declared it, and it could not come back."))
    for address in (one for one in everything if not fates.deleted(fates.web.name(one))):
        lines += [(address, line) for line in _cannot_give_back(fates.web.definition(address), resolved)]
    foreign = "would be dropped, but something pgmg cannot restore depends on it."
    lines += [(on, f"{fates.web.name(on)} {foreign}") for _, on in fates.web.foreign if on in everything]
    if lines:
        hint = (
            "Write a migration for it, or change what depends on it first. --drop-unmanaged lets unmanaged objects go."
        )
        blame = _changes_below((address for address, _ in lines), everything, fates)
        raise RefusedChange("\n".join(dict.fromkeys(line for _, line in lines)), hint=hint, blame=blame)


def _changes_below(these: Iterable[Address], gone: Mapping[Address, bool], fates: Fates) -> tuple[ObjectName, ...]:
    """Return the changes because of which objects would be dropped: their own, or of what they depend on."""
    queue = list(these)
    seen = set(queue)
    for address in queue:
        below = [link.on for link in fates.web.needs(address) if link.on in gone and link.on not in seen]
        seen.update(below)
        queue += below
    names = dict.fromkeys(fates.web.name(address) for address in queue)
    return tuple(n for n in names if (known := fates.differences.get(n)) is not None and known.change is not None)


def _cannot_give_back(definition: Definition, resolved: ResolvedProject) -> list[str]:
    """Say what our role could not restore around an object (rule 6.5)."""
    user = resolved.snapshot.server.user
    return [
        f"{definition.name} would be made again, but {user} may not do this then: {s.statement}"
        for s in definition.properties
        if not s.allowed
    ]


def _hangs_on_deleted(address: Address, fates: Fates, resolved: ResolvedProject) -> bool:
    """Say whether an unmanaged object depends, directly or through unmanaged others, on a deleted one."""
    queue, seen = [address], {address}
    while queue:
        for link in fates.web.speaks_of(queue.pop()):
            if link.on in seen or link.on not in fates.dropped:
                continue
            name = fates.web.name(link.on)
            if fates.deleted(name) and not resolved.overloads(name):
                return True
            seen.add(link.on)
            if name not in resolved.declared:  # what is declared comes back
                queue.append(link.on)
    return False
