"""Tells which entries of a dump are somebody else's: what `ignore` names, with its parts and properties."""

from __future__ import annotations

from dataclasses import field
from types import MappingProxyType
from typing import TYPE_CHECKING

from pgmg.catalog.reading.catalog_queries import query
from pgmg.model.database.ignored_objects import IgnoredObjects
from pgmg.model.database.snapshot import Address
from pgmg.model.database.state_layout import ORIGINAL_SCHEMA
from pgmg.model.lazy_dataclass import dataclass
from pgmg.model.naming.name_patterns import NamePatterns
from pgmg.model.naming.names import Kind, ObjectName

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import psycopg

    from pgmg.catalog.reading.catalog_queries import Row
    from pgmg.catalog.servers.dump_archive import DumpEntry
    from pgmg.config import Settings
    from pgmg.model.database.snapshot import Snapshot

_ABOUT = ("COMMENT ", "ACL ", "SECURITY LABEL ", "SEQUENCE OWNED BY ", "ROW SECURITY ")
"""Entries without an address of their own, which belong to what they depend on."""
_BETWEEN = ("TABLE ATTACH ", "INDEX ATTACH ", "PUBLICATION TABLE ")
"""Entries that join two objects: there is nothing to join where one is somebody else's."""
_PG_CLASS = 1259
"""The OID of the catalog pg_class; fixed in PostgreSQL."""


@dataclass(frozen=True, slots=True)
class Foreign:
    """The ignored objects of a database by address.

    `parts` says of which object another one is a part, `references` to which table a foreign key refers.
    """

    addresses: frozenset[Address] = frozenset()
    names: Mapping[Address, str] = field(default_factory=lambda: MappingProxyType({}))
    parts: Mapping[Address, Address] = field(default_factory=lambda: MappingProxyType({}))
    references: Mapping[Address, Address] = field(default_factory=lambda: MappingProxyType({}))

    def __bool__(self) -> bool:
        """Whether anything is ignored."""
        return bool(self.addresses)


NOTHING_FOREIGN = Foreign()


@dataclass(frozen=True, slots=True)
class Division:
    """The entries of a dump that are the project's, in their order.

    `needs` are ignored objects that those refer to, each with one of the project's that does.
    """

    ours: tuple[DumpEntry, ...]
    needs: Mapping[str, str]


def ignored_patterns(settings: Settings, snapshot: Snapshot) -> NamePatterns:
    """Return what is not to be imported: what is configured, and the records of the original pgmg."""
    return NamePatterns((*settings.ignore, *((f"{ORIGINAL_SCHEMA}.*",) if snapshot.server.has_original else ())))


def read_foreign(conn: psycopg.Connection[Row], snapshot: Snapshot, patterns: NamePatterns) -> Foreign:
    """Read inside the caller's transaction what a dump has to be divided by."""
    ignored = IgnoredObjects(patterns, snapshot.objects)
    if not ignored:
        return NOTHING_FOREIGN
    addresses = set(ignored.addresses)
    for name, live in snapshot.others.items():
        is_home = name.kind is Kind.SCHEMA and ignored.covers_schema(name.name, live.owner)
        if is_home or patterns.match(name, live.owner):
            addresses.add(live.address)
    for classid, objid, role, schema in conn.execute(query("default_acl_owners")):
        if is_ignored_default(patterns, role, schema):
            addresses.add(Address(classid, objid))
    parts, references = {}, {}
    for classid, objid, whole_class, whole, referenced in conn.execute(query("dump_parts")):
        parts[Address(classid, objid)] = Address(whole_class, whole)
        if referenced is not None:
            references[Address(classid, objid)] = Address(_PG_CLASS, referenced)
    names = {live.address: str(name) for name, live in (*snapshot.others.items(), *snapshot.objects.items())}
    return Foreign(frozenset(addresses), names, parts, references)


def is_ignored_default(patterns: NamePatterns, role: str, schema: str | None) -> bool:
    """Say whether default privileges are somebody else's: those of an ignored role, or in an ignored schema."""
    return patterns.match(ObjectName(Kind.DEFAULT_PRIVILEGES, role, schema), role)


def divide(entries: Sequence[DumpEntry], foreign: Foreign) -> Division:
    """Take out of a dump what is somebody else's."""
    if not foreign:
        return Division(tuple(entries), {})
    theirs: dict[int, str] = {}
    ours: list[DumpEntry] = []
    needs: dict[str, str] = {}
    by_number = {entry.number: entry for entry in entries}
    for entry in entries:  # what an entry depends on comes before it
        about = [number for number in entry.depends_on if number in by_number]
        if _is_foreign(entry, about, theirs, foreign):
            theirs[entry.number] = _name(entry, foreign)
            continue
        ours.append(entry)
        found = [theirs[number] for number in about if number in theirs]
        referenced = foreign.references.get(entry.address)
        if referenced in foreign.addresses:
            found.append(foreign.names[referenced])
        for name in found:
            needs.setdefault(name, _name(entry, foreign))
    return Division(tuple(ours), dict(sorted(needs.items())))


def needed(needs: Mapping[str, str]) -> Iterable[str]:
    """Yield a line for each ignored object that is needed."""
    return (f"{name} ({user} refers to it)" for name, user in needs.items())


def _is_foreign(entry: DumpEntry, about: Sequence[int], theirs: Mapping[int, str], foreign: Foreign) -> bool:
    if entry.address in foreign.addresses or _whole(entry.address, foreign) in foreign.addresses:
        return True
    if entry.description.startswith(_BETWEEN):
        return any(number in theirs for number in about)
    return entry.description.startswith(_ABOUT) and bool(about) and all(number in theirs for number in about)


def _whole(address: Address, foreign: Foreign) -> Address:
    """Return the object that something is a part of, at whatever depth: a constraint's index is the table's."""
    seen = {address}
    while (above := foreign.parts.get(address)) is not None and above not in seen:
        address = above
        seen.add(address)
    return address


def _name(entry: DumpEntry, foreign: Foreign) -> str:
    """Return the name of the object, as plans spell it, that an entry creates or is a part of."""
    for address in (_whole(entry.address, foreign), entry.address):
        if address in foreign.names:
            return foreign.names[address]
    return entry.description.rpartition(" ")[0]
