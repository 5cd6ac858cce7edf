"""Asks the server about the queries of all routines, in the state that a transaction sees."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pgmg.catalog.wording import routine_bodies
from pgmg.model.plans.body_check import ServerSaid, TriggerUse
from pgmg.source.grammar.lexer import significant
from pgmg.source.references.plpgsql_probe import place_in, probe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pgmg.catalog.sessions.connection import Connection
    from pgmg.model.plans.body_check import RoutineBody
    from pgmg.source.references.plpgsql_probe import Probe

_NAMES = frozenset({"42703", "42P01"})
"""A column, or a table, does not exist: whatever the types are."""
_NOT_MEANT = frozenset({"42501", "42P02", "42P18"})
"""Privileges, parameters that only a call has, and types that only a call tells."""
_SYNTAX = "42601"
"""Also of queries that can be parsed, as `INSERT has more expressions than target columns`."""
_NO_LABEL = "22P02"
_NO_RELATION = "42P01"
_NO_FIELD = re.compile(r'^record "([^"]+)" has no field')
_RELATION = re.compile(r'relation "([^"]+)"')
_PARSER_POINTS = frozenset({"3F000", "42704", "42883", "42P01"})
"""Errors for which the parser names a place in the query: one without a place comes from a function.

The planner calls stable functions to estimate costs, such as `current_setting('app.user')`, before the body has set
that parameter.
"""
_RESULT = "$0"
"""The result of a polymorphic function, which only a function with such a result can name."""
_TRIGGERS, _EVENT_TRIGGERS = "trigger", "event_trigger"

Said = tuple[ServerSaid, ...]


@dataclass(slots=True)
class RoutineAnswers:
    """The server's objections to routines, by OID; `unchecked` are those that could not be asked about."""

    said: dict[int, Said] = field(default_factory=dict)
    unchecked: list[int] = field(default_factory=list)
    with_extension: bool = False


def check_routines(
    conn: Connection, routines: Iterable[RoutineBody], is_asked: Callable[[RoutineBody], bool] = lambda _: True
) -> RoutineAnswers:
    """Ask about routines inside the open transaction, of which nothing stays but locks as readers and writers take."""
    schema = routine_bodies.extension_schema(conn)
    found = RoutineAnswers(with_extension=schema is not None)
    for routine in routines:
        if not is_asked(routine):
            continue
        said = _check(conn, routine, schema)
        if said is None:
            found.unchecked.append(routine.oid)
        else:
            found.said[routine.oid] = said
    return found


def _check(conn: Connection, routine: RoutineBody, schema: str | None) -> Said | None:
    if routine.language == "sql":
        if routine_bodies.is_polymorphic(routine):
            return None
        said = routine_bodies.ask_validator(conn, routine)
        if said is None:
            return ()
        return (said,) if _is_meant(said, by_server=True) else None
    return _check_plpgsql(conn, routine, schema)


def _check_plpgsql(conn: Connection, routine: RoutineBody, schema: str | None) -> Said | None:
    """Return what is wrong for every table whose triggers call the routine: one may have what another lacks."""
    uses: tuple[TriggerUse | None, ...] = (None,)
    if routine.result == _TRIGGERS:
        uses = routine.triggers
    every: list[Said] = []
    for use in uses:
        said = None if schema is None or (use and use.transition_tables) else _by_extension(conn, schema, routine, use)
        if said is None:
            said = _by_probe(conn, routine, use)
        if said is None:
            return None
        every.append(said)
    if not every:
        return None
    rest = [{(one.message, one.offset) for one in said} for said in every[1:]]
    return tuple(one for one in every[0] if all((one.message, one.offset) in other for other in rest))


def _by_extension(conn: Connection, schema: str, routine: RoutineBody, use: TriggerUse | None) -> Said | None:
    answers = routine_bodies.ask_extension(conn, schema, routine, use)
    if answers is None:
        return None
    found = []
    for line, said in answers:
        begin = _line_begin(routine.body, line)
        found.append(ServerSaid(said.sqlstate, said.message, place_in(said.message, begin, "", routine.body)))
    return tuple(found)


def _line_begin(body: str, line: int) -> int:
    at = 0
    for _ in range(line - 1):
        end = body.find("\n", at)
        if end < 0:
            break
        at = end + 1
    return at


def _by_probe(conn: Connection, routine: RoutineBody, use: TriggerUse | None) -> Said | None:
    parameters = routine_bodies.concrete_parameters(routine)
    if parameters is None or _RESULT in (token.text for token in significant(routine.body)):
        return None
    table = use.table if use is not None else "" if routine.result == _EVENT_TRIGGERS else None
    made = probe(routine.body, routine.name, [(p.name, p.type, p.mode) for p in parameters], table)
    answers: list[str] = []
    for text in made.texts:
        answer = routine_bodies.ask_probe(conn, routine, parameters, text, use)
        if isinstance(answer, ServerSaid):  # a variable's type
            if answer.sqlstate not in _NAMES | {"42704", "3F000"}:
                return None
            return (ServerSaid(answer.sqlstate, answer.message, place_in(answer.message, 0, "", routine.body)),)
        answers += answer
    found = []
    for one in answers:
        number, sqlstate, message = one.split("|", 2)
        begin, query, unsure = made.places[int(number)]
        said = ServerSaid(sqlstate, message, place_in(message, begin, query, routine.body))
        if not _is_meant(said, loose=routine_bodies.is_polymorphic(routine)) or _is_made_within(said, made, unsure):
            continue
        again = made.raising(int(number))
        if sqlstate in _PARSER_POINTS and not routine_bodies.points_at_text(conn, routine, parameters, again, use):
            continue
        found.append(said)
    return tuple(dict.fromkeys(found))


def _is_meant(said: ServerSaid, *, loose: bool = False, by_server: bool = False) -> bool:
    """Whether an error says that a query does not fit the schema, and not that the check lacks something."""
    if loose:
        return said.sqlstate in _NAMES
    if said.sqlstate == _SYNTAX:  # a text that cannot be parsed is quoted: `syntax error at or near "x"`
        return by_server or ('"' not in said.message and not said.message.startswith("syntax error"))
    return said.sqlstate == _NO_LABEL or (said.sqlstate.startswith(("42", "3F")) and said.sqlstate not in _NOT_MEANT)


def _is_made_within(said: ServerSaid, made: Probe, unsure: frozenset[str]) -> bool:
    """Whether the body itself may create the relation, or may fill the record in another way."""
    if found := _NO_FIELD.match(said.message):
        return found[1].lower() in unsure
    if said.sqlstate == _NO_RELATION and (found := _RELATION.search(said.message)):
        return found[1].rpartition(".")[2].lower() in made.creates
    return False
