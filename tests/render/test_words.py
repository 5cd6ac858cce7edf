import pytest

from pgmg.model.naming.names import Kind, ObjectName
from pgmg.model.plans.plan import Action
from pgmg.model.results.graph_data import Graph, GraphNode
from pgmg.render import labels
from pgmg.render.graph import formats
from tests.render import builders as made


@pytest.mark.parametrize(
    ("milliseconds", "said"),
    [(0.2, "< 1 ms"), (35.4, "35 ms"), (2400, "2.4 s"), (59_940, "59.9 s"), (200_000, "3 min 20 s")],
)
def test_durations_are_said_as_people_say_them(milliseconds, said):
    assert labels.duration(milliseconds) == said


@pytest.mark.parametrize(("number", "said"), [(0, "0 objects"), (1, "1 object"), (1200, "1,200 objects")])
def test_counts_agree_with_their_nouns(number, said):
    assert labels.count(number, "object") == said


@pytest.mark.parametrize("action", Action)
def test_every_action_is_told_while_it_is_done(action):
    step = made.step(1, action, made.view("v"))
    assert labels.past_tense(step, doing=True).endswith("ing view: v") or labels.past_tense(step, doing=True).endswith(
        "ing on view: v"
    )


def test_every_kind_can_be_drawn():
    names = [ObjectName(kind, "x", arguments=("a", "b") if kind is Kind.CAST else None) for kind in Kind]
    drawn = Graph(tuple(map(GraphNode, names)))
    for draw in (formats.to_svg, formats.to_mermaid, formats.to_tree):
        text = draw(drawn)
        assert all(kind.sql_keyword in text or kind.value in text for kind in Kind if kind is not Kind.OTHER)


def test_a_comment_on_a_column_names_the_column():
    step = made.step(1, Action.COMMENT, made.comment(ObjectName(Kind.COLUMN, "name", parent=made.view("v"))))
    assert labels.step_title(step) == "COMMENT ON COLUMN v.name"
    assert labels.past_tense(step) == "Commented on column: v.name"
