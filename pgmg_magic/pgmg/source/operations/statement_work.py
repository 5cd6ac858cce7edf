"""Says of one statement whether it changes definitions alone, works on rows, or does what its text does not show."""

from __future__ import annotations

from enum import Enum

from pgmg.source.grammar.parser import GrammarError, Tree, parse, unwrap


class Work(Enum):
    """The work that a statement takes."""

    DEFINITIONS = "definitions"
    ROWS = "rows"
    HIDDEN = "hidden"


_DEFINES = frozenset(
    {
        "alter_default_privileges_stmt",
        "alter_domain_stmt",
        "alter_enum_stmt",
        "alter_function_stmt",
        "alter_object_depends_stmt",
        "alter_object_schema_stmt",
        "alter_operator_stmt",
        "alter_owner_stmt",
        "alter_policy_stmt",
        "alter_seq_stmt",
        "alter_stats_stmt",
        "alter_table_stmt",
        "alter_type_stmt",
        "cluster_stmt",
        "comment_stmt",
        "composite_type_stmt",
        "create_cast_stmt",
        "create_domain_stmt",
        "create_enum_stmt",
        "create_foreign_table_stmt",
        "create_function_stmt",
        "create_op_class_stmt",
        "create_op_family_stmt",
        "create_policy_stmt",
        "create_range_stmt",
        "create_schema_stmt",
        "create_seq_stmt",
        "create_stats_stmt",
        "create_stmt",
        "create_trig_stmt",
        "define_stmt",
        "drop_stmt",
        "grant_stmt",
        "index_stmt",
        "lock_stmt",
        "reindex_stmt",
        "rename_stmt",
        "rule_stmt",
        "sec_label_stmt",
        "truncate_stmt",
        "variable_set_stmt",
        "view_stmt",
    }
)
"""Statements that take no time but that of their locks and of what a forecast says: scans and rewrites."""

_READS_OR_WRITES = frozenset(
    {
        "copy_stmt",
        "create_table_as_stmt",
        "delete_stmt",
        "insert_stmt",
        "merge_stmt",
        "refresh_mat_view_stmt",
        "select_stmt",
        "update_stmt",
    }
)

_WRITES = frozenset({"copy_stmt", "delete_stmt", "insert_stmt", "merge_stmt", "update_stmt"})

_PATIENCE = "lock_timeout"
"""A migration that sets it wants its own statements to wait, for longer or shorter than others."""


def work_of(sql: str) -> Work:
    """Return what the statements of a text do, the least known of them."""
    if _PATIENCE in sql.lower():
        return Work.HIDDEN
    try:
        kinds = {unwrap(raw.stmt)[0] for raw in parse(sql).stmts}
    except GrammarError:
        return Work.HIDDEN
    if not kinds <= _DEFINES | _READS_OR_WRITES:
        return Work.HIDDEN
    return Work.DEFINITIONS if kinds <= _DEFINES else Work.ROWS


def writes_rows(sql: str) -> bool:
    """Say whether a text has a statement that locks rows for a change, at the top or in WITH."""
    try:
        return any(_writes(raw.stmt) for raw in parse(sql).stmts)
    except GrammarError:
        return True


def _writes(node: Tree) -> bool:
    kind, tree = unwrap(node)
    if kind in _WRITES:
        return True
    if kind != "select_stmt":
        return False
    return bool(tree.locking_clause) or any(
        _writes(query.common_table_expr.ctequery) for query in tree.with_clause.ctes
    )
