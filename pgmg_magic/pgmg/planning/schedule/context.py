"""Everything that scheduling looks at: sources, database, pending migrations, and what the server taught."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from pgmg.model.database.server_facts import (
    NO_FACTS,
    Blocks,
    CannotReplace,
    CannotRestore,
    Changed,
    DependsOn,
    Exists,
    Missing,
    NeedsOwnTransaction,
    Outgrown,
    ServerFacts,
    StatementId,
)
from pgmg.model.database.snapshot import Address
from pgmg.model.lazy_dataclass import dataclass
from pgmg.model.naming.names import RELATIONS, TYPES, Kind
from pgmg.model.naming.quoting import spell
from pgmg.model.plans.plan import ChangeKind
from pgmg.planning.compare.attachments import LiveAttachments
from pgmg.planning.demands.constraints import keeps_columns
from pgmg.planning.demands.dependencies import DependencyGraph
from pgmg.planning.demands.implied_families import family_like, implied_family, is_migrated
from pgmg.planning.demands.removals import Removals, removals_of
from pgmg.planning.replay.object_operations import LEAVES_NAME
from pgmg.planning.schedule.declared_objects import DeclaredObjects
from pgmg.planning.steps.default_privileges_order import may_change_default_privileges
from pgmg.source.grammar.operator_classes import count_members

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pgmg.model.database.catalog_details import CatalogDetails, DriftEvidence
    from pgmg.model.naming.names import ObjectName
    from pgmg.model.plans.plan import PlanOptions
    from pgmg.planning.compare.changes import ObjectComparison
    from pgmg.planning.compare.resolved import ResolvedProject
    from pgmg.planning.replay.schema_state import ObjectId
    from pgmg.planning.replay.timeline import PendingStatement, Timeline


@dataclass(frozen=True)
class PlanContext:
    """The inputs of one plan."""

    resolved: ResolvedProject
    comparisons: Sequence[ObjectComparison]
    evidence: DriftEvidence
    details: CatalogDetails
    options: PlanOptions
    facts: ServerFacts = NO_FACTS

    @property
    def timeline(self) -> Timeline:
        """The pending statements."""
        return self.resolved.timeline

    @cached_property
    def graph(self) -> DependencyGraph:
        """The dependencies of the catalog."""
        return DependencyGraph(self.details.closure)

    @cached_property
    def removals(self) -> Removals:
        """The objects that pending migrations remove."""
        return removals_of(self.timeline, self.graph)

    @cached_property
    def declared(self) -> DeclaredObjects:
        """The objects of the code folder."""
        return DeclaredObjects(self.resolved.declared, self.timeline)

    @cached_property
    def differences(self) -> Mapping[ObjectName, ObjectComparison]:
        """The comparisons by name."""
        return {comparison.name: comparison for comparison in self.comparisons}

    @cached_property
    def renamed_types(self) -> Mapping[str, str]:
        """The types that pending migrations rename or move, as the catalog spells them, with what they become."""
        if not self.timeline.statements:
            return {}
        before, after = self.timeline.state(0), self.timeline.final
        kinds = TYPES | RELATIONS
        types = [live.address for name, live in self.resolved.snapshot.objects.items() if name.kind in kinds]
        pairs = ((before.name_of(id_), after.name_of(id_)) for id_ in types)
        return {_spelled(old): _spelled(new) for old, new in pairs if (old.schema, old.name) != (new.schema, new.name)}

    @cached_property
    def changed(self) -> tuple[ObjectComparison, ...]:
        """Those about which something is to be done."""
        return tuple(comparison for comparison in self.comparisons if comparison.change is not None)

    def is_deleted(self, name: ObjectName) -> bool:
        """Say whether a recorded object is no longer declared."""
        known = self.differences.get(name)
        if known is None and name.kind is Kind.OPERATOR_FAMILY:
            return name in map(family_like, self.implied_families.values())
        return known is not None and known.change is ChangeKind.DELETED

    @cached_property
    def implied_families(self) -> Mapping[ObjectId, ObjectName]:
        """The operator families that go with a class that is deleted or declared in another family, by address."""
        found: dict[ObjectId, ObjectName] = {}
        for one in self.changed:
            name, snapshot = one.name, self.resolved.snapshot
            if name.kind is not Kind.OPERATOR_CLASS or one.change not in {ChangeKind.DELETED, ChangeKind.MODIFIED}:
                continue
            stays = one.declared is not None and count_members(one.declared.source.sql) is not None
            if stays or family_like(name) in self.differences:
                continue
            family = implied_family(name, one.recorded_sql, snapshot.addresses, self.details.closure.dependencies)
            if family is not None and not is_migrated(family_like(name), self.resolved.files):
                found[family] = name
        return found

    @cached_property
    def lost_by_replacement(self) -> Mapping[ObjectName, tuple[str, ...]]:
        """Statements that restore the properties of a routine that CREATE OR REPLACE resets."""
        live = self.resolved.snapshot.by_address
        extended = self.details.extension_dependents.items()
        return {live[address].name: statements for address, statements in extended if address in live}

    @cached_property
    def attachments(self) -> LiveAttachments:
        """The comments, owners and privileges that the database has."""
        resolved = self.resolved
        return LiveAttachments.of(resolved.declared, resolved.snapshot, self.evidence, resolved.expected)

    @cached_property
    def default_privileges_may_change(self) -> bool:
        """Whether new objects may get other privileges by themselves than when the plan is made."""
        is_declared = any(difference.name.kind is Kind.DEFAULT_PRIVILEGES for difference in self.changed)
        return is_declared or any(may_change_default_privileges(s.statement) for s in self.timeline.statements)

    # -- what migrations do to declared objects ---------------------------------------------------------------

    @cached_property
    def found_to_exist(self) -> frozenset[ObjectName]:
        """Declared objects that the server has found to be created by migrations."""
        return frozenset(fact.object for fact in self.facts.of(Exists))

    @cached_property
    def found_changed(self) -> frozenset[ObjectName]:
        """Objects whose definition statements change that cannot be read."""
        return frozenset(fact.object for fact in self.facts.of(Changed))

    @cached_property
    def touched_by_migrations(self) -> frozenset[ObjectName]:
        """Declared objects that a pending migration itself creates, alters or drops (rule 7.4)."""
        found = set(self.found_to_exist | self.found_changed)
        for statement in self.timeline.statements:
            for operation in statement.operations:
                if operation.changes_definition:
                    names = (operation.name, operation.becomes)
                    found.update(name for name in names if name is not None and name in self.resolved.declared)
        return frozenset(found | self.renamed_with_their_table)

    @cached_property
    def renamed_with_their_table(self) -> frozenset[ObjectName]:
        """Declared triggers, policies and rules that exist already, on a table that a pending migration renames."""
        operations = (operation for statement in self.timeline.statements for operation in statement.operations)
        if not any(operation.effect in LEAVES_NAME for operation in operations):
            return frozenset()
        live = self.resolved.snapshot.by_address
        parts = ((name, live.get(self.declared.id_of(name))) for name in self.resolved.declared if name.parent)
        return frozenset(name for name, known in parts if known is not None and known.name != name)

    @cached_property
    def first_uses(self) -> Mapping[ObjectId, int]:
        """The first statement that names an object."""
        found: dict[ObjectId, int] = {}
        for statement in self.timeline.statements:
            for use in statement.uses:
                id_ = self.declared.id_of(use.name) if use.object is None else use.object
                found.setdefault(id_, statement.number)
        return found

    # -- what the server taught --------------------------------------------------------------------------------

    @cached_property
    def _numbers(self) -> Mapping[StatementId, int]:
        return {statement_id(s): s.number for s in self.timeline.statements}

    def number_of(self, statement: StatementId) -> int | None:
        """Return the number of a statement, or None where it has run already."""
        return self._numbers.get(statement)

    @cached_property
    def blocking(self) -> Mapping[int, tuple[ObjectId, ...]]:
        """Objects of which the server said that they block a statement, by its number."""
        found: dict[int, tuple[ObjectId, ...]] = {}
        for fact in self.facts.of(Blocks):
            number = self.number_of(fact.statement)
            if number is not None and (id_ := self._blocking_object(fact, number)) is not None:
                found[number] = (*found.get(number, ()), id_)
        return found

    @cached_property
    def outgrown(self) -> Mapping[int, Mapping[ObjectName, ObjectName | None]]:
        """Declared objects whose `*` stands for other columns after a statement, by its number.

        The server has said so of some (None). The others read one of them by `*`.
        """
        found: dict[int, dict[ObjectName, ObjectName | None]] = {}
        for fact in self.facts.of(Outgrown):
            number = self.number_of(fact.statement)
            if number is not None and fact.object in self.declared:
                found.setdefault(number, {})[fact.object] = None
        for names in found.values():
            queue = list(names)
            for read in queue:
                for user, use in self.declared.users.get(read, ()):
                    if use.star and user not in names and keeps_columns(user, self.declared):
                        names[user] = read
                        queue.append(user)
        return found

    @cached_property
    def outgrown_before(self) -> tuple[ObjectName, ...]:
        """Declared objects whose `*` stands for other columns since a statement that is not pending any more."""
        facts = self.facts.of(Outgrown)
        found = (fact.object for fact in facts if self.number_of(fact.statement) is None)
        return tuple(name for name in found if name in self.declared)

    def _blocking_object(self, fact: Blocks, number: int) -> ObjectId | None:
        """Return the object that a fact is about, by its name when the statement runs or else by its address."""
        holder = self.timeline.state(number).holder_of_kind(fact.object)
        if holder is not None:
            return holder
        if fact.address is not None:
            return Address(*fact.address)
        return self.declared.id_of(fact.object) if fact.object in self.declared else None

    @cached_property
    def waiting_for(self) -> Mapping[int, tuple[ObjectName, ...]]:
        """Declared objects that the server found to be missing when a statement ran, by its number."""
        found: dict[int, tuple[ObjectName, ...]] = {}
        for fact in self.facts.of(DependsOn):
            if isinstance(fact.dependent, StatementId) and not isinstance(fact.on, StatementId):
                number = self.number_of(fact.dependent)
                if number is not None:
                    found[number] = (*found.get(number, ()), fact.on)
        return found

    @cached_property
    def not_before(self) -> Mapping[ObjectName, int]:
        """Declared objects that cannot be created before a point."""
        found: dict[ObjectName, int] = {}
        for fact in self.facts.of(DependsOn):
            if isinstance(fact.on, StatementId) and not isinstance(fact.dependent, StatementId):
                number = self.number_of(fact.on)
                if number is not None:
                    found[fact.dependent] = max(found.get(fact.dependent, 0), number + 1)
        return found

    @cached_property
    def not_replaceable(self) -> frozenset[ObjectName]:
        """Objects that the server would not change in place."""
        return frozenset(fact.object for fact in self.facts.of(CannotReplace))

    @cached_property
    def not_restorable(self) -> frozenset[ObjectName]:
        """Objects whose definition in the catalog no longer compiles: unmanaged ones may go."""
        return frozenset(fact.object for fact in self.facts.of(CannotRestore))

    @cached_property
    def missing(self) -> frozenset[ObjectName]:
        """Objects that migrations have removed before pgmg came to drop them."""
        return frozenset(fact.object for fact in self.facts.of(Missing) if fact.column is None)

    def missing_columns(self, name: ObjectName) -> frozenset[str]:
        """Return the columns of an object, or constraints and the like, that are no longer there."""
        return frozenset(f.column for f in self.facts.of(Missing) if f.object == name and f.column is not None)

    @cached_property
    def own_transactions(self) -> frozenset[ObjectName]:
        """Steps that have to be committed before the next one."""
        return frozenset(fact.object for fact in self.facts.of(NeedsOwnTransaction))


def statement_id(statement: PendingStatement) -> StatementId:
    """Return what facts call a statement."""
    return StatementId(statement.source.name, *statement.statement.position)


def _spelled(name: ObjectName) -> str:
    """Return a type as facts of the catalog spell it."""
    return f"{spell(name.schema or 'public')}.{spell(name.name)}"
