"""Keeps the temporary relations of a migration apart: nobody else has them, and they end with the session."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from pgmg.model.lazy_dataclass import dataclass
from pgmg.model.naming.names import RELATIONS
from pgmg.model.sources.source import Alteration, Effect, Parts, Reference, RefKind

if TYPE_CHECKING:
    from pgmg.source.grammar.parser import Tree
    from pgmg.source.grammar.statements import ParsedStatement

_PERSISTENCE = "t"  # RELPERSISTENCE_TEMP in pg_class.h
_SCHEMA = "pg_temp"
_SPACES = (RefKind.RELATION, RefKind.TYPE)


@dataclass(slots=True)
class Temporary:
    """The names of the temporary relations that there are so far. Without a schema they hide all others."""

    names: set[str] = field(default_factory=set)

    def take(self, statement: ParsedStatement) -> None:
        """Note a statement that makes one."""
        relation = _made(statement)
        if relation is not None and (relation.relpersistence == _PERSISTENCE or relation.schemaname == _SCHEMA):
            self.names.add(relation.relname)

    def has(self, reference: Reference) -> bool:
        """Tell whether a reference means one of them."""
        return reference.kind in _SPACES and self._is(reference.parts)

    def alters(self, alteration: Alteration) -> bool:
        """Tell whether one of them is altered, and follow what becomes of it."""
        about = alteration.target.parent or alteration.target
        if about.kind not in RELATIONS or not self._is(about.parts):
            return False
        if alteration.target.parent is None and alteration.effect in (Effect.DROP, Effect.RENAME):
            self.names.discard(about.parts[-1])
            self.names |= {alteration.new_name} if alteration.new_name else set()
        return True

    def _is(self, name: Parts) -> bool:
        return name[-1] in self.names and name[:-1] in ((), (_SCHEMA,))


def _made(statement: ParsedStatement) -> Tree | None:
    tree = statement.tree
    match statement.node:
        case "create_stmt":
            return tree.relation
        case "create_table_as_stmt":
            return tree.into.rel
        case "select_stmt" if tree.HasField("into_clause"):
            return tree.into_clause.rel
        case "view_stmt":
            return tree.view
        case "create_seq_stmt":
            return tree.sequence
        case _:
            return None
