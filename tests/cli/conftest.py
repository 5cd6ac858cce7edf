"""Commands without a server: a project that answers what it is told to."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from click.testing import CliRunner

from pgmg.cli import project_context
from pgmg.cli.invocation import Call
from pgmg.cli.main import program
from pgmg.config import Settings
from pgmg.model.results.events import AppliedStep, ApplyResult, ServerNotice, Started
from pgmg.model.results.graph_data import Graph
from pgmg.model.results.reset_report import ResetReport
from tests.render import builders


@dataclass
class FakeProject:
    """Answers with `planned`; notes every question in `asked`."""

    settings: Settings
    planned: Any = None
    asked: list = field(default_factory=list)
    graphed: Graph = field(default_factory=Graph)
    names: tuple = ()
    ignored: tuple = ()
    error: Exception | None = None
    server: str = "somewhere"

    def _ask(self, *question):
        self.asked.append(question)
        if self.error is not None:
            raise self.error

    def with_bodies(self, plan):
        return plan

    def with_readers(self, plan):
        return plan

    def connect(self):
        raise AssertionError("nothing here speaks to a server")

    def plan(self, options=None):
        self._ask("plan", options)
        return self.planned

    def apply(self, plan=None, *, options=None, listener=None, yes=False, resume=None, note=None):
        self._ask("apply", plan, options, yes, *(() if resume is None else (resume,)))
        made = plan or self.planned
        listener(Started(made))
        listener(ServerNotice("NOTICE", "hear, hear"))
        return ApplyResult(made, applied=bool(made.steps), steps=tuple(AppliedStep(step, 1.0) for step in made.steps))

    def status(self):
        self._ask("status")
        return builders.status()

    def diff(self, names=()):
        self._ask("diff", names)
        return self.planned.changes

    def graph(self, names=(), **options):
        self._ask("graph", names, options)
        return self.graphed

    def pending(self, upto=None):
        self._ask("pending", upto)
        return self.names

    def baseline(self, upto=None):
        self._ask("baseline", upto)
        return self.names

    def refresh(self, names=(), *, concurrently=False):
        self._ask("refresh", names, concurrently)
        return self.names

    def reset(self, *, everything=False, including=(), dry_run=False):
        self._ask("reset", everything, dry_run)
        return ResetReport(tuple(self.names), tuple(self.ignored))


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty current folder, and no variable that could lead elsewhere."""
    monkeypatch.chdir(tmp_path)
    for name in ("PGMG_CONNECTION_STRING", "PGMG_ENVIRONMENT", "PGMG_CONFIG", "PGHOST", "PGDATABASE", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def fake(here, monkeypatch):
    """A project in place of the real one; `calls` are those that opened it."""
    project = FakeProject(Settings(here, connection_string="dbname=x"), builders.example())
    project.calls = []

    @contextmanager
    def open_project(call):
        project.calls.append(call)
        yield project

    monkeypatch.setattr(project_context, "open_project", open_project)
    return project


@pytest.fixture
def pgmg(here):
    """Run a command in this process."""

    def run(*words, typed=None):
        return CliRunner().invoke(program, list(words), input=typed)

    return run


@pytest.fixture
def somebody(monkeypatch):
    """Somebody sits at a terminal."""
    monkeypatch.setattr(Call, "interactive", True)
    monkeypatch.setattr(Call, "attended", True)
