"""A member of the team: a clone of the repository, edited by hand, by git, by cells, and applied from there."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
from pathlib import Path

from click.testing import CliRunner, Result

from pgmg.cli.main import program
from tests.conftest import Case

_MARK = re.compile(r"AS (m\d+)\b")
_SOURCE = re.compile(r"FROM (\w+)")
_AS_SOMEBODY = ("-c", "user.name=somebody", "-c", "user.email=somebody@example.org", "-c", "core.hooksPath=/dev/null")


def git(root: Path, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run git, without the settings of the user who runs the tests."""
    variables = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "GIT_EDITOR": "true"}
    done = subprocess.run(
        ["git", *_AS_SOMEBODY, *words], cwd=root, env=variables, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0 or not check, f"git {' '.join(words)}: {done.stdout}{done.stderr}"
    return done


class Checkout(Case):
    """A clone with the folders `sql` and `migrations`; every view has a mark of its own, and is in a file of its name."""

    def __init__(self, root: Path, dsn: str, name: str) -> None:
        self.root, self.dsn, self.name = root, dsn, name

    # -- files ------------------------------------------------------------------------------------------

    def views(self) -> dict[str, str]:
        """Return the mark of each view that is declared here."""
        return {path.stem: _MARK.search(path.read_text())[1] for path in self.root.glob("sql/**/*.sql")}

    def path_of(self, view: str) -> Path:
        """Return the file of a view."""
        return next(self.root.glob(f"sql/**/{view}.sql"))

    def source_of(self, view: str) -> str:
        """Return what a view selects from."""
        return _SOURCE.search(self.path_of(view).read_text())[1]

    def put(self, view: str, source: str, mark: str, folder: str = "sql") -> None:
        """Write the file of a view."""
        path = next(self.root.glob(f"sql/**/{view}.sql"), self.root / folder / f"{view}.sql")
        self.write(str(path.relative_to(self.root)), view_of(view, source, mark) + "\n")

    def delete(self, view: str) -> list[str]:
        """Delete a view and all that select from it; return their names."""
        gone = [view]
        for name in gone:
            gone += [other for other in self.views() if self.source_of(other) == name and other not in gone]
        for name in gone:
            self.path_of(name).unlink()
        return gone

    def tidy(self) -> None:
        """Delete the views that select from what git has taken away."""
        while lost := [v for v in self.views() if self.source_of(v) not in self.tables() | self.views().keys()]:
            self.path_of(lost[0]).unlink()

    def migrations(self) -> list[Path]:
        """Return the migration files, in order."""
        return sorted(self.root.glob("migrations/*.sql"))

    def tables(self) -> set[str]:
        """Return the tables that the migrations create."""
        return set(re.findall(r"CREATE TABLE (\w+)", "".join(path.read_text() for path in self.migrations())))

    # -- git --------------------------------------------------------------------------------------------

    def commit(self, subject: str = "work") -> None:
        """Commit all that has changed."""
        git(self.root, "add", "-A")
        git(self.root, "commit", "--quiet", "--allow-empty", "-m", subject)

    def branches(self) -> list[str]:
        """Return the names of the local branches."""
        return git(self.root, "branch", "--format=%(refname:short)").stdout.split()

    def merge(self, *, rebase: bool) -> None:
        """Take what the others have pushed; where both have changed a file, one of them wins."""
        git(self.root, "fetch", "--quiet", "origin")
        words = ["rebase", "--quiet", "-X", "ours"] if rebase else ["merge", "--quiet", "-X", "ours"]
        if git(self.root, *words, "origin/main", check=False).returncode != 0:
            self._resolve(rebase=rebase)
        self.tidy()
        self.commit("merged")

    def _resolve(self, *, rebase: bool) -> None:
        """Deleted on one side and edited on the other: it is deleted."""
        for _ in range(50):
            for line in git(self.root, "status", "--porcelain").stdout.splitlines():
                if line[:2] in ("DU", "UD", "AU", "UA", "DD"):
                    git(self.root, "rm", "--quiet", "-f", "--ignore-unmatch", line[3:])
                elif line[:2] in ("AA", "UU"):
                    git(self.root, "checkout", "--ours", "--", line[3:])
            git(self.root, "add", "-A")
            words = ("rebase", "--continue") if rebase else ("commit", "--quiet", "-m", "merged")
            if git(self.root, *words, check=False).returncode == 0:
                return
            if rebase and git(self.root, "rebase", "--skip", check=False).returncode == 0:
                return
        raise AssertionError(git(self.root, "status").stdout)

    def push(self) -> None:
        """Give the others what is here; who is behind takes theirs first."""
        self.merge(rebase=False)
        git(self.root, "push", "--quiet", "origin", "HEAD:main")

    # -- pgmg -------------------------------------------------------------------------------------------

    def cli(self, *words: str) -> Result:
        """Run a command in the folder."""
        with contextlib.chdir(self.root):
            return CliRunner().invoke(program, list(words), env={"PGMG_CONNECTION_STRING": self.dsn})


def view_of(view: str, source: str, mark: str) -> str:
    """Return a declaration of a view."""
    return f"CREATE VIEW {view} AS SELECT id, 1 AS {mark} FROM {source};"
