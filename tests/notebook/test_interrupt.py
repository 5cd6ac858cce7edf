"""Interrupting the kernel during a magic: what is shown, and that everything works afterwards."""

from __future__ import annotations

import time
from queue import Empty

import pytest
from jupyter_client.manager import start_new_kernel

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::ResourceWarning", "ignore::RuntimeWarning"
)

SLEEPING = (
    "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query LIKE %s AND wait_event = 'PgSleep'"
)


class Kernel:
    """A kernel whose cells can be interrupted."""

    def __init__(self, root):
        self.manager, self.client = start_new_kernel(cwd=str(root))

    def begin(self, source):
        return self.client.execute(source)

    def end(self, cell):
        """Return all that the cell has shown: texts and pages, the last version of each, and what was raised."""
        shown, raised = [], None
        while True:
            answer = self.client.get_iopub_msg(timeout=60)
            if answer["parent_header"].get("msg_id") != cell:
                continue
            content = answer["content"]
            match answer["msg_type"]:
                case "stream":
                    shown.append(content["text"])
                case "display_data" | "update_display_data" | "execute_result":
                    shown += content["data"].values()
                case "error":
                    raised = content
                case "status" if content["execution_state"] == "idle":
                    return "\n".join(map(str, shown)), raised
                case _:
                    pass

    def run(self, source):
        return self.end(self.begin(source))


@pytest.fixture
def kernel(project, monkeypatch):
    monkeypatch.setenv("PGMG_CONNECTION_STRING", project.dsn)
    monkeypatch.setenv("IPYTHONDIR", str(project.root / ".ipython"))
    made = Kernel(project.root)
    made.run("%load_ext pgmg")
    yield made
    made.client.stop_channels()
    made.manager.shutdown_kernel(now=True)
    made.manager.cleanup_resources()


def wait_for(project, text):
    until = time.monotonic() + 60
    while not project.rows(SLEEPING, text):
        assert time.monotonic() < until
        time.sleep(0.05)


def test_an_interrupted_apply_says_what_became_of_it(kernel, project):
    project.write("migrations/001.sql", "CREATE TABLE users (id integer); SELECT pg_sleep(60);")
    cell = kernel.begin("%pgmg_apply")
    wait_for(project, "%pg_sleep(60)%")
    kernel.manager.interrupt_kernel()
    shown, raised = kernel.end(cell)
    assert raised["ename"] == "KeyboardInterrupt"
    assert "Nothing has been changed." in raised["traceback"][-1]
    assert "/pgmg/applying/" not in "".join(raised["traceback"])
    assert "Interrupted. Nothing has been changed." in shown
    assert project.value("SELECT to_regclass('users')") is None
    project.write("migrations/001.sql", "CREATE TABLE users (id integer);")
    shown, raised = kernel.run("%pgmg_apply")
    assert raised is None
    assert project.value("SELECT to_regclass('users')::text") == "users"


@pytest.mark.parametrize("magic", ["%pgmg_status", "%pgmg_plan", "%pgmg_diff --rows"])
def test_after_an_interrupt_at_any_moment_every_magic_works(kernel, project, magic):
    """The interrupts come at moments that nobody chose: some before the magic has begun to ask, some after its end."""
    project.write("migrations/001.sql", "CREATE TABLE users (id integer);")
    for number in range(5):
        project.write(f"sql/v{number}.sql", f"CREATE VIEW v{number} AS SELECT id FROM users;")
    project.apply()
    project.write("sql/v0.sql", "CREATE VIEW v0 AS SELECT id, 1 AS one FROM users;")
    interrupted = 0
    for number in range(12):
        cell = kernel.begin(magic)
        time.sleep(0.01 * number)
        kernel.manager.interrupt_kernel()
        try:
            _, raised = kernel.end(cell)
        except Empty:  # the interrupt met the kernel's own code, which lost the answer; a stuck kernel fails below
            continue
        interrupted += raised is not None and raised["ename"] == "KeyboardInterrupt"
        assert raised is None or raised["ename"] == "KeyboardInterrupt", raised
    shown, raised = kernel.run("%pgmg_plan")
    assert raised is None
    assert "view.v0" in shown
    assert interrupted
