"""Column lineage of one query, read with sqlglot: which columns each of its columns is made from."""

from __future__ import annotations

import logging
import re
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sqlglot import exp

    from pgmg.model.lineage_data import Trace
    from pgmg.model.source import Parts

ON_PATH = "\0"
"""Stands for the schema of unqualified names: no schema is called this."""

_LATERAL = re.compile(r"\bLATERAL\s+(ROWS\s+FROM\b)", re.IGNORECASE)
"""As PostgreSQL prints several functions at once: the word says nothing there, and sqlglot does not know it."""


class UnreadableError(Exception):
    """sqlglot does not read a query, or not for certain; the message says what it is about."""


def trace(query: str, relations: Mapping[Parts, Sequence[str]]) -> Trace:
    """Return from which columns a query's columns are made.

    `relations` holds the columns of the relations that the query names, by their names as it spells them, as far as
    they are known. A value is made from every column that its expression names, the arguments of functions
    included; bodies of functions are not looked into. Subqueries, CTEs and UNIONs are seen through.

    Raises:
        UnreadableError: the query cannot be read for certain.
    """
    found = _traced(query, tuple(sorted((parts, tuple(columns)) for parts, columns in relations.items())))
    if isinstance(found, str):
        raise UnreadableError(found)
    return found


@lru_cache(maxsize=2048)
def _traced(query: str, relations: tuple[tuple[Parts, tuple[str, ...]], ...]) -> Trace | str:
    """Return the trace, or why there is none: people look at the same views again and again."""
    from pgmg.source.columns.tracing import Tracer

    known = dict(relations)
    try:
        with quiet():
            return Tracer(_qualified(query, known), known).trace()
    except Exception as error:  # noqa: BLE001 - what trips the library over is a query that it cannot read
        return str(error).split("\n", 1)[0] or type(error).__name__


def created_columns(statement: str) -> tuple[Parts, tuple[str, ...] | None] | None:
    """Return table and columns of a CREATE TABLE, None for other statements.

    The columns are None where the statement takes them from elsewhere (LIKE, AS, INHERITS, PARTITION OF).
    """
    import sqlglot
    from sqlglot import exp

    try:
        with quiet():
            made = sqlglot.parse_one(statement, read="postgres")
    except (sqlglot.errors.SqlglotError, RecursionError):
        return None
    if not isinstance(made, exp.Create) or made.kind != "TABLE":
        return None
    _fold(made)
    table = made.this.this if isinstance(made.this, exp.Schema) else made.this
    parts = tuple(part.name for part in table.parts)[-2:]
    if not isinstance(made.this, exp.Schema) or made.expression is not None or made.args.get("properties") is not None:
        return parts, None
    members = made.this.expressions
    if any(isinstance(member, exp.LikeProperty) for member in members):
        return parts, None
    return parts, tuple(member.name for member in members if isinstance(member, exp.ColumnDef))


@contextmanager
def quiet() -> Iterator[None]:
    """Within, sqlglot keeps to itself what it cannot read: callers have an answer for that."""
    logger = logging.getLogger("sqlglot")
    logger.addFilter(_silent)
    try:
        yield
    finally:
        logger.removeFilter(_silent)


def _silent(_record: logging.LogRecord) -> bool:
    return False


def _qualified(query: str, relations: Mapping[Parts, Sequence[str]]) -> exp.Expr:
    """Return the query's tree with `*` and USING spelled out and columns qualified."""
    import sqlglot
    from sqlglot import exp
    from sqlglot.optimizer.qualify import qualify
    from sqlglot.schema import MappingSchema

    tree = sqlglot.parse_one(_LATERAL.sub(r"\1", query), read="postgres")
    _name_results(tree, query)
    if tree.find(exp.Command) is not None:
        raise UnreadableError("not a query")
    _fold(tree)
    for table in tree.find_all(exp.Table):
        table.set("catalog", None)  # the database itself: there is no other
        if isinstance(table.this, exp.Identifier) and not table.alias:  # sqlglot's own alias would be folded
            table.set("alias", exp.TableAlias(this=table.this.copy()))
    known: dict[str, object] = {}
    for (*schema, name), columns in relations.items():
        names = known.setdefault(schema[-1] if schema else ON_PATH, {})
        assert isinstance(names, dict)
        names[name] = dict.fromkeys(columns, "text")  # the types do not matter
    return qualify(
        tree,
        dialect="postgres",
        db=ON_PATH,
        schema=MappingSchema(known, dialect="postgres", normalize=False) if known else None,
        expand_alias_refs=False,
        quote_identifiers=False,
        validate_qualify_columns=False,
    )


def _name_results(tree: exp.Expr, query: str) -> None:
    """Give the query's columns that have no name the one that PostgreSQL will give them."""
    from sqlglot import exp

    from pgmg.source.columns.result_names import result_names

    first = tree.unnest()
    while isinstance(first, exp.SetOperation):
        first = first.this.unnest()
    if not isinstance(first, exp.Select):
        return
    nameless = [
        n
        for n, selected in enumerate(first.selects)
        if not isinstance(selected, (exp.Alias, exp.Column)) and not selected.is_star
    ]
    names = result_names(query) if nameless else None
    if names is not None and len(names) == len(first.selects):
        selects = first.selects
        for n in nameless:
            selects[n].replace(exp.alias_(selects[n].copy(), names[n], quoted=True))


def _fold(tree: exp.Expr) -> None:
    """Fold names as PostgreSQL does: ASCII letters alone."""
    from sqlglot import exp

    for identifier in tree.find_all(exp.Identifier):
        if not identifier.quoted:
            name = identifier.this
            if name.isascii():
                identifier.set("this", name.lower())
            else:  # as it is from here on: sqlglot itself would fold every letter
                identifier.set("this", "".join(c.lower() if c.isascii() else c for c in name))
                identifier.set(arg_key="quoted", value=True)
