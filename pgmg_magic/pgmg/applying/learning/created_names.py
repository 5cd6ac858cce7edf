"""Finds what objects are called that were created under a name which only the server could tell."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pgmg.model.database.snapshot import LiveObject
    from pgmg.model.naming.names import ObjectName
    from pgmg.model.plans.plan import Record

_Bare = tuple[str, str | None, str]


def as_created(
    records: Sequence[Record], before: Mapping[ObjectName, LiveObject], now: Mapping[ObjectName, LiveObject]
) -> list[Record]:
    """Return records under the names that the server has given to what they record.

    The types of a routine, operator or cast are not always known before it is created: `%TYPE` of a view's column, a
    type that a DO block creates. Then the only new object of that kind and name is the one that is meant.
    """
    unknown = [r.object for r in records if r.object.arguments is not None and r.object not in now]
    if not unknown:
        return list(records)
    claimed = {record.object for record in records}
    new: dict[_Bare, list[ObjectName]] = defaultdict(list)
    for name in now:
        if name.arguments is not None and name not in before and name not in claimed:
            new[_bare(name)].append(name)
    found = {name: new[_bare(name)][0] for name in unknown if len(new[_bare(name)]) == 1}
    return [replace(record, object=_renamed(record.object, found)) for record in records]


def _bare(name: ObjectName) -> _Bare:
    return name.kind, name.schema, name.name


def _renamed(name: ObjectName, found: Mapping[ObjectName, ObjectName]) -> ObjectName:
    if name.parent is not None:
        return replace(name, parent=_renamed(name.parent, found))
    return found.get(name, name)
