"""ALTER VIEW … ALTER COLUMN … SET DEFAULT: what an INSERT through the view puts into a column."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.model.naming.names import Kind
from pgmg.model.sources.facts import DefinitionFacts
from pgmg.model.sources.source import RefKind, Target
from pgmg.source.grammar.canonical import normal_form
from pgmg.source.grammar.parser import deparse, expression, pb, relation_parts
from pgmg.source.kinds.base import Declaration, Readers
from pgmg.source.references.scopes import Collector
from pgmg.source.references.statement_targets import relation_target
from pgmg.source.refused_statements import refuse

if TYPE_CHECKING:
    from pgmg.source.grammar.parser import Tree
    from pgmg.source.grammar.statements import ParsedStatement

_WORDS_FOR_A_VIEW = frozenset({pb.OBJECT_VIEW, pb.OBJECT_TABLE})
"""ALTER TABLE may name a view as well, and pg_dump writes it so."""


READERS: Readers = {}
"""None of its own: `alter_relation` reads each command of ALTER VIEW and ALTER TABLE."""


def of_command(statement: ParsedStatement, command: Tree) -> Declaration:
    """Read one command of ALTER VIEW. That it is about a view and no table is checked once names are resolved.

    Raises:
        RefusedStatement: it drops a default, sets one of NULL, or is about another kind of relation.
    """
    tree, value = statement.tree, getattr(command, "def")
    if tree.objtype not in _WORDS_FOR_A_VIEW:
        raise refuse(statement)
    if not command.HasField("def"):
        raise statement.refused(
            "ALTER … DROP DEFAULT does not belong under the code folder, but in a migration",
            "Leave it out: pgmg drops the default of a view's column that is no longer declared.",
        )
    if value.HasField("a_const") and value.a_const.isnull:
        raise statement.refused(
            "ALTER … SET DEFAULT NULL declares no default",
            "Leave it out: a column without a default gets NULL.",
        )
    collector = Collector()
    collector.add(RefKind.RELATION, relation_parts(tree.relation))
    collector.visit(value)
    facts = DefinitionFacts((("default", expression(value)),), normal_form(deparse(tree)))
    target = Target(Kind.COLUMN_DEFAULT, (command.name,), parent=relation_target(tree.relation))
    return Declaration(target, facts, collector.references)
