"""`pgmg check`: checks files without a server, and the queries in bodies on one."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from pgmg.cli import printer, project_context
from pgmg.cli.command import command
from pgmg.options import CHECKED, FORMAT, OFFLINE, PROJECT, REHEARSAL, SPEECH

if TYPE_CHECKING:
    from pgmg.cli.invocation import Call
    from pgmg.config import Settings
    from pgmg.model.plans.body_check import BodyCheck
    from pgmg.project import Project
    from pgmg.source.project_check import FileCheck

_NO_SERVER = {"connection_string": "embedded:"}
"""Overrides the configured connection, whose variables may not be set; nothing is connected to."""
_FILES = (".sql", ".toml")


@command(
    "check",
    CHECKED,
    OFFLINE,
    *REHEARSAL,
    FORMAT,
    *PROJECT,
    *SPEECH,
    example="pgmg check billing.close_month",
)
def command_(call: Call, *, names: tuple[str, ...], offline: bool, rehearse: bool, scratch: str | None) -> int:
    """Check files, and the queries in bodies.

    Files: settings, syntax, statements in the wrong folder, objects that are declared twice. With FILEs, only their
    problems are reported, and no server is asked. This is the hook pgmg-check of pre-commit. Bodies, of all declared
    objects or of the OBJECTs: in a transaction that is rolled back where that locks no existing relation, with
    --rehearse on a copy, else by the grammar and the catalog; the output says which.
    """
    files = tuple(Path(name) for name in names if name.endswith(_FILES))
    objects = tuple(name for name in names if not name.endswith(_FILES))
    checked = _check_files(call, files) if files or not objects else None
    if offline or (files and not objects):
        printer.check(call, checked, None)
        return 0
    with project_context.open_project(call) as project:
        found = _check_bodies(project, objects, rehearse=rehearse, scratch=scratch)
    printer.check(call, checked, found)
    return 1 if found.problems else 0


def _check_bodies(project: Project, objects: tuple[str, ...], *, rehearse: bool, scratch: str | None) -> BodyCheck:
    from pgmg.errors import UsageError

    if scratch is not None and not rehearse:
        raise UsageError("--scratch needs --rehearse", hint="Add --rehearse.")
    if not rehearse:
        return project.check(objects)
    from pgmg.rehearsal import check_on_copy

    return check_on_copy(project, objects, scratch)


def _check_files(call: Call, files: tuple[Path, ...]) -> FileCheck:
    from pgmg.errors import SourceErrors
    from pgmg.source.project_check import check_files

    settings = _settings(call)
    only = {os.path.relpath(file, settings.root).replace(os.sep, "/") for file in files}
    found = check_files(settings.root, settings.code_dir, settings.migrations_dir, only)
    if found.problems:
        raise SourceErrors(found.problems)
    return found


def _settings(call: Call) -> Settings:
    from pgmg import config

    overrides = {**call.overrides, **_NO_SERVER}
    return config.load(".", config=call.config, environment=call.environment, overrides=overrides)
