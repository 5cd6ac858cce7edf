"""Says which objects a migration statement may notice without naming them: all tables of a schema, say.

Where another program decides what is done (EXECUTE of an expression, a procedural language), it may be any object.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.model.sources.source import Scope, ScopeKind
from pgmg.source.grammar.lexer import Sort, significant
from pgmg.source.grammar.parser import name_parts, option_text, pb, relation_parts, strings
from pgmg.source.kinds.base import option_nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgmg.source.grammar.parser import Tree
    from pgmg.source.grammar.statements import ParsedStatement

_IN_SCHEMA = {
    pb.OBJECT_TABLE: ScopeKind.RELATIONS,
    pb.OBJECT_FUNCTION: ScopeKind.ROUTINES,
    pb.OBJECT_PROCEDURE: ScopeKind.ROUTINES,
    pb.OBJECT_ROUTINE: ScopeKind.ROUTINES,
    pb.OBJECT_TYPE: ScopeKind.TYPES,
}
_ALL_TRIGGERS = frozenset({pb.AT_EnableTrigAll, pb.AT_DisableTrigAll, pb.AT_EnableTrigUser, pb.AT_DisableTrigUser})
_CHANGES_ROWS = frozenset({"insert_stmt", "update_stmt", "delete_stmt", "merge_stmt"})
_ANYTHING = (Scope(ScopeKind.ANY),)
_ALL_OWNED = frozenset({"reassign_owned_stmt", "drop_owned_stmt", "alter_table_move_all_stmt"})
_CHANGES_SCHEMA = frozenset(
    {"ALTER", "CALL", "COMMENT", "CREATE", "DROP", "EXECUTE", "GRANT", "IMPORT", "REASSIGN", "REVOKE", "SECURITY"}
)
_READABLE = frozenset({"sql", "plpgsql"})


def scopes_of(statement: ParsedStatement) -> tuple[Scope, ...]:
    """Return what a statement may notice beside what it names. Functions that it calls are another matter."""
    node, tree = statement.node, statement.tree
    if node in _ALL_OWNED:
        return (Scope(ScopeKind.OWNED),)
    if node == "execute_stmt":
        return _ANYTHING
    if node in _CHANGES_ROWS:
        return (Scope(ScopeKind.ROWS, relation_parts(tree.relation)),)
    match node:
        case "do_stmt":
            return _of_block(tree)
        case "copy_stmt" if tree.is_from:
            return (Scope(ScopeKind.ROWS, relation_parts(tree.relation)),)
        case "truncate_stmt":
            return tuple(Scope(ScopeKind.ROWS, relation_parts(item.range_var)) for item in tree.relations)
        case "grant_stmt" if tree.targtype == pb.ACL_TARGET_ALL_IN_SCHEMA:
            kind = _IN_SCHEMA.get(tree.objtype)
            return () if kind is None else tuple(Scope(kind, name_parts(schema)) for schema in tree.objects)
        case "alter_default_privileges_stmt":
            return tuple(_default_privileges(tree))
        case "alter_table_stmt" if any(c.alter_table_cmd.subtype in _ALL_TRIGGERS for c in tree.cmds):
            return (Scope(ScopeKind.TRIGGERS, relation_parts(tree.relation)),)
        case _:
            return ()


def _default_privileges(tree: Tree) -> Iterator[Scope]:
    """Objects that exist before do not get the privileges."""
    kind = _IN_SCHEMA.get(tree.action.objtype)
    if kind is None:
        return
    schemas = [
        schema
        for node in tree.options
        if node.def_elem.defname == "schemas"
        for schema in strings(node.def_elem.arg.list.items)
    ]
    yield from (Scope(kind, (schema,)) for schema in schemas) if schemas else (Scope(kind),)


def _of_block(tree: Tree) -> tuple[Scope, ...]:
    options = option_nodes(tree.args)
    language = option_text(options["language"]).lower() if "language" in options else "plpgsql"
    body = options["as"].arg.string.sval if "as" in options else ""
    return _ANYTHING if may_change_schema(language, body) else ()


def may_change_schema(language: str, body: str | None) -> bool:
    """Say whether a body may do more than read and write rows: in doubt, it may."""
    if language.lower() not in _READABLE or body is None:
        return True
    return any(token.sort is Sort.WORD and token.word in _CHANGES_SCHEMA for token in significant(body))
