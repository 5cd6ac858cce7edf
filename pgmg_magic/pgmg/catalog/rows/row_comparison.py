"""Compares the rows that a view has with those that a change would give it, in the caller's read-only transaction."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeVar

import psycopg
from psycopg import sql

from pgmg.catalog.reading.catalog_queries import Row, query
from pgmg.catalog.rows import row_sql
from pgmg.catalog.rows.row_sources import select_all, sides, translate_errors, types_of, view_settings
from pgmg.catalog.rows.row_sql import By, ColumnPair, ComparedRows, RowSource
from pgmg.catalog.rows.row_stability import with_stability
from pgmg.errors import RowsError
from pgmg.model.naming.names import Kind, ObjectName
from pgmg.model.results.row_questions import (
    ChangedRow,
    ColumnDifference,
    Preview,
    Query,
    RowDifference,
    RowOptions,
    RowQuestion,
    RowSamples,
)
from pgmg.model.sources.source import Notice

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from pgmg.catalog.rows.row_routes import Route

_Answer = TypeVar("_Answer")
_Connection = psycopg.Connection[Row]
_CANDIDATES = 4
"""Keys that are tried at most: each costs a look at all rows."""
_SPELLED = {"number": By.NUMBER, "signs": By.SIGNS, "text": By.SPELLED}
_FILLED = (
    "SELECT c.relispopulated FROM pg_catalog.pg_class AS c"
    " JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2"
)
_BEFORE, _AFTER = ObjectName(Kind.OTHER, "before"), ObjectName(Kind.OTHER, "after")


def compare_all(
    conn: _Connection, chosen: Sequence[Route], options: RowOptions, *, lone: bool
) -> tuple[RowDifference, ...]:
    """Compare the rows of several views, one after the other; what goes wrong with one is said in its place.

    Raises:
        RowsError: `lone` says that there is only one question, and it cannot be answered.
    """
    found = []
    for route in chosen:
        try:
            found.append(compare_rows(conn, route, options))
        except RowsError as error:
            if lone:
                raise
            found.append(failed(route.question, error))
    return tuple(found)


def failed(question: RowQuestion, error: RowsError) -> RowDifference:
    """Return what is said of a view whose rows could not be compared."""
    notice = Notice("failed", error.message if error.hint is None else f"{error.message} {error.hint}")
    return RowDifference(question.object, question.change, None, None, notes=(*question.notes, notice))


def compare_rows(conn: _Connection, route: Route, options: RowOptions) -> RowDifference:
    """Run both queries and compare what they return; settings of the question are taken back afterwards.

    Raises:
        RowsError: a query fails, takes too long, or a key names no column of both sides.
    """
    question = route.question
    if route.unknown is not None:
        unknown = Notice("unknown", f"Its rows cannot be told before apply: {route.unknown}.")
        return RowDifference(question.object, question.change, None, None, notes=(*question.notes, unknown))
    began = time.monotonic()

    def compared(after: Query | None) -> _Found:
        settings = after.settings if after is not None else ()
        with view_settings(conn, settings, options.timeout):
            return _Rows(conn, question, after, options).compared()

    with translate_errors(question):
        found = _asked(compared, route.after)
    return with_stability(conn, question, _finished(found, question, (time.monotonic() - began) * 1000))


def first_rows(conn: _Connection, route: Route, limit: int, timeout: str) -> Preview:
    """Return the first `limit` rows of what the question's pending query returns, else of the relation as it stands.

    Raises:
        RowsError: the query fails, takes too long, or cannot be asked before apply.
    """
    question = route.question
    if route.unknown is not None:
        raise RowsError(f"{question.object}: its rows cannot be told before apply: {route.unknown}.")
    chosen = route.after if route.after is not None else select_all(question.before)
    if chosen is None:
        raise RowsError(f"{question.object} does not exist.")

    def shown(query_: Query | None) -> Preview:
        assert query_ is not None
        with view_settings(conn, query_.settings, timeout):
            (side,) = sides(conn, question.object, [(_AFTER, query_)])
            rows = conn.execute(row_sql.first_rows(side, limit + 1)).fetchall() if side.columns else []
            return Preview(
                question.object,
                tuple(column.name for column in side.columns),
                types_of(conn, side),
                tuple(tuple(row[0]) for row in rows[:limit]),
                more=len(rows) > limit,
            )

    with translate_errors(question):
        return _asked(shown, chosen)


def _asked(ask: Callable[[Query | None], _Answer], after: Query | None) -> _Answer:
    """Ask; where a value cannot be computed that perhaps nobody needs, ask again with CTEs expanded."""
    try:
        return ask(after)
    except psycopg.DataError:
        if after is None or after.expanded is None:
            raise
        return ask(replace(after, text=after.expanded, expanded=None))


@dataclass(frozen=True, slots=True)
class _Found:
    """The outcome of the comparison, before the question's own facts are added."""

    before: int | None
    after: int | None
    columns: tuple[ColumnDifference, ...] = ()
    numbers: tuple[int, int, int | None] = (0, 0, None)
    key: tuple[str, ...] = ()
    one_in: int = 1
    samples: RowSamples = field(default_factory=RowSamples)
    notes: tuple[Notice, ...] = ()


def _finished(found: _Found, question: RowQuestion, duration_ms: float) -> RowDifference:
    added, removed, changed = found.numbers
    return RowDifference(
        object=question.object,
        change=question.change,
        before=found.before,
        after=found.after,
        added=added,
        removed=removed,
        changed=changed,
        key=found.key,
        columns=found.columns,
        samples=found.samples,
        one_in=found.one_in,
        inlined=question.pending,
        notes=(*question.notes, *found.notes),
        duration_ms=duration_ms,
    )


class _Rows:
    """One comparison on its way."""

    def __init__(self, conn: _Connection, question: RowQuestion, after: Query | None, options: RowOptions) -> None:
        self.conn, self.question, self.after, self.options = conn, question, after, options
        self.notes: list[Notice] = []

    def compared(self) -> _Found:
        before, after = self._before(), self.after
        if before is not None and after is not None:
            old, new = sides(self.conn, self.question.object, [(_BEFORE, before), (_AFTER, after)])
            return self._both(old, new)
        if after is not None:
            (new,) = sides(self.conn, self.question.object, [(_AFTER, after)])
            return self._alone(new, is_new=True)
        if before is not None:
            (old,) = sides(self.conn, self.question.object, [(_BEFORE, before)])
            return self._alone(old, is_new=False)
        return _Found(None, None)

    def _before(self) -> Query | None:
        """Return what reads the relation as it stands; a materialized view that was never filled holds nothing."""
        name = self.question.before
        if name is None:
            return None
        filled = self.conn.execute(_FILLED, list(name)).fetchone()
        if filled is not None and not filled[0]:
            self._note("unpopulated", "It has never been filled, so there are no rows to compare with.")
            return None
        return select_all(name)

    def _note(self, code: str, message: str) -> None:
        self.notes.append(Notice(code, message))

    def _count(self, side: RowSource) -> int:
        (found,) = self.conn.execute(row_sql.number_of_rows(side)).fetchall()
        return int(found[0])

    def _alone(self, side: RowSource, *, is_new: bool) -> _Found:
        number = self._count(side)
        shown: Sequence[Row] = ()
        if side.columns and self.options.samples:
            shown = self.conn.execute(row_sql.first_rows(side, self.options.samples)).fetchall()
        rows = tuple(tuple(row[0]) for row in shown)
        names, types = tuple(column.name for column in side.columns), types_of(self.conn, side)
        if is_new:
            samples = RowSamples(columns_after=names, added=rows)
            columns = tuple(ColumnDifference(name, None, type_) for name, type_ in zip(names, types, strict=True))
            return _Found(None, number, columns, (number, 0, None), samples=samples, notes=tuple(self.notes))
        samples = RowSamples(columns_before=names, removed=rows)
        columns = tuple(ColumnDifference(name, type_, None) for name, type_ in zip(names, types, strict=True))
        return _Found(number, None, columns, (0, number, None), samples=samples, notes=tuple(self.notes))

    def _both(self, before: RowSource, after: RowSource) -> _Found:
        old, new = self._count(before), self._count(after)
        limit = self.options.limit
        one_in = -(-max(old, new) // limit) if limit else 1
        pairs = self._pairs(before, after)
        if not pairs:
            return self._apart(before, after, old, new)
        these = ComparedRows(before, after, pairs, max(one_in, 1), self.options.samples)
        key = self._key(these)
        if key:
            rows = self.conn.execute(row_sql.by_key(these, key)).fetchall()
            added, removed, changed, *differing = next(row[1] for row in rows if row[0] == "numbers")
        else:
            rows = self.conn.execute(row_sql.multisets(these)).fetchall()
            added, removed = (int(number) for number in next(row[1] for row in rows if row[0] == "numbers"))
            changed, differing = None, self._differing(these, rows, max(added, removed))
        return _Found(
            old,
            new,
            self._columns(before, after, pairs, tuple(differing)),
            (added, removed, changed),
            tuple(pair.name for pair in key),
            these.one_in,
            _samples(these, rows, whole_rows=bool(key)),
            tuple(self.notes),
        )

    def _apart(self, before: RowSource, after: RowSource, old: int, new: int) -> _Found:
        """Return the difference of two sides without a column in common: no row of one is a row of the other."""
        if before.columns or after.columns:
            self._note("no-common-column", "The two sides have no column in common: no row stays what it was.")
            numbers = (new, old, None)
        else:  # all rows are alike
            numbers = (max(new - old, 0), max(old - new, 0), None)
        return _Found(old, new, self._columns(before, after, (), ()), numbers, notes=tuple(self.notes))

    def _differing(self, these: ComparedRows, rows: Sequence[Row], most: int) -> list[int]:
        """Return for each column how many of its values differ between the two multisets."""
        sums = {row[1][0]: row[1][1:] for row in rows if row[0] == "sums"}
        if not sums:
            return _largest(these.pairs, [row[1] for row in rows if row[0] == "each"])
        # equal sums of hashes are those of equal values, if there are as many
        added, removed = (sums.get(side, [None] * len(these.pairs)) for side in (1, 0))
        doubtful = [pair for pair, more, less in zip(these.pairs, added, removed, strict=True) if more != less]
        counted: dict[str, int] = {}
        for some in row_sql.batches(doubtful, max(1, row_sql.AT_ONCE // (2 * most))):
            found = self.conn.execute(row_sql.columns_of_multisets(these, some)).fetchall()
            counted |= zip((pair.name for pair in some), _largest(some, found), strict=True)
        return [counted.get(pair.name, 0) for pair in these.pairs]

    # -- columns ----------------------------------------------------------------------------------------

    def _asked(self, name: str, oids: Sequence[int]) -> list[Row]:
        return self.conn.execute(query(name), [oids]).fetchall()

    def _pairs(self, before: RowSource, after: RowSource) -> tuple[ColumnPair, ...]:
        columns = [column for side in (before, after) for column in side.columns]
        types = sorted({column.type for column in columns})
        unhashable = {row[0] for row in self._asked("unhashable", types)}
        tolerant = {row[0] for row in self._asked("tolerant_collations", sorted({c.collation for c in columns}))}
        weak = {oid: _SPELLED.get(how) or By(how) for oid, how in self._asked("hash_weaknesses", types)}
        there = {column.name: n for n, column in enumerate(after.columns)}
        pairs = []
        for number, old in enumerate(before.columns):
            if old.name in there:
                new = after.columns[there[old.name]]
                as_text = old.type != new.type or old.collation != new.collation or old.type in unhashable
                own = By.COLLATION if old.collation in tolerant else weak.get(old.type, By.VALUE)
                by = By.TEXT if as_text else own
                pairs.append(ColumnPair(old.name, number, there[old.name], by))
        return tuple(pairs)

    def _columns(
        self, before: RowSource, after: RowSource, pairs: tuple[ColumnPair, ...], differing: tuple[int, ...]
    ) -> tuple[ColumnDifference, ...]:
        """Return the columns of the new side in order, then those that it has no more."""
        old_types, new_types = types_of(self.conn, before), types_of(self.conn, after)
        shared = {pair.name: pair for pair in pairs}
        counted = dict(zip(shared, differing, strict=False))
        found = []
        for column, type_ in zip(after.columns, new_types, strict=True):
            pair = shared.get(column.name)
            old = None if pair is None else old_types[pair.before]
            text = pair is not None and pair.by is By.TEXT
            found.append(ColumnDifference(column.name, old, type_, counted.get(column.name), text))
        for column, type_ in zip(before.columns, old_types, strict=True):
            if column.name not in shared:
                found.append(ColumnDifference(column.name, type_, None))
        return tuple(found)

    # -- keys -------------------------------------------------------------------------------------------

    def _key(self, these: ComparedRows) -> tuple[ColumnPair, ...]:
        """Return the columns by which rows are told apart: given, or found; () where nothing does."""
        shared = {pair.name: pair for pair in these.pairs}
        given = self.options.key
        if missing := [name for name in given if name not in shared]:
            raise RowsError(
                f"{', '.join(missing)} cannot be a key: not a column of both sides.",
                hint=f"Both have {', '.join(shared)}.",
            )
        candidates = [tuple(shared[name] for name in given)] if given else self._candidates(these, shared)
        if not candidates:
            return ()
        for key in candidates:
            then = self._uniqueness(these.before, [(p.before, p.by) for p in key], these.one_in)
            now = self._uniqueness(these.after, [(p.after, p.by) for p in key], these.one_in)
            if not any(then) and not any(now):
                return key
            if then == (0, 0) or given:
                self._not_unique(key, then, now)
        return ()

    def _uniqueness(self, side: RowSource, key: list[tuple[int, By]], one_in: int) -> tuple[int, int]:
        """Return how many rows repeat a value of a key, and how many have none."""
        ((rows, values, null),) = self.conn.execute(row_sql.uniqueness(side, key, one_in)).fetchall()
        return rows - values, null

    def _not_unique(self, key: tuple[ColumnPair, ...], then: tuple[int, int], now: tuple[int, int]) -> None:
        name = ", ".join(pair.name for pair in key)
        said = []
        for when, (repeated, null) in (("now", then), ("after the change", now)):
            if repeated:
                said.append(f"{repeated:,} {'row repeats' if repeated == 1 else 'rows repeat'} a value of it {when}")
            if null:
                said.append(f"{null:,} {'row has' if null == 1 else 'rows have'} none {when}")
        self._note("key-not-unique", f"{name} does not tell rows apart: {', '.join(said)}.")

    def _candidates(self, these: ComparedRows, shared: dict[str, ColumnPair]) -> list[tuple[ColumnPair, ...]]:
        """Return unique indexes of the tables whose columns the two queries show, then a column called id."""
        found: list[tuple[ColumnPair, ...]] = []
        for side, number in ((these.before, "before"), (these.after, "after")):
            shown = self._origins(side)
            by_number = {getattr(pair, number): pair for pair in these.pairs}
            for table, columns in self.conn.execute(
                query("unique_indexes"), [sorted({table for table, _ in shown})]
            ).fetchall():
                key = [by_number.get(shown.get((table, column), -1)) for column in columns]
                if all(key):
                    found.append(tuple(pair for pair in key if pair is not None))
        if "id" in shared:
            found.append((shared["id"],))
        return list(dict.fromkeys(found))[:_CANDIDATES]

    def _origins(self, side: RowSource) -> dict[tuple[int, int], int]:
        """Return which columns of which relations a query shows as they are, as the server tells clients."""
        cursor = self.conn.execute(sql.SQL("SELECT * FROM (\n{}\n) AS q LIMIT 0").format(side.query))
        result = cursor.pgresult
        if result is None:
            return {}
        tables = ((result.ftable(n), result.ftablecol(n)) for n in range(result.nfields))
        return {origin: n for n, origin in reversed(list(enumerate(tables))) if origin[0]}


def _largest(pairs: Sequence[ColumnPair], counted: Iterable[Sequence[int | None]]) -> list[int]:
    """Return for each column the larger of two numbers: of (column from 1, values that are more, that are fewer)."""
    found = {int(number or 0): max(int(more or 0), int(fewer or 0)) for number, more, fewer in counted}
    return [found.get(number, 0) for number in range(1, len(pairs) + 1)]


def _samples(these: ComparedRows, rows: Sequence[Row], *, whole_rows: bool) -> RowSamples:
    def of(sort: str, side: int) -> tuple[tuple[str | None, ...], ...]:
        return tuple(tuple(row[side]) for row in rows if row[0] == sort)

    common = tuple(pair.name for pair in these.pairs)
    changed = tuple(ChangedRow(tuple(row[2]), tuple(row[3])) for row in rows if row[0] == "changed")
    return RowSamples(
        columns_after=tuple(column.name for column in these.after.columns) if whole_rows else common,
        columns_before=tuple(column.name for column in these.before.columns) if whole_rows else common,
        common=common,
        added=of("added", 3),
        removed=of("removed", 2),
        changed=changed,
    )
