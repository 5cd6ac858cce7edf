"""A notebook server of the tests' own, and a page of it as its user has it before them."""

from __future__ import annotations

import json
import os
import re
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from playwright.sync_api import Locator, Page, expect

SECONDS = 50
"""How long anything may take before a test gives up waiting."""
_DISTURBING = ("PGMG_", "PG", "JUPYTER_", "IPYTHON", "NO_COLOR")
_KERNEL = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
_SETTINGS = {
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "apputils-extension/themes": {"theme": "JupyterLab Light"},
    "notebook-extension/tracker": {"autoStartDefaultKernel": True},
}


class Lab:
    """A JupyterLab (or a Notebook) as a process, on a port and with a token of its own, that calls nobody."""

    def __init__(self, root: Path, home: Path, app: str = "lab") -> None:
        self.root, self._home, self.app = root, home, app
        self._token = secrets.token_hex(16)
        self._log = home / "server.log"
        home.mkdir(parents=True)
        self.dress("JupyterLab Light")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        self.address = f"http://127.0.0.1:{self._port}"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(self._command(), env=self._environment(), stdout=log, stderr=log, cwd=home)
        self._wait()

    def _command(self) -> list[str]:
        return [
            sys.executable,
            "-m",
            "jupyterlab" if self.app == "lab" else "notebook",
            "--allow-root",
            "--no-browser",
            "--ServerApp.ip=127.0.0.1",
            f"--ServerApp.port={self._port}",
            "--ServerApp.port_retries=0",
            f"--ServerApp.root_dir={self.root}",
            f"--IdentityProvider.token={self._token}",
            "--LabApp.extension_manager=readonly",
            "--LabApp.news_url=None",
            "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        ]

    def _environment(self) -> dict[str, str]:
        own = {key: value for key, value in os.environ.items() if not key.startswith(_DISTURBING)}
        folders = {f"JUPYTER_{name}_DIR": str(self._home / name.lower()) for name in ("CONFIG", "DATA", "RUNTIME")}
        return {
            **own,
            **folders,
            "JUPYTERLAB_SETTINGS_DIR": str(self._settings),
            "JUPYTERLAB_WORKSPACES_DIR": str(self._home / "workspaces"),
            "IPYTHONDIR": str(self._home / "ipython"),
            "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath))),
        }

    @property
    def _settings(self) -> Path:
        return self._home / "settings"

    def dress(self, theme: str) -> None:
        """Choose the theme of pages opened from now on."""
        for name, values in (_SETTINGS | {"apputils-extension/themes": {"theme": theme}}).items():
            target = self._settings / "@jupyterlab" / f"{name}.jupyterlab-settings"
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(json.dumps(values), encoding="utf-8")

    def url(self, path: Path) -> str:
        """Return where a file of the root is opened."""
        tree = "lab/tree" if self.app == "lab" else "notebooks"
        return f"{self.address}/{tree}/{path.relative_to(self.root)}?token={self._token}&reset"

    def shut(self, path: Path) -> None:
        """End a notebook's kernel, if it has one."""
        for session in self._ask("sessions"):
            if session["path"] == str(path.relative_to(self.root)):
                self._ask(f"sessions/{session['id']}", "DELETE")

    def is_idle(self, path: Path) -> bool:
        """Say whether a notebook has a kernel to which its page is connected, and which has nothing to do."""
        name = str(path.relative_to(self.root))
        kernels = [session["kernel"] for session in self._ask("sessions") if session["path"] == name]
        return any(kernel["execution_state"] == "idle" and kernel["connections"] for kernel in kernels)

    def _ask(self, what: str, method: str = "GET"):
        request = urllib.request.Request(f"{self.address}/api/{what}", method=method)
        request.add_header("Authorization", f"token {self._token}")
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read() or "null")

    def _wait(self) -> None:
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            if self._process.poll() is not None:
                break
            try:
                self._ask("status")
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
            else:
                return
        self.close()
        raise RuntimeError(f"the notebook server did not start:\n{self._log.read_text(errors='replace')}")

    def close(self) -> None:
        """End it, and with it all kernels."""
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


# --- what goes wrong on a page without anybody seeing it

_FOREIGN = re.compile(r"net::ERR_|ERR_FAILED|Failed to load resource")


@dataclass
class Troubles:
    """Collects what must not happen while a page is open: dialogs, scripts' errors, errors in the console."""

    dialogs: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        def refuse(dialog):
            if dialog.type == "beforeunload":
                dialog.accept()  # the browser's own question about unsaved changes
            else:
                self.dialogs.append(dialog.message)
                dialog.dismiss()

        def hear(message):
            if message.type == "error" and not _FOREIGN.search(message.text):
                self.errors.append(message.text)

        page.on("dialog", refuse)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", hear)

    def none(self) -> None:
        assert (self.dialogs, self.errors) == ([], [])


# --- a notebook, open in the browser


class Notebook:
    """One notebook of a project's folder, open in a page."""

    def __init__(self, lab: Lab, page: Page, path: Path) -> None:
        self.lab, self.page, self.path = lab, page, path
        self.troubles = Troubles()
        self.troubles.watch(page)

    def write(self, *cells: str) -> Notebook:
        """Write the file anew, with these cells."""
        self.file(self.path, *cells)
        return self

    @staticmethod
    def file(path: Path, *cells: str) -> Path:
        """Write a file with these cells, not executed."""
        made = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(cell) for cell in cells], metadata=nbformat.from_dict(_KERNEL)
        )
        nbformat.write(made, path)
        return path

    def open(self) -> Notebook:
        """Open it, and wait until its kernel listens."""
        self.page.goto(self.lab.url(self.path))
        self.idle()
        return self

    def idle(self) -> None:
        """Wait until the kernel has nothing to do."""
        if self.lab.app == "lab":
            expect(self.page.locator("#jp-main-statusbar")).to_contain_text("| Idle")
        else:
            eventually(lambda: self.lab.is_idle(self.path), "the kernel is not idle")

    @property
    def cells(self) -> Locator:
        return self.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-CodeCell")

    def output(self, cell: int) -> Locator:
        """What is below a cell, counted from 0."""
        return self.cells.nth(cell).locator(".jp-OutputArea").first

    def button(self, name: str, cell: int = 1) -> Locator:
        """A button of a widget below a cell, if it is to be seen; its name begins with its icon's letter."""
        word = re.compile(rf"^{re.escape(name)}$")
        return self.output(cell).locator("button.widget-button", has_text=word).filter(visible=True)

    def run_all(self) -> Notebook:
        """As the menu does it."""
        self.page.locator("#jp-MainMenu").get_by_text("Run", exact=True).click()
        self.page.locator(".lm-Menu [data-command='runmenu:run-all']").first.click()
        return self

    def run(self, cell: int) -> Locator:
        """Run one cell, and wait until it is done; returns its output."""
        shown = self.cells.nth(cell)
        before = shown.locator(".jp-InputPrompt").first.inner_text()
        shown.locator(".cm-content").first.click()
        self.page.keyboard.press("Control+Enter")
        self.wait(cell, before)
        return self.output(cell)

    def wait(self, cell: int, before: str = "[ ]:") -> None:
        """Wait until a cell has a number, and another one than `before`."""
        prompt = self.cells.nth(cell).locator(".jp-InputPrompt").first
        expect(prompt).to_have_text(re.compile(r"^\[\d+\]:$"))
        expect(prompt).not_to_have_text(before)

    def restart(self) -> None:
        """Restart the kernel; what is on the page stays."""
        self.page.locator("#jp-MainMenu").get_by_text("Kernel", exact=True).click()
        self.page.locator(".lm-Menu [data-command='kernelmenu:restart']").first.click()
        self.page.locator(".jp-Dialog button.jp-mod-accept").click()
        expect(self.page.locator(".jp-Dialog")).to_have_count(0)
        self.idle()

    def fold_sidebar(self) -> None:
        """Make room for the notebook."""
        self.page.locator(".jp-SideBar.jp-mod-left .lm-TabBar-tab.lm-mod-current").click()

    def shut(self) -> None:
        """Leave it, as who closes the window and ends the kernel."""
        self.page.close()
        self.lab.shut(self.path)

    def save(self) -> nbformat.NotebookNode:
        """Save it, and return what is in the file then."""
        before = self.path.stat().st_mtime_ns
        self.page.keyboard.press("Escape")
        self.page.keyboard.press("Control+s")
        end = time.monotonic() + SECONDS
        while self.path.stat().st_mtime_ns == before:
            assert time.monotonic() < end, "the notebook was not saved"
            self.page.wait_for_timeout(50)
        expect(self.page.locator(".lm-TabBar-tab.lm-mod-current.jp-mod-dirty")).to_have_count(0)
        return nbformat.read(self.path, as_version=4)


def eventually(fact, message: str = "") -> None:
    """Wait until something holds that the page does not show."""
    end = time.monotonic() + SECONDS
    while not fact():
        assert time.monotonic() < end, message or "it never came true"
        time.sleep(0.05)
