"""Turns the objects of a code file into JSON values and back, without the text that the file itself holds.

A dataclass is `[number of its class, field, …]` without the defaults at the end, a tuple is `[-1, item, …]`, a member
of an enum `[-2 - number of its class, value]`. The numbers hold for one version of pgmg's sources.
"""

from __future__ import annotations

from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING, Any

from pgmg.model.naming import location, names
from pgmg.model.naming.location import SourceLocation
from pgmg.model.sources import facts, firing, source
from pgmg.model.sources.source import SourceObject

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pgmg.model.sources.source import CodeFile, Later

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
_FIELDS = {found: [(f.name, f.default) for f in fields(found) if f.init] for found in _CLASSES}


def pack(objects: Sequence[SourceObject], file: CodeFile) -> list[Packed]:
    """Return the objects that a file declares as values of JSON."""
    packed = []
    for one in objects:
        start = file.text.find(one.sql)
        sql = one.sql if start < 0 else [start, len(one.sql)]
        place = one.location
        packed.append(
            [
                sql,
                [place.line, place.column, place.text],
                one.hash,
                _packed(one.target),
                _packed(one.references),
                _packed(one.facts),
                list(one.settings),
                one.contract,
            ]
        )
    return packed


def unpack(packed: Sequence[Packed], file: CodeFile) -> tuple[SourceObject, ...]:
    """Return the objects that `pack` was given; they name `file`, whose text must be the same.

    What few commands look at is unpacked when it is asked for. Where that cannot be done, the file is parsed again.

    Raises:
        ValueError, LookupError, TypeError: `packed` is not what `pack` has made.
    """
    found = []
    for number, one in enumerate(packed):
        sql, (line, column, text), digest, target, references, its_facts, settings, contract = one
        if not isinstance(sql, str):
            start, length = sql
            sql = file.text[start : start + length]  # the same SQL, cut from its file
        found.append(
            SourceObject.kept(
                partial(_later, references, its_facts, file, number),
                target=_unpacked(target),
                sql=sql,
                location=SourceLocation(file.path, line, column, text),
                hash=digest,
                file_hash=file.hash,
                settings=tuple(settings),
                contract=contract,
            )
        )
    return tuple(found)


def _later(references: Packed, its_facts: Packed, file: CodeFile, number: int) -> Later:
    try:
        return _unpacked(references), _unpacked(its_facts)
    except (ValueError, LookupError, TypeError):
        from pgmg.source.declarations import parse_file

        again = parse_file(file)[number]
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
