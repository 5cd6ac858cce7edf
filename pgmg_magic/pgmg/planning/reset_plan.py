"""The way back: statements that drop what is managed, or everything users made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.errors import RefusedChange
from pgmg.model.catalog_details import Closure, DependencyType
from pgmg.model.names import RELATIONS, ROUTINES, TYPES, Kind, ObjectName
from pgmg.model.quoting import quote
from pgmg.model.state_layout import OWN_TABLES
from pgmg.planning.resolve.sql_names import target
from pgmg.planning.web import Web

if TYPE_CHECKING:
    from pgmg.model.snapshot import Address, Snapshot

_DROPPED = (RELATIONS - {Kind.INDEX}) | ROUTINES | TYPES | {
    Kind.OPERATOR, Kind.OPERATOR_CLASS, Kind.OPERATOR_FAMILY, Kind.CAST, Kind.COLLATION, Kind.EVENT_TRIGGER,
    Kind.TEXT_SEARCH_CONFIGURATION, Kind.TEXT_SEARCH_DICTIONARY, Kind.TEXT_SEARCH_PARSER, Kind.TEXT_SEARCH_TEMPLATE,
}  # fmt: skip


def reset_statements(snapshot: Snapshot, closure: Closure, state_schema: str, *, everything: bool) -> tuple[str, ...]:
    """Return the statements in the order they are to be run.

    Managed objects are dropped by name, dependents first, never with CASCADE (rule 5.2). With `everything`, all that
    users made goes, tables with their data included, and only there CASCADE is used: nothing is left to be missed.

    Raises:
        RefusedChange: something that is not managed depends on a managed object.
    """
    forget = tuple(f"DROP TABLE IF EXISTS {quote(state_schema)}.{quote(table)}" for table in OWN_TABLES)
    if everything:
        return (*_everything(snapshot, closure), *forget)
    web = Web(closure, snapshot.by_address)
    managed = {live.address: name for name, live in snapshot.objects.items() if str(name) in snapshot.state}
    above = web.above(managed)
    strangers = [web.name(a) for a, explicit in above.items() if explicit and a not in managed]
    if strangers:
        raise RefusedChange(
            f"Objects that nobody declared depend on managed ones: {', '.join(sorted(map(str, strangers)))}.",
            hint="Drop them first, or use --all to drop everything.",
        )
    done: dict[Address, None] = {}
    for address in sorted(managed, key=lambda a: str(managed[a])):
        _dependents_first(address, web, done)
    return (*(web.definition(a).drop for a in done if above.get(a)), *forget)


def _dependents_first(start: Address, web: Web, done: dict[Address, None]) -> None:
    stack = [(start, False)]
    seen: set[Address] = set()
    while stack:
        address, finished = stack.pop()
        if finished:
            done.setdefault(address)
        elif address not in done and address not in seen:
            seen.add(address)
            stack.append((address, True))
            stack.extend((link.dependent, False) for link in web.dependents(address))


def _everything(snapshot: Snapshot, closure: Closure) -> list[str]:
    """IF EXISTS: what CASCADE has taken along already is no error."""
    # casts of a range, sequences of identity columns; a partitioned table stands so on its own key
    inner = {
        d.dependent for d in closure.dependencies if d.type is DependencyType.INTERNAL and d.dependent != d.referenced
    }
    own = [
        name
        for name, live in snapshot.objects.items()
        if live.extension is None
        and live.address not in inner
        and name.kind in _DROPPED
        and name.name not in OWN_TABLES
    ]
    first = (Kind.EVENT_TRIGGER, Kind.TABLE)  # tables take their indexes and sequences along
    own.sort(key=lambda name: (first.index(name.kind) if name.kind in first else len(first), str(name)))
    foreign = {d.name for d in closure.definitions.values() if d.drop.startswith("DROP FOREIGN ")}
    return [f"DROP {'FOREIGN ' if name in foreign else ''}{_with_if_exists(name)} CASCADE" for name in own]


def _with_if_exists(name: ObjectName) -> str:
    words = name.kind.sql_keyword.upper()
    return f"{words} IF EXISTS{target(name).removeprefix(words)}"
