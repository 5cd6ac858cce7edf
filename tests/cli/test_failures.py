"""What failures look like: exit codes, messages, and what is never shown."""

import json
import os
import subprocess
import sys

import click
import pytest

from pgmg.cli.main import COMMANDS, program
from pgmg.errors import (
    ApplyError,
    ConfigError,
    ConnectionFailedError,
    DeclinedError,
    SourceErrors,
    SyntaxProblem,
    UsageError,
)
from pgmg.model.naming.location import SourceLocation

PLACE = SourceLocation("sql/a.sql", 2, 10, "SELECT 1,,2;")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConfigError("x"), 1),
        (ConnectionFailedError("x"), 1),
        (ApplyError("x", sqlstate="23505"), 1),
        (UsageError("x"), 2),
        (DeclinedError("x"), 4),
        (FileNotFoundError(2, "No such file or directory", "x"), 1),
        (RuntimeError("x"), 1),
        (KeyboardInterrupt(), 130),
    ],
)
def test_each_failure_has_its_exit_code(fake, pgmg, error, code):
    fake.error = error
    done = pgmg("plan")
    assert (done.exit_code, done.stdout) == (code, "")
    assert "Traceback" not in done.stderr


def test_the_message_says_where_with_a_caret_and_what_to_do(fake, pgmg):
    fake.error = SyntaxProblem('syntax error at or near ","', where=PLACE, hint="look there")
    said = 'error: sql/a.sql:2:10: syntax error at or near ","\nSELECT 1,,2;\n         ^\nhint: look there\n'
    assert pgmg("plan").stderr == said


def test_several_problems_are_said_together(fake, pgmg):
    fake.error = SourceErrors(
        (SyntaxProblem("one", where=PLACE), SyntaxProblem("two", where=SourceLocation("sql/b.sql", 1)))
    )
    said = pgmg("plan").stderr
    assert "sql/a.sql:2:10: one" in said
    assert "sql/b.sql:1: two" in said


def test_a_single_problem_in_json_has_its_own_code_place_and_hint(fake, pgmg):
    fake.error = SourceErrors((SyntaxProblem("one", where=PLACE, hint="look there"),))
    document = json.loads(pgmg("plan", "--format", "json").stdout)["error"]
    assert {key: document[key] for key in ("code", "message", "where", "hint")} == {
        "code": "syntax", "message": "one", "where": "sql/a.sql:2:10", "hint": "look there",
    }  # fmt: skip
    assert [problem["where"] for problem in document["problems"]] == ["sql/a.sql:2:10"]
    assert str(fake.error) == str(fake.error.problems[0])


def test_json_repeats_the_error_on_standard_output(fake, pgmg):
    fake.error = SyntaxProblem("bad", where=PLACE, hint="look")
    done = pgmg("apply", "--format", "json")
    assert json.loads(done.stdout) == {
        "error": {"code": "syntax", "message": "bad", "where": "sql/a.sql:2:10", "hint": "look"}
    }
    assert "error: sql/a.sql:2:10: bad" in done.stderr


@pytest.mark.parametrize(
    "words", [["--format", "json", "--nonsense"], ["--nonsense", "--format=json"], ["--format", "x"]]
)
def test_wrong_words_are_wrong_usage_in_every_format(fake, pgmg, words):
    done = pgmg("plan", *words)
    assert done.exit_code == 2
    assert "pgmg plan --help" in done.stderr
    assert ("json" in " ".join(words)) == bool(done.stdout)
    if done.stdout:
        assert json.loads(done.stdout)["error"]["code"] == "usage"


def test_a_mistyped_command_is_suggested(pgmg):
    done = pgmg("aply")
    assert done.exit_code == 2
    assert "Did you mean apply?" in done.stderr
    assert pgmg("xyzzy").exit_code == 2


def test_a_mistake_in_pgmg_shows_a_traceback_only_when_asked_for(fake, pgmg):
    fake.error = ZeroDivisionError("division by zero")
    done = pgmg("plan")
    assert "ZeroDivisionError: division by zero" in done.stderr
    assert "-vv" in done.stderr
    assert "Traceback" not in done.stderr
    assert "Traceback" in pgmg("plan", "-vv").stderr


@pytest.mark.parametrize("words", [["-vv"], ["-vv", "--format", "json"], []])
@pytest.mark.parametrize(
    "connection", ["postgresql://u:sekret-7@h/d", "host=h password=sekret-7", "postgresql://h/d?password=sekret-7"]
)
def test_no_password_is_shown_even_in_a_traceback(fake, pgmg, words, connection):
    fake.error = RuntimeError(f"{connection} and sekret-7 and CREATE ROLE r PASSWORD 'sekret-7'")
    done = pgmg("plan", "--connection-string", connection, *words)
    assert done.exit_code == 1
    assert "sekret" not in done.output
    if "json" in words:
        assert json.loads(done.stdout)["error"]["code"] == "unexpected"


def test_a_password_from_the_environment_is_hidden_too(fake, pgmg, monkeypatch):
    monkeypatch.setenv("PGPASSWORD", "sekret-8")
    monkeypatch.setenv("PGMG_CONNECTION_STRING", "host=h password=sekret-9")
    fake.error = RuntimeError("sekret-8, sekret-9")
    assert "sekret" not in pgmg("plan", "-vv").output


def test_terminals_are_not_told_to_do_anything(fake, pgmg):
    fake.error = ApplyError("\x1b[2Jgone")
    assert "\x1b" not in pgmg("plan").stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_no_command_shows_a_traceback_where_there_is_no_project(pgmg, here, command):
    given = {"new": "x", "reset": "--yes", "demo": "file", "restore": "v --to 1 --yes", "verify": "file"}
    words = given.get(command, "").split()
    (here / "file").touch()
    done = pgmg(command, *words)
    assert "Traceback" not in done.stderr
    assert done.exit_code == (0 if command == "init" else 2 if command == "demo" else 1)


def test_a_closed_pipe_is_quiet(here):
    (here / "migrations").mkdir()
    line = f"{sys.executable} -m pgmg --help; exec {sys.executable} -m pgmg new x"
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(["sh", "-c", line], check=False, stdout=writer, stderr=subprocess.PIPE, text=True)
    os.close(writer)
    assert done.stderr == ""
    assert done.returncode == 141


LONG = "é" * 100_000
"""Longer than what anybody reads."""


@pytest.mark.parametrize(
    "words", [[LONG], [f"--{LONG}"], ["plan", LONG], ["plan", f"--{LONG}"], ["plan", "--recreate", LONG]]
)
def test_a_word_of_any_length_makes_a_message_that_can_be_read(pgmg, words):
    done = pgmg(*words)
    assert done.exit_code == 2
    assert 1_000 < len(done.stderr) < 20_000
    assert "characters are left out" in done.stderr


def test_the_whole_password_is_hidden_where_a_long_message_is_cut(fake, pgmg):
    """Cut before it is masked, half of it would stay."""
    secret = "ab" * 2_000
    fake.error = ConfigError("x" * 7_500 + secret + "x" * 9_000)
    words = ["plan", "--connection-string", f"postgresql://u:{secret}@h/d"]
    assert "abab" not in pgmg(*words).stderr


PATHS = [
    (name, parameter)
    for name in COMMANDS
    for parameter in program.get_command(click.Context(program), name).params
    if isinstance(parameter.type, click.Path)
]


@pytest.mark.parametrize(("name", "parameter"), PATHS, ids=lambda one: getattr(one, "name", one))
def test_no_path_is_taken_that_no_system_has(pgmg, name, parameter):
    option = [parameter.opts[0]] if isinstance(parameter, click.Option) else []
    done = pgmg(name, *option, "a\0b")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "null character" in done.stderr
