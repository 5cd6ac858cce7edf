"""The documentation sites that this notebook has written, so that plans can link to their pages."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pgmg.render.site.site_page import DEFAULT_FOLDER, INDEX, write_site

if TYPE_CHECKING:
    from pathlib import Path

    from pgmg.model.results.site_data import SiteData
    from pgmg.notebook.notebook_session import LiveProject, NotebookSession


@dataclass(frozen=True, slots=True)
class SiteLinks:
    """Writes sites and finds the one of the current project."""

    session: NotebookSession
    _pages: dict[Path, Path] = field(default_factory=dict)

    def write(self, project: LiveProject, site: SiteData, folder: Path | None) -> Path:
        """Write a site, by default into the project's folder; return its first page."""
        page = self._pages[project.root] = write_site(site, folder or project.root / DEFAULT_FOLDER)
        return page

    def folder(self) -> str | None:
        """Return the folder of the current project's site relative to the notebook's; None if there is none."""
        current = self.session.current
        if current is None:
            return None
        page = self._pages.get(current.root, current.root / DEFAULT_FOLDER / INDEX)
        return os.path.relpath(page.parent).replace(os.sep, "/") if page.exists() else None
