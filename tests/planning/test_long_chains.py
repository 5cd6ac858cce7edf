"""Chains of objects may be longer than Python's limit of calls: an object holds as soon as all that it leads to does."""

from __future__ import annotations

import sys

import pytest

import pgmg

TABLE = "CREATE TABLE t (id integer, title text);"


def function(number: int, called: int) -> str:
    return (
        f"CREATE FUNCTION f{number}(a integer) RETURNS integer LANGUAGE plpgsql AS"
        f" $$ BEGIN PERFORM id FROM t; RETURN f{called}(a); END $$;\n"
    )


@pytest.mark.parametrize("closed", [True, False], ids=["ring", "chain"])
def test_functions_that_call_each_other_in_a_long_row_are_planned(project, closed):
    size = sys.getrecursionlimit() + 200
    project.write("migrations/001.sql", TABLE)
    called = [*range(1, size), 0 if closed else size - 1]
    project.write("sql/functions.sql", "".join(function(n, other) for n, other in enumerate(called)))
    with project.open() as opened:
        plan = opened.plan()
    assert len({step.object for step in plan.steps if step.object.kind is pgmg.Kind.FUNCTION}) == size


def test_all_members_of_a_ring_wait_for_the_last_statement(project):
    """Each reads a table that another migration creates: none of the ring may come before the last of them."""
    size = 4
    for number in range(size):
        project.write(f"migrations/00{number}.sql", f"CREATE TABLE t{number} (id integer);")
        project.write(
            f"sql/v{number}.sql",
            f"CREATE FUNCTION f{number}() RETURNS bigint LANGUAGE plpgsql AS"
            f" $$ BEGIN RETURN f{(number + 1) % size}() + (SELECT count(*) FROM t{number}); END $$;",
        )
    project.apply()
    with project.open() as opened:
        assert not opened.plan().steps
