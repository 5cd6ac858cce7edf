"""`reset` of one project touches nothing of another, and leaves a database to which all can be applied again."""

from __future__ import annotations

import os
import subprocess
import sys

import psycopg
import pytest

from pgmg.errors import LockedError, RefusedChange, UsageError
from pgmg.source.migrations.extensions import created_extensions
from tests.conftest import Case
from tests.oracle import differences, dump


@pytest.fixture
def two(project, tmp_path_factory):
    """Two projects in one database, each with tables, rows, views and a state schema of its own."""
    neighbour = Case(tmp_path_factory.mktemp("neighbour"), project.dsn)
    with (neighbour.root / "pgmg.toml").open("a") as file:
        file.write('state_schema = "theirs"\n')
    for case, name in ((project, "mine"), (neighbour, "theirs")):
        case.write(
            f"migrations/001_{name}.sql", f"CREATE TABLE {name}_t (id integer); INSERT INTO {name}_t VALUES (1);"
        )
        case.write(
            f"sql/{name}.sql", f"CREATE VIEW {name}_v AS SELECT id FROM {name}_t; GRANT SELECT ON {name}_v TO PUBLIC;"
        )
        case.apply()
    return project, neighbour


def cli(case, *words):
    variables = {**os.environ, "PGMG_CONNECTION_STRING": case.dsn}
    return subprocess.run(
        [sys.executable, "-m", "pgmg", *words],
        cwd=case.root,
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )


def reset(case, **options):
    with case.open() as opened:
        return opened.reset(**options)


def exists(case, name):
    return case.value("SELECT to_regclass(%s)::text", name) is not None


@pytest.mark.parametrize("which", [0, 1])
def test_a_reset_of_one_leaves_the_other_as_it_is(two, which):
    one, other = two[which], two[1 - which]
    with one.open() as opened:
        opened.reset()
    with other.open() as opened:
        assert opened.plan().is_empty
        assert opened.status().applied
    assert other.rows("SELECT id FROM theirs_t UNION ALL SELECT id FROM mine_t") == [(1,), (1,)]
    with one.open() as opened:
        opened.baseline()
        opened.apply()
        assert opened.plan().is_empty


def test_everything_is_refused_while_another_project_is_there(two):
    mine, _ = two
    before = dump(mine.dsn)
    done = cli(mine, "reset", "--all", "--yes")
    assert done.returncode == 1
    assert "schema theirs" in done.stderr
    assert "`pgmg reset --all --including theirs`" in done.stderr
    assert differences(before, dump(mine.dsn)) == []
    assert cli(mine, "reset", "--all", "--including", "theirs", "--yes").returncode == 0
    assert not exists(mine, "mine_t")
    assert not exists(mine, "theirs_t")
    for case in two:
        assert case.apply().migrations_recorded, "nothing is recorded of what is gone"
        case.settled()


def test_the_other_project_is_reset_by_name(two):
    mine, neighbour = two
    reset(mine, including=["theirs"])
    assert not exists(mine, "theirs_v")
    assert not exists(mine, "mine_v")
    assert mine.rows("SELECT id FROM theirs_t") == [(1,)]
    assert not exists(mine, "theirs.pgmg_state")
    with neighbour.open() as opened:
        assert opened.status().applied == ()


def test_a_schema_without_state_is_no_project(two):
    with pytest.raises(UsageError) as caught:
        reset(two[0], including=["nowhere"])
    assert "schema theirs" in caught.value.hint


def test_what_both_have_recorded_stays(two):
    mine, neighbour = two
    for case in two:
        case.write("sql/shared.sql", "CREATE VIEW shared AS SELECT 1 AS one;")
        with case.open() as opened:
            opened.apply(yes=True)
    reset(mine)
    assert exists(mine, "shared")
    with neighbour.open() as opened:
        assert opened.plan().is_empty


def test_what_another_project_has_upon_ours_is_named_as_theirs(two):
    mine, neighbour = two
    neighbour.write("sql/upon.sql", "CREATE VIEW upon AS SELECT id FROM mine_v;")
    neighbour.apply()
    with pytest.raises(RefusedChange) as caught:
        reset(mine)
    assert "project whose state is in schema theirs depend on managed ones: view.upon" in caught.value.message
    assert "--including theirs" in caught.value.hint
    reset(mine, including=["theirs"])
    assert not exists(mine, "upon")


def test_another_project_whose_records_may_not_be_read_counts_as_one(two, server):
    """As any role that does not own them."""
    mine, _ = two
    mine.do("CREATE ROLE pgmg_alone LOGIN PASSWORD 'x'", "GRANT ALL ON SCHEMA public TO pgmg_alone")
    try:
        for table in ("mine_t", "pgmg_state", "pgmg_migrations"):
            mine.do(f"ALTER TABLE {table} OWNER TO pgmg_alone")
        mine.do("ALTER VIEW mine_v OWNER TO pgmg_alone")
        dsn = psycopg.conninfo.make_conninfo(mine.dsn, user="pgmg_alone", password="x")
        with mine.open(connection_string=dsn) as opened, pytest.raises(RefusedChange, match="schema theirs"):
            opened.reset(everything=True)
    finally:
        mine.do("REASSIGN OWNED BY pgmg_alone TO CURRENT_USER", "DROP OWNED BY pgmg_alone", "DROP ROLE pgmg_alone")


def test_an_apply_of_the_other_project_is_not_overtaken(two):
    from pgmg.applying.lock import lock_key

    mine, _ = two
    with psycopg.connect(mine.dsn) as applying:
        applying.execute("SELECT pg_advisory_xact_lock(%s)", [lock_key("theirs")])
        with pytest.raises(LockedError, match="schema theirs"):
            reset(mine, including=["theirs"])
    assert exists(mine, "theirs_v")


@pytest.mark.parametrize(
    "migration",
    [
        "CREATE SCHEMA app; CREATE TABLE app.t (id integer);",
        "CREATE TABLE t (id integer PRIMARY KEY); CREATE PUBLICATION p FOR ALL TABLES;",
        "CREATE FOREIGN DATA WRAPPER fw; CREATE SERVER sv FOREIGN DATA WRAPPER fw; CREATE FOREIGN TABLE ft (i integer) SERVER sv; CREATE USER MAPPING FOR CURRENT_USER SERVER sv;",
        'CREATE SCHEMA "My Schema" CREATE TABLE t (id integer) CREATE VIEW v AS SELECT 1 AS one;',
        "CREATE FUNCTION e() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN END $$; CREATE EVENT TRIGGER et ON ddl_command_end EXECUTE FUNCTION e();",
        "CREATE SCHEMA state_of_others; CREATE SEQUENCE state_of_others.s; ALTER DEFAULT PRIVILEGES IN SCHEMA state_of_others GRANT SELECT ON TABLES TO PUBLIC;",
    ],
)
def test_after_everything_is_gone_it_can_be_applied_again(project, migration):
    project.write("migrations/001.sql", migration)
    project.write("sql/v.sql", "CREATE VIEW v AS SELECT 1 AS one;")
    project.apply()
    before = dump(project.dsn)
    reset(project, everything=True)
    assert not [key for key in dump(project.dsn) if not key.startswith(("SCHEMA -.public", "ACL", "COMMENT"))]
    project.apply()
    assert differences(before, dump(project.dsn)) == []


def test_an_extension_goes_if_a_migration_creates_it(project):
    if not project.rows("SELECT 1 FROM pg_available_extensions WHERE name IN ('citext', 'hstore') HAVING count(*) = 2"):
        pytest.skip("only for servers with citext and hstore")
    project.do("CREATE EXTENSION hstore")
    project.write("migrations/001.sql", "CREATE EXTENSION citext;\nCREATE TABLE t (name citext, more hstore);")
    project.apply()
    reset(project, everything=True)
    assert project.rows("SELECT extname::text FROM pg_extension WHERE extname <> 'plpgsql'") == [("hstore",)]
    project.apply()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("CREATE EXTENSION citext;", {"citext"}),
        ('create extension if not exists "uuid-ossp" with schema x; CREATE TABLE t ()', {"uuid-ossp"}),
        ("-- CREATE EXTENSION a;\nSELECT 'CREATE EXTENSION b'; CREATE /* c */ EXTENSION IF NOT EXISTS D", {"d"}),
        ("DROP EXTENSION a; ALTER EXTENSION b UPDATE; COMMENT ON EXTENSION c IS ''", set()),
    ],
)
def test_extensions_are_found_in_migrations(text, expected):
    assert created_extensions(text) == expected


def test_a_watcher_does_not_undo_a_reset(project):
    """It tells what is gone, and creates it again when its file is saved."""
    from pgmg.model.results.watch_events import Applied, Broken
    from tests.watch.conftest import Watched

    project.write("sql/v.sql", "CREATE VIEW v AS SELECT 1 AS one;")
    watched = Watched(project)
    watched.thread.start()
    try:
        watched.until(Applied)
        reset(project)
        told = watched.until(Broken)
        assert "view.v was dropped by somebody else" in told.error.message
        assert not exists(project, "v")
        project.write("sql/v.sql", "CREATE VIEW v AS SELECT 2 AS one;")
        watched.saved("sql/v.sql")
        assert exists(project, "v")
    finally:
        watched.end()
