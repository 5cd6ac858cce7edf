"""Two checkouts with git, two watchers, a notebook and commands share a database for a hundred random days."""

from __future__ import annotations

import os

import pytest

from tests.living import days
from tests.living.days import one_day
from tests.living.team import Team
from tests.notebook.conftest import Cells, shell  # noqa: F401 - a fixture

DAYS = 20
"""Of each of the seeds: a hundred in all."""

FIRST_SEED = int(os.environ.get("PGMG_LIVING_SEED", "0"))
"""Other hundreds of days are lived with another first seed."""


@pytest.fixture
def notebook(shell, monkeypatch, database):  # noqa: F811 - the fixture
    """A notebook with pgmg, on the shared database."""
    monkeypatch.setenv("PGMG_CONNECTION_STRING", database)
    cells = Cells(shell)
    cells("%load_ext pgmg")
    yield cells
    cells("%unload_ext pgmg")


@pytest.mark.parametrize("seed", range(FIRST_SEED, FIRST_SEED + 5))
def test_nothing_is_dropped_that_its_owner_did_not_delete(tmp_path, database, notebook, seed):
    team = Team(tmp_path, database, seed)
    acts = (
        (6, days.edits),
        (6, days.adds),
        (4, days.deletes),
        (2, days.moves),
        (4, days.migrates),
        (2, days.renumbers),
        (2, days.touches_history),
        (1, days.squashes),
        (2, days.branches),
        (3, days.switches),
        (3, days.merges),
        (2, days.rebases),
        (3, days.pushes),
        (12, days.applies),
        (2, days.mends_by_hand),
        (1, days.copies),
        (2, days.interrupts),
        (1, days.resets),
        (4, days.watches),
        (3, days.writes_a_cell(notebook)),
    )
    with team.going_home():
        for member in team.members:
            team.bring(member, accept=False)
        for _ in range(DAYS):
            one_day(team, acts)
