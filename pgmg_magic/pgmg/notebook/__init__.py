"""IPython magics and widgets, loaded by `%load_ext pgmg`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

_META_KEY = "pgmg"
"""Key of the magics object in `shell.meta`, so that no module holds state."""


def load(shell: InteractiveShell) -> None:
    """Register magics, display formatters and the error handler with a shell."""
    from pgmg.notebook.magic_commands.magics import PgmgMagics

    unload(shell)
    magics = PgmgMagics(shell)
    magics.register()
    shell.meta[_META_KEY] = magics


def unload(shell: InteractiveShell) -> None:
    """Unregister everything and close connections and watchers."""
    magics = shell.meta.pop(_META_KEY, None)
    if magics is not None:
        magics.unregister()
