"""The command as a process of its own: lines of JSON, signals, death and restart."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager

import jsonschema
import pytest

from pgmg.render.json import documents
from tests.watch.conftest import PATIENCE


class Process:
    """`pgmg watch --format json`, and the lines it has written."""

    def __init__(self, case, *words):
        command = [sys.executable, "-m", "pgmg", "watch", "--format", "json", *words]
        environment = {**os.environ, "PGMG_CONNECTION_STRING": case.dsn}
        self.running = subprocess.Popen(
            command, cwd=case.root, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self.lines = []
        self.news = threading.Condition()
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def _read(self):
        for line in self.running.stdout:
            with self.news:
                self.lines.append(json.loads(line))
                self.news.notify_all()

    def until(self, fits):
        deadline = time.monotonic() + PATIENCE
        with self.news:
            while not any(fits(line) for line in self.lines):
                left = deadline - time.monotonic()
                assert left > 0, self.lines
                self.news.wait(left)

    def saw(self, path):
        self.until(lambda line: line["event"] == "applied" and path in line["paths"])

    def end(self, number):
        if self.running.returncode is not None:
            return self.running.returncode
        self.running.send_signal(number)
        self.running.wait(PATIENCE)
        self.reader.join(PATIENCE)
        self.running.stdout.close()
        self.errors = self.running.stderr.read()
        self.running.stderr.close()
        return self.running.returncode


@contextmanager
def watching(case, *words):
    process = Process(case, *words)
    try:
        process.until(lambda line: line["event"] == "applied")
        yield process
    finally:
        process.end(signal.SIGKILL)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_every_event_is_a_line_and_signals_end_it_cleanly(project, number, code):
    project.write("migrations/001.sql", "CREATE TABLE t (a integer);")
    project.write("sql/a.sql", "CREATE VIEW a AS SELECT a FROM t;")
    with watching(project) as process:
        project.write("sql/b.sql", "CREATE VIEW b AS SELEC;")
        process.until(lambda line: line["event"] == "broken" and line["paths"] == ["sql/b.sql"])
        project.write("sql/b.sql", "CREATE VIEW b AS SELECT 1 AS one;")
        process.until(lambda line: line["event"] == "mended")
        assert process.end(number) == code
        assert process.errors == ""
    schema = documents.schema()
    validator = jsonschema.Draft202012Validator(
        {**schema, "anyOf": [{"$ref": "#/$defs/watch-event"}, {"$ref": "#/$defs/event"}]}
    )
    for line in process.lines:
        validator.validate(line)
    events = [line["event"] for line in process.lines]
    assert events[0] == "watching"
    assert events[-1] == "stopped"
    assert {"saw", "applied", "broken", "mended", "pending-migrations"} <= set(events)


def test_it_may_die_at_any_moment_and_be_started_again(project, built_anew):
    rng = random.Random(3)
    project.write("migrations/001.sql", "CREATE TABLE base (id integer PRIMARY KEY);")
    project.apply()
    for attempt in range(3):
        with watching(project, "--debounce", "5") as process:
            for n in range(40):
                project.write(
                    f"sql/v{n}.sql", f"CREATE VIEW v{n} AS SELECT id, {attempt} AS a, {rng.random()} AS r FROM base;"
                )
            if attempt:
                process.until(lambda line: line["event"] == "saw")
            time.sleep(rng.random() * 0.1)  # anywhere in the middle of it
            process.end(signal.SIGKILL)
    with watching(project):
        assert built_anew() == []
    project.settled()


def test_as_text_it_says_what_happened(project):
    project.write("sql/a.sql", "CREATE VIEW a AS SELECT 1 AS one;")
    command = [sys.executable, "-m", "pgmg", "watch", "--connection-string", project.dsn]
    with subprocess.Popen(command, cwd=project.root, stdout=subprocess.PIPE, text=True) as running:
        lines = []
        for line in running.stdout:
            lines.append(line.rstrip())
            if "Applied 1 step" in line:
                running.send_signal(signal.SIGINT)
    assert running.returncode == 130
    assert lines[0].startswith("Watching sql and migrations for ")
    assert "  ✓ Created view: a" in lines
    assert lines[-1] == "Stopped watching."
