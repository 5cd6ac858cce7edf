"""The program: finds and runs the command, and returns its exit code."""

from __future__ import annotations

import gc
import sys
from importlib import import_module
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import click

from pgmg.cli import error_report, process_exit
from pgmg.cli.invocation import Call, no_color_asked
from pgmg.cli.signals import raising_signals

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMANDS = (
    "init",
    "new",
    "check",
    "plan",
    "rehearse",
    "verify",
    "apply",
    "watch",
    "status",
    "diff",
    "graph",
    "docs",
    "refresh",
    "history",
    "restore",
    "baseline",
    "import",
    "reset",
    "demo",
)
"""In the order of the help text."""

_HELP = """PostgreSQL migrations for tables, declared SQL files for everything else.

Settings come from pgmg.toml, then PGMG_* variables, then options. If no server is configured, a terminal uses the
embedded one, in the folder .pgmg/.

Completion of commands and options: put this in ~/.bashrc (or zsh_source in ~/.zshrc, fish_source for fish):

\b
  eval "$(_PGMG_COMPLETE=bash_source pgmg)"
"""


class Program(click.Group):
    """`pgmg`: a command's module is imported when it is called, which keeps start-up short."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names of the commands."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - as above
        """Import a command."""
        if cmd_name not in COMMANDS:
            return None
        found = import_module(f"pgmg.cli.commands.cmd_{cmd_name}").command_
        return found if isinstance(found, click.Command) else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or suggest one."""
        if args[0] not in COMMANDS and (near := _alike(args[0])):
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
        """Run a command and exit with its code."""
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="replace")  # do not fail on a terminal with a smaller character set
        words = list(sys.argv[1:] if args is None else args)
        with raising_signals():
            try:
                code = super().main(words, prog_name or "pgmg", complete_var, standalone_mode=False, **extra)
            except click.ClickException as error:
                code = error_report.report_usage(error, _call_of(words))
            except click.Abort as error:
                code = error_report.interrupted(error.__cause__, _call_of(words))
        sys.exit(code)


def _alike(word: str) -> list[str]:
    """Return the command that a word may have been meant for."""
    from difflib import get_close_matches

    return get_close_matches(word, COMMANDS, n=1)


def _call_of(words: Sequence[str]) -> Call:
    """Return the output options of a command line that could not be parsed."""
    json = "--format=json" in words or ("--format", "json") in pairwise(words)
    return Call(json=json, no_color="--no-color" in words or no_color_asked())


def _version(ctx: click.Context, _parameter: click.Parameter, wanted: bool) -> None:  # noqa: FBT001 - click's signature
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
    """Run `pgmg` with the process's arguments."""
    # a plan is thousands of small objects that live until the end: garbage collection would take a tenth of the time
    gc.set_threshold(100_000, 20, 20)
    try:
        program()
    except SystemExit as end:
        if isinstance(end.code, int):
            process_exit.leave(end.code)
        raise
