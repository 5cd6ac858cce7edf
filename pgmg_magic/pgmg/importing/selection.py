"""Chooses the objects to import: those of declarable kinds, without what extensions, tables and pgmg itself bring."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from pgmg.errors import UsageError
from pgmg.model.lazy_dataclass import dataclass
from pgmg.model.naming.name_patterns import NamePatterns
from pgmg.model.naming.names import DECLARED_KINDS, Kind, ObjectName, kind_of
from pgmg.model.results.import_report import LeftOut
from pgmg.planning.resolve.lookup import find_all

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from pgmg.catalog.reading.import_facts import Belongings
    from pgmg.model.database.snapshot import Address, LiveObject, Snapshot
    from pgmg.model.results.import_report import ImportOptions

_VIEWS = frozenset({Kind.VIEW, Kind.MATERIALIZED_VIEW})


@dataclass(frozen=True, slots=True)
class Selection:
    """The objects to import. `children` are listed by parent: each is written into the file of its view.

    `fixed` are chosen objects that a migration has to create, with the reason. `skipped` are declarable objects that
    were not chosen.
    """

    chosen: tuple[LiveObject, ...] = ()
    children: Mapping[ObjectName, tuple[LiveObject, ...]] = field(default_factory=dict)
    fixed: tuple[tuple[LiveObject, str], ...] = ()
    skipped: frozenset[Address] = frozenset()

    @property
    def objects(self) -> tuple[LiveObject, ...]:
        """Every object whose definition is needed."""
        return (*self.chosen, *(child for children in self.children.values() for child in children))

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        """Objects that no file can declare."""
        return tuple(LeftOut(str(live.name), reason) for live, reason in self.fixed)


def select(
    snapshot: Snapshot,
    belongings: Belongings,
    options: ImportOptions,
    ignored: NamePatterns,
    declared: Collection[ObjectName] = (),
) -> Selection:
    """Choose by the options; what is `ignored`, or `declared` already, is never chosen.

    What is on a declared view, and not declared itself, gets a file of its own.

    Raises:
        UsageError: an unknown kind.
        UnknownObjectError: a name that nothing in the database bears, and no file declares.
    """
    fixed = belongings.fixed
    live = importable(snapshot, belongings)
    wanted = _Wanted.of(options, (*live, *(name for name in declared if name not in live)))
    chosen, fixed_ones = [], []
    children: dict[ObjectName, list[LiveObject]] = {}
    skipped = set()
    for name in sorted(live, key=str):
        obj = live[name]
        parent = _parent(obj, belongings, snapshot)
        is_on_view = parent is not None and parent in live
        is_child = is_on_view and parent not in declared
        about = parent if is_on_view and parent is not None else name
        is_wanted = wanted.takes(about, live[about].owner) or (not is_child and wanted.takes(name, obj.owner))
        if (name in declared) or ignored.match(name, obj.owner) or not is_wanted:
            skipped.add(obj.address)
        elif reason := fixed.get(obj.address):
            fixed_ones.append((obj, reason))
        elif is_child:
            children.setdefault(about, []).append(obj)
        else:
            chosen.append(obj)
    of_views = {name: tuple(objects) for name, objects in children.items()}
    return Selection(tuple(chosen), of_views, tuple(fixed_ones), frozenset(skipped))


def importable(snapshot: Snapshot, belongings: Belongings) -> dict[ObjectName, LiveObject]:
    """Return the objects that code files may declare, outside of extensions."""
    return {name: obj for name, obj in snapshot.objects.items() if _is_importable(obj, belongings.fixed)}


def _is_importable(obj: LiveObject, fixed: Mapping[Address, str]) -> bool:
    return obj.extension is None and obj.name.kind in DECLARED_KINDS and fixed.get(obj.address) != ""


def _parent(obj: LiveObject, belongings: Belongings, snapshot: Snapshot) -> ObjectName | None:
    """Return the view or materialized view that an object is on."""
    address = belongings.parents.get(obj.address)
    if address is not None and address in snapshot.by_address:
        return snapshot.by_address[address].name
    parent = obj.name.parent
    return parent if parent is not None and parent.kind in _VIEWS else None


@dataclass(frozen=True, slots=True)
class _Wanted:
    names: frozenset[ObjectName] | None
    schemas: frozenset[str]
    kinds: frozenset[Kind]
    include: NamePatterns
    exclude: NamePatterns

    @classmethod
    def of(cls, options: ImportOptions, known: Collection[ObjectName]) -> _Wanted:
        names = frozenset(find_all(options.names, known)) if options.names else None
        return cls(
            names,
            frozenset(options.schemas),
            frozenset(_kind(word) for word in options.kinds),
            NamePatterns(options.include),
            NamePatterns(options.exclude),
        )

    def takes(self, name: ObjectName, owner: str) -> bool:
        if self.names is not None and name not in self.names:
            return False
        home = name if name.parent is None else name.parent
        if self.schemas and home.schema not in self.schemas:
            return False
        if self.kinds and name.kind not in self.kinds:
            return False
        if self.include.patterns and not self.include.match(name, owner):
            return False
        return not self.exclude.match(name, owner)


def _kind(word: str) -> Kind:
    kind = kind_of(word.strip().replace("-", "_").replace(" ", "_"))
    if kind is None or kind not in DECLARED_KINDS:
        known = ", ".join(sorted(kind.value for kind in DECLARED_KINDS))
        raise UsageError(f"--kind {word}: no kind that code files declare", hint=f"known: {known}")
    return kind
