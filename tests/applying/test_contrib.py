"""Extensions of PostgreSQL's contrib: their types in identities and columns, moved, updated, dropped, and members.

They are not part of the embedded server; Debian's packages have them.
"""

from __future__ import annotations

import pytest

from tests.conftest import ONLY_FOR
from tests.oracle import built_anew, differences, dump

WANTED = ("citext", "hstore", "ltree", "pg_trgm", "pgcrypto", "uuid-ossp", "postgres_fdw", "pg_stat_statements")
TABLES = """
CREATE EXTENSION citext;
CREATE EXTENSION hstore;
CREATE EXTENSION ltree;
CREATE EXTENSION pg_trgm;
CREATE EXTENSION pgcrypto;
CREATE EXTENSION "uuid-ossp";
CREATE TABLE people (id uuid DEFAULT uuid_generate_v4() PRIMARY KEY, mail citext, extra hstore, place ltree, name text);
"""
CODE = """
CREATE FUNCTION same_mail(a citext, b citext) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT a = b';
CREATE FUNCTION keys_of(VARIADIC hstore[]) RETURNS text[] LANGUAGE sql IMMUTABLE AS 'SELECT akeys($1[1])';
CREATE FUNCTION above(ltree, _citext) RETURNS ltree LANGUAGE sql IMMUTABLE AS 'SELECT subpath($1, 0, -1)';
CREATE FUNCTION hashed(text) RETURNS text LANGUAGE sql AS $$ SELECT encode(digest($1, 'sha256'), 'hex') $$;
CREATE AGGREGATE longest(ltree) (SFUNC = lca_of, STYPE = ltree);
CREATE FUNCTION lca_of(ltree, ltree) RETURNS ltree LANGUAGE sql IMMUTABLE AS 'SELECT lca($1, $2)';
CREATE OPERATOR <=~=> (FUNCTION = same_mail, LEFTARG = citext, RIGHTARG = citext, COMMUTATOR = <=~=>);
CREATE DOMAIN mail AS citext CHECK (VALUE ~ '@');
CREATE TYPE person AS (mail citext, extra hstore);
CREATE VIEW mails AS SELECT id, mail, extra -> 'town' AS town, similarity(name, 'x') AS near FROM people;
CREATE MATERIALIZED VIEW places AS SELECT place, mail FROM people WHERE place <@ 'top';
CREATE INDEX places_place ON places USING gist (place);
CREATE INDEX people_name ON people USING gin (name gin_trgm_ops);
CREATE INDEX people_extra ON people USING gin (extra);
COMMENT ON FUNCTION same_mail(citext, citext) IS 'compares';
REVOKE EXECUTE ON FUNCTION same_mail(citext, citext) FROM PUBLIC;
GRANT SELECT ON mails TO PUBLIC;
"""


@pytest.fixture(autouse=True)
def _has_contrib(project):
    found = project.value("SELECT count(*) FROM pg_available_extensions WHERE name = ANY (%s)", [list(WANTED)])
    if found < len(WANTED):
        pytest.skip(f"{ONLY_FOR}servers that have contrib")


@pytest.fixture
def settled(project):
    """A project that uses types, operators, operator classes and functions of extensions everywhere."""
    project.write("migrations/001_people.sql", TABLES)
    project.write("sql/code.sql", CODE)
    project.apply()
    project.settled()
    return project


def _changed(project):
    return [f"{change.change} {change.object}" for change in project.plan().changes]


def test_types_of_extensions_are_part_of_identities(settled, server):
    anew, own = built_anew(settled, server), dump(settled.dsn)
    assert differences(anew, own) == []


@pytest.mark.parametrize("extension", ["citext", "hstore", "ltree", "pg_trgm"])
def test_an_extension_that_is_moved_by_hand_changes_nothing(settled, extension):
    settled.do("CREATE SCHEMA ext", f"ALTER EXTENSION {extension} SET SCHEMA ext")
    settled.do("ALTER DATABASE {} SET search_path = public, ext".format(settled.value("SELECT current_database()")))
    assert _changed(settled) == []
    settled.settled()


def test_an_extension_that_a_migration_moves_takes_its_identities_along(settled):
    name = settled.value("SELECT current_database()")
    settled.do(f"ALTER DATABASE {name} SET search_path = public, ext")
    settled.write("migrations/002_move.sql", "CREATE SCHEMA ext;\nALTER EXTENSION citext SET SCHEMA ext;\n")
    settled.apply()
    settled.settled()
    comment = "SELECT obj_description('same_mail'::regproc, 'pg_proc')"
    assert settled.value(comment) == "compares"
    assert not settled.value("SELECT has_function_privilege('public', 'same_mail'::regproc, 'EXECUTE')")


def test_a_column_gets_a_type_of_an_extension_under_views_and_indexes(settled, server):
    settled.write("migrations/002_name.sql", "ALTER TABLE people ALTER COLUMN name TYPE citext;\n")
    code = CODE.replace("similarity(name, 'x')", "similarity(name::text, 'x')")
    settled.write("sql/code.sql", code.replace("gin (name gin_trgm_ops)", "gin ((name::text) gin_trgm_ops)"))
    settled.do("GRANT INSERT ON mails TO PUBLIC", "COMMENT ON INDEX places_place IS 'kept'")
    settled.apply()
    settled.settled()
    assert settled.value("SELECT has_table_privilege('public', 'mails', 'INSERT')")
    assert settled.value("SELECT obj_description('places_place'::regclass, 'pg_class')") == "kept"


def test_a_result_changes_and_what_was_granted_stays(settled):
    settled.write(
        "sql/code.sql",
        CODE.replace(
            "RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT a = b'",
            "RETURNS boolean STRICT LANGUAGE sql IMMUTABLE AS 'SELECT a = b'",
        ),
    )
    settled.apply()
    settled.settled()
    assert not settled.value("SELECT has_function_privilege('public', 'same_mail(citext, citext)', 'EXECUTE')")


def test_an_update_replaces_what_views_read(project):
    project.write("migrations/001.sql", "CREATE EXTENSION pg_stat_statements VERSION '1.8';\n")
    project.write(
        "sql/slow.sql",
        "CREATE VIEW slow AS SELECT queryid, calls FROM pg_stat_statements;\nCOMMENT ON VIEW slow IS 's';",
    )
    project.apply()
    project.do("CREATE VIEW by_hand AS SELECT calls FROM slow", "GRANT SELECT ON by_hand TO PUBLIC")
    project.write(
        "migrations/002.sql",
        "ALTER EXTENSION pg_stat_statements UPDATE TO '1.9';\nALTER EXTENSION pg_stat_statements UPDATE;\n",
    )
    project.apply()
    project.settled()
    assert project.value("SELECT extversion FROM pg_extension WHERE extname = 'pg_stat_statements'") != "1.8"
    assert project.value("SELECT has_table_privilege('public', 'by_hand', 'SELECT')")
    assert project.value("SELECT obj_description('slow'::regclass, 'pg_class')") == "s"


def test_an_extension_is_dropped_with_the_last_declared_use(settled, server):
    settled.write("migrations/002_drop.sql", "ALTER TABLE people DROP COLUMN extra;\nDROP EXTENSION hstore;\n")
    lines = [line for line in CODE.splitlines() if "hstore" not in line and "people_extra" not in line]
    settled.write("sql/code.sql", "\n".join(lines).replace("extra -> 'town' AS town, ", ""))
    settled.apply()
    settled.settled()
    assert not settled.value("SELECT count(*) FROM pg_extension WHERE extname = 'hstore'")


def test_members_are_the_extensions_and_come_back_with_their_release(settled):
    settled.do("ALTER EXTENSION citext ADD FUNCTION same_mail(citext, citext)")
    settled.do("ALTER EXTENSION citext DROP FUNCTION same_mail(citext, citext)")
    assert _changed(settled) == []


def test_foreign_tables_of_an_extension_are_under_views(project):
    project.write(
        "migrations/001.sql",
        "CREATE EXTENSION postgres_fdw;\nCREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw OPTIONS (dbname 'x');\n"
        "CREATE FOREIGN TABLE remote (id integer, name varchar(10)) SERVER far;\n",
    )
    project.write(
        "sql/v.sql", "CREATE VIEW v AS SELECT id, name FROM remote;\nCOMMENT ON FOREIGN TABLE remote IS 'far';"
    )
    project.apply()
    project.do("GRANT SELECT ON v TO PUBLIC")
    project.write("migrations/002.sql", "ALTER FOREIGN TABLE remote ALTER COLUMN name TYPE text;")
    project.apply()
    project.settled()
    assert project.value("SELECT has_table_privilege('public', 'v', 'SELECT')")
