"""Runs a user's query in a read-only transaction: its rows, or the server's plan for it."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

import psycopg

from pgmg.catalog.reading.catalog_queries import Row, set_path
from pgmg.errors import RowsError
from pgmg.model.naming.location import SourceLocation
from pgmg.model.naming.sql_tokens import significant
from pgmg.model.results.query_result import PlanNode, QueryPlan, QueryResult

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pgmg.source.query_parameters import BoundQuery

_Connection = psycopg.Connection[Row]
_CURSOR = "pgmg_query"
_DECLARE = len(f'DECLARE "{_CURSOR}" CURSOR FOR ')
"""Characters before the query, as the server counts positions in it."""
_ROWS = frozenset({"SELECT", "VALUES", "TABLE", "WITH", "("})
_TYPES = "SELECT pg_catalog.format_type(t.oid, t.modifier) FROM unnest($1::oid[], $2::int[]) AS t(oid, modifier)"
_TITLE_KEYS = ("Relation Name", "Index Name", "CTE Name", "Function Name")
_NO_DETAILS = frozenset(
    {
        "Node Type", "Plans", "Parent Relationship", "Parallel Aware", "Async Capable", "Startup Cost", "Total Cost",
        "Plan Rows", "Plan Width", "Actual Startup Time", "Actual Total Time", "Actual Rows", "Actual Loops",
        "Relation Name", "Index Name", "CTE Name", "Function Name", "Alias", "Join Type", "Disabled",
    }
)  # fmt: skip


def run_query(
    conn: _Connection, query: BoundQuery, limit: int | None, timeout: str, search_path: str | None
) -> QueryResult:
    """Return the rows of one query, at most `limit` (None: all). It runs in a read-only transaction.

    Raises:
        RowsError: it is not one query, or the server refuses it; the place of the error is that in the query.
    """
    text = _only_query(query)
    is_cursor = _first_word(text) in _ROWS
    began = time.monotonic()
    with _Translated(query, _DECLARE if is_cursor else 0), _discarded(conn, search_path, timeout):
        if not is_cursor:
            return _shown(conn, conn.execute(text), None, began)
        with psycopg.RawServerCursor(conn, _CURSOR) as cursor:
            cursor.execute(text, query.values or None)
            return _shown(conn, cursor, limit, began)


def explain_query(
    conn: _Connection, query: BoundQuery, timeout: str, search_path: str | None, *, analyze: bool
) -> QueryPlan:
    """Return the server's plan for one query; with `analyze` it is executed, in a transaction that changes nothing.

    Raises:
        RowsError: it is not one query, or the server refuses it.
    """
    text = _only_query(query)
    options = "FORMAT JSON, ANALYZE, BUFFERS" if analyze else "FORMAT JSON"
    lead = f"EXPLAIN ({options}) "
    with _Translated(query, len(lead)), _discarded(conn, search_path, timeout):
        row = conn.execute(f"{lead}{text}", query.values or None).fetchone()
    assert row is not None
    document = row[0][0]
    return QueryPlan(_node(document["Plan"]), document.get("Planning Time"), document.get("Execution Time"))


@contextmanager
def _discarded(conn: _Connection, search_path: str | None, timeout: str) -> Iterator[None]:
    """One READ ONLY transaction that is rolled back: the server lets EXPLAIN ANALYZE of SELECT INTO write in it."""
    conn.execute("BEGIN READ ONLY")
    try:
        conn.execute("SELECT pg_catalog.set_config('statement_timeout', $1, true)", [timeout])
        if search_path is not None:
            set_path(conn, search_path)
        yield
    finally:
        if not conn.closed:
            conn.execute("ROLLBACK")


def _only_query(query: BoundQuery) -> str:
    """Return the text of the one query, without what follows its semicolon."""
    found = list(significant(query.text))
    semicolon = next((number for number, token in enumerate(found) if token.text == ";"), len(found))
    if semicolon == 0:
        raise RowsError("There is no query.", hint="Write it after the options, or in the cell below %%pgmg_query.")
    if semicolon < len(found) - 1:
        raise RowsError("There is more than one statement.", hint="Write one query per cell.")
    text = query.text if semicolon == len(found) else query.text[: found[semicolon].start]
    word = _first_word(text)
    if word not in _ROWS | {"SHOW"}:
        hint = "Changes of tables and data belong in a migration; %%pgmg_sql writes views, functions and the like."
        if word == "EXPLAIN":
            hint = "Use --explain, or --analyze to execute it."
        raise RowsError(f"{word} is not a query: only SELECT, VALUES, TABLE, WITH and SHOW are.", hint=hint)
    return text


def _first_word(text: str) -> str:
    return next(significant(text)).text.upper()


def _shown(conn: _Connection, cursor: psycopg.Cursor[Row], limit: int | None, began: float) -> QueryResult:
    rows: list[tuple[Any, ...]]
    try:
        rows = cursor.fetchall() if limit is None else cursor.fetchmany(limit + 1)
    except psycopg.DataError:
        rows = []
    result = cursor.pgresult
    assert result is not None
    texts = [
        tuple(_text(result.get_value(row, column)) for column in range(result.nfields)) for row in range(result.ntuples)
    ]
    oids = [result.ftype(column) for column in range(result.nfields)]
    modifiers = [result.fmod(column) for column in range(result.nfields)]
    names = tuple((result.fname(column) or b"").decode() for column in range(result.nfields))
    types = tuple(row[0] for row in conn.execute(_TYPES, [oids, modifiers]))
    more = limit is not None and len(texts) > limit
    return QueryResult(
        names,
        types,
        tuple(rows[:limit] if rows else texts[:limit]),
        tuple(texts[:limit]),
        more,
        (time.monotonic() - began) * 1000,
    )


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode(errors="replace")


class _Translated:
    """Turns errors of the server into `RowsError`s with their place in the query."""

    def __init__(self, query: BoundQuery, lead: int = 0) -> None:
        self._query, self._lead = query, lead

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Translate an error."""
        if isinstance(error, psycopg.ProgrammingError) and error.sqlstate is None:
            raise RowsError(f"A value cannot be bound: {error}") from None  # psycopg's own: no adapter for its type
        if not isinstance(error, psycopg.Error) or (error.sqlstate or "08").startswith("08"):
            return
        message = error.diag.message_primary or str(error).strip()
        hint = error.diag.message_hint
        match error.sqlstate:
            case "25006":
                hint = "Queries run in a read-only transaction."
            case "57014":
                hint = "Give it longer: --statement-timeout 5min."
            case _:
                pass
        raise RowsError(message, where=self._place(error.diag.statement_position), hint=hint) from None

    def _place(self, position: str | None) -> SourceLocation | None:
        """Return line and column of a position that the server counts in characters, from 1."""
        at = int(position or 0) - 1 - self._lead
        text = self._query.text
        if not 0 <= at <= len(text):
            return None  # before the query: DECLARE … CURSOR FOR is counted, too
        begin = text.rfind("\n", 0, at) + 1
        line = text[begin:].partition("\n")[0]
        return SourceLocation("query", text.count("\n", 0, at) + 1, at - begin + 1, line)


# -- plans ----------------------------------------------------------------------------------------------


def _node(plan: Mapping[str, Any]) -> PlanNode:
    children = tuple(map(_node, plan.get("Plans", ())))
    loops = plan.get("Actual Loops", 1)
    total = plan.get("Actual Total Time")
    own = None
    if total is not None:
        spent = sum(
            (child.get("Actual Total Time") or 0) * child.get("Actual Loops", 1) for child in plan.get("Plans", ())
        )
        own = max(total * loops - spent, 0.0)
    actual = plan.get("Actual Rows")
    return PlanNode(
        _title(plan),
        tuple(_details(plan)),
        plan.get("Plan Rows", 0),
        plan.get("Total Cost", 0.0),
        None if actual is None else actual * loops,
        own,
        0 if actual is None else loops,
        children,
    )


def _title(plan: Mapping[str, Any]) -> str:
    kind = plan["Node Type"]
    if join := plan.get("Join Type"):
        kind = kind if join == "Inner" else f"{kind} ({join})"
    names = [plan[key] for key in _TITLE_KEYS if key in plan]
    alias = plan.get("Alias")
    title = f"{kind} on {' using '.join(names)}" if names else kind
    return f"{title} {alias}" if alias and alias not in names and names else title


def _details(plan: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key, value in plan.items():
        if key in _NO_DETAILS or value in (0, False, "", []) or key.endswith(("Blocks", "I/O Read Time")):
            continue
        unit = " kB" if key.endswith(("Space Used", "Memory Usage")) else ""
        yield key, f"{_detail(value)}{unit}"
    if read := plan.get("Shared Read Blocks"):
        yield "Read", f"{read:,} blocks"


def _detail(value: object) -> str:
    match value:
        case str():
            return value
        case float():
            return f"{value:,.1f}"
        case int():
            return f"{value:,}"
        case list():
            return ", ".join(map(_detail, cast("Sequence[object]", value)))
        case _:
            return str(value)
