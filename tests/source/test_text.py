import pytest

from pgmg.model.secrets import mask_secrets as mask_passwords
from pgmg.source import normal_form, or_replace, plain_create, same_but_formatting, without_data
from pgmg.source.grammar.rewriting import data_clause


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("CREATE VIEW v AS SELECT 1", "CREATE OR REPLACE VIEW v AS SELECT 1"),
        ("create /* a */ view v", "create OR REPLACE /* a */ view v"),
        ("-- why\nCREATE FUNCTION f()", "-- why\nCREATE OR REPLACE FUNCTION f()"),
        ("CREATE RECURSIVE VIEW v", "CREATE OR REPLACE RECURSIVE VIEW v"),
        ("create or  replace view v", "create or  replace view v"),
        ("SELECT 1", "SELECT 1"),
        ("CREATE", "CREATE"),
        ("", ""),
    ],
)
def test_or_replace_changes_nothing_else(sql, expected):
    assert or_replace(sql) == expected


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("CREATE OR REPLACE VIEW v AS SELECT 1", "CREATE VIEW v AS SELECT 1"),
        ("create or /* a */ replace\nfunction f()", "create function f()"),
        ("CREATE MATERIALIZED VIEW IF NOT EXISTS m AS SELECT 1", "CREATE MATERIALIZED VIEW m AS SELECT 1"),
        ("CREATE UNIQUE INDEX IF  NOT\nEXISTS i ON t (a)", "CREATE UNIQUE INDEX i ON t (a)"),
        ("CREATE VIEW v AS SELECT 1 WHERE x IS NULL", "CREATE VIEW v AS SELECT 1 WHERE x IS NULL"),
        ("CREATE FUNCTION f() AS 'if not exists (x)'", "CREATE FUNCTION f() AS 'if not exists (x)'"),
        ("CREATE FUNCTION f(a int) RETURN IF NOT EXISTS x", "CREATE FUNCTION f(a int) RETURN IF NOT EXISTS x"),
    ],
)
def test_plain_create_takes_out_what_only_says_how(sql, expected):
    assert plain_create(sql) == expected


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("CREATE MATERIALIZED VIEW m AS SELECT 1", None),
        ("CREATE MATERIALIZED VIEW m AS SELECT 1 WITH DATA", True),
        ("CREATE MATERIALIZED VIEW m AS SELECT 1\nwith /* a */ no\ndata -- b", False),
        ("CREATE MATERIALIZED VIEW m AS SELECT 1 -- WITH DATA", None),
    ],
)
def test_without_data_replaces_whatever_was_said(sql, said):
    assert data_clause(sql)[1] is said
    assert without_data(sql) == "CREATE MATERIALIZED VIEW m AS SELECT 1\nWITH NO DATA"


def test_a_column_called_data_is_no_clause():
    sql = "CREATE MATERIALIZED VIEW m AS SELECT a AS data FROM t"
    assert without_data(sql) == f"{sql}\nWITH NO DATA"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("SELECT A, 'b' -- c", "select\n a,'b'"),
        ("/* a /* b */ */ SELECT a.b", "SELECT a . b"),
        ("SELECT $$ a $$", "SELECT /* x */ $$ a $$"),
        ('SELECT "A"', 'SELECT\t"A"'),
    ],
)
def test_formatting_makes_no_difference(one, other):
    assert same_but_formatting(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("SELECT 'a'", "SELECT 'A'"),
        ('SELECT "A"', 'SELECT "a"'),
        ("SELECT $$ a $$", "SELECT $$ a  $$"),
        ("SELECT 'a -- b'", "SELECT 'a'"),
        ("CREATE TYPE e AS ENUM ('a')", "CREATE TYPE e AS ENUM ('a') -- pgmg: rename 'b' to 'a'"),
        ("SELECT Ä", "SELECT ä"),
        ("SELECT a b", "SELECT ab"),
        ("SELECT a @ - b", "SELECT a @- b"),
    ],
)
def test_what_means_something_makes_a_difference(one, other):
    assert not same_but_formatting(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("CREATE INDEX i ON t (a)", "CREATE INDEX IF NOT EXISTS i ON ONLY public.t USING btree (a ASC)"),
        (
            "CREATE INDEX CONCURRENTLY i ON t (a) WITH (fillfactor = 70)",
            "CREATE INDEX i ON t (a) WITH (fillfactor='70')",
        ),
        ("CREATE OR REPLACE VIEW v AS SELECT 'a'", "CREATE VIEW app.v AS SELECT ('a'::text)"),
        ("CREATE STATISTICS s ON b, a FROM t", "CREATE STATISTICS public.s ON a, b FROM t"),
        (
            "CREATE TRIGGER a BEFORE INSERT ON t EXECUTE FUNCTION f()",
            "create trigger a before insert on t execute procedure app.f()",
        ),
        ("not  sql", "not /* a */ sql"),
    ],
)
def test_the_normal_form_is_that_of_source_and_catalog(one, other):
    assert normal_form(one) == normal_form(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("CREATE INDEX i ON t (a)", "CREATE INDEX i ON t (a DESC)"),
        ("CREATE INDEX i ON t (a)", "CREATE UNIQUE INDEX i ON t (a)"),
        ("CREATE INDEX i ON t (a) WHERE a = 1", "CREATE INDEX i ON t (a) WHERE a = 2"),
        ("SELECT 'a'", "SELECT 'A'"),
    ],
)
def test_the_normal_form_keeps_what_differs(one, other):
    assert normal_form(one) != normal_form(other)


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER ROLE r PASSWORD 'secret'",
        "ALTER ROLE r password 'secr''et' VALID UNTIL 'x'",
        "CREATE USER u ENCRYPTED PASSWORD E'secr\\'et'",
        "ALTER ROLE r PASSWORD U&'secret'",
        "ALTER ROLE r PASSWORD $$secret$$",
        "ALTER ROLE r PASSWORD $q$secret$q$",
        "ALTER ROLE r PASSWORD /* which */ 'secret'",
        "ALTER ROLE r PASSWORD -- which\n 'secret'",
        "DO $$ BEGIN EXECUTE 'ALTER ROLE r PASSWORD ''secret'''; END $$",
        "CREATE USER MAPPING FOR u SERVER s OPTIONS (user 'u', password 'secret')",
        "CREATE SUBSCRIPTION s CONNECTION 'host=h password=secret dbname=d' PUBLICATION p",
        "CREATE SUBSCRIPTION s CONNECTION 'postgresql://u:secret@h/d' PUBLICATION p",
        "postgres://u:se%63ret@h:5432/d?sslmode=require secret",
        "ALTER ROLE r PASSWORD 'secret",
        "host=h password = secret",
    ],
)
def test_passwords_are_never_shown(sql):
    masked = mask_passwords(sql).removesuffix(" secret")
    assert "********" in masked
    assert "se" + "cr" not in masked.replace("subscription", "")
    assert "%63" not in masked


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER ROLE r PASSWORD NULL",
        "SELECT password FROM users",
        "format('PASSWORD %L', x)",
        "https://a.b/c",
        "SELECT 'a:b@c'",
    ],
)
def test_what_is_no_password_stays(sql):
    assert mask_passwords(sql) == sql
