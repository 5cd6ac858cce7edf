"""Makes the steps of one slot: what is dropped, created, changed, restored and described there."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import field, replace
from typing import TYPE_CHECKING

from pgmg.model.lazy_dataclass import dataclass
from pgmg.model.naming.names import Kind, ObjectName
from pgmg.model.plans.plan import Action, RuntimeDefinition
from pgmg.planning.kinds.rules import AlterInPlace
from pgmg.planning.resolve.sql_names import drop_statement
from pgmg.planning.schedule.after_migration import strategy_after_migration
from pgmg.planning.schedule.context import statement_id
from pgmg.planning.schedule.lifetimes import Form, SlotKey
from pgmg.planning.steps.built_beside import built_beside
from pgmg.planning.steps.descriptions import Descriptions
from pgmg.planning.steps.nodes import MadeNodes, Node, Phase, StepGraph
from pgmg.planning.steps.restore import create_statements, restoration
from pgmg.planning.steps.staging import staged, swap_statements
from pgmg.planning.steps.step_order import StepOrder
from pgmg.source.grammar.rewriting import or_replace

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pgmg.model.database.catalog_details import Definition, ObjectProperty
    from pgmg.model.database.server_facts import StatementId
    from pgmg.model.sources.source import SourceObject
    from pgmg.planning.replay.schema_state import ObjectId, SchemaState
    from pgmg.planning.schedule.context import PlanContext
    from pgmg.planning.schedule.decisions import Decisions
    from pgmg.planning.schedule.lifetimes import Creation, Lifetimes, Slot
    from pgmg.planning.schedule.presence import Presence
    from pgmg.planning.steps.restore import Restoration

_WITHOUT_SOURCE = frozenset({Action.DROP, Action.RESTORE, Action.SWAP})
"""Actions whose SQL is not from a file."""

UNCHECKED = "SET LOCAL check_function_bodies = off"
CHECKED = "SET LOCAL check_function_bodies = on"


@dataclass
class SlotSteps:
    """The nodes of one slot, by what they drop and create; `graph` holds them all."""

    context: PlanContext
    decisions: Decisions
    presence: Presence
    lifetimes: Lifetimes
    key: SlotKey
    slot: Slot
    graph: StepGraph = field(default_factory=StepGraph)
    drops: dict[ObjectId, Node] = field(default_factory=dict)
    made: dict[ObjectName, list[MadeNodes]] = field(default_factory=lambda: defaultdict(list))
    creations: dict[ObjectId, MadeNodes] = field(default_factory=dict)
    created_ids: dict[ObjectName, ObjectId] = field(default_factory=dict)
    removals: list[Node] = field(default_factory=list)
    beside: dict[ObjectId, tuple[ObjectName, ...]] = field(default_factory=dict)

    @property
    def state(self) -> SchemaState:
        """The objects that exist at the slot, as far as migrations decide."""
        return self.context.timeline.state(self.key.point)

    # -- nodes --------------------------------------------------------------------------------------------------

    def node(  # noqa: PLR0913
        self,
        phase: Phase,
        action: Action,
        name: ObjectName,
        statements: Iterable[str],
        reason: str,
        *,
        source: SourceObject | None = None,
        runtime: RuntimeDefinition | None = None,
        properties: tuple[ObjectProperty, ...] | None = None,
        beside: tuple[ObjectName, ...] = (),
    ) -> Node:
        """Add a node."""
        is_managed = name in self.context.resolved.declared or self.context.is_deleted(name)
        if action is Action.REPLACE:
            statements = (*statements, *self.context.lost_by_replacement.get(name, ()))
        location = source.location if source is not None and action not in _WITHOUT_SOURCE else None
        number = len(self.graph.nodes)
        if beside and action is not Action.SWAP:
            statements = [staged(statement, name, beside) for statement in statements]
        node = Node(
            number, phase, action, name, tuple(statements), reason, location, is_managed, source,
            own_transaction=name in self.context.own_transactions and phase is Phase.CREATE,
            properties=properties, runtime=runtime, noticed_by=self._noticed_by(name), beside=beside,
        )  # fmt: skip
        self.graph.nodes[number] = node
        return node

    def _noticed_by(self, name: ObjectName) -> StatementId | None:
        number = self.slot.noticed_by.get(name)
        if name.kind is Kind.DEFAULT_PRIVILEGES and self.key.point < self.context.timeline.end:
            number = self.key.point
        return None if number is None else statement_id(self.context.timeline.statements[number])

    def build(self, *, is_last: bool) -> StepGraph:
        """Return the nodes and edges of the slot; comments, grants and the like belong to the last one."""
        self.beside = built_beside(self.slot, self.context, self.decisions, self.lifetimes)
        for id_, reason in self.slot.drops.items():
            if id_ not in self.beside:
                self._drop(id_, reason)
        for id_, creation in self.slot.creations.items():
            self._create(id_, creation)
        for id_ in self.beside:
            self._swap(id_)
        for name, reason in self.slot.changes.items():
            self._change(name, reason)
        for name, reason in self.slot.replaced.items():
            self._replace(name, reason)
        descriptions = Descriptions(self)
        for name in self.lifetimes.default_privileges.get(self.key, ()):
            descriptions.describe(self.context.differences[name], Phase.CREATE)
        if is_last:
            descriptions.describe_all()
        for name, because in self.lifetimes.checked.get(self.key, {}).items():
            self._replace(name, f"its body is checked against {because.display_name}", Phase.VALIDATE)
        StepOrder(self).add_edges()
        return self.graph

    def name_of(self, id_: ObjectId) -> ObjectName:
        """Return what an object is called in this slot."""
        if id_ in self.context.graph.definitions and id_ not in self.context.resolved.snapshot.by_address:
            own = self.context.graph.name(id_)  # constraints and column defaults are in no snapshot
            return self._on_renamed_table(own)
        return self.state.name_of(id_)

    def _on_renamed_table(self, name: ObjectName) -> ObjectName:
        if name.parent is None:
            return name
        holder = self.context.timeline.state(0).holder(name.parent)
        if holder is None:
            return name
        return ObjectName(name.kind, name.name, name.schema, name.arguments, self.state.name_of(holder), name.detail)

    def _definition(self, id_: ObjectId) -> Definition | None:
        return self.context.graph.definitions.get(id_)

    def _drop(self, id_: ObjectId, reason: str) -> None:
        name = self.name_of(id_)
        if name in self.context.missing:
            return
        definition = self._definition(id_)
        is_as_planned = self._is_first_drop(id_) and definition is not None and definition.name == name
        statements = definition.drops if definition is not None and is_as_planned else (drop_statement(name),)
        self.drops[id_] = self.node(Phase.DROP, Action.DROP, name, statements, reason, runtime=self._runtime(id_))

    def _is_first_drop(self, id_: ObjectId) -> bool:
        """Say whether an object is dropped as the catalog had it when the plan began."""
        created = self.lifetimes.first_creation.get(id_, self.key)
        return created >= self.key and self.lifetimes.drop_keys[id_][0] == self.key

    def _runtime(self, id_: ObjectId) -> RuntimeDefinition | None:
        """Return how a definition is read again, for an object that is dropped after a migration has run."""
        whole = None if id_ in self.lifetimes.drop_keys else self._dropped_whole(id_)
        dropped = [key for key in self.lifetimes.drop_keys.get(whole or id_, ()) if key <= self.key]
        if not dropped or (dropped[-1].point == 0 and not self.context.default_privileges_may_change):
            return None
        name = self.context.declared.name_of(id_)
        address = (id_.classid, id_.objid) if id_ in self.context.graph.definitions else None
        part_of = None if whole is None else self.name_of(whole)
        if name is None:
            missing = self.context.missing_columns(self.name_of(id_))
            return RuntimeDefinition(address, missing=tuple(sorted(missing)), part_of=part_of)
        source = self.context.resolved.declared[name].source
        return RuntimeDefinition(
            address,
            self.decisions.previous.get(name, source),
            tuple(sorted(self.context.missing_columns(name))),
            tuple(self._removed_comments(name)),
            part_of=part_of,
        )

    def _dropped_whole(self, id_: ObjectId) -> ObjectId | None:
        """Return the object that another one is dropped along with, instead of by name."""
        queue, seen = [id_], {id_}
        for current in queue:
            wholes = [link.on for link in self.context.graph.needs(current) if link.is_auto and link.on not in seen]
            found = next((whole for whole in wholes if whole in self.lifetimes.drop_keys), None)
            if found is not None:
                return found
            queue += wholes
            seen.update(wholes)
        return None

    def _create(self, id_: ObjectId, creation: Creation) -> None:
        declared = self.context.declared.name_of(id_)
        before = self.lifetimes.predecessors.get(id_, id_)
        definition, runtime = self._definition(before), self._runtime(before)
        if declared is None or creation.form is Form.CATALOG:
            self._restore(id_, creation, definition, runtime)
            return
        source = self.context.resolved.declared[declared].source
        restored: Restoration | None = None
        # one that is deleted under its old name and new under another one is created from its source alone
        is_renamed = before == id_ and self.state.name_of(id_) == declared
        if definition is not None and self.context.is_deleted(definition.name) and not is_renamed:
            definition = runtime = None
        if definition is not None and self._was_there(before):
            previous = self.decisions.previous.get(declared, source)
            restored = restoration(
                definition, source, previous, self.context.missing_columns(declared), self._removed_comments(declared),
                declared.parent,
            )  # fmt: skip
        created = create_statements(source) if restored is None else restored.create
        kept = None if restored is None else restored.properties
        is_apart = restored is not None and bool(restored.restore)
        beside = self.beside.get(id_) or self._indexed_beside(id_, declared)
        first = self.node(
            Phase.CREATE, Action.CREATE, declared, (*source.settings, *created), creation.reason, source=source,
            runtime=None if runtime is None else replace(runtime, properties_apart=is_apart),
            properties=None if is_apart or id_ in self.beside else kept, beside=beside,
        )  # fmt: skip
        last = first
        if restored is not None and is_apart:
            last = self.node(
                Phase.RESTORE_PROPERTIES, Action.RESTORE, declared, restored.restore,
                "what it had besides its definition", source=source, runtime=runtime,
                properties=None if id_ in self.beside else kept, beside=beside,
            )  # fmt: skip
            self.graph.before(first.id, last.id)
        self._note(id_, declared, MadeNodes(first, last, last if id_ in self.beside else None))

    def _indexed_beside(self, id_: ObjectId, name: ObjectName) -> tuple[ObjectName, ...]:
        """Return the materialized view that is built beside the former one and that an index belongs to."""
        if name.kind is not Kind.INDEX:
            return ()
        used = {self.context.declared.id_of(use.object) for use in self.context.declared.uses(name)}
        used |= {link.on for link in self.context.graph.needs(id_) if link.is_auto}
        return next((beside[:1] for view, beside in self.beside.items() if view in used), ())

    def _swap(self, id_: ObjectId) -> None:
        """Drop the former materialized view, and give its name to the one that has been built."""
        made, definition = self.creations[id_], self._definition(id_)
        assert definition is not None
        name, source = made.first.name, made.first.source
        assert source is not None
        properties = restoration(
            definition, source, self.decisions.previous.get(name, source), self.context.missing_columns(name),
            self._removed_comments(name),
        ).properties  # fmt: skip
        built = self.graph.nodes.values()
        indexes = {node.name for node in built if name in node.beside and node.name.kind is Kind.INDEX}
        statements = swap_statements(name, definition.drop, sorted(indexes, key=str))
        node = self.node(
            Phase.SWAP, Action.SWAP, name, statements, "the former one is dropped, the new one takes its name",
            source=source, runtime=self._runtime(id_), properties=properties, beside=(name,),
        )  # fmt: skip
        self.drops[id_] = made.last = node

    def _was_there(self, id_: ObjectId) -> bool:
        """Say whether an object was in the database, or has been dropped by an apply that owes it."""
        snapshot = self.context.resolved.snapshot
        return id_ in snapshot.by_address or any(owed.address == id_ for owed in snapshot.owed.values())

    def _restore(
        self, id_: ObjectId, creation: Creation, definition: Definition | None, runtime: RuntimeDefinition | None
    ) -> None:
        name = self.name_of(id_)
        if name in self.context.not_restorable:
            return
        if runtime is None and (definition is None or not definition.create):
            return
        statements: tuple[str, ...] = ()
        properties: tuple[ObjectProperty, ...] | None = None
        if definition is not None:
            restored = restoration(definition, None, None, self.context.missing_columns(name))
            statements, properties = (*restored.create, *restored.restore), restored.properties
        node = self.node(
            Phase.CREATE, Action.RESTORE, name, statements, creation.reason, runtime=runtime, properties=properties,
            beside=self._indexed_beside(id_, name),
        )  # fmt: skip
        self._note(id_, name, MadeNodes(node, node))

    def _note(self, id_: ObjectId, name: ObjectName, made: MadeNodes) -> None:
        self.made[name].append(made)
        self.creations[id_] = made
        self.created_ids[name] = id_

    def _change(self, name: ObjectName, reason: str) -> None:
        source = self.context.resolved.declared[name].source
        strategy = self.decisions.strategies.get(name)
        if not isinstance(strategy, AlterInPlace):  # recreated before, if it has to be
            strategy = strategy_after_migration(name, self.context, self.decisions)
        if not isinstance(strategy, AlterInPlace) or not strategy.statements:
            return
        statements = (*source.settings, *strategy.statements)
        said = strategy.reason or reason
        runtime = self._state_before(name) if strategy.action is Action.REPLACE else None
        node = self.node(Phase.CREATE, strategy.action, name, statements, said, source=source, runtime=runtime)
        self.made[name].append(MadeNodes(node, node))

    def _state_before(self, name: ObjectName) -> RuntimeDefinition | None:
        """Return how the state is read of a trigger or rule that is replaced after a migration has run."""
        live = self.context.resolved.snapshot.by_address.get(self.context.declared.id_of(name))
        if name.kind not in (Kind.TRIGGER, Kind.RULE) or self.key.point == 0 or live is None:
            return None
        return RuntimeDefinition((live.address.classid, live.address.objid))

    def _replace(self, name: ObjectName, reason: str, phase: Phase = Phase.CREATE) -> None:
        source = self.context.resolved.declared[name].source
        statements = (*source.settings, or_replace(source.sql))
        node = self.node(phase, Action.REPLACE, name, statements, reason, source=source)
        self.made[name].append(MadeNodes(node, node))

    def _removed_comments(self, name: ObjectName) -> list[str | None]:
        """Return the columns and constraints of an object (None: itself) whose comment is no longer declared."""
        gone = (d.name.parent for d in self.context.changed if d.name.kind is Kind.COMMENT and d.declared is None)
        parts = (Kind.COLUMN, Kind.CONSTRAINT)
        return [
            None if about == name else about.name
            for about in gone
            if about is not None and (about == name or (about.kind in parts and about.parent == name))
        ]
