"""The notebook: magics and widgets; each parses, calls the façade, shows. Loaded by `%load_ext pgmg`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

_HELD = "pgmg"
"""The shell holds the magics under this name, in its table of extensions' own data: nothing is kept in a module."""


def load(shell: InteractiveShell) -> None:
    """Teach a shell the magics, how plans look, and how errors read."""
    from pgmg.notebook.magics import PgmgMagics

    unload(shell)
    magics = PgmgMagics(shell)
    magics.register()
    shell.meta[_HELD] = magics


def unload(shell: InteractiveShell) -> None:
    """Take it all back, and close what is open."""
    magics = shell.meta.pop(_HELD, None)
    if magics is not None:
        magics.unregister()
