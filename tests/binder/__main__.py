"""Builds the environment of binder/ as an ordinary user, runs every notebook in it, and opens JupyterLab.

It downloads packages. As root it adds a user for the time it takes, and removes it with all its files.
"""

from __future__ import annotations

import argparse
import os
import pwd
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
USER = "pgmg-binder"
LEFT_OUT = (".git", ".venv", ".pgmg", ".*_cache", "__pycache__", ".ipynb_checkpoints", "shop-*", "dist", "build")
PASSED_ON = re.compile(r"PIP_.*|SSL_CERT_.*|REQUESTS_CA_BUNDLE|(https?|no)_proxy", re.IGNORECASE)
SECONDS = 60
"""How long JupyterLab may take to answer."""


@dataclass(frozen=True)
class Environment:
    """A copy of the checkout in `repository`, the Python environment made for it, and the user both belong to."""

    home: Path
    user: str | None

    @property
    def repository(self) -> Path:
        return self.home / "repository"

    @property
    def bin(self) -> Path:
        return self.home / "environment" / "bin"

    def command(self, *words: str | Path) -> list[str]:
        """Return what runs a command as the user, with nothing of our own environment."""
        passed = [f"{name}={value}" for name, value in os.environ.items() if PASSED_ON.fullmatch(name)]
        path = os.pathsep.join((str(self.bin), "/usr/local/bin", "/usr/bin", "/bin"))
        switch = ["runuser", "-u", self.user, "--"] if self.user else []
        clean = ["env", "-i", f"HOME={self.home}", f"PATH={path}", "LANG=C.UTF-8", *passed]
        return [*switch, *clean, *map(str, words)]

    def run(self, *words: str | Path) -> None:
        print("$", *words, flush=True)
        subprocess.run(self.command(*words), cwd=self.repository, check=True)


def main() -> None:
    argparse.ArgumentParser(prog="python -m tests.binder", description=__doc__).parse_args()
    with _somebody() as environment:
        files = ROOT / "binder"
        assert not (files / "apt.txt").exists(), "packages of the system are not checked here"
        environment.run(_python(environment), "-m", "venv", environment.bin.parent)
        environment.run("pip", "install", "--quiet", "--no-cache-dir", "-r", "binder/requirements.txt")
        environment.run("./binder/postBuild")
        for notebook in sorted((environment.repository / "notebooks").glob("*.ipynb")):
            environment.run("jupyter", "execute", notebook.relative_to(environment.repository))
        _opens(environment)
    print("All is well.")


@contextmanager
def _somebody() -> Iterator[Environment]:
    """Give an ordinary user's home with a copy of the checkout in it."""
    home = Path(tempfile.mkdtemp(prefix="pgmg-binder-"))
    user = USER if os.geteuid() == 0 else None
    try:
        shutil.copytree(ROOT, home / "repository", ignore=shutil.ignore_patterns(*LEFT_OUT))
        if user:
            subprocess.run(["useradd", "--system", "--home-dir", str(home), "--shell", "/bin/sh", user], check=True)
            subprocess.run(["chown", "-R", f"{user}:", str(home)], check=True)
        yield Environment(home, user)
    finally:
        if user and _exists(user):
            subprocess.run(["userdel", user], check=False)
        shutil.rmtree(home, ignore_errors=True)


def _python(environment: Environment) -> str:
    """Return a Python that the user can reach: ours may be in somebody's home."""
    names = (sys.executable, shutil.which("python3", path="/usr/local/bin:/usr/bin"))
    check = "import ensurepip, sys; sys.exit(sys.version_info < (3, 11))"
    for name in filter(None, names):
        if subprocess.run(environment.command(name, "-c", check), check=False, capture_output=True).returncode == 0:
            return name
    raise FileNotFoundError(f"no Python 3.11 or newer with ensurepip that {environment.user} can run: {names}")


def _exists(user: str) -> bool:
    return any(entry.pw_name == user for entry in pwd.getpwall())


def _opens(environment: Environment) -> None:
    """Start the notebook server as Binder does, and see where it leads."""
    words = (
        "./binder/start",
        "jupyter",
        "lab",
        "--no-browser",
        "--ip=127.0.0.1",
        "--port=0",
        "--IdentityProvider.token=",
    )
    print("$", *words, flush=True)
    log = environment.home / "jupyter.log"
    with (
        log.open("w") as output,
        subprocess.Popen(
            environment.command(*words), cwd=environment.repository, stdout=output, stderr=output
        ) as server,
    ):
        try:
            place = _place(_address(log))
        finally:
            server.terminate()
    print("opens", place)
    assert place.endswith("/lab/tree/notebooks/01_first_plan.ipynb"), place


def _address(log: Path) -> str:
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        if found := re.search(r"http://127\.0\.0\.1:\d+/", log.read_text(errors="replace")):
            return found[0]
        time.sleep(0.2)
    raise TimeoutError(log.read_text(errors="replace"))


def _place(address: str) -> str:
    """Return where the server's front page redirects to."""
    until = time.monotonic() + SECONDS
    while True:
        try:
            with urllib.request.urlopen(address, timeout=SECONDS) as page:
                return str(page.url)
        except urllib.error.URLError:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)


main()
