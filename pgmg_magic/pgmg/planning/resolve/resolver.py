"""Finds out which object each name in the sources means (rules 1.8, 2)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from pgmg.errors import DuplicateObject, SourceError, SourceErrors
from pgmg.model.name_space import WITHOUT_SCHEMA, NameSpace
from pgmg.model.names import RELATIONS, ROUTINES, TYPES, Kind, ObjectName
from pgmg.model.source import Alteration, Effect, Migration, Parts, Reference, RefKind, SourceObject, Target, TypeName
from pgmg.planning.resolve.search_path import path_with_new_schemas, search_path_of
from pgmg.planning.resolve.type_names import built_in_name, spell_built_in, spell_named

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pgmg.model.snapshot import Snapshot

_TEXT_SEARCH = frozenset(
    {
        Kind.TEXT_SEARCH_CONFIGURATION,
        Kind.TEXT_SEARCH_DICTIONARY,
        Kind.TEXT_SEARCH_PARSER,
        Kind.TEXT_SEARCH_TEMPLATE,
    }
)


@dataclass(frozen=True, slots=True)
class Use:
    """A reference after resolution: the object meant, and how it is used."""

    object: ObjectName
    hard: bool
    star: bool = False


@dataclass(frozen=True, slots=True)
class Declared:
    """A declared object under its full name, with what it uses."""

    name: ObjectName
    source: SourceObject
    uses: tuple[Use, ...] = ()


class Resolver:
    """Resolves names under one search_path against declared, live and pending objects."""

    def __init__(self, snapshot: Snapshot, pending: Sequence[Migration] = ()) -> None:
        self.path = path_with_new_schemas(snapshot, pending)
        self.home = self.path[0] if self.path else "public"
        self.space = NameSpace(snapshot.name_space)
        self._snapshot = snapshot
        self._pending = pending
        self.carried: dict[Target, tuple[ObjectName, ObjectName]] = {}
        """What goes along with its schema: what it was, and what it is then."""
        self._spelled: dict[TypeName, str] = {}
        self._declared: dict[ObjectName, Declared] = {}
        self._recorded_schemas = sorted({row.schema for row in snapshot.state.values() if row.schema})

    def declare(self, objects: Sequence[SourceObject]) -> dict[ObjectName, Declared]:
        """Name every object, then resolve what each uses.

        Raises:
            SourceErrors: the same object is declared twice (rule 1.5).
        """
        # types first: names of routines, operators and casts are spelled with them
        alone = [o for o in objects if o.target.parent is None]
        for source in alone:
            if source.target.arguments is None:
                self.space.add(self.name(source.target, source.settings))
        self._add_others()
        for source in alone:
            if source.target.arguments is not None:
                self.space.add(self.name(source.target, source.settings))
        named: dict[ObjectName, SourceObject] = {}
        problems: list[SourceError] = []
        for source in objects:
            name = self.name(source.target, source.settings)
            if name in named:
                problems.append(_duplicate(name, named[name], source))
            else:
                named[name] = source
        if problems:
            raise SourceErrors(tuple(problems))
        self._declared = {name: self._declare(name, source) for name, source in named.items()}
        return self._declared

    def declare_again(self, objects: Sequence[SourceObject]) -> dict[ObjectName, Declared] | None:
        """Return what `declare` would, where the same names are declared as the last time, in the same order.

        Only what has another source is resolved. None: there are other names, so any name may mean something else.
        """
        known = self._declared
        if len(known) != len(objects):
            return None
        again = {}
        for (name, before), source in zip(known.items(), objects, strict=True):
            old = before.source
            if old is source:
                again[name] = before
            elif old.target == source.target and old.settings == source.settings:
                again[name] = self._declare(name, source)
            else:
                return None
        self._declared = again
        return again

    def _declare(self, name: ObjectName, source: SourceObject) -> Declared:
        return Declared(name, source, self.uses(source.references, source.settings, but=name))

    def _add_others(self) -> None:
        for migration in self._pending:
            for alteration in migration.alterations:
                if alteration.effect is Effect.CREATE and alteration.target.parent is None:
                    self.space.add_missing(self.name(alteration.target, alteration.settings))

    def name(self, target: Target, settings: tuple[str, ...] = ()) -> ObjectName:
        """Return the full name of what a statement makes, alters or talks about."""
        parent = self._parent(target.parent, settings) if target.parent else None
        if target.kind is Kind.INDEX and target.parent is not None:
            schema = target.parts[0] if len(target.parts) > 1 else (parent.schema if parent else None) or self.home
            return ObjectName(Kind.INDEX, target.parts[-1], schema)
        last = target.parts[-1] if target.parts else ""
        arguments = None if target.arguments is None else tuple(self.type(t, settings) for t in target.arguments)
        if parent is not None or target.kind in WITHOUT_SCHEMA:
            return ObjectName(target.kind, last, None, arguments, parent, target.detail)
        if len(target.parts) > 1:
            return ObjectName(target.kind, last, target.parts[-2], arguments, None, target.detail)
        return self._unqualified(ObjectName(target.kind, last, self._path(settings)[0], arguments, None, target.detail))

    def _unqualified(self, name: ObjectName) -> ObjectName:
        """Prefer the schema in which an object of this name was recorded (rule 10)."""
        if str(name) in self._snapshot.state:
            return name
        others = [
            other
            for schema in self._recorded_schemas
            if str(other := ObjectName(name.kind, name.name, schema, name.arguments, None, name.detail))
            in self._snapshot.state
        ]
        return others[0] if len(others) == 1 else name

    def _parent(self, target: Target, settings: tuple[str, ...]) -> ObjectName:
        """Return what an attachment stands on or speaks of: something that exists, so the whole path is searched."""
        match target.kind:
            case Kind.COLUMN | Kind.CONSTRAINT | Kind.TRIGGER | Kind.RULE | Kind.POLICY:
                return self.name(target, settings)
            case kind if kind in RELATIONS or kind is Kind.OTHER:
                return self._relation_or_row(target, settings) or self._guess(target, settings)
            case kind if kind in TYPES:
                return self._named_type(target.parts, settings) or self._guess(target, settings)
            case kind if kind in ROUTINES:
                return self._routine(target, settings)
            case _:
                return self.name(target, settings)

    def _relation_or_row(self, target: Target, settings: tuple[str, ...]) -> ObjectName | None:
        """Return a relation, or the composite type whose columns a statement names as if it were a table."""
        found = self.relation(target.parts, settings)
        return self._named_type(target.parts, settings) if found is None and target.kind is Kind.TABLE else found

    def _guess(self, target: Target, settings: tuple[str, ...]) -> ObjectName:
        schema = target.parts[-2] if len(target.parts) > 1 else self._path(settings)[0]
        return ObjectName(target.kind, target.parts[-1], schema)

    def _routine(self, target: Target, settings: tuple[str, ...]) -> ObjectName:
        found = self.routines(target.parts, settings)
        if target.arguments is None:
            return found[0] if len(found) == 1 else self._guess(target, settings)
        wanted = tuple(self.type(t, settings) for t in target.arguments)
        for name in found:
            if name.arguments == wanted:
                return name
        schema = target.parts[-2] if len(target.parts) > 1 else self._path(settings)[0]
        return ObjectName(target.kind, target.parts[-1], schema, wanted)

    # -- looking up ---------------------------------------------------------------------------------

    def _path(self, settings: tuple[str, ...]) -> tuple[str, ...]:
        return search_path_of(settings) or self.path or (self.home,)

    def _keys(self, parts: Parts, settings: tuple[str, ...]) -> Iterator[tuple[str, str]]:
        if len(parts) > 1:
            yield parts[-2], parts[-1]
        else:
            for schema in self._path(settings):
                yield schema, parts[-1]

    def relation(self, parts: Parts, settings: tuple[str, ...] = ()) -> ObjectName | None:
        """Return the view, table, sequence or index that a name means."""
        return next((r for key in self._keys(parts, settings) if (r := self.space.relation(key))), None)

    def routines(self, parts: Parts, settings: tuple[str, ...] = ()) -> list[ObjectName]:
        """Return every overload that a name may mean (rule 2.3)."""
        return [name for key in self._keys(parts, settings) for name in self.space.routines(key)]

    def _named_type(self, parts: Parts, settings: tuple[str, ...]) -> ObjectName | None:
        for key in self._keys(parts, settings):
            found = self.space.type(key)
            if found is not None:
                return found
        return None

    def type(self, type_: TypeName, settings: tuple[str, ...] = ()) -> str:
        """Return the canonical spelling of a type, with modifiers and array brackets, without SETOF."""
        if not settings and type_ in self._spelled:
            return self._spelled[type_]
        spelled = self._spell(type_, settings) + "[]" * min(type_.dimensions, 1)
        if not settings:
            self._spelled[type_] = spelled
        return spelled

    def _spell(self, type_: TypeName, settings: tuple[str, ...]) -> str:
        if type_.parts == ("NONE",):
            return "NONE"
        if (name := built_in_name(type_.parts)) is not None:
            return spell_built_in(name, type_.modifiers)
        found = self._named_type(type_.parts, settings)
        if found is not None:
            return spell_named(found.schema, found.name, type_.modifiers)
        schema = type_.parts[-2] if len(type_.parts) > 1 else None
        return spell_named(schema, type_.parts[-1], type_.modifiers)

    # -- references ---------------------------------------------------------------------------------

    def uses(
        self, references: Iterable[Reference], settings: tuple[str, ...] = (), *, but: ObjectName | None = None
    ) -> tuple[Use, ...]:
        """Resolve references; names that nothing known bears are left out (rule 8 catches what that hides)."""
        found: dict[ObjectName, Use] = {}
        for reference in references:
            for name in self.meant(reference, reference.settings or settings):
                if name == but:
                    continue
                known = found.get(name)
                hard = reference.hard or (known is not None and known.hard)
                star = reference.star or (known is not None and known.star)
                found[name] = Use(name, hard, star)
        return tuple(found.values())

    def meant(self, reference: Reference, settings: tuple[str, ...] = ()) -> list[ObjectName]:
        """Return the objects that one reference may mean."""
        match reference.kind:
            case RefKind.RELATION:
                one = self.relation(reference.parts, settings)
                return [one] if one else []
            case RefKind.TYPE:
                if built_in_name(reference.parts) is not None:
                    return []
                one = self._named_type(reference.parts, settings)
                return [one] if one else []
            case RefKind.ROUTINE:
                found = self.routines(reference.parts, settings)
                if reference.arguments is None:
                    return found
                wanted = tuple(self.type(t, settings) for t in reference.arguments)
                return [name for name in found if name.arguments == wanted] or found
            case RefKind.OPERATOR:
                return self._others(frozenset({Kind.OPERATOR}), reference.parts, settings)
            case RefKind.COLLATION:
                return self._others(frozenset({Kind.COLLATION}), reference.parts, settings)
            case RefKind.TEXT_SEARCH:
                return self._others(_TEXT_SEARCH, reference.parts, settings)
            case RefKind.OPERATOR_CLASS:
                return self._others(frozenset({Kind.OPERATOR_CLASS, Kind.OPERATOR_FAMILY}), reference.parts, settings)
            case RefKind.SCHEMA:
                return []

    def _others(self, kinds: frozenset[Kind], parts: Parts, settings: tuple[str, ...]) -> list[ObjectName]:
        keys = list(self._keys(parts, settings))
        return [name for kind in sorted(kinds) for key in keys for name in self.space.others(kind, key)]

    def needs(self, migration: Migration) -> tuple[Use, ...]:
        """Return what a migration uses: what is there, rather than what is to take its name."""
        return tuple(self._as_it_stands(use) for use in self.uses(migration.references))

    def _as_it_stands(self, use: Use) -> Use:
        standing = self._standing.get((use.object.schema or "", use.object.name))
        return use if standing is None or use.object.kind not in RELATIONS else replace(use, object=standing)

    @cached_property
    def _standing(self) -> dict[tuple[str, str], ObjectName]:
        return {(n.schema or "", n.name): n for n in self._snapshot.objects if n.kind in RELATIONS}

    def became(self, alteration: Alteration) -> list[ObjectName]:
        """Return what the altered objects are called after a rename or a move."""
        new = alteration.new_name
        if new is None or alteration.effect not in (Effect.RENAME, Effect.SET_SCHEMA):
            return []
        if alteration.target in self.carried:
            return [self.carried[alteration.target][1]]
        if alteration.effect is Effect.RENAME:
            return [replace(name, name=new) for name in self.altered(alteration)]
        return [replace(name, schema=new) for name in self.altered(alteration)]

    def altered(self, alteration: Alteration) -> list[ObjectName]:
        """Return the objects that a migration's alteration is about."""
        target, settings = alteration.target, alteration.settings
        if target in self.carried:
            return [self.carried[target][0]]
        if alteration.effect is Effect.CREATE:
            return [self.name(target, settings)]
        if target.kind in RELATIONS:  # what is there, rather than what is to take its name
            keys = self._keys(target.parts, settings)
            standing = next((name for key in keys if (name := self._standing.get(key))), None)
            return [standing or self.relation(target.parts, settings) or self._guess(target, settings)]
        if target.kind in TYPES:
            found = self._named_type(target.parts, settings)
            return [found or self._guess(target, settings)]
        if target.kind in ROUTINES:
            if target.arguments is None:
                return self.routines(target.parts, settings)
            return [self._routine(target, settings)]
        return [self.name(target, settings)]


def _duplicate(name: ObjectName, first: SourceObject, second: SourceObject) -> DuplicateObject:
    where = f"{first.location.path}:{first.location.line} and {second.location.path}:{second.location.line}"
    return DuplicateObject(
        f"{name} is declared twice: {where}",
        hint="Keep one of the two; a file may also hold several objects.",
        paths=(first.location.path, second.location.path),
    )


def declared_names(declared: Mapping[ObjectName, Declared]) -> dict[str, ObjectName]:
    """Index declared objects by the name that state uses."""
    return {str(name): name for name in declared}
