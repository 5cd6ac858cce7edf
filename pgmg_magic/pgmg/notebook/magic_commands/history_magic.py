"""`%pgmg_history`: what was applied when, by whom and from where."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from pgmg.model.results.history_entries import History
    from pgmg.project import Project


class HistoryMagic:
    """The magic; `project` opens the project that its values name, `show` displays the history."""

    def __init__(self, project: Callable[[dict[str, Any]], Project], show: Callable[[History], object]) -> None:
        self._project, self._show = project, show

    def run(self, values: dict[str, Any]) -> History:
        """Show what was applied when, by which role, from which checkout and commit.

        With OBJECT only what changed it, with the difference from version to version.
        """
        from pgmg.history import read_history

        found = read_history(self._project(values), values["object"])
        self._show(found)
        return found
