"""`pgmg docs`: writes the documentation site."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.cli import project_context
from pgmg.cli.command import command
from pgmg.options import DOCS_FOLDER, FORMAT, PROJECT, SPEECH

if TYPE_CHECKING:
    from pathlib import Path

    from pgmg.cli.invocation import Call


@command("docs", DOCS_FOLDER, FORMAT, *PROJECT, *SPEECH, example="pgmg docs public/database")
def command_(call: Call, *, folder: Path | None) -> None:
    """Write a site that documents every object.

    Columns with types, comments and lineage, keys as diagrams, privileges, source, dependencies and users, search.
    FOLDER (default: database-docs) holds two pages that need neither a network nor a server.
    """
    from pgmg.render.site.site_page import DEFAULT_FOLDER, write_site

    with project_context.open_project(call) as project:
        site = project.site()
        page = write_site(site, folder or project.root / DEFAULT_FOLDER)
    if call.json:
        from pgmg.render.json import documents

        call.result(documents.dumps({"page": str(page), "objects": len(site.graph.nodes)}))
    else:
        call.result(str(page))
