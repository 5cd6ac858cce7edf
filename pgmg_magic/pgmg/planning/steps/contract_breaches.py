"""Finds breaking changes of interfaces that `-- pgmg: contract` pins, in the source or in what was applied last."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.model.naming.names import ROUTINES, Kind
from pgmg.model.plans.compatibility import Compatibility
from pgmg.model.plans.plan import ChangeKind
from pgmg.model.sources.contract import ContractBreach
from pgmg.model.sources.source import Effect

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pgmg.model.naming.names import ObjectName
    from pgmg.model.plans.compatibility import ClientImpact
    from pgmg.planning.schedule.context import PlanContext

_VIEWS = (Kind.VIEW, Kind.MATERIALIZED_VIEW)


def contract_breaches(context: PlanContext, clients: Sequence[ClientImpact]) -> tuple[ContractBreach, ...]:
    """Return a breach for each pinned object with a breaking change, in order.

    The judgement is that about clients. A view that depends on a column whose type a migration changes counts, too: the
    types of its columns are not known before the migration has run.
    """
    pins = _pins(context)
    if not pins:
        return ()
    found: dict[ObjectName, ContractBreach] = {}
    for impact in clients:
        if impact.compatibility is Compatibility.BREAKING and impact.object in pins:
            found[impact.object] = ContractBreach(impact.object, impact.reason, impact.where, pins[impact.object])
    for breach in _retyped(context, pins):
        found.setdefault(breach.object, breach)
    return tuple(found.values())


def _pins(context: PlanContext) -> dict[ObjectName, str | None]:
    """Return the pinned objects that exist, and where each one is declared.

    A routine that gets other parameters is another object: the pin of its new declaration is that of the old one.
    """
    pins: dict[ObjectName, str | None] = {}
    routines: dict[tuple[str | None, str], str] = {}
    for one in context.comparisons:
        if one.change is ChangeKind.DRIFTED:
            continue  # what was changed by hand gets its pinned interface again
        declared = None if one.declared is None else one.declared.source
        if declared is not None and declared.contract and one.name.kind in ROUTINES:
            routines[one.name.schema, one.name.name] = str(declared.location)
        if (declared is not None and declared.contract) or (one.row is not None and one.row.contract):
            recorded = None if one.row is None else one.row.path
            pins[one.name] = recorded if declared is None else f"{declared.location.path}:{declared.location.line}"
    for one in context.comparisons:
        replaced = one.change is ChangeKind.DELETED and one.name.kind in ROUTINES
        if replaced and (place := routines.get((one.name.schema, one.name.name))) is not None:
            pins.setdefault(one.name, place)
    return pins


def _retyped(context: PlanContext, pins: dict[ObjectName, str | None]) -> Iterator[ContractBreach]:
    graph = context.graph
    for statement in context.timeline.statements:
        for operation in statement.operations:
            id_ = operation.object
            if operation.effect is not Effect.RETYPE_COLUMN or id_ not in context.resolved.snapshot.by_address:
                continue
            users = [link.dependent for link in graph.dependents(id_) if link.uses_column(operation.column)]
            for user in (*users, *graph.dependents_closure(users)):
                name = graph.name(user)
                if name in pins and name.kind in _VIEWS:
                    column = f"{operation.name.display_name}.{operation.member}"
                    reason = f"it depends on {column}, which gets another type"
                    where = f"{statement.source.path}:{statement.statement.location.line}"
                    yield ContractBreach(name, reason, where, pins[name])
