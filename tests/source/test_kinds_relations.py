"""Views, materialized views and their indexes and statistics."""

import pytest

from pgmg.model.naming.names import Kind
from pgmg.model.sources.facts import ViewFacts
from pgmg.model.sources.source import Target
from tests.source.reading import declared, named, one, problem, references


@pytest.mark.parametrize(
    ("sql", "facts"),
    [
        ("CREATE VIEW v AS SELECT 1", ViewFacts("SELECT 1")),
        ("CREATE OR REPLACE VIEW app.v AS\n  SELECT 'AS' AS \"as\"\n", ViewFacts("SELECT 'AS' AS \"as\"")),
        ('CREATE VIEW v (a, "B") AS TABLE t', ViewFacts("TABLE t", columns=("a", "B"))),
        ('CREATE VIEW v ("as") AS SELECT 1', ViewFacts("SELECT 1", columns=("as",))),
        ("CREATE VIEW v WITH (security_barrier, Security_Invoker = on) AS SELECT 1", ViewFacts("SELECT 1", options=(("security_barrier", "true"), ("security_invoker", "on")))),
        ("CREATE VIEW v WITH (check_option = LOCAL) AS SELECT 1", ViewFacts("SELECT 1", check_option="local")),
        ("CREATE VIEW v AS SELECT 1 WITH CHECK OPTION", ViewFacts("SELECT 1", check_option="cascaded")),
        ("CREATE VIEW v AS SELECT 1 /* a */ WITH LOCAL CHECK OPTION -- b", ViewFacts("SELECT 1 /* a */", check_option="local")),
        ("CREATE VIEW v AS SELECT 1\nWITH CASCADED CHECK OPTION;", ViewFacts("SELECT 1", check_option="cascaded")),
        ("CREATE VIEW v AS WITH a AS (SELECT 1) SELECT * FROM a", ViewFacts("WITH a AS (SELECT 1) SELECT * FROM a")),
    ],
)  # fmt: skip
def test_facts_of_views(sql, facts):
    assert one(sql).facts == facts


def test_a_recursive_view_has_a_query_that_stands_alone():
    facts = one('CREATE RECURSIVE VIEW app.v (n, "M") AS VALUES (1, 2) UNION ALL SELECT n + 1, "M" FROM v').facts
    assert facts.recursive
    assert facts.columns == ("n", "M")
    assert facts.query == (
        'WITH RECURSIVE "v" ("n", "M") AS (\nVALUES (1, 2) UNION ALL SELECT n + 1, "M" FROM v\n) SELECT "n", "M" FROM "v"'
    )


@pytest.mark.parametrize(
    ("sql", "facts"),
    [
        ("CREATE MATERIALIZED VIEW m AS SELECT 1", ViewFacts("SELECT 1")),
        ("CREATE MATERIALIZED VIEW IF NOT EXISTS m (a) AS SELECT 1 WITH DATA", ViewFacts("SELECT 1", columns=("a",), with_data=True)),
        ("CREATE MATERIALIZED VIEW m AS SELECT 1 -- x\nWITH NO DATA", ViewFacts("SELECT 1 -- x", with_data=False)),
        ("CREATE MATERIALIZED VIEW m AS SELECT 1 AS data", ViewFacts("SELECT 1 AS data")),
        ("CREATE MATERIALIZED VIEW m USING heap WITH (FillFactor = 70, toast.autovacuum_enabled = false) TABLESPACE x AS SELECT 1", ViewFacts("SELECT 1", options=(("fillfactor", "70"), ("toast.autovacuum_enabled", "false")), storage=("tablespace", "access method"))),
    ],
)  # fmt: skip
def test_facts_of_materialized_views(sql, facts):
    found = one(sql)
    assert found.target.kind is Kind.MATERIALIZED_VIEW
    assert found.facts == facts


def test_names_are_folded_and_unquoted():
    assert declared('CREATE VIEW App."V" AS SELECT 1; CREATE VIEW V AS SELECT 1; CREATE VIEW "a""b" AS SELECT 1') == [
        "view app.V",
        "view v",
        'view a"b',
    ]


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TEMP VIEW v AS SELECT 1",
        "CREATE OR REPLACE TEMPORARY VIEW v AS SELECT 1",
        "CREATE VIEW pg_temp.v AS SELECT 1",
        "CREATE MATERIALIZED VIEW pg_temp.m AS SELECT 1",
        "CREATE TYPE pg_temp.t AS ENUM ('a')",
        "CREATE TYPE pg_temp.t AS (a int)",
        "CREATE TYPE pg_temp_3.t AS RANGE (subtype = int)",
        "CREATE DOMAIN pg_temp.d AS int",
        "CREATE FUNCTION pg_temp.f() RETURNS int RETURN 1",
        "CREATE AGGREGATE pg_temp.a(int) (SFUNC = f, STYPE = int)",
    ],
)
def test_what_is_temporary_is_refused(sql):
    found = problem(sql)
    assert found.message.startswith("a TEMPORARY ")
    assert (str(found.where), found.hint) == ("sql/a.sql:1:1", "Leave TEMPORARY out, or create it where it is used.")


def test_an_index_is_on_its_relation_and_in_its_schema():
    found = one("CREATE UNIQUE INDEX i ON app.m (lower(a) COLLATE app.de app.ops DESC) INCLUDE (b) WHERE app.f(c)")
    assert named(found.target) == "index app.i on table app.m"
    assert found.facts.relation == Target(Kind.TABLE, ("app", "m"))
    assert found.facts.unique
    assert references(found) == [
        "collation app.de",
        "operator_class app.ops",
        "relation app.m",
        "routine app.f",
        "routine lower",
    ]


def test_statistics_know_their_relation_and_functions():
    found = one("CREATE STATISTICS IF NOT EXISTS app.s (mcv, dependencies) ON b, a, (f(c)) FROM app.t")
    assert named(found.target) == "statistics app.s"
    assert found.facts.options == (("from", "app.t"), ("kinds", "dependencies, mcv"), ("on", "(f(c)), a, b"))
    assert references(found) == ["relation app.t", "routine f"]


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("CREATE INDEX ON t (a)", "an index under the code folder needs a name"),
        ("CREATE STATISTICS ON a, b FROM t", "statistics under the code folder need a name"),
        ("CREATE INDEX CONCURRENTLY i ON t (a)", "CREATE INDEX CONCURRENTLY does not belong under the code folder: it cannot run in a transaction"),
    ],
)  # fmt: skip
def test_indexes_and_statistics_that_nobody_could_declare(sql, message):
    assert problem(sql).message == message


def test_replacing_is_no_difference_of_the_object():
    first = one("CREATE VIEW v AS SELECT 1")
    other = one("CREATE OR REPLACE VIEW v AS SELECT 1")
    assert (first.target, first.facts) == (other.target, other.facts)


@pytest.mark.parametrize(
    ("sql", "name", "default"),
    [
        ("ALTER VIEW v ALTER a SET DEFAULT 1 + 1", "column_default a on table v", "1 + 1"),
        ('ALTER VIEW app.v ALTER COLUMN "A" SET DEFAULT f()', "column_default A on table app.v", "f()"),
        ("ALTER TABLE ONLY public.v ALTER COLUMN a SET DEFAULT 'x'", "column_default a on table public.v", "'x'"),
    ],
)
def test_defaults_of_view_columns(sql, name, default):
    found = one(sql)
    assert (named(found.target), dict(found.facts.options)) == (name, {"default": default})
    assert found.sql == sql


def test_the_default_of_a_view_column_refers_to_the_view_and_to_what_it_calls():
    found = one("ALTER VIEW app.v ALTER a SET DEFAULT app.f(1)::kind")
    assert references(found) == ["relation app.v", "routine app.f", "type kind", "~cast kind(kind)"]
