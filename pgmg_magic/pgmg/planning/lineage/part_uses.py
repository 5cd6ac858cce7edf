"""Finds out which statements of clients use which part of what a plan changes, by the grammar and the search_path."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

from pgmg.model.database.relation_shape import RelationShape
from pgmg.model.naming.names import RELATIONS, ROUTINES, TYPES
from pgmg.model.plans.readers import PartReaders, PartUse
from pgmg.model.sources.source import RefKind
from pgmg.planning.resolve.search_path import schemas_of
from pgmg.source.columns.used_names import WHOLE, NameUse, used_names

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pgmg.catalog.reading.client_statements import ClientUse
    from pgmg.catalog.reading.present_schema import PresentPlace
    from pgmg.model.naming.names import ObjectName
    from pgmg.model.plans.readers import ChangedPart, ClientStatement, LastUse
    from pgmg.model.sources.source import Parts

_WORD = re.compile(r"[\w$]+")


def place_of(name: ObjectName) -> PresentPlace:
    """Return the schema and name under which the catalog has an object."""
    return name.schema or "public", name.name


def part_readers(parts: Sequence[ChangedPart], known: ClientUse) -> tuple[PartReaders, ...]:
    """Return each part with the statements that use it, those that are called most first."""
    uses: defaultdict[ChangedPart, list[PartUse]] = defaultdict(list)
    attribution = _Attribution(parts, known)
    for statement in known.statements:
        for part, is_certain in attribution.parts_in(statement).items():
            uses[part].append(PartUse(statement, is_certain))
    return tuple(
        PartReaders(
            part, tuple(sorted(uses[part], key=lambda use: -(use.statement.calls or 0))), last_use_of(part, known)
        )
        for part in parts
    )


def last_use_of(part: ChangedPart, known: ClientUse) -> LastUse | None:
    """Return what the server counted of an object that is deleted; None for others, and for what it does not count."""
    name = part.object
    if not part.is_deleted or part.column is not None:
        return None
    if name.kind in ROUTINES:
        return known.routines.get((*place_of(name), len(name.arguments or ())))
    return known.relations.get(place_of(name))


class _Attribution:
    """Resolves the names in statements as their roles would, and compares them with the parts."""

    def __init__(self, parts: Sequence[ChangedPart], known: ClientUse) -> None:
        self._known = known
        self._relations = _by_place(parts, RELATIONS)
        self._routines = _by_place(parts, ROUTINES)
        self._types = _by_place(parts, TYPES)
        self._all = parts
        self._named: defaultdict[str, list[PresentPlace]] = defaultdict(list)
        for place in known.present.columns:
            self._named[place[1]].append(place)

    def parts_in(self, statement: ClientStatement) -> dict[ChangedPart, bool]:
        """Return the parts that a statement uses, and whether that is certain."""
        path = schemas_of(self._known.paths.get(statement.role, ""), statement.role)
        uses = used_names(statement.text, lambda parts: self._shape(parts, path))
        if uses is None:
            return dict.fromkeys(self._by_words(statement.text), False)
        found: dict[ChangedPart, bool] = {}
        for use in uses:
            for part, is_certain in self._parts(use, path):
                found[part] = found.get(part, False) or is_certain
        return found

    def _parts(self, use: NameUse, path: Sequence[str]) -> Iterator[tuple[ChangedPart, bool]]:
        match use.kind:
            case RefKind.RELATION:
                place, is_certain = self._relation(use.parts, path)
                for part in self._relations.get(place, ()):
                    if _concerns(part, use.column):
                        yield part, is_certain and use.is_certain
            case RefKind.ROUTINE:
                yield from self._called(use, path)
            case _:
                for place in _places(use.parts, path):
                    yield from ((part, True) for part in self._types.get(place, ()))

    def _called(self, use: NameUse, path: Sequence[str]) -> Iterator[tuple[ChangedPart, bool]]:
        calls, count = self._known.present.calls, use.arguments or 0
        place = next((place for place in _places(use.parts, path) if place in calls), None)
        fitting = [one for one in calls.get(place, ()) if _takes(one, count)] if place is not None else []
        for part in self._routines.get(place, ()) if place is not None and fitting else ():
            own = len(part.object.arguments or ())
            if any(most in (None, own) for _, most in fitting):
                yield part, len(fitting) == 1

    def _relation(self, parts: Parts, path: Sequence[str]) -> tuple[PresentPlace, bool]:
        """Return what a name means; a session may have another search_path, where the role's has nothing so called."""
        for place in _places(parts, path):
            if place in self._known.present.columns:
                return place, True
        named = self._named.get(parts[0], []) if len(parts) == 1 else []
        changed = next((place for place in named if place in self._relations), ("", parts[-1]))
        return changed, len(named) == 1

    def _shape(self, parts: Parts, path: Sequence[str]) -> RelationShape | None:
        columns = self._known.present.columns.get(self._relation(parts, path)[0])
        return None if columns is None else RelationShape(frozenset(columns))

    def _by_words(self, text: str) -> Iterator[ChangedPart]:
        """Yield the parts whose names stand in a text that cannot be read."""
        words = {word.lower() for word in _WORD.findall(text)}
        for part in self._all:
            wanted = {part.object.name.lower(), *([] if part.column is None or "*" in text else [part.column.lower()])}
            if wanted <= words and (not part.only_stars or "*" in text):
                yield part


def _by_place(parts: Sequence[ChangedPart], kinds: frozenset[object]) -> dict[PresentPlace, list[ChangedPart]]:
    found: defaultdict[PresentPlace, list[ChangedPart]] = defaultdict(list)
    for part in parts:
        if part.object.kind in kinds:
            found[place_of(part.object)].append(part)
    return dict(found)


def _places(parts: Parts, path: Sequence[str]) -> list[PresentPlace]:
    return [(parts[-2], parts[-1])] if len(parts) > 1 else [(schema, parts[-1]) for schema in path]


def _concerns(part: ChangedPart, column: str | None) -> bool:
    if part.only_stars:
        return column == WHOLE
    return part.column is None or column in (part.column, WHOLE)


def _takes(calling: tuple[int, int | None], count: int) -> bool:
    least, most = calling
    return least <= count and (most is None or count <= most)
