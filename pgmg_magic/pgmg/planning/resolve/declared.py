"""Declared objects under their full names, and what is wrong with names that mean more than one object."""

from __future__ import annotations

import re
from dataclasses import field
from typing import TYPE_CHECKING

from pgmg.errors import DuplicateObject, RefusedStatement
from pgmg.model.lazy_dataclass import dataclass
from pgmg.model.naming.names import PROPERTY_KINDS, TYPES, Kind
from pgmg.model.naming.quoting import spell

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from pgmg.model.naming.names import ObjectName
    from pgmg.model.sources.source import SourceObject, Target


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
    _resolve: Callable[[Declared], tuple[Use, ...]] = field(repr=False, compare=False)
    _uses: tuple[Use, ...] | None = field(default=None, init=False, repr=False, compare=False)

    @property
    def uses(self) -> tuple[Use, ...]:
        """The names that its source uses; resolved when they are first asked for."""
        if self._uses is None:
            object.__setattr__(self, "_uses", self._resolve(self))
        return self._uses or ()


_MOST_NAMES = 20
_PLAIN = re.compile(r"[a-z_][a-z0-9_$]*\Z")


@dataclass(frozen=True, slots=True)
class NamesInText:
    """Says of declared objects, by their texts alone, which cannot use any of some objects.

    That is cheaper than to find out what each uses. Only where the names are few and can be spelled in one way.
    """

    names: tuple[str, ...] | None

    @classmethod
    def of(cls, objects: Iterable[ObjectName]) -> NamesInText:
        """Return the texts to look for; types have array types and more, whose names are others."""
        found = frozenset((name.kind in TYPES, name.name) for name in objects)
        plain = len(found) <= _MOST_NAMES and all(not is_type and _PLAIN.match(name) for is_type, name in found)
        return cls(tuple(sorted(name for _, name in found)) if plain else None)

    def may_be_in(self, declared: Declared) -> bool:
        """Say whether the text of an object may name one; a name behind an escape cannot be seen."""
        if self.names is None or declared.name.kind in PROPERTY_KINDS:
            return True
        text = declared.source.sql.lower()
        return "\\" in text or "uescape" in text or any(name in text for name in self.names)


def duplicate(name: ObjectName, first: SourceObject, second: SourceObject) -> DuplicateObject:
    """Return the error for an object that is declared twice (rule 1.5)."""
    where = f"{first.location.path}:{first.location.line} and {second.location.path}:{second.location.line}"
    return DuplicateObject(
        f"{name} is declared twice: {where}",
        hint="Keep one of the two; a file may also hold several objects.",
        paths=(first.location.path, second.location.path),
    )


def default_of_a_table(name: ObjectName, source: SourceObject) -> RefusedStatement | None:
    """Return the error for the default of a column whose relation is not, or not known to be, a view (rule 1.4)."""
    if name.kind is not Kind.COLUMN_DEFAULT or name.parent is None or name.parent.kind is Kind.VIEW:
        return None
    return RefusedStatement(
        f"ALTER TABLE does not belong under the code folder, but in a migration: {name.parent.display_name} is no view",
        where=source.location,
        hint="Put it into a file of the migrations folder; only defaults of views may be declared.",
    )


def ambiguous(source: SourceObject, about: Target, meant: Sequence[ObjectName]) -> RefusedStatement:
    """Return the error for a routine that is named without its argument types where several are declared."""
    return RefusedStatement(
        f"{about.kind.sql_keyword} {'.'.join(map(spell, about.parts))} may be any of "
        f"{', '.join(sorted(name.display_name for name in meant))}",
        where=source.location,
        hint=f"Write its argument types, such as {meant[0].display_name}.",
    )
