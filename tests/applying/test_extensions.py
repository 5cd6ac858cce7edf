"""What belongs to an extension is never dropped, restored or reported; what stands on it is kept as anything else."""

from __future__ import annotations

import psycopg
import pytest

import pgmg
from tests.conftest import ONLY_FOR
from tests.oracle import built_anew, differences, dump

ITEMS = "CREATE TABLE items (id integer PRIMARY KEY, place vector(3));\nINSERT INTO items VALUES (1, '[1,2,3]');\n"
NEAR = "CREATE VIEW near AS SELECT id, place, place <-> '[1,1,1]' AS far FROM items;"
FARTHEST = (
    "CREATE MATERIALIZED VIEW farthest AS SELECT id, place FROM near WHERE far > 1;\n"
    "CREATE INDEX farthest_place ON farthest USING hnsw (place vector_l2_ops);"
)
DISTANCE = "CREATE FUNCTION distance(a vector, b vector) RETURNS float8 LANGUAGE sql IMMUTABLE RETURN a <-> b;"


@pytest.fixture(autouse=True)
def _has_vector(project):
    if not project.value("SELECT true FROM pg_available_extensions WHERE name = 'vector'"):
        pytest.skip(f"{ONLY_FOR}servers that have the extension vector")


@pytest.fixture
def placed(project):
    """A project whose tables, views, indexes and functions use a type, operators and methods of an extension."""
    project.write("migrations/001_items.sql", f"CREATE EXTENSION vector;\n{ITEMS}")
    project.write("sql/near.sql", NEAR)
    project.write("sql/farthest.sql", FARTHEST)
    project.write("sql/distance.sql", DISTANCE)
    project.apply()
    return project


def test_what_a_pending_migration_installs_can_be_used_at_once(placed):
    assert placed.rows("SELECT id FROM near") == [(1,)]
    placed.settled()
    assert not any("vector" in str(change.object) for change in placed.plan().changes)


def test_a_column_of_its_type_changes_under_views_and_indexes(placed, server):
    placed.do("COMMENT ON INDEX farthest_place IS 'kept'", "GRANT SELECT ON near TO PUBLIC")
    placed.write(
        "migrations/002_wider.sql",
        "ALTER TABLE items ALTER COLUMN place TYPE vector(4) USING (place::real[] || 0::real)::vector;",
    )
    placed.write("sql/near.sql", NEAR.replace("[1,1,1]", "[1,1,1,1]"))
    placed.apply()
    assert placed.rows("SELECT id, place::text FROM farthest") == [(1, "[1,2,3,0]")]
    assert placed.value("SELECT obj_description('farthest_place'::regclass)") == "kept"
    placed.settled()
    left = differences(built_anew(placed, server), dump(placed.dsn))
    assert {line.splitlines()[0] for line in left} == {
        'not wanted: COMMENT public.INDEX "farthest_place"',
        'not wanted: ACL public.TABLE "near"',
    }


def test_it_goes_once_nothing_declared_uses_it(placed, server):
    placed.write("migrations/002_plain.sql", "ALTER TABLE items DROP COLUMN place;\nDROP EXTENSION vector;\n")
    placed.write("sql/near.sql", "CREATE VIEW near AS SELECT id, 0.0::float8 AS far FROM items;")
    placed.remove("sql/farthest.sql")
    placed.remove("sql/distance.sql")
    placed.apply()
    assert not placed.rows("SELECT 1 FROM pg_extension WHERE extname = 'vector'")
    placed.settled()
    assert differences(built_anew(placed, server), dump(placed.dsn)) == []


def test_it_does_not_go_while_something_declared_uses_it(placed):
    placed.write("migrations/002_without.sql", "DROP EXTENSION vector;\n")
    before = dump(placed.dsn)
    with pytest.raises(pgmg.PgmgError) as caught:
        placed.apply()
    assert "vector" in str(caught.value)
    assert differences(before, dump(placed.dsn)) == []


def test_it_moves_to_another_schema_under_everything(placed):
    before = placed.rows("SELECT oid::int8 FROM pg_class WHERE relname IN ('near', 'farthest') ORDER BY 1")
    placed.write("migrations/002_move.sql", "CREATE SCHEMA ext;\nALTER EXTENSION vector SET SCHEMA ext;\n")
    (placed.root / "pgmg.toml").write_text(
        'migrations_dir = "migrations"\ncode_dir = "sql"\nsearch_path = ["public", "ext"]\n'
    )
    placed.apply()
    placed.apply()  # a function is called another name where its arguments are: it is adopted under that one
    assert placed.rows("SELECT oid::int8 FROM pg_class WHERE relname IN ('near', 'farthest') ORDER BY 1") == before
    placed.settled()
    placed.write("sql/near.sql", NEAR.replace("id, place,", "id,").replace("FROM items", "FROM items -- all"))
    placed.write("sql/farthest.sql", "CREATE MATERIALIZED VIEW farthest AS SELECT id FROM near WHERE far > 1;")
    placed.apply()
    placed.settled()


def test_its_own_objects_are_nobodys_drift(placed):
    placed.do("ALTER FUNCTION vector_dims(vector) COST 7", "COMMENT ON TYPE vector IS 'mine'")
    placed.settled()
    assert placed.plan().changes == ()


def test_a_view_that_an_extension_took_over_is_refused_with_its_name(placed):
    placed.do("ALTER EXTENSION vector ADD VIEW near")
    placed.write("migrations/002_wider.sql", "ALTER TABLE items ALTER COLUMN id TYPE bigint;")
    before = dump(placed.dsn)
    with pytest.raises(pgmg.PgmgError) as caught:
        placed.apply()
    assert "extension vector" in str(caught.value)
    assert differences(before, dump(placed.dsn)) == []
    with psycopg.connect(placed.dsn) as connection:
        assert connection.execute("SELECT count(*) FROM near").fetchone() == (1,)
