"""Random cases against ground truth that shares no code with pgmg: rows that are selected, values that are changed.

PGMG_TRUTH_SEED says where the cases begin (default 0), PGMG_TRUTH_CASES how many comparisons there are of each kind
(default 200). `python -m tests.truth rows --cases 5000` prints what is wrong as it is found.
"""

from __future__ import annotations

import os

import pytest

from tests.truth.running import CHECKS

FIRST = int(os.environ.get("PGMG_TRUTH_SEED", "0"))
CASES = int(os.environ.get("PGMG_TRUTH_CASES", "200"))
A_SHARD = {"rewriting": 50, "rows": 33, "lineage": 66}  # comparisons of one test: what xdist can hand out
SHARDS = [(name, shard) for name in CHECKS for shard in range(-(-CASES // A_SHARD[name]))]


@pytest.mark.slow
@pytest.mark.timeout(1200)  # each case is small, but a busy machine takes its time
@pytest.mark.parametrize(("name", "shard"), SHARDS, ids=[f"{name}-{shard}" for name, shard in SHARDS])
def test_nothing_that_is_said_is_wrong(server, name, shard):
    outcome = CHECKS[name](server, FIRST + 1000 * shard, A_SHARD[name])
    assert outcome.cases >= A_SHARD[name]
    assert not outcome.wrong, outcome.report()
