"""Writes stale views, routines and new types as temporary objects that refer to each other (dependencies first)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pgmg.model.naming.names import RELATIONS, ROUTINES, TYPES, Kind, ObjectName
from pgmg.model.results.row_questions import Access, TemporaryObject
from pgmg.model.sources.facts import RoutineFacts, ViewFacts
from pgmg.model.sources.source import RefKind
from pgmg.source.columns.renaming import NewName, RenamingError
from pgmg.source.columns.temporary_copies import temporary
from pgmg.source.grammar.parser import GrammarError
from pgmg.source.grammar.recursion import TooDeepError

if TYPE_CHECKING:
    from pgmg.model.sources.source import Parts
    from pgmg.planning.lineage.pending_objects import PendingObjects
    from pgmg.planning.resolve.resolver import Resolver

_VIEWS = frozenset({Kind.VIEW, Kind.MATERIALIZED_VIEW})
_POSSIBLE = _VIEWS | ROUTINES | TYPES
_SCHEMA = "pg_temp"


@dataclass(frozen=True, slots=True)
class WrittenObject:
    """The requirements of a query for the rows of one view, or the reason why there can be none."""

    objects: tuple[TemporaryObject, ...] = ()
    obstacle: str | None = None


class TemporaryObjects:
    """Writes each object once; all questions about one plan share them."""

    def __init__(self, pending: PendingObjects, resolver: Resolver) -> None:
        self._pending = pending
        self._resolver = resolver
        self._names: dict[ObjectName, str] = {}
        self._written: dict[ObjectName, TemporaryObject | str] = {}

    def name(self, name: ObjectName) -> str:
        """Return what an object is called in `pg_temp`.

        Relations have names that nothing else bears: the bodies of functions that exist find temporary relations first.
        A routine gives its name to columns, and a type may; a routine in `pg_temp` is found only by its full name.
        """
        if name.kind not in _VIEWS:
            return name.name
        return self._names.setdefault(name, f"pgmg_pending_{len(self._names) + 1}")

    def needed(self, root: ObjectName) -> WrittenObject:
        """Return the root and everything that it must find in `pg_temp`, in the order of creation."""
        ordered: dict[ObjectName, None] = {}
        entered: set[ObjectName] = set()
        waiting = [root]
        while waiting:
            name = waiting[-1]
            below = [] if name in entered else [n for n in self._below(name) if n not in entered]
            entered.add(name)
            if below:
                waiting += reversed(below)
            else:
                ordered.setdefault(waiting.pop(), None)
        found = []
        for name in ordered:
            one = self._write(name)
            if isinstance(one, str):
                return WrittenObject(obstacle=one)
            found.append(one)
        return WrittenObject(tuple(found))

    def _below(self, name: ObjectName) -> list[ObjectName]:
        """Return what an object uses that must be temporary too: with a routine, all overloads of its name."""
        found: dict[ObjectName, None] = {}
        for use in self._pending.uses(name):
            if use.object != name and self._is_temporary(use.object):
                found[use.object] = None
                if use.object.kind in ROUTINES:
                    found |= dict.fromkeys(n for n in self._overloads(use.object) if n != name)
        return list(found)

    def _overloads(self, name: ObjectName) -> list[ObjectName]:
        return self._resolver.routines((name.schema or "", name.name))

    def _is_temporary(self, name: ObjectName) -> bool:
        """Tell whether an object is read from `pg_temp`."""
        if name.kind in ROUTINES:
            return any(self._pending.is_stale(other) for other in self._overloads(name))
        return name.kind in _POSSIBLE and self._pending.is_stale(name)

    # -- one object -------------------------------------------------------------------------------------

    def _write(self, name: ObjectName) -> TemporaryObject | str:
        """Return an object as a temporary one, or why it cannot be one."""
        if name not in self._written:
            self._written[name] = self._new(name)
        return self._written[name]

    def _new(self, name: ObjectName) -> TemporaryObject | str:
        source = self._pending.source(name)
        if source is None:
            return f"{name} is not declared, and its definition cannot be read"
        if name.kind in TYPES and not self._pending.is_new(name):
            return f"{name} changes, and columns of tables and views keep the present one until then"
        try:
            statement = temporary(source, self.name(name), lambda kind, parts: self._new_name(name, kind, parts))
        except (RenamingError, GrammarError, TooDeepError) as error:
            return f"{name}: {error}"
        return TemporaryObject(
            name,
            self.name(name),
            statement,
            () if self._pending.is_from_catalog(name) else source.settings,
            self._owner(name),
            tuple(self.access(name)),
        )

    def _owner(self, name: ObjectName) -> str | None:
        """Return the role whose rights count: of a view, and of a routine that runs with its owner's."""
        source = self._pending.source(name)
        facts = source.facts if source is not None else None
        if isinstance(facts, ViewFacts):
            return None if self._pending.reads_as_invoker(name) else self._pending.owner(name)
        if isinstance(facts, RoutineFacts) and facts.security_definer:
            return self._pending.owner(name)
        return None

    def access(self, name: ObjectName) -> list[Access]:
        """Return the relations that a view reads itself and with its owner's rights, and that are no temporary ones."""
        owner = self._owner(name)
        if owner is None or name.kind not in _VIEWS:
            return []
        read = [use.object for use in self._pending.uses(name) if use.object.kind in RELATIONS]
        return [Access(owner, (n.schema or "", n.name)) for n in read if not self._pending.is_stale(n)]

    def _new_name(self, name: ObjectName, kind: RefKind, parts: Parts) -> NewName | None:
        if kind not in (RefKind.RELATION, RefKind.ROUTINE, RefKind.TYPE):
            return None
        meant = self._pending.meanings(name, kind, parts)
        temporary_ = [other for other in meant if self._is_temporary(other)]
        if not temporary_:
            return None
        if len(temporary_) < len(meant):
            others = ", ".join(sorted(str(other) for other in meant if other not in temporary_))
            raise RenamingError(f"{'.'.join(parts)} may also mean {others}")
        return NewName((_SCHEMA, self.name(temporary_[0])), alias=kind is RefKind.RELATION)
