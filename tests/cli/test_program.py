"""The program as a whole: help, version, completion, options declared once."""

import re
from importlib.metadata import version

import click
import pytest

from pgmg import options
from pgmg.cli.main import COMMANDS, program


def command(name):
    return program.get_command(click.Context(program), name)


def test_help_lists_every_command_with_what_it_does(pgmg):
    for done in (pgmg("--help"), pgmg("-h"), pgmg()):
        assert done.exit_code == 0
        listed = re.findall(r"^  (\w+)  +\S.*[^.]\.$", done.stdout, re.MULTILINE)
        assert listed == list(COMMANDS)


def test_help_tells_how_to_complete(pgmg):
    assert "_PGMG_COMPLETE=bash_source" in pgmg("--help").stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_has_help_with_an_example(pgmg, name):
    done = pgmg(name, "--help")
    assert done.exit_code == 0
    assert f"Example:\n    pgmg {name}" in done.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_each_option_is_one_that_is_declared(name):
    declared = [one for one in vars(options).values() if isinstance(one, options.Option)]
    for parameter in command(name).params:
        if isinstance(parameter, click.Option):
            flags, text = tuple(parameter.opts), parameter.help
            assert any(one.flags == flags and text.startswith(one.help) for one in declared), parameter.name


@pytest.mark.parametrize("name", COMMANDS)
def test_help_shows_what_may_be_left_out_and_every_default(pgmg, name):
    shown = " ".join(pgmg(name, "--help").stdout.split()).replace("- ", "-")  # lines break after hyphens
    declared = {one.name: one for one in vars(options).values() if isinstance(one, options.Option)}
    for parameter in command(name).params:
        if isinstance(parameter, click.Option) and declared[parameter.name].shown_default:
            assert f"{declared[parameter.name].help} [default:".replace("- ", "-") in shown
    for words in ("[OBJECT…]", "[PLAN.json]", "[NAME]", "[FOLDER]"):
        assert shown.count(words) == shown.split("Options:")[0].count(words)
    assert "[OBJECT…]" in pgmg("graph", "--help").stdout
    assert "[x>=0]" not in shown


@pytest.mark.parametrize("name", sorted(set(COMMANDS) - {"init", "new", "check", "demo"}))
def test_commands_that_need_a_project_take_the_common_options(name):
    spelled = {flag for parameter in command(name).params for flag in parameter.opts}
    common = (*options.PROJECT, options.FORMAT, *options.SPEECH)
    assert spelled >= {flag for option in common for flag in option.flags}


def test_plan_and_apply_shape_a_plan_alike():
    for name in ("plan", "apply"):
        assert {option.name for option in options.PLAN_SHAPE} <= {parameter.name for parameter in command(name).params}


def test_version_is_the_installed_one(pgmg):
    assert pgmg("--version").stdout == f"pgmg {version('pgmg')}\n"


def test_a_shell_can_complete(pgmg, monkeypatch):
    monkeypatch.setenv("_PGMG_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", "pgmg plan --rec")
    monkeypatch.setenv("COMP_CWORD", "2")
    assert pgmg().stdout == "plain,--recreate\n"


@pytest.fixture
def completed(pgmg, here, monkeypatch):
    """What a shell is offered for the last word of a line, in a project that nothing is pending in."""
    (here / "sql").mkdir()
    (here / "migrations").mkdir()
    (here / "pgmg.toml").write_text(
        'migrations_dir = "migrations"\ncode_dir = "sql"\n[environments.staging]\n[environments.production]\n'
    )
    (here / "migrations" / "001_users.sql").write_text("CREATE TABLE users (id int); CREATE TABLE app.roles (id int);")
    (here / "migrations" / "002_broken.sql").write_text("CREATE TABLE (")
    (here / "sql" / "v.sql").write_text('CREATE VIEW v AS SELECT 1 AS n; CREATE VIEW "odd name" AS SELECT 1 AS n;')
    (here / "sql" / "f.sql").write_text("CREATE FUNCTION app.f(a int) RETURNS int LANGUAGE sql AS 'SELECT a';")
    (here / "sql" / "broken.sql").write_text("CREATE VIEW")

    def complete(line):
        words = line.split(" ")
        monkeypatch.setenv("_PGMG_COMPLETE", "bash_complete")
        monkeypatch.setenv("COMP_WORDS", line)
        monkeypatch.setenv("COMP_CWORD", str(len(words) - 1))
        return [found.partition(",")[2] for found in pgmg().stdout.splitlines() if found]

    return complete


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("pgmg diff ", ["function.app.f", "table.app.roles", "table.users", "view.v"]),
        ("pgmg graph view.v table.", ["table.app.roles", "table.users"]),
        ("pgmg baseline ", ["001_users.sql", "002_broken.sql"]),
        ("pgmg baseline --only 001", ["001_users.sql"]),
        ("pgmg plan --environment ", ["production", "staging"]),
        ("pgmg graph --environment staging view.", ["view.v"]),
        ("pgmg diff --code-dir nowhere ", []),
    ],
)
def test_a_shell_is_offered_objects_migrations_and_environments(completed, line, offered):
    assert completed(line) == offered


def test_colours_are_for_terminals(fake, pgmg):
    assert "\x1b" not in pgmg("plan").stdout
