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
    declared = {one.name: one for one in vars(options).values() if isinstance(one, options.Option)}
    for parameter in command(name).params:
        if isinstance(parameter, click.Option):
            assert tuple(parameter.opts) == declared[parameter.name].flags
            assert parameter.help == declared[parameter.name].help


@pytest.mark.parametrize("name", sorted(set(COMMANDS) - {"init", "new", "demo"}))
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


def test_colours_are_for_terminals(fake, pgmg):
    assert "\x1b" not in pgmg("plan").stdout
