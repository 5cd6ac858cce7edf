"""Reads again what recreated objects have besides their definition and compares it with what was noted (rule 6.3).

An event trigger may have given an object another owner, or privileges, when it was created. That is set right; what
cannot be set right is an error, and nothing has changed.
"""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Any

from pgmg.catalog.reading.catalog_queries import run_queries, set_path
from pgmg.catalog.reading.closure import read_properties
from pgmg.catalog.reading.name_parts import object_name
from pgmg.errors import NotRestoredError
from pgmg.model.database.catalog_details import PRIVILEGES, Aspect, ObjectProperty
from pgmg.model.database.snapshot import Address
from pgmg.model.lazy_dataclass import dataclass
from pgmg.model.naming.names import PROPERTY_KINDS, Kind, ObjectName
from pgmg.model.plans.plan import Action, Step
from pgmg.model.results.events import ServerNotice

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import psycopg

    from pgmg.model.database.snapshot import LiveObject

_OF_SOURCE = frozenset(
    {Aspect.OPTION, Aspect.PART_OPTION, Aspect.STORAGE, Aspect.LATE_STORAGE, Aspect.ATTACH, Aspect.PARTITION}
    | {Aspect.MEMBER}
)
"""What the source of a managed object may state by itself; of any object, a migration may add partitions."""
_SET_BY = {
    Kind.COMMENT: frozenset({Aspect.COMMENT, Aspect.CONSTRAINT_COMMENT}),
    Kind.GRANT: PRIVILEGES,
    Kind.FIRING: frozenset({Aspect.ENABLED}),
    Kind.OWNER: PRIVILEGES | {Aspect.OWNER},  # a new owner takes the old one's privileges
}
_BESIDE_DEFINITION = PRIVILEGES | {Aspect.OWNER, Aspect.LABEL}
"""Properties that no in-place change of the definition touches."""
_ROUNDS = 2  # first the owner, then all else


@dataclass(frozen=True, slots=True)
class _Expected:
    """The properties that a recreated object must have; `ignored` is set by other steps, or by its source."""

    step: Step
    properties: tuple[ObjectProperty, ...]
    ignored: frozenset[Aspect]
    may_gain: frozenset[Aspect]


@dataclass(slots=True)
class _Difference:
    lost: list[ObjectProperty] = field(default_factory=list)
    gained: list[ObjectProperty] = field(default_factory=list)


def since_last_migration(steps: Sequence[Step]) -> tuple[Step, ...]:
    """Return the steps after the last migration: what ran before it was verified before it."""
    last = max((n for n, step in enumerate(steps, start=1) if step.migration is not None), default=0)
    return tuple(steps[last:])


def verify(
    conn: psycopg.Connection[Any], steps: Iterable[Step], live: Mapping[ObjectName, LiveObject], path: str
) -> tuple[Step, ...]:
    """Compare every recreated object with what it had; return the steps after which something had to be set right.

    `live` is what there is now. The session has the search_path `path` afterwards.

    Raises:
        NotRestoredError: an object is missing, or differs and cannot be set right.
    """
    expected = _expected(tuple(steps))
    if not expected:
        return ()
    addresses = _addresses(conn, expected, live, path)
    corrected: dict[ObjectName, None] = {}
    for attempt in range(_ROUNDS + 1):
        wrong = _differences(conn, expected, addresses)
        set_path(conn, path)
        if not wrong:
            break
        statements = [s for difference in wrong.values() for s in _correction(difference)]
        if attempt == _ROUNDS or not statements:
            raise _not_restored(wrong, expected)
        for statement in statements:
            conn.execute(statement)
        corrected |= dict.fromkeys(wrong)
    return tuple(expected[name].step for name in corrected)


def corrected_notice(step: Step) -> ServerNotice:
    """Return what listeners are told when an object was set right."""
    text = f"{step.object} was changed while it was recreated, probably by an event trigger: it has again what it had."
    return ServerNotice("WARNING", text, step)


def _expected(steps: tuple[Step, ...]) -> dict[ObjectName, _Expected]:
    found: dict[ObjectName, _Expected] = {}
    for number, step in enumerate(steps):
        name, later = step.object, steps[number + 1 :]
        if step.properties is None or any(s.object == name and s.properties is not None for s in later):
            continue
        own = [s.action for s in later if s.object == name]
        if Action.DROP in own:
            continue
        ignored = {aspect for s in steps for aspect in _SET_BY.get(s.object.kind, ()) if _subject(s.object) == name}
        if Action.REPLACE in own or Action.ALTER in own:
            ignored |= set(Aspect) - _BESIDE_DEFINITION
        may_gain = _OF_SOURCE if step.managed else frozenset({Aspect.PARTITION})
        found[name] = _Expected(step, step.properties, frozenset(ignored), may_gain)
    return found


def _subject(name: ObjectName) -> ObjectName:
    """Return the object itself that a comment, grant or owner is about: of a column, its relation."""
    about = name.parent or name
    parts = (Kind.COLUMN, Kind.CONSTRAINT)
    return about.parent if name.kind in PROPERTY_KINDS and about.kind in parts and about.parent else about


def _addresses(
    conn: psycopg.Connection[Any],
    expected: Mapping[ObjectName, _Expected],
    live: Mapping[ObjectName, LiveObject],
    path: str,
) -> dict[ObjectName, Address]:
    """Return where the objects are now. Of constraints, which no snapshot lists, the catalog is asked.

    Raises:
        NotRestoredError: one of them is missing.
    """
    found = {name: live[name].address for name in expected if name in live}
    constraints = [name for name in expected if name.kind is Kind.CONSTRAINT]
    if constraints:
        (rows,) = run_queries(conn, ("constraints", ()), back=path)
        names = {object_name(r[2], r[3], r[4], None, (r[5], r[6], r[7])): Address(r[0], r[1]) for r in rows}
        found |= {name: names[name] for name in constraints if name in names}
    unlisted = (Kind.COLUMN_DEFAULT, Kind.OTHER)
    # what was read again at run time may have another name by now
    listed = (n for n, one in expected.items() if n.kind not in unlisted and one.step.runtime is None)
    missing = next((name for name in listed if name not in found), None)
    if missing is not None:
        raise NotRestoredError(f"{missing} was recreated, but it does not exist now.", object=str(missing))
    return found


def _differences(
    conn: psycopg.Connection[Any], expected: Mapping[ObjectName, _Expected], addresses: Mapping[ObjectName, Address]
) -> dict[ObjectName, _Difference]:
    is_absolute = {name: any(p.aspect is Aspect.RESET for p in expected[name].properties) for name in addresses}
    read: dict[Address, tuple[ObjectProperty, ...]] = {}
    for absolute in set(is_absolute.values()):
        asked = [address for name, address in addresses.items() if is_absolute[name] is absolute]
        read |= read_properties(conn, asked, absolute=absolute)
    wrong: dict[ObjectName, _Difference] = {}
    for name, address in addresses.items():
        wanted = expected[name]
        managed = wanted.step.managed
        ignored = wanted.ignored | {Aspect.RESET}
        before = {_key(p, managed=managed): p for p in wanted.properties if p.aspect not in ignored}
        after = {_key(p, managed=managed): p for p in read.get(address, ()) if p.aspect not in ignored}
        # a migration may have detached a partition: then nothing of the object is on it any more
        partitions = {p.partition for p in after.values()}
        lost = [p for key, p in before.items() if key not in after and (not p.partition or p.partition in partitions)]
        gained = [p for key, p in after.items() if key not in before and p.aspect not in wanted.may_gain]
        if lost or gained:
            wrong[name] = _Difference(lost, gained)
    return wrong


def _key(one: ObjectProperty, *, managed: bool) -> tuple[str | None, ...]:
    """Return what is compared: an index of a partition follows the new definition of its partitioned table's."""
    if managed and one.aspect is Aspect.PARTITION:
        return one.aspect, one.subject
    return one.aspect, one.role, one.statement


def _correction(difference: _Difference) -> list[str]:
    """Return what sets an object right: its owner alone at first, for privileges depend on it.

    Nothing where some part of it cannot be set right.
    """
    owners = [one for one in difference.gained if one.aspect is Aspect.OWNER]
    lost = [one for one in difference.lost if one.aspect is Aspect.OWNER]
    if lost or owners:
        return [s for one in lost or owners for s in (one.statements if lost else one.undo_statements)]
    created = (Aspect.PARTITION, Aspect.ATTACH)
    if any(one.undo is None for one in difference.gained) or any(one.aspect in created for one in difference.lost):
        return []
    return [
        *(s for one in reversed(difference.gained) for s in one.undo_statements),  # what others granted on goes first
        *(s for one in difference.lost for s in one.statements),
    ]


def _not_restored(
    wrong: Mapping[ObjectName, _Difference], expected: Mapping[ObjectName, _Expected]
) -> NotRestoredError:
    name, difference = next(iter(wrong.items()))
    said = []
    if difference.lost:
        said.append(f"lost {'; '.join(one.statement for one in difference.lost)}")
    if difference.gained:
        said.append(f"gained {'; '.join(one.statement for one in difference.gained)}")
    return NotRestoredError(
        f"{name} was recreated and has not what it had before: it {', and '.join(said)}",
        hint="Nothing has been changed. An event trigger may have changed it when it was created: disable that trigger"
        " (ALTER EVENT TRIGGER … DISABLE) while you apply. If there is none, please report this with the plan.",
        where=expected[name].step.location,
        object=str(name),
    )
