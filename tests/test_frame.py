"""A plan as a DataFrame."""

import sys

import pytest

import pgmg
from pgmg.errors import UsageError
from pgmg.model.plans.plan import Action
from pgmg.model.results.frame import COLUMNS
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


def test_samples_of_row_differences_and_previews_become_frames():
    from pgmg.model.naming.names import Kind, ObjectName
    from pgmg.model.results.row_questions import ChangedRow, Preview, RowDifference, RowSamples

    name = ObjectName(Kind.VIEW, "public", "v")
    samples = RowSamples(
        ("id", "new"), ("id", "old"), ("id",), (("1", "a"),), (("2", "b"),), (ChangedRow(("3",), ("4",)),)
    )
    frame = RowDifference(name, None, 1, 1, samples=samples).to_frame()
    assert list(frame.columns) == ["row", "id", "new", "old"]
    assert frame.astype(object).where(frame.notna(), None).values.tolist() == [
        ["added", "1", "a", None],
        ["removed", "2", None, "b"],
        ["before", "3", None, None],
        ["after", "4", None, None],
    ]
    assert Preview(name, ("a", "a"), ("text", "text"), (("1", None),)).to_frame().columns.tolist() == ["a", "a_2"]
