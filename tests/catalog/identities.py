"""Random types, routines, aggregates, operators and casts, in every spelling that PostgreSQL has for their types."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
from psycopg import sql

SCHEMAS = ("public", "app", "Mixed Case", "select", "ünï")
NAMES = (
    "plain", "status", "user", "order", "group", "time", "position", "values", "left", "row", "Mixed", 'quo"ted', "with space", "dol$lar",
    "ünïcödé", "_under", "text", "integer", "int4", "date", "point", "pg_mine", "x" * 63, "a,b", "a(b)", "none", "NONE", "[]",
)  # fmt: skip

ALIASES = {
    "int4": ("int", "integer", "int4", "pg_catalog.int4", '"int4"'),
    "int8": ("bigint", "int8", "pg_catalog.int8"),
    "int2": ("smallint", "int2"),
    "bool": ("boolean", "bool"),
    "float4": ("real", "float4", "float(24)"),
    "float8": ("double precision", "float8", "float", "float(25)"),
    "numeric": ("numeric", "decimal", "dec(4)", "numeric(10,2)", "numeric(5)", "pg_catalog.numeric(3,1)"),
    "varchar": ("varchar", "character varying", "varchar(30)", "char varying(3)", "pg_catalog.varchar(2)", "nchar varying(4)"),
    "bpchar": ("char", "character", "char(5)", "bpchar", "nchar", "national character(3)", "pg_catalog.bpchar"),
    "char": ('"char"', 'pg_catalog."char"'),
    "bit": ("bit", "bit(8)", '"bit"'),
    "varbit": ("bit varying", "varbit", "bit varying(12)"),
    "time": ("time", "time(0)", "time without time zone", "time(3) without time zone"),
    "timetz": ("timetz", "time with time zone", "time(2) with time zone"),
    "timestamp": ("timestamp", "timestamp(3)", "timestamp without time zone", "timestamp(9) without time zone"),
    "timestamptz": ("timestamptz", "timestamp with time zone", "timestamp(0) with time zone"),
    "interval": ("interval", "interval(3)", "interval day to second(2)", "interval year to month", "interval hour"),
    "any": ('"any"', 'pg_catalog."any"'),
}  # fmt: skip


@dataclass(frozen=True)
class Spelled:
    """A type: its OID, and ways to write it."""

    oid: int
    ways: tuple[str, ...]


@dataclass(frozen=True)
class Made:
    """An object that the server has: its catalog, its OID, the statement that created it, and its types."""

    catalog: str
    oid: int
    statement: str
    types: tuple[Spelled, ...] = ()
    before: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What stands between the kind and the types."""
        return re.match(r'CREATE \w+ ((?:"(?:[^"]|"")*"|[^"( ])+)', self.statement)[1]


def quote(*names: str) -> str:
    return ".".join(sql.Identifier(name).as_string() for name in names)


def create_types(conn: psycopg.Connection, chance: random.Random) -> list[str]:
    """Create user types of every form, in several schemas, with names of every sort; return the statements."""
    done: list[str] = []

    def run(statement: str) -> None:
        conn.execute(statement)
        done.append(statement)

    for schema in SCHEMAS:
        run(f"CREATE SCHEMA IF NOT EXISTS {quote(schema)}")
        for name in chance.sample(NAMES, 14):
            form = chance.choice(
                ("AS ENUM ('a', 'b')", "AS (x integer, y text)", "AS RANGE (subtype = numeric)", "DOMAIN", "TABLE")
            )
            whole = quote(schema, name)
            with conn.transaction():
                match form:
                    case "DOMAIN":
                        run(f"CREATE DOMAIN {whole} AS integer")
                    case "TABLE":
                        run(f"CREATE TABLE {whole} (id integer)")
                    case _ if "RANGE" in form:
                        multirange = quote(schema, "multi " + name[:40])
                        run(f"CREATE TYPE {whole} {form[:-1]}, multirange_type_name = {multirange})")
                    case _:
                        run(f"CREATE TYPE {whole} {form}")
    return done


def spelled_types(conn: psycopg.Connection) -> list[Spelled]:
    """Return every type of the server that a routine may name, with its array beside it."""
    rows = conn.execute(
        """SELECT t.oid::int8, t.typname::text, s.nspname::text, nullif(t.typarray, 0)::int8, t.typtype::text,
                  CASE WHEN s.nspname <> 'pg_catalog' OR t.typtype IN ('b', 'r', 'm') THEN a.typname::text END
           FROM pg_type t JOIN pg_namespace s ON s.oid = t.typnamespace LEFT JOIN pg_type a ON a.oid = t.typarray
           WHERE s.nspname !~ '^pg_(toast|temp)' AND (s.nspname <> 'information_schema' OR t.typtype = 'd')
             AND NOT EXISTS (SELECT FROM pg_type e WHERE e.typarray = t.oid)
             AND NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = t.typrelid AND c.relkind NOT IN ('r', 'v', 'c'))
           ORDER BY t.oid"""
    ).fetchall()
    found = []
    for oid, name, schema, array, _, array_name in rows:
        ways = list(ALIASES.get(name, ())) if schema == "pg_catalog" else []
        if not ways:
            ways.append(quote(schema, name))
            if schema == "pg_catalog":
                ways.append(quote(name))
        found.append(Spelled(oid, tuple(ways)))
        if array is not None:
            arrays = [f"{way}[]" for way in ways] + [
                f"{ways[0]}[3][4]",
                f"{ways[0]} ARRAY",
                quote(schema, array_name or f"_{name}"),
            ]
            found.append(Spelled(array, tuple(arrays)))
    return found


class Maker:
    """Makes random objects, each by a statement as somebody would write it into a file."""

    def __init__(self, conn: psycopg.Connection, chance: random.Random) -> None:
        self.conn, self.chance = conn, chance
        self.types = spelled_types(conn)
        self.columns: dict[int, str] = {}
        self.table = ['CREATE TABLE app."Of Types" ()']
        self._make_columns()

    def _make_columns(self) -> None:
        """One table with a column of every type that can be a column's."""
        self.conn.execute(self.table[0])
        for number, type_ in enumerate(self.types):
            statement = f'ALTER TABLE app."Of Types" ADD COLUMN "c {number}" {type_.ways[-1]}'
            try:
                with self.conn.transaction():
                    self.conn.execute(statement)
                self.table.append(statement)
                self.columns[type_.oid] = f'app."Of Types"."c {number}"%TYPE'
            except psycopg.Error:
                pass  # a pseudo-type

    def way(self, type_: Spelled) -> str:
        """One of the ways to write a type."""
        if type_.oid in self.columns and self.chance.random() < 0.1:
            return self.columns[type_.oid]
        return self.chance.choice(type_.ways)

    def some(self, most: int) -> list[Spelled]:
        return [self.chance.choice(self.types) for _ in range(self.chance.randint(0, most))]

    def name(self) -> str:
        return quote(self.chance.choice(SCHEMAS), self.chance.choice(NAMES))

    def statements(self) -> Iterator[tuple[str, list[str], str, tuple[Spelled, ...]]]:
        """Yield without end: a catalog, what must be there first, the statement, and the types of the identity."""
        while True:
            makers = (self._function, self._function, self._procedure, self._aggregate, self._operator, self._cast)
            yield self.chance.choice(makers)()

    def _parameters(self, types: list[Spelled], *, out: bool) -> str:
        """Return a parameter list with these input types, and others that are no part of the identity."""
        chance, parts = self.chance, []
        for number, type_ in enumerate(types):
            mode = chance.choice(("", "", "IN ", "INOUT " if out else ""))
            label = chance.choice(("", f"p{number} ", f'"P {number}" '))
            parts.append(f"{mode}{label}{self.way(type_)}")
        if out and chance.random() < 0.3:
            parts.insert(chance.randint(0, len(parts)), f"OUT {self.way(chance.choice(self.types))}")
        return ", ".join(parts)

    def _function(self) -> tuple[str, list[str], str, tuple[Spelled, ...]]:
        types, out = self.some(4), self.chance.random() < 0.3
        result = "" if out else "RETURNS integer "
        text = (
            f"CREATE FUNCTION {self.name()}({self._parameters(types, out=out)}) {result}LANGUAGE internal AS 'int4pl'"
        )
        return "pg_proc", [], text, tuple(types)

    def _procedure(self) -> tuple[str, list[str], str, tuple[Spelled, ...]]:
        types = self.some(3)
        text = f"CREATE PROCEDURE {self.name()}({self._parameters(types, out=True)}) LANGUAGE internal AS 'int4pl'"
        return "pg_proc", [], text, tuple(types)

    def _helper(self, types: list[Spelled], result: str) -> tuple[str, str]:
        name = f"public.helper_{self.chance.getrandbits(60)}"
        listed = ", ".join(type_.ways[0] for type_ in types)
        return name, f"CREATE FUNCTION {name}({listed}) RETURNS {result} LANGUAGE internal AS 'int4pl'"

    def _aggregate(self) -> tuple[str, list[str], str, tuple[Spelled, ...]]:
        types = self.some(3)
        integer = next(type_ for type_ in self.types if "integer" in type_.ways)
        helper, create = self._helper([integer, *types], "integer")
        direct = self.chance.randint(0, len(types)) if types and self.chance.random() < 0.3 else None
        if direct is None:
            listed = ", ".join(self.way(t) for t in types) or "*"
        else:
            listed = f"{', '.join(self.way(t) for t in types[:direct])} ORDER BY {', '.join(self.way(t) for t in types[direct:])}"
            helper, create = self._helper([integer, *types[direct:]], "integer")
        return (
            "pg_proc",
            [create],
            f"CREATE AGGREGATE {self.name()}({listed}) (SFUNC = {helper}, STYPE = integer)",
            tuple(types),
        )

    def _operator(self) -> tuple[str, list[str], str, tuple[Spelled, ...]]:
        types = [self.chance.choice(self.types) for _ in range(self.chance.choice((1, 2, 2)))]
        helper, create = self._helper(types, "boolean")
        symbol = "".join(self.chance.choice("<>@#%^&|~") for _ in range(self.chance.randint(2, 4)))
        sides = f"RIGHTARG = {self.way(types[-1])}" + (f", LEFTARG = {self.way(types[0])}" if len(types) > 1 else "")
        text = f"CREATE OPERATOR {quote(self.chance.choice(SCHEMAS))}.{symbol} (FUNCTION = {helper}, {sides})"
        return "pg_operator", [create], text, tuple(types)

    def _cast(self) -> tuple[str, list[str], str, tuple[Spelled, ...]]:
        types = [self.chance.choice(self.types), self.chance.choice(self.types)]
        source, target = (self.chance.choice([w for w in t.ways if "%" not in w]) for t in types)
        return "pg_cast", [], f"CREATE CAST ({source} AS {target}) WITH INOUT", tuple(types)

    def make(self, count: int) -> Iterator[Made]:
        """Create so many objects on the server; what it refuses is passed over."""
        made = 0
        for catalog, before, statement, types in self.statements():
            newest = sql.SQL("SELECT max(oid)::int8 FROM {}").format(sql.Identifier("pg_catalog", catalog))
            try:
                with self.conn.transaction():
                    for helper in before:
                        self.conn.execute(helper)
                    self.conn.execute(statement)
                    (row,) = self.conn.execute(newest).fetchall()
            except psycopg.Error:
                continue
            made += 1
            yield Made(catalog, row[0], statement, types, tuple(before))
            if made == count:
                return
