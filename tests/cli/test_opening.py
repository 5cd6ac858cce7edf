"""Which project and which server a command gets."""

import pytest

from pgmg.cli import project_context
from pgmg.cli.invocation import Call
from pgmg.errors import ConfigError
from pgmg.project import Project


@pytest.fixture
def opened(here, monkeypatch):
    """A folder with code; servers are named but never reached."""
    (here / "sql").mkdir()
    monkeypatch.setattr(Project, "server", property(lambda self: self.settings.connection_string))
    return here


def test_the_named_server_is_used_and_not_mentioned(opened, capsys):
    with project_context.open_project(Call({"connection_string": "dbname=x"})) as project:
        assert project.settings.connection_string == "dbname=x"
    assert capsys.readouterr() == ("", "")


def test_verbose_mentions_the_server(opened, capsys):
    with project_context.open_project(Call({"connection_string": "dbname=x"}, verbosity=1)):
        pass
    assert capsys.readouterr() == ("", "Server: dbname=x\n")


def test_a_terminal_gets_the_embedded_server_and_is_told_first(opened, capsys, somebody):
    with project_context.open_project(Call()) as project:
        assert project.settings.connection_string == "embedded:"
    assert capsys.readouterr() == ("", "Server: embedded:\n")


def test_elsewhere_a_forgotten_server_is_an_error_that_says_what_to_do(opened, monkeypatch):
    monkeypatch.setattr(Call, "attended", False)
    with pytest.raises(ConfigError) as caught, project_context.open_project(Call()):
        pass
    assert "PGMG_CONNECTION_STRING" in str(caught.value)


def test_variables_of_libpq_name_a_server(opened, monkeypatch):
    monkeypatch.setenv("PGHOST", "db")
    with project_context.open_project(Call()) as project:
        assert project.settings.connection_string == ""


def test_file_and_environment_are_those_of_the_call(opened):
    (opened / "my.toml").write_text('[environments.a]\nconnection_string = "dbname=a"\n')
    with project_context.open_project(Call(config=opened / "my.toml", environment="a")) as project:
        assert project.settings.connection_string == "dbname=a"
