"""CREATE EVENT TRIGGER."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.model.naming.names import Kind
from pgmg.model.sources.facts import DefinitionFacts
from pgmg.model.sources.source import Reference, RefKind, Target
from pgmg.source.grammar.canonical import normal_form
from pgmg.source.grammar.parser import parts, strings
from pgmg.source.kinds.base import Declaration, Readers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgmg.source.grammar.statements import ParsedStatement


def read(statement: ParsedStatement) -> Iterator[Declaration]:
    """Read an event trigger."""
    tree = statement.tree
    function = parts(tree.funcname)
    options = [("event", tree.eventname), ("function", ".".join(function))]
    options += [
        (f"when {node.def_elem.defname.lower()}", ", ".join(sorted(strings(node.def_elem.arg.list.items))))
        for node in tree.whenclause
    ]
    facts = DefinitionFacts(tuple(sorted(options)), normal_form(statement.sql))
    references = (Reference(RefKind.ROUTINE, function, arguments=()),)
    yield Declaration(Target(Kind.EVENT_TRIGGER, (tree.trigname,)), facts, references)


READERS: Readers = {"create_event_trig_stmt": read}
