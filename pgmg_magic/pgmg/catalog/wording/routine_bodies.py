"""Reads routines with string bodies, and asks the server what it has against their queries."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

from pgmg.catalog.reading.catalog_queries import query, set_path
from pgmg.model.plans.body_check import Parameter, RoutineBody, ServerSaid, TriggerUse

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pgmg.catalog.reading.catalog_queries import Row

_EXTENSION = """
SELECT pg_catalog.quote_ident(n.nspname) FROM pg_catalog.pg_extension AS e
JOIN pg_catalog.pg_namespace AS n ON n.oid = e.extnamespace WHERE e.extname = 'plpgsql_check'
"""
_NAME_LIST = "search_path"
_INPUT = frozenset("ibv")
_CONCRETE = {
    "anyelement": "integer",
    "anynonarray": "integer",
    "anyarray": "integer[]",
    "anyrange": "int4range",
    "anymultirange": "int4multirange",
    "anycompatible": "integer",
    "anycompatiblenonarray": "integer",
    "anycompatiblearray": "integer[]",
    "anycompatiblerange": "int4range",
    "anycompatiblemultirange": "int4multirange",
}
"""Types that stand for polymorphic ones while a body is checked."""
_NO_VALUES = frozenset({'"any"', "anyenum", "cstring", "internal"})
"""Types of which no value can be given."""


def read_routine_bodies(conn: psycopg.Connection[Row]) -> tuple[RoutineBody, ...]:
    """Return the routines in SQL and PL/pgSQL whose bodies are strings, inside the caller's transaction."""
    with _savepoint(conn):
        set_path(conn, "")
        rows = conn.execute(query("routine_bodies")).fetchall()
    return made_routines(rows)


def made_routines(rows: Iterable[Row]) -> tuple[RoutineBody, ...]:
    """Return routines from the rows of the query `routine_bodies`, which was run with an empty search_path."""
    return tuple(map(_routine, rows))


def round_trip(conn: psycopg.Connection[Row]) -> float:
    """Return the seconds that a question and its answer take on the way."""
    began = time.monotonic()
    conn.execute("SELECT")
    return time.monotonic() - began


def _routine(row: tuple[Any, ...]) -> RoutineBody:
    oid, name, language, body, parameters, settings, result, triggers = row
    pairs = (setting.partition("=") for setting in settings)
    uses = (TriggerUse(table, tuple(filter(None, transition))) for table, *transition in triggers)
    return RoutineBody(
        oid,
        name,
        language,
        body,
        tuple(Parameter(*one) for one in parameters),
        tuple((key, value) for key, _, value in pairs),
        result,
        tuple(dict.fromkeys(uses)),
    )


def concrete_parameters(routine: RoutineBody) -> tuple[Parameter, ...] | None:
    """Return the parameters with types that a check may declare; None where there are none for one of them."""
    if any(parameter.type in _NO_VALUES for parameter in routine.parameters):
        return None
    return tuple(Parameter(one.name, _CONCRETE.get(one.type, one.type), one.mode) for one in routine.parameters)


def is_polymorphic(routine: RoutineBody) -> bool:
    """Whether its types depend on the call."""
    return any(parameter.type in _CONCRETE for parameter in routine.parameters)


def extension_schema(conn: psycopg.Connection[Row]) -> str | None:
    """Return the quoted schema of the extension plpgsql_check; None where the database does not have it."""
    row = conn.execute(_EXTENSION).fetchone()
    return None if row is None else str(row[0])


def ask_extension(
    conn: psycopg.Connection[Row], schema: str, routine: RoutineBody, use: TriggerUse | None
) -> list[tuple[int, ServerSaid]] | None:
    """Return the errors that plpgsql_check finds, with their lines (from 1); None where it fails itself."""
    call = (  # the schema is quoted by the server
        f"SELECT lineno, sqlstate, message FROM {schema}.plpgsql_check_function_tb("  # noqa: S608
        "$1::pg_catalog.regprocedure, relid => $2::pg_catalog.regclass, fatal_errors => false, other_warnings => false,"
        " extra_warnings => false, performance_warnings => false) WHERE level = 'error'"
    )
    with _savepoint(conn):
        try:
            _settings(conn, routine)
            rows = conn.execute(call, [routine.oid, None if use is None else use.table]).fetchall()
        except psycopg.Error:
            return None
    return [(int(line or 1), ServerSaid(state, message)) for line, state, message in rows]


def ask_validator(conn: psycopg.Connection[Row], routine: RoutineBody) -> ServerSaid | None:
    """Return what the server has against the body of a function in SQL, its queries checked against the tables."""
    with _savepoint(conn):
        try:
            _settings(conn, routine)
            conn.execute("SELECT pg_catalog.fmgr_sql_validator($1)", [routine.oid])
        except psycopg.Error as error:
            return _said(error)
    return None


def ask_probe(
    conn: psycopg.Connection[Row],
    routine: RoutineBody,
    parameters: Sequence[Parameter],
    text: str,
    use: TriggerUse | None,
) -> list[str] | ServerSaid:
    """Create a temporary PL/pgSQL function, and return its answer; or what the server has against its declarations."""
    answer = _run_probe(conn, routine, parameters, text, use)
    return _said(answer) if isinstance(answer, psycopg.Error) else answer


def points_at_text(
    conn: psycopg.Connection[Row],
    routine: RoutineBody,
    parameters: Sequence[Parameter],
    text: str,
    use: TriggerUse | None,
) -> bool:
    """Whether the function fails with an error that names a place in a query, as those of the parser do."""
    answer = _run_probe(conn, routine, parameters, text, use)
    return (
        isinstance(answer, psycopg.Error)
        and (answer.diag.internal_position or answer.diag.statement_position) is not None
    )


def _run_probe(
    conn: psycopg.Connection[Row],
    routine: RoutineBody,
    parameters: Sequence[Parameter],
    text: str,
    use: TriggerUse | None,
) -> list[str] | psycopg.Error:
    given = [parameter for parameter in parameters if parameter.mode in _INPUT]
    declared = sql.SQL(", ").join(
        sql.SQL("{} {}").format(sql.Identifier(one.name), sql.SQL(one.type)) if one.name else sql.SQL(one.type)
        for one in given
    )
    create = sql.SQL("CREATE FUNCTION pg_temp.pgmg_probe({}) RETURNS text[] LANGUAGE plpgsql AS {}").format(
        declared, sql.Literal(text)
    )
    values = sql.SQL(", ").join(sql.SQL("NULL::{}").format(sql.SQL(one.type)) for one in given)
    with _savepoint(conn):
        try:
            _settings(conn, routine)
            for name in () if use is None else use.transition_tables:
                shape = sql.SQL("CREATE TEMPORARY VIEW {} AS TABLE {}")
                conn.execute(shape.format(sql.Identifier(name), sql.SQL(use.table if use else "")))
            conn.execute(create)
            row = conn.execute(sql.SQL("SELECT pg_temp.pgmg_probe({})").format(values)).fetchone()
        except psycopg.Error as error:
            return error
    assert row is not None
    return list(row[0])


def _settings(conn: psycopg.Connection[Row], routine: RoutineBody) -> None:
    for name, value in routine.settings:
        if name == _NAME_LIST:
            set_path(conn, value)


def _said(error: psycopg.Error) -> ServerSaid:
    diag = error.diag
    position = diag.internal_position or diag.statement_position
    return ServerSaid(
        error.sqlstate or "", diag.message_primary or str(error).strip(), int(position) - 1 if position else 0
    )


@contextmanager
def _savepoint(conn: psycopg.Connection[Row]) -> Iterator[None]:
    """Roll back whatever is done within, settings as well."""
    conn.execute("SAVEPOINT pgmg_check")
    try:
        yield
    finally:
        if not conn.closed:
            conn.execute("ROLLBACK TO SAVEPOINT pgmg_check")
            conn.execute("RELEASE SAVEPOINT pgmg_check")
