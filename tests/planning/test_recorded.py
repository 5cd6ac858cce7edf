"""The planner plans the recorded cases as it did, without a server: see `recording.py`."""

import pytest

from pgmg.config import load
from tests.planning import recording
from tests.test_cases import CASES, lay

RECORDED = recording.load()
VALID = [
    case
    for case in CASES
    if case.name in RECORDED["cases"] and RECORDED["cases"][case.name]["hash"] == recording.case_hash(case)
]


def test_most_cases_are_recorded_as_they_are_now():
    planned = [case for case in CASES if not (case / "expected.txt").read_text().startswith("error:")]
    assert len(VALID) >= 0.8 * len(planned), "run python -m tests.planning.record"


@pytest.mark.parametrize("case", VALID, ids=lambda case: case.name)
def test_the_plan_of_recorded_answers_is_the_recorded_one(case, tmp_path):
    recorded = RECORDED["cases"][case.name]
    root = lay(case, "before", "after", into=tmp_path / "after")
    settings = load(root, overrides=recorded["overrides"])
    for attempt in recorded["attempts"]:
        assert recording.replay(attempt, settings, RECORDED["shared"]) == attempt["steps"]
