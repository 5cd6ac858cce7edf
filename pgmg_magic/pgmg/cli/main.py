"""The program: finds the command, runs it, and turns whatever happens into an exit code."""

from __future__ import annotations

import gc
import sys
from difflib import get_close_matches
from importlib import import_module
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import click

from pgmg.cli import error_report
from pgmg.cli.invocation import Call

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMANDS = ("init", "new", "plan", "apply", "watch", "status", "diff", "graph", "baseline", "reset", "demo")
"""In the order in which people meet them."""

_HELP = """PostgreSQL migrations for tables, declared SQL files for everything else.

Settings come from pgmg.toml, then PGMG_* variables, then options. Without a server named anywhere, a terminal gets
the embedded one, in the folder .pgmg/.

Completion of commands and options: put this in ~/.bashrc (or zsh_source in ~/.zshrc, fish_source for fish):

\b
  eval "$(_PGMG_COMPLETE=bash_source pgmg)"
"""


class Program(click.Group):
    """`pgmg`: commands are imported when they are called, so that each pays only for itself."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names of the commands."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - as above
        """Import a command."""
        if cmd_name not in COMMANDS:
            return None
        found = import_module(f"pgmg.cli.cmd_{cmd_name}").command_
        return found if isinstance(found, click.Command) else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or suggest one."""
        near = get_close_matches(args[0], COMMANDS, n=1) if args[0] not in COMMANDS else []
        if near:
            ctx.fail(f"No such command {args[0]!r}. Did you mean {near[0]}?")
        return super().resolve_command(ctx, args)

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = False,  # noqa: ARG002, FBT001, FBT002 - as above
        **extra: Any,
    ) -> Any:
        """Run, and exit with the code that says how it went."""
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="replace")  # a terminal that lacks a letter is no reason to fail
        words = list(sys.argv[1:] if args is None else args)
        try:
            code = super().main(words, prog_name or "pgmg", complete_var, standalone_mode=False, **extra)
        except click.ClickException as error:
            code = error_report.misused(error, _asked(words))
        except click.Abort:
            code = error_report.interrupted(_asked(words))
        sys.exit(code)


def _asked(words: Sequence[str]) -> Call:
    """Read off the bare words how to report what went wrong before they were understood."""
    json = "--format=json" in words or ("--format", "json") in pairwise(words)
    return Call(json=json, no_color="--no-color" in words)


def _version(ctx: click.Context, _parameter: click.Parameter, wanted: bool) -> None:  # noqa: FBT001 - click's protocol
    if wanted:
        from importlib.metadata import PackageNotFoundError, version

        try:
            click.echo(f"pgmg {version('pgmg')}")
        except PackageNotFoundError:
            click.echo("pgmg (not installed)")
        ctx.exit()


def _overview() -> None:
    ctx = click.get_current_context()
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


program = Program(
    "pgmg",
    callback=_overview,
    invoke_without_command=True,
    help=_HELP,
    params=[
        click.Option(
            ["--version"], is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Show the version."
        )
    ],
    context_settings={"help_option_names": ["--help", "-h"]},
)


def main() -> None:
    """Run `pgmg` with the words of the command line."""
    # a plan is thousands of small objects that live until the end: to look for garbage among them takes a tenth of it
    gc.set_threshold(100_000, 20, 20)
    program()
