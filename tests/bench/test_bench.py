"""The benchmark's own tools: a workload that a server accepts, a link that counts and delays."""

from __future__ import annotations

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
