"""ALTER TABLE … ENABLE and DISABLE of triggers and rules, ALTER EVENT TRIGGER … ENABLE and DISABLE."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.model.naming.names import Kind
from pgmg.model.sources.facts import FiringFacts
from pgmg.model.sources.firing import Firing
from pgmg.model.sources.source import Target
from pgmg.source.grammar.parser import pb
from pgmg.source.kinds.base import Declaration, Readers
from pgmg.source.references.statement_targets import reference_to, relation_target

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgmg.source.grammar.parser import Tree
    from pgmg.source.grammar.statements import ParsedStatement

FIRINGS = {
    pb.AT_EnableTrig: (Kind.TRIGGER, Firing.ORIGIN),
    pb.AT_EnableAlwaysTrig: (Kind.TRIGGER, Firing.ALWAYS),
    pb.AT_EnableReplicaTrig: (Kind.TRIGGER, Firing.REPLICA),
    pb.AT_DisableTrig: (Kind.TRIGGER, Firing.DISABLED),
    pb.AT_EnableRule: (Kind.RULE, Firing.ORIGIN),
    pb.AT_EnableAlwaysRule: (Kind.RULE, Firing.ALWAYS),
    pb.AT_EnableReplicaRule: (Kind.RULE, Firing.REPLICA),
    pb.AT_DisableRule: (Kind.RULE, Firing.DISABLED),
}
"""Commands of ALTER TABLE about one trigger or rule."""

OF_ALL = frozenset({pb.AT_EnableTrigAll, pb.AT_DisableTrigAll, pb.AT_EnableTrigUser, pb.AT_DisableTrigUser})
"""Commands of ALTER TABLE about all triggers of a table."""


def of_command(statement: ParsedStatement, command: Tree) -> Declaration:
    """Read one command of ALTER TABLE.

    Raises:
        RefusedStatement: it is about all triggers of the table.
    """
    if command.subtype in OF_ALL:
        verb = "ENABLE" if command.subtype in (pb.AT_EnableTrigAll, pb.AT_EnableTrigUser) else "DISABLE"
        raise statement.refused(
            f"{verb} TRIGGER ALL or USER says nothing about triggers that are yet to come",
            "Name the triggers, or put the statement into a migration.",
        )
    kind, firing = FIRINGS[command.subtype]
    return _firing(Target(kind, (command.name,), parent=relation_target(statement.tree.relation)), firing)


def read(statement: ParsedStatement) -> Iterator[Declaration]:
    """Read `ALTER EVENT TRIGGER … ENABLE` and its like."""
    tree = statement.tree
    yield _firing(Target(Kind.EVENT_TRIGGER, (tree.trigname,)), Firing(tree.tgenabled))


READERS: Readers = {"alter_event_trig_stmt": read}


def _firing(parent: Target, firing: Firing) -> Declaration:
    return Declaration(Target(Kind.FIRING, (), parent=parent), FiringFacts(firing), reference_to(parent))
