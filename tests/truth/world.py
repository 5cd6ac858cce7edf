"""The ground of generated cases: types, functions and tables with rows, and random views that the server accepts."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

import psycopg

from tests.truth.expressions import TYPES, Column, Expressions
from tests.truth.queries import USUAL, Options, Queries, Relation, quoted

BASE = """
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE TYPE pair AS (x integer, y text);
CREATE SCHEMA app;
CREATE FUNCTION plus(a integer, b integer DEFAULT 1) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT a + b';
CREATE FUNCTION is_big(integer) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1 > 2';
CREATE FUNCTION shout(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT upper($1) || ''!''';
CREATE FUNCTION tell(text, VARIADIC integer[]) RETURNS text LANGUAGE sql IMMUTABLE AS $$SELECT $1 || array_to_string($2, '/')$$;
CREATE FUNCTION twin(n integer) RETURNS pair LANGUAGE sql IMMUTABLE AS $$SELECT ROW(n, n::text)::pair$$;
CREATE FUNCTION count_of(n integer) RETURNS integer LANGUAGE plpgsql STABLE AS $$BEGIN RETURN n + 10; END$$;
CREATE FUNCTION listing(upto integer) RETURNS TABLE (n integer, s text) LANGUAGE sql IMMUTABLE ROWS 3
  AS $$SELECT g, 'row ' || g FROM generate_series(1, 1 + abs(upto) % 3) AS g$$;
CREATE FUNCTION pairs_of(upto integer) RETURNS SETOF pair LANGUAGE sql IMMUTABLE ROWS 3
  BEGIN ATOMIC SELECT g, g::text FROM generate_series(1, 1 + abs(upto) % 2) AS g; END;
CREATE FUNCTION same_rest(integer, integer) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1 % 2 = $2 % 2';
CREATE OPERATOR =~= (LEFTARG = integer, RIGHTARG = integer, FUNCTION = same_rest);
CREATE FUNCTION glue_step(text, text) RETURNS text LANGUAGE sql IMMUTABLE AS $$SELECT coalesce($1, '') || coalesce($2, '-')$$;
CREATE AGGREGATE glue(text) (SFUNC = glue_step, STYPE = text);
"""

_VALUES = {
    "int": ("0", "1", "2", "3", "4", "5", "-1"),
    "big": ("1", "2", "1000000000000"),
    "num": ("0", "1.5", "2.25", "-3", "10"),
    "flt": ("0", "1.5", "-2.5", "100"),
    "text": ("'a'", "'b'", "'abc'", "''", "'A b'", "'bab'", "'v'"),
    "char": ("'a'", "'abc'", "'b'"),
    "bool": ("true", "false"),
    "date": ("'2024-01-01'", "'2024-02-29'", "'2023-12-31'"),
    "ts": ("'2024-01-01 10:00'", "'2024-03-01 00:00'", "'2023-06-15 12:30'"),
    "ivl": ("'1 day'", "'24 hours'", "'2 mons'", "'00:00:01'"),
    "json": ("""'{"a": 1, "b": [1, 2]}'""", """'{"a": 2}'""", "'[1, 2]'", """'{"b": ["x"]}'""", "'{}'"),
    "ints": ("'{1,2,3}'", "'{}'", "'{2}'", "'{5,NULL}'"),
    "texts": ("'{a,b}'", "'{}'", "'{v}'"),
    "mood": ("'ok'", "'sad'", "'happy'"),
    "pair": ("ROW(1, 'a')", "ROW(2, NULL)", "ROW(3, 'b')"),
    "range": ("'[1,5)'", "'[3,9)'", "'empty'"),
}
_KINDS = USUAL[1:]
_TYPE_OF = {
    "integer": "int", "bigint": "big", "numeric": "num", "double precision": "flt", "text": "text", "character": "char", "bpchar": "char",
    "boolean": "bool", "date": "date", "timestamp without time zone": "ts", "interval": "ivl", "jsonb": "json", "integer[]": "ints",
    "text[]": "texts", "mood": "mood", "pair": "pair", "int4range": "range",
}  # fmt: skip


@dataclass
class Table:
    """A table: its columns with their types, and the statements that make and fill it."""

    name: str
    columns: list[tuple[str, str]]
    create: str
    fill: list[str] = field(default_factory=list)
    generated: dict[str, str] = field(default_factory=dict)  # column, and the one that it is made from

    @property
    def relation(self) -> Relation:
        return Relation(self.name, tuple(Column(quoted(c), t) for c, t in self.columns), is_table=True)


def value(random_: random.Random, type_: str) -> str:
    """Return a value of a type as a table holds it."""
    return "NULL" if random_.random() < 0.15 else random_.choice(_VALUES[type_])


def tables(random_: random.Random, number: int = 4, rows: int = 9) -> list[Table]:
    """Return tables of random columns and rows."""
    found = []
    for n in range(1, number + 1):
        name = random_.choice([f"t{n}", f"t{n}", f"app.t{n}", f'"Table {n}"', f"order{n}"])
        columns = [("id", "int")]
        for m in range(1, 4 + random_.randrange(5)):
            kind = random_.choice(_KINDS)
            shared = random_.choice(
                [f"{kind}_{m}", f"{kind}_{m}", f"c{n}_{m}", f"C {n}{m}", "order" if m == 1 else f"x{n}_{m}", kind]
            )
            if shared not in dict(columns):
                columns.append((shared, kind))
        table = Table(name, columns, "")
        table.create, table.generated = _create(random_, name, columns)
        stored = [c for c, _ in columns if c not in table.generated]
        types = dict(columns)
        for row in range(rows + random_.randrange(4)):
            values = [str(row) if c == "id" else value(random_, types[c]) for c in stored]
            table.fill.append(f"INSERT INTO {name} ({', '.join(map(quoted, stored))}) VALUES ({', '.join(values)})")
        found.append(table)
    return found


def _create(random_: random.Random, name: str, columns: Sequence[tuple[str, str]]) -> tuple[str, dict[str, str]]:
    parts, generated = [], {}
    of_int = [c for c, t in columns if t == "int"]
    for column, type_ in columns:
        spelled = f"{quoted(column)} {TYPES[type_]}"
        if column == "id":
            spelled += " PRIMARY KEY"
        elif type_ in ("int", "text") and random_.random() < 0.2 and column not in generated.values():
            base = random_.choice([c for c in of_int if c != column and c not in generated])
            expression = f"{quoted(base)} * 2" if type_ == "int" else f"({quoted(base)} % 3)::text"
            generated[column] = base
            spelled += f" GENERATED ALWAYS AS ({expression}) STORED"
        parts.append(spelled)
    return f"CREATE TABLE {name} ({', '.join(parts)})", generated


def set_up(conn: psycopg.Connection, made: Sequence[Table], major: int) -> None:
    """Create everything; `GENERATED` columns are stored, so that every version has them."""
    conn.execute(BASE)
    for table in made:
        conn.execute(table.create)
        for statement in table.fill:
            conn.execute(statement)


def queries_for(
    random_: random.Random, major: int, options: Options | None = None, without: str | None = None
) -> Queries:
    """Return a writer of queries that a server of this version reads."""
    patterns = [without] if without else []
    if major < 17:
        patterns.append(r"(?i)json_value|json_query|json_exists|json_scalar|json_serialize|\bjson\(")
    if major < 16:
        patterns.append(r"(?i)IS (NOT )?JSON|json_array|json_object\(|JSON_OBJECTAGG|JSON_ARRAYAGG|0x0A|1_0|any_value")
    if major < 15:
        patterns.append("regexp_count")
    chosen = options or Options()
    if major < 17:
        from dataclasses import replace

        chosen = replace(chosen, json_table=False)
    return Queries(random_, Expressions(random_, "|".join(patterns) or None), chosen)


@dataclass
class View:
    """A view that the server has accepted."""

    name: str
    query: str
    columns: tuple[Column, ...]
    materialized: bool = False

    @property
    def relation(self) -> Relation:
        return Relation(self.name, self.columns)


def accepted(
    conn: psycopg.Connection, name: str, query: str, *, most: int = 400, allowed: str = "400ms"
) -> tuple[Column, ...] | None:
    """Create a view inside the caller's transaction if the server takes it and can read it; return its columns."""
    conn.execute("SAVEPOINT try_view")
    try:
        conn.execute(f"SET LOCAL statement_timeout = '{allowed}'")
        conn.execute(f"CREATE VIEW {name} AS {query}")
        (number,) = conn.execute(f"SELECT count(*) FROM {name} AS all_rows").fetchone()
        conn.execute(f"SELECT * FROM {name}").fetchall()
        if number > most:
            raise psycopg.DataError("too many rows")
        conn.execute("SET LOCAL statement_timeout = 0")
    except psycopg.Error as error:
        REJECTED.append((str(error).splitlines()[0], query))
        back_to(conn, "try_view")
        return None
    conn.execute("RELEASE SAVEPOINT try_view")
    return columns_of(conn, name)


def back_to(conn: psycopg.Connection, savepoint: str) -> None:
    """Go back to a savepoint, however busy the machine is: the time limit of the statement before still holds."""
    while True:
        try:
            conn.execute(f"ROLLBACK TO SAVEPOINT {savepoint}")
        except psycopg.errors.QueryCanceled:
            continue
        return


REJECTED: list[tuple[str, str]] = []
"""What servers said of generated queries that they did not take: looked at when the generator is worked on."""


def columns_of(conn: psycopg.Connection, name: str) -> tuple[Column, ...]:
    """Return the columns of a relation with their types by the names of `TYPES`."""
    rows = conn.execute(
        "SELECT attname::text, format_type(atttypid, NULL) FROM pg_attribute"
        " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
        [name],
    ).fetchall()
    return tuple(Column(quoted(column), _TYPE_OF.get(type_)) for column, type_ in rows)
