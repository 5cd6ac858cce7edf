"""Privileges on rows and routines that statements of migrations lack are foretold (rule 9.6).

The oracle is the server: each statement is executed as the role, under random privileges. Whatever is foretold is
refused, and what is refused is foretold where the statement is one that can be read.
"""

from __future__ import annotations

import os
import random
import re

import psycopg
import pytest

CASES = int(os.environ.get("PGMG_PRIVILEGES", "12")) * 10
TABLES = """
CREATE SCHEMA app;
CREATE TABLE app.t (a integer PRIMARY KEY, b integer, c text);
CREATE TABLE app.u (a integer, d text);
CREATE TABLE t (a integer PRIMARY KEY, b integer, c text) PARTITION BY RANGE (a);
CREATE TABLE t_low PARTITION OF t FOR VALUES FROM (0) TO (100);
CREATE TABLE guarded (a integer, b integer);
ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;
CREATE POLICY even ON guarded USING (a % 2 = 0);
CREATE TABLE silent (a integer, b integer);
CREATE RULE nothing AS ON INSERT TO silent DO INSTEAD NOTHING;
CREATE VIEW v AS SELECT a, b FROM app.t;
CREATE VIEW app.w AS SELECT a, b FROM t;
CREATE FUNCTION app.f() RETURNS integer LANGUAGE plpgsql AS 'BEGIN RETURN 1; END';
CREATE FUNCTION inlined(n integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT n + 1';
CREATE FUNCTION strictly(n integer) RETURNS integer LANGUAGE plpgsql STRICT IMMUTABLE AS 'BEGIN RETURN n; END';
CREATE PROCEDURE work() LANGUAGE plpgsql AS 'BEGIN END';
CREATE FUNCTION twice(integer) RETURNS integer LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION twice(text) RETURNS integer LANGUAGE sql AS 'SELECT 1';
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA public, app FROM PUBLIC;
REVOKE EXECUTE ON PROCEDURE work FROM PUBLIC;
"""
RELATIONS = {
    "app.t": ("a", "b"),
    "app.u": ("a",),
    "t": ("a", "b"),
    "v": ("a", "b"),
    "app.w": ("a", "b"),
    "guarded": ("a", "b"),
    "silent": ("a", "b"),
}
ROUTINES = ("app.f()", "inlined(integer)", "strictly(integer)", "work()", "twice(integer)", "twice(text)")
PLAIN = (
    "SELECT count(*) FROM {r}",
    "SELECT {c} FROM {r}",
    "SELECT x.{c} FROM {r} AS x WHERE x.a > 0",
    "SELECT * FROM {r}",
    "SELECT {c} FROM {r} ORDER BY 1 LIMIT 1",
    "SELECT 1 FROM {r} FOR UPDATE",
    "SELECT count(*) FROM {r}, {s}",
    "SELECT count(*) FROM {r} AS x CROSS JOIN {s} AS y",
    "SELECT count(*) FROM (SELECT FROM {r}) AS x",
    "SELECT (SELECT count(*) FROM {r})",
    "SELECT count(*) FROM {r} UNION ALL SELECT count(*) FROM {s}",
    "SELECT 1 WHERE EXISTS (SELECT FROM {r})",
    "INSERT INTO {r} ({c}) VALUES (7)",
    "INSERT INTO {r} (a) SELECT 8 FROM {s} WHERE false",
    "INSERT INTO {r} (a) VALUES (9) RETURNING a",
    "UPDATE {r} SET {c} = 5 WHERE false",
    "UPDATE {r} SET {c} = 5",
    "UPDATE {r} SET {c} = {c} + 1 WHERE a < 0",
    "UPDATE {r} AS x SET a = 1 WHERE x.{c} = 77",
    "DELETE FROM {r}",
    "DELETE FROM {r} WHERE {c} = 3",
    "DELETE FROM {r} AS x WHERE x.{c} = 3 RETURNING x.a",
    "SELECT app.f()",
    "SELECT inlined(1)",
    "SELECT inlined(a) FROM {r}",
    "SELECT strictly(1)",
    "SELECT app.f() = 1",
    "SELECT a + app.f() FROM {r}",
    "CALL work()",
    "UPDATE {r} SET a = app.f() WHERE false",
    "INSERT INTO {r} (a) VALUES (app.f())",
    "WITH x AS (DELETE FROM {r} RETURNING a) SELECT count(*) FROM x",
    "WITH x AS (SELECT FROM {r}) SELECT count(*) FROM {s}",
)
"""Statements whose needs are read in full; `{r}` and `{s}` are relations, `{c}` is a column of the first."""

TABLES_ALONE = (
    "TRUNCATE {r}",
    "INSERT INTO {r} (a, b) VALUES (1, 2) ON CONFLICT (a) DO UPDATE SET b = excluded.b",
    "INSERT INTO {r} (a) VALUES (1) ON CONFLICT DO NOTHING",
)
HIDDEN = (
    "SELECT CASE WHEN false THEN app.f() ELSE 1 END",
    "SELECT CASE WHEN false THEN (SELECT count(*) FROM {r}) ELSE 1 END",
    "SELECT coalesce(1, (SELECT 1 FROM {r} LIMIT 1))",
    "SELECT 1 WHERE false AND EXISTS (SELECT FROM {r})",
    "SELECT 1 WHERE 1 = 2 AND EXISTS (SELECT FROM {r})",
    "SELECT 1 WHERE NULL = (SELECT 1 FROM {r} LIMIT 1)",
    "SELECT app.f() FROM {r} WHERE false",
    "SELECT strictly(NULL)",
    "SELECT strictly(strictly(NULL))",
    "SELECT app.f() = NULL",
    "SELECT app.f() = strictly(NULL)",
    "SELECT inlined(strictly(NULL))",
    "SELECT twice(1)",
    "SELECT twice('a'::text)",
    "SELECT app.f() FROM t GROUP BY a HAVING false",
    "WITH x AS (SELECT FROM {r}) SELECT 1",
    "WITH t AS (SELECT 1 AS a) SELECT a FROM t",
    "SELECT a FROM {r} WHERE a IN (SELECT x.a FROM {s} AS x WHERE x.a = 1)",
    "UPDATE {r} AS x SET a = y.a FROM {s} AS y WHERE x.a = y.a AND false",
    "SELECT x.a, y.a FROM {r} AS x JOIN {s} AS y USING (a)",
    "SELECT a AS b FROM {r} ORDER BY b",
    "SELECT 1 FROM {r} AS x WHERE EXISTS (SELECT 1 FROM {s} AS y WHERE x.a = y.a)",
    "CREATE TEMP TABLE guarded (a integer); SELECT a FROM guarded",
    "SET search_path = app, public; SELECT count(*) FROM t",
    "SET search_path = pg_catalog; SELECT 1 FROM app.t",
    "GRANT SELECT ON {r} TO CURRENT_USER; SELECT a FROM {r}",
    "INSERT INTO {r} VALUES (11)",
    "INSERT INTO {r} DEFAULT VALUES",
    "MERGE INTO {r} AS x USING (SELECT 1 AS n) AS y ON false WHEN NOT MATCHED THEN INSERT (a) VALUES (12)",
    "SELECT 1 FROM {r} TABLESAMPLE SYSTEM (1)",
    "SELECT {c} FROM {r} GROUP BY {c}",
    "SELECT t FROM t",
    "SELECT ctid FROM t_low",
)
"""Statements that the server may fold, or whose names may mean something else: a false alarm would be here."""


@pytest.fixture
def role_project(project, role):
    """A project whose role owns nothing and belongs to a group, and what the server says to a statement of the role."""
    name, group = role("pgmg_user"), role("pgmg_group")
    project.write("migrations/001.sql", TABLES)
    project.apply()
    project.do(f"GRANT {group} TO {name}", f"GRANT ALL ON pgmg_state, pgmg_migrations, pgmg_history TO {name}")
    return project, name, (name, group, "PUBLIC")


def grants(chance, roles):
    """Random privileges, of tables, columns, routines and schemas."""
    for relation, columns in RELATIONS.items():
        for privilege in ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE"):
            if chance.random() < 0.5:
                has_columns = privilege in ("SELECT", "INSERT", "UPDATE") and chance.random() < 0.5
                part = f" ({', '.join(chance.sample(columns, chance.randint(1, len(columns))))})" if has_columns else ""
                yield f"GRANT {privilege}{part} ON {relation} TO {chance.choice(roles)}"
    for routine in ROUTINES:
        if chance.random() < 0.5:
            yield f"GRANT EXECUTE ON ROUTINE {routine} TO {chance.choice(roles)}"
    if chance.random() < 0.8:
        yield f"GRANT USAGE ON SCHEMA app TO {chance.choice(roles)}"


def statement(chance, forms):
    form = chance.choice(forms)
    of_tables = form in TABLES_ALONE
    first = chance.choice([r for r in RELATIONS if not of_tables or r in ("app.t", "t")])
    column = chance.choice(RELATIONS[first])
    return form.format(r=first, s=chance.choice(list(RELATIONS)), c=column)


def refused(conn, name, sql):
    """Say what the server does to a statement of the role: refuse it, run it, or something else (None)."""
    conn.execute("BEGIN")
    try:
        conn.execute(f"SET LOCAL ROLE {name}")
        conn.execute(sql)
    except psycopg.errors.InsufficientPrivilege as error:
        said = error.diag.message_primary or "refused"
        return None if "row-level security" in said else said  # the same code, but no privilege
    except psycopg.Error:
        return None
    else:
        return ""
    finally:
        conn.execute("ROLLBACK")


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", range(4))
def test_what_is_foretold_is_refused_and_the_other_way_round(role_project, seed):
    project, name, roles = role_project
    chance = random.Random(seed)
    seen = {"foretold": 0, "allowed": 0}
    with psycopg.connect(project.dsn, autocommit=True) as conn:
        for number in range(CASES // 4):
            if number % 5 == 0:
                conn.execute("REVOKE ALL ON ALL TABLES IN SCHEMA public, app FROM PUBLIC, " + ", ".join(roles[:2]))
                conn.execute("REVOKE ALL ON ALL ROUTINES IN SCHEMA public, app FROM PUBLIC, " + ", ".join(roles[:2]))
                conn.execute("REVOKE ALL ON SCHEMA app FROM PUBLIC, " + ", ".join(roles[:2]))
                conn.execute(f"GRANT ALL ON pgmg_state, pgmg_migrations, pgmg_history TO {name}")
                for grant in grants(chance, roles):
                    conn.execute(grant)
            readable = chance.random() < 0.6
            sql = statement(chance, (*PLAIN, *TABLES_ALONE) if readable else HIDDEN)
            project.write("migrations/002.sql", f"{sql};")
            with project.open(role=name) as opened:
                said = [n.message for n in opened.plan().warnings if n.code.startswith("permission")]
            answer = refused(conn, name, sql)
            if said:
                assert answer != "", (sql, said)
                seen["foretold"] += answer is not None
            elif readable:
                assert not answer or "silent" in sql, (sql, answer)
                seen["allowed"] += answer == ""
    assert min(seen.values()) > 0


def given(said):
    return {text.replace('"', "") for message in said for text in re.findall(r"GRANT [^;]*;", message)}


def test_what_is_missing_is_named_and_what_gives_it_suffices(role_project):
    """File, line, owner and the statements; after them, the server runs the migration."""
    project, name, _ = role_project
    project.write(
        "migrations/002.sql",
        "-- pgmg: require SELECT count(*) = 0 FROM guarded\n-- pgmg: ensure SELECT app.f() = 1\n"
        "INSERT INTO app.t (a, b) VALUES (1, 2);\nUPDATE app.t SET b = 3 WHERE a = 1;\nTRUNCATE guarded;\n",
    )
    owner = project.value("SELECT current_user")
    with project.open(role=name) as opened:
        said = [n.message for n in opened.plan().warnings if n.code.startswith("permission")]
        assert given(said) == {
            f"GRANT USAGE ON SCHEMA app TO {name};",
            f"GRANT SELECT ON public.guarded TO {name};",
            f"GRANT TRUNCATE ON public.guarded TO {name};",
        }
        assert all(owner in message for message in said)
        assert any("migration.002.sql:5 needs" in message for message in said)
        project.do(f"GRANT USAGE ON SCHEMA app TO {name}")
        said = [n.message for n in opened.plan().warnings if n.code.startswith("permission")]
        assert given(said) == {
            f"GRANT SELECT ON public.guarded TO {name};",
            f"GRANT TRUNCATE ON public.guarded TO {name};",
            f"GRANT INSERT (a, b) ON app.t TO {name};",
            f"GRANT UPDATE (b) ON app.t TO {name};",
            f"GRANT SELECT (a) ON app.t TO {name};",
            f"GRANT EXECUTE ON ROUTINE app.f() TO {name};",
        }
        project.do(*given(said))
        assert opened.apply().applied
