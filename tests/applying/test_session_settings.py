"""Whoever asks, with whatever settings: definitions read the same, and migrations run as they would in psql."""

from __future__ import annotations

import pytest
from psycopg import conninfo

from pgmg.model.naming.names import Kind, ObjectName

STRANGE = (
    "-c TimeZone=Asia/Tokyo -c DateStyle=German,DMY -c IntervalStyle=sql_standard -c quote_all_identifiers=on"
    " -c extra_float_digits=-5 -c bytea_output=escape -c jit=on"
)
CODE = {
    "day": "CREATE DOMAIN day AS timestamptz CHECK (VALUE > '1999-01-02 00:00+00') DEFAULT '2000-03-04 05:06+00';",
    "span": "CREATE DOMAIN span AS interval CHECK (VALUE < '1 year -3 days 04:05:06');",
    "raw": "CREATE DOMAIN raw AS bytea DEFAULT '\\x00ff01';",
    "ratio": "CREATE DOMAIN ratio AS float8 CHECK (VALUE < 0.123456789012345);",
    "spot": "CREATE TYPE spot AS (since day, lasts span);",
    "seen": (
        "CREATE VIEW seen AS SELECT id, '2001-02-03 04:05+00'::timestamptz AS at, '1 mon'::interval AS lasts,"
        " 0.1234567890123456789::float8 AS share FROM items;"
    ),
    "first": "CREATE FUNCTION first(of items) RETURNS seen LANGUAGE sql AS $$ SELECT * FROM seen LIMIT 1 $$;",
    "kept": "CREATE MATERIALIZED VIEW kept AS SELECT * FROM seen WHERE at < '2030-01-01'::date;",
}


@pytest.fixture
def items(project):
    project.write("migrations/001.sql", "CREATE TABLE items (id integer PRIMARY KEY);")
    for name, text in CODE.items():
        project.write(f"sql/{name}.sql", text)
    return project


def _as_somebody_else(project):
    return project.open(connection_string=conninfo.make_conninfo(project.dsn, options=STRANGE))


def test_settings_of_a_session_are_no_drift(items):
    items.apply()
    with _as_somebody_else(items) as other:
        assert [(str(change.object), str(change.change)) for change in other.plan().changes] == []
        assert not other.apply().applied
    items.settled()


def test_what_somebody_else_applied_is_no_drift_either(items):
    with _as_somebody_else(items) as other:
        other.apply()
        assert other.plan().changes == ()
    items.settled()


def test_migrations_and_previews_run_with_the_settings_of_their_session(items):
    items.apply()
    items.write(
        "migrations/002.sql",
        "CREATE TABLE said AS SELECT current_setting('TimeZone') || current_setting('jit') AS zone,"
        " '03.04.2005'::date AS day;\n"
        "ALTER TABLE items ALTER COLUMN id TYPE bigint;\n"
        "INSERT INTO said SELECT current_setting('TimeZone') || current_setting('jit'), '03.04.2005'::date;",
    )
    items.write("sql/zone.sql", "CREATE VIEW zone AS SELECT current_setting('TimeZone') AS zone;")
    with _as_somebody_else(items) as other:
        other.apply()
        shown = other.preview(ObjectName(Kind.VIEW, "zone", "public"), 1)
    assert {(zone, f"{day:%Y-%m-%d}") for zone, day in items.rows("SELECT * FROM said")} == {
        ("Asia/Tokyoon", "2005-04-03")
    }
    assert shown.rows == (("Asia/Tokyo",),)
    items.settled()


def test_a_changed_query_is_read_with_the_settings_of_its_session(project):
    """A date that only this session can read is no reason to recreate the view: it gains a column in place."""
    project.write("sql/last.sql", "CREATE VIEW last AS SELECT '31.12.2001'::date AS at;")
    with _as_somebody_else(project) as opened:
        opened.apply()
        for more in ("1 AS a", "1 AS a, 2 AS b"):  # the first plan of a process asks otherwise than later ones
            project.write("sql/last.sql", f"CREATE VIEW last AS SELECT '31.12.2001'::date AS at, {more};")
            assert [step.sql.split()[:3] for step in opened.plan().steps] == [["CREATE", "OR", "REPLACE"]]
    with _as_somebody_else(project) as opened:
        assert [step.sql.split()[:3] for step in opened.plan().steps] == [["CREATE", "OR", "REPLACE"]]
