"""Finds what a migration statement needs to exist when it runs (rule 7.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.errors import SourceError
from pgmg.source.grammar.parser import Tree, parts
from pgmg.source.kinds import key_of, readers
from pgmg.source.kinds.base import option_nodes
from pgmg.source.kinds.routine import read_routine
from pgmg.source.references.bodies import read_body
from pgmg.source.references.scopes import Collector, references_of

if TYPE_CHECKING:
    from pgmg.model.sources.source import Reference
    from pgmg.source.grammar.statements import ParsedStatement

_NOTHING = frozenset({"drop_stmt", "transaction_stmt", "variable_set_stmt", "rename_stmt", "alter_object_schema_stmt"})
_AS_DECLARED = frozenset(
    {"comment_stmt", "grant_stmt", "define_stmt", "create_cast_stmt", "create_event_trig_stmt", "create_op_class_stmt"}
    | {"create_range_stmt"}
)
"""Statements whose names the readers of kinds know better than a walk through the tree."""


def references_of_statement(statement: ParsedStatement) -> tuple[Reference, ...]:
    """Return what a statement uses; what stands in bodies is soft.

    What a statement alters or drops is not among it: that is another matter (rule 7.4).
    """
    node, tree = statement.node, statement.tree
    if node in _NOTHING:
        return ()
    if node == "create_function_stmt":
        return read_routine(tree, parts(tree.funcname))[2]
    if node == "do_stmt":
        return _of_block(tree)
    key = key_of(node, tree)
    if node in _AS_DECLARED and key in readers():
        try:
            return tuple(dict.fromkeys(r for declared in readers()[key](statement) for r in declared.references))
        except SourceError:  # what could not be declared
            return references_of(tree)
    return references_of(tree)


def _of_block(tree: Tree) -> tuple[Reference, ...]:
    """Read a DO block."""
    collector = Collector(hard=False)
    options = option_nodes(tree.args)
    language = options["language"].arg.string.sval.lower() if "language" in options else "plpgsql"
    read_body(collector, language, options["as"].arg.string.sval if "as" in options else "")
    return collector.references
