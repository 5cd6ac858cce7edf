"""Texts say which objects cannot use another one; who asks them misses none that does."""

from __future__ import annotations

import pytest

import pgmg
from pgmg.errors import UnknownObjectError
from pgmg.model.naming.names import Kind, ObjectName
from pgmg.planning.resolve.declared import NamesInText
from pgmg.planning.resolve.lookup import find

FILES = {
    "sql/a.sql": "CREATE VIEW a AS SELECT id, name FROM t;",
    "sql/plain.sql": "CREATE VIEW plain AS SELECT id FROM A;",
    "sql/quoted.sql": 'CREATE VIEW quoted AS SELECT id FROM "a";',
    "sql/escaped.sql": 'CREATE VIEW escaped AS SELECT id FROM U&"\\0061";',
    "sql/other_escape.sql": "CREATE VIEW other_escape AS SELECT id FROM U&\"!0061\" UESCAPE '!';",
    "sql/big.sql": 'CREATE VIEW "Big" AS SELECT id FROM t;',
    "sql/of_big.sql": 'CREATE VIEW of_big AS SELECT id FROM "Big";',
    "sql/kind.sql": "CREATE TYPE kind AS ENUM ('x', 'y');",
    "sql/kinds.sql": "CREATE FUNCTION kinds(k kind[]) RETURNS kind LANGUAGE sql AS 'SELECT k[1]';",
    "sql/span.sql": "CREATE TYPE span AS RANGE (subtype = integer, multirange_type_name = spans);",
    "sql/in_spans.sql": "CREATE FUNCTION in_spans(s spans) RETURNS integer LANGUAGE sql AS 'SELECT 1';",
    "sql/f.sql": "CREATE FUNCTION f(n integer) RETURNS integer LANGUAGE sql AS 'SELECT n';",
    "sql/g.sql": "CREATE FUNCTION g() RETURNS integer LANGUAGE sql AS 'SELECT F(1) FROM a';",
    "sql/plus.sql": "CREATE OPERATOR ### (FUNCTION = f, RIGHTARG = integer);",
    "sql/of_plus.sql": "CREATE VIEW of_plus AS SELECT ### id AS n FROM t;",
    "sql/alone.sql": "CREATE VIEW alone AS SELECT 1 AS one;",
    "sql/granted.sql": "GRANT SELECT ON plain TO PUBLIC;",
}


def test_whatever_uses_an_object_may_name_it(project, monkeypatch):
    project.write("migrations/001.sql", "CREATE TABLE t (id integer, name text);")
    for path, text in FILES.items():
        project.write(path, text)
    seen = []
    monkeypatch.setattr(
        pgmg.planner.Planner, "decide", lambda _self, _conn, comparison, *_more: seen.append(comparison)
    )
    with project.open() as opened, opened.connect() as conn:
        opened._planner.plan(conn, pgmg.PlanOptions())
    declared = seen[0].resolved.declared
    used = {(str(use.object), str(name)) for name, one in declared.items() for use in one.uses}
    assert {("view.a", f"view.{name}") for name in ("plain", "quoted", "escaped", "other_escape")} <= used
    assert ("type.kind", "function.kinds(kind[])") in used
    for name in declared:
        in_text = NamesInText.of([name])
        users = {one.name for one in declared.values() if any(use.object == name for use in one.uses)}
        assert users <= {one.name for one in declared.values() if in_text.may_be_in(one)}, name
    few = NamesInText.of([name for name in declared if str(name) == "view.of_big"])
    assert not any(few.may_be_in(one) for one in declared.values() if str(one.name) == "view.alone")


def test_the_schema_public_may_be_typed():
    here, there = (ObjectName(Kind.VIEW, "v", schema) for schema in ("public", "app"))
    function = ObjectName(Kind.FUNCTION, "f", "public", ("integer",))
    for typed in ("v", "public.v", "view.v", "view.public.v"):
        assert find(typed, [there, here]) == (here,)
    for typed in ("public.f", "function.public.f(integer)"):
        assert find(typed, [function]) == (function,)
    for typed in ("public.v", "view.public.v"):  # never the one in another schema
        with pytest.raises(UnknownObjectError):
            find(typed, [there])
