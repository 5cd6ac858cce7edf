"""Says why a statement does not belong under the code folder, and where it does (rule 1.4)."""

from __future__ import annotations

import re
from itertools import takewhile
from typing import TYPE_CHECKING

from pgmg.model.naming.names import Kind
from pgmg.source.grammar.parser import Tree, pb
from pgmg.source.references.statement_targets import KINDS, words

if TYPE_CHECKING:
    from pgmg.errors import RefusedStatement
    from pgmg.model.sources.source import Parts
    from pgmg.source.grammar.statements import ParsedStatement

_MIGRATION = "Put it into a file of the migrations folder: code files declare what can be replaced at any time."
_WORDS = {
    "create_stmt": "CREATE TABLE",
    "create_table_as_stmt": "CREATE TABLE AS",
    "create_foreign_table_stmt": "CREATE FOREIGN TABLE",
    "create_seq_stmt": "CREATE SEQUENCE",
    "alter_seq_stmt": "ALTER SEQUENCE",
    "createdb_stmt": "CREATE DATABASE",
    "dropdb_stmt": "DROP DATABASE",
    "create_plang_stmt": "CREATE LANGUAGE",
    "create_am_stmt": "CREATE ACCESS METHOD",
    "create_fdw_stmt": "CREATE FOREIGN DATA WRAPPER",
    "alter_fdw_stmt": "ALTER FOREIGN DATA WRAPPER",
    "alter_op_family_stmt": "ALTER OPERATOR FAMILY",
    "alter_object_schema_stmt": "ALTER … SET SCHEMA",
    "alter_object_depends_stmt": "ALTER … DEPENDS ON EXTENSION",
    "alter_tsdictionary_stmt": "ALTER TEXT SEARCH DICTIONARY",
    "alter_stats_stmt": "ALTER STATISTICS",
    "alter_table_move_all_stmt": "ALTER … ALL IN TABLESPACE",
    "alter_type_stmt": "ALTER TYPE",
    "alter_enum_stmt": "ALTER TYPE",
    "create_table_space_stmt": "CREATE TABLESPACE",
    "drop_table_space_stmt": "DROP TABLESPACE",
    "alter_table_space_options_stmt": "ALTER TABLESPACE",
    "check_point_stmt": "CHECKPOINT",
    "close_portal_stmt": "CLOSE",
    "constraints_set_stmt": "SET CONSTRAINTS",
    "create_role_stmt": "CREATE ROLE",
    "refresh_mat_view_stmt": "REFRESH MATERIALIZED VIEW",
    "rename_stmt": "ALTER … RENAME",
    "sec_label_stmt": "SECURITY LABEL",
    "variable_show_stmt": "SHOW",
    "plassign_stmt": "assignment",
}
_TRANSACTION_WORDS = {"START": "START TRANSACTION", "PREPARE": "PREPARE TRANSACTION"}
_HINTS = {
    "transaction_stmt": "Remove it: pgmg runs everything in one transaction by itself. Only BEGIN and a COMMIT that "
    "follows it may stand around declarations.",
    "refresh_mat_view_stmt": "Remove it: pgmg fills a materialized view when it creates it.",
    "alter_enum_stmt": "Change the labels in CREATE TYPE: pgmg finds the difference.",
    "rename_stmt": "Change the name where the object is declared, or rename it in a migration.",
    "alter_object_schema_stmt": "Write the schema where the object is declared, or move it in a migration.",
    "alter_function_stmt": "Write the clause into CREATE FUNCTION.",
    "alter_policy_stmt": "Change CREATE POLICY: pgmg finds the difference.",
    "alter_domain_stmt": "Change CREATE DOMAIN: pgmg finds the difference.",
    "create_schema_stmt": "Create the schema in a migration; what is in it may be declared in files of its own.",
}


_DECLARED = frozenset(takewhile(lambda kind: kind is not Kind.TABLE, Kind))
_NO_DROP = (
    "Remove it: pgmg drops what is no longer declared. DROP … IF EXISTS may stand before the statement that creates "
    "the same object, in the same file."
)


def refuse(statement: ParsedStatement) -> RefusedStatement:
    """Return the error for a statement that no kind understands."""
    what = name_of(statement)
    return statement.refused(f"{what} does not belong under the code folder, but in a migration", _hint(statement))


def _hint(statement: ParsedStatement) -> str:
    node, tree = statement.node, statement.tree
    if node == "drop_stmt" and KINDS.get(tree.remove_type) in _DECLARED:
        return _NO_DROP
    if node == "alter_table_stmt" and tree.objtype in (pb.OBJECT_VIEW, pb.OBJECT_MATVIEW):
        return "Options go into the CREATE statement; put anything else into a file of the migrations folder."
    return _HINTS.get(node, _MIGRATION)


def name_of(statement: ParsedStatement) -> str:
    """Return what a statement is called, in SQL's words."""
    node, tree = statement.node, statement.tree
    match node:
        case "drop_stmt":
            return f"DROP {words(tree.remove_type)}"
        case "alter_table_stmt":
            return f"ALTER {words(tree.objtype)}"
        case "alter_function_stmt":
            return f"ALTER {words(tree.objtype)}"
        case "define_stmt":
            return f"CREATE {words(tree.kind)}"
        case "alter_owner_stmt":
            return f"ALTER {words(tree.object_type)} … OWNER TO"
        case "transaction_stmt":
            name = str(pb.TransactionStmtKind.Name(tree.kind)).removeprefix("TRANS_STMT_")
            return _TRANSACTION_WORDS.get(name) or name.replace("_", " ")
        case "vacuum_stmt":
            return "VACUUM" if tree.is_vacuumcmd else "ANALYZE"
        case "create_extension_stmt" if "LANGUAGE" in statement.sql.upper().split():
            return "CREATE LANGUAGE"  # the grammar takes it for the extension of that name
        case "variable_set_stmt":
            return f"SET {tree.name}"
        case "select_stmt" if tree.HasField("into_clause"):
            return "SELECT INTO"
        case _:
            return _WORDS.get(node) or node.removesuffix("_stmt").replace("_", " ").upper()


def refuse_temporary(statement: ParsedStatement, relation: Tree, what: str) -> None:
    """Raise RefusedStatement for a temporary relation."""
    if relation.relpersistence == "t":
        raise _temporary(statement, what)
    refuse_temporary_name(statement, (relation.schemaname, relation.relname), what)


def refuse_temporary_name(statement: ParsedStatement, name: Parts, what: str) -> None:
    """Raise RefusedStatement for what lives in a session's own schema."""
    if len(name) > 1 and re.match(r"pg_temp(_\d+)?\Z", name[0]):
        raise _temporary(statement, what)


def _temporary(statement: ParsedStatement, what: str) -> RefusedStatement:
    return statement.refused(
        f"a TEMPORARY {what} does not belong under the code folder: it ends with the session that makes it",
        "Leave TEMPORARY out, or create it where it is used.",
    )
