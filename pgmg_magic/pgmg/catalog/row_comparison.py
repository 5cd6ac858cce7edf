"""Compares the rows that a view has with those that a change would give it, in the caller's read-only transaction."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from pgmg.catalog import row_sql
from pgmg.catalog.catalog_queries import Row, query
from pgmg.catalog.row_sources import select_all, sides, translate_errors, types_of, view_settings
from pgmg.catalog.row_sql import Comparison, Pair, RowSource
from pgmg.errors import RowsError
from pgmg.model.names import Kind, ObjectName
from pgmg.model.row_questions import (
    ChangedRow,
    ColumnDifference,
    Preview,
    Query,
    RowDifference,
    RowOptions,
    RowQuestion,
    RowSamples,
)
from pgmg.model.source import Notice

if TYPE_CHECKING:
    from collections.abc import Sequence

_Connection = psycopg.Connection[Row]
_CANDIDATES = 4
"""Keys that are tried at most: each costs a look at all rows."""
_FILLED = (
    "SELECT c.relispopulated FROM pg_catalog.pg_class AS c"
    " JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2"
)
_BEFORE, _AFTER = ObjectName(Kind.OTHER, "before"), ObjectName(Kind.OTHER, "after")


def compare_all(conn: _Connection, questions: Sequence[RowQuestion], options: RowOptions) -> tuple[RowDifference, ...]:
    """Compare the rows of several views, one after the other; what goes wrong with one is said in its place.

    Raises:
        RowsError: there is only one question, and it cannot be answered.
    """
    found = []
    for question in questions:
        try:
            found.append(compare_rows(conn, question, options))
        except RowsError as error:
            if len(questions) == 1:
                raise
            failure = Notice("failed", error.message if error.hint is None else f"{error.message} {error.hint}")
            found.append(RowDifference(question.object, question.change, None, None, notes=(failure,)))
    return tuple(found)


def compare_rows(conn: _Connection, question: RowQuestion, options: RowOptions) -> RowDifference:
    """Run both queries and compare what they return; settings of the question are taken back afterwards.

    Raises:
        RowsError: a query fails, takes too long, or a key names no column of both sides.
    """
    began = time.monotonic()
    settings = question.after.settings if question.after is not None else ()
    with translate_errors(question), view_settings(conn, settings, options.timeout):
        found = _Rows(conn, question, options).compared()
    return _finished(found, question, (time.monotonic() - began) * 1000)


def first_rows(conn: _Connection, question: RowQuestion, limit: int, timeout: str) -> Preview:
    """Return the first `limit` rows of what the question's pending query returns, else of the relation as it stands.

    Raises:
        RowsError: the query fails or takes too long.
    """
    settings = question.after.settings if question.after is not None else ()
    with translate_errors(question), view_settings(conn, settings, timeout):
        chosen = question.after if question.after is not None else select_all(question.before)
        if chosen is None:
            raise RowsError(f"{question.object} does not exist.")
        (side,) = sides(conn, question.object, [(_AFTER, chosen)])
        rows = conn.execute(row_sql.first_rows(side, limit + 1)).fetchall() if side.columns else []
        return Preview(
            question.object,
            tuple(column.name for column in side.columns),
            types_of(conn, side),
            tuple(tuple(row[0]) for row in rows[:limit]),
            more=len(rows) > limit,
        )


@dataclass(frozen=True, slots=True)
class _Found:
    """What the comparison yields, before the question's own facts are added."""

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
        inlined=question.inlined,
        notes=(*question.notes, *found.notes),
        duration_ms=duration_ms,
    )


class _Rows:
    """One comparison on its way."""

    def __init__(self, conn: _Connection, question: RowQuestion, options: RowOptions) -> None:
        self.conn, self.question, self.options = conn, question, options
        self.notes: list[Notice] = []

    def compared(self) -> _Found:
        before, after = self._before(), self.question.after
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
            self._note("no-common-column", "The two sides have no column in common: only rows were counted.")
            bare = not before.columns and not after.columns  # then all rows are alike
            numbers = (max(new - old, 0), max(old - new, 0), None) if bare else (0, 0, None)
            return _Found(old, new, self._columns(before, after, pairs, ()), numbers, notes=tuple(self.notes))
        these = Comparison(before, after, pairs, max(one_in, 1), self.options.samples)
        key = self._key(these)
        text = row_sql.by_key(these, key) if key else row_sql.multisets(these)
        rows = self.conn.execute(text).fetchall()
        numbers = next(found[1] for found in rows if found[0] == "numbers")
        counted = 3 if key else 2
        return _Found(
            old,
            new,
            self._columns(before, after, pairs, tuple(numbers[counted:])),
            (numbers[0], numbers[1], numbers[2] if key else None),
            tuple(pair.name for pair in key),
            these.one_in,
            _samples(these, rows, whole_rows=bool(key)),
            tuple(self.notes),
        )

    # -- columns ----------------------------------------------------------------------------------------

    def _pairs(self, before: RowSource, after: RowSource) -> tuple[Pair, ...]:
        types = sorted({column.type for side in (before, after) for column in side.columns})
        without = {row[0] for row in self.conn.execute(query("equality"), [types]).fetchall()}
        there = {column.name: n for n, column in enumerate(after.columns)}
        pairs = []
        for number, old in enumerate(before.columns):
            if old.name in there:
                new = after.columns[there[old.name]]
                as_text = old.type != new.type or old.collation != new.collation or old.type in without
                pairs.append(Pair(old.name, number, there[old.name], as_text))
        return tuple(pairs)

    def _columns(
        self, before: RowSource, after: RowSource, pairs: tuple[Pair, ...], differing: tuple[int, ...]
    ) -> tuple[ColumnDifference, ...]:
        """Return the columns of the new side in order, then those that it has no more."""
        old_types, new_types = types_of(self.conn, before), types_of(self.conn, after)
        shared = {pair.name: pair for pair in pairs}
        counted = dict(zip(shared, differing, strict=False))
        found = []
        for column, type_ in zip(after.columns, new_types, strict=True):
            pair = shared.get(column.name)
            old = None if pair is None else old_types[pair.before]
            text = pair is not None and pair.as_text
            found.append(ColumnDifference(column.name, old, type_, counted.get(column.name), text))
        for column, type_ in zip(before.columns, old_types, strict=True):
            if column.name not in shared:
                found.append(ColumnDifference(column.name, type_, None))
        return tuple(found)

    # -- keys -------------------------------------------------------------------------------------------

    def _key(self, these: Comparison) -> tuple[Pair, ...]:
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
        old = self._uniqueness(these.before, [[(p.before, p.as_text) for p in key] for key in candidates], these.one_in)
        new = self._uniqueness(these.after, [[(p.after, p.as_text) for p in key] for key in candidates], these.one_in)
        for key, then, now in zip(candidates, old, new, strict=True):
            if not any(then) and not any(now):
                return key
            if then == (0, 0) or given:
                self._not_unique(key, then, now)
        return ()

    def _uniqueness(self, side: RowSource, keys: list[list[tuple[int, bool]]], one_in: int) -> list[tuple[int, int]]:
        """Return for each key how many rows repeat a value, and how many have none."""
        (counts,) = self.conn.execute(row_sql.uniqueness(side, keys, one_in)).fetchall()
        return [(rows - values, null) for rows, values, null in zip(*[iter(counts)] * 3, strict=True)]

    def _not_unique(self, key: tuple[Pair, ...], then: tuple[int, int], now: tuple[int, int]) -> None:
        name = ", ".join(pair.name for pair in key)
        said = []
        for when, (repeated, null) in (("now", then), ("after the change", now)):
            if repeated:
                said.append(f"{repeated:,} {'row repeats' if repeated == 1 else 'rows repeat'} a value of it {when}")
            if null:
                said.append(f"{null:,} {'row has' if null == 1 else 'rows have'} none {when}")
        self._note("key-not-unique", f"{name} does not tell rows apart: {', '.join(said)}.")

    def _candidates(self, these: Comparison, shared: dict[str, Pair]) -> list[tuple[Pair, ...]]:
        """Return unique indexes of the tables whose columns the two queries show, then a column called id."""
        found: list[tuple[Pair, ...]] = []
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


def _samples(these: Comparison, rows: Sequence[Row], *, whole_rows: bool) -> RowSamples:
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
