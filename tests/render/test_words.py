import pytest

from pgmg.model.graph import Graph, Node
from pgmg.model.names import Kind, ObjectName
from pgmg.model.plan import Action
from pgmg.render import graph, words
from tests.render import builders as made


@pytest.mark.parametrize(
    ("milliseconds", "said"),
    [(0.2, "0 ms"), (35.4, "35 ms"), (2400, "2.4 s"), (59_940, "59.9 s"), (200_000, "3 min 20 s")],
)
def test_durations_are_said_as_people_say_them(milliseconds, said):
    assert words.duration(milliseconds) == said


@pytest.mark.parametrize(("number", "said"), [(0, "0 objects"), (1, "1 object"), (1200, "1,200 objects")])
def test_counts_agree_with_their_nouns(number, said):
    assert words.count(number, "object") == said


@pytest.mark.parametrize("action", Action)
def test_every_action_is_told_while_it_is_done(action):
    step = made.step(1, action, made.view("v"))
    assert words.deed(step, doing=True).endswith("ing view: v") or words.deed(step, doing=True).endswith(
        "ing on view: v"
    )


def test_every_kind_can_be_drawn():
    names = [ObjectName(kind, "x", arguments=("a", "b") if kind is Kind.CAST else None) for kind in Kind]
    drawn = Graph(tuple(map(Node, names)))
    for draw in (graph.to_svg, graph.to_mermaid, graph.to_tree):
        text = draw(drawn)
        assert all(kind.words in text or kind.value in text for kind in Kind)


def test_a_comment_on_a_column_names_the_column():
    step = made.step(1, Action.COMMENT, made.comment(ObjectName(Kind.COLUMN, "name", parent=made.view("v"))))
    assert words.headline(step) == "COMMENT ON COLUMN v.name"
    assert words.deed(step) == "Commented on column: v.name"
