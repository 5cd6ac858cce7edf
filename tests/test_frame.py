"""A plan as a DataFrame."""

import sys

import pytest

import pgmg
from pgmg.errors import UsageError
from pgmg.model.frame import COLUMNS
from pgmg.model.plan import Action
from tests.render import builders as made


def test_without_pandas_it_says_what_it_needs(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(UsageError, match="pandas") as caught:
        made.plan().to_frame()
    assert caught.value.hint == "pip install pandas"


def test_each_step_is_a_row():
    pytest.importorskip("pandas")
    frame = made.example().to_frame()
    assert tuple(frame.columns) == COLUMNS
    assert list(frame["number"]) == list(range(1, 10))
    assert frame.loc[frame["action"] == "replace", ["kind", "object", "change", "path", "line"]].values.tolist() == [
        ["view", "view.active_users", "modified", "sql/views/active_users.sql", 1]
    ]
    assert frame["line"].isna().sum() == 5
    assert list(frame["managed"]).count(False) == 2
    assert pgmg.to_frame(made.example()).equals(frame)


def test_an_empty_plan_has_the_same_columns():
    pytest.importorskip("pandas")
    assert tuple(made.plan().to_frame().columns) == COLUMNS


def test_no_password_is_in_it():
    pytest.importorskip("pandas")
    plan = made.plan(made.step(1, Action.CREATE, made.view("a"), f"ALTER ROLE me PASSWORD '{made.PASSWORD}'"))
    assert made.PASSWORD not in plan.to_frame().to_string()
