"""One invocation of a command: its common options and its output streams."""

from __future__ import annotations

import os
import sys
from dataclasses import field
from typing import TYPE_CHECKING

import click

from pgmg.errors import DeclinedError
from pgmg.model.lazy_dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def no_color_asked() -> bool:
    """Say whether the environment asks for no colours (no-color.org): NO_COLOR is set and not empty."""
    return bool(os.environ.get("NO_COLOR"))


@dataclass(frozen=True, slots=True)
class Call:
    """The common options of a call, and its output: result, info, question.

    `overrides` are the options that override settings. `report` is the format of a report, markdown or html.
    `verbosity` is the number of -v minus that of -q.
    """

    overrides: Mapping[str, object] = field(default_factory=dict)
    config: Path | None = None
    environment: str | None = None
    json: bool = False
    report: str | None = None
    verbosity: int = 0
    no_color: bool = False

    @property
    def interactive(self) -> bool:
        """Standard input and output are a terminal: questions can be asked."""
        return sys.stdin.isatty() and sys.stdout.isatty()

    @property
    def attended(self) -> bool:
        """A terminal is at one end, as in `pgmg plan | less` and `pgmg plan > file`: a person has started the call."""
        return any(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr))

    def result(self, text: str) -> None:
        """Write to standard output, which carries only the result."""
        click.echo(text)

    def info(self, text: str) -> None:
        """Write to standard error, unless --quiet."""
        if self.verbosity >= 0:
            click.echo(text, err=True)

    def confirm(self, question: str) -> None:
        """Ask on standard error; raise `DeclinedError` unless the answer is yes."""
        click.echo(f"{question} [y/N] ", err=True, nl=False)
        answer = sys.stdin.readline()
        if not answer.endswith("\n"):
            click.echo(err=True)  # end of input: the cursor is still on the question's line
        if answer.strip().lower() not in {"y", "yes"}:
            raise DeclinedError("Declined; nothing was changed")
