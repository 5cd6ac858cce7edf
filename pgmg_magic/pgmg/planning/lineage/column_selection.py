"""Understands which columns people mean: `view.user_stats.score`, `user_stats.score`, `app.v."A b"`, `user_stats.*`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pgmg.errors import UnknownObjectError, UsageError
from pgmg.model.naming.names import Kind, ObjectName
from pgmg.model.results.lineage_data import WHOLE_ROW
from pgmg.planning.resolve.lookup import find

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pgmg.model.results.graph_data import Graph

TABULAR = frozenset({Kind.TABLE, Kind.VIEW, Kind.MATERIALIZED_VIEW})
"""What has columns."""

_PUBLIC = re.compile(r"^((?:(?:view|table|materialized_view)\.)?)public\.", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ColumnSelection:
    """Columns that somebody asked for: (relation, column), None for all of its columns; `steps` up and down."""

    columns: tuple[tuple[ObjectName, str | None], ...]
    upstream: int | None
    downstream: int | None


def parse_columns(
    graph: Graph, typed: Sequence[str], upstream: int | None, downstream: int | None
) -> ColumnSelection | None:
    """Return the columns that are meant, None where no word is of the form OBJECT.COLUMN.

    What is an object as a whole is no column. Beside columns, an object means all of its columns.

    Raises:
        UnknownObjectError: a name that nothing bears.
        UsageError: something beside columns that has none.
    """
    names = [node.object for node in graph.nodes]
    found: list[tuple[ObjectName, str | None]] = []
    columns = False
    for word in typed:
        try:
            found += [(name, None) for name in find(word, names)]
        except UnknownObjectError as unknown:
            owners = _owners(word, names)
            if owners is None:
                raise
            if not owners:
                raise unknown from None
            found += owners
            columns = True
    if not columns:
        return None
    for name, _ in found:
        if name.kind not in TABULAR:
            raise UsageError(f"{name} has no columns.", hint="Ask for columns, or for objects.")
    if upstream is not None or downstream is not None:
        upstream, downstream = upstream or 0, downstream or 0
    return ColumnSelection(tuple(dict.fromkeys(found)), upstream, downstream)


def _owners(word: str, names: Iterable[ObjectName]) -> list[tuple[ObjectName, str | None]] | None:
    """Return the relations that may own a column spelled OBJECT.COLUMN, None where it is not spelled so."""
    owner, column = _split(word.removeprefix("column.") if word.lower().startswith("column.") else word)
    if not owner or not column:
        return None
    pool = [name for name in names if name.kind in TABULAR]
    try:
        found = find(_PUBLIC.sub(r"\1", owner), pool)  # names do not say it
    except UnknownObjectError:
        found = tuple(name for name in pool if owner in _unquoted(name))  # shells and magics eat quotes
    return [(name, None if column == WHOLE_ROW else column) for name in found]


def _unquoted(name: ObjectName) -> tuple[str, ...]:
    """Return how a relation can be spelled without the quotes that it needs."""
    within = name.name if name.schema in (None, "public") else f"{name.schema}.{name.name}"
    return name.name, within, f"{name.kind}.{within}"


def _split(word: str) -> tuple[str, str]:
    """Split at the last dot outside of quotes; the column comes without its quotes, folded where it had none."""
    quoted, at = False, -1
    for n, char in enumerate(word):
        quoted ^= char == '"'
        if char == "." and not quoted:
            at = n
    owner, column = word[: max(at, 0)], word[at + 1 :]
    if len(column) > 1 and column[0] == column[-1] == '"':
        return owner, column[1:-1].replace('""', '"')
    return owner, column
