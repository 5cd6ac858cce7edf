"""The README's examples, done as it says."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.docs.reading import readme


@pytest.fixture
def home():
    """A folder that the embedded server's user can reach, whatever other test runs do with pytest's own."""
    with tempfile.TemporaryDirectory(prefix="pgmg-docs-", ignore_cleanup_errors=True) as name:
        yield Path(name)


@pytest.fixture
def run(home, database):
    """Run a program in a shell of its own, in the folder `library/` once that is there."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "PGMG_"))}
    environment = {
        **kept,
        "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"])),
        "PGMG_CONNECTION_STRING": database,
        "IPYTHONDIR": str(home / "ipython"),
    }

    def go(*words):
        folder = home / "library"
        where = folder if folder.exists() else home
        done = subprocess.run(words, cwd=where, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return go


def write(folder, text):
    """Write the files that a block of SQL names in comments."""
    path = None
    for line in text.splitlines(keepends=True):
        if line.startswith("-- ") and line.strip().endswith(".sql"):
            path = folder / line.removeprefix("-- ").strip()
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("")
        else:
            with path.open("a") as file:
                file.write(line)


def test_five_minutes_on_a_terminal_and_from_python(run, home):
    for language, text in readme().section("Five minutes on a terminal").blocks():
        if language == "sql":
            write(home / "library", text)
        elif text.startswith("$ "):
            typed, shown = text.removeprefix("$ ").split("\n", 1)
            assert run("bash", "-ec", typed).strip() == shown.strip()
        else:
            run("bash", "-ec", text)
    ((_, python),) = [
        block for block in readme().section("Five minutes in a notebook").blocks() if block[0] == "python"
    ]
    assert "drop view.adults" in run(sys.executable, "-c", python)
    assert "No changes." in run("pgmg", "plan")


def test_five_minutes_in_a_notebook(run, home):
    project = home / "library"
    (project / "sql").mkdir(parents=True)
    (project / "sql" / "one.sql").write_text("CREATE VIEW one AS SELECT 1 AS one;\n")
    (_, cell), *_ = readme().section("Five minutes in a notebook").blocks()
    said = run(sys.executable, "-m", "IPython", "--no-banner", "--colors=nocolor", "-c", cell)
    assert "embedded server in .pgmg/" in said
    assert "CREATE VIEW one" in said


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_can_be_taught_to_complete(run, shell):
    assert f"_PGMG_COMPLETE={shell}_source" in readme().section("Install").text
    assert "pgmg" in run("env", f"_PGMG_COMPLETE={shell}_source", "pgmg")


def test_bash_completes(run):
    (line,) = [line for _, text in readme().section("Install").blocks() for line in text.splitlines() if "bash" in line]
    assert "complete" in run("bash", "-ec", f"{line}\ncomplete -p pgmg")


def test_module_and_command_are_the_same(run):
    assert run("pgmg", "--version") == run(sys.executable, "-m", "pgmg", "--version")
    assert run("pgmg", "plan", "--help") == run(sys.executable, "-m", "pgmg", "plan", "--help")
