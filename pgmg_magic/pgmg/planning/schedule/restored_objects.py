"""Says which dropped objects are restored from the catalog: not those of the code folder or parts of others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.model.naming.names import Kind, ObjectName
from pgmg.model.sources.source import Effect
from pgmg.planning.kinds.domain_constraints import is_of_domain_source
from pgmg.planning.kinds.rules import AlterInPlace

if TYPE_CHECKING:
    from pgmg.planning.replay.schema_state import ObjectId
    from pgmg.planning.schedule.context import PlanContext
    from pgmg.planning.schedule.decisions import Decisions
    from pgmg.planning.schedule.lifetimes import Lifetimes
    from pgmg.planning.schedule.presence import Presence


class RestoredObjects:
    """Answers for one plan, as far as it has been worked out."""

    def __init__(self, context: PlanContext, decisions: Decisions, presence: Presence, lifetimes: Lifetimes) -> None:
        self._context, self._decisions = context, decisions
        self._presence, self._lifetimes = presence, lifetimes
        self._declared = context.declared

    def predecessor(self, name: ObjectName) -> ObjectId | None:
        """Return the managed object whose place a declared one takes because the old one has another name now."""
        live = self._context.resolved.snapshot.objects.get(name)
        if live is None or self._declared.id_of(name) == live.address or not self.is_superseded(live.address):
            return None
        return live.address

    def is_superseded(self, id_: ObjectId) -> bool:
        """Say whether a schema or type has given a managed object another name, which is not declared."""
        before = self._context.timeline.state(0).name_of(id_)
        if before not in self._context.resolved.declared or self._declared.name_of(id_) is not None:
            return False
        explicit = (Effect.RENAME, Effect.SET_SCHEMA)
        operations = self._context.timeline.operations_on(id_)
        return not any(o.effect in explicit and o.moved_with is None for o in operations)

    def is_restored(self, id_: ObjectId) -> bool:
        """Say whether an absent object is created again from the definition that it had."""
        if self._declared.name_of(id_) is not None or id_ in self._presence.deleted or self.is_superseded(id_):
            return False
        if self._context.is_deleted(self._context.timeline.state(0).name_of(id_)):
            return False
        if self._context.graph.goes_with(id_, self._presence.deleted):
            return False
        return not self._loses_what_it_needs(id_) and not self.comes_with_its_whole(id_)

    def _loses_what_it_needs(self, id_: ObjectId) -> bool:
        """Say whether something that an object needs is deleted for good."""
        graph = self._context.graph
        if id_ not in graph.definitions:
            return False
        return any(self._is_gone_for_good(link.on) for link in graph.definition_needs(id_))

    def _is_gone_for_good(self, id_: ObjectId) -> bool:
        name = self._context.graph.name(id_)
        return self._context.is_deleted(name) and not self._context.resolved.overloads(name)

    def comes_with_its_whole(self, id_: ObjectId) -> bool:
        """Say whether creating another object creates it: a constraint creates its index, a domain its checks."""
        graph = self._context.graph
        if id_ not in graph.definitions:
            whole = self._context.timeline.history.parent_of(id_)
            return whole in self._presence.absent or self._is_created(whole)
        if any(link.is_internal for link in graph.needs(id_)):
            return True
        name = graph.name(id_)
        domain = name.parent
        if name.kind is not Kind.CONSTRAINT or domain is None or domain.kind is not Kind.DOMAIN:
            return False
        strategy = self._decisions.strategies.get(domain)
        if isinstance(strategy, AlterInPlace) and name.name in strategy.redefines:
            return True
        holder = self._context.timeline.state(0).holder(domain)
        declared = self._context.resolved.declared.get(domain)
        if declared is None:
            is_restored = self._is_created(holder)
            return holder in self._presence.absent or is_restored
        is_declared = is_of_domain_source(name, (declared.source, self._decisions.previous.get(domain)))
        return is_declared and self._is_created(holder)

    def _is_created(self, id_: ObjectId | None) -> bool:
        return any(id_ in slot.creations for slot in self._lifetimes.slots.values())
