"""Finds out which object each name in the sources means (rules 1.8, 2)."""

from __future__ import annotations

from copy import copy
from types import MappingProxyType
from typing import TYPE_CHECKING

from pgmg.errors import SourceError, SourceErrors
from pgmg.model.naming.name_space import WITHOUT_SCHEMA, NameSpace
from pgmg.model.naming.names import RELATIONS, ROUTINES, TYPES, Kind, ObjectName
from pgmg.model.naming.quoting import spell
from pgmg.model.naming.roles import role_meant
from pgmg.model.sources.facts import CompositeFacts, RangeFacts, RoutineFacts
from pgmg.model.sources.source import (
    Alteration,
    Effect,
    Migration,
    Parts,
    Reference,
    RefKind,
    SourceObject,
    Target,
    TypeName,
)
from pgmg.planning.resolve.column_types import ColumnTypes, LiveColumns
from pgmg.planning.resolve.declared import Declared, Use, ambiguous, default_of_a_table, duplicate
from pgmg.planning.resolve.search_path import path_with_new_schemas, search_path_of
from pgmg.planning.resolve.types import Types
from pgmg.source import merge_grants
from pgmg.source.declarations import ADDED_UP

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pgmg.model.database.snapshot import Snapshot

_TEXT_SEARCH = frozenset(
    {
        Kind.TEXT_SEARCH_CONFIGURATION,
        Kind.TEXT_SEARCH_DICTIONARY,
        Kind.TEXT_SEARCH_PARSER,
        Kind.TEXT_SEARCH_TEMPLATE,
    }
)


class Resolver:
    """Resolves names under one search_path against declared, live and pending objects."""

    def __init__(
        self, snapshot: Snapshot, pending: Sequence[Migration] = (), columns: LiveColumns = MappingProxyType({})
    ) -> None:
        self.path = path_with_new_schemas(snapshot, pending)
        self.home = self.path[0] if self.path else "public"
        self.space = NameSpace(snapshot.name_space)
        self._snapshot = snapshot
        self._pending = pending
        self.columns = columns
        self._columns = ColumnTypes(columns, self._path)
        self._ranges: dict[ObjectName, ObjectName] = {}
        """Range types that are declared, by the names of their multiranges."""
        self._types = Types(snapshot.types, self._type_object, self.space.element, self._columns)
        self._declared: dict[ObjectName, Declared] = {}
        self._named: dict[ObjectName, tuple[SourceObject, ...]] = {}
        self._order: tuple[SourceObject, ...] = ()
        self._sources: dict[ObjectName, SourceObject] = {}
        self._casts: dict[str, list[ObjectName]] = {}
        """Declared casts, by the type that they cast to."""
        self._qualified: set[ObjectName] = set()
        """Names that are declared with their schema: no name without one means these."""
        self._left: set[ObjectName] = set()
        """Recorded names whose file has another text now: executed, it would not be about these."""
        self._recorded_schemas = sorted({row.schema for row in snapshot.state.values() if row.schema})

    def at(self, names: NameSpace) -> Resolver:
        """Return a resolver that finds other objects: those of one point between pending statements."""
        other = copy(self)
        other.space = names
        other._types = Types(self._snapshot.types, other._type_object, other.space.element, self._columns)  # noqa: SLF001 - its own class
        return other

    def targets(self, alteration: Alteration) -> list[ObjectName]:
        """Return the objects that an alteration names, or for one that creates something the name it gives."""
        target, settings = alteration.target, alteration.settings
        if alteration.effect is Effect.CREATE:
            return [self.name(target, settings)]
        if target.kind in RELATIONS:
            return [self.relation(target.parts, settings) or self._guess(target, settings)]
        if target.kind in TYPES:
            return [self._named_type(target.parts, settings) or self._guess(target, settings)]
        if target.kind in ROUTINES:
            if target.arguments is None:
                return self.routines(target.parts, settings)
            return [self._routine(target, settings)]
        return [self.name(target, settings)]

    def declare(self, objects: Sequence[SourceObject]) -> dict[ObjectName, Declared]:
        """Name every object; what each uses is resolved when it is asked for.

        Raises:
            SourceErrors: the same object is declared twice (rule 1.5).
        """
        known = self._make_findable([o for o in objects if o.target.parent is None])
        named: dict[ObjectName, list[SourceObject]] = {}
        problems: list[SourceError] = []
        for source in objects:
            problems += self._ambiguous(source)
            name = known.get(id(source)) or self.name(source.target, source.settings)
            if (refused := default_of_a_table(name, source)) is not None:
                problems.append(refused)
            same = named.setdefault(name, [])
            if same and name.kind not in ADDED_UP:
                problems.append(duplicate(name, same[0], source))
            same.append(source)
        if problems:
            raise SourceErrors(tuple(problems))
        self._named = {name: tuple(sources) for name, sources in named.items()}
        self._order = tuple(objects)
        self._declared = {name: self._declare(name, sources) for name, sources in self._named.items()}
        return self._declared

    def declare_again(self, objects: Sequence[SourceObject]) -> dict[ObjectName, Declared] | None:
        """Return what `declare` would, where the same names are declared as the last time, in the same order.

        Only what has another source is resolved. None: there are other names, so any name may mean something else.
        """
        if len(self._order) != len(objects):
            return None
        new: dict[int, SourceObject] = {}
        for old, source in zip(self._order, objects, strict=True):
            if old is source:
                continue
            if old.target != source.target or old.settings != source.settings or _has_attributes(source):
                return None
            new[id(old)] = source
        changed = {
            name: tuple(new.get(id(source), source) for source in sources)
            for name, sources in self._named.items()
            if any(id(source) in new for source in sources)
        }
        self._named |= changed
        self._order = tuple(objects)
        self._declared = self._declared | {name: self._declare(name, sources) for name, sources in changed.items()}
        return self._declared

    def _declare(self, name: ObjectName, sources: Sequence[SourceObject]) -> Declared:
        """Return an object with its source; several statements about one object and one role add up."""
        (source,) = merge_grants(sources, key=lambda _: None) if len(sources) > 1 else sources
        return Declared(name, source, self._uses_of)

    def _uses_of(self, one: Declared) -> tuple[Use, ...]:
        return self.uses(one.source.references, one.source.settings, but=one.name)

    def _make_findable(self, declared: Sequence[SourceObject]) -> dict[int, ObjectName]:
        """Add everything that a name may mean: first what is declared, then the rest; types before what takes them.

        Return the names in which no types stand, by the identity of the source: they are what they will be.
        """
        created = [
            alteration
            for migration in self._pending
            for alteration in migration.alterations
            if alteration.effect is Effect.CREATE and alteration.target.parent is None
        ]
        self._columns.declare(declared)
        found: dict[int, ObjectName] = {}
        qualified_first = sorted(declared, key=_is_unqualified)
        with_types = [source for source in qualified_first if source.target.arguments is not None]
        without = [source for source in qualified_first if source.target.arguments is None]
        for has_types, sources in ((False, without), (True, with_types)):
            for source in sources:
                name = self.name(source.target, source.settings)
                if not _is_unqualified(source):
                    self._qualified.add(name)
                elif self._is_left_by(source, name):
                    self._left.add(name)
                    name = self.name(source.target, source.settings)
                self.space.add(name)
                self._sources[name] = source
                if not has_types:
                    found[id(source)] = name
                if name.kind is Kind.CAST and name.arguments is not None:
                    self._casts.setdefault(name.arguments[1], []).append(name)
                if name.kind is Kind.TYPE and isinstance(source.facts, RangeFacts):
                    multirange = self.name(Target(Kind.TYPE, source.facts.multirange), source.settings)
                    self.space.add(multirange)
                    self._ranges[multirange] = name
            for alteration in created:
                if (alteration.target.arguments is not None) is has_types:
                    self.space.add_missing(self.name(alteration.target, alteration.settings))
            self._columns.migrate(() if has_types else self._pending)
        for name in self._new_names():
            self.space.add_missing(name)
        return found

    def _is_left_by(self, source: SourceObject, name: ObjectName) -> bool:
        """Say whether a name is only that of a record, and the source is not what was recorded."""
        if name.parent is not None or name.schema in (None, self._path(source.settings)[0]):
            return False
        recorded = self._snapshot.state.get(str(name))
        return recorded is not None and recorded.hash not in ("", source.hash)

    def _new_names(self) -> Iterator[ObjectName]:
        """Yield the names that pending migrations give to objects that exist before."""
        for migration in self._pending:
            for alteration in migration.alterations:
                if alteration.target.parent is None and alteration.member is None and alteration.new_name is not None:
                    names = map(alteration.name_after, self.targets(alteration))
                    yield from (name for name in names if name is not None)

    def _ambiguous(self, source: SourceObject) -> Iterator[SourceError]:
        """Yield what is wrong where a routine is named without its argument types and several are declared."""
        about = source.target.parent
        if about is None or about.kind not in ROUTINES or about.arguments is not None:
            return
        meant = self._candidates(about, source.settings)
        if len(meant) > 1:
            yield ambiguous(source, about, meant)

    def name(self, target: Target, settings: tuple[str, ...] = ()) -> ObjectName:
        """Return the full name of what a statement makes, alters or talks about."""
        return self._live_or_new(self._name(target, settings))

    def _live_or_new(self, name: ObjectName) -> ObjectName:
        """Return the same name as the snapshot has it, where it has it: that one knows its text and hash already."""
        live = self._snapshot.objects.get(name)
        return name if live is None else live.name

    def _name(self, target: Target, settings: tuple[str, ...]) -> ObjectName:
        if target.kind is Kind.DEFAULT_PRIVILEGES:
            return self._default_privileges(target)
        parent = self._parent(target.parent, settings) if target.parent else None
        if target.kind is Kind.INDEX and target.parent is not None:
            schema = target.parts[0] if len(target.parts) > 1 else (parent.schema if parent else None) or self.home
            return ObjectName(Kind.INDEX, target.parts[-1], schema)
        last = target.parts[-1] if target.parts else ""
        arguments = None if target.arguments is None else self._argument_types(target.arguments, settings)
        if parent is not None or target.kind in WITHOUT_SCHEMA:
            detail = self._role(target.detail or "") if target.kind is Kind.GRANT else target.detail
            return ObjectName(target.kind, last, None, arguments, parent, detail)
        if len(target.parts) > 1:
            return ObjectName(target.kind, last, target.parts[-2], arguments, None, target.detail)
        name = ObjectName(target.kind, last, self._path(settings)[0], arguments, None, target.detail)
        return self._unqualified(self._live_or_new(name))

    def _default_privileges(self, target: Target) -> ObjectName:
        """Return a name such as `for alice in app on tables to bob`; our own role is not named as the creator."""
        creator, schema, objects = target.parts
        by = f"for {spell(role)} " if creator and (role := self._role(creator)) != self._snapshot.server.user else ""
        where = f"in {spell(schema)} " if schema else ""
        text = f"{by}{where}on {objects} to {spell(self._role(target.detail or ''))}"
        return ObjectName(Kind.DEFAULT_PRIVILEGES, text)

    def _role(self, word: str) -> str:
        server = self._snapshot.server
        return role_meant(word, server.user, server.session_user or server.user)

    def _unqualified(self, name: ObjectName) -> ObjectName:
        """Prefer the schema in which an object of this name was recorded (rule 10), unless a file declares it there.

        An edited source is executed: it is about the schema that comes first in search_path.
        """
        if str(name) in self._snapshot.state:
            return name
        others = [
            other
            for schema in self._recorded_schemas
            if str(other := ObjectName(name.kind, name.name, schema, name.arguments, None, name.detail))
            in self._snapshot.state
            and other not in self._qualified | self._left
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
        """Return the routine that a statement names, as the server would find it (LookupFuncWithArgs)."""
        if target.arguments is None:
            meant = self._candidates(target, settings)
            return meant[0] if len(meant) == 1 else self._guess(target, settings)
        found = self.routines(target.parts, settings)
        wanted = self._argument_types(target.arguments, settings)
        for name in found:
            if name.arguments == wanted:
                return name
        for name in found:
            if name.kind is Kind.PROCEDURE and self._all_arguments(name) == wanted:
                return name
        schema = target.parts[-2] if len(target.parts) > 1 else self._path(settings)[0]
        return ObjectName(target.kind, target.parts[-1], schema, wanted)

    def _candidates(self, target: Target, settings: tuple[str, ...]) -> list[ObjectName]:
        """Return the routines that a name without argument types may mean; what is declared comes before the rest."""
        found = self.routines(target.parts, settings)
        of_kind = [name for name in found if name.kind is target.kind] or found
        return [name for name in of_kind if name in self._sources] or of_kind

    def _all_arguments(self, name: ObjectName) -> tuple[str, ...] | None:
        """Return the types of all parameters of a procedure: OUT parameters may be spelled out, too."""
        source = self._sources.get(name)
        if source is None or not isinstance(source.facts, RoutineFacts):
            live = self._snapshot.objects.get(name)
            return live.parameters if live is not None else None
        return self._argument_types((argument.type for argument in source.facts.arguments), source.settings)

    # -- looking up ---------------------------------------------------------------------------------

    def _path(self, settings: tuple[str, ...]) -> tuple[str, ...]:
        return (search_path_of(settings) if settings else None) or self.path or (self.home,)

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
        return next((found for key in self._keys(parts, settings) if (found := self._type_object(key))), None)

    def _type_object(self, key: tuple[str, str]) -> ObjectName | None:
        """Return the domain, type or relation whose name is that of a type."""
        return self.space.type(key)

    def _constructed(self, parts: Parts, settings: tuple[str, ...]) -> list[ObjectName]:
        """Return the type that a call makes a value of: of a range by its constructors, of any type by a cast."""
        one = self._named_type(parts, settings)
        return [self._ranges.get(one, one)] if one is not None and one.kind in TYPES else []

    def _argument_types(self, types: Iterable[TypeName], settings: tuple[str, ...]) -> tuple[str, ...]:
        path = self._path(settings)
        return tuple(self._types.argument(type_, path) for type_ in types)

    def argument_type(self, type_: TypeName, settings: tuple[str, ...] = ()) -> str:
        """Return a type as the identity of a routine, operator or cast spells it: without modifiers, without SETOF."""
        return self._types.argument(type_, self._path(settings))

    def column_type(self, type_: TypeName, settings: tuple[str, ...] = ()) -> str:
        """Return a type as `format_type` spells that of a column, with modifiers."""
        return self._types.column(type_, self._path(settings))

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
                type_ = self._types.identify(TypeName(reference.parts), self._path(settings))
                one = self._type_object((type_.schema, type_.name)) if type_ is not None else None
                return [self._ranges.get(one, one)] if one else []
            case RefKind.ROUTINE:
                found = self.routines(reference.parts, settings) or self._constructed(reference.parts, settings)
                if reference.arguments is None:
                    return found
                wanted = self._argument_types(reference.arguments, settings)
                return [name for name in found if name.arguments == wanted] or found
            case RefKind.OPERATOR:
                return self._others(frozenset({Kind.OPERATOR}), reference.parts, settings)
            case RefKind.COLLATION:
                return self._others(frozenset({Kind.COLLATION}), reference.parts, settings)
            case RefKind.TEXT_SEARCH:
                return self._others(_TEXT_SEARCH, reference.parts, settings)
            case RefKind.OPERATOR_CLASS:
                return self._others(frozenset({Kind.OPERATOR_CLASS, Kind.OPERATOR_FAMILY}), reference.parts, settings)
            case RefKind.CAST:
                if not self._casts:
                    return []
                (result,) = self._argument_types(reference.arguments or (), settings)
                return self._casts.get(result, [])
            case RefKind.SCHEMA:
                return []

    def _others(self, kinds: frozenset[Kind], parts: Parts, settings: tuple[str, ...]) -> list[ObjectName]:
        keys = list(self._keys(parts, settings))
        return [name for kind in sorted(kinds) for key in keys for name in self.space.others(kind, key)]


def _is_unqualified(source: SourceObject) -> bool:
    return len(source.target.parts) < 2  # noqa: PLR2004 - schema and name


def _has_attributes(source: SourceObject) -> bool:
    """Say whether `%TYPE` of other objects may mean its attributes."""
    return source.target.kind is Kind.TYPE and isinstance(source.facts, CompositeFacts)
