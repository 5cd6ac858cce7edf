"""Builds the names of objects from the parts that catalog queries return."""

from __future__ import annotations

from pgmg.model.names import Kind, ObjectName

_PUBLIC = "public."


def type_spelling(formatted: str) -> str:
    """Turn `format_type`'s output into the spelling names use: without `public.` in front."""
    return formatted.removeprefix(_PUBLIC)


def object_name(
    kind: str,
    schema: str | None,
    name: str,
    arguments: list[str] | None = None,
    parent: tuple[str | None, str | None, str | None] = (None, None, None),
    detail: str | None = None,
) -> ObjectName:
    """Return the name for one row of `objects.sql` or `constraints.sql`."""
    what = Kind(kind)
    parent_kind, parent_schema, parent_name = parent
    above = None if parent_kind is None else ObjectName(Kind(parent_kind), parent_name or "", parent_schema)
    if what is Kind.INDEX:
        above = None  # an index has a name of its own in its schema
    spelled = None if arguments is None else tuple(type_spelling(argument) for argument in arguments)
    form = detail if what in (Kind.OPERATOR_CLASS, Kind.OPERATOR_FAMILY) else None
    return ObjectName(what, name, schema, spelled, above, form)
