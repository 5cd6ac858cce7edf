"""The server makes an operator family for a class declared without FAMILY: it goes with that class (rule 1.4).

It stays where anything else is in it, a file declares it, or a migration has created it.
"""

from __future__ import annotations

import pytest

from pgmg.importing import Importer
from pgmg.model.results.import_report import ImportOptions

CLASSES = {
    "btree": "CREATE OPERATOR CLASS odd FOR TYPE integer USING btree AS\n"
    "  OPERATOR 1 <, OPERATOR 1 < (integer, bigint), FUNCTION 1 btint4cmp(integer, integer),\n"
    "  FUNCTION 1 btint48cmp(integer, bigint), FUNCTION 2 btint4sortsupport(internal);",
    "hash": "CREATE OPERATOR CLASS odd FOR TYPE integer USING hash AS OPERATOR 1 =, FUNCTION 1 hashint4(integer);",
    "gin": "CREATE OPERATOR CLASS odd FOR TYPE jsonb USING gin AS\n"
    "  OPERATOR 7 @>, OPERATOR 9 ? (jsonb, text), FUNCTION 1 gin_compare_jsonb(text, text),\n"
    "  FUNCTION 2 gin_extract_jsonb(jsonb, internal, internal),\n"
    "  FUNCTION 3 gin_extract_jsonb_query(jsonb, internal, smallint, internal, internal, internal, internal),\n"
    "  FUNCTION 4 gin_consistent_jsonb(internal, smallint, jsonb, integer, internal, internal, internal, internal),\n"
    "  STORAGE text;",
}
ADDED = {
    "btree": "ALTER OPERATOR FAMILY odd USING btree ADD OPERATOR 2 <= (integer, integer)",
    "hash": "ALTER OPERATOR FAMILY odd USING hash ADD FUNCTION 1 (bigint, bigint) hashint8(bigint)",
    "gin": "ALTER OPERATOR FAMILY odd USING gin ADD OPERATOR 10 ?| (jsonb, text[])",
}
OF_A_CLASS = "SELECT opfname::text FROM pg_opfamily WHERE oid >= 16384"


def adopted(project, sql):
    project.do(sql)
    project.write("sql/odd.sql", sql)
    assert [step.sql for step in project.apply().steps] == []


def imported(project, sql):
    project.do(sql)
    with project.open() as opened:
        Importer(opened.settings, opened.connect).run(ImportOptions())
    assert [step.sql for step in project.plan().steps] == []


def applied(project, sql):
    project.write("sql/odd.sql", sql)
    project.apply()


def deleted(project):
    for path in (project.root / "sql").rglob("*.sql"):
        path.unlink()
    project.write("sql/kept.sql", "CREATE VIEW kept AS SELECT 1 AS one;")
    result = project.apply()
    project.settled()
    return result


def reset(project):
    with project.open() as opened:
        opened.reset()


@pytest.mark.parametrize("gone", [deleted, reset])
@pytest.mark.parametrize("come", [applied, adopted, imported])
@pytest.mark.parametrize("method", CLASSES)
def test_it_goes_with_its_class(project, method, come, gone):
    come(project, CLASSES[method])
    assert project.value(OF_A_CLASS) == "odd"
    gone(project)
    assert project.rows(OF_A_CLASS) == []


def test_the_plan_says_so(project):
    applied(project, CLASSES["hash"])
    steps = [(str(done.step.object), done.step.reason) for done in deleted(project).steps]
    assert steps == [
        ("operator_class.odd using hash", "no longer declared"),
        ("operator_family.odd using hash", "was made by operator_class.odd using hash"),
        ("view.kept", "new"),
    ]


@pytest.mark.parametrize("gone", [deleted, reset])
@pytest.mark.parametrize("method", CLASSES)
def test_it_stays_with_a_member_of_somebody_else(project, method, gone):
    applied(project, CLASSES[method])
    project.do(ADDED[method])
    gone(project)
    assert project.value(OF_A_CLASS) == "odd"


@pytest.mark.parametrize("gone", [deleted, reset])
def test_it_stays_with_another_class(project, gone):
    applied(project, CLASSES["hash"])
    project.do("CREATE OPERATOR CLASS even FOR TYPE bigint USING hash FAMILY odd AS FUNCTION 1 hashint8(bigint)")
    gone(project)
    assert project.value(OF_A_CLASS) == "odd"


@pytest.mark.parametrize("gone", [deleted, reset])
def test_it_stays_where_a_migration_has_created_it(project, gone):
    project.write("migrations/1.sql", "CREATE OPERATOR FAMILY odd USING hash;")
    applied(project, CLASSES["hash"])
    gone(project)
    assert project.value(OF_A_CLASS) == "odd"


def test_it_stays_where_a_file_declares_it(project):
    project.write("sql/family.sql", "CREATE OPERATOR FAMILY odd USING hash;")
    applied(project, CLASSES["hash"])
    project.remove("sql/odd.sql")
    project.apply()
    project.settled()
    assert project.value(OF_A_CLASS) == "odd"


def test_it_goes_where_its_class_joins_another_one(project):
    applied(project, CLASSES["hash"])
    project.write("sql/family.sql", "CREATE OPERATOR FAMILY other USING hash;")
    project.write("sql/odd.sql", CLASSES["hash"].replace("USING hash AS", "USING hash FAMILY other AS"))
    project.apply()
    project.settled()
    assert project.rows(OF_A_CLASS) == [("other",)]


def test_it_stays_where_its_class_is_recreated(project):
    applied(project, CLASSES["hash"])
    more = "FUNCTION 2 hashint4extended(integer, bigint), FUNCTION 1"
    project.write("sql/odd.sql", CLASSES["hash"].replace("FUNCTION 1", more))
    project.apply()
    project.settled()
    assert project.value(OF_A_CLASS) == "odd"
