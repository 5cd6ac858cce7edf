"""`pgmg diff --rows`: what a change does to the data."""

import json

import jsonschema
import pytest

from pgmg.model.results.row_questions import RowOptions
from pgmg.render.json import documents


@pytest.fixture
def stats(here, project, monkeypatch):
    """A view with a pending change, in the current folder."""
    project.write(
        "migrations/001.sql",
        "CREATE TABLE users (id int PRIMARY KEY, name text); INSERT INTO users VALUES (1, 'Ada'), (2, NULL);",
    )
    project.write("sql/v.sql", "CREATE VIEW v AS SELECT id, name FROM users;")
    project.apply()
    project.write(
        "sql/v.sql", "CREATE VIEW v AS SELECT id, coalesce(name, '') AS name FROM users UNION ALL SELECT 3, 'new';"
    )
    monkeypatch.chdir(project.root)
    monkeypatch.setenv("PGMG_CONNECTION_STRING", project.dsn)
    return project


def test_rows_are_compared_and_shown_as_text(stats, pgmg):
    done = pgmg("diff", "view.v", "--rows", "--samples", "1")
    assert (done.exit_code, done.stderr) == (0, "")
    assert (
        done.stdout
        == """\
# view.v (modified): 2 rows now, 3 after the change
  Rows are told apart by id.
  + 1 row added
  ~ 1 row changed

  column  type     values
  id      integer  same
  name    text     1 value differs

  Added, 1 of 1:
    id  name
     3  new

  Changed, 1 of 1:
    id  name
     2  NULL → ""
"""
    )
    assert stats.value("SELECT count(*) FROM v") == 2


def test_rows_as_json_are_what_the_schema_says(stats, pgmg):
    document = json.loads(pgmg("diff", "v", "--rows", "--format", "json", "--key", "id").stdout)
    jsonschema.validate(document, documents.schema(), jsonschema.Draft202012Validator)
    jsonschema.validate(
        document, documents.schema() | {"$ref": "#/$defs/rows", "anyOf": [{}]}, jsonschema.Draft202012Validator
    )
    (found,) = document["rows"]
    assert (found["before"], found["after"], found["added"], found["changed"], found["key"]) == (2, 3, 1, 1, ["id"])
    assert found["samples"]["changed"] == {
        "columns": ["id", "name"],
        "rows": [{"before": ["2", None], "after": ["2", ""]}],
    }


def test_an_error_is_an_error_of_the_command(stats, pgmg):
    done = pgmg("diff", "v", "--rows", "--key", "nothing")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "nothing cannot be a key" in done.stderr


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("--rows",), RowOptions()),
        (("--rows", "--key", 'a, "b,c"', "--limit", "0", "--samples", "9"), RowOptions(("a", "b,c"), 0, 9)),
    ],
)
def test_options_arrive_where_they_are_used(fake, pgmg, monkeypatch, words, expected):
    asked = []
    monkeypatch.setattr(
        type(fake), "diff_rows", lambda self, names, options: asked.append((names, options)) or (), raising=False
    )
    done = pgmg("diff", "v", *words)
    assert (done.exit_code, asked) == (0, [(("v",), expected)])
    assert done.stdout == "No view changes, so no rows to compare.\n"


def test_the_time_allowed_is_that_of_the_option(fake, pgmg, monkeypatch):
    monkeypatch.setattr(type(fake), "diff_rows", lambda *_: (), raising=False)
    pgmg("diff", "--rows", "--statement-timeout", "5min")
    assert fake.calls[0].overrides["statement_timeout"] == "5min"


@pytest.mark.parametrize(
    ("words", "said"), [(("--key", "id"), "Add --rows"), (("--rows", "--key", " "), "contains an empty name")]
)
def test_words_that_mean_nothing_are_refused(fake, pgmg, words, said):
    done = pgmg("diff", *words)
    assert done.exit_code == 2
    assert said in done.stderr
    assert fake.calls == []
