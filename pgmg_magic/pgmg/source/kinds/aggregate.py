"""CREATE AGGREGATE, in its present and its old style."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.model.naming.names import Kind
from pgmg.model.sources.facts import AggregateFacts, Argument
from pgmg.model.sources.source import RefKind, Target, TypeName
from pgmg.source.grammar.parser import Tree, parts, type_name
from pgmg.source.kinds.base import Declaration, Readers, option_nodes, option_parts, read_arguments, read_options
from pgmg.source.kinds.routine import input_types
from pgmg.source.references.scopes import Collector
from pgmg.source.refused_statements import refuse_temporary_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgmg.source.grammar.statements import ParsedStatement

AGGREGATE_ROUTINES = (
    "sfunc",
    "sfunc1",
    "finalfunc",
    "combinefunc",
    "serialfunc",
    "deserialfunc",
    "msfunc",
    "minvfunc",
    "mfinalfunc",
)
_TYPES = ("stype", "stype1", "mstype", "basetype")


def read(statement: ParsedStatement) -> Iterator[Declaration]:
    """Read an aggregate."""
    tree = statement.tree
    name = parts(tree.defnames)
    refuse_temporary_name(statement, name, "aggregate")
    collector = Collector()
    options = option_nodes(tree.definition)
    direct = 0
    if tree.oldstyle:
        arguments = _old_style(options)
    else:
        listed, direct_node = tree.args
        direct = direct_node.integer.ival
        arguments = read_arguments(listed.list.items, collector)
    for option in AGGREGATE_ROUTINES:
        if option in options:
            collector.add(RefKind.ROUTINE, option_parts(options[option]))
    for option in _TYPES:
        if option in options and options[option].arg.HasField("type_name"):
            collector.message(options[option].arg.type_name)
    if "sortop" in options:
        collector.add(RefKind.OPERATOR, option_parts(options["sortop"]))
    state = options.get("stype", options.get("stype1"))
    facts = AggregateFacts(
        arguments=arguments,
        state_type=type_name(state.arg.type_name) if state is not None and state.arg.HasField("type_name") else None,
        definition=read_options(tree.definition),
        direct_arguments=max(direct, 0),
        ordered_set=direct >= 0 and not tree.oldstyle,
    )
    yield Declaration(Target(Kind.AGGREGATE, name, input_types(arguments)), facts, collector.references)


READERS: Readers = {"define_stmt/OBJECT_AGGREGATE": read}


def _old_style(options: dict[str, Tree]) -> tuple[Argument, ...]:
    """`BASETYPE = "ANY"` says that there are no arguments."""
    base = options.get("basetype")
    if base is None or not base.arg.HasField("type_name"):
        return ()
    type_ = type_name(base.arg.type_name)
    return () if type_.parts[-1].lower() == "any" else (Argument("in", None, TypeName(type_.parts, type_.modifiers)),)
