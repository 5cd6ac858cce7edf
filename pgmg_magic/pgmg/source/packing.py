"""Turns the objects of a code file into text and back, without the SQL that the file itself holds.

The text is two lines of JSON, each a list with an item for each object. The first line holds what every plan looks at.
The second one holds references and facts, which few commands look at: it is read when somebody asks for them.

In JSON a dataclass is `[number of its class, field, …]` without the defaults at the end, a tuple is `[-1, item, …]`, a
member of an enum `[-2 - number of its class, value]`. The numbers hold for one version of pgmg's sources.
"""

from __future__ import annotations

import json
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING, Any

from pgmg.model.naming import location, names
from pgmg.model.naming.location import SourceLocation
from pgmg.model.naming.names import KINDS
from pgmg.model.sources import facts, firing, source
from pgmg.model.sources.source import SourceObject, Target

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pgmg.model.sources.source import CodeFile, Later

_BROKEN = (ValueError, LookupError, TypeError)
"""What is raised where a text is not what `pack` has made."""

Packed = Any
"""A value of JSON: text, number, bool, None, or a list of such."""

_TUPLE = -1
_FIRST_ENUM = -2

_FOUND = [
    value
    for module in (source, facts, firing, location, names)
    for _, value in sorted(vars(module).items())
    if isinstance(value, type) and value.__module__ == module.__name__
]
_CLASSES: list[Any] = [found for found in _FOUND if is_dataclass(found)]
_ENUMS: list[Any] = [found for found in _FOUND if issubclass(found, Enum)]
_NUMBER = {found: number for number, found in enumerate(_CLASSES)}
_ENUM_NUMBER = {found: _FIRST_ENUM - number for number, found in enumerate(_ENUMS)}
_NOTHING_MORE = [_TUPLE, None, None, None]
"""Of a target that has no arguments, no parent and no detail."""
_FIELDS = {found: [(f.name, f.default) for f in fields(found) if f.init] for found in _CLASSES}


def pack(objects: Sequence[SourceObject], file: CodeFile) -> str:
    """Return the objects that a file declares as text.

    Raises:
        TypeError: a value has no packed form.
    """
    first, second = [], []
    for one in objects:
        start = file.text.find(one.sql)
        sql = (None, one.sql) if start < 0 else (start, len(one.sql))
        target, place = one.target, one.location
        more = _packed((target.arguments, target.parent, target.detail))
        named = (target.kind.value, target.parts, None if more == _NOTHING_MORE else more)
        first.append((*sql, place.line, place.column, place.text, one.hash, *named, one.settings, one.contract))
        second.append((_packed(one.references), _packed(one.facts)))
    return "\n".join(json.dumps(line, separators=(",", ":")) for line in (first, second))


def unpack(packed: Sequence[tuple[str, CodeFile]]) -> dict[str, tuple[SourceObject, ...]]:
    """Return the objects of files by path: of those whose text is what `pack` made of the very file.

    Where references and facts turn out later not to be what it made, the file is parsed again.
    """
    lines = [text.partition("\n")[::2] for text, _ in packed]
    found: dict[str, tuple[SourceObject, ...]] = {}
    for heads, (_, rest), (_, file) in zip(_decoded([first for first, _ in lines]), lines, packed, strict=True):
        try:
            found[file.path] = _unpacked_file(heads, _Rest(rest, file), file)
        except _BROKEN:
            continue
    return found


def _decoded(texts: list[str]) -> list[Packed]:
    """Return the values of texts of JSON, all decoded at once; None for each that is none."""
    try:
        values: list[Packed] = json.loads(f"[{','.join(texts)}]")
    except ValueError:
        values = []
    if len(values) == len(texts):
        return values
    return [_decoded_alone(text) for text in texts]


def _decoded_alone(text: str) -> Packed:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _unpacked_file(heads: Packed, rest: _Rest, file: CodeFile) -> tuple[SourceObject, ...]:
    if type(heads) is not list:
        raise TypeError
    path, text, file_hash = file.path, file.text, file.hash
    found = []
    for number, head in enumerate(heads):
        start, sql, line, column, shown, digest, kind, parts, more, settings, contract = head
        target = Target(KINDS[kind], tuple(parts), *(() if more is None else _unpacked(more)))
        if start is not None:
            sql = text[start : start + sql]  # the same SQL, cut from its file
        place = SourceLocation(path, line, column, shown)
        late = partial(rest.of, number)
        found.append(SourceObject.kept(late, target, sql, place, digest, file_hash, tuple(settings), contract))
    return tuple(found)


class _Rest:
    """References and facts of the objects of one file, decoded once they are asked for."""

    __slots__ = ("_decoded", "_file", "_packed")

    def __init__(self, packed: str, file: CodeFile) -> None:
        self._packed = packed
        self._decoded: Packed = None
        self._file = file

    def of(self, number: int) -> Later:
        """Return those of one object."""
        try:
            if self._decoded is None:
                self._decoded = json.loads(self._packed)
            references, its_facts = self._decoded[number]
            return _unpacked(references), _unpacked(its_facts)
        except _BROKEN:
            from pgmg.source.declarations import parse_file

            again = parse_file(self._file)[number]
            return again.references, again.facts


def _packed(value: Any) -> Packed:
    kind = type(value)
    if kind is tuple:
        return [_TUPLE, *map(_packed, value)]
    if kind in _NUMBER:
        values = [(getattr(value, name), default) for name, default in _FIELDS[kind]]
        while values and values[-1][1] is not MISSING and values[-1][0] == values[-1][1]:
            values.pop()
        return [_NUMBER[kind], *(_packed(one) for one, _ in values)]
    if kind in _ENUM_NUMBER:
        return [_ENUM_NUMBER[kind], value.value]
    if value is None or kind in (str, int, bool):
        return value
    raise TypeError(f"{kind.__name__} has no packed form")


def _unpacked(value: Packed) -> Any:
    if type(value) is not list:
        return value
    number = value[0]
    if number >= 0:
        return _CLASSES[number](*[_unpacked(one) if type(one) is list else one for one in value[1:]])
    if number == _TUPLE:
        return tuple([_unpacked(one) if type(one) is list else one for one in value[1:]])
    return _ENUMS[_FIRST_ENUM - number](value[1])
