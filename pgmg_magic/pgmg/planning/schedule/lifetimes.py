"""The outcome of scheduling: what happens in each slot between pending statements, and why."""

from __future__ import annotations

from dataclasses import field
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from pgmg.model.lazy_dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pgmg.model.naming.names import ObjectName
    from pgmg.planning.replay.schema_state import ObjectId


class Form(StrEnum):
    """From which definition an object is created."""

    SOURCE = "source"  # as the code folder declares it
    CATALOG = "catalog"  # as the database had it


class SlotKey(NamedTuple):
    """Where a slot is: right before statement `point`, or after the last one.

    Where a transaction ends between two statements there are two slots: 0 before the commit, 1 after it.
    """

    point: int
    after_commit: int = 1


@dataclass(frozen=True, slots=True)
class Creation:
    """An object is created, from its source or as it was."""

    form: Form
    reason: str


@dataclass(slots=True)
class Slot:
    """The drops, creations and changes between two statements, in the order in which they were decided.

    `drops` are dropped by name, `creations` created, `changes` are declared objects changed by their strategy,
    `replaced` declared views that are replaced from their source. `noticed_by` are those of them that are here only
    because a statement (its number) may notice them. `released` holds pairs (dependent, on): the dependent lets go of
    the other one by its own change, which therefore comes before the other is dropped. `unchecked` are routines that a
    statement needs before what their bodies name exists, with that: they are created without a look at their bodies.
    """

    drops: dict[ObjectId, str] = field(default_factory=dict)
    creations: dict[ObjectId, Creation] = field(default_factory=dict)
    changes: dict[ObjectName, str] = field(default_factory=dict)
    replaced: dict[ObjectName, str] = field(default_factory=dict)
    noticed_by: dict[ObjectName, int] = field(default_factory=dict)
    released: set[tuple[ObjectId, ObjectId]] = field(default_factory=set)
    unchecked: dict[ObjectName, ObjectName] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Nothing happens here."""
        return not (self.drops or self.creations or self.changes or self.replaced)


class Because(NamedTuple):
    """Why an object is affected by a migration: in words, and the objects that are the cause."""

    reason: str
    objects: tuple[ObjectName, ...] = ()


@dataclass
class Lifetimes:
    """When each object is dropped, created and changed.

    `block_starts` are statements that a BEGIN of their migration joins, by number, with that BEGIN: what happens
    between them happens before it.

    `affected` are the objects that each pending migration disturbs. `dropped_along` are dropped with what they are a
    part of instead of by name. `predecessors` are managed objects whose properties others take over. `checked` are
    routines whose bodies are checked against what has another shape, by slot, with that. `default_privileges`
    are changed before what they are for. `owed` are objects that are absent at a commit, by the slot before it.
    `missed` are objects that are absent while a statement runs which may be about them, by its number.
    """

    slots: dict[SlotKey, Slot] = field(default_factory=dict)
    block_starts: Mapping[int, int] = field(default_factory=dict)
    affected: list[dict[ObjectId, Because]] = field(default_factory=list)
    dropped_along: set[ObjectId] = field(default_factory=set)
    checked: dict[SlotKey, dict[ObjectName, ObjectName]] = field(default_factory=dict)
    predecessors: dict[ObjectId, ObjectId] = field(default_factory=dict)
    default_privileges: dict[SlotKey, list[ObjectName]] = field(default_factory=dict)
    owed: dict[SlotKey, tuple[ObjectId, ...]] = field(default_factory=dict)
    missed: dict[int, tuple[ObjectId, ...]] = field(default_factory=dict)

    def slot(self, key: SlotKey) -> Slot:
        """Return the slot at a place, empty at first."""
        start = self.block_starts.get(key.point, key.point)
        return self.slots.setdefault(key if start == key.point else SlotKey(start), Slot())

    @cached_property
    def drop_keys(self) -> dict[ObjectId, list[SlotKey]]:
        """The slots in which each object is dropped by name, in order; to be asked when all is decided."""
        found: dict[ObjectId, list[SlotKey]] = {}
        for key in sorted(self.slots):
            for id_ in self.slots[key].drops:
                found.setdefault(id_, []).append(key)
        return found

    @cached_property
    def first_creation(self) -> dict[ObjectId, SlotKey]:
        """The first slot in which each object is created; to be asked when all is decided."""
        found: dict[ObjectId, SlotKey] = {}
        for key in sorted(self.slots):
            for id_ in self.slots[key].creations:
                found.setdefault(id_, key)
        return found

    @cached_property
    def changed_names(self) -> frozenset[ObjectName]:
        """Declared objects that are changed or replaced in place; to be asked when all is decided."""
        return frozenset(name for slot in self.slots.values() for name in (*slot.changes, *slot.replaced))
