"""Identifies types as the catalog does, and spells them (PostgreSQL manual: `pg_type`, `format_type`).

A type's identity is its schema and its name, or those of its elements for an array. Modifiers such as the `(10,2)` of
`numeric(10,2)` belong to columns, attributes and domains; no routine, operator or cast has any.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from pgmg.model.lazy_dataclass import dataclass
from pgmg.model.naming.built_in_types import BUILT_IN_TYPES
from pgmg.model.naming.quoting import quote, spell, spelled_parts

if TYPE_CHECKING:
    from collections.abc import Sequence

SYSTEM = "pg_catalog"
PUBLIC = "public"
MAX_NAME = 63
"""Bytes in a name (`NAMEDATALEN` - 1)."""
NO_TYPE = "NONE"
"""The operand that a prefix operator does not have."""

_SQL_NAMES = {
    "bit": "bit",
    "bool": "boolean",
    "bpchar": "character",
    "float4": "real",
    "float8": "double precision",
    "int2": "smallint",
    "int4": "integer",
    "int8": "bigint",
    "interval": "interval",
    "json": "json",
    "numeric": "numeric",
    "time": "time without time zone",
    "timestamp": "timestamp without time zone",
    "timestamptz": "timestamp with time zone",
    "timetz": "time with time zone",
    "varbit": "bit varying",
    "varchar": "character varying",
}
"""Built-in types that `format_type` spells as the SQL standard does."""

_CATALOG_NAMES = {spell(name): name for name in BUILT_IN_TYPES if name not in _SQL_NAMES}
_CATALOG_NAMES |= {spelling: name for name, spelling in _SQL_NAMES.items()}

_OF_COLUMN = "%TYPE"
_QUOTED = re.compile(r'"([a-z_][a-z0-9_]*)"')
_SECONDS = 6
"""The highest precision of times: the server takes a higher one for it (MAX_TIMESTAMP_PRECISION)."""

_INTERVAL_FIELDS = {
    4: "year",
    2: "month",
    8: "day",
    1024: "hour",
    2048: "minute",
    4096: "second",
    6: "year to month",
    1032: "day to hour",
    3080: "day to minute",
    7176: "day to second",
    3072: "hour to minute",
    7168: "hour to second",
    6144: "minute to second",
}
"""Which fields an interval keeps, by the bits of the grammar's first modifier (`INTERVAL_MASK` in timestamp.h)."""


@dataclass(frozen=True, slots=True, order=True)
class TypeIdentity:
    """One type. `schema` and `name` are those of the elements where `array` says that it is an array of them."""

    schema: str
    name: str
    array: bool = False

    @property
    def element(self) -> TypeIdentity:
        """The type of an array's elements; every other type itself."""
        return replace(self, array=False) if self.array else self

    def __str__(self) -> str:
        return _spelled(self)


def array_name(name: str) -> str:
    """Return what the server calls the arrays of a type: an underscore and its name, in the bytes that a name has.

    Where another type has that name, the server counts on; such a name is not told here.
    """
    return f"_{name}".encode()[:MAX_NAME].decode(errors="ignore")


def unknown_column(parts: Sequence[str]) -> TypeIdentity:
    """Return the type of a column that only the server knows: it is spelled as SQL has it, `t.name%TYPE`."""
    return TypeIdentity("", f"{'.'.join(map(quote, parts))}{_OF_COLUMN}")


@cache
def _spelled(type_: TypeIdentity) -> str:
    """Spell a type as `format_type` does, without `public.` where that leaves no doubt."""
    brackets = "[]" if type_.array else ""
    if type_.name.endswith(_OF_COLUMN):
        return type_.name
    if type_.schema == SYSTEM and type_.name in _SQL_NAMES:
        return _SQL_NAMES[type_.name] + brackets
    implied = SYSTEM if _is_built_in(type_.name) else PUBLIC
    prefix = "" if type_.schema == implied else f"{spell(type_.schema)}."
    return f"{prefix}{spell(type_.name)}{brackets}"


def _is_built_in(name: str) -> bool:
    """Say whether an unqualified name stands for a type of pg_catalog: all of its tables begin with `pg_`."""
    return name in BUILT_IN_TYPES or name.startswith("pg_")


@cache
def type_of(spelling: str) -> TypeIdentity:
    """Return the type that `str` has spelled."""
    if spelling.endswith(_OF_COLUMN):
        return TypeIdentity("", spelling)
    array, element = spelling.endswith("[]"), spelling.removesuffix("[]")
    if element in _CATALOG_NAMES:
        return TypeIdentity(SYSTEM, _CATALOG_NAMES[element], array)
    parts = spelled_parts(element)
    if len(parts) > 1:
        return TypeIdentity(parts[-2], parts[-1], array)
    return TypeIdentity(SYSTEM if _is_built_in(parts[-1]) else PUBLIC, parts[-1], array)


@cache
def formatted_type(text: str) -> TypeIdentity:
    """Return the type of `format_type`'s text, written without modifiers under the search_path pg_catalog."""
    array, element = text.endswith("[]"), text.removesuffix("[]")
    if element in _CATALOG_NAMES:
        return TypeIdentity(SYSTEM, _CATALOG_NAMES[element], array)
    parts = spelled_parts(element)
    return TypeIdentity(parts[-2] if len(parts) > 1 else SYSTEM, parts[-1], array)


def type_sql(spelling: str) -> str:
    """Return SQL for a type as names spell it that means the same under every search_path; `NONE` stays."""
    if spelling == NO_TYPE or spelling.endswith(_OF_COLUMN):
        return spelling
    type_ = type_of(spelling)
    if type_.schema == SYSTEM:
        return str(type_) if _is_built_in(type_.name) or type_.name in _SQL_NAMES else spelling
    return f"{spell(type_.schema)}.{spell(type_.name)}{'[]' if type_.array else ''}"


def column_type(type_: TypeIdentity, modifiers: Sequence[str] = ()) -> str:
    """Spell a column's type as `format_type(atttypid, atttypmod)` does under the search_path pg_catalog.

    `modifiers` are those of the declaration as the grammar reads them, each as text.
    """
    brackets = "[]" if type_.array else ""
    if type_.schema == SYSTEM:
        return _built_in_column(type_.name, list(modifiers)) + brackets
    inside = f"({','.join(modifiers)})" if modifiers else ""
    return f"{spell(type_.schema)}.{spell(type_.name)}{inside}{brackets}"


def plain_type(text: str) -> str:
    """Return a column's type without quotes that it can do without, for versions differ in their key words."""
    return _QUOTED.sub(r"\1", text)


def _built_in_column(name: str, modifiers: list[str]) -> str:
    known = _SQL_NAMES.get(name, spell(name))
    match name, modifiers:
        case "bpchar", []:
            return "bpchar"  # `character` alone means `character(1)`
        case "bit", []:
            return '"bit"'  # likewise
        case _, []:
            return known
        case "interval", [fields, *precision]:
            words = _INTERVAL_FIELDS.get(int(fields))
            return f"interval{f' {words}' if words else ''}{_precision(precision)}"
        case (("time" | "timestamp" | "timetz" | "timestamptz"), precision):
            first, rest = known.split(" ", 1)
            return f"{first}{_precision(precision)} {rest}"
        case "numeric", [precision_]:
            return f"numeric({precision_},0)"
        case _:
            return f"{known}({','.join(modifiers)})"


def _precision(modifiers: Sequence[str]) -> str:
    return f"({min(int(modifiers[0]), _SECONDS)})" if modifiers else ""
