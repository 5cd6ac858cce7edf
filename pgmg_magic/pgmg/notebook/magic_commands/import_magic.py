"""`%pgmg_import`: takes an existing database over without leaving the notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pgmg.options import import_options

if TYPE_CHECKING:
    from collections.abc import Callable

    from pgmg.model.results.import_report import ImportReport
    from pgmg.project import Project


class ImportMagic:
    """The magic; `project` opens the project that its values name, `show` displays the report."""

    def __init__(self, project: Callable[[dict[str, Any]], Project], show: Callable[[ImportReport], object]) -> None:
        self._project, self._show = project, show

    def run(self, values: dict[str, Any]) -> ImportReport:
        """Write project files for what the database holds, one an object, and record them as applied.

        With --baseline also a first migration for tables, sequences, schemas and extensions. Files that exist are not
        overwritten; what cannot be declared is listed.
        """
        from pgmg.importing import Importer

        project = self._project(values)
        options = import_options(values["objects"], values)
        report = Importer(project.settings, project.connect).run(options, dry_run=values["dry_run"])
        self._show(report)
        return report
