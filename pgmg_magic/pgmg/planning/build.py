"""The second half of planning: from details to the finished plan."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pgmg.model.names import Kind, ObjectName
from pgmg.model.plan import (
    Action,
    Affected,
    ChangeKind,
    DatabaseInfo,
    Edge,
    Learned,
    MigrationImpact,
    Origin,
    Plan,
    PlanOptions,
    Record,
    Step,
)
from pgmg.model.plan_inputs import PlanInputs
from pgmg.model.source import Notice
from pgmg.planning.compare.consent import consent_notices
from pgmg.planning.compare.fingerprint import basis, fingerprint
from pgmg.planning.compare.report import change
from pgmg.planning.cycles import refuse_cycles
from pgmg.planning.fate import Fates, decide
from pgmg.planning.kinds.rules import AlterInPlace
from pgmg.planning.losses import refuse_losses
from pgmg.planning.node import Node, Phase
from pgmg.planning.order import order
from pgmg.planning.timeline import Timeline, timeline
from pgmg.planning.weave import CHECKED, UNCHECKED, weave

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pgmg.model.catalog_details import CatalogDetails, DriftEvidence
    from pgmg.planning.compare.changes import ObjectComparison
    from pgmg.planning.compare.resolved import ResolvedProject
    from pgmg.planning.fabric import Fabric


def build(
    resolved: ResolvedProject,
    found: Sequence[ObjectComparison],
    evidence: DriftEvidence,
    details: CatalogDetails,
    options: PlanOptions,
    learned: Learned = Learned(),
) -> Plan:
    """Return the plan.

    Raises:
        RefusedChange: it would lose something.
        CycleError: hard dependencies form a circle.
    """
    fates = decide(resolved, found, evidence, details, options, learned)
    refuse_cycles(resolved, fates)
    refuse_losses(fates, resolved, options)
    when = timeline(resolved, fates, learned)
    fabric = weave(resolved, fates, when, learned)
    nodes, given_up = order(fabric.nodes, fabric.hard, fabric.soft)
    steps = _number(_with_checks(nodes, given_up, fabric, fates))
    records = _records(found, steps)
    inputs = _inputs(resolved, found)
    server = resolved.snapshot.server
    parts = basis(inputs, server, options, steps, records)
    return Plan(
        fingerprint=fingerprint(parts),
        database=DatabaseInfo(server.database, server.version, server.version_num),
        migrations=_impacts(resolved, when),
        changes=tuple(change(d, resolved.checkout) for d in found if d.change is not None),
        steps=steps,
        edges=_edges(resolved, fates, steps, found, learned),
        warnings=_warnings(resolved, fates, found, steps),
        options=options,
        records=records,
        basis=parts,
        inputs=inputs,
        rebaseline=tuple(
            Record(d.name, d.declared.source, 1, d.recorded_key) for d in found if d.rebaseline and d.declared
        ),
    )


# -- steps ----------------------------------------------------------------------------------------------


def _with_checks(nodes: list[Node], given_up: Iterable[tuple[int, int]], fabric: Fabric, fates: Fates) -> list[Node]:
    """Make the routines of a broken circle unchecked, and check them once all of it is there (rule 2.5)."""
    late = {after for _, after in given_up}
    checked: list[Node] = []
    result = []
    for node in nodes:
        is_unchecked = node.id in late and node.name.kind in (Kind.FUNCTION, Kind.PROCEDURE)
        if node.phase is Phase.MIGRATE or not is_unchecked or node.source is None:
            result.append(node)
            continue
        result.append(replace(node, statements=(UNCHECKED, *node.statements, CHECKED)))
        checked.append(node)
    from pgmg.source.grammar.rewriting import or_replace

    for number, node in enumerate(checked, start=len(fabric.nodes)):
        assert node.source is not None
        lost = fates.lost_by_replacement.get(node.name, ())
        statements = (*node.source.settings, or_replace(node.source.sql), *lost)
        check = Node(
            number, node.slot, Phase.CHECK, Action.VALIDATE, node.name, statements,
            "its body is checked now that all it uses exists", node.location, node.managed, node.source,
        )  # fmt: skip
        result.append(check)
    return result


def _number(nodes: Sequence[Node]) -> tuple[Step, ...]:
    """Number the steps, and start a new group around everything that commits by itself (rule 9.2)."""
    steps = []
    group, after_alone = 1, False
    for number, node in enumerate(nodes, start=1):
        if number > 1 and (node.alone or after_alone):
            group += 1
        after_alone = node.alone
        steps.append(
            Step(
                number,
                node.action,
                node.name,
                node.statements,
                node.reason,
                node.location,
                group,
                node.managed,
                node.transactional,
                node.source,
                node.migration,
                None if node.reread is None else (node.reread.classid, node.reread.objid),
                node.properties,
                node.vanished,
            )
        )
    return tuple(steps)


def _inputs(resolved: ResolvedProject, found: Sequence[ObjectComparison]) -> PlanInputs:
    sources = [(d.declared, d.declared.source) for d in found if d.declared]
    return PlanInputs(
        sources=[(str(one.name), source.hash, source.location.path) for one, source in sources],
        catalog=[(str(d.name), d.live.address.objid, d.live.version) for d in found if d.live],
        pending=list(dict.fromkeys((m.file_name, m.hash) for m in resolved.pending)),
        state=resolved.snapshot.state,
        recorded=resolved.snapshot.migrations,
    )


# -- what is said about it --------------------------------------------------------------------------------


def _records(found: Sequence[ObjectComparison], steps: Sequence[Step]) -> tuple[Record, ...]:
    """Return what state is to say: once per object, in the group that touches it last."""
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


def _impacts(resolved: ResolvedProject, when: Timeline) -> tuple[MigrationImpact, ...]:
    found: dict[tuple[str, str], dict[ObjectName, Affected]] = {}
    touched: dict[tuple[str, str], dict[ObjectName, None]] = {}
    for migration, affected in zip(resolved.pending, when.affected, strict=True):
        impact = found.setdefault((migration.file_name, migration.path), {})
        touches = touched.setdefault((migration.file_name, migration.path), {})
        for alteration in migration.alterations:
            touches.update(dict.fromkeys(resolved.resolver.altered(alteration)))
        for name, (reason, because) in affected.items():
            impact.setdefault(name, Affected(name, reason, because))
    return tuple(MigrationImpact(*file, tuple(impact.values()), tuple(touched[file])) for file, impact in found.items())


def _edges(
    resolved: ResolvedProject, fates: Fates, steps: Sequence[Step], found: Sequence[ObjectComparison], learned: Learned
) -> tuple[Edge, ...]:
    """Return the dependencies of everything the plan touches; what the catalog says outranks parsing (rule 2.4)."""
    touched = {step.object for step in steps} | {d.name for d in found if d.change is not None}
    edges: dict[tuple[ObjectName, ObjectName], Edge] = {}
    for name, declared in resolved.declared.items():
        for use in declared.uses:
            if name in touched or use.object in touched:
                edges[name, use.object] = Edge(name, use.object, Origin.SOURCE, use.hard)
    for address in fates.web.definitions:
        name = fates.web.name(address)
        for link in fates.web.needs(address):
            other = fates.web.name(link.on)
            if (name in touched or other in touched) and (name, other) not in edges:
                edges[name, other] = Edge(name, other, Origin.CATALOG, hard=True)
    for name, on in learned.waits:
        edges[name, on] = Edge(name, on, Origin.ERROR, hard=True)
    return tuple(edges[key] for key in sorted(edges, key=lambda pair: (str(pair[0]), str(pair[1]))))


def _warnings(
    resolved: ResolvedProject, fates: Fates, found: Sequence[ObjectComparison], steps: Sequence[Step]
) -> tuple[Notice, ...]:
    said = list(resolved.notices)
    for strategy in fates.strategies.values():
        if isinstance(strategy, AlterInPlace):
            said += strategy.warnings
    said += consent_notices(resolved, found, {step.object for step in steps})
    said += _volatile_indexes(resolved, fates)
    return tuple(said)


def _volatile_indexes(resolved: ResolvedProject, fates: Fates) -> list[Notice]:
    """Warn where a replaced function stands under an index or generated column (rule 5.3)."""
    said = []
    for name, strategy in fates.strategies.items():
        live = resolved.snapshot.objects.get(name)
        if (
            live is None
            or not isinstance(strategy, AlterInPlace)
            or not strategy.statements
            or name.kind is not Kind.FUNCTION
        ):
            continue
        if fates.anew.means_another(name):  # the live one keeps its body under another name
            continue
        for link in fates.web.dependents(live.address):
            other = fates.web.definition(link.dependent)
            if other.name.kind is Kind.INDEX:
                index = other.name.display_name
                text = f"{other.name} was built with the old {name}: run REINDEX INDEX {index} afterwards."
                said.append(Notice("reindex", text))
            elif other.kept_by is not None:
                text = f"{other.name} holds values computed by the old {name}; they are not computed again."
                said.append(Notice("stale-values", text))
    return said
