"""Catalog queries without the parts about catalogs that nobody asks for (`-- about pg_class` in their texts)."""

from __future__ import annotations

import psycopg
import pytest
from psycopg.rows import tuple_row

from pgmg.catalog.reading.catalog_queries import CATALOGS, query, query_for, run_queries

QUERIES = {"definitions": (False,), "facts": (), "properties": ()}
MADE = """
CREATE TABLE t (id integer PRIMARY KEY, c text DEFAULT 'x', CHECK (id > 0));
CREATE VIEW v AS SELECT * FROM t;
COMMENT ON VIEW v IS 'said';
CREATE RULE r AS ON DELETE TO t DO INSTEAD NOTHING;
ALTER TABLE t DISABLE RULE r;
CREATE POLICY p ON t USING (id > 1);
CREATE FUNCTION g() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
CREATE TRIGGER g BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION g();
ALTER TABLE t DISABLE TRIGGER g;
CREATE FUNCTION e() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
CREATE EVENT TRIGGER e ON ddl_command_start EXECUTE FUNCTION e();
ALTER EVENT TRIGGER e DISABLE;
CREATE STATISTICS s ON id, c FROM t;
ALTER STATISTICS s SET STATISTICS 9;
CREATE PUBLICATION b FOR TABLE t;
"""
SOME = "SELECT '{0}'::regclass::oid::int8, x.oid::int8 FROM pg_catalog.{0} x ORDER BY x.oid DESC LIMIT 25"


@pytest.fixture
def conn(database):
    """A connection to a database with an object in every catalog that the queries know."""
    with psycopg.connect(database, autocommit=True, cursor_factory=psycopg.RawCursor, row_factory=tuple_row) as conn:
        conn.execute(MADE)
        yield conn


def test_the_oids_of_catalogs_are_those_of_the_server(conn):
    """They are the same on every version."""
    found = conn.execute("SELECT oid::int8, relname FROM pg_class WHERE relnamespace = 'pg_catalog'::regnamespace")
    known = dict(found.fetchall())
    assert {oid: known.get(oid) for oid in CATALOGS} == CATALOGS


@pytest.mark.parametrize("name", QUERIES)
def test_every_part_can_be_asked_for(name):
    about = [line.split()[-1] for line in query(name).splitlines() if line.strip().startswith("-- about ")]
    assert about[-1] == "all"
    assert set(about) - {"all"} <= set(CATALOGS.values())
    assert query_for(name, (list(CATALOGS),)).count("UNION ALL") == query(name).count("UNION ALL")
    assert query_for(name, ([1255],)).count("UNION ALL") < query(name).count("UNION ALL")


@pytest.mark.parametrize("catalog", CATALOGS.values())
@pytest.mark.parametrize("name", QUERIES)
def test_a_part_finds_what_the_whole_query_finds(conn, name, catalog):
    """The server's own objects and those made here: 25 of each catalog."""
    addresses = conn.execute(SOME.format(catalog)).fetchall()
    assert addresses
    parameters = ([a for a, _ in addresses], [b for _, b in addresses], *QUERIES[name])
    whole = conn.execute(query(name), parameters).fetchall()
    assert conn.execute(query_for(name, parameters), parameters).fetchall() == whole


def test_catalog_queries_are_not_compiled(conn):
    """The setting is off for the rest of the transaction, as the search_path is."""
    conn.execute("SET jit = on")
    with conn.transaction():
        run_queries(conn, ("constraints", ()))
        assert conn.execute("SHOW jit").fetchone() == ("off",)
    assert conn.execute("SHOW jit").fetchone() == ("on",)
