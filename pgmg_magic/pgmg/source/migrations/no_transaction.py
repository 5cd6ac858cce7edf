"""Says which statements the server refuses inside a transaction block (rule 9.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.source.grammar.parser import Tree, option_text, pb
from pgmg.source.migrations.alter_table import definition

if TYPE_CHECKING:
    from pgmg.source.grammar.statements import ParsedStatement

_ALWAYS = frozenset(
    {
        "alter_system_stmt",
        "create_table_space_stmt",
        "createdb_stmt",
        "drop_subscription_stmt",
        "drop_table_space_stmt",
        "dropdb_stmt",
    }
)
_WHOLE = frozenset({pb.REINDEX_OBJECT_SCHEMA, pb.REINDEX_OBJECT_SYSTEM, pb.REINDEX_OBJECT_DATABASE})
_REFRESHING = frozenset(
    {
        pb.ALTER_SUBSCRIPTION_SET_PUBLICATION,
        pb.ALTER_SUBSCRIPTION_ADD_PUBLICATION,
        pb.ALTER_SUBSCRIPTION_DROP_PUBLICATION,
        pb.ALTER_SUBSCRIPTION_REFRESH,
    }
)
_NO = frozenset({"false", "off", "0", "no"})


def must_run_outside_transaction(statement: ParsedStatement) -> bool:
    """Tell whether a statement must be on its own. What depends on the catalog or on called code is not known here."""
    tree = statement.tree
    match statement.node:
        case "index_stmt" | "drop_stmt":
            return bool(tree.concurrent)
        case "reindex_stmt":
            return tree.kind in _WHOLE or _is_on(tree.params, "concurrently", default=False)
        case "cluster_stmt":
            return not tree.HasField("relation")
        case "vacuum_stmt":
            return bool(tree.is_vacuumcmd)  # ANALYZE has the same node
        case "alter_table_stmt":
            return any(_detaches_concurrently(node.alter_table_cmd) for node in tree.cmds)
        case "alter_database_stmt":
            return any(node.def_elem.defname == "tablespace" for node in tree.options)
        case "create_subscription_stmt":
            return _is_on(tree.options, "create_slot", default=_is_on(tree.options, "connect", default=True))
        case "alter_subscription_stmt":
            return tree.kind in _REFRESHING and _is_on(tree.options, "refresh", default=True)
        case "discard_stmt":
            return bool(tree.target == pb.DISCARD_ALL)
        case node:
            return node in _ALWAYS


def _detaches_concurrently(command: Tree) -> bool:
    return command.subtype == pb.AT_DetachPartition and bool(definition(command).partition_cmd.concurrent)


def _is_on(options: Tree, name: str, *, default: bool) -> bool:
    for node in options:
        if node.def_elem.defname == name:
            return option_text(node.def_elem).lower() not in _NO
    return default
