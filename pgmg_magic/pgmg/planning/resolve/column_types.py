"""Knows which type a column has that `table.column%TYPE` names, once pending migrations have run.

Only a routine's parameters and result may be written so. The server looks the type up when it creates the routine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from pgmg.model.naming.names import ROUTINES, Kind
from pgmg.model.naming.type_identity import SYSTEM, TypeIdentity
from pgmg.model.sources.facts import AggregateFacts, CompositeFacts, RoutineFacts
from pgmg.model.sources.source import Alteration, Effect, Migration, Parts, SourceObject, Target, TypeName

RelationKey = tuple[str, str]
"""Schema and name of a relation."""

LiveColumns = Mapping[RelationKey, Mapping[str, TypeIdentity]]
"""Columns of the database's relations, and of composite types, by name."""

WrittenType = tuple[TypeName, tuple[str, ...]]
"""A type as a source writes it, with the search_path under which it does."""

PathOf = Callable[[tuple[str, ...]], tuple[str, ...]]
"""Returns the search_path that SET statements leave in force."""

_SERIAL = {
    "smallserial": "int2",
    "serial2": "int2",
    "serial": "int4",
    "serial4": "int4",
    "bigserial": "int8",
    "serial8": "int8",
}


class ColumnTypes:
    """The columns of relations after all pending migrations, as far as the database and the sources tell them."""

    def __init__(self, live: LiveColumns, path_of: PathOf) -> None:
        self._path_of = path_of
        self._relations: dict[RelationKey, dict[str, TypeIdentity | WrittenType]] = {
            key: dict(columns) for key, columns in live.items()
        }

    def declare(self, objects: Iterable[SourceObject]) -> None:
        """Take note of the composite types that are declared: their attributes can be named as columns."""
        for source in objects:
            if source.target.kind is Kind.TYPE and isinstance(source.facts, CompositeFacts):
                path = self._path_of(source.settings)
                attributes = self._relations.setdefault(_first(source.target.parts, path), {})
                attributes.clear()
                attributes.update((attribute.name, (attribute.type, path)) for attribute in source.facts.attributes)

    def migrate(self, migrations: Iterable[Migration]) -> None:
        """Let migrations have run."""
        for migration in migrations:
            for alteration in migration.alterations:
                self._take(alteration)

    def type_of(self, parts: Parts, path: tuple[str, ...]) -> TypeIdentity | WrittenType | None:
        """Return the type of `relation.column` or `schema.relation.column`; None where it is not known."""
        *relation, column = parts[-3:]
        key = self._find(tuple(relation), path)
        return None if key is None else self._relations[key].get(column)

    def _find(self, parts: Parts, path: tuple[str, ...]) -> RelationKey | None:
        if len(parts) > 1:
            return (parts[-2], parts[-1]) if (parts[-2], parts[-1]) in self._relations else None
        if not parts:
            return None  # a cast has no name
        return next((key for schema in path if (key := (schema, parts[-1])) in self._relations), None)

    def _take(self, alteration: Alteration) -> None:
        path = self._path_of(alteration.settings)
        if alteration.effect is Effect.CREATE:
            if alteration.columns or alteration.target.kind is Kind.TABLE:
                self._relations[_first(alteration.target.parts, path)] = {
                    name: (_plain(type_), path) for name, type_ in alteration.columns
                }
            return
        target = alteration.target
        # a cast has no name
        key = self._find(target.parts, path) if target.parts and target.parent is None else None
        if key is None:
            return
        relation, member, new_name = self._relations[key], alteration.member or "", alteration.new_name or ""
        match alteration.effect:
            case Effect.ADD_COLUMN | Effect.RETYPE_COLUMN:
                relation.update((name, (_plain(type_), path)) for name, type_ in alteration.columns)
            case Effect.DROP_COLUMN:
                relation.pop(member, None)
            case Effect.RENAME_COLUMN if member in relation:
                relation[new_name] = relation.pop(member)
            case Effect.DROP:
                del self._relations[key]
            case Effect.RENAME:
                self._relations[key[0], new_name] = self._relations.pop(key)
            case Effect.SET_SCHEMA:
                self._relations[new_name, key[1]] = self._relations.pop(key)
            case _:
                pass


def _first(parts: Parts, path: tuple[str, ...]) -> RelationKey:
    return (parts[-2] if len(parts) > 1 else next(iter(path), ""), parts[-1])


def _plain(type_: TypeName) -> TypeName:
    """Return the type that a serial column really has."""
    is_serial = type_.parts[-1] in _SERIAL and type_.parts[:-1] in ((), (SYSTEM,))
    return TypeName((SYSTEM, _SERIAL[type_.parts[-1]])) if is_serial else type_


def column_relations(objects: Iterable[SourceObject], migrations: Iterable[Migration]) -> frozenset[str]:
    """Return the bare names of the relations whose columns must be known: `%TYPE` names them, before a rename or after.

    Empty where nothing uses `%TYPE`.
    """
    types = (type_ for source in objects if may_follow_a_column(source) for type_ in _types(source))
    named = frozenset(type_.parts[-2] for type_ in types if type_.relative and len(type_.parts) > 1)
    alterations = (a for migration in migrations for a in migration.alterations)
    renamed = frozenset(a.target.parts[-1] for a in alterations if a.effect is Effect.RENAME and a.target.parts)
    return named | renamed if named else named


def may_follow_a_column(source: SourceObject) -> bool:
    """Say whether a text may hold `%TYPE`; those that cannot need no closer look."""
    return "%" in source.sql


def _types(source: SourceObject) -> Iterator[TypeName]:
    """Yield every type in the identity of an object, and in a routine's signature."""
    yield from _in_target(source.target)
    match source.facts if source.target.kind in ROUTINES else None:
        case RoutineFacts() as facts:
            yield from (argument.type for argument in facts.arguments)
            if facts.result is not None:
                yield facts.result
        case AggregateFacts() as facts:
            yield from (argument.type for argument in facts.arguments)
            if facts.state_type is not None:
                yield facts.state_type
        case _:
            pass


def _in_target(target: Target) -> Iterator[TypeName]:
    yield from target.arguments or ()
    if target.parent is not None:
        yield from _in_target(target.parent)
