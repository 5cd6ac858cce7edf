"""The objects that a reset drops: managed ones, or all that users created; none of another project unasked."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from pgmg.errors import RefusedChange, UsageError
from pgmg.model.catalog_details import Closure, DependencyType
from pgmg.model.names import RELATIONS, ROUTINES, TYPES, Kind, ObjectName
from pgmg.model.quoting import quote
from pgmg.model.state_layout import OWN_TABLES
from pgmg.planning.resolve.sql_names import target
from pgmg.planning.schedule.dependencies import DependencyGraph

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pgmg.model.snapshot import Address, Snapshot

_DROPPED = (RELATIONS - {Kind.INDEX}) | ROUTINES | TYPES | {
    Kind.OPERATOR, Kind.OPERATOR_CLASS, Kind.OPERATOR_FAMILY, Kind.CAST, Kind.COLLATION, Kind.EVENT_TRIGGER,
    Kind.TEXT_SEARCH_CONFIGURATION, Kind.TEXT_SEARCH_DICTIONARY, Kind.TEXT_SEARCH_PARSER, Kind.TEXT_SEARCH_TEMPLATE,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ResetScope:
    """How far a reset goes.

    `others` are the names that other projects have recorded, by their state schema; of those whose records may not be
    read there are none. `including` are state schemas that are meant as well. `everything` empties the database:
    `foundations` then are (words, name) of schemas and the like, in the order in which they are dropped.
    """

    state_schema: str
    others: Mapping[str, frozenset[str]] = field(default_factory=lambda: MappingProxyType({}))
    including: tuple[str, ...] = ()
    everything: bool = False
    foundations: Sequence[tuple[str, str]] = ()


def reset_statements(snapshot: Snapshot, closure: Closure, scope: ResetScope) -> tuple[str, ...]:
    """Return the statements in the order they are to be run.

    Managed objects are dropped by name, dependents first, never with CASCADE (rule 5.2). With `everything`, all that
    users made goes, tables with their data included, and only there CASCADE is used, so that nothing is missed.

    Raises:
        RefusedChange: something else depends on a managed object, or everything would be another project's too.
        UsageError: an included schema holds no state.
    """
    if strange := [schema for schema in scope.including if schema not in scope.others]:
        known = f"Other projects' state is in {_listed(sorted(scope.others))}." if scope.others else None
        raise UsageError(f"There is no state of another project in schema {strange[0]}.", hint=known)
    if scope.everything:
        _refuse_others(scope)
        return (*_everything(snapshot, closure, scope.foundations), *_forget((scope.state_schema,)))
    statements = _managed(snapshot, DependencyGraph(closure), scope)
    return (*statements, *_forget((scope.state_schema, *scope.including)))


def _forget(schemas: Iterable[str]) -> tuple[str, ...]:
    return tuple(f"DROP TABLE IF EXISTS {quote(schema)}.{quote(table)}" for schema in schemas for table in OWN_TABLES)


def _refuse_others(scope: ResetScope) -> None:
    left = sorted(scope.others.keys() - set(scope.including))
    if left:
        options = " ".join(f"--including {schema}" for schema in left)
        raise RefusedChange(
            f"This database also holds other projects, whose state is in {_listed(left)}: their objects and tables "
            "would be dropped as well.",
            hint=f"If that is meant: `pgmg reset --all {options}`. Without --all, only this project's objects go.",
        )


def _listed(schemas: Sequence[str]) -> str:
    return f"schema {schemas[0]}" if len(schemas) == 1 else f"the schemas {', '.join(schemas)}"


# -- what is managed ------------------------------------------------------------------------------------


def _managed(snapshot: Snapshot, graph: DependencyGraph, scope: ResetScope) -> tuple[str, ...]:
    """Return the drops of what this project, and those included, have recorded and no other one has."""
    recorded = set(snapshot.state).union(*(scope.others[schema] for schema in scope.including))
    foreign = {schema: names for schema, names in scope.others.items() if schema not in scope.including}
    shared = frozenset().union(*foreign.values()) if foreign else frozenset()
    managed = {
        live.address: name
        for name, live in snapshot.objects.items()
        if str(name) in recorded and str(name) not in shared
    }
    above = graph.dependents_closure(managed)
    strangers = sorted(str(graph.name(a)) for a, explicit in above.items() if explicit and a not in managed)
    if strangers:
        raise _depended_on(strangers, foreign)
    done: dict[Address, None] = {}
    for address in sorted(managed, key=lambda a: str(managed[a])):
        _dependents_first(address, graph, done)
    return tuple(graph.definition(a).drop for a in done if above.get(a))


def _depended_on(strangers: Sequence[str], others: Mapping[str, frozenset[str]]) -> RefusedChange:
    """Return the error about dependents that are not to be dropped: unmanaged ones, or another project's."""
    owners = sorted({schema for schema, names in others.items() if names.intersection(strangers)})
    if owners:
        options = " ".join(f"--including {schema}" for schema in owners)
        return RefusedChange(
            f"Objects of the project whose state is in {_listed(owners)} depend on managed ones: "
            f"{', '.join(strangers)}.",
            hint=f"Drop them there first, or drop both projects' objects: `pgmg reset {options}`.",
        )
    return RefusedChange(
        f"Unmanaged objects depend on managed ones: {', '.join(strangers)}.",
        hint="Drop them first, or use --all to drop everything.",
    )


def _dependents_first(start: Address, graph: DependencyGraph, done: dict[Address, None]) -> None:
    stack = [(start, False)]
    seen: set[Address] = set()
    while stack:
        address, finished = stack.pop()
        if finished:
            done.setdefault(address)
        elif address not in done and address not in seen:
            seen.add(address)
            stack.append((address, True))
            stack.extend((link.dependent, False) for link in graph.dependents(address))


# -- everything -----------------------------------------------------------------------------------------


def _everything(snapshot: Snapshot, closure: Closure, foundations: Sequence[tuple[str, str]]) -> list[str]:
    """IF EXISTS: what CASCADE has dropped already is no error."""
    # casts of a range, sequences of identity columns; a partitioned table depends so on its own key
    inner = {
        d.dependent for d in closure.dependencies if d.type is DependencyType.INTERNAL and d.dependent != d.referenced
    }
    own = [
        name
        for name, live in snapshot.objects.items()
        if live.extension is None
        and live.address not in inner
        and name.kind in _DROPPED
        and not (name.name in OWN_TABLES and name.kind is Kind.TABLE)
    ]
    first = (Kind.EVENT_TRIGGER, Kind.TABLE)  # tables take their indexes and sequences along
    own.sort(key=lambda name: (first.index(name.kind) if name.kind in first else len(first), str(name)))
    foreign = {d.name for d in closure.definitions.values() if d.drop.startswith("DROP FOREIGN ")}
    drops = [f"DROP {'FOREIGN ' if name in foreign else ''}{_with_if_exists(name)} CASCADE" for name in own]
    states = [name.schema for name in snapshot.objects if name.kind is Kind.TABLE and name.name in OWN_TABLES]
    forget = _forget(dict.fromkeys(schema for schema in states if schema is not None))
    return [*drops, *forget, *(f"DROP {words} IF EXISTS {quote(name)} CASCADE" for words, name in foundations)]


def _with_if_exists(name: ObjectName) -> str:
    words = name.kind.sql_keyword.upper()
    return f"{words} IF EXISTS{target(name).removeprefix(words)}"
