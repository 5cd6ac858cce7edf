"""A command's process ends at once: nothing is freed, but all that Python does for others at its end is done."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pgmg.cli import process_exit

PROGRAM = Path(sys.executable).with_name("pgmg")
WAYS = {
    "module": [sys.executable, "-m", "pgmg"],
    "verbose module": [sys.executable, "-v", "-m", "pgmg"],
    "installed": [str(PROGRAM)],
}
HANDLER = "import atexit, sys\natexit.register(lambda: sys.stdout.write('farewell'))\n"
FREED = "# cleanup["
"""What `python -v` says of each module that it frees at its end."""


MEASURED = ("COVERAGE_", "COV_CORE_")
"""How those variables begin by which coverage has every process traced that a test starts."""


def run(*command, base=os.environ, **environment):
    return subprocess.run(command, check=False, capture_output=True, text=True, env={**base, **environment}, timeout=60)


def test_nothing_is_freed_at_the_end():
    untraced = {name: value for name, value in os.environ.items() if not name.startswith(MEASURED)}
    ended = run(*WAYS["verbose module"], "--help", base=untraced)
    assert ended.returncode == 0
    assert "Usage: pgmg" in ended.stdout
    assert FREED not in ended.stderr
    another = "import runpy; runpy.run_module('pgmg', run_name='__main__', alter_sys=False)"
    assert FREED in run(sys.executable, "-v", "-c", another).stderr, "to be seen at all"


@pytest.mark.parametrize("way", ["module", "installed"])
def test_handlers_of_other_libraries_are_called_and_what_they_print_is_written(way, tmp_path):
    if way == "installed" and not PROGRAM.exists():
        pytest.skip("the program is not installed beside this Python")
    (tmp_path / "sitecustomize.py").write_text(HANDLER)
    ended = run(*WAYS[way], "--help", PYTHONPATH=str(tmp_path))
    assert (ended.returncode, ended.stdout.startswith("Usage:"), ended.stdout[-8:]) == (0, True, "farewell")


@pytest.mark.parametrize(("words", "code"), [(["--help"], 0), (["plam"], 2), (["plan", "--config=/no/such"], 1)])
def test_the_exit_code_is_that_of_the_command(words, code):
    assert run(*WAYS["module"], *words).returncode == code


def test_a_profiler_prints_what_it_has_seen():
    assert "function calls" in run(sys.executable, "-m", "cProfile", "-m", "pgmg", "--help").stdout


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_output_that_cannot_be_written_is_reported_by_python(tmp_path):
    (tmp_path / "sitecustomize.py").write_text(HANDLER)
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "PYTHONUNBUFFERED": ""}
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        command = [*WAYS["module"], "plan", "--config=/no/such"]  # prints on standard error alone
        ended = subprocess.run(command, check=False, stdout=full, stderr=subprocess.PIPE, text=True, env=environment)
    assert ended.returncode == 120
    assert "No space left" in ended.stderr


def test_who_calls_the_function_goes_on():
    process_exit.leave(0)  # in the process of the tests
