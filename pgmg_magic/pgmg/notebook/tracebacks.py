"""Displays pgmg's errors in a notebook without a traceback: message, SQL line with caret, hint."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pgmg.config import passwords
from pgmg.errors import PgmgError
from pgmg.notebook.magic_commands.magic_hints import as_magics
from pgmg.render.html.error_html import error_lines
from pgmg.render.text.spans import Line, Role, Span

if TYPE_CHECKING:
    from types import TracebackType

    from IPython.core.interactiveshell import InteractiveShell

_ANSI = {
    Role.DROPPED: "31;1",
    Role.HEADING: "1",
    Role.MUTED: "2",
    Role.RESTORED: "1",
}
"""ANSI codes; only these few are legible on a front end's red error background."""

CurrentConnection = Callable[[], str | None]


class Failures:
    """Handles `PgmgError` exceptions of a shell; a previous handler keeps its own exceptions."""

    def __init__(self, shell: InteractiveShell, connection: CurrentConnection) -> None:
        self._shell = shell
        self._connection = connection
        self._before: tuple[tuple[type[BaseException], ...], Any] = (shell.custom_exceptions, shell.CustomTB)

    def register(self) -> None:
        """Install the handler."""
        others, handler = self._before

        def handle(
            shell: InteractiveShell,
            kind: type[BaseException],
            error: BaseException,
            trace: TracebackType | None,
            tb_offset: int | None = None,
        ) -> list[str] | None:
            if isinstance(error, PgmgError):
                lines = self.lines(error)
                shell._showtraceback(kind, error, lines)  # noqa: SLF001 - the only way to reach every front end
                return lines
            return handler(kind, error, trace, tb_offset=tb_offset)  # type: ignore[no-any-return]

        self._shell.set_custom_exc((PgmgError, *others), handle)  # type: ignore[no-untyped-call]

    def unregister(self) -> None:
        """Restore the previous handler."""
        self._shell.custom_exceptions, self._shell.CustomTB = self._before

    def lines(self, error: PgmgError) -> list[str]:
        """Return an error as lines with ANSI codes."""
        return [_coloured(line) for line in error_lines(error, self.secrets())]

    def secrets(self) -> tuple[str, ...]:
        """Return the passwords that a message could contain."""
        return passwords(self._connection(), os.environ) + passwords(os.environ.get("PGMG_CONNECTION_STRING"))


def _coloured(line: Line) -> str:
    return "".join(
        f"\x1b[{_ANSI[span.role]}m{_worded(span)}\x1b[0m" if span.role in _ANSI else _worded(span) for span in line
    )


def _worded(span: Span) -> str:
    return span.text if span.role is Role.SQL else as_magics(span.text)
