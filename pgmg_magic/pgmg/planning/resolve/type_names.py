"""Spells types the way `format_type` does, so that source and catalog can be compared as text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pgmg.model.quoting import spell

if TYPE_CHECKING:
    from pgmg.model.source import Parts

BUILT_IN = frozenset(
    [
        "aclitem",
        "any",
        "anyarray",
        "anycompatible",
        "anycompatiblearray",
        "anycompatiblemultirange",
        "anycompatiblenonarray",
        "anycompatiblerange",
        "anyelement",
        "anyenum",
        "anymultirange",
        "anynonarray",
        "anyrange",
        "bit",
        "bool",
        "box",
        "bpchar",
        "bytea",
        "char",
        "cid",
        "cidr",
        "circle",
        "cstring",
        "date",
        "datemultirange",
        "daterange",
        "event_trigger",
        "fdw_handler",
        "float4",
        "float8",
        "gtsvector",
        "index_am_handler",
        "inet",
        "int2",
        "int2vector",
        "int4",
        "int4multirange",
        "int4range",
        "int8",
        "int8multirange",
        "int8range",
        "internal",
        "interval",
        "json",
        "jsonb",
        "jsonpath",
        "language_handler",
        "line",
        "lseg",
        "macaddr",
        "macaddr8",
        "money",
        "name",
        "numeric",
        "nummultirange",
        "numrange",
        "oid",
        "oidvector",
        "path",
        "pg_lsn",
        "pg_snapshot",
        "point",
        "polygon",
        "record",
        "refcursor",
        "regclass",
        "regcollation",
        "regconfig",
        "regdictionary",
        "regnamespace",
        "regoper",
        "regoperator",
        "regproc",
        "regprocedure",
        "regrole",
        "regtype",
        "table_am_handler",
        "text",
        "tid",
        "time",
        "timestamp",
        "timestamptz",
        "timetz",
        "trigger",
        "tsm_handler",
        "tsmultirange",
        "tsquery",
        "tsrange",
        "tstzmultirange",
        "tstzrange",
        "tsvector",
        "txid_snapshot",
        "unknown",
        "uuid",
        "varbit",
        "varchar",
        "void",
        "xid",
        "xid8",
        "xml",
    ]
)
"""Types of pg_catalog, which every search_path finds first."""

_SQL_NAMES = {
    "bool": "boolean",
    "char": '"char"',
    "int8": "bigint",
    "int2": "smallint",
    "int4": "integer",
    "float4": "real",
    "float8": "double precision",
    "bpchar": "character",
    "varchar": "character varying",
    "time": "time without time zone",
    "timestamp": "timestamp without time zone",
    "timestamptz": "timestamp with time zone",
    "timetz": "time with time zone",
    "varbit": "bit varying",
    "any": '"any"',
}


_SPOKEN = (BUILT_IN - _SQL_NAMES.keys()) | frozenset(_SQL_NAMES.values())


def with_schema(spelled: str) -> str:
    """Return a spelling that means the same under any search_path: `public.` is said again."""
    bare = re.sub(r"\(.*?\)", "", spelled.removesuffix("[]")).replace("  ", " ")
    is_qualified = "." in re.sub(r'"(?:[^"]|"")*"', "", bare)
    return spelled if spelled == "NONE" or bare in _SPOKEN or is_qualified else f"public.{spelled}"


def built_in_name(parts: Parts) -> str | None:
    """Return the bare pg_catalog name that `parts` means, or None where it is not a built-in type."""
    match parts:
        case ("pg_catalog", name):
            return name
        case (name,) if name in BUILT_IN:
            return name
        case _:
            return None


def spell_built_in(name: str, modifiers: str) -> str:
    """Return `character varying(30)`, `timestamp(3) with time zone`, `integer` …"""
    known = _SQL_NAMES.get(name, spell(name))
    if not modifiers:
        return known
    inside = ",".join(part.strip() for part in modifiers.split(","))
    if name == "interval":
        return f"interval({inside})"
    if known.startswith("time") and " " in known:
        first, rest = known.split(" ", 1)
        return f"{first}({inside}) {rest}"
    if name == "numeric" and "," not in inside:
        inside = f"{inside},0"
    return f"{known}({inside})"


def spell_named(schema: str | None, name: str, modifiers: str = "") -> str:
    """Return a user's type as names spell it: without `public.`."""
    prefix = "" if schema in (None, "public") else f"{spell(schema or '')}."
    return f"{prefix}{spell(name)}{f'({modifiers})' if modifiers else ''}"
