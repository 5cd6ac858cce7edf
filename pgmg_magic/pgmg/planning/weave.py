"""Turns decisions and slots into the nodes and edges of the one graph that orders everything (rule 7.1)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from pgmg.model.facts import RoutineFacts
from pgmg.model.names import ABOUT_PARENT, ROUTINES, Kind, ObjectName, migration_name
from pgmg.model.place import Place
from pgmg.model.plan import Action, ChangeKind, Learned
from pgmg.model.snapshot import Definition
from pgmg.model.source import Effect, Migration, SourceObject, StatementKind
from pgmg.planning.around import creation, put_back
from pgmg.planning.existence import Slot
from pgmg.planning.fate import Fates
from pgmg.planning.groups import end_of_group, runs_alone
from pgmg.planning.kinds.attached import removal
from pgmg.planning.kinds.base import InPlace
from pgmg.planning.node import Node, Phase
from pgmg.planning.order import Pair
from pgmg.planning.settle import settled_after_migration
from pgmg.planning.survey import Survey
from pgmg.planning.targets import target
from pgmg.planning.timeline import Timeline
from pgmg.source.text import or_replace

CHECKED = "SET LOCAL check_function_bodies = on"
UNCHECKED = "SET LOCAL check_function_bodies = off"


@dataclass(slots=True)
class Fabric:
    """Nodes by id and the pairs (before, after) between them."""

    nodes: dict[int, Node] = field(default_factory=dict)
    hard: set[Pair] = field(default_factory=set)
    soft: set[Pair] = field(default_factory=set)


class _Weaver:
    def __init__(self, survey: Survey, fates: Fates, timeline: Timeline, learned: Learned) -> None:
        self.survey, self.fates, self.timeline, self.learned = survey, fates, timeline, learned
        self.fabric = Fabric()
        self.definitions: dict[ObjectName, Definition] = {d.name: d for d in fates.web.definitions.values()}
        self.drops: dict[ObjectName, list[Node]] = defaultdict(list)
        self.makes: dict[ObjectName, list[Node]] = defaultdict(list)  # the last node of each making
        self._firsts: dict[int, int] = {}  # the first node of each making, by its last
        self.migrations: list[Node] = []

    def run(self) -> Fabric:
        for number, slot in enumerate(self.timeline.slots):
            self._weave_slot(number, slot)
            if number < len(self.survey.pending):
                self._migrate(number, self.survey.pending[number])
        self._attach()
        self._check_soft_dependents()
        self._bind_slots()
        self._bind_drops()
        self._bind_makes()
        self._bind_conversions()
        self._bind_learned()
        self._bind_alone()
        self._bind_event_triggers()
        return self.fabric

    # -- nodes ------------------------------------------------------------------------------------------

    def _node(  # noqa: PLR0913 - the fields of a node
        self,
        slot: int,
        phase: Phase,
        action: Action,
        name: ObjectName,
        statements: Iterable[str],
        reason: str,
        *,
        source: SourceObject | None = None,
        place: Place | None = None,
        transactional: bool = True,
        alone: bool = False,
        migration: Migration | None = None,
    ) -> Node:
        managed = name in self.survey.declared or self.fates.deleted(name) or name.kind is Kind.MIGRATION
        number = len(self.fabric.nodes)
        spot = place or (source.place if source else None)
        if action in (Action.DROP, Action.RESTORE):
            spot = None
        node = Node(
            number, slot, phase, action, name, tuple(statements), reason, spot, managed,
            source, transactional, alone, migration,
        )  # fmt: skip
        self.fabric.nodes[number] = node
        return node

    def _migrate(self, number: int, migration: Migration) -> None:
        sent = tuple(s.sql for s in migration.statements if s.kind is not StatementKind.SKIPPED)
        node = self._node(
            number,
            Phase.MIGRATE,
            Action.MIGRATE,
            migration_name(migration.name),
            sent,
            "pending",
            place=Place(migration.path, 1, 1),
            transactional=not runs_alone(migration),
            alone=runs_alone(migration) or migration_name(migration.name) in self.learned.alone,
            migration=migration,
        )
        self.migrations.append(node)
        self._drop_invalid_indexes(number, migration)

    def _drop_invalid_indexes(self, number: int, migration: Migration) -> None:
        """`IF NOT EXISTS` would accept what a failed concurrent build left behind (rule 9.2)."""
        for alteration in migration.alterations:
            for name in self.survey.resolver.altered(alteration) if alteration.target.kind is Kind.INDEX else ():
                live = self.survey.snapshot.objects.get(name)
                if alteration.effect is Effect.CREATE and live is not None and not live.valid:
                    reason = "left invalid by a failed concurrent build"
                    drop = self._node(number, Phase.DROP, Action.DROP, name, (f"DROP {target(name)}",), reason)
                    self.drops[name].append(drop)

    def _weave_slot(self, number: int, slot: Slot) -> None:
        for name, reason in slot.drops.items():
            definition = self.definitions.get(name)
            made_before = any(name in earlier.makes for earlier in self.timeline.slots[:number])
            as_it_was = not made_before or name not in self.survey.declared
            drop = definition.drop if definition and as_it_was else f"DROP {target(name)}"
            self.drops[name].append(self._node(number, Phase.DROP, Action.DROP, name, (drop,), reason))
        for name, reason in slot.makes.items():
            self._make(number, name, reason, as_it_was=name in slot.as_it_was)
        for name, reason in slot.in_place.items():
            self._in_place(number, name, reason)
        for name, reason in slot.refreshes.items():
            source = self.survey.declared[name].source
            self._replace(number, name, source, reason)

    def _make(self, number: int, name: ObjectName, reason: str, *, as_it_was: bool) -> None:
        definition = self.definitions.get(name)
        declared = self.survey.declared.get(name)
        vanished = [column for other, column in self.learned.vanished if other == name]
        if declared is None or as_it_was:
            if definition is None or not definition.create or name in self.learned.abandoned:
                return
            around = put_back(definition, None, None, vanished)
            statements = (*definition.create, *around)
            node = self._node(number, Phase.MAKE, Action.RESTORE, name, statements, reason)
            self.makes[name].append(node)
            return
        source = declared.source
        statements = (*source.settings, *creation(definition, source))
        node = self._node(number, Phase.MAKE, Action.CREATE, name, statements, reason, source=source)
        last = node
        if definition is not None and name in self.survey.snapshot.objects:
            around = put_back(definition, source, self.fates.previous.get(name, source), vanished, self._silenced(name))
            if around:
                last = self._node(
                    number, Phase.AROUND, Action.RESTORE, name, around, "what it had besides its definition"
                )
                self.fabric.hard.add((node.id, last.id))
        self.makes[name].append(last)
        self._firsts[last.id] = node.id

    def _silenced(self, name: ObjectName) -> list[str | None]:
        """Return the columns of an object (None: itself) whose comment is no longer declared."""
        gone = (n.parent for n in self.fates.differences if n.kind is Kind.COMMENT and self.fates.deleted(n))
        return [
            None if about == name else about.name
            for about in gone
            if about is not None and (about == name or (about.kind is Kind.COLUMN and about.parent == name))
        ]

    def _in_place(self, number: int, name: ObjectName, reason: str) -> None:
        declared = self.survey.declared[name]
        verdict = self.fates.verdicts.get(name)
        if verdict is None:
            verdict = settled_after_migration(declared, self.survey, self.fates)
        if not isinstance(verdict, InPlace) or not verdict.statements:
            return
        statements = (*declared.source.settings, *verdict.statements)
        alone = name in self.learned.alone
        if alone and name in self.survey.snapshot.objects and name not in self.fates.made_by_migrations:
            number = 0  # its commit is not to catch anything between drop and recreation (rule 9.2)
        node = self._node(
            number,
            Phase.MAKE,
            verdict.action,
            name,
            statements,
            verdict.reason or reason,
            source=declared.source,
            alone=alone,
        )
        self.makes[name].append(node)
        self._firsts[node.id] = node.id

    def _replace(
        self, number: int, name: ObjectName, source: SourceObject, reason: str, phase: Phase = Phase.MAKE
    ) -> None:
        statements = (*source.settings, or_replace(source.sql))
        node = self._node(number, phase, Action.REPLACE, name, statements, reason, source=source)
        self.makes[name].append(node)
        self._firsts[node.id] = node.id

    def _attach(self) -> None:
        last = len(self.survey.pending)
        for difference in self.fates.differences.values():
            name, change = difference.name, difference.change
            if (name.kind not in ABOUT_PARENT and name.kind is not Kind.DEFAULT_PRIVILEGES) or change is None:
                continue
            phase = Phase.MAKE if name.kind is Kind.DEFAULT_PRIVILEGES else Phase.ATTACH
            previous = self.fates.previous.get(name)
            if change is ChangeKind.DELETED:
                vanished = frozenset(column for other, column in self.learned.vanished if other == name)
                parent_goes = name.parent is not None and self._goes(name.parent, name.kind)
                action, statements = removal(name, previous, vanished)
                if not parent_goes and statements:
                    self._node(last, phase, action, name, statements, "no longer declared")
                continue
            assert difference.declared is not None
            source = difference.declared.source
            verdict = self.fates.verdicts.get(name)
            if isinstance(verdict, InPlace) and verdict.statements:
                node = self._node(last, phase, verdict.action, name, verdict.statements, change.value, source=source)
                self.makes[name].append(node)
                self._firsts[node.id] = node.id

    def _goes(self, name: ObjectName, kind: Kind) -> bool:
        """Say whether what an attachment was about goes, or (a comment) is made again without it."""
        inner = name.parent if name.kind in (Kind.COLUMN, Kind.CONSTRAINT) and name.parent is not None else name
        if kind is Kind.COMMENT and inner in self.drops:
            return True
        return self.fates.deleted(inner) or (
            inner not in self.survey.snapshot.objects and inner not in self.survey.declared
        )

    def _check_soft_dependents(self) -> None:
        """Replace routines whose text mentions what changed its shape, so that the server checks them (rule 4.4)."""
        dropped = {node.name for node in self.fabric.nodes.values() if node.phase is Phase.DROP}
        last = len(self.survey.pending)
        for name, declared in self.survey.declared.items():
            facts = declared.source.facts
            if name.kind not in ROUTINES or name in self.makes or not isinstance(facts, RoutineFacts):
                continue
            if name not in self.survey.snapshot.objects or facts.language not in ("sql", "plpgsql"):
                continue
            shaken: dict[int, ObjectName] = {}
            for use in declared.uses:
                for index, reach in enumerate(self.fates.reaches):
                    if use.object in reach.altered:
                        shaken.setdefault(end_of_group(self.survey, name, index), use.object)
                if use.object in dropped:
                    shaken.setdefault(last, use.object)
            for slot, because in shaken.items():
                self._replace(slot, name, declared.source, f"its body is checked against {because.bare}", Phase.CHECK)

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
            declared = self.survey.declared.get(name)
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

    def _uses(self, name: ObjectName) -> dict[tuple[ObjectName, bool], None]:
        """Return (object, hard) for everything that must be there first."""
        found: dict[tuple[ObjectName, bool], None] = {}
        declared = self.survey.declared.get(name)
        for use in declared.uses if declared else ():
            found[use.object, use.hard] = None
        about = name.parent
        while about is not None:
            found[about, True] = None
            about = about.parent
        definition = self.definitions.get(name)
        difference = self.fates.differences.get(name)
        if definition is not None and (difference is None or difference.change is None):
            for link in self.fates.web.needs(definition.address):
                used = self.fates.web.name(link.on)
                instead = self.survey.overloads(used) if self.fates.deleted(used) else ()
                found.update(dict.fromkeys((n, True) for n in (used, *instead)))
        return found

    def _bind_conversions(self) -> None:
        """A type's table columns are converted while nothing stands on them."""
        for name, verdict in self.fates.verdicts.items():
            if not isinstance(verdict, InPlace) or not verdict.shakes:
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


def weave(survey: Survey, fates: Fates, timeline: Timeline, learned: Learned) -> Fabric:
    """Return every step to be, and what must come before what."""
    return _Weaver(survey, fates, timeline, learned).run()
