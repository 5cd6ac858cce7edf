"""`pgmg watch`: what its words mean, and what it prints; a watcher that plays a part takes the real one's place."""

from __future__ import annotations

import json

import pytest

import pgmg.watch
from pgmg.errors import ConnectionFailedError, SyntaxProblem
from pgmg.model.naming.location import SourceLocation
from pgmg.model.results.events import ApplyResult, ServerNotice, Waiting
from pgmg.model.results.watch_events import (
    Applied,
    Broken,
    Disconnected,
    Mended,
    Noted,
    PendingMigrations,
    Reconnected,
    Saw,
    Stopped,
    Watching,
)
from tests.render import builders

LOST = ConnectionFailedError("The connection was lost: ALTER ROLE r PASSWORD 'hunter2'")
SYNTAX = SyntaxProblem('syntax error at or near "SELEC"', where=SourceLocation("sql/a.sql", 2, 1, "SELEC 1"))
PLAN = builders.example()
STORY = (
    Watching("somewhere", ("sql", "migrations")),
    Disconnected(LOST, 0.1),
    Disconnected(LOST, 0.2),
    Reconnected("somewhere"),
    Saw(("sql/a.sql", "sql/b.sql")),
    Noted(Waiting("another apply is running: pid 7", 1.0)),
    Noted(ServerNotice("NOTICE", "hear, hear")),
    Applied(ApplyResult(PLAN, applied=True, steps=()), ("sql/a.sql",), 12.5),
    Applied(ApplyResult(PLAN, applied=False), ("sql/b.sql",), 1.5),
    Broken(SYNTAX, ("sql/a.sql",), (builders.view("a"), builders.view(builders.HOSTILE))),
    Mended(("sql/a.sql",), ()),
    PendingMigrations(PLAN.migrations, None, (builders.view("late"),)),
    PendingMigrations(),
    Stopped(),
)


@pytest.fixture
def played(fake, monkeypatch):
    """The options of every watcher; each tells the same story."""
    made = []

    class Player:
        def __init__(self, project, **options):
            self.listener = options.pop("listener")
            made.append((project, options))

        def run(self, stop):
            for event in STORY:
                self.listener(event)

    monkeypatch.setattr(pgmg.watch, "Watcher", Player)
    return made


def test_its_options_reach_the_watcher(fake, played, pgmg):
    pgmg("watch")
    pgmg("watch", "--debounce", "200", "--migrations")
    assert played == [
        (fake, {"debounce": 0.05, "migrations": False}),
        (fake, {"debounce": 0.2, "migrations": True}),
    ]
    assert pgmg("watch", "--debounce", "soon").exit_code == 2


def test_it_tells_a_story(played, pgmg):
    done = pgmg("watch")
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert lines[0] == "Watching sql and migrations for somewhere. Ctrl-C stops."
    assert [line for line in lines if line.startswith("Disconnected")] == [
        "Disconnected: The connection was lost: ALTER ROLE r PASSWORD '********'; waiting for the server"
    ]
    assert "Waiting: another apply is running: pid 7" in lines
    assert "NOTICE: hear, hear" in lines
    assert "sql/b.sql: no changes (2 ms)" in lines
    where = lines.index('✗ sql/a.sql:2:1: syntax error at or near "SELEC"')
    assert lines[where + 1 : where + 3] == ["  SELEC 1", "  ^"]
    assert lines[where + 3].startswith("  unchanged in the database: view.a, view.")
    assert "\x1b" not in done.stdout
    assert "✓ Fixed: sql/a.sql" in lines
    assert any(line.startswith("Pending migration: 003_add_orders_table.sql, which affects ") for line in lines)
    assert "  waiting for this migration: view.late" in lines
    assert lines[-1] == "Stopped watching."


def test_in_json_each_event_is_a_line(played, pgmg):
    done = pgmg("watch", "--format", "json")
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(events) == len(STORY)
    assert [event["event"] for event in events][:4] == ["watching", "disconnected", "disconnected", "reconnected"]
    assert events[9]["error"]["where"] == "sql/a.sql:2:1"
    assert "hunter2" not in done.stdout
    assert events[11]["waiting"] == ["view.late"]
