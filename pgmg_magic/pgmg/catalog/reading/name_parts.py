"""Builds the names of objects from the parts that catalog queries return."""

from __future__ import annotations

from pgmg.model.naming.names import KINDS, Kind, ObjectName
from pgmg.model.naming.type_identity import NO_TYPE, formatted_type


def type_spelling(formatted: str) -> str:
    """Return how names spell a type that `format_type` has written under the search_path pg_catalog."""
    return formatted if formatted == NO_TYPE else str(formatted_type(formatted))


def object_name(
    kind: str,
    schema: str | None,
    name: str,
    arguments: list[str] | None = None,
    parent: tuple[str | None, str | None, str | None] = (None, None, None),
    detail: str | None = None,
) -> ObjectName:
    """Return the name for one row of `objects.sql` or `constraints.sql`."""
    what = KINDS[kind]
    parent_kind, parent_schema, parent_name = parent
    above = None  # as of an index, which has a name of its own in its schema
    if parent_kind is not None and what is not Kind.INDEX:
        above = ObjectName(KINDS[parent_kind], parent_name or "", parent_schema)
    spelled = None if arguments is None else tuple(type_spelling(argument) for argument in arguments)
    form = detail if what in (Kind.OPERATOR_CLASS, Kind.OPERATOR_FAMILY) else None
    return ObjectName(what, name, schema, spelled, above, form)
