"""The buttons under a plan: what each click does, and what a second one does not."""

from __future__ import annotations

import re
import threading
import time
import weakref

import psycopg
import pytest

from pgmg.config import load
from pgmg.model.results.events import ApplyResult
from pgmg.notebook.live.approval import Approval, State
from pgmg.notebook.notebook_session import LiveProject

PATIENCE = 20.0


@pytest.fixture
def live(project, monkeypatch):
    monkeypatch.chdir(project.root)
    project.write("sql/views/one.sql", "CREATE VIEW one AS SELECT 1 AS n;")
    with LiveProject(load(".", overrides={"connection_string": project.dsn})) as opened:
        yield opened


@pytest.fixture
def panels():
    return weakref.WeakSet()


@pytest.fixture
def offer(live, panels):
    """Make a panel of the plan of now; `.shown` is what stands in the plan's place."""

    def make():
        panel = Approval(live, live.plan(), lambda shown: setattr(panel, "shown", shown), str, panels)
        panel.shown = None
        return panel

    return make


def wait(panel, *states):
    end = time.monotonic() + PATIENCE
    while panel.state not in states and time.monotonic() < end:
        time.sleep(0.02)
    assert panel.state in states, panel.message.value


def labels(panel):
    return [button.description for button in panel.buttons if button.layout.display != "none"]


def test_apply_runs_the_plan_and_its_result_takes_the_place(offer, project):
    panel = offer()
    assert labels(panel) == ["Apply", "Discard"]
    panel.apply.click()
    wait(panel, State.CLOSED)
    assert isinstance(panel.shown, ApplyResult)
    assert panel.shown.plan.fingerprint == panel.plan.fingerprint
    assert labels(panel) == []
    project.settled()


def test_a_double_click_applies_once(offer, live, monkeypatch):
    started = []
    apply = LiveProject.apply
    monkeypatch.setattr(LiveProject, "apply", lambda *a, **k: started.append(1) or apply(*a, **k))
    panel = offer()
    panel.apply.click()
    panel.apply.click()
    wait(panel, State.CLOSED)
    panel.apply.click()
    assert started == [1]


def test_discard_changes_nothing_and_cannot_be_taken_back(offer, project):
    panel = offer()
    panel.discard.click()
    panel.apply.click()
    assert panel.state is State.CLOSED
    assert "nothing was changed" in panel.message.value
    assert project.value("SELECT to_regclass('one')") is None


def test_a_stale_plan_is_refused_and_a_new_one_takes_its_place(offer, project):
    panel = offer()
    project.write("sql/views/one.sql", "CREATE VIEW one AS SELECT 2 AS n;")
    panel.apply.click()
    wait(panel, State.STALE)
    assert panel.apply.disabled
    assert project.value("SELECT to_regclass('one')") is None
    panel.again.click()
    assert panel.state is State.OPEN
    assert panel.shown is panel.plan
    panel.apply.click()
    wait(panel, State.CLOSED)
    assert project.value("SELECT n FROM one") == 2


def test_other_open_plans_learn_that_they_are_stale(offer):
    first, second = offer(), offer()
    first.apply.click()
    wait(first, State.CLOSED)
    wait(second, State.STALE)
    assert labels(second) == ["Apply", "Plan again", "Discard"]
    second.apply.click()
    assert second.state is State.STALE
    second.again.click()
    assert second.state is State.CLOSED  # nothing is left to do


def test_a_deletion_is_asked_for_a_second_time_where_no_double_click_hits(offer, project):
    project.apply()
    project.remove("sql/views/one.sql")
    panel = offer()
    panel.apply.click()
    assert panel.state is State.ASKING
    assert "view.one" in panel.message.value
    assert labels(panel) == ["Go back", "Yes, apply"]
    panel.apply.click()
    assert panel.state is State.ASKING
    panel.back.click()
    assert panel.state is State.OPEN
    panel.apply.click()
    panel.confirm.click()
    wait(panel, State.CLOSED)
    assert project.value("SELECT to_regclass('one')") is None


def test_what_needs_consent_is_named_before_the_button_consents(offer, project):
    project.do("CREATE TABLE t (n int)")
    project.write("sql/views/two.sql", "CREATE VIEW two AS SELECT n FROM t; COMMENT ON VIEW two IS 'theirs';")
    project.apply()
    project.do('UPDATE pgmg_state SET applied_from = applied_from || \'{"checkout": "another"}\'')
    project.write("sql/views/two.sql", "CREATE VIEW two AS SELECT n FROM t;")
    panel = offer()
    panel.apply.click()
    assert panel.state is State.ASKING
    assert "comment.view.two would be dropped, but another checkout applied it last" in panel.message.value
    panel.confirm.click()
    wait(panel, State.CLOSED)
    assert project.value("SELECT obj_description('two'::regclass)") is None


def test_a_table_rewrite_and_a_dropped_column_are_asked_for(offer, project):
    project.do("CREATE TABLE t (a int, b int)")
    project.write("migrations/001_t.sql", "ALTER TABLE t ALTER a TYPE bigint; ALTER TABLE t DROP COLUMN b;")
    panel = offer()
    panel.apply.click()
    assert panel.state is State.ASKING
    assert "column a gets another type" in panel.message.value
    assert "column b of table.t" in panel.message.value


def test_an_error_leaves_the_plan_open_to_be_tried_again(offer, project):
    project.write("migrations/001_t.sql", "SELECT 1 / 0;")
    panel = offer()
    panel.apply.click()
    wait(panel, State.FAILED)
    assert "division by zero" in panel.message.value
    assert labels(panel) == ["Try again", "Plan again", "Discard"]
    assert project.value("SELECT to_regclass('one')") is None


def test_stop_cancels_the_running_statement_and_rolls_back(offer, project):
    project.write("migrations/001_slow.sql", "CREATE TABLE made (a int); SELECT pg_sleep(60);")
    panel = offer()
    panel.apply.click()
    wait(panel, State.RUNNING)
    end = time.monotonic() + PATIENCE
    while not project.value("SELECT count(*) FROM pg_stat_activity WHERE query ~ '^SELECT pg_sleep'"):
        assert time.monotonic() < end
        time.sleep(0.05)
    panel.stop.click()
    panel.stop.click()
    wait(panel, State.FAILED)
    assert "Stopped" in panel.message.value
    assert "othing has been changed" in panel.message.value
    assert project.value("SELECT to_regclass('made')") is None


def test_stop_ends_the_wait_for_another_apply(offer, project):
    from pgmg.applying.lock import lock_key

    panel = offer()
    with psycopg.connect(project.dsn) as other:
        other.execute("SELECT pg_advisory_xact_lock(%s)", [lock_key("public")])
        panel.apply.click()
        end = time.monotonic() + PATIENCE
        while "another apply" not in panel.message.value and time.monotonic() < end:
            time.sleep(0.05)
        assert "another apply" in panel.message.value
        panel.stop.click()
        assert panel.state is State.FAILED  # at once: there is nothing to roll back
        assert "othing has been changed" in panel.message.value
    assert panel.run.join(PATIENCE)
    assert project.value("SELECT to_regclass('one')") is None  # although the lock has been free meanwhile
    assert panel.state is State.FAILED
    panel.apply.click()
    wait(panel, State.CLOSED)
    project.settled()


def test_notices_of_the_server_stay_to_be_read(offer, project):
    project.write("migrations/001_talk.sql", "DO $$ BEGIN RAISE NOTICE 'seven <b> rows'; END $$;")
    panel = offer()
    panel.apply.click()
    wait(panel, State.CLOSED)
    assert "seven &lt;b&gt; rows" in panel.message.value


def test_the_widget_has_a_hint_for_readers_without_widgets(offer):
    found = offer().bundle()
    assert "application/vnd.jupyter.widget-view+json" in found
    assert "%pgmg_apply" in found["text/html"]
    assert "%pgmg_apply" in found["text/plain"]


def test_no_thread_is_left_behind(offer):
    panel = offer()
    panel.apply.click()
    wait(panel, State.CLOSED)
    assert panel.run.join(PATIENCE)
    time.sleep(0.1)
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("pgmg")] == []


def test_a_long_step_is_shown_while_it_runs_and_time_goes_by(offer, project):
    project.write("migrations/001_slow.sql", "SELECT pg_sleep(60);")
    panel = offer()
    panel.apply.click()
    end = time.monotonic() + PATIENCE
    while "Applying migration: 001_slow.sql" not in panel.message.value and time.monotonic() < end:
        time.sleep(0.05)
    assert "Applying migration: 001_slow.sql" in panel.message.value
    before = panel.message.value
    while panel.message.value == before and time.monotonic() < end:
        time.sleep(0.05)
    assert panel.message.value != before  # so many seconds already
    panel.stop.click()
    wait(panel, State.FAILED)
    assert "progress" not in re.sub(r"<style>.*?</style>", "", panel.message.value, flags=re.DOTALL)
