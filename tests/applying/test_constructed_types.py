"""Objects that call a constructor of a type by its name are created after the type, whatever the files are called."""

from __future__ import annotations

import pytest

TYPES = {
    "a domain": "CREATE DOMAIN app.pct AS numeric(5, 2) CHECK (VALUE >= 0)",
    "a range": "CREATE TYPE app.span AS RANGE (subtype = float8)",
    "a named multirange": "CREATE TYPE app.dates AS RANGE (subtype = date, multirange_type_name = app.many_dates)",
    "an enum": "CREATE TYPE app.mood AS ENUM ('sad')",
}
USERS = {
    "a domain": ["CREATE VIEW app.v AS SELECT app.pct('5') AS p"],
    "a range": [
        "CREATE VIEW app.v AS SELECT app.span(0, 1, '[]') AS s",
        "CREATE VIEW app.v AS SELECT app.span_multirange(app.span(1, 2)) AS m",
        "CREATE VIEW app.v AS SELECT app.span_multirange() AS m",
        "CREATE FUNCTION app.f(m app.span_multirange) RETURNS app.span_multirange[] LANGUAGE sql RETURN ARRAY[m]",
        "CREATE FUNCTION app.f() RETURNS boolean LANGUAGE sql BEGIN ATOMIC SELECT 1.5::float8 <@ app.span(1, 2); END",
        "CREATE DOMAIN app.d AS float8 CHECK (VALUE <@ app.span(1, 2))",
        "CREATE POLICY p ON t USING (app.span(0, 1) @> a)",
        "CREATE INDEX i ON t ((app.span(0, a)))",
    ],
    "a named multirange": ["CREATE VIEW app.v AS SELECT app.many_dates(app.dates('2020-01-01', NULL)) AS m"],
    "an enum": ["CREATE VIEW app.v AS SELECT app.mood('sad') AS m"],
}
CASES = [(kind, text) for kind, texts in USERS.items() for text in texts]


@pytest.mark.parametrize(("kind", "text"), CASES, ids=[text[:60] for _, text in CASES])
def test_a_type_is_created_before_what_calls_it(project, kind, text):
    project.do("CREATE SCHEMA app", "CREATE TABLE t (a float8 CHECK (a > 0))")
    project.write("sql/a.sql", f"{text};\n")
    project.write("sql/z.sql", f"{TYPES[kind]};\n")
    if " VIEW " in text:
        project.write("migrations/001.sql", "CREATE TABLE kept AS SELECT * FROM app.v;\n")
    project.apply()
    project.settled()
