import io
import json

import pytest
from rich.console import Console

from pgmg.model.plans.plan import Action, Edge, Origin
from pgmg.model.results.events import (
    Discovered,
    Finished,
    Recorded,
    Retrying,
    ServerNotice,
    Started,
    StepBegun,
    StepDone,
    Waiting,
)
from pgmg.render.progress_listeners import JsonLines, PlainProgress, RichProgress
from tests.render import builders as made

PLAN = made.every_action()
STEP = made.step(1, Action.CREATE, made.view("v"))


def everything():
    yield Started(PLAN)
    for step in PLAN.steps:
        yield StepBegun(step)
        yield StepDone(step, 1.0)
    yield Recorded(("001.sql",), 3)
    yield Finished(made.result(PLAN))


def plain(*events):
    stream = io.StringIO()
    with PlainProgress(stream) as listener:
        for event in events:
            listener(event)
    return stream.getvalue().splitlines()


def rich(*events, **options):
    stream = io.StringIO()
    with RichProgress(Console(file=stream, force_terminal=True, width=100, **options)) as listener:
        for event in events:
            listener(event)
    return stream.getvalue()


def test_a_pipe_hears_nothing_of_an_ordinary_run():
    assert plain(*everything()) == []


def test_a_pipe_gets_a_line_for_what_is_out_of_the_ordinary():
    assert plain(
        Waiting("pid 7 (long report) holds a lock", 0.3),
        Retrying(2, 5, "lock timeout"),
        Discovered(Edge(made.view("a"), made.view("b"), Origin.ERROR), "relation does not exist"),
        ServerNotice("NOTICE", "table does not exist, skipping\n", STEP),
        ServerNotice("warning", "careful"),
    ) == [
        "Waiting: pid 7 (long report) holds a lock",
        "Retrying, attempt 2 of 5: lock timeout",
        "Learned: view.a depends on view.b",
        "NOTICE: table does not exist, skipping (view.v)",
        "WARNING: careful",
    ]


def test_the_same_wait_is_mentioned_once_in_ten_seconds():
    waits = [Waiting("pid 7", seconds / 2) for seconds in range(45)]
    assert plain(*waits, Waiting("pid 8", 23), Waiting("pid 8", 0.1)) == [
        "Waiting: pid 7",
        "Waiting: pid 7 (for 10.0 s)",
        "Waiting: pid 7 (for 20.0 s)",
        "Waiting: pid 8 (for 23.0 s)",
        "Waiting: pid 8",
    ]


def test_notices_cannot_act_on_a_terminal_or_hold_a_password():
    (line,) = plain(ServerNotice("NOTICE", f"\x1b]0;owned\x07\nPASSWORD '{made.PASSWORD}'"))
    assert line.isprintable()
    assert made.PASSWORD not in line


def test_each_event_is_a_line_of_json():
    stream = io.StringIO()
    with JsonLines(stream) as listener:
        for event in everything():
            listener(event)
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [line["event"] for line in lines] == [
        "started", *["step-begun", "step-done"] * len(PLAN.steps), "recorded", "finished",
    ]  # fmt: skip
    begun = {"event": "step-begun", "number": 1, "action": "drop", "object": "view.reporting.gone", "group": 1}
    assert lines[1] == begun


def test_a_bar_shows_the_object_and_the_count():
    begun = [Started(PLAN), StepBegun(PLAN.steps[0]), StepDone(PLAN.steps[0], 1.0), StepBegun(PLAN.steps[1])]
    shown = rich(*begun)
    assert "Applying migration: 001.sql" in shown
    assert f"1/{len(PLAN.steps)}" in shown


def test_a_bar_is_gone_and_the_cursor_is_back_when_it_is_over():
    shown = rich(*everything())
    assert shown.count("\x1b[?25l") == shown.count("\x1b[?25h") == 1
    assert "\x1b[2K" in shown[shown.index("\x1b[?25h") :]


def test_a_bar_ends_cleanly_with_an_error():
    stream = io.StringIO()
    listener = RichProgress(Console(file=stream, force_terminal=True))

    def interrupted():
        with listener:
            listener(Started(PLAN))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert stream.getvalue().endswith("\x1b[2K")
    assert "\x1b[?25h" in stream.getvalue()


def test_a_bar_starts_over_with_a_better_plan():
    shown = rich(Started(PLAN), StepBegun(PLAN.steps[0]), StepDone(PLAN.steps[0], 1.0), Started(made.plan(STEP)))
    assert "0/1" in shown[shown.rindex("Starting") :]


def test_remarks_scroll_by_above_the_bar_and_are_no_markup():
    shown = rich(Started(PLAN), Waiting("[bold]pid[/bold] 7\x1b[31m", 2), Recorded((), 1))
    assert "[bold]pid[/bold] 7\\x1b[31m" in shown


def test_events_before_the_start_and_after_the_end_are_survived():
    assert "\x1b[36mLearned\x1b[0m: view.a depends on view.b" in rich(
        StepBegun(STEP), Discovered(Edge(made.view("a"), made.view("b")), ""), *everything(), StepDone(STEP, 1.0)
    )
