"""The two sides of a comparison of rows: asked for their columns, run under the settings that belong to them."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from pgmg.catalog.reading.catalog_queries import Row, restore_settings
from pgmg.catalog.rows.row_sql import RowSource
from pgmg.catalog.wording.shapes import read_shapes
from pgmg.errors import RowsError
from pgmg.model.database.catalog_details import ShapeQuestion
from pgmg.model.results.row_questions import Query, RowQuestion

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pgmg.model.naming.names import ObjectName
    from pgmg.model.sources.source import Parts

_Connection = psycopg.Connection[Row]
_TIMEOUT = "57014"
_LOST = ("08", "57")
_TEMPORARY = re.compile(r"^pg_temp(_\d+)?\.")
"""Begins the name of a pending type that is a temporary object for the time of a question."""


@contextmanager
def view_settings(conn: _Connection, settings: Sequence[str], timeout: str) -> Iterator[None]:
    """Within, the statements' own settings and timeout hold; afterwards what held before."""
    conn.execute("SAVEPOINT pgmg_rows")
    conn.execute("SELECT pg_catalog.set_config('statement_timeout', $1, true)", [timeout])
    restore_settings(conn)
    for setting in settings:
        conn.execute(sql.SQL(setting))  # a SET of the view's own file
    try:
        yield
    finally:
        if not conn.closed:
            conn.execute("ROLLBACK TO SAVEPOINT pgmg_rows")
            # what a function locked for the session would stay locked
            conn.execute("SELECT pg_catalog.pg_advisory_unlock_all()")


@contextmanager
def translate_errors(question: RowQuestion) -> Iterator[None]:
    """Turn what the server objects to into an error that says what to do."""
    try:
        yield
    except psycopg.Error as error:
        state = error.sqlstate or "08006"
        if state == _TIMEOUT:
            message = f"{question.object}: the rows could not be read in the time allowed."
            hint = "Give it longer (--statement-timeout 5min), or compare a smaller sample (--limit 10000)."
            raise RowsError(message, where=question.location, hint=hint) from None
        if state.startswith(_LOST):
            raise  # the connection: for others to report
        raise _failed(question, error.diag.message_primary or str(error).strip(), state) from None


def _failed(question: RowQuestion, said: str, sqlstate: str) -> RowsError:
    pending = next((notice.message for notice in question.notes if notice.code == "migration-pending"), None)
    hint: str | None = None
    match sqlstate:
        case "42501":
            hint = "The pending query runs with your own rights, not with those of the view's owner."
        case "25006":
            hint = "Rows are compared in a read-only transaction, so that nothing can be changed."
        case "42P01" | "42703" | "42883" | "42704" | "3F000" if pending is not None:
            hint = f"It may need what is not there yet. {pending}"
        case _:
            pass
    return RowsError(f"{question.object}: the query fails: {said}", where=question.location, hint=hint)


def select_all(name: Parts | None) -> Query | None:
    """Return what reads all of a relation."""
    if name is None:
        return None
    return Query(sql.SQL("SELECT * FROM {}").format(sql.Identifier(*name)).as_string(None))


def sides(conn: _Connection, name: ObjectName, asked: Sequence[tuple[ObjectName, Query]]) -> list[RowSource]:
    """Ask which columns the queries return."""
    shapes = read_shapes(conn, [ShapeQuestion(side, one.text, one.columns) for side, one in asked])
    found = []
    for side, one in asked:
        shape = shapes[side]
        if shape.error is not None:
            raise _Unreadable(shape.error, shape.sqlstate)
        names = [column.name for column in shape.columns]
        if twice := next((n for n in names if names.count(n) > 1), None):
            raise RowsError(f"{name}: two columns are called {twice}.", hint="Give one of them another name.")
        found.append(RowSource(sql.SQL(one.text), shape.columns))  # the view's own query
    return found


class _Unreadable(psycopg.Error):
    """The server's description of a query: the columns or the error."""

    def __init__(self, said: str, sqlstate: str | None) -> None:
        super().__init__(said.partition("\n")[0])
        self.sqlstate = sqlstate or "42000"


def types_of(conn: _Connection, side: RowSource) -> tuple[str, ...]:
    """Return the types of the columns as people spell them."""
    rows = conn.execute(
        "SELECT pg_catalog.format_type(t.type, t.modifier)"
        " FROM unnest($1::oid[], $2::int4[]) WITH ORDINALITY AS t(type, modifier, n) ORDER BY t.n",
        [[column.type for column in side.columns], [column.modifier for column in side.columns]],
    ).fetchall()
    return tuple(_TEMPORARY.sub("", row[0]) for row in rows)
