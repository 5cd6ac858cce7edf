"""Replays pending migrations statement by statement: which objects each one is about, uses, or may notice."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from pgmg.model.database.server_facts import Creates, Moved, StatementId
from pgmg.model.lazy_dataclass import dataclass
from pgmg.model.naming.names import ROUTINES
from pgmg.model.sources.source import Effect, ScopeKind
from pgmg.planning.replay.called_functions import CalledFunctions
from pgmg.planning.replay.object_operations import Operation, operations_of
from pgmg.planning.replay.schema_history import SchemaHistory
from pgmg.source.migrations.progress_notes import statements_done

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pgmg.model.database.snapshot import Snapshot
    from pgmg.model.naming.names import ObjectName
    from pgmg.model.sources.source import Alteration, Migration, Reference, Statement
    from pgmg.planning.replay.schema_state import ObjectId, SchemaState
    from pgmg.planning.resolve.declared import Declared
    from pgmg.planning.resolve.resolver import Resolver


@dataclass(frozen=True, slots=True)
class Used:
    """An object that a statement names; `object` is None for one that only the code folder declares so far.

    `is_optional`: the statement also runs where it does not exist (DROP … IF EXISTS).
    """

    name: ObjectName
    object: ObjectId | None
    hard: bool = True
    star: bool = False
    is_optional: bool = False


@dataclass(frozen=True, slots=True)
class NoticedScope:
    """Objects that a statement may notice without naming them: of a schema (None: of all), or of a relation."""

    kind: ScopeKind
    schema: str | None = None
    relation: ObjectId | None = None


@dataclass(frozen=True, slots=True)
class PendingStatement:
    """A statement of a pending migration, with what its names mean at its point.

    `number` counts all pending statements, `migration` is the position of its migration among the pending ones,
    `index` that of the statement among those that its migration sends.
    """

    number: int
    migration: int
    index: int
    source: Migration
    statement: Statement
    operations: tuple[Operation, ...] = ()
    uses: tuple[Used, ...] = ()
    scopes: tuple[NoticedScope, ...] = ()

    @property
    def may_notice_all(self) -> bool:
        """Whether the statement may do something with any object."""
        return any(scope.kind in {ScopeKind.ANY, ScopeKind.OWNED} for scope in self.scopes)


@dataclass(frozen=True)
class Timeline:
    """All pending statements with the states between them.

    `first` holds the number of each migration's first statement, and then that of the end.
    """

    history: SchemaHistory
    migrations: tuple[Migration, ...]
    statements: tuple[PendingStatement, ...]
    first: tuple[int, ...]
    by_object: dict[ObjectId, list[Operation]] = field(default_factory=dict)
    """The operations on each object, in order."""
    learned_uses: dict[ObjectId, tuple[Used, ...]] = field(default_factory=dict)
    """The objects used by those of which only the server said that a statement creates them."""

    @property
    def end(self) -> int:
        """The point after the last statement."""
        return len(self.statements)

    def state(self, point: int) -> SchemaState:
        """Return what exists right before a statement, or after the last."""
        return self.history.at(point)

    @property
    def final(self) -> SchemaState:
        """The schema after the last statement."""
        return self.history.at(self.end)

    def of_migration(self, migration: int) -> Sequence[PendingStatement]:
        """Return the statements of one migration."""
        return self.statements[self.first[migration] : self.first[migration + 1]]

    def declared_object(self, name: ObjectName) -> ObjectId:
        """Return the identity of a declared object: of what has its name in the end, else of what is to have it.

        An object of another kind, such as a view in the place of a materialized view, is not the declared one.
        """
        holder = self.final.holder_of_kind(name)
        return self.history.identify(name) if holder is None else holder

    def uses_of_created(self, id_: ObjectId) -> tuple[Used, ...]:
        """Return what the definition uses with which a pending statement creates an object."""
        number = self.history.created_by(id_)
        if number is None or number < 0:
            return ()
        learned = self.learned_uses.get(id_)
        return self.statements[number].uses if learned is None else learned

    def operations_on(self, id_: ObjectId, since: int = 0) -> list[Operation]:
        """Return the operations on an object from a point on."""
        found = self.by_object.get(id_, [])
        return found if since == 0 else [operation for operation in found if operation.statement >= since]


def replay(
    migrations: Iterable[Migration],
    resolver: Resolver,
    snapshot: Snapshot,
    declared: Mapping[ObjectName, Declared],
    unread: Iterable[Creates | Moved] = (),
) -> Timeline:
    """Return the timeline of pending migrations.

    `declared` are the names of the code folder, `unread` what the server said statements create or move.
    """
    learned: dict[StatementId, list[Creates | Moved]] = {}
    for fact in sorted(unread, key=lambda fact: isinstance(fact, Creates)):  # what moved may seem to be created
        learned.setdefault(fact.statement, []).append(fact)
    learned_uses: dict[ObjectId, tuple[Used, ...]] = {}
    history = SchemaHistory(snapshot, declared)
    functions = CalledFunctions(snapshot, declared)
    pending = tuple(migrations)
    statements: list[PendingStatement] = []
    first: list[int] = []
    by_object: dict[ObjectId, list[Operation]] = {}
    meaning: dict[tuple[Reference, ...], tuple[Used, ...]] = {}
    for position, migration in enumerate(pending):
        first.append(len(statements))
        done = statements_done(migration, snapshot.progress) or 0
        for index, statement in enumerate(migration.sent):
            if index < done:
                continue  # of a migration without transaction that failed later
            number = len(statements)
            state = history.at(number)
            at_point = resolver.at(state.names) if statement.references or statement.alterations else resolver
            uses = meaning.get(statement.references)
            if uses is None:
                uses = meaning[statement.references] = _used(statement, at_point, state)
            operations: list[Operation] = []
            for alteration in statement.alterations:
                names = _targets(alteration, at_point, state)
                if alteration.effect is not Effect.CREATE:
                    uses = (*uses, *(Used(n, state.holder(n), is_optional=alteration.if_exists) for n in names))
                operations += operations_of(alteration, names, history, number)
            for fact in learned.get(StatementId(migration.name, *statement.position), ()) if learned else ():
                operations += _done_unseen(fact, history, number, learned_uses)
            if operations:
                meaning.clear()  # names may mean something else from here on
                for operation in operations:
                    by_object.setdefault(operation.object, []).append(operation)
            scopes = _scopes(statement, uses, at_point, state, functions) if statement.scopes or statement.calls else ()
            functions.note(statement, operations)
            statements.append(
                PendingStatement(number, position, index, migration, statement, tuple(operations), uses, scopes)
            )
    first.append(len(statements))
    return Timeline(history, pending, tuple(statements), tuple(first), by_object, learned_uses)


def _done_unseen(
    fact: Creates | Moved, history: SchemaHistory, number: int, uses: dict[ObjectId, tuple[Used, ...]]
) -> list[Operation]:
    """Let a statement do what the server said it does, and its text does not tell."""
    return (
        _moved_unseen(fact, history, number)
        if isinstance(fact, Moved)
        else _created_unseen(fact, history, number, uses)
    )


def _created_unseen(
    fact: Creates, history: SchemaHistory, number: int, uses: dict[ObjectId, tuple[Used, ...]]
) -> list[Operation]:
    """Let a statement create an object that its text does not name; note which one it uses."""
    known = history.holder(fact.object, number + 1)
    created = history.create(fact.object, number, keeps_existing=True)
    if created == known and created not in uses:
        return []  # an earlier statement names it, or the catalog has it
    used = Used(fact.uses, history.holder(fact.uses, number + 1))
    uses[created] = (*uses.get(created, ()), used)
    return [] if created == known else [Operation(number, Effect.CREATE, created, fact.object)]


def _moved_unseen(fact: Moved, history: SchemaHistory, number: int) -> list[Operation]:
    """Let a statement give an object another name that its text does not tell."""
    moved = history.holder(fact.object, number)
    if moved is None or history.name_of(moved, number + 1) == fact.becomes:
        return []  # it is not there in this plan, or went along with what another fact is about
    history.rename(moved, fact.becomes, number)
    return [Operation(number, Effect.RENAME, moved, fact.object, becomes=fact.becomes)]


def _targets(alteration: Alteration, resolver: Resolver, state: SchemaState) -> tuple[ObjectName, ...]:
    """Return the objects that an alteration names at this point.

    A routine that is named without its arguments (`GRANT … ON FUNCTION f`) is one that exists; what the code folder
    declares under the name is meant only where there is none.
    """
    names = tuple(resolver.targets(alteration))
    if len(names) == 1 or alteration.target.kind not in ROUTINES or alteration.effect is Effect.CREATE:
        return names
    return tuple(name for name in names if state.holder(name) is not None) or names


def _used(statement: Statement, resolver: Resolver, state: SchemaState) -> tuple[Used, ...]:
    return tuple(
        Used(use.object, state.holder(use.object), use.hard, use.star) for use in resolver.uses(statement.references)
    )


def _scopes(
    statement: Statement,
    uses: tuple[Used, ...],
    resolver: Resolver,
    state: SchemaState,
    functions: CalledFunctions,
) -> tuple[NoticedScope, ...]:
    """Return what a statement may notice: by itself, and by the functions that it runs."""
    found: dict[NoticedScope, None] = {}
    for scope in statement.scopes:
        match scope.kind:
            case ScopeKind.ROWS | ScopeKind.TRIGGERS:
                name = resolver.relation(scope.name)
                holder = None if name is None else state.holder(name)
                if holder is not None:
                    found[NoticedScope(scope.kind, relation=holder)] = None
            case _:
                found[NoticedScope(scope.kind, scope.name[-1] if scope.name else None)] = None
    if statement.calls and any(functions.may_change_schema(use.name) for use in uses):
        found[NoticedScope(ScopeKind.ANY)] = None
    return tuple(found)
