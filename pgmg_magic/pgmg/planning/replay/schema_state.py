"""The schema at each point between the pending statements: objects by identity, with their names at that point.

Points are numbered like statements: point `n` is right before statement `n`, the last point is after all of them.
A name may belong to several objects one after the other, and an object may have several names; its `ObjectId` stays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.model.database.snapshot import Address
from pgmg.model.lazy_dataclass import dataclass
from pgmg.model.naming.name_space import Key, NameSpace
from pgmg.model.naming.names import Kind, ObjectName, name_space

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pgmg.planning.replay.schema_history import SchemaHistory

ObjectId = Address
"""An object's identity: its catalog address, or (0, a number) where the catalog does not have it yet."""


@dataclass(frozen=True, slots=True)
class SchemaState:
    """The schema at one point. `holder` finds an object by its name, `name_of` the name of an object."""

    history: SchemaHistory
    point: int

    def holder(self, name: ObjectName) -> ObjectId | None:
        """Return the object that has a name, of whatever kind: a view and a table share their names."""
        return self.history.holder(name, self.point)

    def holder_of_kind(self, name: ObjectName) -> ObjectId | None:
        """Return the object that has a name if it is of the same kind."""
        found = self.holder(name)
        return found if found is not None and self.name_of(found).kind is name.kind else None

    def name_of(self, id_: ObjectId) -> ObjectName:
        """Return the name of an object; the last one it had where it does not exist any more."""
        return self.history.name_of(id_, self.point)

    def exists(self, id_: ObjectId) -> bool:
        """Say whether an object exists, as far as migrations decide: a plan may have dropped it meanwhile."""
        return self.history.exists(id_, self.point)

    def has_schema(self, schema: str | None) -> bool:
        """Say whether a schema exists. What lives in no schema needs none."""
        return schema is None or self.history.has_schema(schema, self.point)

    @property
    def names(self) -> NameSpace:
        """The names that references find at this point."""
        return _NamesAt(self)


class _NamesAt(NameSpace):
    """The names of one state; where nothing has a name, what is declared with it."""

    def __init__(self, state: SchemaState) -> None:
        super().__init__()
        self._state = state
        self._declared = state.history.declared

    def relation(self, key: Key) -> ObjectName | None:
        return self._first(Kind.TABLE, key) or self._declared.relation(key)

    def type(self, key: Key) -> ObjectName | None:
        own = self._first(Kind.TYPE, key) or self._first(Kind.TABLE, key)
        return own or self._declared.type(key)

    def routines(self, key: Key) -> list[ObjectName]:
        return self._all(Kind.FUNCTION, key, self._declared.routines(key))

    def others(self, kind: Kind, key: Key) -> list[ObjectName]:
        return self._all(kind, key, self._declared.others(kind, key))

    def _first(self, kind: Kind, key: Key) -> ObjectName | None:
        return next(iter(self._found(kind, key)), None)

    def _all(self, kind: Kind, key: Key, declared: Iterable[ObjectName]) -> list[ObjectName]:
        found = self._found(kind, key)
        return [*found, *(name for name in declared if name not in found)]

    def _found(self, kind: Kind, key: Key) -> list[ObjectName]:
        return self._state.history.named(name_space(kind), key, self._state.point)
