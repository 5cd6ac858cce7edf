"""The output that holds the style sheet: one per page, so that every other output stays small."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pgmg.notebook.formatters import HTML, PLAIN, display_bundle

if TYPE_CHECKING:
    from IPython.core.interactiveshell import ExecutionInfo, InteractiveShell


class StyleOutput:
    """Displays the style sheet once, and again if the cell that shows it is executed again or deleted.

    Front ends that tell a kernel which cell is executed are JupyterLab, Notebook 7 and VS Code (`cellId` in the
    metadata of an execute request). Elsewhere the first output stays the only one.
    """

    def __init__(self, shell: InteractiveShell) -> None:
        self._shell = shell
        self._shown = False
        self._holder: str | None = None
        self._cell: str | None = None

    def register(self) -> None:
        """Follow the cells that are executed; inside a cell, which `%load_ext` is, show the sheet at once."""
        self._shell.events.register("pre_run_cell", self._begin_cell)
        request = self._request()
        if request.get("msg_type") == "execute_request":
            self._cell = request.get("metadata", {}).get("cellId")
            self.ensure()

    def unregister(self) -> None:
        """Stop following cells."""
        self._shell.events.unregister("pre_run_cell", self._begin_cell)

    def ensure(self) -> None:
        """Display the style sheet, unless the page has it or there is no page."""
        if self._shown or getattr(self._shell, "kernel", None) is None:
            return
        from importlib.metadata import version

        from pgmg.render.html.markup import fill, style_sheet

        self._shown, self._holder = True, self._cell
        known = version("pgmg")
        html = f"{style_sheet()}{fill('loaded.html.j2', version=known)}"
        display_bundle({HTML: html, PLAIN: f"pgmg {known}"})

    def _begin_cell(self, info: ExecutionInfo) -> None:
        self._cell = getattr(info, "cell_id", None)
        deleted = self._request().get("metadata", {}).get("deletedCells") or ()
        if self._holder is not None and self._holder in (self._cell, *deleted):
            self._shown = False
            if self._holder == self._cell:
                self.ensure()

    def _request(self) -> dict[str, Any]:
        """Return the message that the kernel is handling; empty without a kernel or outside a request."""
        parent = getattr(self._shell, "get_parent", None)
        found = parent() if parent is not None else None
        return found if isinstance(found, dict) else {}
