"""Names of objects are those of the catalog: thousands of random ones, read from source and from the server."""

from __future__ import annotations

import os
import random

import psycopg
import pytest

from pgmg.catalog.reading.column_lists import read_column_types
from pgmg.catalog.reading.snapshot_reader import read_snapshot
from pgmg.model.naming.keywords import QUOTED_KEY_WORDS
from pgmg.model.naming.type_identity import type_of
from pgmg.model.sources.source import CodeFile
from pgmg.planning.resolve.resolver import Resolver
from pgmg.planning.resolve.sql_names import target
from pgmg.source import parse_file
from tests.catalog.identities import Maker, create_types

COUNT = int(os.environ.get("PGMG_IDENTITIES", "600"))

# How state names an object (rule 10), without any code of pgmg: `format_type`, `public.` left out where that is clear.
_TYPE = """CASE WHEN {0} = 0 THEN 'NONE' ELSE (
  SELECT CASE WHEN s.nspname = 'public' AND coalesce(e.typname, t.typname) !~ '^pg_'
                   AND NOT EXISTS (SELECT FROM pg_type b WHERE b.typname = coalesce(e.typname, t.typname) AND b.typnamespace = 'pg_catalog'::regnamespace)
              THEN substr(format_type({0}, NULL), length('public.') + 1) ELSE format_type({0}, NULL) END
  FROM pg_type t LEFT JOIN pg_type e ON e.oid = t.typelem AND e.typarray = t.oid JOIN pg_namespace s ON s.oid = t.typnamespace WHERE t.oid = {0}) END"""
_PREFIX = "CASE WHEN n.nspname = 'public' THEN '' ELSE quote_ident(n.nspname) || '.' END"
EXPECTED = {
    "pg_proc": f"""SELECT CASE prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' ELSE 'function' END || '.' || {_PREFIX} || quote_ident(proname)
        || '(' || coalesce((SELECT string_agg({_TYPE.format("x.type")}, ', ' ORDER BY x.n) FROM unnest(proargtypes) WITH ORDINALITY x(type, n)), '') || ')'
        FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace WHERE p.oid = $1""",
    "pg_operator": f"""SELECT 'operator.' || {_PREFIX} || oprname || '(' || {_TYPE.format("oprleft")} || ', ' || {_TYPE.format("oprright")} || ')'
        FROM pg_operator o JOIN pg_namespace n ON n.oid = oprnamespace WHERE o.oid = $1""",
    "pg_cast": f"SELECT 'cast.(' || {_TYPE.format('castsource')} || ' as ' || {_TYPE.format('casttarget')} || ')' FROM pg_cast WHERE oid = $1",
}  # fmt: skip


@pytest.mark.parametrize("seed", [1, 2])
def test_names_from_source_are_those_of_the_catalog(database, seed):
    chance = random.Random(seed)
    with psycopg.connect(database, autocommit=True, cursor_factory=psycopg.RawCursor) as conn:
        create_types(conn, chance)
        maker = Maker(conn, chance)
        with conn.transaction():
            before = read_snapshot(conn, "public")
            columns = read_column_types(conn, before, {"Of Types"})
        resolver = Resolver(before, columns=columns)
        resolver.declare(())
        made = list(maker.make(COUNT))
        with conn.transaction():
            after = read_snapshot(conn, "public")
        live = {(known.address.objid, known.address.classid): name for name, known in after.objects.items()}
        classes = {c: conn.execute("SELECT $1::regclass::oid::int8", [c]).fetchone()[0] for c in EXPECTED}
        conn.execute("SET search_path = pg_catalog")
        for number, one in enumerate(made):
            (source,) = parse_file(CodeFile("f.sql", one.statement, ""))
            name = resolver.name(source.target)
            (expected,) = conn.execute(EXPECTED[one.catalog], [one.oid]).fetchone()
            assert str(name) == expected, one.statement
            assert live[one.oid, classes[one.catalog]] == name, one.statement
            assert all(str(type_of(argument)) == argument for argument in name.arguments if argument != "NONE")
            # what pgmg writes into COMMENT ON, DROP and the like reaches the very object
            conn.execute(f"COMMENT ON {target(name)} IS '{number}'")
            query = "SELECT obj_description($1, $2)"
            assert conn.execute(query, [one.oid, one.catalog]).fetchone()[0] == str(number), one.statement


def test_all_key_words_are_quoted_that_the_server_quotes(database):
    with psycopg.connect(database) as conn:
        words = {row[0] for row in conn.execute("SELECT word FROM pg_get_keywords() WHERE catcode <> 'U'")}
        assert words <= QUOTED_KEY_WORDS
        for word in QUOTED_KEY_WORDS:
            assert conn.execute(f'SELECT 1 AS "{word}"').description[0].name == word
