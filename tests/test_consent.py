"""What is not this checkout's to drop is named, and dropped only with consent (rule 3.7)."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import pytest

import pgmg
from pgmg.errors import RefusedChange, SourceErrors
from pgmg.model.plans.consent import Consent
from tests.conftest import Case

TABLE = "CREATE TABLE users (id integer PRIMARY KEY, name text);"


def view(name, what="1 AS one"):
    return f"CREATE VIEW {name} AS SELECT {what};"


def exists(project, name):
    return project.value("SELECT to_regclass(%s)::text", name) is not None


def codes(plan):
    return [notice.code for notice in plan.needs_consent]


@pytest.fixture
def checkout(project, tmp_path_factory):
    """A function that makes another checkout of the project, of the same database."""

    def make() -> Case:
        root = tmp_path_factory.mktemp("checkout")
        other = Case(root, project.dsn)
        for folder in ("sql", "migrations"):
            shutil.rmtree(root / folder)
            shutil.copytree(project.root / folder, root / folder)
        return other

    return make


def apply(case, **options):
    with case.open() as opened:
        return opened.apply(**options)


# -- folders --------------------------------------------------------------------------------------------


class Unreadable:
    """Simulates `chmod 000` for a user whom permissions bind, whoever runs the tests."""

    def __init__(self, monkeypatch, folder, error):
        real = os.scandir

        def scandir(path="."):
            if os.fspath(path) == os.fspath(folder):
                raise error
            return real(path)

        monkeypatch.setattr(os, "scandir", scandir)


@pytest.mark.parametrize(
    "error",
    [PermissionError(13, "Permission denied"), OSError(5, "Input/output error"), OSError(116, "Stale file handle")],
)
@pytest.mark.parametrize("folder", ["sql", "sql/deep"])
def test_a_folder_that_cannot_be_listed_is_an_error_that_names_it(project, monkeypatch, folder, error):
    for number in range(4):
        project.write(f"sql/deep/v{number}.sql", view(f"v{number}"))
    project.apply()
    with monkeypatch.context() as patch:
        Unreadable(patch, project.root / folder, error)
        for act in (lambda p: p.plan(), lambda p: p.apply(yes=True), lambda p: p.status()):
            with project.open() as opened, pytest.raises(SourceErrors) as caught:
                act(opened)
            assert f"{folder}: the folder cannot be listed: {error.strerror}" in str(caught.value)
    assert all(exists(project, f"v{number}") for number in range(4))
    project.settled()


@pytest.mark.skipif(os.geteuid() == 0, reason="only for users whom permissions bind")
@pytest.mark.parametrize("folder", ["sql", "sql/deep", "migrations"])
def test_a_folder_without_permissions_is_an_error(project, folder):
    project.write("migrations/001.sql", TABLE)
    project.write("sql/deep/v.sql", view("v"))
    project.apply()
    (project.root / folder).chmod(0)
    try:
        with pytest.raises(SourceErrors, match=folder):
            apply(project, yes=True)
    finally:
        (project.root / folder).chmod(0o755)
    assert exists(project, "v")


def test_a_link_whose_target_is_not_mounted_is_an_error(project, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "shared"
    elsewhere.mkdir()
    (elsewhere / "v.sql").write_text(view("v"))
    (project.root / "sql/shared").symlink_to(elsewhere)
    project.write("sql/w.sql", view("w"))
    project.apply()
    elsewhere.rename(elsewhere.with_name("away"))
    with pytest.raises(SourceErrors, match=r"sql/shared: the link to .*shared cannot be followed: No such file"):
        apply(project, yes=True)
    elsewhere.mkdir()  # a mount point without its file system: there, and empty
    with pytest.raises(RefusedChange, match=r"The folder sql/shared holds no code, and view\.v would be dropped"):
        apply(project)
    assert exists(project, "v")
    elsewhere.rmdir()
    elsewhere.with_name("away").rename(elsewhere)
    project.settled()


@pytest.mark.parametrize("count", [1, 3])
def test_an_empty_code_folder_drops_nothing_without_consent(project, count):
    for number in range(count):
        project.write(f"sql/v{number}.sql", view(f"v{number}"))
    project.apply()
    for number in range(count):
        project.remove(f"sql/v{number}.sql")
    with pytest.raises(RefusedChange) as caught:
        apply(project)
    assert "The folder sql holds no code" in caught.value.message
    assert "pgmg apply --yes" in caught.value.hint
    assert exists(project, "v0")
    apply(project, yes=True)
    assert not exists(project, "v0")
    project.settled()


@pytest.mark.parametrize("gone", [10, 13])
def test_deleting_most_of_what_is_recorded_names_the_first_ten(project, gone):
    for number in range(14):
        project.write(f"sql/v{number:02}.sql", view(f"v{number:02}"))
    project.apply()
    for number in range(gone):
        project.remove(f"sql/v{number:02}.sql")
    with pytest.raises(RefusedChange) as caught:
        apply(project)
    said = caught.value.message
    assert f"{gone} of 14 recorded objects are no longer declared and would be dropped: view.v00, view.v01" in said
    assert [f"view.v{number:02}" in said for number in range(gone)] == [number < 10 for number in range(gone)]
    assert said.endswith("and view.v09." if gone == 10 else "and 3 more.")


MOVES = {"schema": "ALTER SCHEMA a RENAME TO b;", "table": "ALTER TABLE a.t SET SCHEMA b;"}


@pytest.mark.parametrize("moved", MOVES)
def test_what_a_migration_renames_along_is_no_deletion(project, moved):
    """The files follow a renamed schema, or a table that takes its triggers along."""
    each = {
        "schema": "CREATE VIEW {0}.v{1:02} AS SELECT 1 AS one;\nCOMMENT ON VIEW {0}.v{1:02} IS 'said';"
        "\nCOMMENT ON COLUMN {0}.v{1:02}.one IS 'said';\nGRANT SELECT ON {0}.v{1:02} TO pg_monitor;",
        "table": "CREATE TRIGGER g{1:02} BEFORE UPDATE ON {0}.t FOR EACH ROW EXECUTE FUNCTION"
        " suppress_redundant_updates_trigger();\nCOMMENT ON TRIGGER g{1:02} ON {0}.t IS 'said';",
    }[moved]
    tables = "CREATE SCHEMA a;\nCREATE TABLE a.t (id integer);"
    project.write("migrations/1.sql", tables if moved == "schema" else f"{tables}\nCREATE SCHEMA b;")
    for number in range(12):
        project.write(f"sql/{number:02}.sql", each.format("a", number))
    project.apply()
    project.write("migrations/2.sql", MOVES[moved])
    for number in range(12):
        project.write(f"sql/{number:02}.sql", each.format("b", number))
    assert [warning.code for warning in project.plan().needs_consent] == []
    apply(project)
    project.settled()


def test_a_code_folder_that_is_gone_drops_nothing_even_with_consent(project):
    project.write("sql/v.sql", view("v"))
    with project.open() as opened:
        opened.apply()
        (project.root / "sql").rename(project.root / "away")
        with pytest.raises(SourceErrors, match="sql: the folder does not exist"):
            opened.apply(yes=True)
    with pytest.raises(pgmg.ConfigError) as caught:
        apply(project, yes=True)
    assert "mkdir" not in str(caught.value), "an empty folder would be dropped from next"
    assert exists(project, "v")


def test_a_folder_that_vanishes_while_it_is_walked_is_gone(project, monkeypatch):
    """Somebody removes a folder right now: that is no error, and what it declared is deleted."""
    project.write("sql/deep/v.sql", view("v"))
    project.write("sql/w.sql", view("w"))
    project.apply()
    real = os.scandir

    def scandir(path="."):
        if str(path).endswith("deep"):
            shutil.rmtree(path)
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    apply(project)
    assert not exists(project, "v")


# -- checkouts ------------------------------------------------------------------------------------------


def test_what_another_checkout_has_applied_is_named_and_kept(project, checkout):
    project.write("sql/a.sql", view("a"))
    project.apply()
    other = checkout()
    other.write("sql/theirs.sql", view("theirs"))
    other.apply()
    plan = project.plan()
    assert codes(plan) == [Consent.OTHER_CHECKOUT]
    (change,) = plan.changes
    assert (str(change.object), change.applied_from.folder) == ("view.theirs", str(other.root))
    with pytest.raises(RefusedChange) as caught:
        apply(project)
    assert "view.theirs would be dropped, but another checkout applied it last" in caught.value.message
    assert str(other.root) in caught.value.message
    assert "pgmg apply --yes" in caught.value.hint
    assert exists(project, "theirs")
    apply(project, yes=True)
    assert not exists(project, "theirs")


def test_what_another_checkout_applied_last_is_kept_although_this_one_had_it(project, checkout):
    project.write("sql/a.sql", view("a"))
    project.write("sql/b.sql", view("b"))
    project.apply()
    other = checkout()
    other.write("sql/b.sql", view("b", "2 AS one"))
    other.apply()
    project.remove("sql/b.sql")
    with pytest.raises(RefusedChange, match=r"view\.b would be dropped"):
        apply(project)
    project.write("sql/b.sql", view("b", "3 AS one"))
    project.apply()  # now it is this checkout's again
    project.remove("sql/b.sql")
    project.apply()
    assert not exists(project, "b")


def test_attachments_are_deletions_too(project, checkout):
    project.write("sql/a.sql", view("a"))
    project.apply()
    other = checkout()
    other.write("sql/a.sql", view("a") + "\nGRANT SELECT ON a TO PUBLIC;\nCOMMENT ON VIEW a IS 'one';")
    other.apply()
    with pytest.raises(
        RefusedChange, match=r"comment\.view\.a .*grant\.view\.a to public|grant\.view\.a to public .*comment\.view\.a"
    ):
        apply(project)


def test_a_change_says_who_applied_the_last_version(project, checkout):
    project.write("sql/a.sql", view("a"))
    project.apply()
    other = checkout()
    other.write("sql/a.sql", view("a", "2 AS one"))
    other.apply()
    with project.open() as opened:
        (change,) = opened.plan().changes
        status = opened.status()
    assert change.applied_from.folder == status.last_apply.folder == str(other.root)
    assert [c.applied_from for c in status.changes] == [change.applied_from]
    said = subprocess.run(
        [sys.executable, "-m", "pgmg", "status"],
        cwd=project.root,
        env={**os.environ, "PGMG_CONNECTION_STRING": project.dsn},
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"in {other.root}" in said.stdout
    assert "just now" in said.stdout


def test_what_nobody_is_known_to_have_applied_is_dropped_as_before(project):
    """An earlier pgmg did not record who it was."""
    project.write("sql/a.sql", view("a"))
    project.write("sql/b.sql", view("b"))
    project.apply()
    project.do("UPDATE pgmg_state SET applied_from = NULL")
    project.remove("sql/b.sql")
    assert codes(project.plan()) == []
    project.apply()
    assert not exists(project, "b")


def test_a_named_checkout_is_one_on_every_host(project, checkout, monkeypatch):
    monkeypatch.setenv("PGMG_CHECKOUT", "ci")
    project.write("sql/a.sql", view("a"))
    project.write("sql/b.sql", view("b"))
    project.apply()
    other = checkout()
    other.remove("sql/b.sql")
    other.apply()
    assert not exists(project, "b")


def test_the_command_line_refuses_before_it_asks(project, checkout):
    project.write("sql/a.sql", view("a"))
    project.apply()
    other = checkout()
    other.write("sql/theirs.sql", view("theirs"))
    other.apply()
    variables = {**os.environ, "PGMG_CONNECTION_STRING": project.dsn}

    def pgmg_(*words):
        return subprocess.run(
            [sys.executable, "-m", "pgmg", *words],
            cwd=project.root,
            env=variables,
            capture_output=True,
            text=True,
            check=False,
        )

    done = pgmg_("apply", "--format", "json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["error"]["code"] == "refused"
    assert "--yes" in done.stderr
    planned = json.loads(pgmg_("plan", "--format", "json").stdout)
    assert planned["changes"][0]["applied_from"]["folder"] == str(other.root)
    assert pgmg_("apply", "--yes").returncode == 0
    assert not exists(project, "theirs")


# -- projects -------------------------------------------------------------------------------------------


@pytest.fixture
def neighbour(project, tmp_path_factory):
    """Another project in the same database, with state of its own."""
    other = Case(tmp_path_factory.mktemp("neighbour"), project.dsn)
    with (other.root / "pgmg.toml").open("a") as file:
        file.write('state_schema = "theirs"\n')
    return other


@pytest.mark.parametrize(("theirs", "what"), [("1 AS one, 2 AS two", "recreated"), ("1 AS one", "replaced")])
def test_what_another_project_has_applied_is_not_taken_over_in_silence(project, neighbour, theirs, what):
    neighbour.write("sql/v.sql", view("v", theirs))
    neighbour.apply()
    project.write("sql/v.sql", view("v", "3 AS one"))
    assert codes(project.plan()) == [Consent.OTHER_PROJECT]
    with pytest.raises(RefusedChange, match=r"view\.v .*project whose state is in schema theirs"):
        apply(project)
    assert project.value("SELECT one FROM v") == 1
    apply(project, yes=True)
    assert project.value("SELECT one FROM v") == 3


def test_what_is_the_same_in_both_projects_is_shared(project, neighbour):
    neighbour.write("sql/v.sql", view("v"))
    neighbour.apply()
    project.write("sql/v.sql", view("v"))
    assert codes(project.plan()) == []
    project.apply()
    project.write("sql/w.sql", view("w"))
    project.remove("sql/v.sql")
    with pytest.raises(
        RefusedChange, match=r"view\.v would be dropped, but the project whose state is in schema theirs"
    ):
        apply(project)
    assert exists(project, "v")


def test_a_state_schema_that_may_not_be_read_is_nobodys_business(project, neighbour, server):
    neighbour.write("sql/v.sql", view("v"))
    neighbour.apply()
    project.do("REVOKE ALL ON SCHEMA theirs FROM PUBLIC")
    project.write("sql/w.sql", view("w"))
    project.apply()
    project.settled()
