"""Reads what clients send: `pg_stat_statements`, `pg_stat_activity`, and what the server counted of single objects."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import psycopg

from pgmg.catalog.reading.catalog_queries import Row, query, run_queries
from pgmg.catalog.reading.present_schema import PresentSchema, present_schema
from pgmg.model.naming.quoting import spell
from pgmg.model.plans.readers import ClientStatement, LastUse, RunningSession

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from pgmg.catalog.reading.present_schema import PresentPlace

HIDDEN_TEXT = "<insufficient privilege>"
"""The server's text of a statement that the role may not see."""
_MOST_STATEMENTS = 2000
"""Statements that are read at most, the most frequent ones first."""
_VIEW = "pg_stat_statements"

RoutinePlace = tuple[str, str, int]
"""Schema, name and number of arguments."""


@dataclass(frozen=True, slots=True)
class UseWanted:
    """The questions: `words`, of which a statement holds one, and the relations and routines that are deleted."""

    words: frozenset[str]
    relations: tuple[PresentPlace, ...] = ()
    routines: tuple[RoutinePlace, ...] = ()


@dataclass(slots=True)
class ClientUse:
    """The server's answers. `paths` are the settings of search_path by role; `missing` says what it does not know."""

    present: PresentSchema
    paths: dict[str, str]
    statements: tuple[ClientStatement, ...] = ()
    since: datetime | None = None
    missing: tuple[str, ...] = ()
    hidden: int = 0
    relations: dict[PresentPlace, LastUse] = field(default_factory=dict)
    routines: dict[RoutinePlace, LastUse] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Statistics:
    """A row of `client_statistics_settings.sql`."""

    preloaded: str | None
    activities: bool
    functions: str
    counts: bool
    available: bool
    role: str
    since: datetime | None


def read_client_use(conn: psycopg.Connection[Row], wanted: UseWanted) -> ClientUse:
    """Ask in two round trips, inside the caller's transaction. What the role may not see is said, and no error."""
    relations, routines = wanted.relations, wanted.routines
    places = [[place[n] for place in relations] for n in (0, 1)] + [[one[n] for one in routines] for n in (0, 1, 2)]
    settings, views, sessions, paths, columns, counted = run_queries(
        conn,
        ("client_statistics_settings", ()),
        ("client_statements_view", ()),
        ("client_sessions", ()),
        ("client_paths", ()),
        ("columns_and_calls", [None]),
        ("last_uses", places),
    )
    known = _Statistics(*settings[0])
    found = ClientUse(present_schema(columns), dict(paths))
    rows: list[Row] = []
    if not views:
        found.missing += (f"{_VIEW} is not in this database: {_advice(known)}",)
    elif not views[0][1]:
        grant = f"GRANT SELECT ON {views[0][0]} TO {spell(known.role)}"
        found.missing += (f"{known.role} may not read {views[0][0]}: {grant}",)
    else:
        try:
            rows, found.since = _statements(conn, views[0][0], views[0][2], wanted.words)
        except psycopg.Error as error:
            said = error.diag.message_primary or str(error).strip()
            found.missing += (f"{_VIEW} cannot be read: {said}: {_advice(known, is_there=True)}",)
    found.hidden = sum(row[0] is None or row[0] == HIDDEN_TEXT for row in rows)
    if found.hidden or any(row[3] == HIDDEN_TEXT for row in sessions):
        grant = f"GRANT pg_read_all_stats TO {spell(known.role)}"
        found.missing += (f"statements of other roles are hidden from {known.role}: {grant}",)
    if not known.activities:
        found.missing += ("sessions do not show their statements: track_activities is off",)
    found.statements = tuple(_with_sessions(rows, sessions))
    _add_last_uses(found, counted, known)
    return found


def _advice(known: _Statistics, *, is_there: bool = False) -> str:
    steps = []
    if not known.available:
        steps.append("install PostgreSQL's contrib package on the server")
    if known.preloaded is None or _VIEW not in known.preloaded:
        steps.append(f"add {_VIEW} to shared_preload_libraries and restart the server")
    if is_there:
        return ", ".join(steps) or "ask its owner"
    return ", ".join((*steps, f"then CREATE EXTENSION {_VIEW}" if steps else f"CREATE EXTENSION {_VIEW}"))


def _statements(
    conn: psycopg.Connection[Row], view: str, info: str | None, words: frozenset[str]
) -> tuple[list[Row], datetime | None]:
    spelled = sorted({form for word in words for form in (word.lower(), word.lower().replace('"', '""'))})
    conn.execute("SAVEPOINT pgmg_statements")
    try:
        rows = conn.execute(query("client_statements").replace("{}", view), [spelled, _MOST_STATEMENTS]).fetchall()
        began = [] if info is None else conn.execute(f"SELECT stats_reset FROM {info}".encode()).fetchall()  # noqa: S608
    finally:
        if not conn.closed:
            conn.execute("ROLLBACK TO SAVEPOINT pgmg_statements; RELEASE SAVEPOINT pgmg_statements")
    return rows, began[0][0] if began else None


def _with_sessions(rows: Iterable[Row], sessions: Iterable[Row]) -> Iterator[ClientStatement]:
    """Yield the statements of one text and role together, with the sessions that run them; then those only run now."""
    merged: dict[tuple[str, str, bool], ClientStatement] = {}
    by_query: dict[int, tuple[str, str, bool]] = {}
    for text, role, calls, mean, count, since, is_outermost, query_id in rows:
        if text is None or text == HIDDEN_TEXT:
            continue
        key = (text, role, not is_outermost)
        merged[key] = _added(merged.get(key), ClientStatement(text, role, calls, mean, count, since, in_routine=key[2]))
        if query_id is not None and is_outermost:
            by_query[query_id] = key
    for pid, role, application, text, is_active, seconds, query_id in sessions:
        if not text or text == HIDDEN_TEXT:
            continue
        key = by_query.get(query_id, (text, role, False)) if query_id is not None else (text, role, False)
        if key not in merged and not is_active:
            continue  # long done, and nobody counts it
        known = merged.get(key, ClientStatement(text, role))
        running = (RunningSession(pid, application, max(seconds or 0.0, 0.0)),) if is_active else ()
        names = dict.fromkeys(filter(None, (*known.applications, application)))
        merged[key] = replace(known, applications=tuple(names), running=(*known.running, *running))
    yield from merged.values()


def _added(one: ClientStatement | None, other: ClientStatement) -> ClientStatement:
    """Return two entries of a statement as one: the server keeps several where constants are of different types."""
    if one is None:
        return other
    calls = (one.calls or 0) + (other.calls or 0)
    spent = (one.mean_ms or 0.0) * (one.calls or 0) + (other.mean_ms or 0.0) * (other.calls or 0)
    times = [since for since in (one.since, other.since) if since is not None]
    rows = (one.rows or 0) + (other.rows or 0)
    return replace(one, calls=calls, mean_ms=spent / calls if calls else 0.0, rows=rows, since=min(times, default=None))


def _add_last_uses(found: ClientUse, counted: Iterable[Row], known: _Statistics) -> None:
    kinds: defaultdict[str, Any] = defaultdict(dict)
    for kind, schema, name, arguments, count, at, language in counted:
        if kind == "relation":
            reason = "" if known.counts else "track_counts is off"
            kinds[kind][schema, name] = LastUse(count if known.counts else None, "scan", at, known.since, reason)
        else:
            is_sql = language == "sql"
            if known.functions == "none" or (known.functions == "pl" and is_sql):
                reason = f"track_functions is {known.functions}"
            else:  # PostgreSQL: The Cumulative Statistics System, pg_stat_user_functions
                reason = (
                    "the server does not count those of an SQL function that it inlines" if is_sql and not count else ""
                )
            kinds[kind][schema, name, arguments] = LastUse(None if reason else count, "call", None, known.since, reason)
    found.relations, found.routines = kinds["relation"], kinds["routine"]
