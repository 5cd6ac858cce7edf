"""`pgmg check`: parses and checks files without a server."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pgmg.cli.command import command
from pgmg.options import CODE_DIR, CONFIG, ENVIRONMENT, FILES, FORMAT, MIGRATIONS_DIR, SPEECH

if TYPE_CHECKING:
    from pathlib import Path

    from pgmg.cli.invocation import Call

_NO_SERVER = {"connection_string": "embedded:"}
"""Overrides the configured connection, whose variables may not be set; nothing is connected to."""


@command(
    "check",
    FILES,
    MIGRATIONS_DIR,
    CODE_DIR,
    CONFIG,
    ENVIRONMENT,
    FORMAT,
    *SPEECH,
    example="pgmg check sql/views/user_stats.sql",
)
def command_(call: Call, *, files: tuple[Path, ...]) -> None:
    """Parse and check files, without a server.

    Settings, syntax, statements in the wrong folder, objects that are declared twice. With FILEs, only their problems
    are reported; without, those of all files. This is the hook pgmg-check of pre-commit.
    """
    from pgmg import config
    from pgmg.errors import SourceErrors
    from pgmg.source.project_check import check_files

    overrides = {**call.overrides, **_NO_SERVER}
    settings = config.load(".", config=call.config, environment=call.environment, overrides=overrides)
    only = {os.path.relpath(file, settings.root).replace(os.sep, "/") for file in files}
    found = check_files(settings.root, settings.code_dir, settings.migrations_dir, only)
    if found.problems:
        raise SourceErrors(found.problems)
    if call.json:
        from pgmg.render.json import documents

        counts = {"files": found.files, "objects": found.objects, "migrations": found.migrations}
        call.result(documents.dumps(counts))
    else:
        from pgmg.render import labels

        what = labels.count(found.objects, "object"), labels.count(found.migrations, "migration")
        call.result(f"No problem in {labels.count(found.files, 'file')}: {', '.join(what)}.")
