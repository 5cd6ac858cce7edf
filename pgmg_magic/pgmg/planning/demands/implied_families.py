"""Operator families that the server made for a class declared without FAMILY: they go with that class."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pgmg.errors import SourceErrors
from pgmg.model.naming.names import Kind, ObjectName
from pgmg.model.sources.source import Effect
from pgmg.source import parse_migration
from pgmg.source.grammar.operator_classes import count_members

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pgmg.model.database.catalog_details import Dependency
    from pgmg.model.database.snapshot import Address
    from pgmg.model.sources.source import MigrationFile

_CLASSES, _OPERATORS, _FUNCTIONS = 2616, 2602, 2603
"""The catalogs pg_opclass, pg_amop and pg_amproc. Their OIDs are fixed in PostgreSQL."""


def family_like(class_: ObjectName) -> ObjectName:
    """Return the name of the family that the server makes for a class that names none."""
    return replace(class_, kind=Kind.OPERATOR_FAMILY)


def implied_family(
    class_: ObjectName, sql: str | None, addresses: Mapping[ObjectName, Address], dependencies: Iterable[Dependency]
) -> Address | None:
    """Return the family that came with a class which `sql` has created, if nothing else is in it.

    `dependencies` are those below the class and the family.
    """
    own, family = addresses.get(class_), addresses.get(family_like(class_))
    stated = None if sql is None else count_members(sql)
    if own is None or family is None or stated is None:
        return None
    dependencies = tuple(dependencies)
    classes = {d.dependent for d in dependencies if d.referenced == family and d.dependent.classid == _CLASSES}
    members = {
        d.dependent
        for d in dependencies
        if d.referenced in (own, family) and d.dependent.classid in (_OPERATORS, _FUNCTIONS)
    }
    return family if classes == {own} and len(members) == stated else None


def is_migrated(family: ObjectName, files: Sequence[MigrationFile]) -> bool:
    """Say whether a migration, applied or not, creates an operator family of this name."""
    return any("family" in file.text.lower() and _creates(file, family) for file in files)


def _creates(file: MigrationFile, family: ObjectName) -> bool:
    try:
        statements = parse_migration(file).statements
    except SourceErrors:
        return False  # an applied one that nobody can read any more
    made = (a.target for statement in statements for a in statement.alterations if a.effect is Effect.CREATE)
    wanted = (family.kind, family.name, family.detail)
    return any((target.kind, target.parts[-1], target.detail) == wanted for target in made if target.parts)
