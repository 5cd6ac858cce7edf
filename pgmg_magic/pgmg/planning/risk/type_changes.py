"""Decides whether another type of a column rewrites the table (PostgreSQL manual, ALTER TABLE, Notes)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pgmg.model.database.relation_facts import Column, ColumnType, Relation, RelationFacts

_LENGTH_GROWS = frozenset({"character varying", "bit varying"})
_PRECISION_GROWS = frozenset(
    {
        "timestamp without time zone",
        "timestamp with time zone",
        "time without time zone",
        "time with time zone",
        "interval",
    }
)
_TIMESTAMPS = frozenset({"timestamp without time zone", "timestamp with time zone"})
_FULL_PRECISION = 6
_UTC = frozenset(
    {"utc", "gmt", "etc/utc", "etc/gmt", "zulu", "uct", "etc/uct", "etc/zulu", "universal", "etc/universal"}
)
_TEXTS = frozenset({"text", "character varying"})


def rewrites(old: ColumnType, new: ColumnType, facts: RelationFacts) -> bool:
    """Say whether values have to be converted one by one."""
    if (old.oid, old.modifiers) == (new.oid, new.modifiers):
        return False
    if new.checked:
        return True
    if old.base == new.base:
        return not _holds(old, new)
    if {old.name, new.name} == _TIMESTAMPS and facts.time_zone.lower() in _UTC:
        return not _precision_holds(old.modifiers, new.modifiers)
    return bool(new.modifiers) or (old.base, new.base) not in facts.binary_casts


def _holds(old: ColumnType, new: ColumnType) -> bool:
    """Say whether every value of a type with some modifiers is one with others."""
    if not new.modifiers or old.modifiers == new.modifiers:
        return True
    if new.name in _PRECISION_GROWS:
        return _precision_holds(old.modifiers, new.modifiers)
    if not old.modifiers:
        return False
    if new.name in _LENGTH_GROWS:
        return new.modifiers[0] >= old.modifiers[0]
    if new.name == "numeric":
        return new.modifiers[0] >= old.modifiers[0] and new.modifiers[1:] == old.modifiers[1:]
    return False


def _precision_holds(old: tuple[int, ...], new: tuple[int, ...]) -> bool:
    if not new or new == (_FULL_PRECISION,):
        return True
    if len(new) > 1 or len(old) > 1:
        return False  # an interval with fields
    return bool(old) and new[0] >= old[0]


def rebuilds(relation: Relation, column: Column, new: ColumnType, collation_changes: bool) -> bool:  # noqa: FBT001
    """Say whether indexes or checks of a column read the table although it is not rewritten.

    An index stays where its operator class and collation do. One with expressions or a predicate is built again, as are
    those of a partitioned table; checks are made again.
    """
    name, kinds = column.name, {column.type.name, new.name}
    same_class = not collation_changes and (len(kinds) == 1 or kinds <= _TEXTS)
    for index in relation.indexes:
        plain = name in index.columns
        if name in index.inner_columns and (not plain or len(index.inner_columns) > len(index.columns)):
            return True
        if plain and (not same_class or relation.kind == "p" or index.inner_columns):
            return True
    return any(constraint.type == "c" and name in constraint.columns for constraint in relation.constraints)
