"""The magics that begin a project and need no plan: `%pgmg_init`, `%pgmg_new`, `%pgmg_check`, `%pgmg_baseline`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pgmg.config import CONFIG_FILE, DEFAULT_FOLDERS
from pgmg.config.new_project import create_project
from pgmg.errors import SourceErrors, UsageError
from pgmg.model.results.record_changes import RecordChanges

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pgmg.config import Settings
    from pgmg.project import Project
    from pgmg.source.project_check import FileCheck

ArgumentValues = dict[str, Any]

_NO_SERVER = {"connection_string": "embedded:"}
"""Overrides the configured connection, whose variables may not be set; nothing is connected to."""


class StartingMagics:
    """The magics. `project` opens the project of a call, `settings` reads its settings, `say` displays lines."""

    def __init__(
        self,
        project: Callable[[ArgumentValues], Project],
        settings: Callable[[ArgumentValues], Settings],
        say: Callable[[Iterable[str], str], None],
    ) -> None:
        self._project, self._settings, self._say = project, settings, say

    def init(self, values: ArgumentValues) -> Path:
        """Write a commented pgmg.toml and the folders into the working folder, and return the path of pgmg.toml.

        Existing files are not changed. The folder .pgmg/ of the embedded server is added to .gitignore.
        """
        chosen = {key: values[key] for key in DEFAULT_FOLDERS if values[key] is not None}
        following = '%pgmg_new "first tables" creates a migration, %%pgmg_sql declares a view or function.'
        self._say([*create_project(chosen), following], "New project")
        return Path(CONFIG_FILE)

    def new(self, values: ArgumentValues) -> Path:
        """Create the next migration file, numbered in the style of the existing ones, and return its path.

        NAME is one word, or several in quotes.
        """
        from pgmg.source.migrations.new_file import create_migration

        if not values["name"]:
            raise UsageError("The migration needs a name", hint='%pgmg_new "add orders table"')
        path = Path(os.path.relpath(create_migration(self._settings(values).migrations_dir, values["name"])))
        self._say([f"Created {path}", f"%load {path} opens it in a cell; %%writefile {path} saves one."], "Migration")
        return path

    def check(self, values: ArgumentValues) -> FileCheck:
        """Parse and check files, without a server: settings, syntax, wrong folders, objects that are declared twice.

        With FILEs, only their problems are reported; without, those of all files.
        """
        from pgmg.render.labels import count
        from pgmg.source.project_check import check_files

        settings = self._settings({**values, **_NO_SERVER})
        only = {os.path.relpath(file, settings.root).replace(os.sep, "/") for file in values["files"]}
        found = check_files(settings.root, settings.code_dir, settings.migrations_dir, only)
        if found.problems:
            raise SourceErrors(found.problems)
        read = f"{count(found.objects, 'object')}, {count(found.migrations, 'migration')}"
        self._say([f"No problem in {count(found.files, 'file')}: {read}."], "Check")
        return found

    def baseline(self, values: ArgumentValues) -> tuple[str, ...] | RecordChanges:
        """List the migrations that would be recorded as applied without running them; with --yes, record them.

        All pending migrations, or those up to NAME, for a database that already has their tables. The other options
        correct single records instead and leave all others as they are.
        """
        renamed = tuple((old, new) for old, new in values["rename"] or ())
        only, forget, accept = (tuple(values[key] or ()) for key in ("only", "forget", "accept_edit"))
        changes = RecordChanges(only, renamed, forget, accept)
        if values["name"] is not None and not changes.is_empty:
            hint = f"%pgmg_baseline --only {values['name']}"
            raise UsageError(f"NAME and an option are given: {values['name']} means all up to it.", hint=hint)
        project = self._project(values)
        if not changes.is_empty:
            return self._correct(project, changes, yes=values["yes"])
        names = project.pending(values["name"])
        if names and values["yes"]:
            names = project.baseline(values["name"])
            lines = [f"✓ Recorded migration: {name}" for name in names]
        elif names:
            listed = [f"  - {name}" for name in names]
            lines = ["Migrations to record as applied, without running them:", *listed, "Add --yes to record them."]
        else:
            lines = ["Nothing to record: all these migrations are recorded."]
        self._say(lines, "Baseline")
        return names

    def _correct(self, project: Project, wanted: RecordChanges, *, yes: bool) -> RecordChanges:
        """Show what becomes of single records, and change them with `yes`."""
        from pgmg.render.text.results.record_lines import intentions, results

        changes = project.change_records(wanted, dry_run=not yes)
        if changes.is_empty:
            lines = ["Nothing to change: the records say so already."]
        elif yes:
            lines = list(results(changes))
        else:
            listed = [f"  - {line}" for line in intentions(changes)]
            lines = [f"Nothing is run. In {project.server}:", *listed, "Add --yes to change the records."]
        self._say(lines, "Baseline")
        return changes
