"""Compares two queries column by column, where they differ in nothing but their columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pgmg.source.columns.result_names import figured_name
from pgmg.source.grammar.parser import GrammarError, Tree, parse, pb, unwrap
from pgmg.source.grammar.recursion import TooDeepError, deep_recursion, length
from pgmg.source.grammar.tree_equality import clear_positions, same_tree

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class ColumnChanges:
    """The names of columns that only the old query has, only the new one, or both with other expressions."""

    gone: tuple[str, ...]
    added: tuple[str, ...]
    changed: tuple[str, ...]


def changed_columns(
    before: str, after: str, names_before: Sequence[str] | None = None, names_after: Sequence[str] | None = None
) -> ColumnChanges | None:
    """Return what differs between the columns of two queries; None where their rows may differ as well.

    The names are those of a view's column list, where it has one.
    """
    try:
        return _changed(before, after, names_before or (), names_after or ())
    except (GrammarError, TooDeepError):
        return None


@deep_recursion(lambda before, after, *_: length(before) + length(after))
def _changed(before: str, after: str, names_before: Sequence[str], names_after: Sequence[str]) -> ColumnChanges | None:
    old, new = _plain_select(before), _plain_select(after)
    if old is None or new is None:
        return None
    first, second = _columns(old, names_before), _columns(new, names_after)
    if first is None or second is None:
        return None
    del old.target_list[:], new.target_list[:]
    if not same_tree(old, new):
        return None
    return ColumnChanges(
        tuple(name for name in first if name not in second),
        tuple(name for name in second if name not in first),
        tuple(name for name in first if name in second and first[name] != second[name]),
    )


def _plain_select(query: str) -> Tree | None:
    """Return a query whose columns do not decide which rows it has, nor in which order."""
    statements = parse(query).stmts
    if len(statements) != 1 or not statements[0].stmt.HasField("select_stmt"):
        return None
    select = statements[0].stmt.select_stmt
    decided = select.distinct_clause or select.sort_clause or select.values_lists or select.op > pb.SETOP_NONE
    return None if decided or any(_may_be_of_result(node, select) for node in select.group_clause) else select


def _may_be_of_result(node: Tree, select: Tree) -> bool:
    """Say whether GROUP BY may take a column of the result: by its position, or by a name that an AS gives."""
    kind, tree = unwrap(node)
    if kind != "column_ref":
        return True
    name = tree.fields[-1].string.sval
    return len(tree.fields) == 1 and any(name == target.res_target.name for target in select.target_list)


def _columns(select: Tree, names: Sequence[str]) -> dict[str, Tree] | None:
    """Return the expressions by the names of their columns; None where a star stands for some of them."""
    found: dict[str, Tree] = {}
    for number, node in enumerate(select.target_list):
        target = node.res_target
        name = names[number] if number < len(names) else target.name or figured_name(target.val)
        if name == "*" or name in found:
            return None
        clear_positions(target.val)
        found[name] = target.val
    return found
