"""Finds the present names of recorded objects whose argument types were renamed or moved since."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.model.naming.names import PROPERTY_KINDS, Kind, ObjectName

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pgmg.model.database.snapshot import LiveObject, StateRow


def state_by_name(rows: Iterable[StateRow], live: Mapping[ObjectName, LiveObject]) -> dict[str, StateRow]:
    """Return the rows of `pgmg_state` by the names that their objects have now.

    A routine, operator or cast keeps its OID when a type in its identity is renamed or moved to another schema, as
    `ALTER EXTENSION … SET SCHEMA` does. What is recorded about it (comments, grants, its owner) follows.
    """
    found = {row.name: row for row in rows}
    with_types = {live_object.address.objid: name for name, live_object in live.items() if name.arguments is not None}
    names = {str(name) for name in with_types.values()}
    renamed: dict[str, str] = {}
    for row in found.values():
        if "(" not in row.name or row.name in names or row.version is None:
            continue
        name = with_types.get(int(row.version.partition(":")[0]))
        if name is not None and row.name.startswith(_before_arguments(name)) and str(name) not in found:
            renamed[row.name] = str(name)
    if not renamed:
        return found
    return {_renamed(key, renamed): row for key, row in found.items()}


def _before_arguments(name: ObjectName) -> str:
    return f"{Kind.CAST}.(" if name.kind is Kind.CAST else f"{name.kind}.{name.short_name}("


def _renamed(key: str, renamed: Mapping[str, str]) -> str:
    if key in renamed:
        return renamed[key]
    kind, _, about = key.partition(".")
    if kind not in PROPERTY_KINDS:
        return key
    parent, to, role = about.partition(" to ") if kind == Kind.GRANT else (about, "", "")
    return f"{kind}.{renamed[parent]}{to}{role}" if parent in renamed else key
