"""A real terminal around a real apply: questions, colours, interruption."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass

import pytest


@dataclass
class Done:
    exit_code: int
    shown: str


@pytest.fixture
def terminal(project):
    """Run pgmg on a terminal of its own, with `typed` waiting to be read; `then` gets the process."""

    def run(*words, typed="", then=None, connection=project.dsn, stdin=None, stdout=None, stderr=None, **variables):
        keyboard, screen = pty.openpty()
        named = {} if connection is None else {"PGMG_CONNECTION_STRING": connection}
        left_out = ("NO_COLOR", "PGMG_", "PGHOST", "PGPORT", "PGDATABASE")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(left_out)}
        process = subprocess.Popen(
            [sys.executable, "-m", "pgmg", *words],
            cwd=project.root,
            env={**kept, **named, **variables, "TERM": "xterm-256color"},
            stdin=screen if stdin is None else stdin,
            stdout=screen if stdout is None else stdout,
            stderr=screen if stderr is None else stderr,
        )
        os.close(screen)
        os.write(keyboard, typed.encode())
        if then is not None:
            then(process)
        shown = b"".join(iter(lambda: _read(keyboard), b""))
        os.close(keyboard)
        return Done(process.wait(timeout=60), shown.decode())

    project.write("sql/v.sql", "CREATE VIEW v AS SELECT 1 AS one;")
    return run


def _read(keyboard):
    try:
        return os.read(keyboard, 65536)
    except OSError:  # the other end is closed
        return b""


def test_the_plan_is_shown_in_colours_and_applied_after_a_yes(project, terminal):
    done = terminal("apply", typed="y\n")
    assert done.exit_code == 0
    assert done.shown.index("Execution order:") < done.shown.index("[y/N]") < done.shown.index("Created view: v")
    assert "\x1b[" in done.shown
    assert project.value("SELECT one FROM v") == 1


def test_a_no_changes_nothing(project, terminal):
    assert terminal("apply", typed="n\n").exit_code == 4
    assert project.value("SELECT to_regclass('v')") is None


@pytest.mark.parametrize("words", [("plan",), ("apply",), ("graph", "nowhere"), ("status", "--nothing")])
def test_colours_can_be_switched_off_by_an_option_or_a_variable_alike(terminal, words):
    bare = [terminal(*words, "--no-color", typed="n\n").shown, terminal(*words, typed="n\n", NO_COLOR="1").shown]
    assert bare[0] == bare[1]
    assert "\x1b[" not in bare[0]
    coloured = terminal(*words, typed="n\n", NO_COLOR="").shown
    assert "\x1b[" in coloured
    assert re.sub(r"\x1b\[[\d;]*m", "", coloured) == bare[0]


def test_a_person_at_one_end_is_enough_for_the_embedded_server(terminal, project):
    """As in `pgmg plan | less` and `pgmg plan > file`; with nobody there, a missing server is an error."""
    with (project.root / "out").open("w") as file:
        assert terminal("plan", connection=None, stdout=file).shown.startswith("Server: embedded server in .pgmg/")
    assert "CREATE VIEW v" in (project.root / "out").read_text()
    done = terminal(
        "plan", connection=None, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    assert done.exit_code == 1


def test_with_no_server_named_the_embedded_one_is_started_and_named_first(terminal):
    done = terminal("plan", connection=None)
    assert done.exit_code == 0, done.shown
    assert done.shown.startswith("Server: embedded server in .pgmg/")


def test_an_interrupted_apply_says_so_and_changes_nothing(project, terminal):
    project.write("migrations/001.sql", "CREATE TABLE t (id integer);\nSELECT pg_sleep(60);")

    def interrupt(process):
        asleep = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'"
        while not project.value(asleep):
            assert process.poll() is None
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)

    done = terminal("apply", "--yes", then=interrupt)
    assert done.exit_code == 130, done.shown
    assert "interrupted" in done.shown
    assert "Traceback" not in done.shown
    assert project.value("SELECT to_regclass('t')") is None
