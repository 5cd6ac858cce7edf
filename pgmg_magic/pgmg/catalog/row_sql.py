"""Writes the statements that compare the rows of two queries: each side is computed once a statement.

Columns are called `c0`, `c1` … inside, whatever they are called outside; values leave as text, cut where they are long.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg import sql

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pgmg.model.catalog_details import ColumnShape

LONGEST = 200
"""Characters of a value that are shown."""
_NUMERIC = 1700


@dataclass(frozen=True, slots=True)
class RowSource:
    """One of the two: its query and its columns in order."""

    query: sql.Composable
    columns: tuple[ColumnShape, ...]

    def index(self, name: str) -> int:
        """Return the number of a column."""
        return next(n for n, column in enumerate(self.columns) if column.name == name)


@dataclass(frozen=True, slots=True)
class Pair:
    """A column that both sides have: its number in each, and whether values are compared by their text."""

    name: str
    before: int
    after: int
    as_text: bool


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two sides, what they have in common, and how much of it is looked at (`one_in` rows, `samples` shown)."""

    before: RowSource
    after: RowSource
    pairs: tuple[Pair, ...]
    one_in: int
    samples: int


def number_of_rows(side: RowSource) -> sql.Composed:
    """Count the rows of a side."""
    return sql.SQL("SELECT pg_catalog.count(*) FROM (\n{}\n) AS q").format(side.query)


def first_rows(side: RowSource, limit: int) -> sql.Composed:
    """Return the first rows, each an array of texts."""
    numbers = range(len(side.columns))
    return sql.SQL("SELECT {} FROM {} LIMIT {}").format(_shown("q", numbers), _from(side), sql.Literal(limit))


def uniqueness(side: RowSource, keys: Sequence[Sequence[tuple[int, bool]]], one_in: int) -> sql.Composed:
    """Count for each key (column numbers, and whether by text) its rows, its values, and rows where it is NULL."""
    counts = []
    for key in keys:
        values = [_value("q", number, as_text=as_text) for number, as_text in key]
        chosen = _sampled([_hashed(side, "q", number) for number, _ in key], one_in)
        null = sql.SQL(" OR ").join(sql.SQL("{} IS NULL").format(_column("q", number)) for number, _ in key)
        counts.append(
            sql.SQL(
                "pg_catalog.count(*) FILTER (WHERE {chosen}), "
                "pg_catalog.count(DISTINCT ROW({values})) FILTER (WHERE {chosen}), "
                "pg_catalog.count(*) FILTER (WHERE {chosen} AND ({null}))"
            ).format(chosen=chosen, values=sql.SQL(", ").join(values), null=null)
        )
    return sql.SQL("SELECT {} FROM {}").format(sql.SQL(", ").join(counts), _from(side))


def by_key(these: Comparison, key: Sequence[Pair]) -> sql.Composed:
    """Compare rows of the same key. Yields rows (sort, numbers, before, after), as `multisets` does."""
    return sql.SQL("""WITH before AS MATERIALIZED ({before}),
after AS MATERIALIZED ({after}),
both_sides AS MATERIALIZED (
  SELECT b.here AS before, a.here AS after, {columns}
  FROM (SELECT true AS here, * FROM before) AS b FULL JOIN (SELECT true AS here, * FROM after) AS a ON {same}
),
changed AS MATERIALIZED (SELECT * FROM both_sides AS j WHERE j.before AND j.after AND ({differs}))
SELECT 'numbers', ARRAY[(SELECT pg_catalog.count(*) FROM both_sides AS j WHERE j.before IS NULL),
  (SELECT pg_catalog.count(*) FROM both_sides AS j WHERE j.after IS NULL),
  pg_catalog.count(*), {each}], NULL::text[], NULL::text[] FROM changed AS j
UNION ALL (SELECT 'added', NULL, NULL, {all_after} FROM both_sides AS j WHERE j.before IS NULL
  ORDER BY {order_after} LIMIT {limit})
UNION ALL (SELECT 'removed', NULL, {all_before}, NULL FROM both_sides AS j WHERE j.after IS NULL
  ORDER BY {order_before} LIMIT {limit})
UNION ALL (SELECT 'changed', NULL, {common_before}, {common_after} FROM changed AS j
  ORDER BY {order_before} LIMIT {limit})""").format(
        before=_side(these.before, [pair.before for pair in key], these.one_in),
        after=_side(these.after, [pair.after for pair in key], these.one_in),
        columns=sql.SQL(", ").join(
            [_as("b", n, "before") for n in range(len(these.before.columns))]
            + [_as("a", n, "after") for n in range(len(these.after.columns))]
        ),
        same=sql.SQL(" AND ").join(
            sql.SQL("{} = {}").format(
                _value("b", pair.before, as_text=pair.as_text), _value("a", pair.after, as_text=pair.as_text)
            )
            for pair in key
        ),
        differs=sql.SQL(" OR ").join([sql.SQL("false"), *(_differs(pair) for pair in these.pairs if pair not in key)]),
        each=sql.SQL(", ").join(
            sql.SQL("pg_catalog.count(*) FILTER (WHERE {})").format(_differs(pair)) for pair in these.pairs
        ),
        all_after=_shown("j", range(len(these.after.columns)), "after"),
        all_before=_shown("j", range(len(these.before.columns)), "before"),
        common_before=_shown("j", [pair.before for pair in these.pairs], "before"),
        common_after=_shown("j", [pair.after for pair in these.pairs], "after"),
        order_before=sql.SQL(", ").join(_value("j", p.before, "before", as_text=p.as_text) for p in key),
        order_after=sql.SQL(", ").join(_value("j", p.after, "after", as_text=p.as_text) for p in key),
        limit=sql.Literal(these.samples),
    )


def multisets(these: Comparison) -> sql.Composed:
    """Compare all rows as multisets of the common columns: a changed row is one removed and one added."""
    names = [sql.Identifier(f"p{n}") for n in range(len(these.pairs))]
    listed = sql.SQL(", ").join(names)
    numbers: list[sql.Composable] = [
        sql.SQL("(SELECT pg_catalog.count(*) FROM added)"),
        sql.SQL("(SELECT pg_catalog.count(*) FROM removed)"),
    ]
    for name in names:
        one_way, other = (
            sql.SQL(
                "(SELECT pg_catalog.count(*) FROM (SELECT {0} FROM {1} EXCEPT ALL SELECT {0} FROM {2}) AS x)"
            ).format(name, sql.Identifier(here), sql.Identifier(there))
            for here, there in (("before", "after"), ("after", "before"))
        )
        numbers.append(sql.SQL("GREATEST({}, {})").format(one_way, other))
    texts = sql.SQL(", ").join(_cut(name) for name in names)
    return sql.SQL("""WITH before AS MATERIALIZED ({before}),
after AS MATERIALIZED ({after}),
added AS MATERIALIZED (SELECT {names} FROM after EXCEPT ALL SELECT {names} FROM before),
removed AS MATERIALIZED (SELECT {names} FROM before EXCEPT ALL SELECT {names} FROM after)
SELECT 'numbers', ARRAY[{numbers}], NULL::text[], NULL::text[]
UNION ALL (SELECT 'added', NULL, NULL, ARRAY[{texts}]::text[] FROM added ORDER BY {names} LIMIT {limit})
UNION ALL (SELECT 'removed', NULL, ARRAY[{texts}]::text[], NULL FROM removed ORDER BY {names} LIMIT {limit})""").format(
        before=_pairs(these.before, [(p.before, p.as_text) for p in these.pairs], these.one_in),
        after=_pairs(these.after, [(p.after, p.as_text) for p in these.pairs], these.one_in),
        names=listed,
        numbers=sql.SQL(", ").join(numbers),
        texts=texts,
        limit=sql.Literal(these.samples),
    )


def _pairs(side: RowSource, columns: Sequence[tuple[int, bool]], one_in: int) -> sql.Composed:
    named = (
        sql.SQL("{} AS {}").format(_value("q", number, as_text=as_text), sql.Identifier(f"p{n}"))
        for n, (number, as_text) in enumerate(columns)
    )
    where = _sampled([_hashed(side, "q", number) for number, _ in columns], one_in)
    return sql.SQL("SELECT {} FROM {} WHERE {}").format(sql.SQL(", ").join(named), _from(side), where)


def _side(side: RowSource, hashed: Sequence[int], one_in: int) -> sql.Composed:
    return sql.SQL("SELECT * FROM {} WHERE {}").format(
        _from(side), _sampled([_hashed(side, "q", number) for number in hashed], one_in)
    )


def _from(side: RowSource) -> sql.Composed:
    names = sql.SQL(", ").join(sql.Identifier(f"c{n}") for n in range(len(side.columns)))
    return sql.SQL("(\n{}\n) AS q({})").format(side.query, names)


def _sampled(values: Sequence[sql.Composable], one_in: int) -> sql.Composable:
    """Choose by hash: a row is chosen on both sides, or on neither."""
    if one_in <= 1:
        return sql.SQL("true")
    return sql.SQL(
        "(pg_catalog.hashtextextended(ROW({})::text, 0) & 9223372036854775807) OPERATOR(pg_catalog.%) {} = 0"
    ).format(sql.SQL(", ").join(values), sql.Literal(one_in))


def _hashed(side: RowSource, table: str, number: int) -> sql.Composable:
    """Equal numbers are spelled alike."""
    column = _column(table, number)
    is_number = side.columns[number].type == _NUMERIC
    return sql.SQL("pg_catalog.trim_scale({})").format(column) if is_number else column


def _column(table: str, number: int, prefix: str = "c") -> sql.Composable:
    return sql.Identifier(table, f"{prefix}{number}")


def _value(table: str, number: int, prefix: str = "c", *, as_text: bool) -> sql.Composable:
    column = _column(table, number, prefix)
    return sql.SQL('{}::pg_catalog.text COLLATE pg_catalog."C"').format(column) if as_text else column


def _as(table: str, number: int, prefix: str) -> sql.Composed:
    return sql.SQL("{} AS {}").format(_column(table, number), sql.Identifier(f"{prefix}{number}"))


def _differs(pair: Pair) -> sql.Composed:
    return sql.SQL("{} IS DISTINCT FROM {}").format(
        _value("j", pair.before, "before", as_text=pair.as_text),
        _value("j", pair.after, "after", as_text=pair.as_text),
    )


def _shown(table: str, numbers: Iterable[int], prefix: str = "c") -> sql.Composed:
    texts = sql.SQL(", ").join(_cut(_column(table, number, prefix)) for number in numbers)
    return sql.SQL("ARRAY[{}]::text[]").format(texts)


def _cut(value: sql.Composable) -> sql.Composed:
    return sql.SQL(
        "CASE WHEN pg_catalog.length({0}::pg_catalog.text) > {1} "
        "THEN pg_catalog.left({0}::pg_catalog.text, {1}) || '…' ELSE {0}::pg_catalog.text END"
    ).format(value, sql.Literal(LONGEST))
