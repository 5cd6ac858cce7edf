"""Says which steps of one slot come before which (rules 7.1 to 7.5)."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from pgmg.model.database.server_facts import DependsOn, StatementId
from pgmg.model.naming.names import ROUTINES, Kind, ObjectName
from pgmg.model.plans.plan import Action
from pgmg.planning.kinds.rules import AlterInPlace
from pgmg.planning.steps.nodes import Phase

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgmg.planning.replay.schema_state import ObjectId
    from pgmg.planning.steps.slot_steps import SlotSteps


class StepOrder:
    """Adds edges between the nodes of a slot."""

    def __init__(self, steps: SlotSteps) -> None:
        self._steps, self._context, self._decisions = steps, steps.context, steps.decisions
        self._graph = steps.graph
        self._before = steps.graph.before

    def add_edges(self) -> None:
        """Add all edges."""
        self._order_drops()
        self._order_builds()
        self._order_same_names()
        self._order_creations()
        self._order_removals()
        self._order_conversions()
        self._order_learned()
        self._order_own_transactions()
        self._order_event_triggers()

    def _order_drops(self) -> None:
        graph, drops = self._context.graph, self._steps.drops
        for id_, node in drops.items():
            if id_ in self._steps.creations and not self._steps.creations[id_].first.beside:
                self._before(node.id, self._steps.creations[id_].first.id)
            for link in graph.dependents(id_):
                if link.dependent in drops:
                    self._before(drops[link.dependent].id, node.id)
                if (link.dependent, id_) in self._steps.slot.released:
                    for made in self._steps.made.get(graph.name(link.dependent), ()):
                        self._before(made.last.id, node.id)
            for needed in self._needs(id_):
                if needed in drops:
                    self._before(node.id, drops[needed].id)
            for use in self._context.declared.uses(self._steps.name_of(id_)):
                other = drops.get(self._context.declared.id_of(use.object))
                if other is not None:
                    self._before(node.id, other.id, hard=False)

    def _order_builds(self) -> None:
        """Put the builds beside former objects before everything that locks what is read meanwhile."""
        drops = list(self._steps.drops.values())
        for made in (one for nodes in self._steps.made.values() for one in nodes if one.first.beside):
            built = made.built or made.last
            for drop in drops:
                is_own = drop.action is Action.SWAP and drop.name in built.beside
                self._before(built.id, drop.id, hard=is_own)

    def _needs(self, id_: ObjectId) -> list[ObjectId]:
        return self._steps.presence.needs_of(id_) if id_ not in self._context.graph.definitions else []

    def _order_same_names(self) -> None:
        """A table, view or type follows another kind of object of the same name."""
        places = defaultdict(list)
        for id_, node in self._steps.drops.items():
            places[node.name.schema, node.name.name].append((id_, node))
        for name, made in self._steps.made.items():
            for id_, drop in places.get((name.schema, name.name), ()) if places else ():
                if drop.name != name or id_ not in self._steps.creations:
                    for one in made:
                        if one.last.phase is not Phase.COMMENTS_GRANTS:
                            self._before(drop.id, one.first.id)

    def _order_creations(self) -> None:
        for name, nodes in self._steps.made.items():
            for used, is_hard in self._uses(name):
                for other in self._steps.made.get(used, ()):
                    # a routine that is only checked existed before, but a view that is filled through it runs it
                    if other.is_check and name.kind in ROUTINES:
                        continue
                    for node in nodes:
                        ready = other.ready_for(node.first, used)
                        self._before(ready.id, node.first.id, hard=is_hard and not other.is_check)
            if name.kind is Kind.MATERIALIZED_VIEW:
                self._order_rows(name)
        for id_, made in self._steps.creations.items():
            for needed in self._needs(id_):
                if needed in self._steps.creations:
                    ready = self._steps.creations[needed].ready_for(made.first, self._steps.name_of(needed))
                    self._before(ready.id, made.first.id)

    def _order_rows(self, name: ObjectName) -> None:
        """A materialized view is filled after all that changes behind objects that stay as they are, too."""
        behind: dict[ObjectName, None] = {}
        waiting = [name]
        while waiting:
            new = [used for used, _ in self._uses(waiting.pop()) if used not in behind and used != name]
            behind |= dict.fromkeys(new)
            waiting += [used for used in new if used not in self._steps.made]
        for node in self._steps.made[name]:
            for used in behind:
                for other in self._steps.made.get(used, ()):
                    self._before(other.ready_for(node.first, used).id, node.first.id, hard=False)

    def _uses(self, name: ObjectName) -> dict[tuple[ObjectName, bool], None]:
        """Return (object, hard) for everything that has to exist first."""
        found: dict[tuple[ObjectName, bool], None] = {}
        for use in self._context.declared.uses(name):
            found[use.object, use.hard] = None
        if name.kind is Kind.GRANT:  # ALTER … OWNER TO rewrites what has been granted
            found[ObjectName(Kind.OWNER, parent=name.parent), True] = None
        about = name.parent
        while about is not None:
            found[about, True] = None
            about = about.parent
        difference = self._context.differences.get(name)
        if difference is None or difference.change is None:
            for needed in self._catalog_needs(name):
                instead = self._context.resolved.overloads(needed) if self._context.is_deleted(needed) else ()
                found.update(dict.fromkeys((one, True) for one in (needed, *instead)))
        return found

    def _catalog_needs(self, name: ObjectName) -> Iterator[ObjectName]:
        id_ = self._steps.created_ids.get(name)
        if id_ is None:
            live = self._context.resolved.snapshot.objects.get(name)
            id_ = None if live is None else live.address
        for link in self._context.graph.needs(id_) if id_ is not None else ():
            yield self._steps.name_of(link.on)

    def _order_removals(self) -> None:
        """Order revocations and the like after the recreation of their object."""
        for node in self._steps.removals:
            about = node.name.parent
            while about is not None:
                for made in self._steps.made.get(about, ()):
                    self._before(made.last.id, node.id)
                about = about.parent

    def _order_conversions(self) -> None:
        """A type's table columns are converted while nothing depends on them."""
        for name, strategy in self._decisions.strategies.items():
            if not isinstance(strategy, AlterInPlace) or not strategy.shakes:
                continue
            own = self._context.declared.id_of(name)
            for node in self._steps.made.get(name, ()):
                for id_, drop in self._steps.drops.items():
                    if (own, id_) not in self._steps.slot.released:  # else it is dropped when nothing uses it any more
                        self._before(drop.id, node.first.id)
                    if id_ in self._steps.creations:
                        self._before(node.last.id, self._steps.creations[id_].first.id)

    def _order_learned(self) -> None:
        for fact in self._context.facts.of(DependsOn):
            if isinstance(fact.dependent, StatementId) or isinstance(fact.on, StatementId):
                continue
            for node in self._steps.made.get(fact.dependent, ()):
                for other in self._steps.made.get(fact.on, ()):
                    self._before(other.ready_for(node.first, fact.on).id, node.first.id)

    def _order_own_transactions(self) -> None:
        """Order steps with a transaction of their own before all drops."""
        for node in list(self._graph.nodes.values()):
            if node.own_transaction:
                for drop in self._steps.drops.values():
                    self._before(node.id, drop.id)

    def _order_event_triggers(self) -> None:
        """They come last and go first, so that they do not fire on our own steps (rule 6.5)."""
        triggers = [node for node in self._graph.nodes.values() if node.name.kind is Kind.EVENT_TRIGGER]
        for node in triggers:
            for other in self._graph.nodes.values():
                if other.name.kind is Kind.EVENT_TRIGGER or other.phase is Phase.COMMENTS_GRANTS:
                    continue
                first, second = (node, other) if node.phase is Phase.DROP else (other, node)
                self._before(first.id, second.id)
