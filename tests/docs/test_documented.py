"""Everything there is, is documented; and everything documented is there."""

import importlib
import pkgutil
import re
import shlex

import click
import pytest
from IPython.core.interactiveshell import InteractiveShell

import pgmg
from pgmg import options
from pgmg.cli import error_report
from pgmg.cli.main import COMMANDS, program
from pgmg.config.settings import KEYS
from pgmg.errors import PgmgError
from pgmg.notebook.magic_commands.magics import PgmgMagics
from tests.docs import reading
from tests.docs.reading import readme

DECLARED = tuple(one for one in vars(options).values() if isinstance(one, options.Option))


def spelled(option):
    return {*option.flags, *([option.off] if option.off else [])}


def command(name):
    return program.get_command(click.Context(program), name)


def accepted(name):
    """The flags that a command takes."""
    return {
        flag
        for parameter in command(name).get_params(click.Context(command(name)))
        if isinstance(parameter, click.Option)
        for flag in (*parameter.opts, *parameter.secondary_opts)
    }


@pytest.fixture(scope="module")
def magics(tmp_path_factory):
    """The magics by name, each with the flags it takes."""
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance(ipython_dir=str(tmp_path_factory.mktemp("ipython")))
    shell.history_manager.enabled = False
    found = {
        magic.name: {flag for one in magic.declared if isinstance(one, options.Option) for flag in one.flags}
        for magic in PgmgMagics(shell).magics
    }
    shell.history_manager.end_session()
    shell.history_manager.hist_file = ":memory:"
    InteractiveShell.clear_instance()
    return found


# --- commands and options


def rows():
    return {
        codes[0].split()[1]: row
        for row in readme().section("Commands").table("command")
        if (codes := reading.codes(row[0]))
    }


def common():
    """The options that the text below the table says are common to several commands."""
    text = readme().section("Commands").text
    return reading.flags(text[text.index("What shapes a plan") : text.index("| exit code")])


def test_every_command_is_in_the_table_and_no_other():
    assert set(rows()) == set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_options_of_a_command_are_those_documented(name):
    own = reading.flags(rows()[name][2])
    assert own <= accepted(name)
    assert accepted(name) <= own | common()


def test_common_options_exist():
    known = {flag for option in DECLARED for flag in spelled(option)}
    assert common() <= known | {"--help", "-h", "--version"}


def test_every_option_that_is_declared_is_documented():
    said = reading.flags(readme().section("Commands").text) | reading.flags(readme().section("Magics").text)
    assert {flag for option in DECLARED for flag in spelled(option)} <= said


@pytest.mark.parametrize("name", COMMANDS)
def test_the_example_of_a_command_is_a_call_of_it(name):
    example = re.search(r"Example:\n\s+(pgmg .*)", command(name).epilog)[1]
    called = shlex.split(example)
    assert called[:2] == ["pgmg", name]
    command(name).make_context(name, called[2:])


def test_every_exit_code_is_documented():
    said = {int(row[0]) for row in readme().section("Commands").table("exit code")}
    there = {value for name, value in vars(error_report).items() if name.isupper() and isinstance(value, int)}
    assert said == {0, *there} - {error_report.PIPE_CLOSED}  # nobody is left to see that one


# --- magics


def test_every_magic_is_in_the_table_and_no_other(magics):
    cells = [row[0] for row in readme().section("Magics").table("magic")]
    assert {name for cell in cells for name in re.findall(r"`%%?(pgmg_\w+)", cell)} == set(magics)


def test_the_options_of_magics_are_those_documented(magics):
    for row in readme().section("Magics").table("magic"):
        named = set(re.findall(r"`%%?(pgmg_\w+)", row[0]))
        assert reading.flags(row[0]) | reading.flags(row[1]) <= set().union(*(magics[name] for name in named))
    said = reading.flags(readme().section("Magics").text) | reading.flags(readme().section("Commands").text)
    assert set().union(*magics.values()) <= said


# --- settings, errors


def test_every_setting_is_in_the_table_and_no_other():
    keys = {key for row in readme().section("Settings").table("key") for key in reading.codes(row[0])}
    assert keys == {*KEYS, "[environments.NAME]"}


def test_every_setting_is_in_the_file_that_init_writes():
    written = pkgutil.get_data("pgmg.config", "template.toml").decode()
    assert set(re.findall(r"^(?:# )?(\w+) = ", written, re.MULTILINE)) == set(KEYS)


def families(kind):
    return {kind} | {one for child in kind.__subclasses__() for one in families(child)}


def test_every_error_code_is_in_the_table_and_no_other():
    for module in pkgutil.walk_packages(pgmg.__path__, "pgmg."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    there = {kind.code for kind in families(PgmgError) - {PgmgError} if kind.__module__.startswith("pgmg.")}
    rows = readme().section("Errors").table("code")
    assert {reading.codes(row[0])[0] for row in rows} == there
    assert all(len(row[1]) > 10 for row in rows)


# --- what is said elsewhere


@pytest.mark.parametrize(("place", "line"), reading.sayings())
def test_what_documentation_calls_can_be_called(place, line, magics):
    for name, rest in re.findall(r"%%?(pgmg_\w+)\s*([^\n]*)", line):
        assert name in magics, line
        assert set(re.findall(r"(?<!\S)--[a-z-]+", rest)) <= magics[name], line
    calls = re.search(r"(?:^|[\s/$!(])(?:pgmg|\{pgmg\}|-m pgmg) ([a-z]+)\b(?! =)(.*)", line)
    if calls and not line.startswith(("from ", "import ")) and calls[1] in COMMANDS:
        assert set(re.findall(r"(?<!\S)--[a-z-]+", calls[2])) <= accepted(calls[1]), line


def test_links_in_the_readme_lead_somewhere():
    text = readme().text
    places = re.findall(r"\]\((?!https?:)([^)#]+)", text) + re.findall(r'src="([^"]+)"', text)
    assert [place for place in places if not (reading.ROOT / place).exists()] == []
    headings = {
        re.sub(r"[^\w -]", "", line.lower()).strip().replace(" ", "-")
        for line in re.findall(r"^#+ (.*)", text, re.MULTILINE)
    }
    for notebook in (reading.ROOT / "notebooks").glob("*.ipynb"):
        assert set(re.findall(r"README\.md#([\w-]+)", notebook.read_text())) <= headings
