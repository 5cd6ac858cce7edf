"""Finds objects by the schema and name that a reference spells."""

from __future__ import annotations

from collections import defaultdict

from pgmg.model.naming.names import RELATIONS, ROUTINES, TYPES, Kind, ObjectName
from pgmg.model.naming.type_identity import MAX_NAME, array_name

WITHOUT_SCHEMA = frozenset(
    {
        Kind.CAST,
        Kind.EVENT_TRIGGER,
        Kind.SCHEMA,
        Kind.EXTENSION,
        Kind.LANGUAGE,
        Kind.ROLE,
        Kind.DATABASE,
        Kind.PUBLICATION,
    }
    | {Kind.DEFAULT_PRIVILEGES, Kind.OTHER}
)
"""Kinds of which each database has one name space for all schemas."""

WITHOUT_ROW_TYPE = frozenset({Kind.INDEX, Kind.SEQUENCE})
"""Relations whose name is not that of a type."""

Key = tuple[str, str]
"""Schema and name."""


class NameSpace:
    """Objects by the names that references use. Names that are missing here are looked up in `base`.

    `base` holds what the database has: it is the same for every plan of one snapshot.
    """

    def __init__(self, base: NameSpace | None = None) -> None:
        self._base = base
        self._relations: dict[Key, ObjectName] = {}
        self._types: dict[Key, ObjectName] = {}
        self._elements: dict[Key, ObjectName] = {}
        """Types whose arrays have a shorter name than an underscore and their own, by that name."""
        self._routines: dict[Key, dict[ObjectName, None]] = defaultdict(dict)
        self._others: dict[tuple[Kind, str, str], dict[ObjectName, None]] = defaultdict(dict)

    def add(self, name: ObjectName) -> None:
        """Make a name findable; the first one added under a key wins."""
        key = (name.schema or "", name.name)
        if (name.kind in RELATIONS or name.kind in TYPES) and len(name.name) >= MAX_NAME // 4:
            called = array_name(name.name)
            if called != f"_{name.name}":
                self._elements.setdefault((key[0], called), name)
        if name.kind in RELATIONS:
            self._relations.setdefault(key, name)
        elif name.kind in TYPES:
            self._types.setdefault(key, name)
        elif name.kind in ROUTINES:
            self._routines[key][name] = None
        elif name.kind not in WITHOUT_SCHEMA:
            self._others[name.kind, *key][name] = None

    def add_missing(self, name: ObjectName) -> None:
        """Make a name findable unless a relation or type of `base` has it."""
        key = (name.schema or "", name.name)
        taken = self.relation(key) if name.kind in RELATIONS else self.type(key) if name.kind in TYPES else None
        if taken is None:
            self.add(name)

    def relation(self, key: Key) -> ObjectName | None:
        """Return the relation of a schema and name."""
        return self._relations.get(key) or (None if self._base is None else self._base.relation(key))

    def type(self, key: Key) -> ObjectName | None:
        """Return the type of a schema and name, or the relation whose row type it is."""
        own = self._types.get(key)
        if own is None and self._base is not None:
            own = self._base._types.get(key)  # noqa: SLF001 - another of the same class
        if own is not None:
            return own
        relation = self.relation(key)
        return None if relation is not None and relation.kind in WITHOUT_ROW_TYPE else relation

    def element(self, key: Key) -> ObjectName | None:
        """Return the type whose arrays are called by a schema and name that leaves out the end of the type's own."""
        return self._elements.get(key) or (None if self._base is None else self._base.element(key))

    def routines(self, key: Key) -> list[ObjectName]:
        """Return every overload of a schema and name: those of the database first."""
        known = () if self._base is None else self._base.routines(key)
        return list(dict.fromkeys((*known, *self._routines.get(key, ()))))

    def others(self, kind: Kind, key: Key) -> list[ObjectName]:
        """Return objects of another kind, such as operators, of a schema and name."""
        known = () if self._base is None else self._base.others(kind, key)
        return list(dict.fromkeys((*known, *self._others.get((kind, *key), ()))))
