"""`pgmg refresh`: refreshes materialized views."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.cli import printer, project_context
from pgmg.cli.command import command
from pgmg.options import CONCURRENTLY, FORMAT, OBJECTS, PROJECT, SPEECH, TIMEOUTS

if TYPE_CHECKING:
    from pgmg.cli.invocation import Call


@command(
    "refresh",
    OBJECTS,
    CONCURRENTLY,
    *TIMEOUTS,
    FORMAT,
    *PROJECT,
    *SPEECH,
    example="pgmg refresh --concurrently",
)
def command_(call: Call, *, objects: tuple[str, ...], concurrently: bool) -> None:
    """Refresh materialized views, all or the given ones.

    Each is refreshed after those that it reads, in a transaction of its own. With --concurrently readers are not kept
    out of those that are populated and have a unique index on plain columns; the others are refreshed as usual.
    """
    with project_context.open_project(call) as project:
        done = project.refresh(objects, concurrently=concurrently)
    printer.refreshed(call, done)
