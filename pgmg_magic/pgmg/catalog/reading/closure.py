"""Reads what depends on given objects, and how the database would make each of those again (rules 4 to 6)."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from psycopg import errors

from pgmg.catalog.reading.catalog_queries import (
    Row,
    addresses,
    query_for,
    run_queries,
    set_path,
    use_canonical_settings,
)
from pgmg.model.database.catalog_details import Aspect, Closure, Definition, Dependency, DependencyType, ObjectProperty
from pgmg.model.database.snapshot import Address, LiveObject
from pgmg.model.naming.names import Kind, ObjectName, kind_of
from pgmg.model.naming.quoting import spelled_parts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import psycopg

_NAMELESS = frozenset({2604, 2606, 6106})
"""The catalogs of column defaults, constraints and members of publications, which no snapshot lists.

Their OIDs are fixed in PostgreSQL.
"""


def _property_queries(arrays: Sequence[object], *, absolute: bool = False) -> list[tuple[str, Sequence[object]]]:
    """Return the catalog queries about properties. `absolute`: privileges do not lean on default privileges."""
    return [("properties", arrays), ("privileges", (*arrays, absolute)), ("partitions", arrays)]


def read_dependencies(conn: psycopg.Connection[Row], seeds: Iterable[Address]) -> tuple[Dependency, ...]:
    """Return all rows of pg_depend below the seeds, in a stable order."""
    seeds = frozenset(seeds)
    if not seeds:
        return ()
    (rows,) = run_queries(conn, ("closure", addresses(seeds)))
    return dependencies_of(rows)


def dependencies_of(rows: Iterable[Row]) -> tuple[Dependency, ...]:
    """Return what the query `closure` found."""
    return tuple(
        Dependency(Address(a, b), Address(c, d), DependencyType(kind), column, own, own_type)
        for a, b, c, d, kind, column, own, own_type in rows
    )


def read_owned_parts(conn: psycopg.Connection[Row], owners: Iterable[Address]) -> dict[Address, list[Address]]:
    """Return what is dropped along with each object, without its inner parts: indexes, rules, column defaults."""
    owners = list(owners)
    below: dict[Address, list[Address]] = defaultdict(list)
    for dependency in read_dependencies(conn, owners):
        if dependency.type is DependencyType.AUTO:
            below[dependency.referenced].append(dependency.dependent)
    found: dict[Address, list[Address]] = {}
    for owner in owners:
        parts = dict.fromkeys(below.get(owner, ()))
        queue = list(parts)
        for part in queue:
            more = [other for other in below.get(part, ()) if other not in parts and other != owner]
            parts |= dict.fromkeys(more)
            queue += more
        found[owner] = list(parts)
    return found


def read_definitions(
    conn: psycopg.Connection[Row],
    wanted: Iterable[Address],
    live: Mapping[Address, LiveObject],
    back: str | None = None,
    *,
    absolute: bool = False,
) -> dict[Address, Definition]:
    """Return how each wanted object is dropped and recreated, with its properties.

    `back` is the search_path to go back to. Nothing wanted costs no round trip, and leaves the search_path alone.
    With `absolute`, the statements restore the privileges under any default privileges of a later time.

    Raises:
        psycopg.errors.InternalError_: one has been dropped since the transaction began: its names come from functions
            of the server, which see later commits. It is the server's error for other such cases.
    """
    wanted = frozenset(wanted)
    questions = definition_queries(wanted, absolute=absolute)
    return definitions_from(wanted, run_queries(conn, *questions, back=back) if questions else (), live)


def definition_queries(wanted: frozenset[Address], *, absolute: bool = False) -> list[tuple[str, Sequence[object]]]:
    """Return the catalog queries about definitions and properties; none if nothing is wanted."""
    arrays = addresses(wanted)
    return [("definitions", (*arrays, False)), *_property_queries(arrays, absolute=absolute)] if wanted else []


def definitions_from(
    wanted: frozenset[Address], answers: Sequence[Iterable[Row]], live: Mapping[Address, LiveObject]
) -> dict[Address, Definition]:
    """Return the definitions that the answers to `definition_queries` hold.

    Raises:
        psycopg.errors.InternalError_: one has been dropped since the transaction began.
    """
    if not answers:
        return {}
    rows, *properties = answers
    return _definitions(wanted, rows, properties, live)


def read_readable_definitions(
    conn: psycopg.Connection[Row], wanted: Iterable[Address], live: Mapping[Address, LiveObject], path: str
) -> dict[Address, Definition]:
    """Return the same with names as people write them under the search_path `path`, which stays.

    Definitions are spelled under it; properties are qualified.
    """
    wanted = frozenset(wanted)
    arrays = addresses(wanted)
    if not arrays[0]:
        return {}
    properties = run_queries(conn, *_property_queries(arrays))
    use_canonical_settings(conn)
    set_path(conn, path)
    rows = conn.execute(query_for("definitions", arrays), (*arrays, True)).fetchall()
    return _definitions(wanted, rows, properties, live)


def _definitions(
    wanted: Iterable[Address],
    rows: Iterable[Row],
    properties: Iterable[Iterable[Row]],
    live: Mapping[Address, LiveObject],
) -> dict[Address, Definition]:
    known_properties = _by_object(properties)
    found = {}
    for classid, objid, type_, schema, name, identity, parts, dropping, creating, kept_by, populated, restoring in rows:
        address = Address(classid, objid)
        if dropping is None and address not in live:
            continue  # a row type, an array type, a _RETURN rule: it comes and goes with its owner
        known = live.get(address)
        statements = () if creating is None else (creating,)
        found[address] = Definition(
            address=address,
            name=known.name if known else _other_name(type_, schema, name, identity, parts),
            drop=dropping or "",
            create=() if kept_by else tuple(restoring or statements),
            properties=known_properties.get(address, ()),
            extension=known.extension if known else None,
            kept_by=kept_by,
            populated=populated,
            text=creating or "",
        )
    if gone := [live[address].name for address in wanted if address in live and address not in found]:
        raise errors.InternalError_(f"{gone[0]} has just been dropped by another session")
    return found


def read_properties(
    conn: psycopg.Connection[Row], wanted: Iterable[Address], *, absolute: bool = False
) -> dict[Address, tuple[ObjectProperty, ...]]:
    """Return what each object has now besides its definition; objects without anything are left out."""
    arrays = addresses(wanted)
    if not arrays[0]:
        return {}
    return _by_object(run_queries(conn, *_property_queries(arrays, absolute=absolute)))


def _by_object(answers: Iterable[Iterable[Row]]) -> dict[Address, tuple[ObjectProperty, ...]]:
    """Return properties by object, in the order in which they are restored."""
    found: dict[Address, list[tuple[float, ObjectProperty]]] = defaultdict(list)
    for classid, objid, rank, aspect, *rest in (row for answer in answers for row in answer):
        found[Address(classid, objid)].append((rank, ObjectProperty(Aspect(aspect), *rest)))
    return {
        address: tuple(one for _, one in sorted(ranked, key=lambda pair: pair[0])) for address, ranked in found.items()
    }


def closure_of(dependencies: tuple[Dependency, ...], definitions: Mapping[Address, Definition]) -> Closure:
    """Put the two answers together."""
    return Closure(definitions=definitions, dependencies=dependencies)


def members(
    dependencies: Iterable[Dependency], seeds: Iterable[Address], live: Mapping[Address, LiveObject]
) -> frozenset[Address]:
    """Return every object of a closure, the seeds included.

    Row types, array types and _RETURN rules are left out: they come and go with their owners.
    """
    mentioned = frozenset(seeds) | {end for d in dependencies for end in (d.dependent, d.referenced)}
    return frozenset(a for a in mentioned if a in live or a.classid in _NAMELESS)


def _other_name(type_: str, schema: str | None, name: str | None, identity: str, parts: list[str]) -> ObjectName:
    match type_, parts:
        case "table constraint", [space, relation, constraint]:
            return ObjectName(Kind.CONSTRAINT, constraint, parent=ObjectName(Kind.TABLE, relation, space))
        case "domain constraint", [space, domain, constraint]:
            return ObjectName(Kind.CONSTRAINT, constraint, parent=ObjectName(Kind.DOMAIN, domain, space))
        case "default value", [space, relation, column]:
            return ObjectName(Kind.COLUMN_DEFAULT, column, parent=ObjectName(Kind.TABLE, relation, space))
        case ("trigger" | "rule" | "policy") as word, [space, relation, own]:
            return ObjectName(Kind(word), own, parent=ObjectName(Kind.TABLE, relation, space))
        case "statistics object", [space, statistics]:
            return ObjectName(Kind.STATISTICS, statistics, space)
    kind = kind_of(type_.replace(" ", "_"))
    if name is not None and kind is not None:  # the server quotes both
        place = None if schema is None else spelled_parts(schema)[0]
        return ObjectName(kind, spelled_parts(name)[0], place)
    return ObjectName(Kind.OTHER, f"{type_} {identity}")
