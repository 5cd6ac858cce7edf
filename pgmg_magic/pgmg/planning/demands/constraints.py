"""Demands of pending migrations on objects that they do not name: to be absent meanwhile, or replaced afterwards.

Rule 4: the server refuses to drop or retype what others depend on, and `SELECT *` does not see a new column.
"""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from pgmg.model.lazy_dataclass import dataclass
from pgmg.model.naming.names import ROUTINES, Kind
from pgmg.model.plans.plan import Recreate
from pgmg.model.sources.facts import RoutineFacts
from pgmg.model.sources.source import Effect
from pgmg.planning.demands.dependencies import BLOCKS_COLUMN_CHANGES, ON_TABLES, PARTS_OF_TABLES
from pgmg.planning.replay.object_operations import CHANGES_SHAPE

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from pgmg.model.naming.names import ObjectName
    from pgmg.planning.demands.dependencies import DependencyGraph, Link
    from pgmg.planning.demands.removals import Removals
    from pgmg.planning.replay.object_operations import Operation
    from pgmg.planning.replay.schema_state import ObjectId
    from pgmg.planning.replay.timeline import PendingStatement, Timeline
    from pgmg.planning.schedule.declared_objects import DeclaredObjects

_VIEWS = frozenset({Kind.VIEW, Kind.MATERIALIZED_VIEW})
_TABLES = frozenset({Kind.TABLE, Kind.SEQUENCE})


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a statement demands something of an object: because of which others, and in words."""

    statement: int
    because: tuple[ObjectName, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Demands:
    """The demands of one migration.

    `absent` must not be there while a statement runs; all that depends on it is dropped first and recreated later.
    `replaced` are views and functions whose `*` is expanded anew afterwards, in place. `outgrown` is all that reads by
    `*` what grows, recreated or not. `altered` are the objects that the migration names, by the names they have then.
    """

    absent: Mapping[ObjectId, Cause]
    replaced: Mapping[ObjectName, Cause]
    altered: Mapping[ObjectName, ObjectId]
    outgrown: Mapping[ObjectId, Cause]


@dataclass(frozen=True, slots=True)
class DemandContext:
    """The inputs of the demands, for all migrations of a plan.

    `blocking` are objects that, as the server said, block a statement, `refused` those that it did not replace.
    `outgrown` are objects whose `*` stands for other columns after a statement, though no text tells, each with the
    object below it of which that holds as well.
    """

    timeline: Timeline
    graph: DependencyGraph
    removals: Removals
    declared: DeclaredObjects
    mode: Recreate
    blocking: Mapping[int, Collection[ObjectId]] = field(default_factory=dict)
    refused: Collection[ObjectName] = ()
    outgrown: Mapping[int, Mapping[ObjectName, ObjectName | None]] = field(default_factory=dict)


def demands_of(migration: int, used: Collection[ObjectId], context: DemandContext) -> Demands:
    """Return what a migration demands; what it `used` itself is left where it is if possible."""
    found = _Found(context)
    for statement in context.timeline.of_migration(migration):
        for operation in statement.operations:
            found.note(operation, statement)
        for id_ in context.blocking.get(statement.number, ()):
            found.absent.setdefault(id_, Cause(statement.number, (), f"blocks {statement.source.name}"))
        for name, read in context.outgrown.get(statement.number, {}).items():
            found.note_outgrown(name, read, statement)
    if context.mode is Recreate.DEPENDENTS:
        found.note_dependents()
    return found.demands(used)


@dataclass(slots=True)
class _Found:
    context: DemandContext
    absent: dict[ObjectId, Cause] = field(default_factory=dict)
    stale: dict[ObjectId, Cause] = field(default_factory=dict)
    altered: dict[ObjectId, Cause] = field(default_factory=dict)
    names: dict[ObjectName, ObjectId] = field(default_factory=dict)
    carried: set[ObjectId] = field(default_factory=set)
    outgrown: dict[ObjectName, Cause] = field(default_factory=dict)

    def note(self, operation: Operation, statement: PendingStatement) -> None:
        """Add what one operation demands."""
        context, id_ = self.context, operation.object
        cause = Cause(statement.number, (operation.name,), _reason(operation, statement))
        if operation.effect in CHANGES_SHAPE:
            self.altered.setdefault(id_, cause)
            self.names.setdefault(operation.name, id_)
        if operation.moved_with is not None:
            self.carried.add(id_)
            if operation.name in context.declared and _is_replaced(operation, context):
                self.absent.setdefault(id_, cause)
        if id_ not in context.graph.definitions:
            return
        for root in blocked_by(operation, context.graph, context.removals):
            self.absent.setdefault(root, cause)
        for root in _meaning_another(operation, context):
            self.absent.setdefault(root, cause)
        for reader, read in _stale_readers(operation, context).items():
            self.stale.setdefault(reader, Cause(statement.number, (read,), f"reads {read.display_name} by `*`"))

    def note_dependents(self) -> None:
        """In the mode `dependents`, every managed view above an altered relation is fresh afterwards (rule 4.2)."""
        graph = self.context.graph
        for id_, cause in self.altered.items():
            if id_ in self.carried or id_ not in graph.definitions:
                continue
            for above in graph.dependents_closure([id_], counts=self._holds(cause.statement)):
                name = self._declared_name(above)
                if above != id_ and name is not None and name.kind is Kind.VIEW:
                    self.stale.setdefault(above, cause)

    def note_outgrown(self, name: ObjectName, read: ObjectName | None, statement: PendingStatement) -> None:
        """Add an object whose `*` stands for other columns after a statement; `read` is another such that it reads."""
        reason = f"{statement.source.name} changes the columns that its `*` stands for"
        if read is not None:
            reason = f"reads {read.display_name} by `*`"
        self.outgrown.setdefault(name, Cause(statement.number, () if read is None else (read,), reason))

    def _holds(self, point: int) -> Callable[[Link], bool]:
        return self.context.removals.holding_at(point)

    def _declared_name(self, id_: ObjectId) -> ObjectName | None:
        return self.context.declared.name_of(id_)

    def demands(self, used: Collection[ObjectId]) -> Demands:
        """Return the demands: a root that the migration itself alters or drops is its own affair."""
        own = self.altered.keys() - self.carried
        willing, unwilling = self._without_costly(set(self.stale) - own, used)
        for id_ in willing:
            self.absent.setdefault(id_, self.stale[id_])
        replaced: dict[ObjectName, Cause] = {}
        for id_ in unwilling:
            name, cause = self._declared_name(id_), self.stale[id_]
            if name is None or not any(self._reads(name, read) for read in cause.because):
                continue
            if name.kind is Kind.MATERIALIZED_VIEW or name in self.context.refused:
                self.absent.setdefault(id_, cause)
            else:
                replaced[name] = cause
        for id_, cause in self.stale.items():  # one that is dropped later is fresh meanwhile, if it is used
            name, later = self._declared_name(id_), self.absent.get(id_)
            is_used = id_ in used and later is not None and later.statement > cause.statement
            if not is_used or name is None or name.kind is not Kind.VIEW:
                continue
            if any(self._reads(name, read) for read in cause.because):
                replaced.setdefault(name, cause)
        for name, cause in self.outgrown.items():
            if not (name.kind is Kind.MATERIALIZED_VIEW or name in self.context.refused):
                replaced.setdefault(name, cause)
        absent = {id_: cause for id_, cause in self.absent.items() if id_ not in own}
        names = ((id_, self._declared_name(id_)) for id_ in self.stale)
        outgrown = {
            id_: self.stale[id_]
            for id_, name in names
            if name is not None and any(self._reads(name, read) for read in self.stale[id_].because)
        }
        outgrown |= {self.context.declared.id_of(name): cause for name, cause in self.outgrown.items()}
        return Demands(absent, replaced, self.names, outgrown)

    def _reads(self, name: ObjectName, read: ObjectName) -> bool:
        declared = self.context.declared
        known = self.names.get(read)
        wanted = declared.id_of(read) if known is None else known
        return declared.reads_rows_of(name, wanted)

    def _without_costly(
        self, stale: set[ObjectId], used: Collection[ObjectId]
    ) -> tuple[list[ObjectId], list[ObjectId]]:
        """Split stale views into those whose recreation disturbs nothing but managed views, and the others.

        Materialized views, routines and unmanaged objects are recreated only where they must be (rule 4.2); so is what
        the migration itself uses, which would be missing.
        """
        graph = self.context.graph
        gone_anyway = set(graph.dependents_closure(self.absent))
        willing: list[ObjectId] = []
        unwilling: list[ObjectId] = []
        cheap: dict[ObjectId, bool] = {}
        for id_ in sorted(stale):
            kind = graph.name(id_).kind
            own = kind is Kind.VIEW or kind is Kind.MATERIALIZED_VIEW
            fits = id_ in gone_anyway or (own and self._is_cheap(id_, used, gone_anyway, cheap))
            (willing if fits else unwilling).append(id_)
        return willing, unwilling

    def _is_cheap(
        self, start: ObjectId, used: Collection[ObjectId], gone: set[ObjectId], known: dict[ObjectId, bool]
    ) -> bool:
        """Say whether all that is dropped by name with an object are managed views that the migration does not use."""
        graph = self.context.graph
        stack: list[tuple[ObjectId, bool]] = [(start, False)]
        while stack:
            id_, is_done = stack.pop()
            if id_ in known and not is_done:
                continue
            above = [link.dependent for link in graph.dependents(id_) if not self._only_with(link)]
            if not is_done:
                known[id_] = True  # a cycle of links decides nothing
                stack.append((id_, True))
                stack += [(other, False) for other in above if other not in known]
                continue
            fits = id_ in gone or id_ not in used
            known[id_] = fits and all(known[other] and self._is_managed_view(other, gone) for other in above)
        return known[start]

    def _only_with(self, link: Link) -> bool:
        return self.context.graph.is_dropped_with(link.dependent, link.on)

    def _is_managed_view(self, id_: ObjectId, gone: set[ObjectId]) -> bool:
        if id_ in gone:
            return True
        name = self._declared_name(id_)
        return name is not None and name.kind is Kind.VIEW


def blocked_by(operation: Operation, graph: DependencyGraph, removals: Removals) -> list[ObjectId]:
    """Return what the server refuses to leave in place while an operation runs (rule 4.2, `required`)."""
    holds = removals.holding_at(operation.statement)
    links = [link for link in graph.dependents(operation.object) if holds(link)]
    match operation.effect:
        case Effect.DROP_COLUMN:
            return [x.dependent for x in links if x.uses_column(operation.column) and _blocks_column(x, graph)]
        case Effect.RETYPE_COLUMN:
            return [
                link.dependent
                for link in links
                if link.uses_column(operation.column) and graph.name(link.dependent).kind in BLOCKS_COLUMN_CHANGES
            ]
        case Effect.DROP if operation.name.kind not in _TABLES | _VIEWS:
            return [link.dependent for link in links if _blocks_drop(link, graph)]
        case Effect.DROP | Effect.CHANGES_COLUMNS:
            return [link.dependent for link in links if _blocks_column(link, graph)]
        case Effect.DROP_CONSTRAINT:
            constraints = [
                link.dependent
                for link in links
                if graph.name(link.dependent).kind is Kind.CONSTRAINT
                and graph.name(link.dependent).name == operation.member
            ]
            return [x.dependent for c in constraints for x in graph.dependents(c) if _blocks_column(x, graph)]
        case _:
            return []


def _blocks_column(link: Link, graph: DependencyGraph) -> bool:
    return not link.is_auto and graph.name(link.dependent).kind not in ON_TABLES


def _blocks_drop(link: Link, graph: DependencyGraph) -> bool:
    """Say whether a dependent of a routine, type or the like can, and has to, be put aside while that is dropped."""
    if link.is_auto:
        return False
    definition = graph.definition(link.dependent)
    if definition.name.kind in PARTS_OF_TABLES:
        return definition.kept_by is None and bool(definition.create)
    return definition.name.kind not in ON_TABLES


def _is_replaced(operation: Operation, context: DemandContext) -> bool:
    """Say whether the name that an operation gives up belongs to another object in the end."""
    holder = context.timeline.final.holder(operation.name)
    if holder is not None:
        return holder != operation.object
    return context.timeline.history.declared_as(operation.name) is not None


def _meaning_another(operation: Operation, context: DemandContext) -> list[ObjectId]:
    """Return declared dependents whose source means another object once the old one has given up its name."""
    graph, declared = context.graph, context.declared
    found: list[ObjectId] = []
    for link in graph.dependents(operation.object):
        name = graph.name(link.dependent)  # the source names it as it is called when the plan begins
        if name not in declared:
            continue
        match operation.effect:
            case Effect.RENAME | Effect.SET_SCHEMA:
                is_meant = _is_replaced(operation, context) and _names(name, operation.name, declared)
            case Effect.RENAME_COLUMN:
                is_meant = link.uses_column(operation.column) and _is_reused(operation, context)
            case _:
                return found
        if is_meant:
            found.append(link.dependent)
    return found


def _names(name: ObjectName, used: ObjectName, declared: DeclaredObjects) -> bool:
    """Say whether the source of a declared object contains the name of another one."""
    if any(use.object.name_key == used.name_key for use in declared.uses(name)):
        return True
    table = declared[name].source.target.parent
    is_written = table is not None and bool(table.parts) and (table.parts[-1], name.schema) == (used.name, used.schema)
    return is_written or (name.parent is not None and name.parent.name_key == used.name_key)


def _is_reused(operation: Operation, context: DemandContext) -> bool:
    """Say whether a later statement gives the old name of a renamed column to another one."""
    later = context.timeline.operations_on(operation.object, operation.statement)
    return any(
        (o.effect is Effect.ADD_COLUMN and o.member == operation.member)
        or (o.effect is Effect.RENAME_COLUMN and o.new_member == operation.member)
        for o in later
    )


def _stale_readers(operation: Operation, context: DemandContext) -> dict[ObjectId, ObjectName]:
    """Return managed objects whose `*` means something else afterwards, and what they read by it.

    A view whose own `*` grows is read by the `*` of others; so are the rows of a function that returns them. A function
    whose body the server keeps parsed returns too few columns then.
    """
    if operation.effect not in (Effect.ADD_COLUMN, Effect.RENAME_COLUMN):
        return {}
    graph, declared = context.graph, context.declared
    found: dict[ObjectId, ObjectName] = {}
    routines: set[ObjectId] = set()
    queue = [(operation.object, operation.name)]
    for on, read in queue:
        for link in graph.dependents(on):
            name = graph.name(link.dependent)
            if name.kind in ROUTINES and link.dependent not in routines:
                routines.add(link.dependent)
                queue.append((link.dependent, name))
            own = declared.name_of(link.dependent)
            if own is None or link.dependent in found or not keeps_columns(own, declared):
                continue
            if declared.reads_rows_of(own, on):
                found[link.dependent] = read
                if own.kind in _VIEWS:
                    queue.append((link.dependent, own))
    return found


def keeps_columns(name: ObjectName, declared: DeclaredObjects) -> bool:
    """Say whether the server stores the columns that a `*` in the source stands for."""
    facts = declared[name].source.facts
    return name.kind in _VIEWS or (isinstance(facts, RoutineFacts) and facts.atomic)


def _reason(operation: Operation, statement: PendingStatement) -> str:
    """Say what a migration does to the object that a dependent depends on."""
    name, migration = operation.name.display_name, statement.source.name
    column = f"{name}.{operation.member}"
    match operation.effect:
        case Effect.DROP:
            return f"depends on {name}, which {migration} drops"
        case Effect.DROP_COLUMN:
            return f"depends on {column}, which {migration} drops"
        case Effect.RETYPE_COLUMN:
            return f"depends on {column}, whose type {migration} changes"
        case Effect.ADD_COLUMN:
            return f"depends on {name}, to which {migration} adds a column"
        case Effect.RENAME_COLUMN:
            return f"depends on {column}, which {migration} renames"
        case Effect.RENAME:
            return f"depends on {name}, which {migration} renames"
        case Effect.SET_SCHEMA:
            return f"depends on {name}, which {migration} moves to another schema"
        case Effect.DROP_CONSTRAINT:
            return f"depends on the constraint {operation.member} of {name}, which {migration} drops"
        case _:
            return f"depends on {name}, which {migration} alters"


def users_among(used: Iterable[ObjectId], statements: Iterable[PendingStatement]) -> set[ObjectId]:
    """Return the objects that statements use, and `used` as well."""
    return {*used, *(use.object for s in statements for use in s.uses if use.object is not None)}
