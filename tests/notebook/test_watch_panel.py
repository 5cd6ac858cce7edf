"""`%pgmg_watch`: a watcher that outlives its cell, one panel in one place, and an end when the notebook ends."""

from __future__ import annotations

import shlex
import threading
import time

import nbformat
import pytest
from jupyter_client.manager import start_new_kernel
from nbclient import NotebookClient

import pgmg
from pgmg.errors import SyntaxProblem
from pgmg.model.naming.location import SourceLocation
from pgmg.model.naming.names import Kind, ObjectName
from pgmg.model.plans.plan import Affected, MigrationImpact
from pgmg.model.results.watch_events import (
    Applied,
    Broken,
    Disconnected,
    Mended,
    PendingMigrations,
    Saw,
    Stopped,
    WatchPhase,
    WatchState,
)
from pgmg.notebook.live.watch_panel import TextPanel, WidgetPanel, picture_bundle
from pgmg.notebook.live.watchers import PanelUpdater, Watch, WatcherRegistry
from pgmg.render.html.watch_html import watch_html
from pgmg.render.text.results.panel_lines import TimedEvent, WatchView, panel_lines, status_light
from pgmg.render.text.spans import plain
from tests.render import builders as made

QUIET = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning", "ignore::RuntimeWarning")


def until(true, seconds=60.0):
    """Wait until something is true, and return it; only a failure takes as long."""
    deadline = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)
    return found


def watchers():
    return [thread for thread in threading.enumerate() if thread.name.startswith("pgmg watch")]


@pytest.fixture
def one(project):
    """A project of one view, not applied yet."""
    project.write("sql/v.sql", "CREATE VIEW v AS SELECT 1 AS n;")
    return project


@pytest.fixture
def watch(one):
    """A watcher of it that has applied the view."""
    made_ = Watch(one.open(), debounce=0.02, migrations=False)
    made_.start()
    until(lambda: made_.state.last)
    yield made_
    assert made_.stop()


def idle(watch):
    return watch.state.phase is WatchPhase.IDLE


# --- the watcher in its thread


def test_it_begins_with_what_differs_and_follows_what_is_saved(one, watch):
    assert one.value("SELECT n FROM v") == 1
    one.write("sql/v.sql", "CREATE VIEW v AS SELECT 2 AS n;")
    until(lambda: one.value("SELECT n FROM v") == 2)
    assert "v.sql" in plain(panel_lines(watch.picture))


def test_it_ends_when_it_is_told_to_and_keeps_nothing(one):
    made_ = Watch(one.open(), debounce=0.02, migrations=False)
    made_.start()
    until(lambda: made_.state.last)
    assert made_.stop()
    assert made_.state.phase is WatchPhase.STOPPED
    assert isinstance(made_.events[-1], Stopped)
    until(
        lambda: (
            one.value(
                "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pgmg' AND datname = current_database()"
            )
            == 0
        )
    )


def test_what_nobody_expected_is_told_and_not_printed(one, capsys, monkeypatch):
    made_ = Watch(one.open(), debounce=0.02, migrations=False)
    monkeypatch.setattr(made_._watcher, "run", lambda stop: 1 / 0)
    made_.start()
    until(lambda: not made_.is_running)
    assert "ZeroDivisionError" in str(made_.events[-1].error)
    assert "ZeroDivisionError" in plain(panel_lines(made_.picture))
    assert capsys.readouterr() == ("", "")


def test_a_project_has_one_watcher_and_other_settings_take_its_place(one):
    watches = WatcherRegistry()
    settings = one.open().settings

    def make():
        return Watch(one.open(), debounce=0.02, migrations=False)

    first, new = watches.begin(make, settings, (0.02, False))
    assert new
    assert watches.begin(make, settings, (0.02, False)) == (first, False)
    second, new = watches.begin(make, settings, (0.02, True))
    assert new
    assert not first.is_running
    watches.close()
    assert not second.is_running
    assert list(watches) == []


# --- the painter


class Still:
    """A watch that stands still until it is told to move."""

    def __init__(self):
        self.news, self.picture, self.is_running = threading.Event(), WatchView(WatchState()), True


def test_a_storm_of_events_is_drawn_now_and_then_and_the_last_one_always():
    still, drawn = Still(), []
    painter = PanelUpdater(still, drawn.append)
    painter.start()
    began = time.monotonic()
    for number in range(500):
        still.picture = WatchView(WatchState(server=str(number)))
        still.news.set()
        time.sleep(0.001)
    until(lambda: drawn and drawn[-1].state.server == "499")
    assert len(drawn) <= 3 + (time.monotonic() - began) / PanelUpdater._REST
    still.is_running = False
    until(lambda: not painter._thread.is_alive())


def test_a_change_without_an_event_is_noticed_and_a_dead_front_end_is_left():
    still, drawn = Still(), []

    def draw(picture):
        drawn.append(picture)
        if len(drawn) == 2:
            raise RuntimeError("no front end")

    painter = PanelUpdater(still, draw)
    painter.start()
    until(lambda: len(drawn) == 1)
    still.picture = WatchView(WatchState(WatchPhase.IDLE))
    until(lambda: not painter._thread.is_alive())
    assert len(drawn) == 2


# --- what is to be seen

IMPACT = MigrationImpact(
    "002_born.sql", "migrations/002_born.sql", (Affected(made.view("active"), "depends on modified tables", ()),)
)
ERROR = SyntaxProblem('syntax error at or near "SELEC"', where=SourceLocation("sql/a.sql", 2, 3, "  SELEC 1;"))
VIEW = ObjectName(Kind.VIEW, "a", "public")


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (WatchState(), ("blue", "starting")),
        (WatchState(WatchPhase.WORKING), ("blue", "working")),
        (WatchState(WatchPhase.IDLE), ("green", "up to date")),
        (
            WatchState(WatchPhase.IDLE, pending=PendingMigrations((IMPACT,))),
            ("green", "up to date, 1 migration pending"),
        ),
        (WatchState(WatchPhase.IDLE, problems=(Broken(ERROR),)), ("red", "1 problem")),
        (WatchState(WatchPhase.DISCONNECTED), ("amber", "disconnected")),
        (WatchState(WatchPhase.STOPPED, problems=(Broken(ERROR),)), ("grey", "stopped")),
    ],
)
def test_the_light(state, expected):
    assert status_light(state) == expected
    assert f"l-{expected[0]}" in watch_html(WatchView(state))
    assert expected[1] in plain(panel_lines(WatchView(state)))


def test_a_problem_is_shown_with_place_line_caret_and_what_is_kept():
    state = WatchState(WatchPhase.IDLE, "db", ("sql",), problems=(Broken(ERROR, ("sql/a.sql",), (VIEW,)),))
    picture = WatchView(state, (TimedEvent(0.0, Broken(ERROR, ("sql/a.sql",), (VIEW,))),))
    text = plain(panel_lines(picture))
    assert "Watching sql → db: 1 problem" in text
    assert "sql/a.sql:2:3" in text
    assert "2 │   SELEC 1;" in text
    assert "  │   ^" in text
    assert "unchanged in the database: view.a" in text
    assert "SELEC 1;" in watch_html(picture)


def test_pending_migrations_say_what_they_touch_and_ask():
    picture = WatchView(WatchState(WatchPhase.IDLE, pending=PendingMigrations((IMPACT,), None, (VIEW,))))
    for shown in (plain(panel_lines(picture)), watch_html(picture)):
        assert "002_born.sql" in shown
        assert "affects view.active" in shown
        assert "waiting for this migration: view.a" in shown
    assert "Apply this migration?" not in watch_html(picture)
    assert "Apply this migration?" in watch_html(picture, asks={})


def test_passwords_and_markup_of_errors_stay_out():
    error = pgmg.ConnectionFailedError(f"no way in with sekret-7 {made.HOSTILE}")
    picture = WatchView(
        WatchState(WatchPhase.DISCONNECTED, made.HOSTILE, (made.HOSTILE,), problems=(Broken(error),)),
        (TimedEvent(0.0, Broken(error)), TimedEvent(1.0, Stopped(error))),
        ("sekret-7",),
    )
    found = picture_bundle(picture)
    for shown in found.values():
        assert "sekret-7" not in shown
        assert "\x1b" not in shown
        assert "\u202e" not in shown
    assert "<script>document" not in found["text/html"]


def test_the_last_events_come_newest_first():
    told = tuple(TimedEvent(float(n), Disconnected(pgmg.ConnectionFailedError(f"attempt {n}"), 1.0)) for n in range(20))
    text = plain(panel_lines(WatchView(WatchState(), told)))
    assert text.index("attempt 19") < text.index("attempt 12")
    assert "attempt 11:" not in text
    assert "attempt 3;" not in text


def test_saved_files_are_told_until_it_is_known_what_came_of_them():
    saved, mended = TimedEvent(0.0, Saw(("sql/a.sql",))), TimedEvent(1.0, Mended(("sql/b.sql",)))
    assert "Saved: sql/a.sql" in plain(panel_lines(WatchView(WatchState(), (saved,))))
    assert "Saved" not in plain(panel_lines(WatchView(WatchState(), (saved, mended))))


def test_a_round_with_a_problem_does_not_end_in_no_changes():
    nothing = Applied(pgmg.ApplyResult(made.plan(), applied=False), ("sql/a.sql",), 5.0)
    events = (Saw(("sql/a.sql",)), Broken(ERROR), nothing, Saw(("sql/b.sql",)), nothing)
    for count, expected in ((3, 0), (5, 1)):
        told = tuple(TimedEvent(float(n), event) for n, event in enumerate(events[:count]))
        text = plain(panel_lines(WatchView(WatchState(), told)))
        assert text.count("no changes") == expected
        assert "✗ sql/a.sql:2:3" in text


# --- the panel and its buttons


@pytest.fixture
def panel(one, watch):
    """The panel of the running watcher, displayed nowhere: `draw` is called by hand."""
    begun = []

    def again():
        begun.append(Watch(one.open(), debounce=0.02, migrations=False))
        begun[-1].start()
        return begun[-1]

    shown = WidgetPanel(watch, again)
    shown.draw(watch.picture)
    yield shown
    for other in begun:
        assert other.stop()


def names(panel):
    return [button.description for button in panel._row.children]


def test_the_panel_is_one_widget_that_is_updated(one, watch, panel):
    view = panel.view
    until(lambda: idle(watch))
    panel.draw(watch.picture)
    assert "up to date" in view.value
    one.write("sql/v.sql", "CREATE VIEW v AS SELEC 1;")
    until(lambda: watch.state.problems)
    panel.draw(watch.picture)
    assert "sql/v.sql:1:18" in view.value
    assert names(panel) == ["Stop watching"]
    found = panel.bundle()
    assert found.keys() == {"application/vnd.jupyter.widget-view+json", "text/plain", "text/html"}
    assert one.value("SELECT n FROM v") == 1


def test_apply_shows_what_it_will_do_asks_and_runs_it(one, watch, panel):
    one.write("migrations/001_t.sql", "CREATE TABLE t (n int);")
    until(lambda: watch.state.pending)
    panel.draw(watch.picture)
    assert names(panel) == ["Apply migration …", "Stop watching"]
    panel.apply.click()
    assert "Apply this migration?" in panel.view.value
    assert '<span class="k">TABLE</span> t (n int)' in panel.view.value
    assert names(panel) == ["Go back", "Yes, apply"]
    panel.back.click()
    assert names(panel) == ["Apply migration …", "Stop watching"]
    panel.confirm.click()  # not on the screen any more
    time.sleep(0.2)
    assert one.value("SELECT to_regclass('t')") is None
    panel.apply.click()
    panel.confirm.click()
    until(lambda: one.value("SELECT to_regclass('t')::text") == "t")
    until(lambda: watch.state.pending is None)
    panel.draw(watch.picture)
    assert names(panel) == ["Stop watching"]


def test_a_question_about_other_migrations_is_taken_back(one, watch, panel):
    one.write("migrations/001_t.sql", "CREATE TABLE t (n int);")
    first = until(lambda: watch.state.pending)
    panel.draw(watch.picture)
    panel.apply.click()
    one.write("migrations/002_u.sql", "CREATE TABLE u (n int);")
    until(lambda: watch.state.pending is not first)
    panel.confirm.click()
    time.sleep(0.2)
    assert one.value("SELECT to_regclass('t')") is None
    panel.draw(watch.picture)
    assert names(panel) == ["Apply 2 migrations …", "Stop watching"]


def test_it_can_be_stopped_and_started_again_in_the_same_place(one, watch, panel):
    panel.stop.click()
    until(lambda: not watch.is_running)
    panel.draw(watch.picture)
    assert names(panel) == ["Start again"]
    panel.begin.click()
    assert panel.watch is not watch
    until(lambda: panel.watch.state.last)
    until(lambda: names(panel) == ["Stop watching"])  # drawn by the panel's own painter


def test_without_widgets_a_text_is_updated_in_its_place(one, watch, monkeypatch):
    put = []
    monkeypatch.setattr("pgmg.notebook.live.watch_panel.display_updatable", lambda data: put.append(data) or put.append)
    TextPanel(watch).show()
    one.write("sql/v.sql", "CREATE VIEW v AS SELECT 2 AS n;")
    until(lambda: any("Applied 1 step" in shown["text/plain"] for shown in put))
    assert all(shown.keys() == {"text/plain", "text/html"} for shown in put)


# --- the magic


def test_start_status_and_stop(cells, one):
    assert "No watcher is running" in cells("%pgmg_watch status").stdout
    started = cells("watch = %pgmg_watch start --debounce 20")
    assert "%pgmg_watch stop stops it" in started.stdout
    watch = cells.shell.user_ns["watch"]
    until(lambda: one.value("SELECT to_regclass('v')"))
    cells("again = %pgmg_watch --debounce 20")
    assert cells.shell.user_ns["again"] is watch
    until(lambda: idle(watch))
    shown = cells("%pgmg_watch status")
    assert "up to date" in shown.outputs[0].data["text/html"]
    assert f"Stopped watching {one.root.name} on " in cells("%pgmg_watch stop").stdout
    assert not watch.is_running
    assert "No watcher is running." in cells("%pgmg_watch stop").stdout


def test_unloading_ends_it(cells, one):
    cells("watch = %pgmg_watch")
    watch = cells.shell.user_ns["watch"]
    until(lambda: watch.state.last)
    cells("%unload_ext pgmg")
    until(lambda: not watch.is_running and not watchers())
    assert isinstance(watch.events[-1], Stopped)
    cells("%load_ext pgmg")


def test_it_prints_nothing_into_other_cells(cells, one):
    cells("watch = %pgmg_watch")
    one.write("sql/v.sql", "CREATE VIEW v AS SELEC 1;")
    until(lambda: cells.shell.user_ns["watch"].state.problems)
    later = cells("1 + 1")
    assert (later.stdout, later.stderr, later.value) == ("2\n" if later.stdout else "", "", 2) or "Out" in later.stdout


def test_wrong_words_are_refused(cells, one):
    shown, error = cells.failing("%pgmg_watch pause")
    assert isinstance(error, pgmg.PgmgError)
    assert "start, stop, status" in shown


def test_its_words_are_completed(cells, one):
    assert cells.complete("%pgmg_watch st") == ["start", "status", "stop"]
    assert "--debounce" in cells.complete("%pgmg_watch --d")


# --- other folders, other servers, a reload: the watcher goes on, and can be stopped


@pytest.fixture
def watched(cells, one):
    """The watcher that a cell has started."""
    cells("watch = %pgmg_watch --debounce 20")
    found = cells.shell.user_ns["watch"]
    until(lambda: one.value("SELECT to_regclass('v')"))
    return found


@pytest.mark.parametrize("where", ["a folder without a project", "another project", "a subfolder"])
def test_after_chdir_it_is_shown_and_stopped(cells, one, watched, tmp_path_factory, where):
    folder = tmp_path_factory.mktemp("elsewhere")
    if where == "another project":
        (folder / "pgmg.toml").write_text('code_dir = "code"\n')
        (folder / "code").mkdir()
    cells(f"import os; os.chdir({str(one.root / 'sql' if where == 'a subfolder' else folder)!r})")
    one.write("sql/v.sql", "CREATE VIEW v AS SELECT 2 AS n;")
    until(lambda: one.value("SELECT n FROM v") == 2 and idle(watched))
    assert "up to date" in cells("%pgmg_watch status").outputs[0].data["text/plain"]
    assert f"Stopped watching {one.root.name} on " in cells("%pgmg_watch stop").stdout
    assert not watched.is_running
    assert "No watcher is running." in cells("%pgmg_watch stop").stdout
    cells(f"os.chdir({str(one.root)!r})")


def test_another_server_leaves_it_running_and_says_so(cells, one, watched, server):
    other = server.create()
    said = cells(f"%pgmg_connect {shlex.quote(other)}").stdout
    assert f"A watcher still watches {one.root.name} on " in said
    assert "%pgmg_watch stop" in said
    cells("second = %pgmg_watch --debounce 20")
    second = cells.shell.user_ns["second"]
    assert second is not watched
    until(lambda: second.state.last)
    said = cells("%pgmg_watch stop").stdout
    assert not second.is_running
    assert watched.is_running
    assert said.count("Stopped watching") == 1
    assert "A watcher still watches" in said
    assert "Stopped watching" in cells("%pgmg_watch stop").stdout
    assert not watched.is_running
    cells("%reload_ext pgmg")
    server.drop(other)


def test_reloading_the_extension_ends_it_and_says_so(cells, one, watched):
    said = cells("%reload_ext pgmg").stdout
    assert f"Stopped watching {one.root.name} on " in said
    assert not watched.is_running
    until(lambda: not watchers())
    assert "No watcher is running." in cells("%pgmg_watch stop").stdout
    cells("again = %pgmg_watch")
    assert cells.shell.user_ns["again"].is_running


def test_one_that_ends_by_itself_is_told_once_by_the_next_magic(cells, one, watched, monkeypatch):
    monkeypatch.setattr(watched._watcher, "_watch", lambda *_: 1 / 0)
    one.write("sql/v.sql", "CREATE VIEW v AS SELECT 2 AS n;")  # ends the wait that is going on
    until(lambda: not watched.is_running)
    said = cells("%pgmg_status").stdout
    assert f"The watcher of {one.root.name} on " in said
    assert "ZeroDivisionError" in said
    assert "has ended" not in cells("%pgmg_status").stdout


def test_an_edited_settings_file_reaches_it(cells, one, watched):
    one.write("code/w.sql", "CREATE VIEW w AS SELECT 3 AS n;")
    (one.root / "pgmg.toml").write_text('code_dir = "code"\n')
    until(lambda: one.value("SELECT to_regclass('w')"))
    assert one.value("SELECT to_regclass('v')::text") == "v"
    assert "Stopped watching" in cells("%pgmg_watch stop").stdout
    assert not watched.is_running


def test_a_chosen_settings_file_is_found_from_any_folder(cells, one, tmp_path_factory):
    (one.root / "other.toml").write_text('code_dir = "code"\n')
    one.write("code/w.sql", "CREATE VIEW w AS SELECT 3 AS n;")
    cells("%pgmg_connect --config other.toml")
    cells(f"import os; os.chdir({str(tmp_path_factory.mktemp('elsewhere'))!r})")
    plan = cells("plan = %pgmg_plan") and cells.shell.user_ns["plan"]
    assert [str(change.object) for change in plan.changes] == ["view.w"]
    cells(f"os.chdir({str(one.root)!r})")


# --- a real kernel


@pytest.fixture
def kernel(one, monkeypatch):
    """A kernel in the project's folder; gives a function that runs code and returns what was displayed."""
    monkeypatch.setenv("PGMG_CONNECTION_STRING", one.dsn)
    monkeypatch.setenv("IPYTHONDIR", str(one.root / ".ipython"))
    manager, client = start_new_kernel(cwd=str(one.root))

    def run(source):
        messages = []
        client.execute_interactive(source, timeout=60, output_hook=messages.append)
        return messages

    run("%load_ext pgmg")
    run.manager, run.client = manager, client
    yield run
    client.stop_channels()
    if manager.is_alive():
        manager.shutdown_kernel(now=True)
    manager.cleanup_resources()


def connected(one):
    return one.value(
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pgmg' AND datname = current_database()"
    )


@QUIET
def test_in_a_kernel_it_outlives_its_cell_updates_its_panel_and_ends_with_the_kernel(one, kernel):
    shown = kernel("watch = %pgmg_watch")
    kinds = [set(m["content"]["data"]) for m in shown if m["msg_type"] == "display_data"]
    assert {"application/vnd.jupyter.widget-view+json", "text/html", "text/plain"} in kinds
    until(lambda: one.value("SELECT to_regclass('v')"))
    one.write("sql/v.sql", "CREATE VIEW v AS SELECT 2 AS n;")
    until(lambda: one.value("SELECT n FROM v") == 2)
    later = kernel("import time; time.sleep(0.5)")
    kinds = {message["msg_type"] for message in later}
    # the panel and its picture are updated, and nothing is printed here
    assert kinds <= {"status", "execute_input", "comm_msg", "update_display_data"}
    assert connected(one) > 0
    kernel.manager.shutdown_kernel(now=False)
    until(lambda: connected(one) == 0)


@QUIET
def test_without_widgets_a_kernel_updates_one_display(one, kernel):
    shown = kernel("watch = %pgmg_watch --plain")
    (first,) = [m["content"] for m in shown if m["msg_type"] == "display_data"]
    until(lambda: one.value("SELECT to_regclass('v')"))
    one.write("sql/v.sql", "CREATE VIEW v AS SELEC 1;")
    told = []
    until(
        lambda: told.extend(kernel("import time; time.sleep(0.3)")) or [m for m in told if "SELEC" in str(m["content"])]
    )
    updates = [m["content"] for m in told if m["msg_type"] == "update_display_data"]
    assert {update["transient"]["display_id"] for update in updates} == {first["transient"]["display_id"]}
    assert {m["msg_type"] for m in told} <= {"status", "execute_input", "update_display_data"}
    assert f"Stopped watching {one.root.name} on " in str(kernel("%pgmg_watch stop"))


@QUIET
def test_a_notebook_that_is_run_as_a_whole_ends(one, monkeypatch):
    monkeypatch.setenv("PGMG_CONNECTION_STRING", one.dsn)
    monkeypatch.setenv("IPYTHONDIR", str(one.root / ".ipython"))
    applied = "import time\nwhile not watch.state.last:\n    time.sleep(0.02)"
    cells = ("%load_ext pgmg", "watch = %pgmg_watch", applied, "%pgmg_watch stop")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])
    NotebookClient(
        notebook, resources={"metadata": {"path": str(one.root)}}, timeout=60, kernel_name="python3"
    ).execute()
    assert one.value("SELECT n FROM v") == 1
    assert f"Stopped watching {one.root.name} on " in str(notebook.cells[3].outputs)
    assert notebook.cells[2].outputs == []
