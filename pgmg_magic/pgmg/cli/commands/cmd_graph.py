"""`pgmg graph`: draws the dependency graph."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.cli import printer, project_context
from pgmg.cli.command import command
from pgmg.options import FORMAT, NEIGHBOURHOOD, OBJECTS, OUTPUT, PROJECT, SPEECH

if TYPE_CHECKING:
    from pathlib import Path

    from pgmg.cli.invocation import Call


@command(
    "graph",
    OBJECTS,
    *NEIGHBOURHOOD,
    OUTPUT,
    FORMAT,
    *PROJECT,
    *SPEECH,
    example="pgmg graph --output graph.svg",
)
def command_(
    call: Call,
    *,
    objects: tuple[str, ...],
    upstream: int | None,
    downstream: int | None,
    changes_only: bool,
    output: Path | None,
) -> None:
    """Draw the dependency graph.

    Of all objects or around the given ones; printed as a tree, or written to a file as a picture. OBJECT.COLUMN (or
    OBJECT.*) draws columns: those from which the column is computed, those that use it, through views, and those that
    filter its rows. Function bodies are not analysed, only the arguments of calls.
    """
    drawing = None if output is None else printer.drawing_for(output)
    with project_context.open_project(call) as project:
        graph = project.graph(objects, upstream=upstream, downstream=downstream, changes_only=changes_only)
    if output is not None and drawing is not None:
        output.write_bytes(drawing(graph))
        call.info(f"Wrote {output}")
    else:
        printer.graph(call, graph)
