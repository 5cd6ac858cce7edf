"""Reads the details that the documentation site shows of objects: columns, keys, comments, privileges."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from pgmg.catalog.reading.catalog_queries import Row, addresses, run_queries
from pgmg.model.database.snapshot import Address, Snapshot
from pgmg.model.naming.names import ROUTINES, Kind, ObjectName
from pgmg.model.results.site_data import ObjectDetails, SiteColumn, SiteKey, SitePart, SitePrivilege

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    import psycopg

_RELATIONS = (Kind.TABLE, Kind.VIEW, Kind.MATERIALIZED_VIEW)


def read_site_details(
    conn: psycopg.Connection[Row], snapshot: Snapshot, names: Collection[ObjectName]
) -> dict[ObjectName, ObjectDetails]:
    """Ask for all in one round trip; what does not exist in the database is not in the answer."""
    live = {name: snapshot.objects[name] for name in names if name in snapshot.objects}
    relations = sorted(live[name].address.objid for name in live if name.kind in _RELATIONS)
    routines = sorted(live[name].address.objid for name in live if name.kind in ROUTINES)
    asked = addresses(found.address for found in live.values())
    columns, keys, parts, signatures, comments, granted = run_queries(
        conn,
        ("site_columns", asked),
        ("site_keys", [relations]),
        ("site_parts", [relations]),
        ("site_routines", [routines]),
        ("site_comments", asked),
        ("site_privileges", asked),
        back=snapshot.server.setting,
    )
    said = {(Address(classid, objid), column): text for classid, objid, column, text in comments}
    tables = {found.address.objid: name for name, found in snapshot.objects.items() if name.kind in _RELATIONS}
    signature: dict[int, str] = dict(signatures)
    by_columns, by_keys, by_parts = _grouped(columns, 2), _grouped(keys, 1), _grouped(parts, 1)
    privileges = _privileges(granted)
    answer = {}
    for name, found in live.items():
        address, oid = found.address, (found.address.objid,)
        is_relation, is_routine = name.kind in _RELATIONS, name.kind in ROUTINES
        answer[name] = ObjectDetails(
            owner=found.owner,
            comment=said.get((address, None)),
            signature=signature.get(address.objid) if is_routine else None,
            columns=tuple(
                SiteColumn(column, _plain(type_), not_null, default, said.get((address, column)))
                for column, type_, not_null, default in by_columns[address]
            ),
            keys=tuple(_key(row, tables) for row in by_keys[oid]) if is_relation else (),
            parts=tuple(SitePart(*row) for row in by_parts[oid]) if is_relation else (),
            privileges=privileges.get(address, ()),
        )
    return answer


def _grouped(rows: Iterable[Row], width: int) -> Mapping[Row, list[Row]]:
    """Group rows by their first columns, which are left out."""
    found: defaultdict[Row, list[Row]] = defaultdict(list)
    for row in rows:
        found[row[:width]].append(row[width:])
    return found


def _key(row: Row, tables: Mapping[int, ObjectName]) -> SiteKey:
    kind, name, definition, columns, target, target_columns = row
    return SiteKey(kind, name, definition, tuple(columns), tables.get(target), tuple(target_columns))


def _privileges(rows: Iterable[Row]) -> dict[Address, tuple[SitePrivilege, ...]]:
    found: defaultdict[Address, list[SitePrivilege]] = defaultdict(list)
    for classid, objid, column, grantee, privileges in rows:
        found[Address(classid, objid)].append(SitePrivilege(grantee, tuple(privileges), column))
    return {address: tuple(privileges) for address, privileges in found.items()}


def _plain(type_: str) -> str:
    return type_.removeprefix("public.")
