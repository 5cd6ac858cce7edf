"""The objects of the code folder by identity, and which of them use which."""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property
from typing import TYPE_CHECKING

from pgmg.model.naming.names import PROPERTY_KINDS
from pgmg.planning.resolve.declared import Use

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pgmg.model.naming.names import ObjectName
    from pgmg.planning.replay.schema_state import ObjectId
    from pgmg.planning.replay.timeline import Timeline
    from pgmg.planning.resolve.declared import Declared


class DeclaredObjects:
    """Declared objects as they are named after the last migration."""

    def __init__(self, declared: Mapping[ObjectName, Declared], timeline: Timeline) -> None:
        self.declared = declared
        self._timeline = timeline
        self._ids: dict[ObjectName, ObjectId] = {}

    def __contains__(self, name: object) -> bool:
        return name in self.declared

    def __getitem__(self, name: ObjectName) -> Declared:
        return self.declared[name]

    def id_of(self, name: ObjectName) -> ObjectId:
        """Return the object that has a name in the end, or is to have it."""
        known = self._ids.get(name)
        if known is None:
            known = self._ids[name] = self._timeline.declared_object(name)
        return known

    def name_of(self, id_: ObjectId) -> ObjectName | None:
        """Return the name under which an object is declared, or None."""
        name = self._timeline.final.name_of(id_)
        return name if name in self.declared and self.id_of(name) == id_ else None

    def of(self, id_: ObjectId) -> Declared | None:
        """Return the declaration of an object, or None."""
        name = self.name_of(id_)
        return None if name is None else self.declared[name]

    def uses(self, name: ObjectName) -> tuple[Use, ...]:
        """Return what the source of an object uses."""
        known = self.declared.get(name)
        return () if known is None else known.uses

    @cached_property
    def users(self) -> Mapping[ObjectName, list[tuple[ObjectName, Use]]]:
        """The declared objects whose source uses a name; those about another object (comments, grants) apart."""
        found: dict[ObjectName, list[tuple[ObjectName, Use]]] = defaultdict(list)
        for name, declared in self.declared.items():
            if name.kind in PROPERTY_KINDS:
                continue
            for use in declared.uses:
                found[use.object].append((name, use))
            if name.parent is not None:
                found[name.parent].append((name, Use(name.parent, hard=True)))
        return found

    def users_of(self, id_: ObjectId) -> list[tuple[ObjectName, Use]]:
        """Return the declared objects whose source uses an object, under the name that it has in the end."""
        return self.users.get(self._timeline.final.name_of(id_), [])

    def reads_rows_of(self, name: ObjectName, id_: ObjectId) -> bool:
        """Say whether the source of an object reads another one by `*` or as whole rows."""
        return any(use.star and self.id_of(use.object) == id_ for use in self.uses(name))
