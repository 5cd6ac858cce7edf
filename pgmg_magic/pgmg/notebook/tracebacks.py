"""How errors read in a notebook: short, coloured, the SQL line and its caret, and no traceback."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pgmg.config import mask, passwords
from pgmg.errors import PgmgError
from pgmg.render.html.error_html import error_lines
from pgmg.render.text.spans import Line, Role

if TYPE_CHECKING:
    from types import TracebackType

    from IPython.core.interactiveshell import InteractiveShell

_ANSI = {
    Role.GONE: "31;1",
    Role.HEADING: "1",
    Role.MUTED: "2",
    Role.KEPT: "1",
}
"""Front ends turn these into the colours of their themes; on the red ground of an error few others can be read."""

Connection = Callable[[], str | None]


class Failures:
    """Shows `PgmgError`s by itself; whatever other handler there was keeps its exceptions."""

    def __init__(self, shell: InteractiveShell, connection: Connection) -> None:
        self._shell = shell
        self._connection = connection
        self._before: tuple[tuple[type[BaseException], ...], Any] = (shell.custom_exceptions, shell.CustomTB)

    def register(self) -> None:
        """Take over."""
        others, handler = self._before

        def handle(
            shell: InteractiveShell,
            kind: type[BaseException],
            error: BaseException,
            trace: TracebackType | None,
            tb_offset: int | None = None,
        ) -> list[str] | None:
            if isinstance(error, PgmgError):
                told = self.told(error)
                shell._showtraceback(kind, error, told)  # noqa: SLF001 - the one way that reaches every front end
                return told
            return handler(kind, error, trace, tb_offset=tb_offset)  # type: ignore[no-any-return]

        self._shell.set_custom_exc((PgmgError, *others), handle)  # type: ignore[no-untyped-call]

    def unregister(self) -> None:
        """Give back what was there before."""
        self._shell.custom_exceptions, self._shell.CustomTB = self._before

    def told(self, error: PgmgError) -> list[str]:
        """Return the coloured lines of an error."""
        return [_coloured(line) for line in error_lines(error, self.secrets())]

    def secrets(self) -> tuple[str, ...]:
        """Return the passwords that might stand in a message."""
        known = passwords(self._connection(), os.environ) + passwords(os.environ.get("PGMG_CONNECTION_STRING"))
        return tuple(secret for secret in known if len(secret) > 2)  # noqa: PLR2004 - shorter ones tear words apart


def _coloured(line: Line) -> str:
    return "".join(
        f"\x1b[{_ANSI[span.role]}m{mask(span.text)}\x1b[0m" if span.role in _ANSI else mask(span.text) for span in line
    )
