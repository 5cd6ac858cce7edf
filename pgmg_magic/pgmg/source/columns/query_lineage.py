"""Column lineage of one query, read with PostgreSQL's grammar: which columns each of its columns is made from."""

from __future__ import annotations

from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING

from pgmg.model.results.lineage_data import FunctionTraits, OutputColumn, Trace
from pgmg.source.columns.name_scopes import Named, UnreadableError
from pgmg.source.columns.query_reading import QueryReader
from pgmg.source.columns.target_texts import target_texts
from pgmg.source.grammar.parser import GrammarError, Tree, parse, relation_parts
from pgmg.source.grammar.recursion import TooDeepError, deep_recursion

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pgmg.model.sources.source import Parts
    from pgmg.source.columns.name_scopes import Unnamed

__all__ = ["FunctionTraits", "UnreadableError", "created_columns", "trace"]

_NO_TRAITS = FunctionTraits()


def trace(
    query: str,
    relations: Mapping[Parts, Sequence[str]],
    traits: FunctionTraits = _NO_TRAITS,
    names: Sequence[str] = (),
    composites: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> Trace:
    """Return from which columns a query's columns are made, and what decides about its rows and their order.

    `relations` holds the columns of the relations that the query names, by their names as it spells them, as far as
    they are known. `names` are those of the query's own columns, if it is known how many there are: then a `*` may
    stand for columns that are not known. `composites` are the attributes of columns of composite types, by the names of
    columns. A value is made from every column that its expression names, the arguments of
    functions included; bodies of functions are not looked into. Subqueries, CTEs and UNIONs are seen through.

    Raises:
        UnreadableError: the query cannot be read for certain.
    """
    known = tuple(sorted((parts, tuple(columns)) for parts, columns in relations.items()))
    attributes = tuple(sorted((name, tuple(listed)) for name, listed in composites.items()))
    found = _traced(query, known, traits, tuple(names), attributes)
    if isinstance(found, str):
        raise UnreadableError(found)
    return found


@lru_cache(maxsize=2048)
def _traced(
    query: str,
    relations: tuple[tuple[Parts, tuple[str, ...]], ...],
    traits: FunctionTraits,
    names: tuple[str, ...],
    composites: tuple[tuple[str, tuple[str, ...]], ...],
) -> Trace | str:
    """Return the trace, or why there is none: people look at the same views again and again."""
    try:
        return _read(query, QueryReader(dict(relations), traits, dict(composites)), names)
    except (UnreadableError, GrammarError, TooDeepError) as error:
        return str(error)


@deep_recursion(lambda query, _reader, _names: len(query))
def _read(query: str, reader: QueryReader, names: tuple[str, ...]) -> Trace:
    statements = parse(query).stmts
    if len(statements) != 1 or not statements[0].stmt.HasField("select_stmt"):
        raise UnreadableError("it is not one query")
    select = statements[0].stmt.select_stmt
    result = reader.outermost(select, target_texts(query, select))
    return Trace(
        tuple(_output(column) for column in _named(result.columns, names)),
        tuple(sorted(result.rows.everything)),
        tuple(sorted(result.order.everything - result.rows.everything)),
        tuple(sorted(result.rows.calls)),
    )


def _output(column: Named) -> OutputColumn:
    influence = column.influence
    return OutputColumn(
        column.name,
        tuple(sorted(influence.values)),
        column.text,
        tuple(sorted(influence.decides - influence.values)),
        tuple(sorted(influence.calls)),
    )


def _named(columns: Sequence[Named | Unnamed], names: tuple[str, ...]) -> list[Named]:
    """Return the columns with names; one `*` may stand for as many of them as are left."""
    unknown = [number for number, column in enumerate(columns) if not isinstance(column, Named)]
    if not unknown:
        return [column for column in columns if isinstance(column, Named)]
    left = len(names) - (len(columns) - 1)
    if len(unknown) > 1 or left < 0 or not names:
        raise UnreadableError("a * stands for columns that are not known")
    found: list[Named] = []
    for number, column in enumerate(columns):
        if isinstance(column, Named):
            found.append(column)
        else:
            these = names[number : number + left]
            found += [Named(name, column.of(name)) for name in these]
    return found


def created_columns(statement: str) -> tuple[Parts, tuple[str, ...] | None] | None:
    """Return table and columns of a CREATE TABLE, None for other statements.

    The columns are None where the statement takes them from elsewhere (LIKE, AS, INHERITS, PARTITION OF).
    """
    try:
        statements = parse(statement).stmts
    except GrammarError:
        return None
    if len(statements) != 1:
        return None
    tree = statements[0].stmt
    if tree.HasField("create_table_as_stmt"):
        return relation_parts(tree.create_table_as_stmt.into.rel), None
    if not tree.HasField("create_stmt"):
        return None
    return relation_parts(tree.create_stmt.relation), _columns_of(tree.create_stmt)


def _columns_of(created: Tree) -> tuple[str, ...] | None:
    elsewhere = created.inh_relations or created.HasField("partbound") or created.HasField("of_typename")
    if elsewhere or any(node.HasField("table_like_clause") for node in created.table_elts):
        return None
    return tuple(node.column_def.colname for node in created.table_elts if node.HasField("column_def"))
