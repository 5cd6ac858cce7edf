"""Walks through parse trees: every message is looked at once, by the method that bears its node's name, if any.

The tables that say which fields are worth a look are made once: thousands of trees are read at every plan.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any, ClassVar

from pgmg.source.grammar.parser import Tree, pb

Handler = Callable[["Walker", Tree], object]


_SKIP, _NODE, _NODES, _MESSAGE = range(4)
"""What a field of a message holds. Plain numbers: they are compared some hundred thousand times."""

# What a statement makes or changes itself is no reference, nor are rows that are locked by their aliases.
_OWN = {
    "AlterFunctionStmt": ("func",),
    "AlterObjectDependsStmt": ("relation", "object"),
    "AlterObjectSchemaStmt": ("relation", "object"),
    "AlterOperatorStmt": ("opername",),
    "AlterOwnerStmt": ("relation", "object"),
    "AlterPolicyStmt": ("table",),
    "AlterSeqStmt": ("sequence",),
    "AlterTableStmt": ("relation",),
    "ClusterStmt": ("relation",),
    "CommentStmt": ("object",),
    "CompositeTypeStmt": ("typevar",),
    "CreateSeqStmt": ("sequence",),
    "CreateStmt": ("relation",),
    "DropStmt": ("objects",),
    "GrantStmt": ("objects",),
    "IntoClause": ("rel",),
    "LockingClause": ("locked_rels",),
    "ReindexStmt": ("relation",),
    "RenameStmt": ("relation", "object"),
    "SecLabelStmt": ("object",),
    "VacuumStmt": ("rels",),
    "ViewStmt": ("view", "options"),
}
_SILENT = frozenset(
    {"a_const", "a_star", "bit_string", "boolean", "float", "integer", "param_ref", "role_spec", "string"}
    | {"listen_stmt", "notify_stmt", "set_to_default", "sqlvalue_function", "transaction_stmt", "variable_set_stmt"}
)


_NOTHING: frozenset[Any] = frozenset()


class Walker:
    """Visits what a message holds. Subclasses define `_on_func_call`, `_on_range_var`, … for what they look for."""

    _handlers: ClassVar[Mapping[Any, Handler | None]]
    _messages: ClassVar[Mapping[str, Handler]]

    def __init_subclass__(cls) -> None:
        cls._handlers, cls._messages = _tables(cls)

    def __init__(self) -> None:
        self._shapes = shapes()

    def visit(self, node: Tree) -> None:
        """Look at a `Node`."""
        for field, inner in node.ListFields():
            handler = self._handlers[field]
            if handler is not None:
                handler(self, inner)

    def visit_all(self, nodes: Iterable[Tree]) -> None:
        """Look at a list of nodes."""
        handlers = self._handlers
        for node in nodes:
            for field, inner in node.ListFields():
                handler = handlers[field]
                if handler is not None:
                    handler(self, inner)

    def descend(self, message: Tree, but: frozenset[Any] = _NOTHING) -> None:
        """Look at everything in a message but what is left out."""
        shapes = self._shapes
        for field, value in message.ListFields():
            shape = shapes[field]
            if shape == _SKIP or field in but:
                continue
            if shape == _NODES:
                self.visit_all(value)
            elif shape == _NODE:
                self.visit(value)
            else:
                self.message(value)

    def message(self, message: Tree) -> None:
        """Look at a message that stands in no `Node`."""
        self._messages.get(message.DESCRIPTOR.name, Walker.descend)(self, message)


@cache
def shapes() -> dict[Any, int]:
    """Tell for every field of every message what it holds."""
    found: dict[Any, int] = {}
    for message in pb.DESCRIPTOR.message_types_by_name.values():
        own = _OWN.get(message.name, ())
        for field in message.fields:
            inner = field.message_type
            if inner is None or field.name in own:
                found[field] = _SKIP
            elif inner.name == "Node":
                found[field] = _NODES if field.is_repeated else _NODE
            else:
                found[field] = _SKIP if field.is_repeated else _MESSAGE
    return found


def _tables(walker: type[Walker]) -> tuple[dict[Any, Handler | None], dict[str, Handler]]:
    """Give every field of `Node` its method, None where there is nothing to find.

    The second table is for messages that may stand outside of a `Node`, by their names.
    """
    nodes: dict[Any, Handler | None] = {}
    messages: dict[str, Handler] = {}
    for field in pb.Node.DESCRIPTOR.fields:
        handler: Handler | None = getattr(walker, f"_on_{field.name}", None)
        nodes[field] = None if field.name in _SILENT else handler or Walker.descend
        if handler is not None:
            messages[field.message_type.name] = handler
    return nodes, messages
