"""Whatever the input, pgmg ends with a result or an error of its own: no crash, no traceback, no hang."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.fuzz.inputs import made
from tests.fuzz.running import tried

INPUTS = 500
PARTS = 5


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("part", range(PARTS))
def test_no_input_ends_in_anything_but_a_result_or_an_error(database, part):
    size = INPUTS // PARTS
    counted = Counter()
    faults = list(tried(1, range(part * size, (part + 1) * size), database, counted))
    assert [(fault.given.number, fault.problem) for fault in faults] == []
    assert sum(counted.values()) == size


def test_an_input_is_always_the_same():
    assert [made(7, number) for number in range(50)] == [made(7, number) for number in range(50)]


def test_a_crash_and_a_wrong_end_are_noticed(database, monkeypatch):
    """The command itself is held to what it is for: a worker that is ended by a signal, an error that nobody foresaw."""
    monkeypatch.setenv("PGMG_FUZZ_HARM", "1")
    counted = Counter()
    faults = list(tried(1, range(4), database, counted))
    assert len(faults) == 4
    assert any("ended with -" in fault.problem for fault in faults)
    assert any("harmed" in fault.problem for fault in faults)
