"""Draws the edges between nodes: what has to be there, or gone, first (rules 7.1 to 7.5)."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from pgmg.model.names import ROUTINES, Kind, ObjectName
from pgmg.planning.fabric import Woven
from pgmg.planning.kinds.rules import AlterInPlace
from pgmg.planning.node import Node, Phase

if TYPE_CHECKING:
    from collections.abc import Iterable


class Binding(Woven):
    """The edges of the graph whose nodes have been made."""

    def bind(self) -> None:
        """Draw all edges."""
        self._bind_slots()
        self._bind_drops()
        self._bind_makes()
        self._bind_aside()
        self._bind_removals()
        self._bind_conversions()
        self._bind_learned()
        self._bind_alone()
        self._bind_event_triggers()

    # -- edges ------------------------------------------------------------------------------------------

    def _bind_slots(self) -> None:
        for node in self.fabric.nodes.values():
            if node.phase is Phase.MIGRATE:
                if node.slot > 0:
                    self.fabric.hard.add((self.migrations[node.slot - 1].id, node.id))
                continue
            if node.slot > 0:
                self.fabric.hard.add((self.migrations[node.slot - 1].id, node.id))
            if node.slot < len(self.migrations):
                self.fabric.hard.add((node.id, self.migrations[node.slot].id))

    def _bind_drops(self) -> None:
        web = self.fates.web
        for name, nodes in self.drops.items():
            definition = self.definitions.get(name)
            for node in nodes:
                for made in self.makes.get(name, ()):
                    first = self._firsts.get(made.id, made.id)
                    if self.fabric.nodes[first].slot >= node.slot:
                        self.fabric.hard.add((node.id, first))
            if definition is None:
                continue
            for link in web.dependents(definition.address):
                dependent = web.name(link.dependent)
                for node in nodes:
                    for other in self.drops.get(dependent, ()):
                        if other.slot == node.slot:
                            self.fabric.hard.add((other.id, node.id))
                    if (link.dependent, definition.address) in self.fates.spare:
                        lets_go = (made for made in self.makes.get(dependent, ()) if made.slot <= node.slot)
                        self.fabric.hard.update((made.id, node.id) for made in lets_go)
        self._bind_early_drops()
        self._bind_same_names()

    def _bind_early_drops(self) -> None:
        """Drops of what an earlier slot made: the catalog does not know them, their sources do."""
        for name, nodes in self.drops.items():
            declared = self.resolved.declared.get(name)
            for use in declared.uses if declared else ():
                for node in nodes:
                    self.fabric.soft.update(
                        (node.id, o.id) for o in self.drops.get(use.object, ()) if o.slot == node.slot
                    )

    def _bind_same_names(self) -> None:
        """A table, view or type takes the place of another kind of object of the same name."""
        places = defaultdict(list)
        for name, nodes in self.drops.items():
            places[name.schema, name.name].extend(nodes)
        for name, made in self.makes.items():
            for node in made:
                first = self._firsts.get(node.id, node.id)
                for drop in places.get((name.schema, name.name), ()):
                    if drop.name != name and drop.slot <= self.fabric.nodes[first].slot:
                        self.fabric.hard.add((drop.id, first))

    def _bind_makes(self) -> None:
        for name, nodes in list(self.makes.items()):
            for used, hard in self._uses(name):
                for node in nodes:
                    first = self._firsts.get(node.id, node.id)
                    slot = self.fabric.nodes[first].slot
                    for other in self.makes.get(used, ()):
                        # what is only checked was there before, but a view that is filled through it runs it
                        is_check = other.phase is Phase.CHECK
                        if other.slot == slot and not (is_check and name.kind in ROUTINES):
                            (self.fabric.hard if hard and not is_check else self.fabric.soft).add((other.id, first))
            if name.kind is Kind.MATERIALIZED_VIEW:
                self._bind_rows(name, nodes)

    def _bind_rows(self, name: ObjectName, nodes: Iterable[Node]) -> None:
        """A materialized view is filled from what changes behind objects that stay as they are, too."""
        behind: dict[ObjectName, None] = {}
        waiting = [name]
        while waiting:
            new = [used for used, _ in self._uses(waiting.pop()) if used not in behind and used != name]
            behind |= dict.fromkeys(new)
            waiting += [used for used in new if used not in self.makes]
        for node in nodes:
            first = self._firsts.get(node.id, node.id)
            slot = self.fabric.nodes[first].slot
            others = (other for used in behind for other in self.makes.get(used, ()) if other.slot == slot)
            self.fabric.soft.update((other.id, first) for other in others)

    def _bind_aside(self) -> None:
        """What is put aside goes before what it uses, and comes back after that and before its own source is met."""
        pools = (self.makes, self.drops, self.put_aside)
        for name, nodes in self.put_aside.items():
            own = self.timeline.aside.uses[name]
            needing = [n for n in self.makes if n in self.resolved.declared and name in self._used_by(n)]
            for node in nodes:
                below = [o for used in own for pool in pools for o in pool.get(used, ())]
                above = [o for other in (name, *needing) for pool in pools[:2] for o in pool.get(other, ())]
                if node.phase is Phase.DROP:
                    self._before(node, [o for o in below if o.phase is Phase.DROP])
                    self._before(node, [o for o in nodes if o.phase is not Phase.DROP])
                else:
                    for other in below:
                        self._before(other, [node])
                    self._before(node, above)

    def _used_by(self, name: ObjectName) -> set[ObjectName]:
        return {use.object for use in self.resolved.declared[name].uses}

    def _before(self, node: Node, others: Iterable[Node]) -> None:
        """Put a node before others of its slot."""
        same = (other for other in others if other.slot == node.slot and other.id != node.id)
        self.fabric.hard.update((node.id, self._firsts.get(other.id, other.id)) for other in same)

    def _bind_removals(self) -> None:
        """What is taken away from an object is taken from the new one, where it is made again."""
        for node in self.removals:
            about = node.name.parent
            while about is not None:
                made = (other.id for other in self.makes.get(about, ()) if other.slot == node.slot)
                self.fabric.hard.update((id_, node.id) for id_ in made)
                about = about.parent

    def _uses(self, name: ObjectName) -> dict[tuple[ObjectName, bool], None]:
        """Return (object, hard) for everything that must be there first."""
        found: dict[tuple[ObjectName, bool], None] = {}
        declared = self.resolved.declared.get(name)
        for use in declared.uses if declared else ():
            found[use.object, use.hard] = None
        if name.kind is Kind.GRANT:  # ALTER … OWNER TO rewrites what has been granted
            found[ObjectName(Kind.OWNER, parent=name.parent), True] = None
        about = name.parent
        while about is not None:
            found[about, True] = None
            about = about.parent
        definition = self.definitions.get(name)
        difference = self.fates.differences.get(name)
        if definition is not None and (difference is None or difference.change is None):
            for link in self.fates.web.needs(definition.address):
                used = self.fates.web.name(link.on)
                instead = self.resolved.overloads(used) if self.fates.deleted(used) else ()
                found.update(dict.fromkeys((n, True) for n in (used, *instead)))
        return found

    def _bind_conversions(self) -> None:
        """A type's table columns are converted while nothing stands on them."""
        for name, strategy in self.fates.strategies.items():
            if not isinstance(strategy, AlterInPlace) or not strategy.shakes:
                continue
            for node in self.makes.get(name, ()):
                for dropped, drops in self.drops.items():
                    if not any(drop.slot == node.slot for drop in drops):
                        continue
                    self.fabric.hard.update((drop.id, node.id) for drop in drops if drop.slot == node.slot)
                    for made in self.makes.get(dropped, ()):
                        first = self._firsts.get(made.id, made.id)
                        if self.fabric.nodes[first].slot == node.slot and made.id != node.id:
                            self.fabric.hard.add((node.id, first))

    def _bind_alone(self) -> None:
        """What commits by itself comes before whatever is dropped."""
        for node in list(self.fabric.nodes.values()):
            if node.alone and node.phase is Phase.MAKE:
                drops = (d for d in self.fabric.nodes.values() if d.phase is Phase.DROP and d.slot == node.slot)
                self.fabric.hard.update((node.id, drop.id) for drop in drops)

    def _bind_learned(self) -> None:
        for name, on in self.learned.waits:
            for node in self.makes.get(name, ()):
                first = self._firsts.get(node.id, node.id)
                others = self.makes.get(on, ())
                self.fabric.hard.update((o.id, first) for o in others if o.slot == self.fabric.nodes[first].slot)

    def _bind_event_triggers(self) -> None:
        """They come last and go first, so that they do not fire on our own steps (rule 6.5)."""
        for node in list(self.fabric.nodes.values()):
            if node.name.kind is not Kind.EVENT_TRIGGER:
                continue
            for other in self.fabric.nodes.values():
                if (
                    other.slot != node.slot
                    or other.name.kind is Kind.EVENT_TRIGGER
                    or other.phase in (Phase.ATTACH, Phase.MIGRATE)
                ):
                    continue
                first = node.phase is Phase.DROP
                self.fabric.hard.add((node.id, other.id) if first else (other.id, node.id))
