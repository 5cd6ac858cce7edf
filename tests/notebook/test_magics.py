"""Magics in a shell: what they return, show and refuse."""

from __future__ import annotations

import shlex

import pytest
from psycopg import conninfo

import pgmg
from pgmg.notebook.magic_commands.magic_table import ASK

TABLE = "CREATE TABLE users (id int PRIMARY KEY, name text, active bool);"
MAGICS = ("pgmg_connect", "pgmg_plan", "pgmg_apply", "pgmg_status", "pgmg_diff", "pgmg_graph", "pgmg_watch")


@pytest.fixture
def users(project):
    project.write("migrations/001_users.sql", TABLE)
    project.write("sql/views/active.sql", "CREATE VIEW active AS SELECT id, name FROM users WHERE active;")
    project.write("sql/views/names.sql", "CREATE VIEW names AS SELECT name FROM active;")
    return project


def data(captured, kind="text/html"):
    """What was displayed in one form, all of it."""
    return "\n".join(output.data.get(kind, "") for output in captured.outputs)


def test_a_plan_is_shown_and_returned(cells, users):
    captured = cells("plan = %pgmg_plan")
    plan = cells.shell.user_ns["plan"]
    assert isinstance(plan, pgmg.Plan)
    assert [str(step.object) for step in plan.steps] == ["migration.001_users.sql", "view.active", "view.names"]
    assert "CREATE VIEW active" in data(captured, "text/plain")
    assert "<table" in data(captured)
    assert "%pgmg_apply" in captured.stdout


def test_a_rehearsed_plan_shows_saves_and_applies(cells, users, server):
    captured = cells(f"plan = %pgmg_plan --rehearse --scratch {shlex.quote(server.dsn)} --out plan.json")
    plan = cells.shell.user_ns["plan"]
    assert plan.rehearsal.proved
    assert plan.rehearsal.fingerprint == plan.fingerprint
    assert "Rehearsal: on a copy without rows" in data(captured, "text/plain")
    assert '<span class="badge r-created">proved</span>' in data(captured)
    again = cells("again = %pgmg_apply --ask plan.json")
    assert cells.shell.user_ns["again"].rehearsal.proved
    assert '<span class="badge r-created">proved</span>' in data(again)
    users.write("sql/views/names.sql", "CREATE VIEW names AS SELECT upper(name) AS name FROM active;")
    assert "stale" in str(cells.failing("%pgmg_apply plan.json")[1])
    cells("other = %pgmg_plan")
    assert cells.shell.user_ns["other"].rehearsal is None


def test_project_and_server_are_named_on_first_use_on_connect_and_on_change(cells, users, server):
    name = conninfo.conninfo_to_dict(users.dsn)["dbname"]
    first = cells("%pgmg_plan").stdout
    assert first.startswith("Server: ")
    assert f"database {name}; project: {users.root.name}" in first
    for magic in ("%pgmg_status", "%pgmg_diff", "%pgmg_graph", "%pgmg_apply"):
        assert "Server:" not in cells(magic).stdout
    assert "Server:" in cells("%pgmg_connect").stdout
    other = server.create()
    try:
        assert "Server:" in cells(f"%pgmg_status --connection-string {shlex.quote(other)}").stdout
        assert name in cells("%pgmg_status").stdout
    finally:
        cells("%unload_ext pgmg")
        cells("%load_ext pgmg")
        server.drop(other)


def test_what_a_magic_has_shown_is_not_shown_again_as_the_value_of_its_cell(cells, users):
    captured = cells("%pgmg_plan")
    assert isinstance(captured.value, pgmg.Plan)
    assert len([output for output in captured.outputs if "text/html" in output.data]) == 1
    assert "shown above" in data(captured, "text/plain")


def test_a_plan_displays_itself_in_a_later_cell(cells, users):
    cells("plan = %pgmg_plan")
    formatted, _ = cells.shell.display_formatter.format(cells.shell.user_ns["plan"])
    assert formatted.keys() == {"text/plain", "text/html"}
    assert formatted["text/plain"].startswith("PLAN:")
    assert "PLAN:" in cells("plan").stdout
    assert "<Plan of 3 steps" in cells("[plan]").stdout


def test_apply_changes_the_database_and_returns_the_result(cells, users):
    result = cells("%pgmg_apply").value
    assert isinstance(result, pgmg.ApplyResult)
    assert result.migrations_recorded == ("001_users.sql",)
    users.settled()


def test_apply_with_ask_or_dry_run_only_shows_the_plan(cells, users):
    assert isinstance(cells(f"%pgmg_apply {ASK.flags[0]}").value, pgmg.Plan)
    assert isinstance(cells("%pgmg_apply --dry-run").value, pgmg.Plan)
    assert users.value("SELECT to_regclass('users')") is None


def test_status_diff_and_graph_return_real_objects(cells, users):
    assert cells("%pgmg_status").value.pending == ("001_users.sql",)
    assert [str(change.object) for change in cells("%pgmg_diff view.active").value] == ["view.active"]
    graph = cells("%pgmg_graph names --upstream 1").value
    assert [str(node.object) for node in graph.nodes] == ["view.active", "view.names"]
    assert graph.hidden > 0


def test_a_graph_comes_as_html_picture_and_tree(cells, users):
    captured = cells("%pgmg_graph")
    assert "<svg" in data(captured, "image/svg+xml")
    assert '<img alt="Dependency graph: 4 objects"' in data(captured)
    assert "view.names [new]" in data(captured, "text/plain")


def test_a_column_has_a_graph_of_its_own(cells, users):
    cells("%pgmg_apply")
    captured = cells("%pgmg_graph names.name --upstream 9")
    assert captured.value.is_lineage
    assert "view.active.name" in data(captured, "text/plain")
    assert 'aria-label="Column lineage"' in data(captured, "text/html")
    assert "<svg" in data(captured, "image/svg+xml")
    shown, error = cells.failing("%pgmg_graph names.nam")
    assert isinstance(error, pgmg.UnknownObjectError)
    assert "Did you mean name?" in shown


def test_a_saved_plan_is_made_again_and_applied(cells, users):
    cells("%pgmg_plan --out plan.json")
    assert isinstance(cells("%pgmg_apply plan.json --dry-run").value, pgmg.Plan)
    shown, error = cells.failing("%pgmg_apply plan.json --rewrite-tables")
    assert "was not made with --rewrite-tables" in shown
    assert cells("%pgmg_apply plan.json").value.migrations_recorded == ("001_users.sql",)
    shown, error = cells.failing("%pgmg_apply plan.json")
    assert isinstance(error, pgmg.StalePlanError)
    assert "is stale" in shown
    users.settled()


def test_what_is_no_saved_plan_is_refused_without_a_traceback(cells, users):
    users.write("plan.json", "{}")
    for name, said in (("plan.json", "not a saved plan"), ("nowhere.json", "nowhere.json")):
        shown, _error = cells.failing(f"%pgmg_apply {name}")
        assert said in shown
        assert "Traceback" not in shown
    assert users.value("SELECT to_regclass('users')") is None


def test_files_are_written_where_asked(cells, users):
    cells("%pgmg_plan --out plan.json --output-graph graph.svg")
    cells("%pgmg_graph --output graph.mmd")
    assert '"fingerprint"' in (users.root / "plan.json").read_text()
    assert "<svg" in (users.root / "graph.svg").read_text()
    assert (users.root / "graph.mmd").read_text().startswith("flowchart")


@pytest.mark.parametrize("name", MAGICS)
def test_help_is_real(cells, name):
    told = cells(f"%{name} --help").stdout
    assert f"%{name}" in told
    assert "--environment" in told
    assert told.strip() == cells.shell.find_line_magic(name).__doc__.strip()
    assert told.strip() in cells.shell.find_line_magic(name).__doc__


def test_a_problem_in_a_file_is_shown_with_its_line_and_caret_and_no_traceback(cells, users):
    users.write("sql/views/active.sql", "CREATE VIEW active AS SELEC id FROM users;")
    shown, error = cells.failing("%pgmg_plan")
    assert isinstance(error, pgmg.SourceErrors)
    assert "sql/views/active.sql:1:23" in shown
    assert "CREATE VIEW active AS SELEC id FROM users;" in shown
    assert "^" in shown
    assert "Traceback" not in shown
    assert "magics.py" not in shown


def test_other_errors_keep_their_traceback(cells):
    shown, error = cells.failing("1 / 0")
    assert isinstance(error, ZeroDivisionError)
    assert "Traceback" in shown


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("%pgmg_plan --nothing", "unrecognized arguments: --nothing"),
        ("%pgmg_plan --recreate all", "invalid choice"),
        ("%pgmg_graph --upstream many", "not a whole number"),
        ("%pgmg_graph 'open", "cannot be split"),
        ("%pgmg_graph --output picture.bmp", "unknown picture format"),
        ("%pgmg_connect staging", "environment"),
    ],
)
def test_wrong_words_are_told_as_pgmg_tells_errors(cells, line, said):
    shown, error = cells.failing(line)
    assert isinstance(error, pgmg.PgmgError)
    assert said in shown
    assert "Traceback" not in shown


def test_connect_chooses_the_server_of_the_following_magics(cells, users, server):
    other = server.create()
    try:
        cells(f"%pgmg_connect {shlex.quote(other)}")
        cells("%pgmg_apply")
        assert users.value("SELECT to_regclass('users')") is None
        with users.open(connection_string=other) as project:
            assert project.plan().is_empty
    finally:
        cells("%unload_ext pgmg")
        cells("%load_ext pgmg")
        server.drop(other)


def test_connect_takes_an_environment_of_the_settings(cells, users, monkeypatch):
    monkeypatch.delenv("PGMG_CONNECTION_STRING")
    toml = users.root / "pgmg.toml"
    toml.write_text(f"{toml.read_text()}\n[environments.staging]\nconnection_string = '''{users.dsn}'''\n")
    name = conninfo.conninfo_to_dict(users.dsn)["dbname"]
    assert name in cells("%pgmg_connect staging").stdout
    cells("%pgmg_apply")
    assert users.value("SELECT to_regclass('users')::text") == "users"


def test_a_connection_that_fails_is_not_chosen_and_its_password_not_shown(cells, users):
    shown, error = cells.failing("%pgmg_connect postgresql://me:sekret-7@127.0.0.1:1/none")
    assert isinstance(error, pgmg.ConnectionFailedError)
    assert "sekret-7" not in shown
    assert "sekret-7" not in str(error)
    assert cells("%pgmg_plan").value.steps


def test_unknown_words_do_not_give_a_password_away(cells):
    shown, _ = cells.failing("%pgmg_plan postgresql://me:sekret-7@127.0.0.1/none")
    assert "unrecognized" in shown
    assert "sekret-7" not in shown


def test_an_edit_of_the_settings_is_noticed(cells, users):
    cells("%pgmg_plan")
    (users.root / "pgmg.toml").write_text('migrations_dir = "migrations"\n')
    assert [str(step.object) for step in cells("%pgmg_plan").value.steps] == ["migration.001_users.sql"]


def test_unloading_takes_everything_back(shell, cells, project):
    cells("%unload_ext pgmg")
    assert shell.find_line_magic("pgmg_plan") is None
    assert pgmg.PgmgError not in shell.custom_exceptions
    assert "PLAN" not in shell.display_formatter.format(pgmg.Plan("sha256:0", None))[0]["text/plain"]
    assert "--recreate" not in cells.complete("%pgmg_plan --")
    cells("%load_ext pgmg")


def test_deleting_most_of_what_is_recorded_needs_yes(cells, project):
    for number in range(12):
        project.write(f"sql/v{number}.sql", f"CREATE VIEW v{number} AS SELECT {number} AS n;")
    cells("%pgmg_apply")
    for number in range(10):
        project.remove(f"sql/v{number}.sql")
    _, error = cells.failing("%pgmg_apply")
    assert isinstance(error, pgmg.RefusedChange)
    assert all(f"view.v{number}" in error.message for number in range(10))
    assert len(cells("%pgmg_apply --yes").value.steps) == 10


def test_an_existing_database_is_taken_over(cells, project):
    project.do("CREATE TABLE t (id integer)", "CREATE VIEW v AS SELECT id FROM t")
    captured = cells("report = %pgmg_import --baseline --no-verify")
    report = cells.shell.user_ns["report"]
    assert [file.path for file in (*report.migrations, *report.files)] == [
        "migrations/001_baseline.sql",
        "sql/public/views/v.sql",
    ]
    for kind in ("text/plain", "text/html"):
        assert "Wrote sql/public/views/v.sql" in data(captured, kind)
        assert "The next plan is empty." in data(captured, kind)
    assert project.plan().steps == ()
