"""Writes the documentation site: a page that shows every object, and the interactive graph beside it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pgmg.errors import UsageError
from pgmg.model.naming.names import Kind, ObjectName
from pgmg.model.results.graph_data import ColumnEdge, Flow
from pgmg.model.results.site_data import ObjectDetails, SiteData
from pgmg.render import labels, sanitize
from pgmg.render.explorer.explorer_page import to_html
from pgmg.render.html import markup
from pgmg.render.html.sql_html import highlighted
from pgmg.render.site.site_tests import tests_by_object

if TYPE_CHECKING:
    from pathlib import Path

    from pgmg.model.results.graph_data import GraphNode

INDEX, GRAPH = "index.html", "graph.html"
DEFAULT_FOLDER = "database-docs"
_SCRIPTS = ("explorer_layout.js", "site_diagram.js", "site.js")
_MARK = "<!-- written by pgmg docs -->"
_NOTHING = ObjectDetails()


def write_site(site: SiteData, folder: Path) -> Path:
    """Write the pages into a folder, which is created if needed; return the path of the first page.

    Raises:
        UsageError: a page would replace a file that `pgmg docs` has not written.
        OSError: the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name in (INDEX, GRAPH):
        path = folder / name
        if path.exists() and _MARK not in path.read_text(encoding="utf-8", errors="replace"):
            raise UsageError(f"{path} is not a page of pgmg", hint="Name another folder.")
    (folder / INDEX).write_text(site_html(site), encoding="utf-8")
    (folder / GRAPH).write_text(f"{to_html(site.graph, sql=False)}{_MARK}\n", encoding="utf-8")
    return folder / INDEX


def site_html(site: SiteData) -> str:
    """Return the site's page; its content security policy allows only its own script."""
    script = markup.trusted("\n".join(markup.asset(name) for name in _SCRIPTS))
    return markup.fill(
        "site.html.j2",
        mark=markup.trusted(_MARK),
        project=site.project,
        database=site.database,
        digest=markup.digest(script),
        style=markup.asset("site.css"),
        script=script,
        graph=GRAPH,
        data=markup.packed(json.dumps(site_document(site), ensure_ascii=False, separators=(",", ":"))),
        objects=[labels.named(node.object) for node in site.graph.nodes],
    )


def page_address(name: ObjectName) -> str:
    """Return the address of an object within the site: `index.html#view.user_stats`."""
    from urllib.parse import quote

    return f"{INDEX}#{quote(str(name), safe='')}"


def site_document(site: SiteData) -> dict[str, Any]:
    """Return the script's data; all texts are sanitized. Objects are numbered in the order of `objects`.

    `objects`: see `_object`; `uses`: [user, used]; `lineage`: [object, column, source, its column, flow], where an
    empty column stands for the rows of a relation. `tests`: [test] and [object, its tests …].
    """
    numbers = {node.object: number for number, node in enumerate(site.graph.nodes)}
    return {
        "objects": [_object(node, site.details.get(node.object, _NOTHING), numbers) for node in site.graph.nodes],
        "uses": sorted(
            {
                (numbers[edge.object], numbers[edge.depends_on])
                for edge in site.graph.edges
                if edge.object in numbers and edge.depends_on in numbers and edge.object != edge.depends_on
            }
        ),
        "lineage": [
            [*user, *source, labels.flow(edge.flow) if edge.flow is not Flow.VALUE else ""]
            for edge in site.lineage.edges
            if isinstance(edge, ColumnEdge)
            and (user := _column(edge.object, numbers)) is not None
            and (source := _column(edge.depends_on, numbers)) is not None
            and user != source
        ],
        "tests": [[numbers[name], *(numbers[test] for test in tests)] for name, tests in tests_by_object(site).items()],
    }


def _column(name: ObjectName, numbers: dict[ObjectName, int]) -> tuple[int, str] | None:
    owner, column = (name.parent, name.name) if name.kind is Kind.COLUMN else (name, "")
    number = numbers.get(owner) if owner is not None else None
    return None if number is None else (number, sanitize.sanitize_line(column))


def _object(node: GraphNode, about: ObjectDetails, numbers: dict[ObjectName, int]) -> dict[str, Any]:
    """Return one object; empty values are left out."""
    name, line, block = node.object, sanitize.sanitize_line, sanitize.sanitize_block
    change = None if node.change is None else labels.change(node.change)
    found = {
        "id": line(str(name)),
        "kind": name.kind.sql_keyword,
        "schema": line(_schema(name)),
        "name": line(name.display_name),
        "comment": block(about.comment or ""),
        "owner": line(about.owner or ""),
        "signature": line(about.signature or ""),
        "change": "" if change is None else change.word,
        "why": "" if change is None else change.why,
        "unmanaged": int(not node.managed and name.kind is not Kind.TABLE),
        "place": "" if node.location is None else line(str(node.location)),
        "sql": "" if node.sql is None else highlighted(node.sql),
        "columns": [
            [line(c.name), line(c.type), int(c.not_null), line(c.default or ""), block(c.comment or "")]
            for c in about.columns
        ],
        "keys": [
            [
                k.kind,
                line(k.name),
                line(k.definition),
                [line(column) for column in k.columns],
                -1 if k.target is None else numbers.get(k.target, -1),
                [line(column) for column in k.target_columns],
            ]
            for k in about.keys
        ],
        "parts": [[part.kind, line(part.name), line(part.definition)] for part in about.parts],
        "privileges": [[line(p.grantee), ", ".join(p.privileges), line(p.column or "")] for p in about.privileges],
    }
    return {key: value for key, value in found.items() if value}


def _schema(name: ObjectName) -> str:
    if name.kind is Kind.MIGRATION:
        return "migrations"
    owner = name.parent if name.schema is None else name
    return (owner.schema if owner is not None else None) or "database"
