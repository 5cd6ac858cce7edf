"""`pgmg demo`: builds a small project and shows how pgmg works with it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pgmg.cli.command import command
from pgmg.options import NO_CHANGE, PAUSE, SPEECH, CommandArgument, Value

if TYPE_CHECKING:
    from pgmg.cli.invocation import Call


@command(
    "demo",
    CommandArgument("folder", "FOLDER", value=Value.FOLDER),
    NO_CHANGE,
    PAUSE,
    *SPEECH,
    example="pgmg demo --pause",
)
def command_(call: Call, *, folder: Path | None, keep: bool, pause: bool) -> None:
    """Build a small project and show plan, apply, edit, plan, apply.

    In FOLDER (default: pgmg-demo). Everything is really executed, on the embedded server in that folder.
    """
    from pgmg.demo.walk import Teller, walk

    def wait() -> None:
        if pause and call.interactive:
            click.pause("\n[Enter] ", err=True)

    chosen = folder or Path("pgmg-demo")
    existed = chosen.exists()
    walk(chosen, Teller(call.result, wait))
    if keep or existed:
        call.result(f"\nThe project stays in {chosen}/: change a file there, then run `pgmg plan` in it.")
    else:
        shutil.rmtree(chosen)
        call.info(f"\nRemoved {chosen}/")
