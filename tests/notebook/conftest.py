"""A shell in this process with pgmg loaded, in the folder of a project with a database of its own."""

from __future__ import annotations

import re

import pytest
from IPython.core.completer import provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output


class Cells:
    """Runs cells, and keeps what they show."""

    def __init__(self, shell: InteractiveShell) -> None:
        self.shell = shell

    def __call__(self, source: str):
        """Run a cell that must not fail; returns what it captured, with `.value` for the cell's own."""
        with capture_output() as captured:
            done = self.shell.run_cell(source)
        assert done.success, captured.stdout
        self._speaks_magics(captured)
        captured.value = done.result
        return captured

    def failing(self, source: str):
        """Run a cell that must fail; returns what was printed, and the error."""
        with capture_output() as captured:
            done = self.shell.run_cell(source)
        assert not done.success
        self._speaks_magics(captured)
        return captured.stdout + captured.stderr, done.error_in_exec

    def _speaks_magics(self, captured):
        """No output tells a notebook's user to run a command in a shell where a magic takes the same options."""
        texts = [captured.stdout, captured.stderr]
        for output in captured.outputs:
            texts += [text for kind, text in output.data.items() if kind in ("text/plain", "text/html")]
        for command, rest in re.findall(r"(?:`|<code>)pgmg (\w+)([^`<]*)", "\n".join(texts)):
            magic = self.shell.find_line_magic(f"pgmg_{command}")
            known = "" if magic is None else magic.__doc__
            flags = re.findall(r"(?<!\S)--[a-z-]+", rest)
            assert magic is None or any(flag not in known for flag in flags), f"pgmg {command}{rest}"

    def complete(self, line: str) -> list[str]:
        with provisionalcompleter():
            return [one.text for one in self.shell.Completer.completions(line, len(line))]


@pytest.fixture
def shell(tmp_path):
    """A new shell: nothing of another test is in it."""
    InteractiveShell.clear_instance()
    made = InteractiveShell.instance(ipython_dir=str(tmp_path / ".ipython"))
    made.history_manager.enabled = False
    yield made
    made.history_manager.end_session()
    made.history_manager.hist_file = ":memory:"
    InteractiveShell.clear_instance()


@pytest.fixture
def cells(shell, project, monkeypatch):
    """Cells in the project's folder, `%load_ext pgmg` done."""
    monkeypatch.chdir(project.root)
    monkeypatch.setenv("PGMG_CONNECTION_STRING", project.dsn)
    run = Cells(shell)
    run("%load_ext pgmg")
    yield run
    run("%unload_ext pgmg")
