"""Makes projects of one shape in any size: what grows with the size is one thing alone.

Each shape is measured at one size and at twice that size. Planning is linear where the second takes no more than
about twice as long as the first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice, product
from pathlib import Path

import psycopg

_TABLE = "CREATE TABLE {} (id integer PRIMARY KEY, price numeric(10, 2), title text);\n"
_NEW_FUNCTIONS = 200
_VIEWS_OF_A_TABLE = 20


@dataclass(frozen=True)
class Shape:
    """One way to grow. `first` and `change` yield (path, text) for a size: what is applied, and what is then planned.

    `by_hand` yields statements that are executed before the first apply.
    """

    name: str
    size: int
    first: Callable[[int], Iterator[tuple[str, str]]]
    change: Callable[[int], Iterator[tuple[str, str]]]
    by_hand: Callable[[int], Iterator[str]] = lambda _: iter(())

    def write_first(self, root: Path, size: int) -> None:
        """Write the project that is applied before anything is measured."""
        _write(root, [("pgmg.toml", 'migrations_dir = "migrations"\ncode_dir = "sql"\n'), *self.first(size)])

    def write_change(self, root: Path, size: int) -> None:
        """Write what is to be planned."""
        _write(root, self.change(size))

    def execute_by_hand(self, dsn: str, size: int) -> None:
        """Create what no file declares."""
        with psycopg.connect(dsn) as connection, connection.pipeline():
            for statement in self.by_hand(size):
                connection.execute(statement)


def _write(root: Path, files: Iterator[tuple[str, str]] | list[tuple[str, str]]) -> None:
    for folder in ("migrations", "sql"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    for path, text in files:
        (root / path).write_text(text, encoding="utf-8")


def _views_of_one_table(size: int) -> Iterator[tuple[str, str]]:
    yield "migrations/001.sql", _TABLE.format("orders")
    for n in range(size):
        yield f"sql/v{n}.sql", f"CREATE VIEW v{n} AS SELECT id, price, title FROM orders WHERE id > {n};\n"


def _retype(_: int) -> Iterator[tuple[str, str]]:
    yield "migrations/002.sql", "ALTER TABLE orders ALTER COLUMN price TYPE numeric(14, 2);\n"


def _views_of_many_tables(size: int) -> Iterator[tuple[str, str]]:
    yield "migrations/001.sql", "".join(_TABLE.format(f"t{n}") for n in range(10))
    for n in range(10 * _VIEWS_OF_A_TABLE):
        yield f"sql/v{n}.sql", f"CREATE VIEW v{n} AS SELECT id, price, title FROM t{n % 10} WHERE id > {n};\n"


def _many_retypes(size: int) -> Iterator[tuple[str, str]]:
    for n in range(size):
        text = f"ALTER TABLE t{n % 10} ALTER COLUMN price TYPE numeric({11 + n // 10}, 2);\n"
        yield f"migrations/{n + 2:05}.sql", text


def _nothing(_: int) -> Iterator[tuple[str, str]]:
    yield from ()


def _new_functions(_: int) -> Iterator[tuple[str, str]]:
    for n in range(_NEW_FUNCTIONS):
        yield f"sql/f{n}.sql", f"CREATE FUNCTION f{n}(a integer) RETURNS integer LANGUAGE sql AS 'SELECT a + {n}';\n"


def _functions_by_hand(size: int) -> Iterator[str]:
    for n in range(size):
        yield f"CREATE FUNCTION hand{n}(a integer) RETURNS integer LANGUAGE sql AS 'SELECT a'"


def _inserts(size: int) -> Iterator[tuple[str, str]]:
    rows = "".join(f"INSERT INTO orders VALUES ({n}, {n}.5, 'order {n}');\n" for n in range(size))
    yield "migrations/001.sql", _TABLE.format("orders") + rows


def _long_body(size: int) -> Iterator[tuple[str, str]]:
    """A function of so many kilobytes."""
    line = "  PERFORM count(*) FROM orders WHERE id = 1234567890;\n"
    yield "migrations/001.sql", _TABLE.format("orders")
    body = line * (size * 1024 // len(line))
    yield "sql/f.sql", f"CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$\nBEGIN\n{body}END;\n$$;\n"


_TYPES = ("integer", "text", "boolean", "date", "numeric", "bigint", "uuid", "json")


def _overloads(size: int) -> Iterator[tuple[str, str]]:
    yield "migrations/001.sql", _TABLE.format("orders")
    for n, types in enumerate(islice(product(_TYPES, repeat=4), size)):
        yield f"sql/f{n}.sql", f"CREATE FUNCTION f({', '.join(types)}) RETURNS integer LANGUAGE sql AS 'SELECT {n}';\n"
    for n in range(_VIEWS_OF_A_TABLE):
        call = "f(1, 1, 1, 1)"
        yield f"sql/v{n}.sql", f"CREATE VIEW v{n} AS SELECT {call} AS n, id FROM orders;\n"


def _one_overload(_: int) -> Iterator[tuple[str, str]]:
    types = ", ".join(_TYPES[:1] * 4)
    yield "sql/f0.sql", f"CREATE FUNCTION f({types}) RETURNS integer LANGUAGE sql AS 'SELECT -1';\n"


def _calling_in_a_ring(size: int) -> Iterator[tuple[str, str]]:
    for n in range(size):
        body = f"BEGIN PERFORM title FROM orders WHERE id = a; RETURN f{(n + 1) % size}(a); END"
        text = f"CREATE FUNCTION f{n}(a integer) RETURNS integer LANGUAGE plpgsql AS $$ {body} $$;\n"
        yield f"sql/f{n}.sql", text


def _tables(size: int) -> Iterator[tuple[str, str]]:
    yield "migrations/001.sql", "".join(_TABLE.format(f"t{n}") for n in range(size))


def _one_table(_: int) -> Iterator[tuple[str, str]]:
    yield "migrations/000.sql", _TABLE.format("orders")


def _ring_and_table(size: int) -> Iterator[tuple[str, str]]:
    yield from _calling_in_a_ring(size)
    yield from _retyped_title(size)


def _retyped_title(_: int) -> Iterator[tuple[str, str]]:
    yield "migrations/001.sql", "ALTER TABLE orders RENAME COLUMN title TO name;\n"


SHAPES = (
    Shape("views of one altered table", 1000, _views_of_one_table, _retype),
    Shape("pending migrations, each under 20 views", 50, _views_of_many_tables, _many_retypes),
    Shape("unmanaged functions beside 200 new ones", 5000, _nothing, _new_functions, _functions_by_hand),
    Shape("INSERTs in one pending migration", 10_000, _nothing, _inserts),
    Shape("KiB of one function's body", 1000, _nothing, _long_body),
    Shape("overloads of one function", 1000, _overloads, _one_overload),
    Shape("new functions that call each other in a ring", 1000, _one_table, _ring_and_table),
    Shape("CREATE TABLEs in one pending migration", 1500, _nothing, _tables),
)
