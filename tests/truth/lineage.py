"""What the graph of columns says, against what changing values and dropping columns does to random chains of views."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

import pgmg
from pgmg.model.naming.names import Kind
from pgmg.model.results.graph_data import Graph
from tests.truth import world
from tests.truth.outcome import Outcome, without_names
from tests.truth.queries import USUAL, Options, Relation, quoted

VIEWS = 12
_SAME_PLANS = (
    "enable_hashjoin",
    "enable_mergejoin",
    "enable_hashagg",
    "enable_incremental_sort",
    "enable_memoize",
    "jit",
)
"""Switched off, so that rows come in the order of the tables whatever is in them."""
_OTHER = {
    "int": ("{c} + 1", "{c} * 3 % 7", "2"),
    "big": ("{c} + 1", "7"),
    "num": ("{c} + 1", "2.5"),
    "flt": ("{c} + 1", "0.5"),
    "text": ("{c} || 'b'", "'a'", "upper({c})"),
    "char": ("'zz'",),
    "bool": ("NOT {c}", "true", "false"),
    "date": ("{c} + 40", "date '2024-01-01'"),
    "ts": ("{c} + interval '40 days 3 hours'",),
    "ivl": ("{c} + interval '2 days'",),
    "json": ("""'{"a": 5, "b": [7]}'""", "'[]'"),
    "ints": ("{c} || 9", "'{7}'"),
    "texts": ("{c} || 'q'::text", "'{z}'"),
    "mood": ("'happy'", "CASE WHEN {c} = 'ok' THEN 'sad'::mood ELSE 'ok' END"),
    "pair": ("ROW(7, 'z')",),
    "range": ("'[2,3)'",),
}


@dataclass
class Chain:
    """Tables, functions that read them, and views upon each other."""

    tables: list[world.Table]
    functions: list[str] = field(default_factory=list)
    views: dict[str, str] = field(default_factory=dict)
    columns: dict[str, tuple[str, ...]] = field(default_factory=dict)


def chain(random_: random.Random, conn: psycopg.Connection) -> Chain:
    """Return tables and views that the server has accepted; they are there afterwards."""
    major = conn.info.server_version // 10000
    found = Chain(world.tables(random_, number=3, rows=7))
    world.set_up(conn, found.tables, major)
    for setting in _SAME_PLANS:
        conn.execute(f"SET {setting} = off")
    writer = world.queries_for(random_, major, Options(ordered=True))
    writer.relations = [table.relation for table in found.tables]
    writer.expressions.extra = _functions(random_, conn, found)
    while len(found.views) < VIEWS:
        name = random_.choice([f"v{len(found.views)}", f"app.v{len(found.views)}", f'"V {len(found.views)}"'])
        columns = [
            ("id" if n == 0 else f"k{n}", "int" if n == 0 else random_.choice(USUAL))
            for n in range(2 + random_.randrange(3))
        ]
        query = writer.query(columns, depth=random_.choice([1, 2]))
        shown = world.accepted(conn, name, query, most=60, allowed="150ms")
        if shown is not None:
            found.views[name] = query
            found.columns[name] = tuple(column.name for column in shown)
            writer.relations.append(Relation(name, shown))
            if len(writer.relations) > 7:
                del writer.relations[random_.randrange(2)]
    return found


def _functions(random_: random.Random, conn: psycopg.Connection, found: Chain) -> dict[str, list[str]]:
    """Create what reads tables behind a call: functions of both sorts of bodies, also in FROM, operators, aggregates."""
    forms: dict[str, list[str]] = {"int": [], "bool": [], "rows": []}
    for number, table in enumerate(found.tables[:2]):
        column = quoted(random_.choice([c for c, t in table.columns if t == "int"]))
        total = f"SELECT coalesce(sum({column}), 0)::integer + n FROM {table.name} AS r"
        listed = f"SELECT {column} FROM {table.name} AS r WHERE {column} <> n ORDER BY 1"
        _create(random_, conn, found, f"reads_{number}(n integer)", "integer", total)
        _create(random_, conn, found, f"lists_{number}(n integer)", "SETOF integer", listed)
        _create(random_, conn, found, f"meets_{number}(n integer, m integer)", "boolean", f"SELECT m >= ({total})")
        _create(random_, conn, found, f"steps_{number}(n integer, m integer)", "integer", f"SELECT m + ({total})")
        further = [
            f"CREATE OPERATOR {'=' * (number + 2)}>> (LEFTARG = integer, RIGHTARG = integer, FUNCTION = meets_{number})",
            f"CREATE AGGREGATE adds_{number}(integer) (SFUNC = steps_{number}, STYPE = integer, INITCOND = '0')",
        ]
        for statement in further:
            conn.execute(statement)
            found.functions.append(statement)
        forms["int"] += [f"reads_{number}({{int}})", f"(SELECT adds_{number}(g) FROM generate_series(1, 2) AS g)"]
        forms["bool"].append(f"{{int}} {'=' * (number + 2)}>> {{int}}")
        forms["rows"].append(f"lists_{number}({{int}})")
    return forms


def _create(
    random_: random.Random, conn: psycopg.Connection, found: Chain, head: str, returns: str, query: str
) -> None:
    body = random_.choice([f"AS $${query}$$", f"BEGIN ATOMIC {query}; END"])
    statement = f"CREATE FUNCTION {head} RETURNS {returns} LANGUAGE sql STABLE {body}"
    conn.execute(statement)
    found.functions.append(statement)


# -- influences: values are changed, and what else changes is looked at --------------------------------


def influences(
    random_: random.Random, conn: psycopg.Connection, made: Chain
) -> dict[tuple[str, str], set[tuple[str, str]]]:
    """Return by (table, column) which columns of views change with it."""
    before = {view: _contents(conn, view, made) for view in made.views}
    found: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for table in made.tables:
        steady = _steady(conn, table, made, before)
        for column, type_ in table.columns:
            if column not in table.generated:
                found[table.name, column] = set()
                for expression in _changes(random_, column, type_):
                    new = {column: expression}
                    found[table.name, column] |= _changed(conn, table, new, made, before, steady)
    return found


def _changes(random_: random.Random, column: str, type_: str) -> Iterator[str]:
    """Return expressions that give a column other values."""
    spelled = quoted(column)
    for expression in _OTHER[type_]:
        if column != "id" or "{c} +" in expression:
            yield expression.replace("{c}", spelled)
    if column != "id":
        yield f"NULL::{world.TYPES[type_]}"
        cases = " ".join(f"WHEN {n} THEN {world.value(random_, type_)}" for n in range(12))
        yield f"(CASE id {cases} ELSE {spelled} END)::{world.TYPES[type_]}"
    else:
        yield "1000 - id"
        yield "id + 1000"


def _steady(conn: psycopg.Connection, table: world.Table, made: Chain, before: dict[str, list[str] | None]) -> set[str]:
    """Return the views that stay what they are when the rows of a table are written again as they are."""
    changed = {view for view, _ in _changed(conn, table, {}, made, before, set(made.views))}
    return set(made.views) - changed


def _changed(
    conn: psycopg.Connection,
    table: world.Table,
    new: dict[str, str],
    made: Chain,
    before: dict[str, list[str] | None],
    views: set[str],
) -> set[tuple[str, str]]:
    """Return the columns of views that change when columns of a table are given new values.

    The table is written again, so that its rows lie in the same order whatever is in them.
    """
    stored = [c for c, _ in table.columns if c not in table.generated]
    listed = ", ".join(map(quoted, stored))
    values = ", ".join(new.get(c, quoted(c)) for c in stored)
    conn.execute("SAVEPOINT change")
    found = set()
    try:
        conn.execute(f"CREATE TEMPORARY TABLE kept AS SELECT row_number() OVER () AS place, * FROM {table.name}")
        conn.execute(f"TRUNCATE {table.name}")
        conn.execute(f"INSERT INTO {table.name} ({listed}) SELECT {values} FROM pg_temp.kept ORDER BY place")
        for view in sorted(views):
            old, shown = before[view], _contents(conn, view, made)
            if old is not None and shown is not None:
                found |= {(view, c) for c, a, b in zip(made.columns[view], old, shown, strict=True) if a != b}
    except psycopg.Error:
        pass  # the change itself is not possible
    finally:
        world.back_to(conn, "change")
    return found


def _contents(conn: psycopg.Connection, view: str, made: Chain) -> list[str] | None:
    """Return a digest of the values of each column; None where the view cannot be read."""
    digests = ", ".join(
        f"md5(coalesce(string_agg(coalesce({c}::text, '∅'), '|' ORDER BY {c}::text COLLATE \"C\"), ''))"
        for c in made.columns[view]
    )
    conn.execute("SAVEPOINT look")
    try:
        conn.execute("SET LOCAL statement_timeout = '5s'")
        return conn.execute(f"SELECT ARRAY[{digests}] FROM {view} AS looked_at").fetchone()[0]
    except psycopg.Error:
        return None
    finally:
        world.back_to(conn, "look")


# -- what pgmg says -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Said:
    """The columns and relations of a graph, by names as SQL spells them."""

    columns: frozenset[tuple[str, str]]
    relations: frozenset[str]

    @classmethod
    def of(cls, graph: Graph) -> Said:
        nodes = [node.object for node in graph.nodes]
        columns = frozenset((_spelled(n.parent), quoted(n.name)) for n in nodes if n.kind is Kind.COLUMN)
        return cls(columns, frozenset(_spelled(n) for n in nodes if n.kind is not Kind.COLUMN))

    def names(self, relation: str, column: str) -> bool:
        return (relation, column) in self.columns or relation in self.relations


def _spelled(name) -> str:
    prefix = "" if name.schema in (None, "public") else f"{name.schema}."
    return f"{prefix}{quoted(name.name)}"


def asked(project: pgmg.Project, relation: str, column: str, **direction: int) -> Graph:
    return project.graph([f"{relation}.{column}"], **direction)


def check(conn: psycopg.Connection, dsn: str, other: str, seed: int) -> Outcome:
    """Compare influences, and what the server drops with a column, with upstream and downstream; each is one case.

    `conn` is to the database of `dsn`, where the views are; in that of `other` they are only declared.
    """
    random_ = random.Random(seed)
    made = chain(random_, conn)
    conn.commit()
    found = influences(random_, conn, made)
    dropped = _dropped(conn, made)
    existing = {(table.name, quoted(c)) for table in made.tables for c, _ in table.columns}
    existing |= {(view, c) for view, columns in made.columns.items() for c in columns}
    conn.rollback()
    with tempfile.TemporaryDirectory() as folder:
        live = _project(Path(folder), "live", dsn, {})
        pending = _project(Path(folder), "pending", other, made.views)
        with psycopg.connect(other) as there:
            world.set_up(there, made.tables, there.info.server_version // 10000)
            for function in made.functions:
                there.execute(function)
        outcome = Outcome()
        with live, pending:
            for where, project in (("live", live), ("pending", pending)):
                _judge(outcome, project, where, found, existing, made)
            _judge_drops(outcome, live, dropped, made)
    return outcome


def _project(folder: Path, name: str, dsn: str, views: dict[str, str]) -> pgmg.Project:
    root = folder / name
    (root / "sql").mkdir(parents=True)
    (root / "migrations").mkdir()
    (root / "pgmg.toml").write_text('migrations_dir = "migrations"\ncode_dir = "sql"\n')
    for number, (view, query) in enumerate(views.items()):
        (root / "sql" / f"v{number}.sql").write_text(f"CREATE VIEW {view} AS {query};\n")
    return pgmg.Project.open(root, connection_string=dsn)


def _judge(outcome: Outcome, project: pgmg.Project, where: str, found, existing, made: Chain) -> None:
    down = {base: asked(project, base[0], quoted(base[1]), downstream=99, upstream=0) for base in found}
    up = {}
    for view, columns in made.columns.items():
        for column in columns:
            up[view, column] = asked(project, view, column, upstream=99, downstream=0)
    for graph in (*down.values(), *up.values()):
        strange = Said.of(graph).columns - existing
        if strange:
            outcome.wrong.append((where, f"columns that do not exist: {sorted(strange)}", *_texts(made, strange)))
        for note in graph.notes:
            outcome.unknown[without_names(note)] += 1
    told = {target: Said.of(graph) for target, graph in up.items()}
    for base, views in found.items():
        said = Said.of(down[base])
        for view, column in sorted(views):
            outcome.cases += 1
            outcome.also["influences"] += 1
            if not said.names(view, column):
                outcome.wrong.append((where, f"downstream of {base}: {view}.{column} is missing", made.views[view]))
            if not told[view, column].names(base[0], quoted(base[1])):
                outcome.wrong.append((where, f"upstream of {view}.{column}: {base} is missing", made.views[view]))
    outcome.also["pairs named upstream"] += sum(
        1 for s in told.values() for relation, _ in s.columns if any(relation == t.name for t in made.tables)
    )


def _texts(made: Chain, strange) -> list[str]:
    return [made.views[relation] for relation, _ in strange if relation in made.views]


# -- what the server drops ----------------------------------------------------------------------------


def _dropped(conn: psycopg.Connection, made: Chain) -> dict[tuple[str, str], set[str]]:
    """Return by (table, column) which views the server drops with it."""
    found = {}
    for table in made.tables:
        for column, _ in table.columns:
            conn.execute("SAVEPOINT drop_column")
            conn.execute(f"ALTER TABLE {table.name} DROP COLUMN {quoted(column)} CASCADE")
            left = [v for v in made.views if conn.execute("SELECT to_regclass(%s)", [v]).fetchone()[0] is not None]
            found[table.name, column] = set(made.views) - set(left)
            world.back_to(conn, "drop_column")
    return found


def _judge_drops(outcome: Outcome, project: pgmg.Project, dropped, made: Chain) -> None:
    for (table, column), views in dropped.items():
        said = Said.of(asked(project, table, quoted(column), downstream=99, upstream=0))
        named = said.relations | {relation for relation, _ in said.columns}
        for view in sorted(views):
            outcome.cases += 1
            outcome.also["views that the server drops"] += 1
            if view not in named:
                outcome.wrong.append(
                    (f"the server drops {view} with {table}.{column}, downstream does not name it", made.views[view])
                )
        outcome.also["views named that the server keeps"] += len({v for v in made.views if v in named} - views)
