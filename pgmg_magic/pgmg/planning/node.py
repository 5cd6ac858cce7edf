"""A node of the graph that orders everything (rule 7.1): a step before it has a number."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING

from pgmg.model.names import Kind, ObjectName

if TYPE_CHECKING:
    from pgmg.model.catalog_details import ObjectProperty
    from pgmg.model.location import SourceLocation
    from pgmg.model.plan import Action
    from pgmg.model.snapshot import Address
    from pgmg.model.source import Migration, SourceObject


class Phase(IntEnum):
    """Among steps that could come next, which kind comes first."""

    DROP = 0
    MAKE = 1
    AROUND = 2
    ATTACH = 3
    CHECK = 4
    MIGRATE = 5


_RANK = (
    (Kind.DEFAULT_PRIVILEGES,),  # what is made after them has them
    (Kind.SCHEMA, Kind.TYPE, Kind.DOMAIN, Kind.COLLATION),
    (Kind.TEXT_SEARCH_PARSER, Kind.TEXT_SEARCH_TEMPLATE, Kind.TEXT_SEARCH_DICTIONARY, Kind.TEXT_SEARCH_CONFIGURATION),
    (Kind.FUNCTION, Kind.PROCEDURE, Kind.AGGREGATE),
    (Kind.OPERATOR_FAMILY, Kind.OPERATOR, Kind.OPERATOR_CLASS, Kind.CAST),
    (Kind.VIEW, Kind.MATERIALIZED_VIEW),
    (Kind.INDEX, Kind.STATISTICS, Kind.COLUMN_DEFAULT, Kind.CONSTRAINT),
    (Kind.TRIGGER, Kind.RULE, Kind.POLICY),
)
_RANKS = {kind: rank for rank, kinds in enumerate(_RANK) for kind in kinds}


@dataclass(frozen=True, slots=True)
class Node:
    """One step to be. `slot` counts the pending migrations that run before it."""

    id: int
    slot: int
    phase: Phase
    action: Action
    name: ObjectName
    statements: tuple[str, ...]
    reason: str
    location: SourceLocation | None = None
    managed: bool = True
    source: SourceObject | None = field(default=None, repr=False)
    transactional: bool = True
    alone: bool = False
    migration: Migration | None = field(default=None, repr=False)
    reread: Address | None = None
    properties: tuple[ObjectProperty, ...] | None = None
    vanished: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[int, int, str, int, str, int]:
        """The order among nodes that are equally ready: kinds others build on first, then by path (rule 7.5)."""
        path, line = (self.location.path, self.location.line or 0) if self.location else ("~", 0)
        return (self.phase, _RANKS.get(self.name.kind, 9), path, line, str(self.name), self.id)
