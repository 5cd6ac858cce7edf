"""All schema states of one plan: the catalog, and what each pending statement changes (see `schema_state`)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pgmg.model.naming.name_space import Key, NameSpace
from pgmg.model.naming.names import RELATIONS, ROUTINES, TYPES, Kind, ObjectName, name_space
from pgmg.model.naming.type_identity import NO_TYPE, PUBLIC, TypeIdentity, type_of
from pgmg.planning.replay.changing_values import ChangingValues
from pgmg.planning.replay.column_history import ColumnHistory
from pgmg.planning.replay.schema_state import ObjectId, SchemaState

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from pgmg.model.database.snapshot import Place, Snapshot

_Overload = tuple[tuple[str, ...] | None, str | None]
"""The parts of a name that differ between objects of the same name: the types of arguments, and the detail."""
_FEW = 8
"""So many objects of one name are looked through faster than a table of them is made."""


class SchemaHistory:
    """All states of one plan. The catalog is the first; `create`, `drop` and the like add what statements change.

    `declared` are the names of the code folder: references find them where nothing else has the name.
    """

    def __init__(self, snapshot: Snapshot, declared: Collection[ObjectName]) -> None:
        self._snapshot = snapshot
        self._declared_names = declared
        self.columns = ColumnHistory()
        self.declared = NameSpace()
        for name in declared:
            if name.parent is None:
                self.declared.add(name)
        self._places: ChangingValues[Place, tuple[ObjectId, ...]] = ChangingValues()
        self._names: ChangingValues[ObjectId, ObjectName] = ChangingValues()
        self._schemas: ChangingValues[str, bool] = ChangingValues()
        self._parents: dict[ObjectId, ObjectId] = {}
        self._born: dict[ObjectId, int] = {}
        self._gone: dict[ObjectId, int] = {}
        self._of_declared: dict[ObjectName, ObjectId] = {}
        self._schema_ids: dict[str, ObjectId] = {}
        self._overloads: dict[Place, dict[_Overload, ObjectId]] = {}
        self._count = 0
        for name, owed in snapshot.owed.items():
            self._names.set(owed.address, 0, name)
            if name.parent is None or name.parent in snapshot.objects:
                self._enter(owed.address, name, 0)

    def at(self, point: int) -> SchemaState:
        """Return the state at a point."""
        return SchemaState(self, point)

    # -- looking up -------------------------------------------------------------------------------------

    def identify(self, name: ObjectName) -> ObjectId:
        """Return the identity that a declared object has which does not exist yet."""
        known = self._of_declared.get(name)
        if known is None:
            known = self._of_declared[name] = self._new()
            self._names.set(known, 0, name)
        return known

    def is_declared(self, name: ObjectName) -> bool:
        """Say whether the code folder declares an object of this name."""
        return name in self._declared_names

    def declared_as(self, name: ObjectName) -> ObjectName | None:
        """Return the declared object that is found under the name of another one, of whatever kind."""
        key = (name.schema or "", name.name)
        if name.kind in RELATIONS:
            return self.declared.relation(key)
        if name.kind in TYPES:
            return self.declared.type(key)
        pool = self.declared.routines(key) if name.kind in ROUTINES else self.declared.others(name.kind, key)
        return next((other for other in pool if other.arguments == name.arguments), None)

    def _new(self) -> ObjectId:
        self._count += 1
        return ObjectId(0, self._count)

    def is_created(self, id_: ObjectId) -> bool:
        """Say whether a pending migration creates an object."""
        return id_ in self._born

    def created_by(self, id_: ObjectId) -> int | None:
        """Return the statement that creates an object, or None where it is in the catalog, or only declared."""
        return self._born.get(id_)

    def names_until(self, id_: ObjectId, point: int) -> frozenset[ObjectName]:
        """Return the names that an object had up to a point, the one that it has there included."""
        changes = (change for change in self._names.points(id_) if change < point)
        return frozenset(self.name_of(id_, at) for at in (*changes, point))

    def parent_of(self, id_: ObjectId) -> ObjectId | None:
        """Return what an object that a migration creates is a part of, or None."""
        return self._parents.get(id_)

    def holder(self, name: ObjectName, point: int) -> ObjectId | None:
        """Return the object that has a name at a point."""
        if name.kind is Kind.SCHEMA:
            return self._schema(name, point)
        place = self._place(name, point)
        if place is None:
            return None
        members = self._members(place, point)
        if len(members) > _FEW and name.parent is None and place not in self._places:
            return self._overloads_at(place).get((name.arguments, name.detail))
        for id_ in members:
            own = self.name_of(id_, point)
            if (own.arguments, own.detail) == (name.arguments, name.detail):
                return id_
        return None

    def _overloads_at(self, place: Place) -> dict[_Overload, ObjectId]:
        """Return what the catalog has at a place that no statement changes: a name may have thousands of overloads."""
        known = self._overloads.get(place)
        if known is None:
            names = ((id_, self.name_of(id_, 0)) for id_ in reversed(self._in_catalog(place)))
            known = self._overloads[place] = {(name.arguments, name.detail): id_ for id_, name in names}
        return known

    def _schema(self, name: ObjectName, point: int) -> ObjectId | None:
        """Return the identity of a schema. Snapshots list schemas by name alone."""
        if not self.has_schema(name.name, point):
            return None
        known = self._schema_ids.get(name.name)
        if known is None:
            known = self._schema_ids[name.name] = self._new()
            self._names.set(known, 0, name)
            if name in self._snapshot.others:
                self._born[known] = -1
        return known

    def _place(self, name: ObjectName, point: int) -> Place | None:
        space = name_space(name.kind)
        if name.parent is None:
            return space, name.schema, name.name
        parent = self.holder(name.parent, point)
        return None if parent is None else (space, parent, name.name)

    def _members(self, place: Place, point: int) -> tuple[ObjectId, ...]:
        if place not in self._places:
            return self._in_catalog(place)
        return self._places.get(place, point, self._in_catalog(place))

    def _in_catalog(self, place: Place) -> tuple[ObjectId, ...]:
        return self._snapshot.by_place.get(place, ())

    def named(self, space: Kind, key: Key, point: int) -> list[ObjectName]:
        """Return the names of what is found under a schema and name."""
        return [self.name_of(id_, point) for id_ in self._members((space, key[0], key[1]), point)]

    def name_of(self, id_: ObjectId, point: int) -> ObjectName:
        """Return the name of an object at a point."""
        live = self._snapshot.by_address.get(id_)
        own = self._names.get(id_, point, live.name if live is not None else _NOTHING)
        if live is None and id_ not in self._born:
            return own  # declared, and not created yet
        parent = self._parent(id_, own)
        if parent is None or own.parent is None:
            return own
        name = self.name_of(parent, point)
        return own if name == own.parent else replace(own, parent=name)

    def _parent(self, id_: ObjectId, own: ObjectName) -> ObjectId | None:
        if own.parent is None:
            return None
        known = self._parents.get(id_)
        if known is None:
            live = self._snapshot.objects.get(own.parent)
            known = live.address if live is not None else None
            if known is not None:
                self._parents[id_] = known
        return known

    def exists(self, id_: ObjectId, point: int) -> bool:
        """Say whether an object exists at a point."""
        live = self._snapshot.by_address.get(id_)
        if self._gone.get(id_, point) < point or (live is None and self._born.get(id_, point) >= point and id_[0] == 0):
            return False
        own = live.name if live is not None else self._names.get(id_, point, _NOTHING)
        parent = self._parent(id_, own)
        return parent is None or self.exists(parent, point)

    def has_schema(self, schema: str, point: int) -> bool:
        """Say whether a schema exists at a point."""
        is_known = ObjectName(Kind.SCHEMA, schema) in self._snapshot.others or schema == "pg_catalog"
        return self._schemas.get(schema, point, is_known)

    # -- changing ---------------------------------------------------------------------------------------

    def create(self, name: ObjectName, statement: int, *, keeps_existing: bool) -> ObjectId:
        """Let a statement create an object. One of its name stays (IF NOT EXISTS), or has been dropped."""
        known = self.holder(name, statement)
        if known is not None and keeps_existing:
            return known
        if name.kind is Kind.SCHEMA:
            self._schemas.set(name.name, statement + 1, value=True)
            self._schema_ids.pop(name.name, None)
            id_ = self.holder(name, statement + 1)
            assert id_ is not None
            self._born[id_] = statement
            return id_
        if known is not None:
            self.drop(known, statement)
        id_ = self._of_declared.get(name)
        if id_ is None or id_ in self._born:
            id_ = self._new()
        self._born[id_] = statement
        self._names.set(id_, 0, name)
        if name.parent is not None:
            parent = self.holder(name.parent, statement)
            if parent is None:
                return id_
            self._parents[id_] = parent
        self._enter(id_, name, statement + 1)
        return id_

    def discover(self, name: ObjectName, statement: int) -> ObjectId:
        """Note an object that a statement renames or moves; a statement that cannot be read gave it its name."""
        id_ = self._new()
        self._born[id_] = -1
        self._names.set(id_, 0, name)
        self._enter(id_, name, statement)
        return id_

    def drop(self, id_: ObjectId, statement: int) -> None:
        """Let a statement drop an object, with all that is a part of it."""
        name = self.name_of(id_, statement)
        if name.kind is Kind.SCHEMA:
            self._schemas.set(name.name, statement + 1, value=False)
            self._schema_ids.pop(name.name, None)
            self._gone.setdefault(id_, statement)
            return
        self._gone.setdefault(id_, statement)
        self._leave(id_, name, statement + 1)

    def rename(self, id_: ObjectId, name: ObjectName, statement: int) -> None:
        """Let a statement give an object another name or schema."""
        before = self.name_of(id_, statement)
        self._leave(id_, before, statement + 1)
        self._names.set(id_, statement + 1, name)
        self._enter(id_, name, statement + 1)
        if name.kind in RELATIONS or name.kind in TYPES:
            self._follow_type(before, name, statement)

    def rename_schema(self, old: str, new: str, statement: int) -> list[tuple[ObjectId, ObjectName]]:
        """Let a statement rename a schema; return what moves along, with the new names."""
        self._schemas.set(old, statement + 1, value=False)
        self._schemas.set(new, statement + 1, value=True)
        own = self._schema_ids.pop(old, None)
        if own is not None:
            self._schema_ids[new] = own
            self._names.set(own, statement + 1, ObjectName(Kind.SCHEMA, new))
        moved = []
        for id_, name in list(self.in_schema(old, statement)):
            arguments = None if name.arguments is None else tuple(_respelled(a, old, new) for a in name.arguments)
            after = replace(name, schema=new, arguments=arguments)
            self._leave(id_, name, statement + 1)
            self._names.set(id_, statement + 1, after)
            self._enter(id_, after, statement + 1)
            moved.append((id_, after))
        return moved

    def in_schema(self, schema: str, point: int) -> Iterator[tuple[ObjectId, ObjectName]]:
        """Yield what lives in a schema at a point, in the order of the names."""
        ids = [*(live.address for live in self._snapshot.objects.values()), *self._born]
        named = ((self.name_of(id_, point), id_) for id_ in ids if self.exists(id_, point))
        found = [(name, id_) for name, id_ in named if name.schema == schema and name.parent is None]
        for name, id_ in sorted(found, key=lambda pair: str(pair[0])):
            yield id_, name

    def members_of(self, extension: str, point: int) -> list[tuple[ObjectId, ObjectName]]:
        """Return the objects of an extension."""
        members = (live for live in self._snapshot.objects.values() if live.extension == extension)
        return [(m.address, self.name_of(m.address, point)) for m in members if self.exists(m.address, point)]

    def _follow_type(self, before: ObjectName, after: ObjectName, statement: int) -> None:
        """Give routines the new name of an argument's type."""
        old, new = _type_named(before), _type_named(after)
        for id_, name in self._routines_with(old, statement):
            arguments = tuple(_with_type(a, old, new) for a in name.arguments or ())
            self._leave(id_, name, statement + 1)
            self._names.set(id_, statement + 1, replace(name, arguments=arguments))
            self._enter(id_, replace(name, arguments=arguments), statement + 1)

    def _routines_with(self, type_: TypeIdentity, point: int) -> list[tuple[ObjectId, ObjectName]]:
        live = [k.address for n, k in self._snapshot.objects.items() if n.kind in ROUTINES and n.arguments]
        ids = [*live, *(id_ for id_ in self._born if self.name_of(id_, point).kind in ROUTINES)]
        named = [(id_, self.name_of(id_, point)) for id_ in ids if self.exists(id_, point)]
        return [(id_, name) for id_, name in named if any(_is_type(a, type_) for a in name.arguments or ())]

    def _enter(self, id_: ObjectId, name: ObjectName, point: int) -> None:
        place = self._own_place(id_, name)
        members = self._members(place, point)
        if id_ not in members:
            self._places.set(place, point, (*members, id_))

    def _leave(self, id_: ObjectId, name: ObjectName, point: int) -> None:
        place = self._own_place(id_, name)
        self._places.set(place, point, tuple(other for other in self._members(place, point) if other != id_))

    def _own_place(self, id_: ObjectId, name: ObjectName) -> Place:
        space = name_space(name.kind)
        return space, name.schema if name.parent is None else self._parent(id_, name), name.name


def _type_named(name: ObjectName) -> TypeIdentity:
    return TypeIdentity(name.schema or PUBLIC, name.name)


def _respelled(type_: str, old: str, new: str) -> str:
    """Return how a type is spelled once its schema has another name."""
    if type_ == NO_TYPE or (moved := type_of(type_)).schema != old:
        return type_
    return str(replace(moved, schema=new))


def _is_type(spelled: str, type_: TypeIdentity) -> bool:
    return spelled != NO_TYPE and type_of(spelled).element == type_


def _with_type(spelled: str, old: TypeIdentity, new: TypeIdentity) -> str:
    """Return how an argument is spelled once a type has another name."""
    if not _is_type(spelled, old):
        return spelled
    return str(replace(new, array=type_of(spelled).array))


_NOTHING = ObjectName(Kind.OTHER)
