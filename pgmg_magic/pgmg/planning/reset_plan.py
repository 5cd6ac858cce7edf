"""The objects that a reset drops: managed ones, or all that users created; none of another project unasked."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from pgmg.errors import RefusedChange, UsageError
from pgmg.model.database.catalog_details import Closure, DependencyType
from pgmg.model.database.ignored_objects import IgnoredObjects
from pgmg.model.database.state_layout import DEFAULT_SCHEMA, ORIGINAL_SCHEMA, ORIGINAL_TABLES, OWN_TABLES, STATE
from pgmg.model.naming.name_patterns import NamePatterns
from pgmg.model.naming.names import RELATIONS, ROUTINES, TYPES, Kind, ObjectName
from pgmg.model.naming.quoting import literal, quote
from pgmg.model.results.reset_report import ResetReport
from pgmg.planning.cascade import cascade
from pgmg.planning.demands.dependencies import DependencyGraph
from pgmg.planning.demands.implied_families import family_like, implied_family
from pgmg.planning.resolve.sql_names import target

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pgmg.model.database.snapshot import Address, Snapshot
    from pgmg.model.sources.foundation import Foundation

_DROPPED = (RELATIONS - {Kind.INDEX}) | ROUTINES | TYPES | {
    Kind.OPERATOR, Kind.OPERATOR_CLASS, Kind.OPERATOR_FAMILY, Kind.CAST, Kind.COLLATION, Kind.EVENT_TRIGGER,
    Kind.TEXT_SEARCH_CONFIGURATION, Kind.TEXT_SEARCH_DICTIONARY, Kind.TEXT_SEARCH_PARSER, Kind.TEXT_SEARCH_TEMPLATE,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ResetScope:
    """How far a reset goes.

    `others` are the names that other projects have recorded, by their state schema; of those whose records may not be
    read there are none. `including` are state schemas that are meant as well. `everything` empties the database:
    `foundations` are then dropped in their order. `ignored` objects are neither dropped nor forgotten. `sources` are
    what recorded operator classes were created from.
    """

    state_schema: str
    others: Mapping[str, frozenset[str]] = field(default_factory=lambda: MappingProxyType({}))
    including: tuple[str, ...] = ()
    everything: bool = False
    foundations: Sequence[Foundation] = ()
    ignored: IgnoredObjects = field(default_factory=lambda: IgnoredObjects(NamePatterns(), {}))
    sources: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


def reset_plan(snapshot: Snapshot, closure: Closure, scope: ResetScope) -> ResetReport:
    """Return the statements in the order they are to be run, and what they leave alone.

    Managed objects are dropped by name, dependents first, never with CASCADE (rule 5.2). With `everything`, all that
    users made goes, tables with their data included, and only there CASCADE is used, so that nothing is missed. An
    ignored object is never dropped, and nothing that it depends on is (rule 4.5).

    Raises:
        RefusedChange: something else depends on a managed object, an ignored one on anything to be dropped, or
            everything would be another project's too.
        UsageError: an included schema holds no state.
    """
    if strange := [schema for schema in scope.including if schema not in scope.others]:
        known = f"Other projects' state is in {_listed(sorted(scope.others))}." if scope.others else None
        raise UsageError(f"There is no state of another project in schema {strange[0]}.", hint=known)
    kept = _kept_records(snapshot, scope)
    if scope.everything:
        _refuse_others(scope)
        return _everything(snapshot, closure, scope, kept)
    statements, ignored = _managed(snapshot, closure, scope)
    forgotten = (*_forget((scope.state_schema, *scope.including), kept), *_forget_original(snapshot, scope))
    return ResetReport((*statements, *forgotten), ignored)


def _forget_original(snapshot: Snapshot, scope: ResetScope) -> Iterator[str]:
    """Yield the drops of the original pgmg's tables, whose records would count as ours once ours are gone."""
    if snapshot.server.has_original and scope.state_schema == DEFAULT_SCHEMA:
        for table in ORIGINAL_TABLES:
            yield f"DROP TABLE IF EXISTS {quote(ORIGINAL_SCHEMA)}.{quote(table)}"


def _kept_records(snapshot: Snapshot, scope: ResetScope) -> dict[str, list[str]]:
    """Return the names of records about ignored objects, by state schema."""
    records = {scope.state_schema: {key: row.schema for key, row in snapshot.state.items()}}
    records |= {schema: dict.fromkeys(scope.others[schema]) for schema in scope.including}
    found = {
        schema: sorted(key for key, home in rows.items() if scope.ignored.covers_record(key, home))
        for schema, rows in records.items()
    }
    return {schema: keys for schema, keys in found.items() if keys}


def _forget(schemas: Iterable[str], kept: Mapping[str, Sequence[str]]) -> Iterator[str]:
    for schema in schemas:
        for table in OWN_TABLES:
            if table == STATE.name and schema in kept:
                listed = ", ".join(literal(key).strip() for key in kept[schema])
                yield f"DELETE FROM {quote(schema)}.{quote(table)} WHERE object_name NOT IN ({listed})"  # noqa: S608 - quoted
            else:
                yield f"DROP TABLE IF EXISTS {quote(schema)}.{quote(table)}"


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


def _managed(snapshot: Snapshot, closure: Closure, scope: ResetScope) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the drops of what this project, and those included, have recorded, and what stays as it is ignored."""
    graph = DependencyGraph(closure)
    recorded = set(snapshot.state).union(*(scope.others[schema] for schema in scope.including))
    foreign = {schema: names for schema, names in scope.others.items() if schema not in scope.including}
    shared = frozenset().union(*foreign.values()) if foreign else frozenset()
    managed = {
        live.address: name
        for name, live in snapshot.objects.items()
        if str(name) in recorded and str(name) not in shared
    }
    for name in [name for name in managed.values() if name.kind is Kind.OPERATOR_CLASS]:
        implied = implied_family(name, scope.sources.get(str(name)), snapshot.addresses, closure.dependencies)
        if implied is not None and str(family_like(name)) not in shared:
            managed[implied] = family_like(name)
    ignored = {address: managed.pop(address) for address in scope.ignored.addresses & managed.keys()}
    above = graph.dependents_closure(managed)
    if protected := sorted(above.keys() & scope.ignored.addresses, key=lambda a: str(graph.name(a))):
        because = {
            str(graph.name(a)): min((str(graph.name(n.on)) for n in graph.needs(a) if n.on in above), default="")
            for a in protected
        }
        raise _protected(because)
    strangers = sorted(str(graph.name(a)) for a, explicit in above.items() if explicit and a not in managed)
    if strangers:
        raise _depended_on(strangers, foreign)
    done: dict[Address, None] = {}
    for address in sorted(managed, key=lambda a: str(managed[a])):
        _dependents_first(address, graph, done)
    drops = tuple(graph.definition(a).drop for a in done if above.get(a))
    return drops, tuple(sorted(map(str, ignored.values())))


def _protected(because: Mapping[str, str]) -> RefusedChange:
    """Return the error about ignored objects that would be lost with what they depend on (rule 4.5)."""
    listed = ", ".join(f"{name} (depends on {on})" if on else name for name, on in because.items())
    one = len(because) == 1
    return RefusedChange(
        f"{'An object' if one else 'Objects'} that the setting ignore in pgmg.toml covers would be lost: {listed}.",
        hint=f"Drop {'it' if one else 'them'} first, take {'it' if one else 'them'} out of ignore, or add to ignore "
        f"what {'it depends' if one else 'they depend'} on.",
    )


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


def _everything(
    snapshot: Snapshot, closure: Closure, scope: ResetScope, kept: Mapping[str, Sequence[str]]
) -> ResetReport:
    """Return IF EXISTS in every statement: what CASCADE has dropped already is no error."""
    # casts of a range, sequences of identity columns; a partitioned table depends so on its own key
    inner = {
        d.dependent for d in closure.dependencies if d.type is DependencyType.INTERNAL and d.dependent != d.referenced
    }
    all_ = [
        name
        for name, live in snapshot.objects.items()
        if live.extension is None
        and live.address not in inner
        and name.kind in _DROPPED
        and not (name.name in OWN_TABLES and name.kind is Kind.TABLE)
    ]
    protected = _protected_addresses(snapshot, closure, scope)
    own = [name for name in all_ if snapshot.addresses[name] not in protected]
    foundations = [one for one in scope.foundations if not _stays(one, snapshot, scope, protected, kept)]
    seeds = {snapshot.addresses[name]: str(name) for name in own}
    for one in foundations:
        seeds |= dict.fromkeys((one.address, *one.members), f"{one.words.lower()} {one.name}")
    names = {live.address: str(name) for name, live in snapshot.objects.items()}
    lost = {a: because for a, because in cascade(closure.dependencies, seeds, names).items() if a in protected}
    if lost:
        raise _protected({names[a]: lost[a] for a in sorted(lost, key=lambda a: names[a])})
    first = (Kind.EVENT_TRIGGER, Kind.TABLE)  # tables take their indexes and sequences along
    own.sort(key=lambda name: (first.index(name.kind) if name.kind in first else len(first), str(name)))
    foreign = {d.name for d in closure.definitions.values() if d.drop.startswith("DROP FOREIGN ")}
    drops = [f"DROP {'FOREIGN ' if name in foreign else ''}{_with_if_exists(name)} CASCADE" for name in own]
    states = [name.schema for name in snapshot.objects if name.kind is Kind.TABLE and name.name in OWN_TABLES]
    forget = _forget(dict.fromkeys(s for s in (*states, scope.state_schema) if s is not None), kept)
    last = (f"DROP {one.words} IF EXISTS {quote(one.name)} CASCADE" for one in foundations)
    return ResetReport((*drops, *forget, *last), tuple(sorted(str(name) for name in set(all_) - set(own))))


def _protected_addresses(snapshot: Snapshot, closure: Closure, scope: ResetScope) -> frozenset[Address]:
    """Return the ignored objects but pgmg's own tables and their parts."""
    if not scope.ignored:
        return frozenset()
    tables = {
        live.address: str(name)
        for name, live in snapshot.objects.items()
        if name.kind is Kind.TABLE and name.name in OWN_TABLES
    }
    return scope.ignored.addresses - cascade(closure.dependencies, tables, {}).keys()


def _stays(
    one: Foundation,
    snapshot: Snapshot,
    scope: ResetScope,
    protected: frozenset[Address],
    kept: Mapping[str, Sequence[str]],
) -> bool:
    """Say whether a foundation is ignored itself, or a schema with ignored objects or kept records in it."""
    if one.words != "SCHEMA":
        return scope.ignored.patterns.match(one.object, one.owner)
    homes = {name.schema for name, live in snapshot.objects.items() if live.address in protected}
    return one.name in homes | kept.keys() or scope.ignored.covers_schema(one.name, one.owner)


def _with_if_exists(name: ObjectName) -> str:
    words = name.kind.sql_keyword.upper()
    return f"{words} IF EXISTS{target(name).removeprefix(words)}"
