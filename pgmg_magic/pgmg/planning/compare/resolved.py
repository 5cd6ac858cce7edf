"""The first half of planning: name everything, see what changed, and say what must be asked of the server."""

from __future__ import annotations

import re
from dataclasses import field, replace
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING

from pgmg.errors import ConfigError
from pgmg.model.database.catalog_details import CatalogQueries, DriftChecks, DriftEvidence, ShapeQuestion
from pgmg.model.database.server_facts import Blocks, Creates, DependsOn, Moved, Outgrown, ServerFacts, StatementId
from pgmg.model.database.snapshot import Address, Snapshot
from pgmg.model.lazy_dataclass import dataclass
from pgmg.model.naming.names import PROPERTY_KINDS, RELATIONS, ROUTINES, Kind, ObjectName, unknown_object
from pgmg.model.plans.plan import ChangeKind
from pgmg.model.results.applied_from import Checkout
from pgmg.model.sources.facts import ViewFacts
from pgmg.model.sources.source import Effect, Migration, MigrationFile, Notice, SourceObject, Statement
from pgmg.planning.compare.changes import ObjectComparison, Settled, differences, drift_checks, settled
from pgmg.planning.compare.migration_notices import migration_notices
from pgmg.planning.compare.signatures import Signature, following_signatures
from pgmg.planning.demands.implied_families import family_like
from pgmg.planning.replay.object_operations import CHANGES_SHAPE
from pgmg.planning.replay.timeline import Timeline, replay
from pgmg.planning.resolve.resolver import Resolver
from pgmg.planning.resolve.search_path import search_path_of
from pgmg.source import merge_grants, parse_recorded
from pgmg.source.declarations import ADDED_UP
from pgmg.source.grammar.rewriting import plain_create, same_but_formatting

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pgmg.planning.resolve.column_types import LiveColumns
    from pgmg.planning.resolve.declared import Declared

_UNSEEN = re.compile(r"\s*(?:DO|SELECT|CALL|EXECUTE|IMPORT|WITH|VALUES|TABLE|EXPLAIN)\b", re.IGNORECASE)
"""How statements begin that run code of their own, or that create what they do not name."""

_OF_DECLARED = frozenset({Effect.CREATE, Effect.REPLACE, Effect.ALTER})
_NOTICED_BY_DEPENDENTS = CHANGES_SHAPE | {Effect.DROP_CONSTRAINT, Effect.SET_DEFAULT}
_NEEDS_FACTS = frozenset({ChangeKind.MODIFIED, ChangeKind.DRIFTED, ChangeKind.ADOPTED})


@dataclass(frozen=True)
class ResolvedProject:
    """Sources and snapshot, named and compared as far as that goes without further questions."""

    snapshot: Snapshot
    resolver: Resolver
    declared: Mapping[ObjectName, Declared]
    considers_code: bool
    pending: tuple[Migration, ...]
    timeline: Timeline
    """The pending migrations, statement by statement."""
    notices: tuple[Notice, ...]
    drift_checks: DriftChecks
    checkout: Checkout = Checkout()
    files: tuple[MigrationFile, ...] = ()
    """All migrations, applied ones too."""
    signatures: Mapping[ObjectName, Signature] = field(default_factory=lambda: MappingProxyType({}))
    """Of declared routines whose signature follows a column: the one that they have if they are created now."""

    @cached_property
    def expected(self) -> frozenset[ObjectName] | None:
        """Objects declared, or created by pending migrations; None if the text does not name all created objects."""
        created: set[ObjectName] = set()
        for statement in self.timeline.statements:
            if _creates_unseen(statement.statement):
                return None
            created.update(operation.becomes or operation.name for operation in statement.operations)
        return frozenset(self.declared) | created

    def overloads(self, name: ObjectName) -> tuple[ObjectName, ...]:
        """Return other declared routines or operators of the same name, which a use of it may mean (rule 2.3)."""
        return tuple(other for other in self.declared if other.overloads(name))


@dataclass(frozen=True, slots=True)
class Comparison:
    """Sources and database side by side, before anything is decided."""

    resolved: ResolvedProject
    evidence: DriftEvidence
    differences: tuple[ObjectComparison, ...]


@dataclass(frozen=True, slots=True)
class ComparisonCache:
    """Results of the last comparison: those of unchanged sources hold for the next one of the same database."""

    resolved: ResolvedProject
    settled: Settled

    @classmethod
    def of(cls, comparison: Comparison) -> ComparisonCache:
        """Remember a comparison."""
        return cls(comparison.resolved, settled(comparison.differences))

    def settled_in(self, snapshot: Snapshot) -> Settled:
        """Return what needs no second look."""
        return self.settled if self.resolved.snapshot is snapshot else {}


def _creates_unseen(statement: Statement) -> bool:
    """Say whether a statement may create objects that its text does not name."""
    return any(
        a.target.kind is Kind.EXTENSION or (a.target.kind is Kind.SCHEMA and a.effect is Effect.RENAME)
        for a in statement.alterations
    ) or (not statement.alterations and _UNSEEN.match(statement.sql) is not None)


def resolve_project(  # noqa: PLR0913, PLR0917 - files and database, and what is known of both
    objects: Sequence[SourceObject] | None,
    files: Sequence[MigrationFile] | None,
    pending: Sequence[Migration],
    snapshot: Snapshot,
    notices: Sequence[Notice] = (),
    memory: ComparisonCache | None = None,
    checkout: Checkout = Checkout(),
    columns: LiveColumns = MappingProxyType({}),
) -> ResolvedProject:
    """Name everything; what is remembered of the same database is not looked at again.

    `columns` are those of the relations that `column_relations` names.

    Raises:
        SourceErrors: an object is declared twice.
        ConfigError: no schema to create unqualified objects in.
    """
    sources = tuple(objects or ())
    if not snapshot.server.search_path and any(_wants_home(o) for o in sources):
        raise ConfigError(
            f"The search_path ({snapshot.server.setting}) names no schema that exists.",
            hint="Set search_path in pgmg.toml, or create the schema.",
        )
    resolver, declared = _declared(sources, tuple(pending), snapshot, columns, memory)
    known = memory.settled_in(snapshot) if memory is not None else {}
    signatures = following_signatures(declared.values(), resolver.argument_type)
    return ResolvedProject(
        snapshot=snapshot,
        resolver=resolver,
        declared=declared,
        considers_code=objects is not None,
        pending=tuple(pending),
        timeline=replay(pending, resolver, snapshot, declared),
        notices=(*notices, *migration_notices(files, snapshot, checkout)),
        drift_checks=drift_checks(declared, snapshot, known, signatures) if objects is not None else DriftChecks(),
        checkout=checkout,
        files=tuple(files or ()),
        signatures=signatures,
    )


def _declared(
    objects: Sequence[SourceObject],
    pending: tuple[Migration, ...],
    snapshot: Snapshot,
    columns: LiveColumns,
    memory: ComparisonCache | None,
) -> tuple[Resolver, Mapping[ObjectName, Declared]]:
    before = memory.resolved if memory is not None and memory.resolved.snapshot is snapshot else None
    if before is not None and before.pending == pending and before.resolver.columns == columns:
        known = before.resolver.declare_again(objects)
        if known is not None:
            return before.resolver, known
    resolver = Resolver(snapshot, pending, columns)
    return resolver, resolver.declare(objects)


def _wants_home(source: SourceObject) -> bool:
    return len(source.target.parts) == 1 and source.target.parent is None and search_path_of(source.settings) is None


def compare(
    survey_: ResolvedProject, evidence: DriftEvidence, memory: ComparisonCache | None = None
) -> tuple[ObjectComparison, ...]:
    """Return every difference (rule 3.1); a folder that is not configured deletes nothing (rule 3.7)."""
    if not survey_.considers_code:
        return ()

    live = {str(name): name for name in survey_.snapshot.objects}

    def recorded_name(key: str, recorded: str | None) -> ObjectName:
        return name_of_recorded(key, recorded, survey_.resolver, live)

    known = memory.settled_in(survey_.snapshot) if memory is not None else {}
    return differences(
        survey_.declared, survey_.snapshot, evidence, _same_statement, recorded_name, known, survey_.signatures
    )


def _same_statement(old: str, new: str) -> bool:
    """OR REPLACE and IF NOT EXISTS mean nothing in a source (rule 1.7)."""
    return same_but_formatting(plain_create(old), plain_create(new))


def name_of_recorded(key: str, recorded: str | None, resolver: Resolver, live: Mapping[str, ObjectName]) -> ObjectName:
    """Return which object a row of state is about: a live one of that name, else the one that its SQL declares."""
    if key in live:
        return live[key]
    declared = [resolver.name(source.target, source.settings) for source in parse_recorded(recorded or "")]
    for name in declared:
        for other in (name, *_about_others(name)):
            if str(other) == key:
                return other
    if len(declared) == 1 and _has_no_such_parent(key, declared[0], live):
        return declared[0]
    return unknown_object(key)


def _has_no_such_parent(key: str, name: ObjectName, live: Mapping[str, ObjectName]) -> bool:
    """Say whether an attachment's recorded name is not about another object that is still there under that name."""
    about = key.partition(".")[2]
    return name.parent is None or (about not in live and about.rpartition(" to ")[0] not in live)


def _about_others(name: ObjectName) -> Iterator[ObjectName]:
    """Yield the name as it is about another kind of relation, for one has taken the place of the other since."""
    parent = name.parent
    if parent is not None and parent.kind in RELATIONS:
        yield from (replace(name, parent=replace(parent, kind=kind)) for kind in sorted(RELATIONS))
    elif parent is not None:
        yield from (replace(name, parent=other) for other in _about_others(parent))


def previous_source(difference: ObjectComparison) -> SourceObject | None:
    """Return the last applied source, parsed again."""
    if difference.recorded_sql is None:
        # unchanged source: what is declared is what was applied
        same = difference.row is not None and difference.change in (None, ChangeKind.DRIFTED, ChangeKind.MISSING)
        return difference.declared.source if same and difference.declared else None
    found = parse_recorded(difference.recorded_sql)
    if difference.name.kind in ADDED_UP:  # statements that spell one object or role in several ways
        found = merge_grants(found, key=lambda _: None)
    return found[0] if found else None


def with_unread(resolved: ResolvedProject, facts: ServerFacts) -> ResolvedProject:
    """Return a project whose pending statements create and move what the server said they do."""
    unread: tuple[Creates | Moved, ...] = (*facts.of(Creates), *facts.of(Moved))
    if not unread:
        return resolved
    timeline = replay(resolved.pending, resolved.resolver, resolved.snapshot, resolved.declared, unread)
    return replace(resolved, timeline=timeline)


def questions(resolved: ResolvedProject, found: Sequence[ObjectComparison], facts: ServerFacts) -> CatalogQueries:
    """Return what must be known about live objects before anything can be decided."""
    live = resolved.snapshot.addresses
    seeds = set(_altered_in_catalog(resolved)) | set(_named_by(facts, resolved))
    wanted: list[tuple[ObjectName, Address]] = []
    shapes: list[ShapeQuestion] = []
    for difference in found:
        name = difference.name
        if difference.change is None or difference.change is ChangeKind.FORMATTING:
            continue
        if difference.live is not None:
            seeds.add(difference.live.address)
            if difference.change in _NEEDS_FACTS:
                wanted.append((name, difference.live.address))
        if difference.change is ChangeKind.NEW and name.kind in ROUTINES:
            seeds |= _overloads(name, resolved.snapshot)
        if name.kind is Kind.OPERATOR_CLASS and family_like(name) in live:
            seeds.add(live[family_like(name)])
        source = difference.declared.source if difference.declared else None
        if difference.live is not None and source is not None and name.kind is Kind.VIEW:
            view = source.facts
            if difference.change in _NEEDS_FACTS and isinstance(view, ViewFacts):
                shapes.append(ShapeQuestion(name, view.query, view.columns, source.settings))
    about = [d.name.parent for d in found if d.change is not None and d.name.kind in PROPERTY_KINDS]
    seeds |= {live[parent] for parent in about if parent is not None and parent in live}
    return CatalogQueries(frozenset(seeds), tuple(wanted), tuple(shapes))


def _altered_in_catalog(resolved: ResolvedProject) -> Iterator[Address]:
    """Yield the live objects whose dependents have to be looked at, because migrations alter them."""
    by_address = resolved.snapshot.by_address
    for statement in resolved.timeline.statements:
        for operation in statement.operations:
            is_declared = operation.effect in _OF_DECLARED and operation.name in resolved.declared
            if operation.object in by_address and (is_declared or operation.effect in _NOTICED_BY_DEPENDENTS):
                yield operation.object


def _named_by(facts: ServerFacts, resolved: ResolvedProject) -> Iterator[Address]:
    """Yield the live objects that the server named."""
    for fact in facts.of(Blocks):
        if fact.address is not None:
            yield Address(*fact.address)
        yield from _live(fact.object, resolved.snapshot)
    for outgrown in facts.of(Outgrown):
        yield from _live(outgrown.object, resolved.snapshot)
    for depends in facts.of(DependsOn):
        for end in (depends.dependent, depends.on):
            if not isinstance(end, StatementId):
                yield from _live(end, resolved.snapshot)


def _live(name: ObjectName, snapshot: Snapshot) -> tuple[Address, ...]:
    known = snapshot.objects.get(name)
    return () if known is None else (known.address,)


def _overloads(name: ObjectName, snapshot: Snapshot) -> set[Address]:
    """Return existing routines of the same name: a new overload may change what their callers mean (rule 5.3)."""
    others = snapshot.name_space.routines((name.schema or "", name.name))
    return {snapshot.objects[other].address for other in others if other.overloads(name)}
