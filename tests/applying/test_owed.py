"""An object that one transaction drops and a later one recreates is recorded with the commit (rule 9.2).

The ground truth is a database in which nothing failed.
"""

from __future__ import annotations

import pytest

import pgmg
from tests.conftest import Case
from tests.oracle import differences, dump

TABLE = """CREATE TABLE t (id integer PRIMARY KEY, a integer);
INSERT INTO t VALUES (1, 1);
CREATE VIEW by_hand AS SELECT id, a FROM t;
COMMENT ON VIEW by_hand IS 'kept';
CREATE VIEW above AS SELECT * FROM by_hand;
CREATE MATERIALIZED VIEW m AS SELECT a FROM by_hand;
CREATE UNIQUE INDEX m_a ON m (a);
COMMENT ON INDEX m_a IS 'unique';
CREATE RULE r AS ON UPDATE TO above DO INSTEAD NOTHING;
"""
MANAGED = "CREATE VIEW v AS SELECT id, a FROM t;"
BY_HAND = ("GRANT SELECT ON v, by_hand, m TO PUBLIC", "COMMENT ON VIEW v IS 'said'", "ALTER VIEW v OWNER TO pg_monitor")
BLOCK = "-- pgmg: no-transaction\nBEGIN;\nALTER TABLE t ALTER a TYPE bigint USING {};\nCOMMIT;\n"
FAILS, WORKS = BLOCK.format("1 / (a - a)"), BLOCK.format("a")


def prepared(case: Case) -> Case:
    case.write("migrations/1.sql", TABLE)
    case.write("sql/v.sql", MANAGED)
    case.apply()
    case.do(*BY_HAND)
    return case


@pytest.fixture
def fails(project):
    """A project whose last apply has dropped views for a migration that then failed; nothing of them is there."""
    prepared(project).write("migrations/2.sql", FAILS)
    assert [w.code for w in project.plan().warnings].count("absent-between-commits") == 1
    with pytest.raises(pgmg.ApplyError, match="division by zero") as caught:
        project.apply()
    assert "creates again what is absent until then: " in caught.value.hint
    assert project.rows("SELECT relname FROM pg_class WHERE relname IN ('v', 'by_hand', 'above', 'm')") == []
    return project


def owed(case: Case) -> list[str]:
    return [name for (name,) in case.rows("SELECT object_name FROM pgmg_owed ORDER BY 1")]


def test_a_repaired_migration_ends_as_if_it_had_not_failed(fails, other):
    assert owed(fails) == [
        "index.m_a",
        "materialized_view.m",
        "rule.r on above",
        "view.above",
        "view.by_hand",
        "view.v",
    ]
    fails.write("migrations/2.sql", WORKS)
    fails.apply()
    prepared(other).write("migrations/2.sql", WORKS)
    other.apply()
    assert differences(dump(other.dsn, rows=True), dump(fails.dsn, rows=True)) == []
    fails.settled()
    assert owed(fails) == []


def test_a_second_failure_loses_nothing(fails, other):
    for _ in range(2):
        with pytest.raises(pgmg.ApplyError, match="division by zero"):
            fails.apply()
    (fails.root / "migrations/2.sql").unlink()
    fails.apply()
    assert differences(dump(prepared(other).dsn, rows=True), dump(fails.dsn, rows=True)) == []
    assert owed(fails) == []


def test_it_is_there_before_a_migration_that_names_it(fails):
    """And no materialized view is filled for a transaction that drops it again."""
    fails.write("migrations/2.sql", "GRANT INSERT ON by_hand TO PUBLIC;")
    plan = fails.plan()
    steps = [f"{step.action.value} {step.object}" for step in plan.steps]
    assert steps.index("restore view.by_hand") < steps.index("migrate migration.2.sql")
    assert {step.reason for step in plan.steps if str(step.object) == "view.by_hand"} == {
        "an earlier apply dropped it for 2.sql"
    }
    fails.apply()
    granted = "SELECT privilege_type FROM information_schema.table_privileges WHERE table_name = 'by_hand' AND grantee = 'PUBLIC'"
    assert sorted(fails.rows(granted)) == [("INSERT",), ("SELECT",)]
    fails.settled()


def test_what_was_created_again_by_hand_stays(fails):
    fails.do("CREATE VIEW by_hand AS SELECT id AS other FROM t")
    (fails.root / "migrations/2.sql").unlink()
    with pytest.raises(pgmg.ApplyError, match="cannot restore"):
        fails.apply()  # the materialized view reads a column that it does not have
    fails.apply(drop_unmanaged=True)
    assert fails.rows("SELECT * FROM by_hand") == [(1,)]
    assert owed(fails) == []


def test_what_is_no_longer_declared_is_owed_no_more(fails):
    fails.remove("sql/v.sql")
    (fails.root / "migrations/2.sql").unlink()
    with fails.open() as opened:
        opened.apply(yes=True)
    assert fails.rows("SELECT relname FROM pg_class WHERE relname = 'v'") == []
    assert owed(fails) == []
    fails.settled()


def test_a_view_that_a_migration_drops_is_owed_no_more(fails):
    fails.write("migrations/2.sql", "DROP VIEW by_hand CASCADE;")
    fails.apply(drop_unmanaged=True)
    assert fails.rows("SELECT relname FROM pg_class WHERE relname IN ('by_hand', 'above', 'm')") == []
    assert owed(fails) == []
    fails.settled()


def test_reset_forgets_it(fails):
    with fails.open() as opened:
        opened.reset()
    assert fails.value("SELECT to_regclass('pgmg_owed')") is None


def test_a_source_that_waits_for_a_later_migration_keeps_what_the_view_had(project):
    """The old query has lost a column, the new one needs one of a migration after a concurrent index, which fails."""
    prepared(project)
    project.write("migrations/2.sql", "DROP VIEW by_hand CASCADE;\nALTER TABLE t DROP COLUMN a;")
    project.write("migrations/3.sql", "CREATE UNIQUE INDEX CONCURRENTLY i ON t ((id - id));")
    project.write("migrations/4.sql", "ALTER TABLE t ADD COLUMN b integer;")
    project.write("sql/v.sql", "CREATE VIEW v AS SELECT id, b FROM t;")
    project.do("INSERT INTO t VALUES (2, 2)")
    has = "SELECT relacl, pg_get_userbyid(relowner), obj_description(oid) FROM pg_class WHERE relname = 'v'"
    before = project.rows(has)
    with pytest.raises(pgmg.ApplyError, match="could not create unique index"):
        project.apply(drop_unmanaged=True)
    assert project.rows(has) == []
    assert "view.v" in owed(project)
    project.write("migrations/3.sql", "CREATE INDEX CONCURRENTLY i ON t ((id - id));")
    project.apply(drop_unmanaged=True)
    assert project.rows(has) == before
    assert owed(project) == []
    project.settled()
