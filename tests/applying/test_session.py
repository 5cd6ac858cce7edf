"""What is sent is what was written, and nothing of it stays behind (rules 9.5 to 9.7, 11.3)."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time

import psycopg
import pytest

import pgmg
from pgmg.model.results.events import Finished, Recorded, ServerNotice, Started, StepBegun, StepDone
from pgmg.render.json import documents
from tests.applying import harm

USERS = "CREATE TABLE users (id integer PRIMARY KEY, name text, age integer);"


# -- as written -------------------------------------------------------------------------------------------------


def test_percent_colon_and_dollar_mean_nothing(project):
    """Not to pgmg, not to its driver."""
    project.write(
        "migrations/001.sql",
        "CREATE TABLE t (a text DEFAULT '100 %s %(x)s :x $1 {0} {}');\nINSERT INTO t VALUES ('%'), (':x'), ('$1'), ('{}');\n"
        "INSERT INTO t SELECT 7 % 4;\nPREPARE p (text) AS INSERT INTO t VALUES ($1);\nEXECUTE p ('prepared');",
    )
    project.write(
        "sql/v.sql",
        "CREATE VIEW v AS SELECT a, a LIKE '%s%' AS b, '{}'::jsonb ? 'x' AS c, ':x'::text AS d FROM t WHERE a <> '$1%';",
    )
    project.write("sql/f.sql", "CREATE FUNCTION f(text) RETURNS text LANGUAGE sql AS 'SELECT $1 || ''%'' ';")
    project.apply()
    assert project.rows("SELECT a FROM t") == [("%",), (":x",), ("$1",), ("{}",), ("3",), ("prepared",)]
    assert project.value("SELECT f('x')") == "x%"
    project.settled()


def test_copy_sends_its_inline_data(project):
    """Between other statements, in order; with what it says about itself."""
    project.write(
        "migrations/001.sql",
        USERS
        + "\nCOPY users (id, name, age) FROM stdin;\n1\tann\\tx\t30\n2\t\\N\t\\N\n\\.\nUPDATE users SET age = 1 WHERE age IS NULL;\n"
        'COPY users FROM stdin WITH (FORMAT csv, HEADER true);\nid,name,age\n3,"b;%s,\n",4\n\\.\nSELECT 1;\n',
    )
    project.apply()
    assert project.rows("SELECT * FROM users ORDER BY id") == [(1, "ann\tx", 30), (2, None, 1), (3, "b;%s,\n", 4)]
    project.settled()


# -- nothing leaks ----------------------------------------------------------------------------------------------


def test_what_a_migration_sets_does_not_outlive_it(project, role):
    """search_path as pg_dump clears it, a role, body checks, temporary tables, prepared statements, locks."""
    other = role("pgmg_other")
    project.do(f"GRANT {other} TO CURRENT_USER", f"GRANT CREATE ON SCHEMA public TO {other}")
    project.write(
        "migrations/001.sql",
        "SELECT pg_catalog.set_config('search_path', '', false);\nSET check_function_bodies = false;\nSET lock_timeout = 0;\n"
        "CREATE TABLE public.users (id integer, name text);\nCREATE TEMPORARY TABLE users (wrong text);\n"
        f"PREPARE p AS SELECT 1;\nSELECT pg_advisory_lock(4711);\nSET ROLE {other};\nCREATE TABLE public.owned (id integer);",
    )
    project.write("migrations/002.sql", "CREATE TABLE unqualified (id integer);\nPREPARE p AS SELECT 2;")
    project.write("sql/names.sql", "CREATE VIEW names AS SELECT id, name FROM users;")
    project.apply()
    owners = "SELECT relname, pg_get_userbyid(relowner) = current_user FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relname IN ('names', 'owned', 'unqualified') ORDER BY 1"
    assert project.rows(owners) == [("names", True), ("owned", False), ("unqualified", True)]
    project.settled()
    project.write("sql/f.sql", "CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS $$ SELECT nonsense $$;")
    project.write("migrations/003.sql", "SET check_function_bodies = false;")
    with pytest.raises(pgmg.ApplyError, match="nonsense"):
        project.apply()


def test_what_a_file_sets_holds_for_its_own_objects_only(project):
    """SET search_path in a file of the code folder."""
    project.write(
        "migrations/001.sql", "CREATE SCHEMA app;\nCREATE TABLE app.t (id integer);\nCREATE TABLE t (name text);"
    )
    project.write("sql/a.sql", "SET search_path = app;\nCREATE VIEW a AS SELECT id FROM t;")
    project.write("sql/b.sql", "CREATE VIEW b AS SELECT name FROM t;")
    project.apply()
    assert project.rows("SELECT object_name FROM pgmg_state ORDER BY 1") == [("view.app.a",), ("view.b",)]
    project.settled()


@pytest.mark.parametrize("pooled", [True, False])
def test_no_prepared_statement_is_left_in_a_session_that_may_be_shared(project, monkeypatch, pooled):
    """Poolers hand a session to others; a pooler tells process numbers of its own."""
    project.write("migrations/001.sql", USERS)
    for number in range(20):
        project.write(f"sql/v{number}.sql", f"CREATE VIEW v{number} AS SELECT {number} AS n;")
    counts = []
    close = psycopg.Connection.close

    def counted(self):
        if not self.closed:
            counts.append(self.execute("SELECT count(*) FROM pg_prepared_statements").fetchone()[0])
        close(self)

    if pooled:
        monkeypatch.setattr(psycopg.ConnectionInfo, "backend_pid", 1)
    with project.open() as opened:
        monkeypatch.setattr(psycopg.Connection, "close", counted)
        opened.plan()
        opened.apply()
        opened.plan()
        opened.status()
    monkeypatch.undo()
    if pooled:
        assert set(counts) == {0}
    else:
        applying, reading = counts
        assert applying == 0
        assert reading > 0  # plans are kept where the session ends with us


def test_a_migration_cannot_end_the_transaction(project):
    """An outer BEGIN and COMMIT are passed over; nothing else gets out."""
    project.write("migrations/001.sql", "BEGIN;\nCREATE TABLE t (id integer);\nCOMMIT;")
    project.apply()
    for text in (
        "INSERT INTO t VALUES (1);\nCOMMIT;\nSELECT 1 / 0;",
        "SAVEPOINT a;\nROLLBACK;",
        "PREPARE TRANSACTION 'x';",
    ):
        project.write("migrations/002.sql", text)
        with pytest.raises(pgmg.PgmgError):
            project.apply()
    project.write("migrations/002.sql", "DO $$ BEGIN INSERT INTO t VALUES (1); COMMIT; END $$;")
    with pytest.raises(pgmg.ApplyError) as caught:
        project.apply()
    assert caught.value.sqlstate == "2D000"
    assert project.rows("SELECT * FROM t") == []


# -- events -----------------------------------------------------------------------------------------------------


def test_progress_is_a_stream_of_events(project):
    """Begun and done for each step in order, the server's notices with their step, the result at the end."""
    project.write(
        "migrations/001.sql", USERS + "\nDO $$ BEGIN RAISE NOTICE 'half way'; RAISE WARNING 'take care'; END $$;"
    )
    project.write("migrations/002.sql", "DROP TABLE IF EXISTS never;\nSELECT pg_sleep(0.02);")
    project.write("sql/names.sql", "CREATE VIEW names AS SELECT id, name FROM users;")
    events = []
    with project.open() as opened:
        result = opened.apply(listener=events.append)
    kinds = [type(event) for event in events if not isinstance(event, ServerNotice)]
    assert kinds == [Started, *(StepBegun, StepDone) * 3, Recorded, Finished]
    said = [
        (event.severity, event.message, event.step.object.name) for event in events if isinstance(event, ServerNotice)
    ]
    assert said == [
        ("NOTICE", "half way", "001.sql"),
        ("WARNING", "take care", "001.sql"),
        ("NOTICE", 'table "never" does not exist, skipping', "002.sql"),
    ]
    durations = {event.step.object.name: event.duration_ms for event in events if isinstance(event, StepDone)}
    assert 15 < durations["002.sql"] < 5000
    assert events[-1].result == result
    assert [applied.step.object.name for applied in result.steps] == ["001.sql", "002.sql", "names"]


def test_one_notification_goes_out_with_the_commit(project):
    """Names while they fit in a notification's 8,000 bytes, counts else."""
    project.write("migrations/001.sql", USERS)
    project.write("sql/names.sql", "CREATE VIEW names AS SELECT id, name FROM users;")
    with psycopg.connect(project.dsn, autocommit=True) as listening:
        listening.execute("LISTEN pgmg")
        project.apply()
        (note,) = listening.notifies(timeout=5, stop_after=1)
        assert json.loads(note.payload) == {
            "migrations": ["001.sql"], "objects": ["view.names"], "compatibility": "safe", "clients": {},
        }  # fmt: skip
        for number in range(300):
            project.write(
                f"sql/v{number}.sql",
                f'CREATE VIEW "a rather long name, as names go, {number}" AS SELECT {number} AS n;',
            )
        project.apply()
        (note,) = listening.notifies(timeout=5, stop_after=1)
        assert json.loads(note.payload) == {
            "migrations": 0, "objects": 300, "compatibility": "safe", "clients": 0,
        }  # fmt: skip
        assert project.plan().is_empty
        project.apply()
        assert list(listening.notifies(timeout=0.2)) == []


def test_a_listener_that_fails_stops_the_apply(project):
    """Its error comes out as it is, and nothing has changed."""
    project.write("migrations/001.sql", USERS)
    project.write("migrations/002.sql", "SELECT pg_sleep(20);")

    def fail(event):
        if isinstance(event, StepDone):
            raise ZeroDivisionError

    with project.open() as opened, pytest.raises(ZeroDivisionError):
        opened.apply(listener=fail)
    assert project.value("SELECT to_regclass('users')") is None
    project.write("migrations/002.sql", "SELECT 1;")
    project.apply()


@pytest.mark.parametrize(
    "text",
    ["SELECT pg_sleep(300);", "-- pgmg: no-transaction\nSELECT pg_sleep(30);", "DO $$ BEGIN LOOP END LOOP; END $$;"],
)
def test_ctrl_c_rolls_back_at_once(project, text):
    """The server stops working; nothing has changed."""
    project.write("migrations/001.sql", USERS + "\nINSERT INTO users VALUES (1, 'ann', 1);")
    project.write("migrations/002.sql", text)
    program = (
        "import sys, pgmg\nfrom pgmg.model.results.events import StepBegun\n"
        "def tell(e):\n    if isinstance(e, StepBegun): print(e.step.object.name, flush=True)\n"
        "with pgmg.Project.open(sys.argv[1], connection_string=sys.argv[2]) as p: p.apply(listener=tell)"
    )
    command = [sys.executable, "-c", program, str(project.root), project.dsn]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            if line == "002.sql\n":
                break
        time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=100)
    assert "KeyboardInterrupt" in error
    busy = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
    for _ in range(50):
        left = project.value(busy)  # not asked twice: the session that asked may still be on its way out
        if left == 0:
            break
        time.sleep(0.05)
    assert left == 0
    if "no-transaction" not in text:
        assert project.value("SELECT to_regclass('users')") is None
    project.write("migrations/002.sql", "SELECT 1;")
    project.apply()
    project.settled()


def test_a_statement_timeout_ends_a_step(project):
    """And says so."""
    project.write("migrations/001.sql", "SELECT pg_sleep(20);")
    for text in ("SELECT pg_sleep(20);", "-- pgmg: no-transaction\nSELECT pg_sleep(20);"):
        project.write("migrations/001.sql", text)
        with project.open(statement_timeout="100ms") as opened, pytest.raises(pgmg.ApplyError) as caught:
            opened.apply()
        assert caught.value.sqlstate == "57014"
        assert caught.value.where.path == "migrations/001.sql"


# -- secrets ----------------------------------------------------------------------------------------------------


def _chain(error: BaseException | None) -> list[str]:
    said = []
    while error is not None:
        said += [str(error), repr(error), repr(vars(error))]
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return said


def test_a_password_in_a_migration_is_shown_nowhere(project, role):
    """Not in errors, events, plans, documents, reprs or what the result says."""
    someone = role("pgmg_someone")
    project.write(
        "migrations/001.sql",
        f"SELECT 1; ALTER ROLE {someone} PASSWORD 'planted-1' VALID UNTIL 'nonsense';\n",
    )
    events, said = [], []
    with project.open() as opened:
        plan = opened.plan()
        said += [repr(plan), str(plan), repr(plan.steps), documents.dumps(documents.plan_document(plan))]
        with pytest.raises(pgmg.ApplyError) as caught:
            opened.apply(listener=events.append)
        said += _chain(caught.value) + [repr(event) for event in events]
        said.append(documents.dumps(documents.error_document(caught.value)))
        said += [repr(opened.settings), repr(opened.status())]
    assert "********" in str(caught.value)
    project.write(
        "migrations/001.sql",
        f"DO $$ BEGIN RAISE NOTICE 'ALTER ROLE {someone} PASSWORD ''planted-2'''; END $$;\nALTER ROLE {someone} PASSWORD 'planted-1' NOSUCH;",
    )
    try:
        project.apply()
    except pgmg.PgmgError as error:
        said += _chain(error)
    project.write(
        "migrations/001.sql",
        f"DO $$ BEGIN RAISE NOTICE 'ALTER ROLE {someone} PASSWORD ''planted-2'''; END $$;\nALTER ROLE {someone} PASSWORD 'planted-1';",
    )
    with project.open() as opened:
        result = opened.apply(listener=events.append)
    said += [repr(events), repr(result), documents.dumps(documents.result_document(result))]
    assert not [text for text in said if "planted-" in text]


def test_a_password_in_the_connection_string_is_shown_nowhere(project):
    """Whatever goes wrong."""
    info = psycopg.conninfo.conninfo_to_dict(project.dsn)
    said = []
    for changed in (
        {"dbname": "no_such_database"},
        {"host": "127.0.0.1", "port": "1", "hostaddr": ""},
        {"user": "nobody_here"},
    ):
        dsn = psycopg.conninfo.make_conninfo(**{**info, "password": "planted-3", **changed})
        with pgmg.Project.open(project.root, connection_string=dsn) as opened:
            said += [repr(opened), repr(opened.settings), repr(vars(opened))]
            with pytest.raises(pgmg.ConnectionFailedError) as caught:
                opened.plan()
            said += _chain(caught.value)
    dsn = psycopg.conninfo.make_conninfo(**{**info, "password": "planted-3"})
    with pgmg.Project.open(project.root, connection_string=dsn) as opened:
        said += [opened.server, repr(opened.plan()), repr(opened.status())]
        with opened.connect() as conn:
            said.append(repr(conn))
    assert not [text for text in said if "planted-" in text]


# -- speed ------------------------------------------------------------------------------------------------------


def test_the_round_trips_of_a_plan_do_not_grow_with_its_size(project):
    """At most nine the first time, connecting included; kept plans and commits of others cost two more."""
    from tests.bench.link import Link

    turns = {}
    for size in (3, 60):
        text = "CREATE TABLE t (id integer, name text);" if size == 3 else ""
        if text:
            project.write("migrations/001.sql", text)
        for number in range(size):
            project.write(
                f"sql/v{number}.sql",
                f"CREATE VIEW v{number} AS SELECT id, name, {number} AS n FROM t;\nCOMMENT ON VIEW v{number} IS 'x';\nGRANT SELECT ON v{number} TO PUBLIC;",
            )
        project.apply()
        for number in range(size):
            project.write(
                f"sql/v{number}.sql",
                f"CREATE VIEW v{number} AS SELECT id, name, {number} AS n, '{size}' AS more FROM t;\nCOMMENT ON VIEW v{number} IS 'y{size}';",
            )
        project.write(f"migrations/1{size}.sql", "ALTER TABLE t ADD COLUMN c" + str(size) + " text;")
        with Link(project.dsn, 0.02) as link, pgmg.Project.open(project.root, connection_string=link.dsn) as opened:
            assert len(opened.plan().steps) > size
            turns[size] = link.waits
            opened.plan()
            turns[f"{size} warm"] = link.waits - turns[size]
    assert turns[3] == turns[60], turns
    assert turns[3] <= 9, turns
    assert max(turns.values()) <= 11, turns


def _turns_of_a_plan(project):
    """Return how often the first and the second plan of a process wait for the server, besides connecting."""
    from tests.bench.link import Link

    with Link(project.dsn, 0.02) as link:
        with psycopg.connect(link.dsn):
            connecting = link.waits
        with pgmg.Project.open(project.root, connection_string=link.dsn) as opened:
            begun = link.waits
            steps = len(opened.plan().steps)
            first = link.waits - begun - connecting
            begun = link.waits
            opened.plan()
            assert link.turns <= 2 * link.waits, "who waits in the middle of a pipeline waits once more"
            return steps, first, link.waits - begun


def test_an_idle_plan_takes_three_round_trips_at_most(project):
    project.write("migrations/001.sql", "CREATE TABLE t (id integer);")
    project.write("sql/v.sql", "CREATE VIEW v AS SELECT id FROM t;")
    project.apply()
    steps, first, second = _turns_of_a_plan(project)
    assert steps == 0
    assert (first <= 3, second <= 4) == (True, True), (first, second)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("sql/v.sql", "CREATE VIEW v AS SELECT id, 1 AS more FROM t;"),
        ("sql/f.sql", "CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS 'SELECT 2';"),
        ("sql/new.sql", "CREATE VIEW new AS SELECT id FROM v;"),
    ],
)
def test_a_plan_with_one_change_takes_eight_round_trips_at_most(path, text, project):
    """Later plans of a process take two more if somebody has committed anything in between, as other tests do."""
    project.write("migrations/001.sql", "CREATE TABLE t (id integer);")
    project.write("sql/v.sql", "CREATE VIEW v AS SELECT id FROM t;")
    project.write("sql/f.sql", "CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS 'SELECT 1';")
    project.apply()
    project.write(path, text)
    steps, first, second = _turns_of_a_plan(project)
    assert steps == 1
    assert (first <= 8, second <= 10) == (True, True), (first, second)


def test_an_apply_of_many_objects_takes_a_constant_number_of_round_trips(project):
    """All of a group goes out at once."""
    from tests.bench.link import Link

    turns = []
    for size in (5, 60):
        for number in range(size):
            project.write(f"sql/{size}_{number}.sql", f"CREATE VIEW v{size}_{number} AS SELECT {number} AS n;")
        with Link(project.dsn, 0.005) as link, pgmg.Project.open(project.root, connection_string=link.dsn) as opened:
            opened.apply()
            turns.append(link.turns)
    assert turns[1] <= turns[0] + 10, turns


def test_nothing_is_sent_to_the_server_twice(project):
    """One attempt, where nothing has to be learned."""
    project.write("migrations/001.sql", USERS)
    moments = harm.Moments()
    with harm.watched(moments):
        project.apply()
    assert moments.said.count("COMMIT") == 1
