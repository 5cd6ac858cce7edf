"""Rewrites CREATE INDEX for a partition, and statements of relations without their options."""

from __future__ import annotations

from pgmg.source.grammar.parser import deparse, parse


def partition_index(sql: str, of_partition: str) -> str:
    """Return a CREATE INDEX with the definition of `sql`; name, options and table are those of the other.

    Raises:
        GrammarError: a text does not parse.
    """
    whole, part = parse(sql), parse(of_partition)
    statement, own = whole.stmts[0].stmt, part.stmts[0].stmt
    if not statement.HasField("index_stmt") or not own.HasField("index_stmt"):
        return of_partition  # it attaches one index to another
    index, other = statement.index_stmt, own.index_stmt
    index.idxname, index.if_not_exists = other.idxname, False
    index.relation.CopyFrom(other.relation)
    index.ClearField("options")
    index.options.extend(other.options)
    index.table_space = ""  # restored by a statement of its own
    return deparse(statement)


def stated_storage(sql: str) -> dict[str, str]:
    """Return the tablespace and the access method that the CREATE statement of a materialized view or index names.

    The access method of an index is a part of its definition.

    Raises:
        GrammarError: the text does not parse.
    """
    statement = parse(sql).stmts[0].stmt
    if statement.HasField("index_stmt"):
        found = {"tablespace": statement.index_stmt.table_space}
    else:
        into = statement.create_table_as_stmt.into
        found = {"tablespace": into.table_space_name, "access method": into.access_method}
    return {what: name for what, name in found.items() if name}


def without_options(sql: str, *, without_storage: bool = False) -> str:
    """Return the CREATE statement of an index, view or materialized view without its options, WITH (…).

    `without_storage` leaves out the tablespace, and the access method of a materialized view, too.

    Raises:
        GrammarError: the text does not parse.
    """
    statement = parse(sql).stmts[0].stmt
    for kind in ("index_stmt", "view_stmt"):
        if statement.HasField(kind):
            getattr(statement, kind).ClearField("options")
    if statement.HasField("index_stmt") and without_storage:
        statement.index_stmt.table_space = ""
    if statement.HasField("create_table_as_stmt"):
        into = statement.create_table_as_stmt.into
        into.ClearField("options")
        if without_storage:
            into.table_space_name = into.access_method = ""
    return deparse(statement)
