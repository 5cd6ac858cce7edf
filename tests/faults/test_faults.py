"""A sample of `python -m tests.faults`: an apply of all kinds of groups, broken at some boundaries in each way."""

from __future__ import annotations

import psycopg
import pytest
from psycopg import conninfo

from tests.faults.proxy import Harm
from tests.faults.trial import prepare, tried

_SAMPLES = 4


@pytest.fixture(scope="module")
def wanted(server, tmp_path_factory):
    """The scenario in a database of its own, to be copied."""
    dsn = server.create()
    yield prepare(tmp_path_factory.mktemp("faults"), dsn)
    server.drop(dsn)


@pytest.mark.parametrize("harm", list(Harm))
def test_an_apply_broken_anywhere_is_finished_by_the_next_one(wanted, harm):
    """Schema and data are then those of an apply that nothing broke."""
    first = list(Harm).index(harm) * wanted.boundaries // (_SAMPLES * len(Harm))
    states = set()
    for at in range(first, wanted.boundaries, wanted.boundaries // _SAMPLES):
        outcome = tried(wanted, harm, at)
        assert outcome.found == "", f"{harm} at {at}, before {outcome.before}, left: {outcome.state}"
        states.add(outcome.state)
    assert len(states) > 1


def test_without_harm_the_tables_hold_each_entry_once(wanted):
    """What the trials compare with is right by itself."""
    entries = sorted(text.strip("()") for (text,) in wanted.rows["ledger"])
    assert entries == ["called", "committed", "done", "inserted", "within"]
    assert wanted.rows["orders"] == [("(1,ann,11,open)",), ("(2,ann,21,open)",), ("(3,bob,6,open)",)]
    assert ("orders_amount_id_idx", True) in wanted.rows["indexes"]
    with psycopg.connect(conninfo.make_conninfo(wanted.before), autocommit=True) as conn:
        assert conn.execute("SELECT count(*) FROM ledger").fetchone() == (0,)
