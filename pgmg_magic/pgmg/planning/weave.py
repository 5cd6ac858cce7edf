"""Turns decisions and slots into the nodes and edges of the one graph that orders everything (rule 7.1)."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from pgmg.model.facts import GrantFacts, RoutineFacts
from pgmg.model.location import SourceLocation
from pgmg.model.names import DECLARATIVE_KINDS, PROPERTY_KINDS, ROUTINES, Kind, ObjectName, migration_name
from pgmg.model.plan import Action, ChangeKind, Learned
from pgmg.model.snapshot import NOWHERE
from pgmg.model.source import Effect, Migration, SourceObject, StatementKind
from pgmg.planning.binding import Binding
from pgmg.planning.default_privileges import earliest_slot
from pgmg.planning.groups import end_of_group, runs_alone
from pgmg.planning.kinds.comments_and_grants import removal
from pgmg.planning.kinds.rules import AlterInPlace
from pgmg.planning.node import Node, Phase
from pgmg.planning.outdated import outdated_by
from pgmg.planning.resolve.sql_names import target
from pgmg.planning.schedule.restore import Restoration, create_statements, restoration
from pgmg.planning.settle import settled_after_migration
from pgmg.source.grammar.rewriting import or_replace

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pgmg.model.catalog_details import Definition
    from pgmg.planning.compare.resolved import ResolvedProject
    from pgmg.planning.existence import Slot
    from pgmg.planning.fabric import Fabric
    from pgmg.planning.fate import Fates
    from pgmg.planning.resolve.declared import Declared
    from pgmg.planning.timeline import Timeline

_GIVES = re.compile(r"\s*(?:ALTER|COMMENT|GRANT|REVOKE|SECURITY)\b", re.IGNORECASE)
CHECKED = "SET LOCAL check_function_bodies = on"
UNCHECKED = "SET LOCAL check_function_bodies = off"


class _Weaver(Binding):
    """The nodes, and with `run` the whole graph."""

    def run(self) -> Fabric:
        for number, slot in enumerate(self.timeline.slots):
            self._weave_slot(number, slot)
            if number < len(self.resolved.pending):
                self._migrate(number, self.resolved.pending[number])
        self._attach()
        self._check_soft_dependents()
        self.bind()
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
        location: SourceLocation | None = None,
        transactional: bool = True,
        alone: bool = False,
        migration: Migration | None = None,
    ) -> Node:
        managed = name in self.resolved.declared or self.fates.deleted(name) or name.kind is Kind.MIGRATION
        number = len(self.fabric.nodes)
        spot = location or (source.location if source else None)
        if action in (Action.DROP, Action.RESTORE):
            spot = None
        if action is Action.REPLACE:
            statements = (*statements, *self.fates.lost_by_replacement.get(name, ()))
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
            "pending" if migration.part_of is None else "pending, in parts",
            location=SourceLocation(migration.path, *migration.begins),
            transactional=not runs_alone(migration),
            alone=runs_alone(migration) or migration_name(migration.name) in self.learned.alone,
            migration=migration,
        )
        self.migrations.append(node)
        self._drop_invalid_indexes(number, migration)

    def _drop_invalid_indexes(self, number: int, migration: Migration) -> None:
        """`IF NOT EXISTS` would accept what a failed concurrent build left behind (rule 9.2)."""
        for alteration in migration.alterations:
            for name in self.resolved.resolver.altered(alteration) if alteration.target.kind is Kind.INDEX else ():
                live = self.resolved.snapshot.objects.get(name)
                if alteration.effect is Effect.CREATE and live is not None and not live.valid:
                    reason = "left invalid by a failed concurrent build"
                    drop = self._node(number, Phase.DROP, Action.DROP, name, (f"DROP {target(name)}",), reason)
                    self.drops[name].append(drop)

    def _weave_slot(self, number: int, slot: Slot) -> None:
        for name, reason in slot.drops.items():
            if name in self.learned.gone:
                continue
            definition = self.definitions.get(name)
            made_before = any(name in earlier.makes for earlier in self.timeline.slots[:number])
            as_it_was = not made_before or name not in self.resolved.declared
            drop = definition.drop if definition and as_it_was else f"DROP {target(name)}"
            node = self._node(number, Phase.DROP, Action.DROP, name, (drop,), reason)
            is_given = self._default_privileges_change or self._is_given(name, number)
            if self._is_unknown(name) or (name in self.resolved.declared and is_given):
                node = self.fabric.renew(replace(node, reread=NOWHERE))
                self.noted.add(name)
            self.drops[name].append(self._reread(node, definition) if name not in self.resolved.declared else node)
        self._weave_aside(number)
        for name, reason in slot.makes.items():
            self._make(number, name, reason, as_it_was=name in slot.as_it_was)
        for name, reason in slot.in_place.items():
            self._in_place(number, name, reason)
        for name, reason in slot.refreshes.items():
            source = self.resolved.declared[name].source
            self._replace(number, name, source, reason)

    def _weave_aside(self, number: int) -> None:
        """Drop and restore what no catalog knows yet: how, is asked when it comes to it."""
        aside = self.timeline.aside
        for name, reason in aside.drops[number].items():
            node = self._node(number, Phase.DROP, Action.DROP, name, (f"DROP {target(name)}",), reason)
            self.put_aside[name].append(self.fabric.renew(replace(node, reread=NOWHERE, managed=False)))
        for name, reason in aside.returns[number].items():
            node = self._node(number, Phase.MAKE, Action.RESTORE, name, (), reason)
            self.put_aside[name].append(self.fabric.renew(replace(node, reread=NOWHERE, managed=False)))

    def _make(self, number: int, name: ObjectName, reason: str, *, as_it_was: bool) -> None:
        definition = self.definitions.get(name)
        declared = self.resolved.declared.get(name)
        vanished = [column for other, column in self.learned.vanished if other == name]
        if declared is None or as_it_was:
            if definition is None or not definition.create or name in self.learned.abandoned:
                return
            restored = restoration(definition, None, None, vanished)
            statements = (*restored.create, *restored.restore)
            node = self._node(number, Phase.MAKE, Action.RESTORE, name, statements, reason)
            node = self.fabric.renew(replace(node, properties=restored.properties, vanished=tuple(vanished)))
            if any(drop.reread is not None for drop in self.drops[name]):
                node = self._reread(node, definition)
            self.makes[name].append(node)
            return
        source = declared.source
        anew: Restoration | None = None
        if definition is not None and name in self.resolved.snapshot.objects:
            previous = self.fates.previous.get(name, source)
            silenced, is_noted = self._silenced(name), name in self.noted
            anew = restoration(definition, source, previous, vanished, silenced, fill_later=is_noted)
        statements = (*source.settings, *(create_statements(source) if anew is None else anew.create))
        node = self._node(number, Phase.MAKE, Action.CREATE, name, statements, reason, source=source)
        last = node
        if name in self.noted:
            why = "what it had, and what migrations gave it"
            last = self._node(number, Phase.AROUND, Action.RESTORE, name, (), why, source=source)
            last = self.fabric.renew(replace(last, reread=NOWHERE, vanished=tuple(vanished)))
            self.fabric.hard.add((node.id, last.id))
        elif anew is not None:
            if anew.restore:
                why = "what it had besides its definition"
                last = self._node(number, Phase.AROUND, Action.RESTORE, name, anew.restore, why)
                self.fabric.hard.add((node.id, last.id))
            last = self.fabric.renew(replace(last, properties=anew.properties))
        self.makes[name].append(last)
        self._firsts[last.id] = node.id

    @cached_property
    def _default_privileges_change(self) -> bool:
        """Whether new objects get other privileges by themselves than when the plan is made."""
        return any(d.name.kind is Kind.DEFAULT_PRIVILEGES for d in self.fates.changed)

    def _is_unknown(self, name: ObjectName) -> bool:
        """Say whether a pending migration makes an object, so that no catalog tells yet what is around it."""
        return name in self.fates.made_by_migrations and name not in self.resolved.snapshot.objects

    def _is_given(self, name: ObjectName, number: int) -> bool:
        """Say whether a migration before a slot gives an object something that no plan has read yet: a grant."""
        return self._given.get(name, number) < number

    @cached_property
    def _given(self) -> dict[ObjectName, int]:
        """The first migration that gives an object something, by its number."""
        resolver = self.resolved.resolver
        found: dict[ObjectName, int] = {}
        for number, migration in enumerate(self.resolved.pending):
            for statement in migration.statements:
                if _GIVES.match(statement.sql) is None:
                    continue
                altered = {name: a.effect for a in statement.alterations for name in resolver.altered(a)}
                about = {use.object for use in resolver.uses(statement.references)} | altered.keys()
                for name in about:
                    if altered.get(name) not in (Effect.RENAME, Effect.SET_SCHEMA):
                        found.setdefault(name, number)
        return found

    def _reread(self, node: Node, definition: Definition | None) -> Node:
        """Have the definition read again where it will not hold any more."""
        if definition is None:
            return node
        needs = {self.fates.web.name(link.on) for link in self.fates.web.needs(definition.address)}
        migration = outdated_by(needs, self.resolved.pending[: node.slot], self.resolved.resolver)
        holds = node.name not in self.learned.outdated and not self._is_altered(node)
        is_given = self._default_privileges_change or self._is_given(node.name, node.slot)
        if migration is None and holds and not is_given:
            return node
        why = f", in the words that {migration.name} leaves it" if migration and node.action is Action.RESTORE else ""
        return self.fabric.renew(replace(node, reread=definition.address, reason=f"{node.reason}{why}"))

    def _is_altered(self, node: Node) -> bool:
        """Say whether a migration before a node may have altered what it is about."""
        alterations = (a for migration in self.resolved.pending[: node.slot] for a in migration.alterations)
        return any(node.name in self.resolved.resolver.altered(a) for a in alterations)

    def _silenced(self, name: ObjectName) -> list[str | None]:
        """Return the columns and constraints of an object (None: itself) whose comment is no longer declared."""
        gone = (d.name.parent for d in self.fates.changed if d.name.kind is Kind.COMMENT and self.fates.deleted(d.name))
        parts = (Kind.COLUMN, Kind.CONSTRAINT)
        return [
            None if about == name else about.name
            for about in gone
            if about is not None and (about == name or (about.kind in parts and about.parent == name))
        ]

    def _in_place(self, number: int, name: ObjectName, reason: str) -> None:
        declared = self.resolved.declared[name]
        strategy = self.fates.strategies.get(name)
        if strategy is None:
            strategy = settled_after_migration(declared, self.resolved, self.fates)
        if not isinstance(strategy, AlterInPlace) or not strategy.statements:
            return
        statements = (*declared.source.settings, *strategy.statements)
        alone = name in self.learned.alone
        if alone and name in self.resolved.snapshot.objects and name not in self.fates.made_by_migrations:
            number = 0  # its commit is not to catch anything between drop and recreation (rule 9.2)
        node = self._node(
            number,
            Phase.MAKE,
            strategy.action,
            name,
            statements,
            strategy.reason or reason,
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
        last = len(self.resolved.pending)
        self._attach_anew()
        for difference in self.fates.changed:
            name, change = difference.name, difference.change
            if name.kind not in DECLARATIVE_KINDS or change is None or name in self.learned.gone:
                continue
            phase = Phase.MAKE if name.kind is Kind.DEFAULT_PRIVILEGES else Phase.ATTACH
            previous = self.fates.previous.get(name)
            slot = last
            if change is ChangeKind.DELETED:
                vanished = frozenset(column for other, column in self.learned.vanished if other == name)
                parent_goes = self._goes(name.parent, name.kind) if name.parent is not None else False
                action, statements = removal(name, previous, self.fates.attachments, vanished)
                if name.kind is Kind.DEFAULT_PRIVILEGES:
                    slot = 0  # migrations are not to create anything under them
                    parent_goes = previous is not None and self._schema_is_gone(previous)
                if not parent_goes and statements:
                    self.removals.append(self._node(slot, phase, action, name, statements, "no longer declared"))
                continue
            assert difference.declared is not None
            source = difference.declared.source
            strategy = self.fates.strategies.get(name)
            if isinstance(source.facts, GrantFacts) and source.facts.scope is not None:
                slot = earliest_slot(source.facts.scope, self.resolved, self.fates.attachments)
            if isinstance(strategy, AlterInPlace) and strategy.statements:
                node = self._node(slot, phase, strategy.action, name, strategy.statements, change.value, source=source)
                self.makes[name].append(node)
                self._firsts[node.id] = node.id

    def _attach_anew(self) -> None:
        """Say again what was said of a relation or a column in whose place another one stands now."""
        if not self.resolved.pending:
            return
        for name, declared in self.resolved.declared.items():
            difference = self.fates.differences.get(name)
            if name.kind not in PROPERTY_KINDS or difference is None or difference.change is not None:
                continue
            if name.parent is None or not self._is_about_another(declared, name.parent):
                continue
            statements = (*declared.source.settings, declared.source.sql)
            action = {Kind.COMMENT: Action.COMMENT, Kind.GRANT: Action.GRANT}.get(name.kind, Action.ALTER)
            node = self._node(
                len(self.resolved.pending), Phase.ATTACH, action, name, statements, "another one has the name",
                source=declared.source,
            )  # fmt: skip
            self.makes[name].append(node)
            self._firsts[node.id] = node.id

    def _is_about_another(self, declared: Declared, parent: ObjectName) -> bool:
        facts = declared.source.facts
        columns = [item.column for item in facts.privileges] if isinstance(facts, GrantFacts) else []
        return self.fates.anew.means_another(parent) or any((parent, c) in self.fates.anew.columns for c in columns)

    def _schema_is_gone(self, source: SourceObject) -> bool:
        scope = source.facts.scope if isinstance(source.facts, GrantFacts) else None
        schema = scope.schema if scope is not None else None
        return schema is not None and ObjectName(Kind.SCHEMA, schema) not in self.resolved.snapshot.others

    def _goes(self, name: ObjectName, kind: Kind) -> bool:
        """Say whether what an attachment was about goes, or (a comment) is made again without it."""
        inner = name.parent if name.kind in (Kind.COLUMN, Kind.CONSTRAINT) and name.parent is not None else name
        if kind is Kind.COMMENT and inner in self.drops:
            return True
        return self.fates.deleted(inner) or (
            self.fates.attachments.object(inner) is None and inner not in self.resolved.declared
        )

    def _check_soft_dependents(self) -> None:
        """Replace routines whose text mentions what changed its shape, so that the server checks them (rule 4.4)."""
        dropped = {node.name for node in self.fabric.nodes.values() if node.phase is Phase.DROP}
        if not dropped and not self.fates.reaches:
            return
        for name, declared in self.resolved.declared.items():
            facts = declared.source.facts
            if name.kind not in ROUTINES or name in self.makes or not isinstance(facts, RoutineFacts):
                continue
            if name not in self.resolved.snapshot.objects or facts.language not in ("sql", "plpgsql"):
                continue
            for slot, because in self._shaken(declared, dropped).items():
                self._replace(
                    slot, name, declared.source, f"its body is checked against {because.display_name}", Phase.CHECK
                )

    def _shaken(self, declared: Declared, dropped: set[ObjectName]) -> dict[int, ObjectName]:
        """Return in which slots something that a routine uses gets another shape."""
        found: dict[int, ObjectName] = {}
        for use in declared.uses:
            for index, reach in enumerate(self.fates.reaches):
                if use.object in reach.altered:
                    found.setdefault(end_of_group(self.resolved, declared.name, index), use.object)
            for number, slot in enumerate(self.timeline.slots):
                if use.object in slot.refreshes:
                    found.setdefault(number, use.object)
            if use.object in dropped:
                found.setdefault(len(self.resolved.pending), use.object)
        return found


def weave(resolved: ResolvedProject, fates: Fates, timeline: Timeline, learned: Learned) -> Fabric:
    """Return every step to be, and what must come before what."""
    return _Weaver(resolved, fates, timeline, learned).run()
