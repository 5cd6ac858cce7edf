"""Runs the catalog queries of `queries/*.sql`: one question a file, set-based, several in one round trip."""

from __future__ import annotations

import re
from contextlib import contextmanager, suppress
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql
from psycopg.pq import TransactionStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pgmg.model.database.snapshot import Address

CATALOG_PATH = "pg_catalog"
"""The fixed search_path under which definitions are read (rule 6.2)."""

_PLAIN = {
    "search_path": CATALOG_PATH,
    "TimeZone": "UTC",
    "DateStyle": "ISO, MDY",
    "IntervalStyle": "postgres",
    "extra_float_digits": "1",
    "bytea_output": "hex",
    "quote_all_identifiers": "off",
    "jit": "off",
}
"""Settings that decide how the server spells what it has; another spelling is no drift (rule 3.2).

`jit`: our queries on a large catalog look costly, and would be compiled for longer than they run.
"""

CANONICAL_SETTINGS = "SELECT " + ", ".join(
    f"pg_catalog.set_config('{name}', '{value}', true)" for name, value in _PLAIN.items()
)
"""Lets the server spell definitions the same way whoever asks, for the rest of the transaction."""

SESSION_SETTINGS = tuple(f"SET LOCAL {name} TO DEFAULT" for name in _PLAIN if name != "search_path")
"""Puts all but the search_path back, for whatever else is to run in the transaction."""

_PATIENT = """SELECT pg_catalog.set_config(t.name, '0', true), pg_catalog.set_config(t.name, '10min', true)
FROM pg_catalog.unnest(ARRAY[{}]) AS t (name)
WHERE pg_catalog.current_setting(t.name, true)::pg_catalog.interval BETWEEN '1ms' AND '10min'"""
"""Raises the limits of a role or a database that would end a transaction of ours; one that runs has to end first."""

WHILE_READING = _PATIENT.format("'statement_timeout', 'idle_in_transaction_session_timeout', 'transaction_timeout'")
WHILE_APPLYING = _PATIENT.format("'statement_timeout', 'idle_in_transaction_session_timeout'")
"""The whole of an apply may be limited by a `transaction_timeout`; its steps have the role's `statement_timeout`."""

Row = tuple[Any, ...]

_BEGIN = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL jit = off"
"""Our queries on a large catalog look costly, and would be compiled for longer than they run."""


@cache
def query(name: str) -> str:
    """Return the text of `queries/<name>.sql`."""
    return files("pgmg.catalog").joinpath("queries", f"{name}.sql").read_text(encoding="utf-8")


CATALOGS = {
    1247: "pg_type",
    1255: "pg_proc",
    1259: "pg_class",
    2604: "pg_attrdef",
    2605: "pg_cast",
    2606: "pg_constraint",
    2616: "pg_opclass",
    2617: "pg_operator",
    2618: "pg_rewrite",
    2620: "pg_trigger",
    2753: "pg_opfamily",
    3256: "pg_policy",
    3381: "pg_statistic_ext",
    3456: "pg_collation",
    3466: "pg_event_trigger",
    3600: "pg_ts_dict",
    3601: "pg_ts_parser",
    3602: "pg_ts_config",
    3764: "pg_ts_template",
    6106: "pg_publication_rel",
}
"""The OIDs of catalogs, which are the same in every database and version (`pg_*.h` in PostgreSQL's sources)."""

_BY_CATALOG = ("definitions", "facts", "properties")
"""Queries with parts for single catalogs; their first parameter is an array of OIDs of catalogs."""

_PART = re.compile(r"^ *-- about (\w+)\n", re.MULTILINE)


def query_for(name: str, parameters: Sequence[Any]) -> str:
    """Return the text of `queries/<name>.sql`, without parts that find nothing for these parameters.

    The server needs much longer to plan a whole query about every kind of object than to run it.
    """
    return _about(name, frozenset(parameters[0])) if name in _BY_CATALOG else query(name)


@cache
def _about(name: str, classids: frozenset[int]) -> str:
    """Return the text of a query without its parts about other catalogs than these.

    A part begins with `-- about pg_class` and ends where the next one begins; the last one is `-- about all`.
    """
    wanted = {"all", *(CATALOGS[classid] for classid in classids if classid in CATALOGS)}
    head, *parts = _PART.split(query(name))
    return head + "".join(text for catalog, text in zip(parts[::2], parts[1::2], strict=True) if catalog in wanted)


def with_literals(text: str, *parameters: Any) -> str:
    """Return the text of a query with its parameters as literals, to be sent together with other statements."""
    without_comments = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("--"))
    for number, parameter in enumerate(parameters, start=1):
        without_comments = without_comments.replace(f"${number}", sql.Literal(parameter).as_string(None))
    return without_comments


def run_queries(
    conn: psycopg.Connection[Row], *questions: tuple[str, Sequence[Any]], back: str | None = None
) -> list[list[Row]]:
    """Run the named queries with their parameters in one round trip and return their rows, in order.

    They run under the catalog's settings, which stay; only the search_path goes back to `back` where that is given.
    """
    with query_pipeline(conn, back):
        cursors = [
            conn.execute(query_for(name, parameters), parameters or None, prepare=True)
            for name, parameters in questions
        ]
    return [cursor.fetchall() for cursor in cursors]  # here already: to fetch inside would be a trip of its own


@contextmanager
def pipeline(conn: psycopg.Connection[Any]) -> Iterator[None]:
    """Open psycopg's pipeline mode. An interrupt that comes while it ends stays a KeyboardInterrupt.

    psycopg then raises its own error about the state of the pipeline, with the interrupt as its context.
    """
    try:
        with conn.pipeline():
            yield
    except psycopg.Error as error:
        cause: BaseException | None = error
        while cause is not None and not isinstance(cause, KeyboardInterrupt):
            cause = cause.__cause__ or cause.__context__
        if cause is None:
            raise
        raise cause from None


@contextmanager
def query_pipeline(conn: psycopg.Connection[Row], back: str | None) -> Iterator[None]:
    """One pipeline for questions under the catalog's settings, then with the search_path `back` unless that is None.

    Where plans are kept they are made once for all, rather than for the very objects that are asked about.
    """
    keeps = conn.prepare_threshold is not None
    with pipeline(conn):
        use_canonical_settings(conn)
        if keeps:
            _set(conn, "plan_cache_mode", "force_generic_plan")
        yield
        if keeps:
            _set(conn, "plan_cache_mode", "auto")
        if back is not None:
            set_path(conn, back)


def restore_settings(conn: psycopg.Connection[Row], path: str | None = None) -> None:
    """Go back to the session's own settings for statements that are not ours; with this search_path, if given."""
    with pipeline(conn):
        if path is not None:
            set_path(conn, path)
        for statement in SESSION_SETTINGS:
            conn.execute(statement)


def addresses(these: Iterable[Address]) -> tuple[list[int], list[int]]:
    """Return the two arrays that the queries take for a set of addresses, in a stable order."""
    ordered = sorted(these)
    return [address.classid for address in ordered], [address.objid for address in ordered]


def use_canonical_settings(conn: psycopg.Connection[Row]) -> None:
    """Let the server spell definitions the same way whoever asks, for the rest of the transaction."""
    conn.execute(CANONICAL_SETTINGS)


def set_path(conn: psycopg.Connection[Row], setting: str) -> None:
    """Set search_path for the rest of the transaction."""
    _set(conn, "search_path", setting)


def _set(conn: psycopg.Connection[Row], name: str, value: str) -> None:
    conn.execute("SELECT pg_catalog.set_config($1, $2, true)", [name, value])


def _roll_back(conn: psycopg.Connection[Row]) -> None:
    """End the transaction; where that cannot be done at once (an interrupt came in the middle), the connection."""
    if conn.info.transaction_status in (TransactionStatus.INTRANS, TransactionStatus.INERROR):
        with suppress(psycopg.Error):
            conn.execute("ROLLBACK")
            return
    if conn.info.transaction_status is not TransactionStatus.IDLE:
        conn.close()


def read_at_once(
    conn: psycopg.Connection[Row], *questions: str, search_path: str = "", statements: Sequence[str] = ()
) -> list[list[Row]]:
    """Return the rows of questions that need no parameters, from one READ ONLY transaction in one round trip.

    `statements` are run first.
    """
    path = f"SELECT pg_catalog.set_config('search_path', {sql.Literal(search_path).as_string(conn)}, true)"
    try:
        results = _all_rows(conn, (_BEGIN, WHILE_READING, *statements, path, *questions, "COMMIT"))
    except BaseException:
        _roll_back(conn)
        raise
    return results[-1 - len(questions) : -1]


def _all_rows(conn: psycopg.Connection[Row], statements: Sequence[str]) -> list[list[Row]]:
    """Send statements as one message; return the rows of each, none for one that has no rows."""
    cursor = conn.execute("; ".join(statements))
    results = [[] if cursor.description is None else cursor.fetchall()]
    while cursor.nextset():
        results.append([] if cursor.description is None else cursor.fetchall())
    return results


@contextmanager
def read_only(
    conn: psycopg.Connection[Row],
    search_path: str | None,
    lock_timeout: str | None = None,
    statements: Sequence[str] = (),
    questions: Sequence[str] = (),
) -> Iterator[list[list[Row]]]:
    """Open one READ ONLY transaction with a fixed snapshot; works on a hot standby (rule 10).

    `statements` are run first. Yield the rows of the `questions`, which go out with BEGIN in one round trip.
    """
    begin = _BEGIN
    if lock_timeout is not None:
        begin += f"; SET LOCAL lock_timeout = {sql.Literal(lock_timeout).as_string(conn)}"
    try:
        path = "" if search_path is None else sql.Literal(search_path).as_string(conn)
        placed = (f"SELECT pg_catalog.set_config('search_path', {path}, true)",) if path else ()
        results = _all_rows(conn, (begin, WHILE_READING, *statements, *placed, *questions))
        yield results[len(results) - len(questions) :]
    except BaseException:
        _roll_back(conn)
        raise
    conn.execute("COMMIT")  # nothing was written; but psycopg forgets kept plans at a ROLLBACK
