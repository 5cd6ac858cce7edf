"""The objects that the setting `ignore` covers: those in a database, and those of which only a record is left."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from pgmg.model.lazy_dataclass import dataclass
from pgmg.model.naming.names import PROPERTY_KINDS, Kind, ObjectName, kind_of
from pgmg.model.naming.quoting import spelled_parts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pgmg.model.database.snapshot import Address, LiveObject
    from pgmg.model.naming.name_patterns import NamePatterns


@dataclass(frozen=True)
class IgnoredObjects:
    """The answers of `patterns` about the `live` objects of a snapshot, with owners and parents looked up."""

    patterns: NamePatterns
    live: Mapping[ObjectName, LiveObject]

    def __bool__(self) -> bool:
        """Whether anything is configured."""
        return bool(self.patterns.patterns)

    def covers(self, name: ObjectName) -> bool:
        """Say whether an object is ignored, by its name, its owner, or as a part or property of an ignored one."""
        about: ObjectName | None = name
        owner = ""
        while about is not None and not owner:
            owner = self.live[about].owner if about in self.live else ""
            about = about.parent
        return self.patterns.match(name, owner)

    def covers_schema(self, schema: str, owner: str) -> bool:
        """Say whether a schema is ignored, by its own name or as the home of whatever is in it."""
        inside = ObjectName(Kind.OTHER, schema=schema)  # `app.*` matches its spelling `app.`
        return self.patterns.match(ObjectName(Kind.SCHEMA, schema), owner) or self.patterns.match(inside)

    def covers_record(self, key: str, schema: str | None = None) -> bool:
        """Say whether a record of `pgmg_state` is about an ignored object; `schema` is the one that it notes."""
        return bool(self) and self.covers(self._recorded(key, schema))

    @cached_property
    def addresses(self) -> frozenset[Address]:
        """The ignored objects of the database; those of extensions are not ours to ignore."""
        return frozenset(
            live.address for name, live in self.live.items() if live.extension is None and self.covers(name)
        )

    @cached_property
    def _by_key(self) -> Mapping[str, ObjectName]:
        return {str(name): name for name in self.live}

    def _recorded(self, key: str, schema: str | None) -> ObjectName:
        """Return a name with at least what patterns look at."""
        if key in self._by_key:
            return self._by_key[key]
        word, _, rest = key.partition(".")
        kind = kind_of(word) or Kind.OTHER
        if kind in PROPERTY_KINDS:
            about = rest.rpartition(" to ")[0] if kind is Kind.GRANT else rest
            return ObjectName(kind, parent=self._recorded(about, schema))
        name, _, on = rest.partition(" on ")
        parent = self._relation(on, schema) if on else None
        *home, last = spelled_parts(name.partition("(")[0]) or (name,)
        own = None if parent is not None else home[0] if home else schema or "public"
        return ObjectName(kind, last, own, parent=parent)

    def _relation(self, shown: str, schema: str | None) -> ObjectName:
        for kind in (Kind.TABLE, Kind.VIEW, Kind.MATERIALIZED_VIEW):
            if (known := self._by_key.get(f"{kind}.{shown}")) is not None:
                return known
        *home, last = spelled_parts(shown) or (shown,)
        return ObjectName(Kind.TABLE, last, home[0] if home else schema or "public")
