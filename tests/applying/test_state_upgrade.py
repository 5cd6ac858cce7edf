"""pgmg's own tables grow with it: what earlier versions wrote is read, and they may write again (rule 10)."""

from __future__ import annotations

import threading

import psycopg
import pytest
from psycopg import conninfo

import pgmg
from pgmg.model.database.state_layout import LAYOUT, MIGRATIONS, PROGRESS, STATE, VERSION, TableCreation

TABLE = "CREATE TABLE users (id integer PRIMARY KEY, name text);"
VIEW = "CREATE VIEW names AS SELECT id, name FROM users;"

V2_STATE = ("object_name", "object_hash", "sql", "path", "file_hash", "object_schema", "catalog_version")
V2_RECORDS = (
    f"INSERT INTO pgmg_state ({', '.join(V2_STATE)}) VALUES ({', '.join(['%s'] * len(V2_STATE))})"
    f" ON CONFLICT (object_name) DO UPDATE SET {', '.join(f'{c} = EXCLUDED.{c}' for c in V2_STATE[1:])}, last_applied = now()"
)
"""How pgmg with layout 2 records an object."""


def create_layout(project, version, *, owner=None):
    """Create the tables as a pgmg with that layout left them."""
    for table in LAYOUT:
        if table.since > version or table.creation is TableCreation.ON_DEMAND:
            continue
        columns = [f"{c.name} {c.definition}" for c in table.columns if c.since <= version]
        project.do(f"CREATE TABLE {table.name} ({', '.join([*columns, *filter(None, [table.constraint])])})")
        if owner is not None:
            project.do(f"ALTER TABLE {table.name} OWNER TO {owner}")


def columns(project, table):
    query = "SELECT column_name FROM information_schema.columns WHERE table_name = %s"
    return {row[0] for row in project.rows(query, table.name)}


def test_what_is_added_later_is_nullable_and_has_no_default(project):
    """An earlier pgmg writes rows without it, and no table is rewritten for it."""
    project.write("migrations/001.sql", TABLE)
    project.apply()
    query = "SELECT table_name, column_name, is_nullable, column_default FROM information_schema.columns WHERE table_name LIKE 'pgmg%'"
    found = {(row[0], row[1]): row[2:] for row in project.rows(query)}
    later = [(table.name, column.name) for table in (STATE, MIGRATIONS) for column in table.later]
    assert later
    assert {found[key] for key in later} == {("YES", None)}
    assert max(column.since for table in LAYOUT for column in table.columns) == VERSION


@pytest.mark.parametrize("version", range(1, VERSION))
def test_an_earlier_layout_is_extended_by_the_next_apply(project, version):
    create_layout(project, version)
    project.do(TABLE, VIEW, "CREATE VIEW gone AS SELECT 1 AS one")
    project.do("INSERT INTO pgmg_migrations (name, applied_at) VALUES ('001.sql', '2020-01-01')")
    project.do(
        "INSERT INTO pgmg_state (object_name, object_hash, last_applied) VALUES ('view.gone', 'x', '2020-01-01')"
    )
    project.write("migrations/001.sql", TABLE)
    project.write("sql/names.sql", VIEW)
    plan = project.plan()
    assert {(str(c.object), c.change.value) for c in plan.changes} == {
        ("view.names", "adopted"),
        ("view.gone", "deleted"),
    }
    before = [columns(project, table) for table in (STATE, MIGRATIONS)]
    assert before == [{c.name for c in table.columns if c.since <= version} for table in (STATE, MIGRATIONS)], (
        "a plan writes nothing"
    )
    with project.open() as opened:
        opened.apply(yes=True)
    assert [columns(project, table) for table in (STATE, MIGRATIONS)] == [
        {c.name for c in t.columns} for t in (STATE, MIGRATIONS)
    ]
    assert project.rows("SELECT name, applied_at::text, applied_from FROM pgmg_migrations") == [
        ("001.sql", "2020-01-01 00:00:00", None)
    ]
    assert project.rows("SELECT object_name, sql FROM pgmg_state") == [("view.names", VIEW.rstrip(";"))]
    project.settled()


def test_an_earlier_pgmg_may_write_again(project):
    """Its rows have no origin, also where there was one before: nobody is credited with what another one did."""
    project.write("sql/v.sql", "CREATE VIEW v AS SELECT 1 AS one;")
    project.apply()
    (before,) = project.rows("SELECT applied_from->'stamp' = to_jsonb(last_applied) FROM pgmg_state")
    assert before == (True,)
    with psycopg.connect(project.dsn, autocommit=True) as old:
        old.execute(
            V2_RECORDS, ["view.v", "another", "CREATE VIEW v AS SELECT 2 AS one", "sql/v.sql", "f", "public", "1:1"]
        )
    (after,) = project.rows("SELECT applied_from->'stamp' = to_jsonb(last_applied) FROM pgmg_state")
    assert after == (False,)
    project.apply()
    assert project.rows("SELECT applied_from->'stamp' = to_jsonb(last_applied) FROM pgmg_state") == [(True,)]
    project.settled()


def test_a_role_that_does_not_own_the_tables_goes_on_without_the_new_columns(project, role):
    """It may write to the tables, as one of several roles that apply."""
    owner, other = role("pgmg_owner"), role("pgmg_other", "LOGIN PASSWORD 'x'")
    create_layout(project, 2, owner=owner)
    project.do(f"GRANT ALL ON pgmg_state, pgmg_migrations TO {other}", f"GRANT CREATE ON SCHEMA public TO {other}")
    project.write("migrations/001.sql", TABLE)
    project.write("migrations/002.sql", "-- pgmg: no-transaction\nVACUUM users;\nVACUUM users;")
    project.write("sql/names.sql", VIEW)
    with pgmg.Project.open(
        project.root, connection_string=conninfo.make_conninfo(project.dsn, user=other, password="x")
    ) as opened:
        assert opened.apply().migrations_recorded == ("001.sql", "002.sql")
        assert opened.plan().is_empty
        project.write("sql/names.sql", VIEW.replace("id, name", "id"))
        assert opened.apply().applied
    assert "applied_from" not in columns(project, STATE)
    project.apply()
    assert "applied_from" not in columns(project, STATE), "nothing to record, nothing to do"
    project.write("sql/names.sql", VIEW)
    project.apply()
    assert "applied_from" in columns(project, STATE)


def test_a_table_that_joins_others_is_granted_to_those_who_use_them(project, role):
    other = role("pgmg_other", "LOGIN PASSWORD 'x'")
    create_layout(project, 2)
    project.do(
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON pgmg_state, pgmg_migrations TO {other}",
        "GRANT SELECT ON pgmg_state TO PUBLIC",
    )
    project.write("migrations/001.sql", TABLE)
    project.write("migrations/002.sql", "-- pgmg: no-transaction\nVACUUM users;")
    project.apply()
    query = "SELECT grantee::text, privilege_type::text FROM information_schema.table_privileges WHERE table_name = %s AND grantee IN ('PUBLIC', %s)"
    granted = {table: set(project.rows(query, table, other)) for table in ("pgmg_state", PROGRESS.name)}
    assert granted[PROGRESS.name] == granted["pgmg_state"]
    assert (other, "INSERT") in granted["pgmg_state"]


def test_a_reader_who_does_not_finish_delays_the_upgrade_and_nothing_else(project):
    create_layout(project, 2)
    project.write("sql/v.sql", "CREATE VIEW v AS SELECT 1 AS one;")
    with psycopg.connect(project.dsn) as reader:
        reader.execute("SELECT * FROM pgmg_state")  # in a transaction that stays open
        assert project.apply().objects_updated == 1
        assert "applied_from" not in columns(project, STATE)
    project.settled()
    project.write("sql/v.sql", "CREATE VIEW v AS SELECT 2 AS one;")
    project.apply()
    assert project.value("SELECT applied_from->>'folder' FROM pgmg_state") == str(project.root)
    project.settled()


def test_several_upgrade_at_once(project):
    create_layout(project, 1)
    for number in range(4):
        project.write(f"sql/v{number}.sql", f"CREATE VIEW v{number} AS SELECT {number} AS one;")
    failures = []

    def apply():
        try:
            project.apply()
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=apply) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert columns(project, STATE) == {column.name for column in STATE.columns}
    project.settled()


def test_a_role_that_may_not_read_a_new_column_plans_without_it(project, role):
    """Privileges on single columns do not extend to new ones."""
    reader = role("pgmg_reader", "LOGIN PASSWORD 'x'")
    project.write("migrations/001.sql", TABLE)
    project.write("sql/names.sql", VIEW)
    project.apply()
    known = {table: ", ".join(c.name for c in table.columns if c.since <= 2) for table in (STATE, MIGRATIONS)}
    for table, names in known.items():
        project.do(f"GRANT SELECT ({names}) ON {table.name} TO {reader}")
    with pgmg.Project.open(
        project.root, connection_string=conninfo.make_conninfo(project.dsn, user=reader, password="x")
    ) as opened:
        project.write("sql/names.sql", "CREATE VIEW names AS SELECT id, name, 1 AS more FROM users;")
        assert [change.change.value for change in opened.diff()] == ["modified"]
