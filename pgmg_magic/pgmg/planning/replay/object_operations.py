"""The effect of a migration statement on one object, once its names are resolved."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pgmg.model.lazy_dataclass import dataclass
from pgmg.model.naming.names import RELATIONS, Kind, ObjectName
from pgmg.model.sources.source import Effect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgmg.model.sources.source import Alteration
    from pgmg.planning.replay.schema_history import SchemaHistory
    from pgmg.planning.replay.schema_state import ObjectId

LEAVES_NAME = frozenset({Effect.DROP, Effect.RENAME, Effect.SET_SCHEMA})
"""Effects after which the object does not have its name any more."""

_MOVES = frozenset({Effect.RENAME, Effect.SET_SCHEMA})
"""Effects after which the object has another name."""

CHANGES_SHAPE = frozenset(
    {
        Effect.ADD_COLUMN,
        Effect.DROP_COLUMN,
        Effect.RETYPE_COLUMN,
        Effect.RENAME_COLUMN,
        Effect.CHANGES_COLUMNS,
    }
    | LEAVES_NAME
)
"""Effects after which a dependent may be stale."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One effect of one statement on one object.

    `name` is what the object is called right before. `member` is the column, constraint or the like as the statement
    calls it, `column` what the catalog calls it (None for a column that an earlier statement added). `becomes` is the
    new name of the object, `new_member` that of its column. `moved_with` is the schema that takes the object along.
    """

    statement: int
    effect: Effect
    object: ObjectId
    name: ObjectName
    member: str | None = None
    column: str | None = None
    becomes: ObjectName | None = None
    new_member: str | None = None
    cascade: bool = False
    moved_with: str | None = None
    keeps_existing: bool = False  # CREATE … IF NOT EXISTS of what exists

    @property
    def changes_definition(self) -> bool:
        """Whether the object itself is not what it was, rather than something about it."""
        return not self.effect.keeps_dependents_valid


def operations_of(
    alteration: Alteration, names: tuple[ObjectName, ...], history: SchemaHistory, statement: int
) -> Iterator[Operation]:
    """Yield what an alteration does to the objects that its words mean at this point; `names` are those meant.

    An object that does not exist has no identity: what is said of it (DROP … IF EXISTS) has no effect.
    """
    effect, member = alteration.effect, alteration.member
    for name in names:
        if effect is Effect.CREATE or (effect is Effect.REPLACE and history.holder(name, statement) is None):
            known = history.holder(name, statement)
            made = history.create(name, statement, keeps_existing=alteration.if_exists)
            is_kept = made == known
            done = Effect.METADATA_ONLY if is_kept else Effect.CREATE
            yield Operation(statement, done, made, name, keeps_existing=is_kept)
            continue
        if name.kind is Kind.EXTENSION and effect is Effect.DROP:
            yield from _drop_members(name.name, statement, history)
            continue
        id_ = history.holder(name, statement)
        if id_ is None:
            if history.is_declared(name):  # it is to be created before
                yield Operation(statement, effect, history.identify(name), name, member, member)
            if history.is_declared(name) or effect not in _MOVES or alteration.if_exists:
                continue
            id_ = history.discover(name, statement)
        column = None if member is None else history.columns.original(id_, member)
        known_as = history.name_of(id_, statement)
        operation = Operation(statement, effect, id_, known_as, member, column, cascade=alteration.cascade)
        match effect:
            case Effect.DROP:
                yield from _drop(operation, history)
                continue
            case Effect.RENAME if name.kind is Kind.SCHEMA:
                yield from _rename_schema(operation, alteration.new_name or "", history)
                continue
            case Effect.RENAME | Effect.SET_SCHEMA:
                operation = replace(operation, becomes=alteration.name_after(known_as))
            case Effect.RENAME_COLUMN:
                operation = replace(operation, new_member=alteration.new_name)
            case _:
                pass
        _apply(operation, history)
        yield operation


def _drop(operation: Operation, history: SchemaHistory) -> Iterator[Operation]:
    """A schema or extension takes along what is in it, if it is told to."""
    if operation.name.kind is Kind.SCHEMA and operation.cascade:
        for id_, name in list(history.in_schema(operation.name.name, operation.statement)):
            within = Operation(
                operation.statement, Effect.DROP, id_, name, cascade=True, moved_with=operation.name.name
            )
            history.drop(id_, operation.statement)
            yield within
    history.drop(operation.object, operation.statement)
    yield operation


def _drop_members(extension: str, statement: int, history: SchemaHistory) -> Iterator[Operation]:
    """An extension takes its members along; what others depend on among them prevents it."""
    for id_, name in history.members_of(extension, statement):
        history.drop(id_, statement)
        yield Operation(statement, Effect.DROP, id_, name)


def _rename_schema(operation: Operation, new: str, history: SchemaHistory) -> Iterator[Operation]:
    old, statement = operation.name.name, operation.statement
    before = dict(history.in_schema(old, statement))
    yield replace(operation, becomes=replace(operation.name, name=new))
    for id_, name in history.rename_schema(old, new, statement):
        yield Operation(statement, Effect.SET_SCHEMA, id_, before[id_], becomes=name, moved_with=old)


def _apply(operation: Operation, history: SchemaHistory) -> None:
    id_, statement, member = operation.object, operation.statement, operation.member
    match operation.effect:
        case Effect.RENAME | Effect.SET_SCHEMA if operation.becomes is not None:
            history.rename(id_, operation.becomes, statement)
        case Effect.ADD_COLUMN if member is not None:
            history.columns.add(id_, member)
        case Effect.DROP_COLUMN if member is not None:
            history.columns.drop(id_, member, statement)
        case Effect.RETYPE_COLUMN if member is not None:
            history.columns.retype(id_, member, statement)
        case Effect.RENAME_COLUMN if member is not None and operation.new_member is not None:
            history.columns.rename(id_, member, operation.new_member, statement)
        case _:
            pass


def is_relation(operation: Operation) -> bool:
    """Say whether the object is a table, view or the like."""
    return operation.name.kind in RELATIONS
