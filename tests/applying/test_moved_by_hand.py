"""A declared tablespace or access method that was changed by hand is drift, and is set again (rule 3.6)."""

from __future__ import annotations

import pytest

from tests.survival import settings

TABLE = "CREATE TABLE t (id integer, b text); INSERT INTO t VALUES (1, 'x');"
VIEW = "CREATE MATERIALIZED VIEW m{} AS SELECT id, b FROM t;"
INDEX = "CREATE INDEX i ON m (id){} WHERE b <> ' WHERE ';"
SPACE = "SELECT coalesce(t.spcname, 'pg_default') FROM pg_class c LEFT JOIN pg_tablespace t ON t.oid = c.reltablespace WHERE c.oid = %s::regclass"
METHOD = "SELECT a.amname::text FROM pg_class c JOIN pg_am a ON a.oid = c.relam WHERE c.oid = 'm'::regclass"

pytestmark = pytest.mark.pg(">= 15")  # an older server makes no tablespace in place, and keeps the access method


@pytest.fixture
def stored(server, project):
    settings.prepare(server.admin)
    project.do("CREATE ACCESS METHOD keep_heap TYPE TABLE HANDLER heap_tableam_handler", TABLE)
    return project


def declare(project, view="", index=""):
    project.write("sql/m.sql", f"{VIEW.format(view)}\n{INDEX.format(index)}\n")
    result = project.apply()
    project.settled()
    return [str(done.step) for done in result.steps], [sql for done in result.steps for sql in done.step.statements]


@pytest.mark.parametrize("declared", [" TABLESPACE keep_space", " TABLESPACE pg_default"])
@pytest.mark.parametrize(("what", "word"), [("m", "MATERIALIZED VIEW"), ("i", "INDEX")])
def test_a_declared_tablespace_comes_back(stored, what, word, declared):
    said = {"view" if what == "m" else "index": declared}
    declare(stored, **said)
    wanted, other = declared.split()[1], "pg_default" if "keep" in declared else "keep_space"
    assert stored.value(SPACE, what) == wanted
    before = stored.value("SELECT %s::regclass::oid", what)
    stored.do(f"ALTER {word} {what} SET TABLESPACE {other}")
    declare(stored, **said)
    assert stored.value(SPACE, what) == wanted
    assert stored.value("SELECT %s::regclass::oid", what) == before


@pytest.mark.parametrize(("what", "word"), [("m", "MATERIALIZED VIEW"), ("i", "INDEX")])
def test_a_tablespace_that_only_somebody_chose_stays(stored, what, word):
    declare(stored)
    stored.do(f"ALTER {word} {what} SET TABLESPACE keep_space")
    assert declare(stored) == ([], [])
    stored.write("migrations/1.sql", "ALTER TABLE t ALTER id TYPE bigint;")
    declare(stored)
    assert stored.value(SPACE, what) == "keep_space"


def test_a_declared_access_method_comes_back(stored):
    declare(stored, view=" USING keep_heap")
    stored.do("ALTER MATERIALIZED VIEW m SET ACCESS METHOD heap")
    declare(stored, view=" USING keep_heap")
    assert stored.value(METHOD) == "keep_heap"
    assert stored.value("SELECT count(*) FROM m") == 1


@pytest.mark.parametrize("said", ["view", "index"])
def test_a_tablespace_comes_and_goes_with_the_file(stored, said):
    what = "m" if said == "view" else "i"
    declare(stored)
    declare(stored, **{said: " TABLESPACE keep_space"})
    assert stored.value(SPACE, what) == "keep_space"
    declare(stored)
    assert stored.value(SPACE, what) == "pg_default"
    assert stored.value("SELECT count(*) FROM m") == 1


@pytest.mark.parametrize("said", ["view", "index"])
def test_what_is_stored_as_it_is_declared_is_adopted(stored, said):
    stored.do(VIEW.format(" TABLESPACE keep_space" if said == "view" else ""))
    stored.do(INDEX.format(" TABLESPACE keep_space" if said == "index" else ""))
    assert declare(stored, **{said: " TABLESPACE keep_space"}) == ([], [])
