"""A project as people have it, for the tests to show: applied once, and then changed in many ways."""

from __future__ import annotations

_BEGIN = {
    "migrations/001_users.sql": "CREATE TABLE users (id int PRIMARY KEY, email text NOT NULL, is_active bool, score int);",
    "migrations/002_orders.sql": (
        "CREATE TABLE orders (id int PRIMARY KEY, user_id int REFERENCES users, total numeric, placed date);"
    ),
    "sql/views/active_users.sql": "CREATE VIEW active_users AS\nSELECT id, email, score\nFROM users\nWHERE is_active;",
    "sql/views/user_stats.sql": (
        "CREATE VIEW user_stats AS\nSELECT a.id, a.email, count(o.id) AS orders, sum(o.total) AS spent\n"
        "FROM active_users a\nLEFT JOIN orders o ON o.user_id = a.id\nGROUP BY a.id, a.email;"
    ),
    "sql/views/best_customers.sql": "CREATE VIEW best_customers AS\nSELECT * FROM user_stats WHERE spent > 1000;",
    "sql/views/old_report.sql": "CREATE VIEW old_report AS\nSELECT count(*) AS n FROM orders;",
    "sql/functions/discount.sql": (
        "CREATE FUNCTION discount(total numeric) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$\n"
        "  SELECT total * 0.05\n$$;"
    ),
    "sql/types/level.sql": "CREATE TYPE level AS ENUM ('bronze', 'silver', 'gold');",
}
_NOW = {
    "migrations/003_scores.sql": (
        "-- scores grow\nALTER TABLE users ALTER score TYPE bigint;\nALTER TABLE users ADD COLUMN city text;"
    ),
    "sql/views/user_stats.sql": (
        "CREATE VIEW user_stats AS\nSELECT a.id, a.email, a.score, count(o.id) AS orders, sum(o.total) AS spent\n"
        "FROM active_users a\nLEFT JOIN orders o ON o.user_id = a.id AND o.total > 0\nGROUP BY a.id, a.email, a.score;"
    ),
    "sql/functions/discount.sql": (
        "CREATE FUNCTION discount(total numeric) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$\n"
        "  SELECT CASE WHEN total > 500 THEN total * 0.10 ELSE total * 0.05 END -- more for more\n$$;"
    ),
    "sql/functions/greeting.sql": (
        "CREATE FUNCTION greeting(name text) RETURNS text LANGUAGE sql AS $$ SELECT 'Hello, ' || name $$;\n"
        "COMMENT ON FUNCTION greeting(text) IS 'says hello';"
    ),
}
_REMOVED = ("sql/views/old_report.sql",)


def begin(project) -> None:
    """Write the project and apply it."""
    for path, text in _BEGIN.items():
        project.write(path, text)
    project.apply()


def change(project) -> None:
    """A pending migration, changed, new and deleted files, and a view that somebody made by hand."""
    project.do("CREATE VIEW public.by_hand AS SELECT id, score FROM users")
    for path, text in _NOW.items():
        project.write(path, text)
    for path in _REMOVED:
        project.remove(path)


def risky(project) -> None:
    """Write migrations with every kind of risk, for tables with rows and long names."""
    name = "warehouse_internal.subscription_events_of_former_customers"
    project.write(
        "migrations/001_tables.sql",
        f"CREATE SCHEMA warehouse_internal; CREATE TABLE {name} (id int, kind text, at date, note text);"
        "CREATE TABLE plain (id int PRIMARY KEY, n int); CREATE TABLE gone (id int);"
        "CREATE TABLE warehouse_internal.letters_to_customers_of_last_year (id int);",
    )
    project.write("sql/v.sql", f"CREATE VIEW v AS SELECT id, kind FROM {name};")
    project.apply()
    project.do(
        f"INSERT INTO {name} SELECT n, 'k', now(), 'x' FROM generate_series(1, 20000) n",
        "INSERT INTO plain SELECT n, n FROM generate_series(1, 500) n",
        f"ANALYZE {name}",
        "ANALYZE plain",
    )
    project.write(
        "migrations/002_changes.sql",
        f"ALTER TABLE {name} ALTER COLUMN id TYPE bigint;\nALTER TABLE {name} ALTER COLUMN at SET NOT NULL;\n"
        f"CREATE INDEX events_by_kind ON {name} (kind);\nALTER TABLE plain ADD CHECK (n >= 0);\nDROP TABLE gone;\n"
        "ALTER TABLE warehouse_internal.letters_to_customers_of_last_year ADD COLUMN note text;\n"
        f"ALTER TABLE {name} DROP COLUMN note;\nDO $$ BEGIN EXECUTE 'SELECT 1'; END $$;",
    )


def many(project, number: int) -> None:
    """Write so many new views, in three folders, each on the one before it in its folder."""
    folders = ("sales", "stock", "people")
    for n in range(number):
        folder = folders[n % len(folders)]
        source = f"{folder}_{n - len(folders):03}" if n >= len(folders) else None
        query = f"SELECT n + 1 AS n FROM {source}" if source else "SELECT 1 AS n"
        project.write(f"sql/{folder}/{folder}_{n:03}.sql", f"CREATE VIEW {folder}_{n:03} AS {query};")
