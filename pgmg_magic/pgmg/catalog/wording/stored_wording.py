"""Compares declared queries with what is stored, in the server's own wording: it stores them for a moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg import sql

from pgmg.catalog.sessions.pipeline import Command, stream
from pgmg.catalog.wording.temporary_objects_reader import scratch, why_impossible

if TYPE_CHECKING:
    from collections.abc import Sequence

    import psycopg

    from pgmg.catalog.reading.catalog_queries import Row
    from pgmg.model.database.catalog_details import WordingQuestion
    from pgmg.model.naming.names import ObjectName

_SAME = """
SELECT pg_catalog.pg_get_viewdef('pg_temp.pgmg_wording'::pg_catalog.regclass)
     = pg_catalog.pg_get_viewdef({}::pg_catalog.oid)
"""


def read_same_wordings(
    conn: psycopg.Connection[Row],
    questions: Sequence[WordingQuestion],
    search_path: str | None,
    lock_timeout: str,
    session: Sequence[str] = (),
) -> frozenset[ObjectName]:
    """Return the views that store what is declared (rule 3.1), asked in one pipeline in autocommit mode.

    Each query becomes a temporary view behind a savepoint, and all of it is rolled back. Both texts are read under the
    same settings. Nothing is the same where no temporary object may be created, or where the server refuses the query.
    """
    if why_impossible(conn) is not None:
        return frozenset()
    commands: list[Command] = []
    asked: dict[int, ObjectName] = {}
    for question in questions:
        commands.append(Command("SAVEPOINT pgmg_question"))
        commands += [Command(setting) for setting in question.settings]
        commands.append(Command(_create(question).as_string(conn)))
        asked[len(commands)] = question.name
        commands.append(Command(sql.SQL(_SAME).format(sql.Literal(question.address.objid)).as_string(conn), sync=True))
        commands.append(Command("ROLLBACK TO SAVEPOINT pgmg_question", sync=True))
    with scratch(conn, search_path, lock_timeout, session) as within:
        within.reset()
        answers = [(asked[a.number], a.result) for a in stream(conn, commands) if a.number in asked]
    return frozenset(name for name, result in answers if result is not None and result.get_value(0, 0) == b"t")


def _create(question: WordingQuestion) -> sql.Composed:
    names = sql.SQL(", ").join(map(sql.Identifier, question.columns or ()))
    columns = sql.SQL("({})").format(names) if question.columns else sql.SQL("")
    return sql.SQL("CREATE TEMPORARY VIEW pgmg_wording {} AS\n{}\n").format(columns, sql.SQL(question.query))
