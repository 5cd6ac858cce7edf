"""The steps of one slot before they are ordered: nodes, and which of them comes before which (rule 7.1)."""

from __future__ import annotations

from dataclasses import field
from enum import IntEnum
from typing import TYPE_CHECKING

from pgmg.model.lazy_dataclass import dataclass
from pgmg.model.naming.names import Kind, ObjectName

if TYPE_CHECKING:
    from pgmg.model.database.catalog_details import ObjectProperty
    from pgmg.model.database.server_facts import StatementId
    from pgmg.model.naming.location import SourceLocation
    from pgmg.model.plans.plan import Action, RuntimeDefinition
    from pgmg.model.sources.source import SourceObject

Pair = tuple[int, int]
"""(before, after), by node id."""


class Phase(IntEnum):
    """Among steps that could come next, which kind comes first."""

    DROP = 0
    CREATE = 1
    RESTORE_PROPERTIES = 2
    COMMENTS_GRANTS = 3
    SWAP = 4
    VALIDATE = 5


_RANK = (
    (Kind.DEFAULT_PRIVILEGES,),  # what is created after them has them
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
    """One step to be. `own_transaction`: it has to be committed before what follows; `beside` as in `Step`."""

    id: int
    phase: Phase
    action: Action
    name: ObjectName
    statements: tuple[str, ...]
    reason: str
    location: SourceLocation | None = None
    managed: bool = True
    source: SourceObject | None = field(default=None, repr=False)
    own_transaction: bool = False
    properties: tuple[ObjectProperty, ...] | None = None
    runtime: RuntimeDefinition | None = None
    noticed_by: StatementId | None = None
    beside: tuple[ObjectName, ...] = ()

    @property
    def key(self) -> tuple[int, int, str, int, str, int]:
        """The order among nodes that are equally ready: kinds others build on first, then by path (rule 7.5)."""
        path, line = (self.location.path, self.location.line or 0) if self.location else ("~", 0)
        return (self.phase, _RANKS.get(self.name.kind, 9), path, line, str(self.name), self.id)


@dataclass(slots=True)
class MadeNodes:
    """Nodes that create or change an object: the first and the last of them.

    `built` is the one after which a materialized view that is built beside the former one can be read and indexed.
    """

    first: Node
    last: Node
    built: Node | None = None

    def ready_for(self, user: Node, name: ObjectName) -> Node:
        """Return the node that comes before `user`, which uses the object by its name or its staging name."""
        return self.built if self.built is not None and name in user.beside else self.last

    @property
    def is_check(self) -> bool:
        """Whether a routine that exists is only checked."""
        return self.last.phase is Phase.VALIDATE


@dataclass(slots=True)
class StepGraph:
    """Nodes by id, and pairs of them: hard ones are always kept, soft ones unless they form a cycle."""

    nodes: dict[int, Node] = field(default_factory=dict)
    hard: set[Pair] = field(default_factory=set)
    soft: set[Pair] = field(default_factory=set)

    def before(self, first: int, second: int, *, hard: bool = True) -> None:
        """Put one node before another."""
        if first != second:
            (self.hard if hard else self.soft).add((first, second))
