"""A project whose plan has all kinds of groups, what is in its database before, and how doubts are settled."""

from __future__ import annotations

from pathlib import Path

import psycopg

import pgmg
from pgmg.errors import UnknownOutcomeError

BEFORE = {
    "pgmg.toml": 'migrations_dir = "migrations"\ncode_dir = "sql"\nlock_retries = 0\n',
    "migrations/001_tables.sql": """
CREATE TABLE orders (id integer PRIMARY KEY, customer text, amount integer);
CREATE TABLE ledger (entry text);
CREATE TABLE readings (place text, value integer) PARTITION BY LIST (place);
CREATE TABLE readings_north PARTITION OF readings FOR VALUES IN ('north');
CREATE TABLE readings_south PARTITION OF readings FOR VALUES IN ('south');
CREATE INDEX orders_old ON orders (amount);
""",
    "sql/state.sql": "CREATE TYPE state AS ENUM ('open', 'paid');",
    "sql/customers.sql": "CREATE VIEW customers AS SELECT customer, sum(amount) AS amount FROM orders GROUP BY customer;\n"
    "GRANT SELECT ON customers TO PUBLIC;",
    "sql/totals.sql": "CREATE MATERIALIZED VIEW totals AS SELECT count(*) AS n, sum(amount) AS amount FROM orders;\n"
    "CREATE UNIQUE INDEX totals_n ON totals (n);",
    "sql/twice.sql": "CREATE FUNCTION twice(n integer) RETURNS integer LANGUAGE sql AS $$ SELECT n * 2 $$;",
    "sql/gone.sql": "CREATE VIEW gone AS SELECT id FROM orders;",
    "sql/enter.sql": "CREATE PROCEDURE enter(what text) LANGUAGE plpgsql AS\n"
    "$$ BEGIN INSERT INTO ledger VALUES (what); COMMIT; END $$;",
}
ROWS = (
    "INSERT INTO orders VALUES (1, 'ann', 10), (2, 'ann', 20), (3, 'bob', 5)",
    "INSERT INTO readings VALUES ('north', 1), ('south', 2)",
    "REFRESH MATERIALIZED VIEW totals",
    "COMMENT ON VIEW customers IS 'by hand'",
    "CREATE VIEW by_hand AS SELECT customer FROM customers",
)
AFTER = {
    "migrations/002_amounts.sql": "ALTER TABLE orders ALTER COLUMN amount TYPE bigint;\nUPDATE orders SET amount = amount + 1;",
    "migrations/003_index.sql": "CREATE INDEX CONCURRENTLY orders_customer ON orders (customer);",
    "migrations/004_alone.sql": """-- pgmg: no-transaction
INSERT INTO ledger VALUES ('inserted');
DO $$ BEGIN INSERT INTO ledger VALUES ('done'); END $$;
CALL enter('called');
DO $$ BEGIN INSERT INTO ledger VALUES ('committed'); COMMIT; END $$;
CREATE INDEX CONCURRENTLY ON orders (amount, id);
BEGIN; INSERT INTO ledger VALUES ('within'); COMMIT;
DROP INDEX CONCURRENTLY orders_old;
ALTER TABLE readings DETACH PARTITION readings_south CONCURRENTLY;
VACUUM orders;
""",
    "migrations/005_state.sql": "ALTER TABLE orders ADD COLUMN state state DEFAULT 'open';",
    "sql/state.sql": "CREATE TYPE state AS ENUM ('open', 'sent', 'paid');",
    "sql/sent.sql": "CREATE VIEW sent AS SELECT id FROM orders WHERE state = 'sent';",
    "sql/totals.sql": "CREATE MATERIALIZED VIEW totals AS SELECT count(*) AS n, max(amount) AS largest FROM orders;\n"
    "CREATE UNIQUE INDEX totals_n ON totals (n);",
    "sql/twice.sql": "CREATE FUNCTION twice(n bigint) RETURNS bigint LANGUAGE sql AS $$ SELECT n * 2 $$;",
}
GONE = ("sql/gone.sql",)
TABLES = ("orders", "ledger", "readings", "readings_south", "totals", "pgmg_progress")
_UNNAMED = "orders_amount_id_idx"


def write(root: Path, files: dict[str, str]) -> None:
    for path, text in files.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")


def lay(root: Path, dsn: str) -> None:
    """Bring a database to what was before, and the files to what is to be."""
    write(root, BEFORE)
    with pgmg.Project.open(root, connection_string=dsn) as project:
        project.apply()
    with psycopg.connect(dsn, autocommit=True) as conn:
        for statement in ROWS:
            conn.execute(statement)
    write(root, AFTER)
    for path in GONE:
        (root / path).unlink()


def apply(root: Path, dsn: str) -> int:
    """Apply; where an outcome is unknown, look at the database as a person would. Returns how often that was so."""
    resume, asked = None, 0
    while True:
        with pgmg.Project.open(root, connection_string=dsn) as project:
            try:
                project.apply(resume=resume)
            except UnknownOutcomeError as doubt:
                asked += 1
                if asked > len(TABLES):
                    raise
                resume = "done" if _is_done(dsn, doubt.message) else "again"
            else:
                return asked


def _is_done(dsn: str, message: str) -> bool:
    with psycopg.connect(dsn, autocommit=True) as conn:
        for word in ("called", "committed"):
            if f"'{word}'" in message:
                return conn.execute("SELECT count(*) FROM ledger WHERE entry = %s", [word]).fetchone() != (0,)
        assert "CREATE INDEX CONCURRENTLY ON orders" in message, message
        valid = conn.execute(
            "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)", [_UNNAMED]
        ).fetchone()
        if valid == (False,):
            conn.execute(f"DROP INDEX {_UNNAMED}")
        return valid == (True,)


def rows(dsn: str) -> dict[str, list[tuple]]:
    """Return what the tables hold, and the indexes that there are."""
    with psycopg.connect(dsn, autocommit=True) as conn:
        said = {table: sorted(conn.execute(f"SELECT t::text FROM {table} AS t").fetchall()) for table in TABLES}
        indexes = "SELECT indexrelid::regclass::text, indisvalid FROM pg_index WHERE indrelid::regclass::text = ANY(%s)"
        said["indexes"] = sorted(conn.execute(indexes, [list(TABLES)]).fetchall())
        return said
