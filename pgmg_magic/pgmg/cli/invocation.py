"""One call of a command: what its common options say, and where its words go."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import click

from pgmg.errors import DeclinedError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Call:
    """The common options of a call, and the three ways to speak: result, info, question.

    `overrides` are the options that override settings. `verbosity` is the number of -v less that of -q.
    """

    overrides: Mapping[str, object] = field(default_factory=dict)
    config: Path | None = None
    environment: str | None = None
    json: bool = False
    verbosity: int = 0
    no_color: bool = False

    @property
    def interactive(self) -> bool:
        """Somebody sits there: questions can be asked."""
        return sys.stdin.isatty() and sys.stdout.isatty()

    def result(self, text: str) -> None:
        """Write to standard output, which carries the result alone."""
        click.echo(text)

    def info(self, text: str) -> None:
        """Write to standard error, unless it is to be quiet."""
        if self.verbosity >= 0:
            click.echo(text, err=True)

    def confirm(self, question: str) -> None:
        """Ask on standard error; whatever is not a yes raises `DeclinedError`."""
        click.echo(f"{question} [y/N] ", err=True, nl=False)
        answer = sys.stdin.readline()
        if not answer.endswith("\n"):
            click.echo(err=True)  # the end of input leaves the cursor behind the question
        if answer.strip().lower() not in {"y", "yes"}:
            raise DeclinedError("Declined; nothing was changed")
