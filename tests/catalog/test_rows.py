"""What a change does to the rows of a view: counted, matched and sampled on a real server, nothing changed."""

from __future__ import annotations

import re

import psycopg
import pytest

import pgmg
from pgmg.errors import RowsError
from pgmg.model.naming.names import Kind, ObjectName
from pgmg.model.results.row_questions import ChangedRow, RowOptions

ACTIVE = ObjectName(Kind.VIEW, "active", "public")


@pytest.fixture
def shop(project):
    """Ten users of two regions, five of them active, and two views on them, all applied."""
    project.write(
        "migrations/001_users.sql",
        "CREATE TABLE users (id int PRIMARY KEY, name text, region text, active bool, doc json);"
        "INSERT INTO users SELECT n, 'user ' || n, CASE n % 2 WHEN 0 THEN 'north' ELSE 'south' END, n <= 5,"
        " json_build_object('n', n) FROM generate_series(1, 10) AS n;",
    )
    project.write("sql/views/active.sql", "CREATE VIEW active AS SELECT id, name, region FROM users WHERE active;")
    project.write(
        "sql/views/regions.sql", "CREATE VIEW regions AS SELECT region, count(*) AS n FROM active GROUP BY 1;"
    )
    project.apply()
    return project


def rows(case, *names, **options):
    with case.open() as opened:
        return opened.diff_rows(names, RowOptions(**options))


def row(case, *names, **options):
    (found,) = rows(case, *names, **options)
    return found


def said(found):
    return {note.code: note.message for note in found.notes}


def test_rows_are_matched_by_the_key_of_the_table_they_come_from(shop):
    shop.write(
        "sql/views/active.sql",
        "CREATE VIEW active AS SELECT id, upper(name) AS name, CASE id WHEN 4 THEN 'east' ELSE region END AS region"
        " FROM users WHERE id BETWEEN 3 AND 6;",
    )
    found = row(shop, "view.active")
    assert (found.before, found.after, found.key) == (5, 4, ("id",))
    assert (found.added, found.removed, found.changed) == (1, 2, 3)
    assert [(c.name, c.differing) for c in found.columns] == [("id", 0), ("name", 3), ("region", 1)]
    assert found.samples.added == (("6", "USER 6", "north"),)
    assert found.samples.removed == (("1", "user 1", "south"), ("2", "user 2", "north"))
    assert found.samples.changed[1] == ChangedRow(("4", "user 4", "north"), ("4", "USER 4", "east"))
    assert not found.is_same


def test_nothing_is_changed_and_no_table_is_left(shop):
    shop.write("sql/views/active.sql", "CREATE VIEW active AS SELECT id, name, region FROM users;")
    before = shop.dump()
    row(shop, "active")
    assert shop.dump() == before


def test_without_a_key_rows_are_compared_as_multisets(shop):
    shop.write(
        "sql/views/regions.sql",
        "CREATE VIEW regions AS SELECT region, count(*) AS n FROM users WHERE active GROUP BY 1;",
    )
    assert row(shop, "regions").is_same
    shop.write("sql/views/regions.sql", "CREATE VIEW regions AS SELECT region, count(*) AS n FROM users GROUP BY 1;")
    found = row(shop, "regions")
    assert (found.key, found.changed) == ((), None)
    assert (found.added, found.removed) == (2, 2)
    assert found.samples.added == (("north", "5"), ("south", "5"))
    assert found.samples.removed == (("north", "2"), ("south", "3"))
    assert [(c.name, c.differing) for c in found.columns] == [("region", 0), ("n", 2)]


def test_multisets_count_how_often_a_row_comes(shop):
    shop.write("sql/views/regions.sql", "CREATE VIEW regions AS SELECT region, 0::bigint AS n FROM active;")
    shop.apply()
    shop.write(
        "sql/views/regions.sql", "CREATE VIEW regions AS SELECT region, 0::bigint AS n FROM active WHERE id < 5;"
    )
    found = row(shop, "regions")
    assert (found.before, found.after, found.added, found.removed) == (5, 4, 0, 1)


def test_a_key_can_be_given(shop):
    shop.write("sql/views/regions.sql", "CREATE VIEW regions AS SELECT region, count(*) AS n FROM users GROUP BY 1;")
    found = row(shop, "regions", key=("region",))
    assert (found.key, found.added, found.removed, found.changed) == (("region",), 0, 0, 2)


def test_a_given_key_that_no_longer_tells_rows_apart_is_said(shop):
    shop.write(
        "sql/views/active.sql",
        "CREATE VIEW active AS SELECT u.id, u.name, u.region FROM users u JOIN users o USING (region) WHERE u.active;",
    )
    found = row(shop, "active", key=("id",))
    assert (found.before, found.after, found.key) == (5, 25, ())
    assert (
        said(found)["key-not-unique"] == "id does not tell rows apart: 20 rows repeat a value of it after the change."
    )
    assert said(row(shop, "active")) == said(found)  # the same where the key was found


def test_a_key_that_is_no_column_of_both_is_an_error(shop):
    shop.write("sql/views/active.sql", "CREATE VIEW active AS SELECT id, name FROM users;")
    with pytest.raises(RowsError, match="region cannot be a key") as error:
        row(shop, "active", key=("region",))
    assert error.value.hint == "Both have id, name."


def test_a_key_of_several_columns_is_found(project):
    project.write(
        "migrations/001.sql",
        "CREATE TABLE t (a int, b int, c int, UNIQUE (b, a)); INSERT INTO t VALUES (1, 1, 1), (1, 2, 2);",
    )
    project.write("sql/v.sql", "CREATE VIEW v AS SELECT c, a, b AS second FROM t;")
    project.apply()
    project.write("sql/v.sql", "CREATE VIEW v AS SELECT c + a AS c, a, b AS second FROM t;")
    found = row(project, "v")
    assert (found.key, found.changed) == (("second", "a"), 2)


def test_pending_changes_of_views_that_are_read_are_taken_along(shop):
    shop.write("sql/views/active.sql", "CREATE VIEW active AS SELECT id, name, region FROM users;")
    found = row(shop, "view.regions")
    assert found.change is None
    assert found.inlined == (ACTIVE,)
    assert found.samples.added == (("north", "5"), ("south", "5"))
    shop.apply()
    assert sorted(shop.rows("SELECT region, n::text FROM regions")) == list(found.samples.added)


def test_a_new_view_in_between_is_taken_along_too(shop):
    shop.write("sql/views/north.sql", "CREATE VIEW north AS SELECT * FROM active WHERE region = 'north';")
    shop.write("sql/views/regions.sql", "CREATE VIEW regions AS SELECT region, count(*) AS n FROM north GROUP BY 1;")
    found = row(shop, "regions", key=("region",))
    assert [str(name) for name in found.inlined] == ["view.north"]
    assert (found.before, found.after, found.removed) == (2, 1, 1)


def test_without_names_every_view_that_changes_is_compared(shop):
    shop.write("sql/views/active.sql", "CREATE VIEW active AS SELECT id, name, region FROM users;")
    shop.write("sql/views/new.sql", "CREATE VIEW newest AS SELECT max(id) AS id FROM active;")
    shop.remove("sql/views/regions.sql")
    found = {str(one.object): one for one in rows(shop)}
    assert list(found) == ["view.active", "view.newest", "view.regions"]
    new, gone = found["view.newest"], found["view.regions"]
    assert (new.before, new.after, new.added, new.samples.added) == (None, 1, 1, (("10",),))
    assert (gone.before, gone.after, gone.removed) == (2, None, 2)


def test_columns_that_come_go_and_change_their_type_are_told(shop):
    shop.write(
        "sql/views/active.sql",
        "CREATE VIEW active AS SELECT id::bigint AS id, name, doc, now() AS at FROM users WHERE active;",
    )
    found = row(shop, "active")
    told = {c.name: (c.before, c.after, c.differing, c.as_text) for c in found.columns}
    assert told == {
        "id": ("integer", "bigint", 0, True),
        "name": ("text", "text", 0, False),
        "doc": (None, "json", None, False),
        "at": (None, "timestamp with time zone", None, False),
        "region": ("text", None, None, False),
    }
    assert (found.key, found.changed) == (("id",), 0)


@pytest.mark.parametrize(
    ("type_", "one", "other"),
    [
        ("json", '{"a": 1}', '{"a": 2}'),
        ("point", "(1,2)", "(3,4)"),
        ("point[]", "{(1\\,2)}", "{}"),
        ("spot", "(1,2)", "(3,4)"),
        ("pair", '("(1,2)",1)', '("(1,2)",2)'),
    ],
)
def test_types_without_equality_are_compared_by_their_text(project, type_, one, other):
    project.do("CREATE DOMAIN spot AS point", "CREATE TYPE pair AS (at point, n int)")
    for sql in (f"'{one}'::{type_}", f"'{other}'::{type_}"):
        project.write("sql/v.sql", f"CREATE VIEW v AS SELECT {sql} AS it, 1 AS id;")
        if not project.value("SELECT to_regclass('v')"):
            project.apply()
    for key in ((), ("id",)):
        found = row(project, "v", key=key)
        assert [(c.name, c.differing, c.as_text) for c in found.columns] == [("it", 1, True), ("id", 0, False)]


@pytest.mark.parametrize(
    "type_", ["int[]", "jsonb", "varchar(9)", "numeric", "int4range", "name", "regclass", "cidr", "xml"]
)
def test_types_that_can_be_compared_are(project, type_):
    project.write("sql/v.sql", f"CREATE VIEW v AS SELECT NULL::{type_} AS it, 1 AS id;")
    project.apply()
    project.write("sql/v.sql", f"CREATE VIEW v AS SELECT NULL::{type_} AS it, 1 AS id WHERE true;")
    found = row(project, "v")
    assert (found.is_same, found.columns[0].as_text) == (True, type_ == "xml")


ALIKE = {
    # values before, values after: the server's own hashes are the same, whether the values are or not
    "numeric": (["1.5", "2", "0", "100", "NaN", "Infinity"], ["-1.5", "2.00", "0.0", "1e2", "NaN", "-Infinity"]),
    "price": (["1.5", "2"], ["-1.5", "2.00"]),
    "bigint": (["0", "-1", "7"], ["4294967297", "4294967295", "7"]),
    "timestamp": (["2000-01-01", "2024-05-06"], ["2000-01-01 01:11:34.967297", "2024-05-06"]),
    "timestamptz": (["2000-01-01 00:00Z", "infinity"], ["2000-01-01 01:11:34.967297Z", "infinity"]),
    "time": (["00:00", "10:00"], ["01:11:34.967297", "10:00"]),
    "xid8": (["0", "7"], ["4294967297", "7"]),
    "pg_lsn": (["0/0", "0/7"], ["1/1", "0/7"]),
    "count_of": (["0", "7"], ["4294967297", "7"]),
    "float8": (["0", "1.5"], ["-0", "-1.5"]),
    "interval": (["1 mon", "1 day"], ["30 days", "-1 day"]),
    "char(4)": (["a", "b"], ["a ", "c"]),
    "jsonb": (['{"a": 1, "b": [2.0]}', "-3", '{"x": -1, "y": 1}'], ['{"b": [2.00], "a": 1}', "3", '{"x": 1, "y": -1}']),
    "numeric[]": (["{1,-2}", "{3.0}"], ["{-1,2}", "{3.00}"]),
    "bigint[]": (["{0}", "{5}"], ["{4294967297}", "{5}"]),
    "numrange": (["[1.0,2)", "[-3,4)"], ["[1.00,2)", "[3,4)"]),
    "tsrange": (["[2000-01-01,2000-01-02)", "empty"], ["[2000-01-01,2000-01-02 01:11:34.967297)", "empty"]),
    "cost": (["(1.0,0,a)", "(-2,1,b)"], ["(1.00,-0,a)", "(2,1,b)"]),
    "span": (["(0,x)", "(1,x)"], ["(4294967297,x)", "(1,x)"]),
}


def test_values_are_told_apart_as_the_server_tells_them_apart(project):
    """One column of each type; the server's own comparison of each column says how many values differ."""
    project.do(
        "CREATE DOMAIN price AS numeric(8,2)",
        "CREATE DOMAIN count_of AS bigint",
        "CREATE TYPE cost AS (n numeric, f float8, t text)",
        "CREATE TYPE span AS (n bigint, t text)",
    )

    def write(side):
        listed = []
        for number, (type_, values) in enumerate(ALIKE.items()):
            cases = " ".join(f"WHEN {n} THEN '{value}'::{type_}" for n, value in enumerate(values[side], 1))
            listed.append(f"CASE g {cases} END AS c{number}")
        return f"SELECT {', '.join(listed)} FROM generate_series(1, 6) AS g"

    project.write("sql/v.sql", f"CREATE VIEW v AS {write(0)};")
    project.apply()
    project.write("sql/v.sql", f"CREATE VIEW v AS {write(1)};")
    found = row(project, "v")
    project.do(f"CREATE TABLE was AS {write(0)}", f"CREATE TABLE becomes AS {write(1)}")
    for (type_, _), column in zip(ALIKE.items(), found.columns, strict=True):
        name = column.name
        more = f"SELECT {name} FROM becomes EXCEPT ALL SELECT {name} FROM was"
        assert column.differing == project.value(f"SELECT count(*) FROM ({more}) AS x"), type_
        assert not column.as_text, type_


NOTHINGS = (
    "0",
    "",
    "{}",
    "NaN",
    "-0",
    "2000-01-01",
    "epoch",
    "1970-01-01",
    "00:00",
    "0/0",
    "0.0.0.0",
    "[]",
    "empty",
    "(,)",
)
"""Values whose hash may be the seed itself, or that of nothing."""
HASHED = """SELECT format_type(t.oid, NULL) FROM pg_type t
WHERE t.typtype IN ('b', 'r', 'm') AND t.typnamespace = 'pg_catalog'::regnamespace AND t.typname !~ '^(reg|_?pg_|_?acl|_?gts|_cstring)'
  AND EXISTS (SELECT FROM pg_opclass o JOIN pg_am a ON a.oid = o.opcmethod
              WHERE a.amname = 'hash' AND o.opcdefault AND (o.opcintype = t.oid OR t.typtype IN ('r', 'm') OR t.typelem > 0))
ORDER BY 1"""


@pytest.mark.parametrize("wrapped", ["{}", "ROW({})::one_{}", "ARRAY[{}]"])
def test_no_value_of_any_type_is_taken_for_null(project, wrapped):
    """The server's own comparison is the measure: no value is NULL."""
    values = []
    with psycopg.connect(project.dsn, autocommit=True) as conn:
        for number, (type_,) in enumerate(conn.execute(HASHED).fetchall()):
            if wrapped.startswith("ARRAY") and type_.endswith("[]"):
                continue
            conn.execute(f"CREATE TYPE one_{number} AS (v {type_})")
            for text in NOTHINGS:
                pair = [wrapped.format(value, number) for value in (f"'{text}'::{type_}", f"NULL::{type_}")]
                try:
                    conn.execute(f"SELECT {pair[0]}")
                except psycopg.Error:
                    continue
                values.append(pair)
    assert len(values) > 100
    lists = [[f"{pair[side]} AS v{n}" for n, pair in enumerate(values)] for side in (0, 1)]
    project.write("sql/v.sql", f"CREATE VIEW v AS SELECT {', '.join(lists[0])};")
    project.apply()
    project.write("sql/v.sql", f"CREATE VIEW v AS SELECT {', '.join(lists[1])};")
    found = row(project, "view.v")
    assert (found.added, found.removed) == (1, 1)
    same = [pair[0] for pair, column in zip(values, found.columns, strict=True) if column.differing != 1]
    assert same == []


@pytest.mark.parametrize(
    "wrapped", ["{}", "ROW({})::around_{}", "ROW({}, 1)::beside_{}", "ARRAY[{}]", "ARRAY[{}, NULL]"]
)
def test_a_row_of_nothing_but_nulls_is_not_taken_for_null(project, wrapped):
    """The server tells them apart, though `IS NULL` is true of both."""
    types = ["integer", "text", "numeric", "float8", "bigint", "jsonb", "timestamptz", "bigint[]", "uuid", "int4range"]
    for number, type_ in enumerate(types):
        project.do(
            f"CREATE TYPE one_{number} AS (v {type_}, w {type_})",
            f"CREATE TYPE around_{number} AS (o one_{number})",
            f"CREATE TYPE beside_{number} AS (o one_{number}, n integer)",
        )
    pairs = [
        [wrapped.format(value, number) for value in (f"ROW(NULL, NULL)::one_{number}", f"NULL::one_{number}")]
        for number in range(len(types))
    ]
    lists = [", ".join(f"{pair[side]} AS v{n}" for n, pair in enumerate(pairs)) for side in (0, 1)]
    project.write("sql/v.sql", f"CREATE VIEW v AS SELECT {lists[0]};")
    project.apply()
    project.write("sql/v.sql", f"CREATE VIEW v AS SELECT {lists[1]};")
    found = row(project, "view.v")
    assert (found.added, found.removed) == (1, 1)
    same = [type_ for type_, column in zip(types, found.columns, strict=True) if column.differing != 1]
    assert same == []


def test_large_views_are_sampled_by_hash_and_that_is_said(project):
    project.write(
        "migrations/001.sql",
        "CREATE TABLE t (id int PRIMARY KEY, n numeric); INSERT INTO t SELECT g, g FROM generate_series(1, 4000) g;",
    )
    project.write("sql/v.sql", "CREATE VIEW v AS SELECT id, n FROM t;")
    project.apply()
    project.write("sql/v.sql", "CREATE VIEW v AS SELECT id, n * 1.00 + (id % 2) AS n FROM t;")
    found = row(project, "v", limit=500)
    assert (found.before, found.after, found.one_in, found.key) == (4000, 4000, 8, ("id",))
    assert (found.added, found.removed) == (0, 0)
    assert 100 < found.changed < 400
    everything = row(project, "v", limit=0)
    assert (everything.one_in, everything.changed) == (1, 2000)
    project.write("sql/v.sql", "CREATE VIEW v AS SELECT id, n * 1.00 AS n FROM t;")
    assert row(project, "v", limit=500).is_same


def test_a_materialized_view_is_compared_with_the_rows_it_holds(shop):
    shop.write("sql/m.sql", "CREATE MATERIALIZED VIEW m AS SELECT id, name FROM users WHERE active;")
    shop.apply()
    shop.do("UPDATE users SET name = 'renamed' WHERE id = 1")
    shop.write("sql/m.sql", "CREATE MATERIALIZED VIEW m AS SELECT id, name FROM users WHERE id < 4;")
    found = row(shop, "m")
    assert (found.before, found.after, found.removed, found.changed) == (5, 3, 2, 1)


def test_a_materialized_view_that_was_never_filled_has_nothing_to_compare_with(shop):
    shop.write("sql/m.sql", "CREATE MATERIALIZED VIEW m AS SELECT id FROM users WITH NO DATA;")
    shop.apply()
    shop.write("sql/m.sql", "CREATE MATERIALIZED VIEW m AS SELECT id + 1 AS id FROM users WITH NO DATA;")
    found = row(shop, "m")
    assert (found.before, found.after, found.added) == (None, 10, 10)
    assert "never been filled" in said(found)["unpopulated"]


def test_rows_that_a_materialized_view_holds_are_read_and_that_is_said(shop):
    shop.write("sql/m.sql", "CREATE MATERIALIZED VIEW m AS SELECT region FROM active;")
    shop.write("sql/on_m.sql", "CREATE VIEW on_m AS SELECT count(*) AS n FROM m;")
    shop.apply()
    shop.write("sql/views/active.sql", "CREATE VIEW active AS SELECT id, name, region FROM users;")
    found = row(shop, "on_m")
    assert found.is_same
    assert "materialized_view.m is read with the rows it has" in said(found)["as-it-stands"]


def test_functions_between_a_view_and_what_changes_are_followed(shop):
    shop.write("sql/f.sql", "CREATE FUNCTION f() RETURNS bigint LANGUAGE sql STABLE AS 'SELECT count(*) FROM active';")
    shop.write("sql/g.sql", "CREATE FUNCTION g() RETURNS bigint LANGUAGE sql STABLE RETURN f() + 1;")
    shop.write("sql/v.sql", "CREATE VIEW v AS SELECT f() AS n, g() AS more;")
    shop.apply()
    shop.write("sql/views/active.sql", "CREATE VIEW active AS SELECT id, name, region FROM users;")
    found = row(shop, "v")
    assert (found.samples.added, found.samples.removed) == ((("10", "11"),), (("5", "6"),))
    assert [str(name) for name in found.inlined] == ["function.f()", "function.g()", "view.active"]
    shop.apply()
    shop.write("sql/f.sql", "CREATE FUNCTION f() RETURNS bigint LANGUAGE sql STABLE AS 'SELECT 0::bigint';")
    assert row(shop, "v").samples.added == (("0", "1"),)


def test_what_is_declared_nowhere_is_followed(shop):
    shop.do(
        "CREATE VIEW by_hand AS SELECT * FROM active",
        "CREATE FUNCTION counted() RETURNS bigint LANGUAGE sql STABLE AS 'SELECT count(*) FROM public.by_hand'",
    )
    shop.write("sql/v.sql", "CREATE VIEW v AS SELECT count(*) AS n, max(counted()) AS m FROM by_hand;")
    shop.apply()
    shop.write("sql/views/active.sql", "CREATE VIEW active AS SELECT id, name, region FROM users;")
    assert row(shop, "v").samples.added == (("10", "10"),)


@pytest.mark.parametrize(
    "function",
    [
        "CREATE FUNCTION nf(n integer) RETURNS integer LANGUAGE sql AS 'SELECT n * 10';",
        "CREATE FUNCTION nf(n integer) RETURNS integer LANGUAGE plpgsql AS $$BEGIN RETURN n * 10; END$$;",
        "CREATE FUNCTION nf(n integer) RETURNS integer LANGUAGE sql BEGIN ATOMIC SELECT n * 10; END;",
    ],
)
def test_a_new_function_that_a_pending_view_calls_is_there_for_the_question(shop, function):
    shop.write("sql/f.sql", function)
    shop.write(
        "sql/views/active.sql", "CREATE VIEW active AS SELECT nf(id) AS id, name, region FROM users WHERE active;"
    )
    before = shop.dump()
    found = row(shop, "active", key=("name",))
    assert (found.changed, found.samples.changed[0]) == (
        5,
        ChangedRow(("1", "user 1", "south"), ("10", "user 1", "south")),
    )
    assert row(shop, "regions").is_same
    assert shop.dump() == before
    assert shop.value("SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'pg_temp%'") == 0


def test_new_types_and_aggregates_are_there_for_the_question(shop):
    shop.write("sql/kind.sql", "CREATE TYPE kind AS ENUM ('small', 'large');")
    shop.write("sql/pair.sql", "CREATE TYPE pair AS (a integer, b kind);")
    shop.write("sql/whole.sql", "CREATE DOMAIN whole AS integer CHECK (VALUE >= 0);")
    shop.write(
        "sql/step.sql", "CREATE FUNCTION step(integer, integer) RETURNS integer LANGUAGE sql AS 'SELECT $1 + $2';"
    )
    shop.write("sql/total.sql", "CREATE AGGREGATE total(integer) (SFUNC = step, STYPE = integer, INITCOND = '0');")
    shop.write(
        "sql/v.sql",
        "CREATE VIEW v AS SELECT 'small'::kind AS k, (ROW(1, 'large')::pair).b AS b, total(id)::whole AS n FROM users;",
    )
    found = row(shop, "v")
    assert found.samples.added == (("small", "large", "55"),)
    assert [column.after for column in found.columns] == ["kind", "kind", "whole"]


@pytest.mark.parametrize(
    ("query", "said_to_change"),
    [
        ("SELECT id, random() AS name FROM users", "random() gives"),
        ("SELECT id, now() AS name, CURRENT_DATE AS region FROM users", "CURRENT_DATE, now() give"),
        ("SELECT id FROM users TABLESAMPLE bernoulli (50)", "TABLESAMPLE gives"),
        ("SELECT id FROM users TABLESAMPLE bernoulli (50) REPEATABLE (1)", None),
        ("SELECT id, drawn(id) AS name FROM users", "gen_random_uuid() gives"),
        ("SELECT id, fixed(id) AS name FROM users", None),
        ("SELECT id, rolled AS name FROM dice", "random() gives"),
        ("SELECT id, rolled AS name FROM rolled_dice", None),
        ("SELECT id, at AS name FROM hours", "CURRENT_TIMESTAMP, TABLESAMPLE give"),
        ("SELECT id, upper(name) || 'random()' AS name FROM users", None),
    ],
)
def test_functions_that_give_another_value_each_time_are_named(shop, query, said_to_change):
    shop.do(
        "CREATE FUNCTION drawn(n integer) RETURNS text LANGUAGE sql AS 'SELECT n || gen_random_uuid()::text'",
        "CREATE FUNCTION fixed(n integer) RETURNS text LANGUAGE plpgsql AS $$BEGIN RETURN n || 'x'; END$$",
        "CREATE VIEW dice AS SELECT id, random() AS rolled FROM users",
        "CREATE MATERIALIZED VIEW rolled_dice AS SELECT * FROM dice",
        "CREATE VIEW hours AS SELECT id, LOCALTIME AS at FROM users TABLESAMPLE system (100)",
    )
    shop.write("sql/views/active.sql", f"CREATE VIEW active AS {query};")
    shop.remove("sql/views/regions.sql")
    found = row(shop, "active", key=("id",))
    assert found.removed + found.added + found.changed > 0
    assert said(found).get("volatile", "").startswith(said_to_change or "")
    assert ("volatile" in said(found)) is (said_to_change is not None)


def test_a_type_that_changes_cannot_be_had_before_and_that_is_said(shop):
    shop.write("sql/kind.sql", "CREATE TYPE kind AS ENUM ('small', 'large');")
    shop.write("sql/v.sql", "CREATE VIEW v AS SELECT 'small'::kind AS k;")
    shop.apply()
    shop.write("sql/kind.sql", "CREATE TYPE kind AS ENUM ('large', 'small');")
    found = row(shop, "v")
    assert (found.before, found.after, found.is_same) == (None, None, False)
    assert "type.kind changes" in said(found)["unknown"]


def test_rows_are_read_with_the_rights_of_the_owner(shop):
    shop.do(
        "CREATE ROLE pgmg_test_holder",
        "GRANT SELECT ON users TO pgmg_test_holder",
        "ALTER TABLE users ENABLE ROW LEVEL SECURITY",
        "CREATE POLICY low ON users TO pgmg_test_holder USING (id < 4)",
        "ALTER VIEW active OWNER TO pgmg_test_holder",
    )
    try:
        assert shop.value("SELECT count(*) FROM active") == 3
        shop.write("sql/views/active.sql", "CREATE VIEW active AS SELECT id, name, region FROM users WHERE id > 1;")
        found = row(shop, "active")
        assert (found.before, found.after, found.removed) == (3, 2, 1)
        shop.apply()
        assert shop.value("SELECT count(*) FROM active") == 2
        with shop.open(connection_string=f"{shop.dsn} options='-c default_transaction_read_only=on'") as opened:
            shop.write("sql/views/active.sql", "CREATE VIEW active AS SELECT id, name, region FROM users;")
            (found,) = opened.diff_rows(["active"])
            assert (found.before, found.after, found.added) == (2, 3, 1)
    finally:
        shop.do(
            "ALTER VIEW active OWNER TO CURRENT_USER", "DROP OWNED BY pgmg_test_holder", "DROP ROLE pgmg_test_holder"
        )


def test_rows_that_only_the_owner_sees_are_not_counted_by_others(shop):
    shop.do(
        "CREATE ROLE pgmg_test_seer",
        "CREATE ROLE pgmg_test_blind",
        "GRANT SELECT ON users TO pgmg_test_seer, pgmg_test_blind",
        "ALTER TABLE users ENABLE ROW LEVEL SECURITY",
        "CREATE POLICY low ON users TO pgmg_test_seer USING (id < 4)",
        "CREATE POLICY high ON users TO pgmg_test_blind USING (id > 4)",
        "ALTER VIEW active OWNER TO pgmg_test_seer",
        "GRANT SELECT ON ALL TABLES IN SCHEMA public TO pgmg_test_blind",
    )
    try:
        shop.write("sql/views/active.sql", "CREATE VIEW active AS SELECT id, name, region FROM users WHERE id > 1;")
        with shop.open(connection_string=f"{shop.dsn} options='-c role=pgmg_test_blind'") as opened:
            (found,) = opened.diff_rows(["active"])
        assert (found.before, found.after) == (None, None)
        assert re.search(
            "cannot be created: must be (able to SET ROLE|member of role)", said(found)["unknown"]
        )  # from 16 on, and before
    finally:
        shop.do(
            "ALTER VIEW active OWNER TO CURRENT_USER",
            "DROP OWNED BY pgmg_test_seer, pgmg_test_blind",
            "DROP ROLE pgmg_test_seer, pgmg_test_blind",
        )


def test_locks_that_a_function_takes_do_not_stay(shop):
    shop.do("CREATE FUNCTION held() RETURNS int LANGUAGE sql AS 'SELECT 1 FROM (SELECT pg_advisory_lock(42)) AS l'")
    shop.write("sql/views/active.sql", "CREATE VIEW active AS SELECT held() AS id;")
    with shop.open() as opened:
        opened.diff_rows(["active"])
        assert shop.value("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 42") == 0


def test_a_view_that_is_to_be_deleted_is_read_as_it_stands(shop):
    shop.remove("sql/views/active.sql")
    assert "view.active is to be deleted" in said(row(shop, "regions"))["as-it-stands"]


def test_a_table_of_the_name_of_a_new_view_is_what_there_is_now(shop):
    shop.do("CREATE TABLE newest AS SELECT 1 AS id")
    shop.write("sql/newest.sql", "CREATE VIEW newest AS SELECT id FROM users;")
    found = row(shop, "newest")
    assert (found.before, found.after) == (1, 10)
    assert said(found)["other-kind"] == "What is there now is a table."


def test_views_in_a_circle_are_an_error(project):
    project.write("sql/a.sql", "CREATE VIEW a AS SELECT 1 AS n FROM b;")
    project.write("sql/b.sql", "CREATE VIEW b AS SELECT 1 AS n FROM a;")
    with pytest.raises(pgmg.CycleError, match="reads itself"):
        row(project, "a")


def test_views_under_different_search_paths_are_inlined(project):
    project.do("CREATE SCHEMA app", "CREATE TABLE app.t (id int PRIMARY KEY)", "INSERT INTO app.t VALUES (1), (2)")
    project.write("sql/a.sql", "SET search_path = app;\nCREATE VIEW a AS SELECT id FROM t WHERE id = 1;")
    project.write("sql/b.sql", "CREATE VIEW b AS SELECT id FROM app.a;")
    project.apply()
    project.write("sql/a.sql", "SET search_path = app;\nCREATE VIEW a AS SELECT id FROM t;")
    found = row(project, "b")
    assert (found.before, found.after) == (1, 2)
    assert said(found) == {}


def test_a_materialized_view_that_is_to_change_is_computed_anew(shop):
    shop.write("sql/m.sql", "CREATE MATERIALIZED VIEW m AS SELECT region FROM active;")
    shop.write("sql/on_m.sql", "CREATE VIEW on_m AS SELECT count(*) AS n FROM m;")
    shop.apply()
    shop.write("sql/m.sql", "CREATE MATERIALIZED VIEW m AS SELECT region FROM active WHERE id < 3;")
    found = row(shop, "on_m")
    assert [str(name) for name in found.inlined] == ["materialized_view.m"]
    assert found.samples.added == (("2",),)


def test_two_columns_of_one_name_are_an_error(shop):
    shop.write("sql/views/active.sql", "CREATE VIEW active AS SELECT id, id FROM users;")
    with pytest.raises(RowsError, match="two columns are called id"):
        row(shop, "active")


def test_without_a_common_column_no_row_stays(shop):
    shop.write("sql/views/regions.sql", "CREATE VIEW regions AS SELECT 1 AS one;")
    found = row(shop, "regions")
    assert (found.before, found.after, found.added, found.removed) == (2, 1, 1, 2)
    assert "no column in common" in said(found)["no-common-column"]


def test_rights_that_are_missing_are_told(shop):
    shop.do(
        "CREATE ROLE pgmg_reader",
        "GRANT SELECT ON ALL TABLES IN SCHEMA public TO pgmg_reader",
        "REVOKE ALL ON users FROM pgmg_reader",
    )
    try:
        shop.write("sql/views/active.sql", "CREATE VIEW active AS SELECT id, name, region FROM users;")
        with (
            shop.open(connection_string=f"{shop.dsn} options='-c role=pgmg_reader'") as opened,
            pytest.raises(RowsError) as error,
        ):
            opened.diff_rows(["active"])
        assert "your own rights" in error.value.hint
    finally:
        shop.do("DROP OWNED BY pgmg_reader", "DROP ROLE pgmg_reader")


def test_a_query_that_needs_a_pending_migration_says_so(shop):
    shop.write("migrations/002_born.sql", "ALTER TABLE users ADD COLUMN born date;")
    shop.write("sql/views/active.sql", "CREATE VIEW active AS SELECT id, name, born FROM users;")
    with pytest.raises(RowsError, match='column "born" does not exist') as error:
        row(shop, "active")
    assert "002_born.sql" in error.value.hint
    assert str(error.value.where) == "sql/views/active.sql:1:1"
    shop.write("sql/views/active.sql", "CREATE VIEW active AS SELECT id, name FROM users;")
    assert "002_born.sql" in said(row(shop, "active"))["migration-pending"]


def test_what_takes_too_long_is_stopped_and_the_way_out_is_said(shop):
    shop.write("sql/views/active.sql", "CREATE VIEW active AS SELECT id, name, region FROM users, pg_sleep(1);")
    with pytest.raises(RowsError, match="in the time allowed") as error, shop.open(statement_timeout="100ms") as opened:
        opened.diff_rows(["active"])
    assert "--statement-timeout" in error.value.hint


def test_one_view_that_fails_does_not_hide_the_others(shop):
    shop.write(
        "sql/views/active.sql", "CREATE VIEW active AS SELECT id, name, region FROM users WHERE 1 / (id - id) = 1;"
    )
    shop.write("sql/views/other.sql", "CREATE VIEW other AS SELECT 1 AS n;")
    failed, other = rows(shop, "active", "other")
    assert "division by zero" in said(failed)["failed"]
    assert other.after == 1


def test_a_function_that_writes_is_refused_by_the_transaction(shop):
    shop.do("CREATE FUNCTION write() RETURNS int LANGUAGE sql AS 'DELETE FROM users RETURNING id'")
    shop.write("sql/views/active.sql", "CREATE VIEW active AS SELECT write() AS id;")
    with pytest.raises(RowsError, match="read-only transaction"):
        row(shop, "active")
    assert shop.value("SELECT count(*) FROM users") == 10


def test_only_views_have_rows_and_names_must_be_known(shop):
    shop.write("sql/f.sql", "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';")
    with pytest.raises(pgmg.PgmgError, match="has no rows to compare"):
        rows(shop, "f")
    with pytest.raises(pgmg.UnknownObjectError):
        rows(shop, "nothing")


def test_names_that_need_quotes_in_a_schema_of_their_own(project):
    project.do('CREATE SCHEMA "My App"', 'CREATE TABLE "My App"."T 1" ("Id" int PRIMARY KEY, "a""b" text)')
    project.do("""INSERT INTO "My App"."T 1" VALUES (1, '{}%s'), (2, NULL)""")
    project.write("sql/a.sql", 'CREATE VIEW "My App"."V" AS SELECT "Id", "a""b" FROM "My App"."T 1" WHERE "Id" = 1;')
    project.write("sql/b.sql", 'SET search_path = "My App";\nCREATE VIEW "W" AS SELECT "V"."Id", "V"."a""b" FROM "V";')
    project.apply()
    project.write("sql/a.sql", 'CREATE VIEW "My App"."V" AS SELECT "Id", "a""b" FROM "My App"."T 1";')
    found = row(project, '"My App"."W"')
    assert (found.before, found.after, found.added, found.removed) == (1, 2, 1, 0)
    assert found.samples.added == (("2", None),)
    project.write(
        "sql/b.sql",
        'SET search_path = "My App";\nCREATE VIEW "W" AS SELECT "V"."Id", "V"."a""b" || 1 AS "a""b" FROM "V";',
    )
    assert row(project, '"My App"."W"').after == 2


def test_long_values_are_cut_and_null_is_told_from_its_spelling(project):
    project.write(
        "sql/v.sql", "CREATE VIEW v AS SELECT repeat('x', 1000) AS long, NULL::text AS nothing, 'NULL' AS word;"
    )
    found = row(project, "v")
    ((long, nothing, word),) = found.samples.added
    assert (len(long), long[-1], nothing, word) == (201, "…", None, "NULL")


def test_a_preview_shows_the_first_rows_of_what_is_pending(shop):
    shop.write("sql/views/active.sql", "CREATE VIEW active AS SELECT id, region FROM users ORDER BY id DESC;")
    with shop.open() as opened:
        found = opened.preview(ACTIVE, 2)
        assert opened.preview(ObjectName(Kind.FUNCTION, "f", "public", ()), 2) is None
        assert not opened.preview(ACTIVE, 10).more
    assert (found.columns, found.types) == (("id", "region"), ("integer", "text"))
    assert (found.rows, found.more) == ((("10", "north"), ("9", "south")), True)


def test_rows_without_columns_are_told_by_their_number(project):
    project.write("migrations/001.sql", "CREATE TABLE t (id integer);\nINSERT INTO t SELECT generate_series(1, 5);")
    project.write("sql/zero.sql", "CREATE VIEW zero AS SELECT FROM t;")
    project.apply()
    project.write("sql/zero.sql", "CREATE VIEW zero AS SELECT FROM t WHERE id > 3;")
    with project.open() as opened:
        (found,) = opened.diff_rows()
    assert (found.before, found.after, found.added, found.removed) == (5, 2, 0, 3)
