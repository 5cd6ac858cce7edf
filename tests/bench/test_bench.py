"""The benchmark's own tools: a workload that a server accepts, a link that counts and delays."""

from __future__ import annotations

import itertools
import sys
import threading
import time

import psycopg
import pytest

import pgmg
from tests.bench import clock, workload
from tests.bench.link import Link
from tests.bench.shapes import SHAPES


def test_a_workload_is_the_same_twice_and_builds_in_its_order(database, tmp_path):
    first, second = workload.write(tmp_path / "a", 60), workload.write(tmp_path / "b", 60)
    assert first.ordered.read_text() == second.ordered.read_text()
    assert len(list(first.root.glob("sql/*/*.sql"))) == 60
    with psycopg.connect(database) as connection:
        connection.execute(first.tables.read_text())
        connection.execute(first.ordered.read_text())


def test_a_link_counts_round_trips_and_makes_them_long(database):
    with Link(database, 0.02) as link, psycopg.connect(link.dsn, autocommit=True) as connection:
        link.turns = link.waits = 0
        assert clock.work(lambda: connection.execute("SELECT 1")).seconds >= 0.02
        assert (link.turns, link.waits) == (1, 1)
        with connection.pipeline():
            for _ in range(20):
                connection.execute("SELECT 1")
        assert (link.turns, link.waits) == (2, 2)
        with connection.pipeline():
            connection.execute("SELECT 1")
            connection.execute("SELECT repeat('x', 1000000)")
            time.sleep(0.1)
            connection.execute("SELECT 1")
        assert link.waits == 3


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_a_shape_is_a_project_that_can_be_planned(shape, database, tmp_path):
    size = max(1, shape.size // 500)
    shape.write_first(tmp_path, size)
    shape.execute_by_hand(database, size)
    with pgmg.Project.open(tmp_path, connection_string=database) as project:
        project.apply()
        shape.write_change(tmp_path, size)
        assert project.plan().steps


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_planning_twice_the_size_takes_twice_the_work(shape, server, tmp_path, monkeypatch):
    """Calls of functions are counted, in all threads: they do not depend on what else the machine does."""
    calls = []
    for size in (max(100, shape.size // 10), 2 * max(100, shape.size // 10)):
        monkeypatch.setenv("PGMG_CACHE_DIR", str(tmp_path / f"cache-{size}"))
        calls.append(_calls(shape, size, server, tmp_path / str(size)))
    once, twice = calls
    assert twice <= 2.2 * once


MOST_CALLS = 106
"""Calls of Python functions, for each object that is as it was applied, by a process that plans for the first time."""


def test_an_unchanged_object_costs_a_plan_few_calls(server, tmp_path):
    calls = []
    for size in (10, 200, 400):
        load, dsn = workload.write(tmp_path / str(size), size), server.create()
        try:
            with pgmg.Project.open(load.root, connection_string=dsn) as project:
                project.apply()
            load.leaf.write_text(load.leaf.read_text().replace("WHERE", "WHERE true AND"))
            with pgmg.Project.open(load.root, connection_string=dsn) as project:
                calls.append(_calls_of_a_plan(project))
        finally:
            server.drop(dsn)
    _, few, many = calls  # the first plan imports modules
    assert (many - few) / 200 <= MOST_CALLS


def _calls(shape, size, server, root):
    """Return how many functions a plan calls that has parsed nothing before."""
    dsn = server.create()
    try:
        shape.write_first(root, size)
        shape.execute_by_hand(dsn, size)
        with pgmg.Project.open(root, connection_string=dsn) as project:
            project.apply()
        shape.write_change(root, size)
        with pgmg.Project.open(root, connection_string=dsn) as project:
            return _calls_of_a_plan(project)
    finally:
        server.drop(dsn)


def _calls_of_a_plan(project):
    """Return how many Python functions a plan calls; it has to have steps."""
    counter = itertools.count()

    def count(frame, event, argument):
        if event == "call":
            next(counter)

    threading.setprofile(count)
    sys.setprofile(count)
    try:
        steps = project.plan().steps
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    assert steps
    return next(counter)
