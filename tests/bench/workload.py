"""Makes projects of any size, the same for the same size and seed: tables in a migration, everything else declared.

Of the objects 70 % are views, 20 % functions, 5 % materialized views, 5 % enums. A view reads a table and up to two
earlier views from anywhere, so that chains grow with the logarithm of the size, as they do in real projects.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

TABLES = 50


@dataclass(frozen=True)
class Workload:
    """A project on disk; `ordered` holds its objects in an order that works, `tables` what they stand on."""

    root: Path
    tables: Path
    ordered: Path
    objects: int

    @property
    def leaf(self) -> Path:
        """The file of the last view, which nothing depends on."""
        return max(self.root.glob("sql/view/*.sql"), key=lambda path: int(path.stem.rpartition("_")[2]))


def write(root: Path, objects: int, seed: int = 1) -> Workload:
    """Write a project of so many objects below `root`, which must not exist."""
    made = list(_objects(objects, random.Random(seed)))
    tables = [
        f"CREATE TABLE base_{n} (id integer PRIMARY KEY, owner_id integer, price numeric(12, 2), title text,\n"
        f"  rank integer DEFAULT 0, created timestamptz DEFAULT now());\n"
        for n in range(TABLES)
    ]
    files = {"migrations/001_tables.sql": "".join(tables), "ordered.sql": "".join(sql for _, _, sql in made)}
    files["pgmg.toml"] = 'migrations_dir = "migrations"\ncode_dir = "sql"\n'
    files |= {f"sql/{kind}/{name}.sql": sql for kind, name, sql in made}
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    return Workload(root, root / "migrations/001_tables.sql", root / "ordered.sql", objects)


def _objects(count: int, rng: random.Random) -> Iterator[tuple[str, str, str]]:
    """Yield kind, name and statement, each after all that it uses."""
    views: list[str] = []
    for n in range(count):
        table = f"base_{rng.randrange(TABLES)}"
        kind = rng.choices(("view", "function", "matview", "enum"), (70, 20, 5, 5))[0] if views else "view"
        name = f"{kind}_{n}"
        match kind:
            case "enum":
                sql = f"CREATE TYPE {name} AS ENUM ('new', 'running', 'done');\n"
            case "matview":
                sql = f"CREATE MATERIALIZED VIEW {name} AS\nSELECT id, price FROM {rng.choice(views)} WHERE id > {n};\n"
            case "function" if n % 2:
                sql = (
                    f"CREATE FUNCTION {name}(wanted integer) RETURNS numeric LANGUAGE sql STABLE AS $$\n"
                    f"  SELECT sum(price) FROM {rng.choice(views)} WHERE id = wanted\n$$;\n"
                )
            case "function":
                sql = (
                    f"CREATE FUNCTION {name}(wanted integer) RETURNS text LANGUAGE plpgsql AS $$\n"
                    f"DECLARE\n  found text;\nBEGIN\n  SELECT title INTO found FROM {table} WHERE id = wanted;\n"
                    "  RETURN found;\nEND;\n$$;\n"
                )
            case _:
                ups = rng.sample(views, min(len(views), rng.choice((0, 1, 1, 2))))
                joins = "".join(f"\nLEFT JOIN {up} AS u{k} ON u{k}.id = b.id" for k, up in enumerate(ups))
                sql = (
                    f"CREATE VIEW {name} AS\nSELECT b.id, sum(b.price)::numeric AS price, max(b.title) AS title\n"
                    f"FROM {table} AS b{joins}\nWHERE b.rank >= {n % 5}\nGROUP BY b.id;\n"
                )
                views.append(name)
        yield kind, name, sql
