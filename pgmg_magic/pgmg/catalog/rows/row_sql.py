"""Writes the statements that compare the rows of two queries: each side is computed once a statement.

Rows and keys are compared by a hash of 64 bits that equal values share (`hash_record_extended`); types of whose values
the server's own hash tells too few apart are spelled out first (`By`). No search_path can change it, and it costs one
pass over each side. Columns are called `c0`, `c1` … inside, whatever they are called outside; values leave as text, cut
where they are long.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, assert_never

from psycopg import sql

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pgmg.model.database.catalog_details import ColumnShape

LONGEST = 200
"""Characters of a value that are shown."""
_WIDEST = 700
"""Columns of two sides that one join carries: a row of the server has room for 1,664."""
_SORTED = 30
"""Columns by which rows are sorted before some of them are shown."""
_DIGITS = r"-0(?![.0-9])|[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?"
_SEED = 5_381
"""The seed of all hashes. It is the hash of 0 as a float, and of NaN as a numeric; that of NULL is 0."""
AT_ONCE = 4_000_000
"""Values whose hashes are counted in one statement."""


class By(Enum):
    """How the values of a column are compared."""

    VALUE = auto()
    TEXT = auto()
    COLLATION = auto()
    """As values of a collation that takes different spellings for equal."""
    NUMBER = auto()
    """As values of numeric, whose hash leaves the sign out."""
    SIGNS = auto()
    """As values with numbers inside: by their hash and where their text has signs."""
    SPELLED = auto()
    """As values that are equal where their texts are, and whose own hash has too few bits."""
    BIGINT = "int8send"
    TIMESTAMP = "timestamp_send"
    TIMESTAMPTZ = "timestamptz_send"
    TIME = "time_send"
    TIMETZ = "timetz_send"
    XID = "xid8send"
    LSN = "pg_lsn_send"
    """By all their bits, as these functions return them; their own hash has half of them, or is 0 for some."""


@dataclass(frozen=True, slots=True)
class RowSource:
    """One of the two: its query and its columns in order."""

    query: sql.Composable
    columns: tuple[ColumnShape, ...]


@dataclass(frozen=True, slots=True)
class ColumnPair:
    """A column that both sides have: its number in each, and how its values are compared."""

    name: str
    before: int
    after: int
    by: By


@dataclass(frozen=True, slots=True)
class ComparedRows:
    """Two sides, what they have in common, and how much of it is looked at (`one_in` rows, `samples` shown)."""

    before: RowSource
    after: RowSource
    pairs: tuple[ColumnPair, ...]
    one_in: int
    samples: int


def number_of_rows(side: RowSource) -> sql.Composed:
    """Count the rows of a side."""
    return sql.SQL("SELECT pg_catalog.count(*) FROM (\n{}\n) AS q").format(side.query)


def first_rows(side: RowSource, limit: int) -> sql.Composed:
    """Return the first rows, each an array of texts."""
    numbers = range(len(side.columns))
    return sql.SQL("SELECT {} FROM {} LIMIT {}").format(_shown("q", numbers), _from(side), sql.Literal(limit))


def uniqueness(side: RowSource, key: Sequence[tuple[int, By]], one_in: int) -> sql.Composed:
    """Count the rows, the values of a key (column numbers, and how they are compared), and the rows without one."""
    null = sql.SQL(" OR ").join(sql.SQL("{} IS NULL").format(_column("q", number)) for number, _ in key)
    return sql.SQL(
        "SELECT pg_catalog.count(*), pg_catalog.count(DISTINCT k.hash), pg_catalog.count(*) FILTER (WHERE k.empty)"
        " FROM (SELECT {hash} AS hash, ({null}) AS empty FROM {side}) AS k WHERE {chosen}"
    ).format(hash=_hash("q", key), null=null, side=_from(side), chosen=_sampled("k", "hash", one_in))


def by_key(these: ComparedRows, key: Sequence[ColumnPair]) -> sql.Composed:
    """Compare rows of the same key. Yields rows (sort, numbers, before, after), as `multisets` does."""
    compared = [pair for pair in these.pairs if pair not in key]
    return sql.SQL("""WITH before AS MATERIALIZED ({before}),
after AS MATERIALIZED ({after}),
matched AS MATERIALIZED (
  SELECT b.key AS before, a.key AS after, b.hash OPERATOR(pg_catalog.<>) a.hash AS differs
  FROM before AS b FULL JOIN after AS a ON b.key OPERATOR(pg_catalog.=) a.key
)
SELECT 'numbers', (SELECT ARRAY[pg_catalog.count(*) FILTER (WHERE m.before IS NULL),
  pg_catalog.count(*) FILTER (WHERE m.after IS NULL), pg_catalog.count(*) FILTER (WHERE m.differs)] FROM matched AS m)
  || {each}, NULL::text[], NULL::text[]
UNION ALL (SELECT 'added', NULL, NULL, {all_after} FROM after AS a JOIN matched AS m
  ON a.key OPERATOR(pg_catalog.=) m.after WHERE m.before IS NULL ORDER BY {order_after} LIMIT {limit})
UNION ALL (SELECT 'removed', NULL, {all_before}, NULL FROM before AS b JOIN matched AS m
  ON b.key OPERATOR(pg_catalog.=) m.before WHERE m.after IS NULL ORDER BY {order_before} LIMIT {limit})
UNION ALL SELECT 'changed', NULL, s.shown,
  (SELECT {common_after} FROM after AS a WHERE a.key OPERATOR(pg_catalog.=) s.key)
  FROM (SELECT b.key, {common_before} AS shown FROM before AS b JOIN matched AS m
    ON b.key OPERATOR(pg_catalog.=) m.before WHERE m.differs ORDER BY {order_before} LIMIT {limit}) AS s""").format(
        before=_keyed(
            these.before, [(p.before, p.by) for p in key], [(p.before, p.by) for p in compared], these.one_in
        ),
        after=_keyed(these.after, [(p.after, p.by) for p in key], [(p.after, p.by) for p in compared], these.one_in),
        each=_each_difference(these.pairs),
        all_after=_shown("a", range(len(these.after.columns))),
        all_before=_shown("b", range(len(these.before.columns))),
        common_before=_shown("b", [pair.before for pair in these.pairs]),
        common_after=_shown("a", [pair.after for pair in these.pairs]),
        order_before=sql.SQL(", ").join(_sortable("b", pair.before, pair.by) for pair in key),
        order_after=sql.SQL(", ").join(_sortable("a", pair.after, pair.by) for pair in key),
        limit=sql.Literal(these.samples),
    )


def _keyed(
    side: RowSource, key: Sequence[tuple[int, By]], compared: Sequence[tuple[int, By]], one_in: int
) -> sql.Composed:
    return sql.SQL("SELECT * FROM (SELECT {key} AS key, {hash} AS hash, * FROM {side}) AS k WHERE {chosen}").format(
        key=_hash("q", key), hash=_hash("q", compared), side=_from(side), chosen=_sampled("k", "key", one_in)
    )


def _each_difference(pairs: Sequence[ColumnPair]) -> sql.Composed:
    """Count for each column the matched rows in which it differs."""
    parts = []
    for some in batches(pairs, _WIDEST):
        counts = sql.SQL(", ").join(
            sql.SQL("pg_catalog.count(*) FILTER (WHERE {} OPERATOR(pg_catalog.<>) {})").format(
                _hash("b", [(pair.before, pair.by)]), _hash("a", [(pair.after, pair.by)])
            )
            for pair in some
        )
        parts.append(
            sql.SQL(
                "(SELECT ARRAY[{}] FROM matched AS m"
                " JOIN (SELECT key, {} FROM before) AS b ON b.key OPERATOR(pg_catalog.=) m.before"
                " JOIN (SELECT key, {} FROM after) AS a ON a.key OPERATOR(pg_catalog.=) m.after WHERE m.differs)"
            ).format(counts, _listed(pair.before for pair in some), _listed(pair.after for pair in some))
        )
    return sql.SQL(" || ").join(parts)


def multisets(these: ComparedRows) -> sql.Composed:
    """Compare all rows as multisets of the common columns: a changed row is one removed and one added.

    Yields rows (sort, numbers, before, after). `numbers` are the rows added and removed. `each` is the number of a
    column (from 1) and how many of its values are added and removed; where too many rows differ to count them all at
    once, there is `sums` instead: 1 for what is added or 0 for what is removed, and a sum of hashes for each column.
    """
    hashes = sql.SQL(", ")
    of_added = hashes.join(_hash("x", [(pair.after, pair.by)]) for pair in these.pairs)
    of_removed = hashes.join(_hash("x", [(pair.before, pair.by)]) for pair in these.pairs)
    few = sql.SQL(
        "(SELECT COALESCE(pg_catalog.sum(pg_catalog.abs(d.copies)), 0) FROM differing AS d) OPERATOR(pg_catalog.<=) {}"
    ).format(sql.Literal(AT_ONCE // len(these.pairs)))
    each = _values_of(
        sql.SQL("SELECT 1 AS copy, ARRAY[{}] AS hashes FROM added AS x WHERE {few}"
                " UNION ALL SELECT -1, ARRAY[{}] FROM removed AS x WHERE {few}").format(of_added, of_removed, few=few)
    )  # fmt: skip
    return sql.SQL("""WITH before AS MATERIALIZED ({before}),
after AS MATERIALIZED ({after}),
differing AS MATERIALIZED (
  SELECT u.hash, pg_catalog.sum(u.copy)::pg_catalog.int8 AS copies
  FROM (SELECT hash, 1 AS copy FROM after UNION ALL SELECT hash, -1 FROM before) AS u
  GROUP BY u.hash HAVING pg_catalog.sum(u.copy) OPERATOR(pg_catalog.<>) 0
),
added AS MATERIALIZED ({added}),
removed AS MATERIALIZED ({removed})
SELECT 'numbers', ARRAY[(SELECT pg_catalog.count(*) FROM added), (SELECT pg_catalog.count(*) FROM removed)]
  ::pg_catalog.numeric[], NULL::text[], NULL::text[]
UNION ALL SELECT 'each', ARRAY[e.number, e.more, e.fewer]::pg_catalog.numeric[], NULL, NULL FROM ({each}) AS e
UNION ALL SELECT 'sums', ARRAY[1, {sums_added}]::pg_catalog.numeric[], NULL, NULL FROM added AS x
  WHERE NOT ({few}) HAVING NOT ({few})
UNION ALL SELECT 'sums', ARRAY[0, {sums_removed}]::pg_catalog.numeric[], NULL, NULL FROM removed AS x
  WHERE NOT ({few}) HAVING NOT ({few})
UNION ALL (SELECT 'added', NULL, NULL, {shown_added} FROM added AS x ORDER BY {order_added} LIMIT {limit})
UNION ALL (SELECT 'removed', NULL, {shown_removed}, NULL FROM removed AS x ORDER BY {order_removed} LIMIT {limit})
""").format(
        before=_hashed(these.before, [(pair.before, pair.by) for pair in these.pairs], these.one_in),
        after=_hashed(these.after, [(pair.after, pair.by) for pair in these.pairs], these.one_in),
        added=_surplus("after", 1),
        removed=_surplus("before", -1),
        each=each,
        few=few,
        sums_added=hashes.join(_sum(_hash("x", [(pair.after, pair.by)])) for pair in these.pairs),
        sums_removed=hashes.join(_sum(_hash("x", [(pair.before, pair.by)])) for pair in these.pairs),
        shown_added=_shown("x", [pair.after for pair in these.pairs]),
        shown_removed=_shown("x", [pair.before for pair in these.pairs]),
        order_added=hashes.join(_sortable("x", p.after, p.by) for p in these.pairs[:_SORTED]),
        order_removed=hashes.join(_sortable("x", p.before, p.by) for p in these.pairs[:_SORTED]),
        limit=sql.Literal(these.samples),
    )


def columns_of_multisets(these: ComparedRows, chosen: Sequence[ColumnPair]) -> sql.Composed:
    """Count for some columns how many of their values are added and removed: rows (number from 1, more, fewer)."""
    sides = (
        (1, these.after, [(p.after, p.by) for p in chosen], [(p.after, p.by) for p in these.pairs]),
        (-1, these.before, [(p.before, p.by) for p in chosen], [(p.before, p.by) for p in these.pairs]),
    )
    everything = sql.SQL(" UNION ALL ").join(
        sql.SQL("SELECT {} AS copy, ARRAY[{}] AS hashes FROM ({}) AS x").format(
            sql.Literal(copy),
            sql.SQL(", ").join(_hash("x", [column]) for column in columns),
            _hashed(side, every, these.one_in),
        )
        for copy, side, columns, every in sides
    )
    return _values_of(everything)


def _values_of(rows: sql.Composable) -> sql.Composed:
    """Count the values of each column that are there more often, or less often: of rows (copy: 1 or -1, hashes)."""
    return sql.SQL("""SELECT g.number,
  pg_catalog.sum(g.copies) FILTER (WHERE g.copies OPERATOR(pg_catalog.>) 0) AS more,
  -pg_catalog.sum(g.copies) FILTER (WHERE g.copies OPERATOR(pg_catalog.<) 0) AS fewer
FROM (SELECT v.number, v.hash, pg_catalog.sum(r.copy) AS copies FROM ({}) AS r,
    LATERAL pg_catalog.unnest(r.hashes) WITH ORDINALITY AS v(hash, number) GROUP BY v.number, v.hash) AS g
GROUP BY g.number""").format(rows)


def _hashed(side: RowSource, columns: Sequence[tuple[int, By]], one_in: int) -> sql.Composed:
    return sql.SQL("SELECT * FROM (SELECT {} AS hash, * FROM {}) AS k WHERE {}").format(
        _hash("q", columns), _from(side), _sampled("k", "hash", one_in)
    )


def _surplus(side: str, sign: int) -> sql.Composed:
    """Return the rows that one side has more often than the other, as often as it has them more."""
    return sql.SQL("""SELECT * FROM (
  SELECT s.*, {sign} * d.copies AS copies, pg_catalog.row_number() OVER (PARTITION BY s.hash) AS copy
  FROM {side} AS s JOIN differing AS d ON s.hash OPERATOR(pg_catalog.=) d.hash
  WHERE {sign} * d.copies OPERATOR(pg_catalog.>) 0
) AS x WHERE x.copy OPERATOR(pg_catalog.<=) x.copies""").format(side=sql.Identifier(side), sign=sql.Literal(sign))


# -- parts ----------------------------------------------------------------------------------------------


def batches(pairs: Sequence[ColumnPair], size: int) -> list[Sequence[ColumnPair]]:
    """Return the pairs in groups of at most `size`."""
    return [pairs[begin : begin + size] for begin in range(0, len(pairs), size)]


def _from(side: RowSource) -> sql.Composed:
    return sql.SQL("(\n{}\n) AS q({})").format(side.query, _listed(range(len(side.columns))))


def _listed(numbers: Iterable[int]) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(f"c{n}") for n in numbers)


def _sampled(table: str, hash_: str, one_in: int) -> sql.Composable:
    """Choose by hash: a row is chosen on both sides, or on neither."""
    if one_in <= 1:
        return sql.SQL("true")
    return sql.SQL(
        "({} OPERATOR(pg_catalog.&) 9223372036854775807) OPERATOR(pg_catalog.%) {} OPERATOR(pg_catalog.=) 0"
    ).format(sql.Identifier(table, hash_), sql.Literal(one_in))


def _hash(table: str, columns: Sequence[tuple[int, By]]) -> sql.Composed:
    """Return a number that rows of equal values share."""
    return _hash_of(sql.SQL(", ").join(_value(table, number, by) for number, by in columns))


def _hash_of(values: sql.Composable) -> sql.Composed:
    return sql.SQL("pg_catalog.hash_record_extended(ROW({}), {})").format(values, sql.Literal(_SEED))


def _sum(value: sql.Composable) -> sql.Composed:
    return sql.SQL("pg_catalog.sum({})").format(value)


def _column(table: str, number: int) -> sql.Composable:
    return sql.Identifier(table, f"c{number}")


def _value(table: str, number: int, by: By) -> sql.Composable:
    """Return what is compared of a column."""
    column = _column(table, number)
    match by:
        case By.VALUE:
            return column
        case By.TEXT | By.SPELLED:
            return _text(column)
        case By.COLLATION:
            # as text: the hash of a 64 bit integer has but 32 bits to go by
            return _text(sql.SQL("pg_catalog.hashtextextended({}, 0)").format(column))
        case By.NUMBER:
            return sql.SQL("pg_catalog.numeric_send(pg_catalog.trim_scale({}))").format(column)
        case By.BIGINT | By.TIMESTAMP | By.TIMESTAMPTZ | By.TIME | By.TIMETZ | By.XID | By.LSN:
            return sql.SQL("{}({})").format(sql.Identifier("pg_catalog", by.value), column)
        case By.SIGNS:
            # digits left out, texts of equal numbers are the same; -0 is a float's
            return sql.SQL("{} OPERATOR(pg_catalog.||) pg_catalog.regexp_replace({}, {}, '#', 'g')").format(
                _text(_hash_of(column)),
                _text(column),
                sql.Literal(_DIGITS),
            )
        case _:
            assert_never(by)


def _sortable(table: str, number: int, by: By) -> sql.Composable:
    """Return what rows are sorted by when some of them are shown."""
    return _text(_column(table, number)) if by in (By.TEXT, By.COLLATION) else _column(table, number)


def _text(column: sql.Composable) -> sql.Composed:
    return sql.SQL('{}::pg_catalog.text COLLATE pg_catalog."C"').format(column)


def _shown(table: str, numbers: Iterable[int]) -> sql.Composed:
    texts = sql.SQL(", ").join(_cut(_column(table, number)) for number in numbers)
    return sql.SQL("ARRAY[{}]::pg_catalog.text[]").format(texts)


def _cut(value: sql.Composable) -> sql.Composed:
    return sql.SQL(
        "CASE WHEN pg_catalog.length({0}::pg_catalog.text) OPERATOR(pg_catalog.>) {1} "
        "THEN pg_catalog.left({0}::pg_catalog.text, {1}) OPERATOR(pg_catalog.||) '…' ELSE {0}::pg_catalog.text END"
    ).format(value, sql.Literal(LONGEST))
