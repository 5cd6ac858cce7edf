"""Spells objects the way statements about them need: `VIEW "public"."v"`, `COLUMN "public"."t"."c"`."""

from __future__ import annotations

from pgmg.model.naming.names import RELATIONS, Kind, ObjectName
from pgmg.model.naming.quoting import quote
from pgmg.model.naming.type_identity import type_sql


def qualified(name: ObjectName) -> str:
    """Return schema and name, quoted."""
    return quote(name.name) if name.schema is None else f"{quote(name.schema)}.{quote(name.name)}"


def drop_if_exists(name: ObjectName) -> str:
    """Return the DROP statement of an object that may be gone by then."""
    words = name.kind.sql_keyword.upper()
    return f"DROP {words} IF EXISTS{target(name).removeprefix(words)}"


def drop_statement(name: ObjectName) -> str:
    """Return the statement that drops an object; the default of a view's column has no DROP of its own."""
    if name.kind is Kind.COLUMN_DEFAULT:
        is_view = name.parent is None or name.parent.kind is Kind.VIEW
        return f"ALTER {'VIEW' if is_view else 'TABLE'} {_on(name)} ALTER COLUMN {quote(name.name)} DROP DEFAULT"
    if name.kind is Kind.CONSTRAINT and name.parent is not None:
        return f"ALTER {target(name.parent)} DROP CONSTRAINT {quote(name.name)}"
    return f"DROP {target(name)}"


def target(name: ObjectName) -> str:
    """Return an object with its kind as COMMENT ON, ALTER and DROP want it (PostgreSQL manual, SQL Commands)."""
    match name.kind:
        case Kind.COLUMN:
            return f"COLUMN {_on(name)}.{quote(name.name)}"
        case Kind.TRIGGER | Kind.RULE | Kind.POLICY | Kind.CONSTRAINT:
            domain = "DOMAIN " if name.parent is not None and name.parent.kind is Kind.DOMAIN else ""
            return f"{name.kind.sql_keyword.upper()} {quote(name.name)} ON {domain}{_on(name)}"
        case Kind.FUNCTION | Kind.PROCEDURE:
            return f"{name.kind.sql_keyword.upper()} {qualified(name)}{_argument_list(name)}"
        case Kind.AGGREGATE:
            return f"AGGREGATE {qualified(name)}({_arguments(name) or '*'})"
        case Kind.OPERATOR:
            return f"OPERATOR {quote(name.schema or 'public')}.{name.name} ({_arguments(name)})"
        case Kind.OPERATOR_CLASS | Kind.OPERATOR_FAMILY:
            return f"{name.kind.sql_keyword.upper()} {qualified(name)} USING {quote(name.detail or '')}"
        case Kind.CAST:
            source, result = (type_sql(a) for a in name.arguments or ("", ""))
            return f"CAST ({source} AS {result})"
        case _:
            return f"{name.kind.sql_keyword.upper()} {qualified(name)}"


def grant_target(name: ObjectName) -> str:
    """Return an object as GRANT and REVOKE want it: all relations are tables there."""
    if name.kind in RELATIONS and name.kind is not Kind.SEQUENCE:
        return f"TABLE {qualified(name)}"
    if name.kind is Kind.AGGREGATE:
        return f"FUNCTION {qualified(name)}{_argument_list(name)}"
    if name.kind is Kind.DOMAIN:
        return f"DOMAIN {qualified(name)}"
    return target(name)


def _argument_list(name: ObjectName) -> str:
    """Return nothing where the types are not known: the server then takes the only routine of the name."""
    return "" if name.arguments is None else f"({_arguments(name)})"


def _arguments(name: ObjectName) -> str:
    return ", ".join(type_sql(argument) for argument in name.arguments or ())


def _on(name: ObjectName) -> str:
    return qualified(name.parent) if name.parent is not None else ""
