import io
import re

import pytest
from rich.console import Console

from pgmg.model.plans.plan import Change, ChangeKind
from pgmg.render.graph import tree
from pgmg.render.text import plain, styled
from tests.render import builders as made

ESCAPES = re.compile(r"\x1b\[[0-9;]*m")
DIFFERENCES = (Change(made.view("a"), ChangeKind.MODIFIED, "sql/a.sql", 1, "SELECT 1", "SELECT 2"),)
RESULT = made.result(made.every_action(), objects_updated=2)
STATUS = made.status(pending=("1.sql",), objects=(("view", 2),))
WRITERS = {
    "plan": (lambda console: styled.show_plan(console, made.example(), 1), lambda: plain.plan_text(made.example(), 1)),
    "result": (lambda console: styled.show_result(console, RESULT), lambda: plain.result_text(RESULT)),
    "status": (lambda console: styled.show_status(console, STATUS), lambda: plain.status_text(STATUS)),
    "diff": (lambda console: styled.show_diff(console, DIFFERENCES), lambda: plain.diff_text(DIFFERENCES)),
    "graph": (lambda console: styled.show_graph(console, made.shop()), lambda: tree.to_tree(made.shop())),
}


@pytest.mark.parametrize(("show", "plain"), WRITERS.values(), ids=WRITERS)
def test_a_terminal_sees_the_same_words_in_colours(show, plain):
    stream = io.StringIO()
    show(Console(file=stream, force_terminal=True, color_system="standard", width=20))
    assert "\x1b[" in stream.getvalue()
    assert ESCAPES.sub("", stream.getvalue()) == f"{plain()}\n"


def test_without_colours_there_are_no_colours():
    stream = io.StringIO()
    styled.show_plan(Console(file=stream, force_terminal=True, no_color=True), made.example())
    assert not re.search(r"\x1b\[[0-9;]*3[0-7]m", stream.getvalue())


def test_a_pipe_gets_plain_text():
    stream = io.StringIO()
    styled.show_plan(Console(file=stream), made.example())
    assert stream.getvalue() == f"{plain.plan_text(made.example())}\n"


def test_names_are_not_read_as_markup_or_emoji():
    stream = io.StringIO()
    change = Change(made.view("[red]x[/red] :smile:"), ChangeKind.NEW)
    plan = made.plan(changes=(change,), records=made.example().records)
    styled.show_plan(Console(file=stream, force_terminal=True), plan)
    assert "[red]x[/red] :smile:" in stream.getvalue()
