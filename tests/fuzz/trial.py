"""Gives one input to pgmg as a user would, and says what is wrong with how that ended."""

from __future__ import annotations

import os
import shutil
import traceback
from pathlib import Path

from click.testing import CliRunner

from pgmg.cli.main import program
from pgmg.errors import PgmgError
from tests.fuzz.inputs import Input, Kind

EXITS = (0, 1, 2, 3, 4)
_LONGEST = 64_000  # characters that an error may have


class Trial:
    """A project folder, made anew for every input, and an empty database that no input changes."""

    def __init__(self, folder: Path, dsn: str) -> None:
        self._folder, self._dsn = folder, dsn
        os.environ["PGMG_CONNECTION_STRING"] = dsn

    def run(self, given: Input) -> str | None:
        """Return what is wrong, or None."""
        shutil.rmtree(self._folder, ignore_errors=True)
        (self._folder / "sql").mkdir(parents=True)
        (self._folder / "migrations").mkdir()
        os.chdir(self._folder)
        Path("pgmg.toml").write_text('code_dir = "sql"\nmigrations_dir = "migrations"\n')
        match given.kind:
            case Kind.CODE:
                Path("sql/a.sql").write_bytes(given.data)
                Path("sql/b.sql").write_text("CREATE VIEW b AS SELECT 1 AS one;")
                return self._commands(["plan"], ["plan", "--format", "json"], ["diff"])
            case Kind.MIGRATION:
                Path("migrations/001.sql").write_bytes(given.data)
                return self._commands(["plan", "-v"], ["status"], ["apply", "--dry-run", "--format", "json"])
            case Kind.SETTINGS:
                os.environ.pop("PGMG_CONNECTION_STRING")
                Path("pgmg.toml").write_bytes(given.data)
                problem = self._commands(["plan"], ["status", "--environment", "staging"])
                os.environ["PGMG_CONNECTION_STRING"] = self._dsn
                return problem
            case Kind.SAVED_PLAN:
                Path("sql/v.sql").write_text("CREATE VIEW v AS SELECT 1;")
                Path("plan.json").write_bytes(given.data)
                return self._commands(
                    ["apply", "plan.json", "--dry-run"], ["apply", "plan.json", "--dry-run", "--format", "json"]
                )
            case Kind.ARGUMENTS:
                words = given.data.decode("utf-8", errors="surrogateescape").split("\n")
                return self._commands(
                    [word for word in words if word not in ("--yes", "demo", "reset", "watch", "init")]
                )

    def _commands(self, *commands: list[str]) -> str | None:
        return next((problem for words in commands if (problem := self._command(words))), None)

    def _command(self, words: list[str]) -> str | None:
        try:
            done = CliRunner().invoke(program, words, catch_exceptions=True)
        except PgmgError as error:
            return f"{words}: {error!r} was not reported"
        said = done.output + (done.stderr or "")
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            return f"{words}: " + "".join(traceback.format_exception(done.exception))
        if done.exit_code not in EXITS:
            return f"{words}: exit code {done.exit_code}: {said[:2000]}"
        if "Unexpected" in said or "Traceback" in said:
            return f"{words}: {said[:4000]}"
        if len(done.stderr or "") > _LONGEST:
            return f"{words}: an error of {len(done.stderr)} characters: {said[:1000]}"
        return None
