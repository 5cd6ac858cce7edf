"""Queries give the same rows whether the views that they read are there or stand in them as pending definitions."""

from __future__ import annotations

import random

import psycopg

from pgmg.model.sources.source import RefKind
from pgmg.source.columns.inlining import InlinedQuery, inline
from pgmg.source.columns.renaming import RenamingError
from tests.truth import world
from tests.truth.outcome import Outcome, without_names
from tests.truth.queries import USUAL, Relation

VIEWS = 14


def check(conn: psycopg.Connection, seed: int, cases: int) -> Outcome:
    """Compare queries over pending views with the same queries over those views. `conn` is to an empty database."""
    random_ = random.Random(seed)
    outcome = Outcome()
    major = conn.info.server_version // 10000
    made = world.tables(random_)
    world.set_up(conn, made, major)
    conn.execute("SET jit = off")
    writer = world.queries_for(random_, major)
    writer.relations = [table.relation for table in made]
    pending: dict[tuple[str, str], InlinedQuery] = {}
    while len(pending) < VIEWS:
        columns = [(f"k{n}" if n else "id", random_.choice(USUAL)) for n in range(2 + random_.randrange(4))]
        name = random_.choice([f"v{len(pending)}", f"app.v{len(pending)}", f'"View {len(pending)}"'])
        query = writer.query(columns)
        shown = world.accepted(conn, name, query, most=60)
        if shown is not None and not _is_told(query, writer.relations, pending):
            conn.execute(f"DROP VIEW {name}")
        elif shown is not None:
            writer.relations.append(Relation(name, shown))
            pending[_key(name)] = InlinedQuery(query, None, _meaning(writer.relations))
    for name, definition in list(pending.items()):
        pending[name] = InlinedQuery(definition.query, None, _meaning(writer.relations))
    views = [relation for relation in writer.relations if not relation.is_table]
    while outcome.cases < cases:
        # what the last queries may read: mostly views, for those are what is replaced
        writer.relations = [*(table.relation for table in made[:2]), *views]
        query = writer.query([(f"k{n}", random_.choice(USUAL)) for n in range(1 + random_.randrange(4))])
        wanted = _rows(conn, query)
        if isinstance(wanted, str):
            continue
        outcome.cases += 1
        try:
            inlined = inline(InlinedQuery(query, None, _meaning(writer.relations)), pending)
        except RenamingError as error:
            outcome.unknown[without_names(str(error))] += 1
            continue
        outcome.also["read pending views"] += bool(inlined.used)
        found = _rows(conn, inlined.text, "30s")
        if isinstance(found, str) and inlined.expanded is not None:
            found = _rows(conn, inlined.expanded, "30s")
        if found != wanted:
            what = found if isinstance(found, str) else f"{wanted} became {found}"
            outcome.wrong.append((query, inlined.text, what))
    conn.rollback()
    return outcome


def _is_told(query: str, relations, pending) -> bool:
    try:
        inline(InlinedQuery(query, None, _meaning(relations)), pending)
    except RenamingError:
        return False
    return True


def _rows(conn: psycopg.Connection, query: str, allowed: str = "400ms") -> list[str | None] | str:
    """Return the rows of a query as sorted texts, or what the server has against it."""
    conn.execute("SAVEPOINT one")
    try:
        conn.execute(f"SET LOCAL statement_timeout = '{allowed}'")
        found = conn.execute(f"SELECT ROW(q.*)::text FROM (\n{query}\n) AS q").fetchall()
    except psycopg.Error as error:
        return str(error).splitlines()[0]
    finally:
        world.back_to(conn, "one")
    return sorted(row[0] for row in found)


def _key(name: str) -> tuple[str, str]:
    schema, _, last = name.rpartition(".")
    return schema or "public", last.strip('"')


def _meaning(relations):
    known = {_key(relation.name) for relation in relations}

    def meaning(kind: RefKind, parts: tuple[str, ...]) -> tuple[str, str] | None:
        if kind not in (RefKind.RELATION, RefKind.TYPE):
            return None
        key = ("public", parts[0]) if len(parts) == 1 else parts[-2:]
        return key if key in known else None

    return meaning
