"""A secret in any form is searched for in everything that leaves the process (rule 11.3)."""

from __future__ import annotations

import json
import os
import pprint
import signal
import subprocess
import sys
import tempfile
import traceback
from contextlib import suppress
from pathlib import Path

import nbformat
import psycopg
import pytest
from click.testing import CliRunner
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from nbclient import NotebookClient

from pgmg.cli.main import program
from pgmg.errors import PgmgError, SourceErrors
from pgmg.model.sources.source import MigrationFile
from pgmg.notebook.formatters import bundle
from pgmg.render.html.error_html import error_html
from pgmg.render.json import documents
from pgmg.source import parse_migration
from tests.secrets.forms import SECRET, SQL

FAILS = ";\nSELECT 1/0 AS always_fails;"
"""Whatever a migration does is rolled back."""

SERVER_WIDE = ("ALTER SYSTEM", "CREATE SUBSCRIPTION", "ALTER SUBSCRIPTION", "COPY t FROM PROGRAM")
"""What cannot be rolled back, or speaks to other servers: planned only."""


def planted() -> dict[str, str]:
    """Every form with a secret of its own, by the name of a file."""
    return {f"{number:03}_x.sql": form.planted(f"{SECRET}{number:03}") for number, form in enumerate(SQL, start=1)}


def parses(text: str) -> bool:
    try:
        parse_migration(MigrationFile("1.sql", "1.sql", text, ""))
    except SourceErrors:
        return False
    return True


def leaked(*texts: object) -> list[str]:
    """Return what stands around each secret that can be read."""
    found = []
    for text in map(str, texts):
        at = text.find(SECRET)
        while at >= 0:
            found.append(text[max(0, at - 60) : at + 12])
            at = text.find(SECRET, at + 1)
    return found


@pytest.fixture
def pgmg_(project, monkeypatch):
    """Run a command in the project; returns all that it printed."""
    monkeypatch.chdir(project.root)
    monkeypatch.setenv("PGMG_CONNECTION_STRING", project.dsn)

    def run(*words: str, fails: bool | None = None) -> str:
        done = CliRunner().invoke(program, list(words))
        assert fails is None or (done.exit_code != 0) is fails, done.output + done.stderr
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done.output + done.stderr

    return run


@pytest.fixture
def shell(project, tmp_path, monkeypatch):
    """Run a cell; returns all that it showed, in every form."""
    monkeypatch.chdir(project.root)
    monkeypatch.setenv("PGMG_CONNECTION_STRING", project.dsn)
    InteractiveShell.clear_instance()
    made = InteractiveShell.instance(ipython_dir=str(tmp_path / ".ipython"))
    made.history_manager.enabled = False

    def run(source: str) -> str:
        with capture_output() as captured:
            made.run_cell(source)
        shown = [output.data for output in captured.outputs]
        return captured.stdout + captured.stderr + json.dumps(shown, default=str)

    run("%load_ext pgmg")
    yield run
    run("%unload_ext pgmg")
    made.history_manager.end_session()
    made.history_manager.hist_file = ":memory:"
    InteractiveShell.clear_instance()


@pytest.mark.parametrize("folder", ["sql", "migrations"])
def test_errors_about_files_quote_no_secret(project, pgmg_, shell, folder):
    """Each form in a file of its own: most are refused or do not parse, and their line is quoted."""
    for name, text in planted().items():
        if folder == "sql" or not parses(text):
            project.write(f"{folder}/{name}", text)
    said = [
        *(pgmg_(*words, fails=True) for words in (["plan"], ["plan", "--format", "json"], ["plan", "-vv"], ["apply"])),
        *(pgmg_(*words) for words in (["status"], ["diff"], ["graph"], ["status", "--format", "json"])),
        *(shell(cell) for cell in ("%pgmg_plan", "%pgmg_apply", "%pgmg_status", "%pgmg_diff")),
    ]
    assert all(said)
    assert leaked(*said) == []
    with project.open() as opened, pytest.raises(PgmgError) as caught:
        opened.plan()
    error = caught.value
    assert len(error.problems) > 8
    shown = traceback.format_exception(error)
    assert leaked(str(error), repr(error), error_html(error), documents.error_document(error), *shown) == []


def test_plans_show_no_secret_in_any_form(project, pgmg_, shell, tmp_path):
    """Every form that parses is a pending migration."""
    count = 0
    for name, text in planted().items():
        if parses(text):
            project.write(f"migrations/{name}", text)
            count += 1
    assert count > 50
    drawn = [str(tmp_path / f"graph.{suffix}") for suffix in ("svg", "html", "dot", "mmd")]
    said = [
        pgmg_("plan", "--out", "plan.json", fails=False),
        pgmg_("plan", "-vv", fails=False),
        pgmg_("plan", "--format", "json", fails=False),
        pgmg_("apply", "--dry-run", fails=False),
        *(pgmg_("plan", "--output-graph", path, fails=False) + Path(path).read_text() for path in drawn),
        pgmg_("status", "-v"),
        shell("%pgmg_plan"),
        shell("%pgmg_graph"),
    ]
    assert leaked((project.root / "plan.json").read_text(), *said) == []
    plan = project.plan()
    assert len(plan.steps) == count
    parts = [
        plan,
        plan.steps,
        [step.migration for step in plan.steps],
        [step.migration.statements for step in plan.steps],
    ]
    assert leaked(repr(plan), pprint.pformat(plan), bundle(plan), *map(repr, parts)) == []
    assert leaked(plan.to_frame().to_string(), plan.to_frame().to_csv()) == []


def test_errors_of_the_server_show_no_secret(project, pgmg_):
    """Every form that parses is applied; the server refuses it or what follows."""
    tried = 0
    for name, text in planted().items():
        if not parses(text + FAILS) or text.startswith(SERVER_WIDE):
            continue
        project.write(f"migrations/{name}", text + FAILS)
        events = []
        with project.open() as opened, pytest.raises(PgmgError) as caught:
            opened.apply(listener=events.append)
        error = caught.value
        shown = [str(error), error_html(error), json.dumps(documents.error_document(error)), repr(events)]
        assert leaked(*shown, *traceback.format_exception(error)) == [], name
        project.remove(f"migrations/{name}")
        tried += 1
    assert tried > 50


MIGRATIONS = {
    "raised": f"DO $$ DECLARE pw text := '{SECRET}'; BEGIN RAISE EXCEPTION 'bad password: %', pw; END $$",
    "raised without the word": f"DO $$ DECLARE password text := '{SECRET}'; BEGIN RAISE EXCEPTION 'it is %', password; END $$",
    "notice": f"DO $$ DECLARE pw text := '{SECRET}'; BEGIN RAISE NOTICE 'now it is %', pw; RAISE division_by_zero; END $$",
    "a key that exists": f"CREATE TABLE u (password text UNIQUE);\nINSERT INTO u VALUES ('{SECRET}');\nINSERT INTO u (password) VALUES ('{SECRET}')",
    "a failing row": f"CREATE TABLE u (password text, n int NOT NULL);\nINSERT INTO u (password) VALUES ('{SECRET}')",
    "a copied row": f"CREATE TABLE u (name text, password text, n int);\nCOPY u (name, password, n) FROM stdin;\nbob\t{SECRET}\tx\n\\.\n",
    "a copied row too short": f"CREATE TABLE u (name text, password text, n int);\nCOPY u (name, password, n) FROM stdin;\nbob\t{SECRET}\n\\.\n",
    "a dynamic statement": f"DO $$ BEGIN EXECUTE 'ALTER ROLE nobody_here PASSWORD ''{SECRET}'''; END $$",
    "a broken dynamic statement": f"DO $$ BEGIN EXECUTE 'ALTER ROLE nobody_here PASSWORD ''{SECRET} '; END $$",
    "a broken dynamic statement without quotes": f"DO $$ BEGIN EXECUTE 'ALTER ROLE nobody_here PASSWORD {SECRET}'; END $$",
    "a setting of a wrong type": f"SET app.password = '{SECRET}'; SELECT current_setting('app.password')::int",
}


@pytest.mark.parametrize("name", MIGRATIONS)
def test_what_a_server_repeats_of_a_secret_is_hidden(project, pgmg_, shell, name):
    project.write("migrations/001.sql", MIGRATIONS[name] + ";")
    said = [pgmg_("apply", "-vv", fails=True), pgmg_("apply", "--format", "json", fails=True), shell("%pgmg_apply")]
    assert leaked(*said) == []


def test_code_that_handles_secrets_is_shown_without_them(project, pgmg_, shell):
    """New, changed, drifted, restored, previewed: as text, JSON and HTML."""
    body = "CREATE FUNCTION login() RETURNS text LANGUAGE plpgsql AS $$ BEGIN {} RETURN 'ok'; END $$;"
    dynamic = f"EXECUTE format('ALTER ROLE %I PASSWORD %L', 'r', '{SECRET}');"
    said = []

    def look():
        commands = (["plan"], ["plan", "--format", "json"], ["diff"], ["diff", "--format", "json"], ["status", "-v"])
        said.extend(pgmg_(*words) for words in commands)
        said.extend(shell(cell) for cell in ("%pgmg_plan", "%pgmg_diff", "%pgmg_status", "%pgmg_graph login"))

    project.write("sql/login.sql", body.format(dynamic))
    project.write("sql/hashed.sql", f"CREATE VIEW hashed AS SELECT md5('{SECRET}' || 'x') AS password;")
    look()
    said.append(pgmg_("apply", "-v", fails=False))
    project.write("sql/login.sql", body.format(dynamic.replace(SECRET, f"{SECRET}2")))
    project.write("sql/hashed.sql", f"CREATE VIEW hashed AS SELECT md5('{SECRET}3' || 'x') AS password, 1 AS n;")
    look()
    said.append(shell(f"%%pgmg_sql login.sql\n{body.format(dynamic.replace(SECRET, f'{SECRET}4'))}"))
    project.do(body.format(dynamic.replace(SECRET, f"{SECRET}5")).replace("CREATE", "CREATE OR REPLACE"))
    look()
    said.append(shell("%pgmg_apply"))
    assert leaked(*said) == []
    assert SECRET in project.value("SELECT prosrc FROM pg_proc WHERE proname = 'login'")


def test_a_saved_notebook_holds_no_secret(project, monkeypatch):
    """What a kernel shows is saved with the notebook; secrets stand in files and in the connection string."""
    separator = "&" if "?" in project.dsn else " "
    monkeypatch.setenv("PGMG_CONNECTION_STRING", f"{project.dsn}{separator}sslpassword={SECRET}")
    monkeypatch.setenv("IPYTHONDIR", str(project.root / ".ipython"))
    project.write(
        "migrations/001.sql", f"CREATE TABLE u (id int);\nSELECT set_config('app.password', '{SECRET}', true);"
    )
    project.write("migrations/002.sql", f"ALTER ROLE nobody_here PASSWORD '{SECRET}';")
    project.write("sql/v.sql", "CREATE VIEW v AS SELECT id FROM u;")
    cells = (
        "%load_ext pgmg",
        "%pgmg_status",
        "%pgmg_plan",
        "%pgmg_plan\n_.steps",
        "%pgmg_apply",
        "%pgmg_connect postgresql://u:§@127.0.0.1:1/d",
    )
    sources = [cell.replace("§", f"{SECRET[:3]}' '{SECRET[3:]}") for cell in cells]
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    client = NotebookClient(
        made, resources={"metadata": {"path": str(project.root)}}, timeout=60, kernel_name="python3", allow_errors=True
    )
    client.execute()
    saved = project.root / "saved.ipynb"
    nbformat.write(made, saved)
    assert "nobody_here" in saved.read_text()
    assert leaked(saved.read_text()) == []


def test_the_list_of_processes_shows_no_secret(project):
    """Neither the command that got its connection from the environment nor what it starts."""
    project.write("migrations/001.sql", f"SELECT set_config('app.password', '{SECRET}', true), pg_sleep(3600);")
    separator = "&" if "?" in project.dsn else " "
    env = {**os.environ, "PGMG_CONNECTION_STRING": f"{project.dsn}{separator}sslpassword={SECRET}"}
    running = subprocess.Popen(
        [sys.executable, "-m", "pgmg", "apply"],
        cwd=project.root,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        sleeping = (
            "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(3600)%' AND pid <> pg_backend_pid()"
        )
        while not project.value(sleeping):
            assert running.poll() is None, running.communicate()
        listed = [path.read_bytes().decode(errors="replace") for path in Path("/proc").glob("[0-9]*/cmdline")]
        assert any("-m\0pgmg\0apply" in line for line in listed)
        names = project.rows("SELECT application_name FROM pg_stat_activity")
        assert leaked(*listed, names) == []
    finally:
        running.send_signal(signal.SIGINT)
        said = _ends(running, project)
    assert leaked(*said) == []


def _ends(running, project) -> tuple[str, str]:
    """Return what an interrupted program said; one that goes on is killed, with what its sessions do."""
    for _ in range(300):  # not one long wait: the clock of a machine that was suspended goes on
        with suppress(subprocess.TimeoutExpired):
            return running.communicate(timeout=1)
    sessions = project.rows("SELECT application_name, state, wait_event, query FROM pg_stat_activity")
    running.kill()
    raise AssertionError((running.communicate(), sessions))


def test_the_log_of_the_embedded_server_holds_no_secret():
    """Neither the statement that failed nor what the server says around it."""
    from pgmg.catalog.servers import embedded

    # not tmp_path: as root, pytest closes its folders to the user whom the server runs as
    with tempfile.TemporaryDirectory(prefix="pgmg-test-") as top, embedded.acquire(Path(top, ".pgmg")) as server:
        with psycopg.connect(server.dsn, autocommit=True) as conn:
            for statement in (
                f"ALTER ROLE nobody_here PASSWORD '{SECRET}'",
                f"DO $$ BEGIN EXECUTE 'ALTER ROLE nobody_here PASSWORD ''{SECRET}'''; END $$",
                f"CREATE TABLE u (password text); INSERT INTO u VALUES ('{SECRET}'); ALTER TABLE u ADD n int NOT NULL; ALTER TABLE u ADD UNIQUE (password); INSERT INTO u VALUES ('{SECRET}')",
            ):
                with pytest.raises(psycopg.Error):
                    conn.execute(statement)
        log = Path(top, ".pgmg", "log").read_text()
    assert "nobody_here" in log
    assert leaked(log) == []


def test_an_unexpected_error_shows_no_secret_in_its_traceback(project, pgmg_, monkeypatch):
    """Not even where pgmg itself is wrong."""

    def fails(*_, **__):
        raise RuntimeError(f"ALTER ROLE r PASSWORD '{SECRET}'")

    monkeypatch.setattr("pgmg.planner.Planner.plan", fails)
    said = pgmg_("plan", "-vv", fails=True)
    assert "Traceback" in said
    assert leaked(said) == []


def test_a_link_that_leads_outside_quotes_nothing_of_that_file(project, pgmg_, tmp_path_factory):
    """Not the line, not a word that the grammar stumbles over."""
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "shadow"
    elsewhere.write_text(
        f"root:{SECRET}:0:0\nDROP VIEW {SECRET};\n\\{SECRET}\nSELECT :{SECRET};\nx {SECRET} '{SECRET}\n"
    )
    (project.root / "sql/outside.sql").symlink_to(elsewhere)
    (project.root / "migrations/001.sql").symlink_to(elsewhere)
    project.write("sql/inside.sql", "CREATE VIEW v AS SELEC 1;")
    said = pgmg_("plan", fails=True)
    assert leaked(*(said, pgmg_("plan", "--format", "json", fails=True), pgmg_("plan", "-vv", fails=True))) == []
    assert "sql/outside.sql:1" in said
    assert "a symbolic link leads to this file outside the project" in said
    assert "CREATE VIEW v AS SELEC 1" in said
