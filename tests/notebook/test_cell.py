"""`%%pgmg_sql`: what is written where, what is applied, what is shown; and what is refused."""

from __future__ import annotations

import os
import shutil
import stat

import pytest
from IPython.utils.capture import capture_output

import pgmg
from pgmg.model.results.cell_result import CellResult
from tests.conftest import Case

TABLE = "CREATE TABLE users (id int PRIMARY KEY, name text, active bool); INSERT INTO users VALUES (1, 'Ada', true), (2, NULL, false);"
ACTIVE = "CREATE VIEW active AS SELECT id, name FROM users WHERE active"


@pytest.fixture
def users(project):
    """A table and two views, applied."""
    project.write("migrations/001_users.sql", TABLE)
    project.write("sql/views/active.sql", f"{ACTIVE};\n")
    project.write("sql/views/names.sql", "CREATE VIEW names AS SELECT name FROM active;\n")
    project.apply()
    return project


def data(captured, kind="text/html"):
    return "\n".join(output.data.get(kind, "") for output in captured.outputs)


def failing(cells, source):
    """Run a cell that must fail; returns all that it showed, and the error."""
    with capture_output() as captured:
        done = cells.shell.run_cell(source)
    assert not done.success
    return captured.stdout + captured.stderr + data(captured, "text/plain"), done.error_in_exec


def sql(text, line=""):
    return f"%%pgmg_sql {line}\n{text}"


def code(case):
    """Every file of the code folder with its text."""
    return {
        path.relative_to(case.root).as_posix(): path.read_text()
        for path in (case.root / "sql").rglob("*")
        if path.is_file()
    }


# --- what is done


def test_a_cell_becomes_a_file_and_the_database_follows(cells, users):
    done = cells(sql("CREATE VIEW count_all AS SELECT count(*) AS n FROM users;", "views/count_all.sql"))
    cell = done.value
    assert isinstance(cell, CellResult)
    assert (cell.path, cell.previous, cell.written) == ("sql/views/count_all.sql", None, True)
    assert [str(name) for name in cell.objects] == ["view.count_all"]
    assert isinstance(cell.result, pgmg.ApplyResult)
    assert (users.root / cell.path).read_text() == "CREATE VIEW count_all AS SELECT count(*) AS n FROM users;\n"
    assert users.value("SELECT n FROM count_all") == 2
    users.settled()
    text = data(done, "text/plain")
    assert "sql/views/count_all.sql (a new file)" in text
    assert "view.count_all is new, with the columns:\n  + n bigint" in text


def test_columns_that_change_dependents_and_the_old_text_are_shown(cells, users):
    changed = "CREATE VIEW active AS SELECT id::bigint AS id, name, 1 AS one FROM users WHERE active;"
    done = cells(sql(changed, "views/active.sql"))
    cell = done.value
    (columns,) = cell.columns
    assert [(c.name, c.before, c.after) for c in columns.columns] == [
        ("id", "integer", "bigint"),
        ("one", None, "integer"),
    ]
    assert [str(name) for name in cell.dependents] == ["view.names"]
    assert cell.previous == f"{ACTIVE};\n"
    text = data(done, "text/plain")
    assert f"  -{ACTIVE};\n  +{changed}" in text
    assert "  ~ id integer → bigint\n  + one integer" in text
    assert "Also changed: view.names" in text
    html = data(done)
    assert '<span class="d-removed">' in html
    assert "id integer → bigint" in html
    users.settled()


def test_columns_that_go_are_shown_too(cells, users):
    users.remove("sql/views/names.sql")
    users.apply()
    (columns,) = cells(sql("CREATE VIEW active AS SELECT id FROM users WHERE active", "views/active.sql")).value.columns
    assert [(c.name, c.before, c.after) for c in columns.columns] == [("name", "text", None)]


def test_what_a_cell_has_shown_is_not_shown_again(cells, users):
    done = cells(sql(f"{ACTIVE} AND id > 0;", "views/active.sql"))
    assert "shown above" in data(done, "text/plain")
    assert data(done).count('aria-label="Cell"') == 1


def test_without_a_path_the_file_that_declares_the_object_is_found(cells, users):
    cell = cells(sql("CREATE VIEW public.ACTIVE AS SELECT id, name FROM users;")).value
    assert (cell.path, cell.proposed) == ("sql/views/active.sql", False)
    assert users.value("SELECT count(*) FROM active") == 2


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("CREATE VIEW newest AS SELECT max(id) AS id FROM users;", "sql/views/newest.sql"),
        ("CREATE FUNCTION twice(n int) RETURNS int LANGUAGE sql AS 'SELECT n * 2';", "sql/functions/twice.sql"),
        ("CREATE TYPE mood AS ENUM ('ok');", "sql/types/mood.sql"),
        ("CREATE DOMAIN positive AS int;", "sql/types/positive.sql"),
        ("CREATE MATERIALIZED VIEW m AS SELECT 1 AS n;", "sql/views/m.sql"),
        ('CREATE VIEW "../Odd/ name" AS SELECT 1 AS n;', "sql/views/Odd_name.sql"),
    ],
)
def test_without_a_path_a_new_object_gets_a_file_as_the_project_names_them(cells, users, text, path):
    done = cells(sql(text))
    assert (done.value.path, done.value.proposed) == (path, True)
    assert f"{path} (a new file, name chosen by pgmg)" in data(done, "text/plain")
    users.settled()


def test_the_habit_of_the_project_is_followed(cells, project):
    project.write("sql/reporting/by_day.sql", "CREATE VIEW by_day AS SELECT 1 AS n;")
    project.write("sql/reporting/by_week.sql", "CREATE VIEW by_week AS SELECT 1 AS n;")
    project.write("sql/other/by_year.sql", "CREATE VIEW by_year AS SELECT 1 AS n;")
    assert cells(sql("CREATE VIEW by_month AS SELECT 1 AS n;")).value.path == "sql/reporting/by_month.sql"


def test_a_folder_without_folders_stays_so(cells, project):
    project.write("sql/by_day.sql", "CREATE VIEW by_day AS SELECT 1 AS n;")
    assert cells(sql("CREATE TYPE mood AS ENUM ('ok');")).value.path == "sql/mood.sql"


def test_a_path_may_be_spelled_as_messages_spell_it(cells, users):
    assert cells(sql(f"{ACTIVE};", "sql/views/active.sql")).value.path == "sql/views/active.sql"


def test_a_cell_that_changes_nothing_writes_nothing(cells, users):
    before = (users.root / "sql/views/active.sql").stat()
    done = cells(sql(f"{ACTIVE};\n\n", "views/active.sql"))
    assert (done.value.written, done.value.result) == (False, None)
    assert (users.root / "sql/views/active.sql").stat().st_mtime_ns == before.st_mtime_ns
    assert "unchanged" in data(done, "text/plain")
    assert "nothing to apply" in done.value.why_not


def test_a_preview_shows_rows_and_tells_null_from_text(cells, users):
    view = "CREATE VIEW odd AS SELECT n, CASE n WHEN 1 THEN NULL WHEN 2 THEN 'NULL' ELSE '<b>' || repeat('x', 300) END AS t FROM generate_series(1, 9) AS n;"
    done = cells(sql(view, "--preview 3"))
    (preview,) = done.value.previews
    assert (preview.columns, preview.types, preview.more) == (("n", "t"), ("integer", "text"), True)
    assert [row[1] for row in preview.rows[:2]] == [None, "NULL"]
    text = data(done, "text/plain")
    assert '# view.odd: the first 3 rows\n  n  t\n  1  NULL\n  2  "NULL"\n  3  <b>xxx' in text
    assert "x" * 41 not in text
    html = data(done)
    assert '<td class="r-null">NULL</td>' in html
    assert "&lt;b&gt;" in html
    assert "<b>x" not in html


def test_what_has_no_rows_says_so(cells, users):
    done = cells(sql("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';", "--preview 3"))
    assert "--preview is for views" in data(done, "text/plain")


def test_a_preview_that_fails_is_said_and_what_was_applied_stays(cells, users):
    done = cells(sql("CREATE VIEW broken AS SELECT 1 / (id - 1) AS n FROM users;", "--preview 3"))
    assert done.value.result.applied
    assert "division by zero" in data(done, "text/plain")


# --- what is not applied at once


def test_plan_writes_shows_the_plan_and_applies_nothing(cells, users):
    done = cells(sql("CREATE VIEW newest AS SELECT max(id) AS id FROM users;", "--plan --preview 2"))
    assert (done.value.result, [str(step.object) for step in done.value.plan.steps]) == (None, ["view.newest"])
    assert (users.root / "sql/views/newest.sql").exists()
    assert users.value("SELECT to_regclass('newest')") is None
    assert "CREATE VIEW newest" in data(done, "text/plain")
    assert "%pgmg_apply applies this" in done.stdout
    assert done.value.previews[0].rows == (("2",),)


def test_pending_migrations_are_not_run_and_that_is_said(cells, users):
    users.write("migrations/002_born.sql", "ALTER TABLE users ADD COLUMN born date;")
    done = cells(sql("CREATE VIEW born AS SELECT born FROM users;"))
    assert done.value.result is None
    assert "a cell runs no migrations, and it needs 002_born.sql" in data(done, "text/plain")
    assert "002_born.sql" in data(done, "text/plain").partition("PLAN:")[2], "the plan that holds it is shown"
    assert users.rows("SELECT name FROM pgmg_migrations") == [("001_users.sql",)]


def test_what_a_file_no_longer_declares_is_not_deleted_without_a_question(cells, users):
    done = cells(sql("CREATE VIEW other AS SELECT 1 AS n;", "views/names.sql"))
    assert "sql/views/names.sql declared view.names before, and does not any more." in data(done, "text/plain")
    assert "it would delete view.names" in done.value.why_not
    assert users.value("SELECT to_regclass('names')::text") == "names"
    assert done.value.previous == "CREATE VIEW names AS SELECT name FROM active;\n"


def test_what_another_checkout_applied_last_is_named_and_offered_with_its_plan(cells, users, tmp_path_factory):
    theirs = Case(tmp_path_factory.mktemp("checkout"), users.dsn)
    for folder in ("sql", "migrations"):
        shutil.copytree(users.root / folder, theirs.root / folder, dirs_exist_ok=True)
    theirs.write("sql/views/active.sql", f"{ACTIVE};\nCOMMENT ON VIEW active IS 'theirs';\n")
    theirs.apply()
    done = cells(sql(f"{ACTIVE} AND id > 0;", "views/active.sql"))
    assert done.value.result is None
    assert "Not applied: comment.view.active would be dropped, but another checkout applied it" in done.value.why_not
    assert str(theirs.root) in data(done, "text/plain")
    assert "%pgmg_apply applies this plan." in done.stdout, "here the buttons are in a kernel"
    assert users.value("SELECT obj_description('active'::regclass)") == "theirs"
    cells("%pgmg_apply --yes")
    assert users.value("SELECT obj_description('active'::regclass)") is None
    users.settled()


# --- what goes wrong


def test_a_cell_that_does_not_parse_writes_nothing_and_shows_where(cells, users):
    before = code(users)
    shown, error = cells.failing(sql("CREATE VIEW active AS\n  SELEC id FROM users;", "views/active.sql"))
    assert isinstance(error, pgmg.SourceErrors)
    assert "sql/views/active.sql:2:3" in shown
    assert "SELEC id FROM users;" in shown
    assert "^" in shown
    assert "Traceback" not in shown
    assert code(users) == before


@pytest.mark.parametrize(
    "text", ["-- nothing", "SELECT 1;", "DROP TABLE users;", "CREATE TABLE t (n int);", "\\i other.sql"]
)
def test_a_cell_that_declares_nothing_of_ours_writes_nothing(cells, users, text):
    before = code(users)
    _, error = cells.failing(sql(text, "views/x.sql"))
    assert isinstance(error, pgmg.PgmgError)
    assert code(users) == before


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("../outside.sql", "no path inside the code folder"),
        ("views/../../outside.sql", "no path inside the code folder"),
        ("/tmp/outside.sql", "no path inside the code folder"),
        ("views/active.txt", "must end in .sql"),
        ("views", "must end in .sql"),
        ("views/.hidden.sql", "does not read .hidden.sql"),
        (".git/x.sql", "does not read .git"),
        ("linked/x.sql", "leads out of the code folder"),
        ("out.sql", "leads out of the code folder"),
        ("loop/x.sql", "leads"),
        ("views/folder.sql", "is not a file"),
        ("to_text.sql", "is no SQL file"),
    ],
)
def test_paths_that_are_no_file_of_the_code_folder_are_refused(cells, users, tmp_path_factory, path, said):
    outside = tmp_path_factory.mktemp("outside")
    (outside / "target.sql").write_text("-- theirs")
    (users.root / "sql/linked").symlink_to(outside)
    (users.root / "sql/out.sql").symlink_to(outside / "target.sql")
    (users.root / "sql/loop").symlink_to(users.root / "sql/loop")
    (users.root / "sql/readme.txt").write_text("-- ours")
    (users.root / "sql/to_text.sql").symlink_to(users.root / "sql/readme.txt")
    (users.root / "sql/views/folder.sql").mkdir()
    before = sorted(str(file) for file in users.root.rglob("*"))
    shown, error = cells.failing(sql("CREATE VIEW x AS SELECT 1 AS n;", f"'{path}'"))
    assert isinstance(error, pgmg.PgmgError)
    assert said in shown
    assert sorted(str(file) for file in users.root.rglob("*")) == before
    assert [file.name for file in outside.iterdir()] == ["target.sql"]
    assert (outside / "target.sql").read_text() == "-- theirs"


def test_a_link_inside_the_code_folder_stays_one(cells, users):
    (users.root / "sql/real").mkdir()
    users.write("sql/real/v.sql", "CREATE VIEW v AS SELECT 1 AS n;")
    link = users.root / "sql/views/linked"
    link.symlink_to(users.root / "sql/real/w.sql")
    (users.root / "sql/real/w.sql").write_text("CREATE VIEW w AS SELECT 1 AS n;")
    link.rename(users.root / "sql/views/w.sql")
    (users.root / "sql/views/w.sql").unlink()
    cells(sql("CREATE VIEW v AS SELECT 2 AS n;"))
    assert users.value("SELECT n FROM v") == 2


def test_the_migrations_folder_is_no_code_even_inside_of_it(cells, users):
    (users.root / "sql/migrations").mkdir()
    (users.root / "pgmg.toml").write_text('migrations_dir = "sql/migrations"\ncode_dir = "sql"\n')
    shown, _ = cells.failing(sql("CREATE VIEW x AS SELECT 1 AS n;", "migrations/9_x.sql"))
    assert "lies in the migrations folder" in shown


def test_an_object_of_another_file_is_refused_before_anything_is_written(cells, users):
    shown, error = cells.failing(sql(f"{ACTIVE};", "views/second.sql"))
    assert "view.active is declared already in sql/views/active.sql:1" in shown
    assert isinstance(error, pgmg.PgmgError)
    assert not (users.root / "sql/views/second.sql").exists()


def test_a_file_that_holds_more_is_not_found_but_must_be_named(cells, users):
    users.write("sql/views/names.sql", "CREATE VIEW names AS SELECT name FROM active;\nCOMMENT ON VIEW names IS 'all';")
    shown, _ = cells.failing(sql("CREATE VIEW names AS SELECT name FROM active;"))
    assert "sql/views/names.sql declares more than the cell: comment on view.names" in shown


def test_objects_of_several_files_need_a_path(cells, users):
    shown, _ = cells.failing(sql(f"{ACTIVE};\nCREATE VIEW names AS SELECT 1 AS n;"))
    assert "declared in 2 files: sql/views/active.sql, sql/views/names.sql" in shown


REFUSED = {
    "an unknown column": "CREATE VIEW {} AS SELECT nothing FROM users;",
    "an unknown table": "CREATE VIEW {} AS SELECT 1 FROM nowhere;",
    "a cycle": "CREATE VIEW {} AS SELECT * FROM loop_; CREATE VIEW loop_ AS SELECT * FROM {};",
    "a dependent breaks": "CREATE VIEW {} AS SELECT id FROM users;",
    "a function of the wrong type": "CREATE FUNCTION {}() RETURNS int LANGUAGE sql AS $$ SELECT 'a' $$;",
}


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED)
@pytest.mark.parametrize("path", ["views/active.sql", "views/new.sql", "deep/er/new.sql"])
def test_a_refused_cell_leaves_files_database_and_later_cells_alone(cells, users, path, text):
    name = "active" if path == "views/active.sql" else "fresh"
    if name == "fresh" and text == REFUSED["a dependent breaks"]:
        return  # nothing that exists depends on it; what other files say is not applied with it
    (users.root / "sql/views/active.sql").write_bytes(f"-- a\r\n{ACTIVE};\r\n".encode())
    before = {file: file.read_bytes() if file.is_file() else None for file in (users.root / "sql").rglob("*")}
    shown, error = failing(cells, sql(text.format(name, name), path))
    assert isinstance(error, pgmg.ApplyError | pgmg.PlanError)
    assert "Nothing was" in shown
    assert {file: file.read_bytes() if file.is_file() else None for file in (users.root / "sql").rglob("*")} == before
    assert users.value("SELECT count(*) FROM active") == 1
    users.write("sql/views/names.sql", "CREATE VIEW names AS SELECT name FROM active;\n")
    assert cells(sql("CREATE VIEW later AS SELECT 1 AS n;")).value.result.applied


def test_a_refused_cell_shows_its_place_in_the_cell(cells, users):
    shown, error = failing(cells, sql("CREATE VIEW active AS SELECT nothing FROM users;", "views/active.sql"))
    assert isinstance(error, pgmg.ApplyError)
    assert 'column "nothing" does not exist' in shown
    assert "the cell:1:30" in shown
    assert "sql/views/active.sql (restored)" in shown
    assert "Nothing was applied. The file is as it was before" in shown


def test_a_refused_cell_keeps_its_file_if_told_so(cells, users):
    shown, error = failing(
        cells, sql("CREATE VIEW active AS SELECT nothing FROM users;", "views/active.sql --keep-file")
    )
    assert isinstance(error, pgmg.ApplyError)
    assert "sql/views/active.sql:1:30" in shown
    assert "Nothing was applied; the file has the text of the cell." in shown
    assert f"-{ACTIVE};" in shown
    assert "nothing" in (users.root / "sql/views/active.sql").read_text()
    assert users.value("SELECT count(*) FROM active") == 1


def test_an_edit_after_the_cell_is_not_overwritten(cells, users, monkeypatch):
    from pgmg.notebook.notebook_session import LiveProject

    real = LiveProject.apply_files

    def apply(self, *arguments, **options):
        users.write("sql/views/active.sql", "CREATE VIEW active AS SELECT 7 AS edited;")
        return real(self, *arguments, **options)

    monkeypatch.setattr(LiveProject, "apply_files", apply)
    failing(cells, sql("CREATE VIEW active AS SELECT nothing FROM users;", "views/active.sql"))
    assert "edited" in (users.root / "sql/views/active.sql").read_text()


def test_a_broken_file_elsewhere_is_left_alone(cells, users):
    users.write("sql/broken.sql", "CREATE VIEW broken AS SELEC 1;")
    done = cells(sql("CREATE VIEW fine AS SELECT 1 AS n;"))
    assert users.value("SELECT n FROM fine") == 1
    assert "sql/broken.sql is left alone: syntax error" in data(done, "text/plain")


def test_a_cell_that_the_server_refuses_does_not_block_the_next_ones(cells, users):
    failing(cells, sql("CREATE VIEW bad AS SELECT nothing FROM users;", "bad.sql --keep-file"))
    done = cells(sql("CREATE VIEW good AS SELECT id FROM users;"))
    assert users.rows("SELECT id FROM good") == [(1,), (2,)]
    assert "1 other change of files left" in data(done, "text/plain")
    shown, error = failing(cells, sql("CREATE VIEW upon AS SELECT * FROM bad;"))  # it needs the bad one
    assert isinstance(error, pgmg.ApplyError)
    assert 'column "nothing" does not exist' in shown
    cells(sql("CREATE VIEW bad AS SELECT id AS nothing FROM users;"))
    cells(sql("CREATE VIEW upon AS SELECT nothing FROM bad;"))
    users.settled()


def test_a_deletion_that_waits_for_an_answer_does_not_block_the_next_ones(cells, users):
    done = cells(sql("CREATE VIEW other AS SELECT 1 AS n;", "views/names.sql"))
    assert "it would delete view.names" in done.value.why_not
    done = cells(sql("CREATE VIEW more AS SELECT 2 AS n;"))
    assert users.value("SELECT n FROM more") == 2
    assert "No longer declared, and not dropped: view.names." in data(done, "text/plain")
    assert users.value("SELECT to_regclass('names')::text") == "names"


def test_a_pending_migration_does_not_block_what_does_not_need_it(cells, users):
    users.write("migrations/002_born.sql", "ALTER TABLE users ADD COLUMN born date;")
    done = cells(sql("CREATE VIEW ids AS SELECT id FROM users;"))
    assert users.rows("SELECT id FROM ids") == [(1,), (2,)]
    assert "Pending migrations are not run: 002_born.sql." in data(done, "text/plain")
    assert users.rows("SELECT name FROM pgmg_migrations") == [("001_users.sql",)]


def test_what_a_pending_migration_creates_itself_waits_for_it(cells, users):
    users.write("migrations/002_first.sql", "CREATE VIEW first AS SELECT 1 AS id;")
    done = cells(sql("CREATE VIEW first AS SELECT id FROM users;"))
    assert done.value.result is None
    assert "view.first waits for a pending one (002_first.sql)" in data(done, "text/plain")
    assert users.value("SELECT to_regclass('first')") is None


def test_what_a_cell_needs_from_other_files_is_applied_with_it(cells, users):
    users.write("sql/base.sql", "CREATE FUNCTION two() RETURNS integer LANGUAGE sql AS $$ SELECT 2 $$;")
    users.write("sql/apart.sql", "CREATE VIEW apart AS SELECT 1 AS one;")
    done = cells(sql("CREATE VIEW twice AS SELECT two() AS n;"))
    assert users.value("SELECT n FROM twice") == 2
    assert [str(step.step.object) for step in done.value.result.steps] == ["function.two()", "view.twice"]
    assert users.value("SELECT to_regclass('apart')") is None


def test_dependents_with_changes_of_their_own_keep_their_old_definition(cells, users):
    """Another cell's unfinished edit of a dependent is not applied with this one."""
    users.write("sql/views/names.sql", "CREATE VIEW names AS SELECT nonsense FROM active;\n")
    cells(sql("CREATE VIEW active AS SELECT name, id, 1 AS one FROM users WHERE active;", "views/active.sql"))
    assert users.rows("SELECT name FROM names") == [("Ada",)]
    assert users.value("SELECT one FROM active") == 1


def test_an_applied_migration_under_another_name_blocks_no_cell(cells, users):
    (users.root / "migrations/001_users.sql").rename(users.root / "migrations/002_users.sql")
    cells(sql("CREATE VIEW ids AS SELECT id FROM users;"))
    assert users.rows("SELECT id FROM ids") == [(1,), (2,)]


def test_a_file_that_is_not_text_is_not_replaced(cells, users):
    (users.root / "sql/views/latin.sql").write_bytes(b"-- caf\xe9")
    shown, _ = cells.failing(sql("CREATE VIEW latin AS SELECT 1 AS n;", "views/latin.sql"))
    assert "is not UTF-8 text" in shown
    assert (users.root / "sql/views/latin.sql").read_bytes() == b"-- caf\xe9"


def test_without_a_code_folder_there_is_nowhere_to_write(cells, project):
    (project.root / "pgmg.toml").write_text('migrations_dir = "migrations"\n')
    _, error = cells.failing(sql("CREATE VIEW x AS SELECT 1 AS n;"))
    assert isinstance(error, pgmg.ConfigError)


# --- how it is written


def test_the_mode_of_a_file_is_kept_and_nothing_is_left_beside_it(cells, users):
    path = users.root / "sql/views/active.sql"
    path.chmod(0o640)
    cells(sql(f"{ACTIVE} AND id > 0;"))
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert sorted(file.name for file in path.parent.iterdir()) == ["active.sql", "names.sql"]


def test_a_file_that_cannot_be_written_is_left_as_it_was(cells, users, monkeypatch):
    def fails(*_):
        raise OSError("the disk is full")

    monkeypatch.setattr(os, "fsync", fails)
    before = code(users)
    shown, _ = cells.failing(sql(f"{ACTIVE} AND id > 0;"))
    assert "the disk is full" in shown
    assert code(users) == before


def test_files_with_other_line_ends_are_compared_by_their_lines(cells, users):
    (users.root / "sql/views/active.sql").write_bytes(f"-- a\r\n{ACTIVE};\r\n".encode())
    cell = cells(sql(f"-- b\n{ACTIVE};")).value
    assert cell.previous == f"-- a\n{ACTIVE};\n"
    assert (users.root / "sql/views/active.sql").read_bytes() == f"-- b\n{ACTIVE};\n".encode()


def test_somebody_else_may_apply_the_same_file_first(cells, users, monkeypatch):
    from pgmg.notebook.notebook_session import LiveProject

    real, raced = LiveProject.apply_files, []

    def apply(self, *arguments, **options):
        if not raced:
            raced.append(users.apply())
        return real(self, *arguments, **options)

    monkeypatch.setattr(LiveProject, "apply_files", apply)
    done = cells(sql("CREATE VIEW active AS SELECT id, name, 1 AS one FROM users WHERE active;"))
    assert "the database has it already" in done.value.why_not
    assert [(c.name, c.after) for c in done.value.columns[0].columns] == [("one", "integer")]
    users.settled()


def test_cells_and_a_watcher_get_along(cells, users):
    cells("watch = %pgmg_watch --debounce 0")
    for number in range(5):
        done = cells(
            sql(f"CREATE VIEW counted AS SELECT {number} AS n, {', '.join(f'{n} AS n{n}' for n in range(number + 1))};")
        )
        assert users.value("SELECT n FROM counted") == number
        assert f"n{number}" in [column.name for column in done.value.columns[0].columns]
    cells("%pgmg_watch stop")
    assert cells.shell.user_ns["watch"].state.problems == ()
    users.settled()


def test_an_object_that_the_database_has_already_is_not_called_new(cells, users):
    users.do("CREATE VIEW by_hand AS SELECT 1 AS n")
    done = cells(sql("CREATE VIEW by_hand AS SELECT 1 AS n;"))
    assert done.value.result.applied
    assert done.value.columns == ()


def test_help_is_real(cells):
    told = cells("%%pgmg_sql --help\n-- nothing").stdout
    assert "%pgmg_sql" in told
    assert "--preview N" in told
    assert "relative to the code folder" in told


def test_paths_are_completed(cells, users):
    assert "views/active.sql" in cells.complete("%%pgmg_sql views/a")
    assert "--preview" in cells.complete("%%pgmg_sql --pre")


def test_hostile_names_and_values_are_only_text(cells, project):
    done = cells(
        sql(
            """CREATE VIEW "<script>alert(1)</script>" AS SELECT '<img src=x onerror=alert(2)>' AS "<i>c</i>";""",
            "--preview 1",
        )
    )
    html = data(done)
    assert "&lt;img src=x" in html
    assert "<img" not in html
    assert "<script>alert" not in html
    assert "<i>c" not in html
