"""Finds the type that a type's name in the sources means (PostgreSQL: LookupTypeName in parse_type.c)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from pgmg.model.naming.type_identity import NO_TYPE, PUBLIC, SYSTEM, TypeIdentity, column_type, unknown_column

if TYPE_CHECKING:
    from pgmg.model.naming.names import ObjectName
    from pgmg.model.sources.source import Parts, TypeName
    from pgmg.planning.resolve.column_types import ColumnTypes

KnownTypes = Mapping[tuple[str, str], TypeIdentity]
"""Types by schema and name."""


class Types:
    """Resolves types: those that the server has by itself, and those of objects.

    `system` are types that are no objects: those of pg_catalog, multiranges, arrays with a name of their own.
    `named` finds the domain, type or relation of a schema that bears a name, `element` the one whose arrays are
    called so because an underscore and its own name are too long. `columns` knows what `%TYPE` refers to.
    """

    def __init__(
        self,
        system: KnownTypes,
        named: Callable[[tuple[str, str]], ObjectName | None],
        element: Callable[[tuple[str, str]], ObjectName | None],
        columns: ColumnTypes,
    ) -> None:
        self._system = system
        self._named = named
        self._element = element
        self._columns = columns
        self._known: dict[tuple[TypeName, tuple[str, ...]], TypeIdentity | None] = {}

    def identify(self, type_: TypeName, path: tuple[str, ...]) -> TypeIdentity | None:
        """Return what a name means under a search_path; None for the operand that an operator does not have.

        A name that nothing bears is taken for one of the first schema of the path: something may create it there.
        """
        key = (type_, path)
        if key not in self._known:
            self._known[key] = self._identify(type_, path)
        return self._known[key]

    def argument(self, type_: TypeName, path: tuple[str, ...]) -> str:
        """Return the spelling in the identity of a routine, operator or cast: without modifiers."""
        found = self.identify(type_, path)
        return NO_TYPE if found is None else str(found)

    def column(self, type_: TypeName, path: tuple[str, ...]) -> str:
        """Return the spelling of a column's, an attribute's or a domain's base type: with its modifiers."""
        found = self.identify(type_, path)
        modifiers = tuple(part.strip() for part in type_.modifiers.split(",")) if type_.modifiers else ()
        return NO_TYPE if found is None else column_type(found, modifiers)

    def _identify(self, type_: TypeName, path: tuple[str, ...]) -> TypeIdentity | None:
        if type_.parts == (NO_TYPE,):
            return None
        if type_.relative:
            column = self._columns.type_of(type_.parts, path)
            return unknown_column(type_.parts) if column is None else self._of_column(column)
        found = self._find(type_.parts, path) or _unknown(type_.parts, path)
        return replace(found, array=found.array or type_.dimensions > 0)

    def _of_column(self, column: TypeIdentity | tuple[TypeName, tuple[str, ...]]) -> TypeIdentity | None:
        """Return a column's type: known to the server, or as written where a migration makes the column."""
        return column if isinstance(column, TypeIdentity) else self.identify(*column)

    def _find(self, parts: Parts, path: tuple[str, ...]) -> TypeIdentity | None:
        for schema, name in keys(parts, path):
            if (found := self._in_schema(schema, name)) is not None:
                return found
        return None

    def _in_schema(self, schema: str, name: str) -> TypeIdentity | None:
        known = self._system.get((schema, name))
        if known is not None:
            return known
        if self._named((schema, name)) is not None:
            return TypeIdentity(schema, name)
        if name.startswith("_"):  # how the server names the arrays of a type
            clipped = self._element((schema, name))
            element = self._in_schema(schema, name[1:] if clipped is None else clipped.name)
            return None if element is None or element.array else replace(element, array=True)
        return None


def keys(parts: Parts, path: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Yield schema and name, where a type may be, in the order in which the server looks.

    pg_catalog comes first unless the path names it.
    """
    if len(parts) > 1:
        yield parts[-2], parts[-1]
        return
    if SYSTEM not in path:
        yield SYSTEM, parts[-1]
    for schema in path:
        yield schema, parts[-1]


def _unknown(parts: Parts, path: tuple[str, ...]) -> TypeIdentity:
    if len(parts) > 1:
        return TypeIdentity(parts[-2], parts[-1])
    return TypeIdentity(next((schema for schema in path if schema != SYSTEM), PUBLIC), parts[-1])
