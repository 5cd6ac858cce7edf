"""Puts a plan together: decisions, lifetimes, ordered steps, and what is said about them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pgmg.model.database.server_facts import NO_FACTS, DependsOn, ServerFacts, StatementId
from pgmg.model.naming.location import SourceLocation
from pgmg.model.naming.names import Kind, migration_name
from pgmg.model.plans.plan import (
    Action,
    ChangeKind,
    DatabaseInfo,
    Edge,
    Origin,
    Plan,
    Record,
    Step,
)
from pgmg.model.plans.plan_inputs import PlanInputs
from pgmg.model.sources.source import Effect, Notice
from pgmg.planning.compare.change_consent import consent_notices
from pgmg.planning.compare.fingerprint import basis, fingerprint
from pgmg.planning.compare.report import change
from pgmg.planning.demands.constraints import DemandContext, demands_of, users_among
from pgmg.planning.demands.soft_dependents import checked_routines
from pgmg.planning.demands.stale_stars import star_readers
from pgmg.planning.kinds.rules import AlterInPlace
from pgmg.planning.resolve.declared import NamesInText
from pgmg.planning.resolve.sql_names import target
from pgmg.planning.schedule.absence_notices import absent_between_commits, missed_by_statements
from pgmg.planning.schedule.context import PlanContext
from pgmg.planning.schedule.cycles import refuse_cycles
from pgmg.planning.schedule.decisions import decide
from pgmg.planning.schedule.lifetimes import Slot, SlotKey
from pgmg.planning.schedule.refusals import not_restorable_by_role, refuse_losses
from pgmg.planning.schedule.scheduler import Scheduler
from pgmg.planning.schedule.transactions import Transaction, Transactions
from pgmg.planning.steps.client_impacts import client_impacts
from pgmg.planning.steps.contract_breaches import contract_breaches
from pgmg.planning.steps.migration_effects import migration_effects, migration_impacts
from pgmg.planning.steps.nodes import Node, Phase
from pgmg.planning.steps.ordering import order
from pgmg.planning.steps.slot_steps import CHECKED, UNCHECKED, SlotSteps
from pgmg.source.grammar.rewriting import or_replace

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pgmg.model.database.catalog_details import CatalogDetails, DriftEvidence
    from pgmg.model.naming.names import ObjectName
    from pgmg.model.plans.plan import PlanOptions
    from pgmg.planning.compare.changes import ObjectComparison
    from pgmg.planning.compare.resolved import ResolvedProject
    from pgmg.planning.demands.constraints import Demands
    from pgmg.planning.replay.timeline import PendingStatement
    from pgmg.planning.schedule.decisions import Decisions
    from pgmg.planning.schedule.lifetimes import Lifetimes
    from pgmg.planning.schedule.presence import Presence


def build(
    resolved: ResolvedProject,
    found: Sequence[ObjectComparison],
    evidence: DriftEvidence,
    details: CatalogDetails,
    options: PlanOptions,
    facts: ServerFacts = NO_FACTS,
) -> Plan:
    """Return the plan.

    Raises:
        RefusedChange: it would lose something.
        CycleError: hard dependencies form a cycle.
    """
    context = PlanContext(resolved, found, evidence, details, options, facts)
    demands = _demands(context)
    decisions = decide(context, demands)
    scheduler = Scheduler(context, demands, decisions)
    lifetimes = scheduler.run()
    refuse_cycles(context)
    refuse_losses(context, lifetimes)
    last = SlotKey(context.timeline.end)
    lifetimes.checked = checked_routines(context, demands, lifetimes, scheduler.end_of_transaction, last)
    for key, slot in lifetimes.slots.items():
        for name, missing in slot.unchecked.items():
            end = scheduler.end_of_transaction(name, context.timeline.statements[key.point])
            lifetimes.checked.setdefault(end, {}).setdefault(name, missing)
    steps = _Steps(context, decisions, scheduler.presence, lifetimes).run()
    records = _records(found, steps)
    inputs = _inputs(resolved, found)
    clients = client_impacts(context, decisions, steps)
    server = resolved.snapshot.server
    parts = basis(inputs, server, options, steps, records)
    return Plan(
        fingerprint=fingerprint(parts),
        database=DatabaseInfo(server.database, server.version, server.version_num),
        migrations=tuple(migration_impacts(context, lifetimes)),
        changes=tuple(change(d, resolved.checkout) for d in found if d.change is not None),
        steps=steps,
        edges=_edges(context, steps),
        warnings=(
            *_warnings(context, decisions, found, steps),
            *not_restorable_by_role(context, lifetimes),
            *absent_between_commits(context, lifetimes),
            *missed_by_statements(context, lifetimes),
        ),
        options=options,
        records=records,
        basis=parts,
        inputs=inputs,
        clients=clients,
        breaches=contract_breaches(context, clients),
        removed=_removed(context, lifetimes),
        removed_names=context.removals.created_names(),
        effects=tuple(migration_effects(context.timeline)),
        star_readers=star_readers(context) if any(step.unread for step in steps) else (),
        rebaseline=tuple(
            Record(d.name, d.declared.source, 1, d.recorded_key) for d in found if d.rebaseline and d.declared
        ),
    )


def _demands(context: PlanContext) -> list[Demands]:
    timeline = context.timeline
    asked = DemandContext(
        timeline, context.graph, context.removals, context.declared, context.options.recreate, context.blocking,
        context.not_replaceable, context.outgrown,
    )  # fmt: skip
    found = []
    for number in range(len(timeline.migrations)):
        statements = timeline.of_migration(number)
        waited_for = [context.declared.id_of(n) for s in statements for n in context.waiting_for.get(s.number, ())]
        found.append(demands_of(number, users_among(waited_for, statements), asked))
    return found


# -- steps ------------------------------------------------------------------------------------------------------


class _Steps:
    """Numbers the steps: those of the slots, each in its order, and between them the migrations."""

    def __init__(self, context: PlanContext, decisions: Decisions, presence: Presence, lifetimes: Lifetimes) -> None:
        self._context, self._decisions = context, decisions
        self._presence, self._lifetimes = presence, lifetimes
        self._transactions = Transactions(context.timeline, context.own_transactions)
        self._steps: list[Step] = []
        self._group = 1
        self._is_closed = False  # what comes next begins another transaction
        self._migration = 0  # the next to be run
        self._crossed = -1  # the last point at which a transaction ended

    def run(self) -> tuple[Step, ...]:
        """Return the steps."""
        timeline = self._context.timeline
        last = SlotKey(timeline.end)
        self._lifetimes.slot(last)
        for key in self._invalid_indexes():
            self._lifetimes.slot(key)
        keys = sorted({*self._lifetimes.slots, *self._lifetimes.checked, *self._lifetimes.default_privileges})
        at = 0
        for key in keys:
            nodes = self._nodes(key, self._lifetimes.slots.get(key, Slot()), is_last=key == last)
            if nodes or key == last:
                self._migrate(at, key.point)
                at = key.point
            if key.after_commit and nodes:
                self._cross(key.point)
            for node in nodes:
                self._add(node)
        return tuple(self._steps)

    # -- one slot

    def _nodes(self, key: SlotKey, slot: Slot, *, is_last: bool) -> list[Node]:
        graph = SlotSteps(self._context, self._decisions, self._presence, self._lifetimes, key, slot)
        built = graph.build(is_last=is_last)
        for name in self._invalid_indexes().get(key, ()):
            reason = "left invalid by a failed concurrent build"
            graph.node(Phase.DROP, Action.DROP, name, (f"DROP {target(name)}",), reason)
        nodes, given_up = order(built.nodes, built.hard, built.soft)
        early = slot.unchecked
        nodes = [_unchecked(one) if one.name in early and one.action is Action.CREATE else one for one in nodes]
        return _with_checks(nodes, given_up, self._context)

    def _invalid_indexes(self) -> dict[SlotKey, list[ObjectName]]:
        """`IF NOT EXISTS` would accept what a failed concurrent build left behind (rule 9.2)."""
        found: dict[SlotKey, list[ObjectName]] = {}
        for statement in self._context.timeline.statements:
            for operation in statement.operations:
                is_created = operation.effect is Effect.CREATE or operation.keeps_existing
                if operation.name.kind is not Kind.INDEX or not is_created:
                    continue
                live = self._context.resolved.snapshot.objects.get(operation.name)
                if live is not None and not live.valid:
                    first = self._context.timeline.first[statement.migration]
                    found.setdefault(
                        SlotKey(first, 0 if self._transactions.runs_alone(statement.source) else 1), []
                    ).append(live.name)
        return found

    def _add(self, node: Node) -> None:
        if node.own_transaction and self._steps:
            self._is_closed = True
        self._begin()
        self._steps.append(
            Step(
                len(self._steps) + 1,
                node.action,
                node.name,
                node.statements,
                node.reason,
                node.location,
                self._group,
                node.managed,
                source=node.source,
                properties=node.properties,
                runtime=node.runtime,
                noticed_by=node.noticed_by,
                beside=node.beside,
            )
        )
        self._is_closed = node.own_transaction

    def _cross(self, point: int) -> None:
        """End the transaction where one ends at a point."""
        if point > self._crossed and self._transactions.commits_before(point):
            self._is_closed = True
        self._crossed = max(point, self._crossed)

    def _begin(self) -> None:
        if self._is_closed and self._steps:
            self._group += 1
        self._is_closed = False

    # -- migrations

    def _migrate(self, begin: int, end: int) -> None:
        """Add the statements between two points, one step for each migration; empty migrations have a step as well."""
        timeline = self._context.timeline
        at = begin
        while self._migration < len(timeline.migrations):
            number = self._migration
            last = min(end, timeline.first[number + 1])
            is_empty = timeline.first[number] == timeline.first[number + 1]
            if at < last or is_empty:
                self._cross(at)
                self._add_part(number, timeline.statements[at:last])
                at = max(at, last)
            if timeline.first[number + 1] > end:
                return
            self._migration += 1

    def _add_part(self, number: int, part: Sequence[PendingStatement]) -> None:
        migration = self._context.timeline.migrations[number]
        name, location = migration.name, SourceLocation(migration.path, 1, 1)
        is_whole = len(part) == len(migration.sent)
        if part and not is_whole:
            begins = next((s for s in part if not s.statement.sets), part[0])
            line, column = begins.statement.position
            name += f":{line}" + (f":{column}" if column > 1 else "")
            location = SourceLocation(migration.path, line, column)
        alone = self._transactions.runs_alone(migration)
        is_single = len(part) == 1 and self._transactions.of(part[0]) is Transaction.SINGLE
        is_transactional = not alone or (is_single and self._shares_transaction(part[0]))
        self._is_closed = self._is_closed or not is_transactional
        self._begin()
        self._steps.append(
            Step(
                len(self._steps) + 1,
                Action.MIGRATE,
                migration_name(name),
                tuple(s.statement.sql for s in part),
                "pending" if is_whole else "pending, in parts",
                location,
                self._group,
                transactional=is_transactional,
                migration=migration,
                first_statement=part[0].index if part else len(migration.sent),
                unread=tuple(n for n, s in enumerate(part) if s.may_notice_all),
            )
        )
        self._is_closed = not is_transactional

    def _shares_transaction(self, statement: PendingStatement) -> bool:
        """Say whether a statement that commits by itself has steps in its transaction."""
        before, after = SlotKey(statement.number), SlotKey(statement.number + 1, 0)
        return any(not self._lifetimes.slots.get(key, Slot()).is_empty for key in (before, after))


def _with_checks(nodes: list[Node], given_up: Iterable[tuple[int, int]], context: PlanContext) -> list[Node]:
    """Create the routines of a broken cycle unchecked, and check them once all of it exists (rule 2.5)."""
    late = {after for _, after in given_up}
    checked: list[Node] = []
    result = []
    for node in nodes:
        is_unchecked = node.id in late and node.name.kind in (Kind.FUNCTION, Kind.PROCEDURE)
        if not is_unchecked or node.source is None or UNCHECKED in node.statements:
            result.append(node)
            continue
        result.append(_unchecked(node))
        checked.append(node)
    for number, node in enumerate(checked, start=len(nodes)):
        assert node.source is not None
        lost = context.lost_by_replacement.get(node.name, ())
        statements = (*node.source.settings, or_replace(node.source.sql), *lost)
        reason = "its body is checked now that all it uses exists"
        result.append(
            Node(number, Phase.VALIDATE, Action.VALIDATE, node.name, statements, reason, node.location, node.managed,
                 node.source)
        )  # fmt: skip
    return result


def _unchecked(node: Node) -> Node:
    return replace(node, statements=(UNCHECKED, *node.statements, CHECKED))


def _removed(context: PlanContext, lifetimes: Lifetimes) -> tuple[tuple[int, int], ...]:
    """Return the objects of the catalog that migrations or steps drop, as far as it is known."""
    ids = {*context.removals.statements, *lifetimes.drop_keys, *lifetimes.dropped_along}
    return tuple(sorted((id_.classid, id_.objid) for id_ in ids if id_.classid))


def _inputs(resolved: ResolvedProject, found: Sequence[ObjectComparison]) -> PlanInputs:
    """Return what the plan was made from."""
    sources = [(d.declared, d.declared.source) for d in found if d.declared]
    return PlanInputs(
        sources=[(str(one.name), source.hash, source.location.path) for one, source in sources],
        catalog=[(str(d.name), d.live.address.objid, d.live.version) for d in found if d.live],
        pending=[(m.name, m.hash) for m in resolved.pending],
        state=resolved.snapshot.state,
        recorded=resolved.snapshot.migrations,
    )


# -- what is said about it -----------------------------------------------------------------------------------------


def _records(found: Sequence[ObjectComparison], steps: Sequence[Step]) -> tuple[Record, ...]:
    """Return what state is to say: once for each object, in the transaction that touches it last."""
    groups = {step.object: step.group for step in steps}
    last = max((step.group for step in steps), default=1)
    records = []
    for difference in found:
        touched = groups.get(difference.name)
        if difference.change is ChangeKind.DELETED:
            records.append(Record(difference.name, None, touched or last, difference.recorded_key))
        elif difference.declared is not None and (difference.change is not None or touched is not None):
            source = difference.declared.source
            records.append(Record(difference.name, source, touched or last, difference.recorded_key))
    return tuple(records)


def _edges(context: PlanContext, steps: Sequence[Step]) -> tuple[Edge, ...]:
    """Return the dependencies of everything the plan touches; what the catalog says outranks parsing (rule 2.4)."""
    touched = {step.object for step in steps} | {d.name for d in context.changed}
    edges: dict[tuple[ObjectName, ObjectName], Edge] = {}
    in_text = NamesInText.of(name for name in touched if name.kind is not Kind.MIGRATION)
    for name, declared in context.resolved.declared.items():
        if name not in touched and not in_text.may_be_in(declared):
            continue
        for use in declared.uses:
            if name in touched or use.object in touched:
                edges[name, use.object] = Edge(name, use.object, Origin.SOURCE, use.hard)
    for address in context.graph.definitions:
        name = context.graph.name(address)
        for link in context.graph.needs(address):
            other = context.graph.name(link.on)
            if (name in touched or other in touched) and (name, other) not in edges:
                edges[name, other] = Edge(name, other, Origin.CATALOG, hard=True)
    for fact in context.facts.of(DependsOn):
        name, other = (_shown(end) for end in (fact.dependent, fact.on))
        edges[name, other] = Edge(name, other, Origin.ERROR, hard=True)
    return tuple(edges[key] for key in sorted(edges, key=lambda pair: (str(pair[0]), str(pair[1]))))


def _shown(end: ObjectName | StatementId) -> ObjectName:
    return migration_name(end.migration) if isinstance(end, StatementId) else end


def _warnings(
    context: PlanContext, decisions: Decisions, differences: Sequence[ObjectComparison], steps: Sequence[Step]
) -> tuple[Notice, ...]:
    found = list(context.resolved.notices)
    for strategy in decisions.strategies.values():
        if isinstance(strategy, AlterInPlace):
            found += strategy.warnings
    doubtful = [d for d in differences if d.change is not ChangeKind.DELETED or not _is_renamed(d.name, context)]
    found += consent_notices(context.resolved, doubtful, {step.object for step in steps})
    return (*found, *_stale_values(context, decisions))


def _is_renamed(name: ObjectName, context: PlanContext) -> bool:
    """Say whether an object is declared under the name that it has, or its table or schema, after the migrations."""
    now = _name_afterwards(name, context)
    return now != name and now in context.declared


def _name_afterwards(name: ObjectName, context: PlanContext) -> ObjectName:
    live = context.resolved.snapshot.objects.get(name)
    if live is not None:
        return context.timeline.final.name_of(live.address)
    return name if name.parent is None else replace(name, parent=_name_afterwards(name.parent, context))


def _stale_values(context: PlanContext, decisions: Decisions) -> Iterator[Notice]:
    """Warn where a replaced function is used by an index or generated column (rule 5.3)."""
    for name, strategy in decisions.strategies.items():
        live = context.resolved.snapshot.objects.get(name)
        if live is None or not isinstance(strategy, AlterInPlace) or not strategy.statements:
            continue
        if name.kind is not Kind.FUNCTION or context.declared.id_of(name) != live.address:
            continue
        for link in context.graph.dependents(live.address):
            other = context.graph.definition(link.dependent)
            if other.name.kind is Kind.INDEX:
                index = other.name.display_name
                text = f"{other.name} was built with the old {name}: run REINDEX INDEX {index} afterwards."
                yield Notice("reindex", text)
            elif other.kept_by is not None:
                text = f"{other.name} holds values computed by the old {name}; they are not computed again."
                yield Notice("stale-values", text)
