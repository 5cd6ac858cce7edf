"""Display formatters for plans, results, graphs, statuses and errors, as HTML and text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pgmg.errors import PgmgError
from pgmg.model.plans.plan import Plan
from pgmg.model.results.cell_result import CellResult
from pgmg.model.results.events import ApplyResult
from pgmg.model.results.graph_data import Graph
from pgmg.model.results.history_entries import History
from pgmg.model.results.import_report import ImportReport
from pgmg.model.results.query_result import QueryPlan, QueryResult
from pgmg.model.results.row_questions import RowDifference
from pgmg.model.results.status_report import Status
from pgmg.notebook.live.watchers import Watch
from pgmg.notebook.magic_commands.magic_hints import as_magics, bundle_as_magics
from pgmg.notebook.notebook_session import LiveProject

if TYPE_CHECKING:
    from collections.abc import Callable

    from IPython.core.interactiveshell import InteractiveShell

Bundle = dict[str, str]
HTML, PLAIN, SVG = "text/html", "text/plain", "image/svg+xml"


def bundle(shown: object, base: str | None = None, site: str | None = None) -> Bundle:
    """Return all MIME types of one of pgmg's objects.

    `base` is the project's folder relative to the notebook, `site` that of its documentation site, if there is one.
    """
    match shown:
        case Plan():
            from pgmg.render.html.plan_html import plan_html
            from pgmg.render.text.plain import plan_text

            return {PLAIN: plan_text(shown), HTML: plan_html(shown, base, site=site, risks=True)}
        case ApplyResult():
            from pgmg.render.html.result_html import result_html
            from pgmg.render.text.plain import result_text

            return {PLAIN: result_text(shown), HTML: result_html(shown)}
        case Graph():
            from pgmg.render.html.graph_html import graph_bundle

            return graph_bundle(shown)
        case Status():
            from pgmg.render.html.status_html import status_html
            from pgmg.render.text.plain import status_text

            return {PLAIN: status_text(shown), HTML: status_html(shown)}
        case PgmgError():
            from pgmg.render.html.error_html import error_html, error_lines
            from pgmg.render.text.spans import plain

            return {PLAIN: plain(error_lines(shown)), HTML: error_html(shown)}
        case CellResult():
            from pgmg.render.html.cell_html import cell_html
            from pgmg.render.text.results.cell_lines import cell_lines
            from pgmg.render.text.spans import plain

            return {PLAIN: plain(cell_lines(shown)), HTML: cell_html(shown)}
        case RowDifference():
            from pgmg.render.html.rows_html import rows_html
            from pgmg.render.text.plain import rows_text

            return {PLAIN: rows_text((shown,)), HTML: rows_html((shown,))}
        case QueryResult():
            from pgmg.render.html.query_html import query_html
            from pgmg.render.text.plain import query_text

            return {PLAIN: query_text(shown), HTML: query_html(shown)}
        case QueryPlan():
            from pgmg.render.html.query_html import query_plan_html
            from pgmg.render.text.plain import query_plan_text

            return {PLAIN: query_plan_text(shown), HTML: query_plan_html(shown)}
        case Watch():
            from pgmg.notebook.live.watch_panel import picture_bundle

            return picture_bundle(shown.picture)
        case LiveProject():
            return {PLAIN: f"Project {shown.root.name}, {shown.server}"}
        case _:
            return _lines_bundle(shown)


def _lines_bundle(shown: object) -> Bundle:
    """Return the MIME types of what is displayed as lines of text."""
    match shown:
        case History():
            from pgmg.render.html.lines_html import lines_html
            from pgmg.render.text.results.history_lines import history_lines
            from pgmg.render.text.spans import plain

            found = list(history_lines(shown))
            return {PLAIN: plain(found), HTML: lines_html(found, "History")}
        case ImportReport():
            from pgmg.render.html.lines_html import lines_html
            from pgmg.render.text.results.import_lines import import_lines
            from pgmg.render.text.spans import plain, span_line

            lines = [span_line(line) for line in import_lines(shown)]
            return {PLAIN: plain(lines), HTML: lines_html(lines, "Import")}
        case _:
            raise TypeError(f"pgmg has no display for {type(shown).__name__}")


def display_bundle(data: Bundle, *, is_sql: bool = False) -> None:
    """Display an output with the given MIME types; commands in pgmg's words are spelled as magics, not so in SQL."""
    from IPython.display import display

    display(data if is_sql else bundle_as_magics(data), raw=True)  # type: ignore[no-untyped-call]


def display_updatable(data: Bundle) -> Callable[[Bundle], None]:
    """Display an output, and return a function that replaces it."""
    from IPython.display import display

    handle: Any = display(bundle_as_magics(data), raw=True, display_id=True)  # type: ignore[no-untyped-call]
    return lambda other: handle.update(bundle_as_magics(other), raw=True)


class Formatters:
    """Registers the display of pgmg's types; a cell does not display again what its magic has displayed."""

    types = (
        Plan,
        ApplyResult,
        CellResult,
        RowDifference,
        QueryResult,
        QueryPlan,
        Graph,
        Status,
        History,
        ImportReport,
        PgmgError,
        Watch,
        LiveProject,
    )

    def __init__(
        self,
        shell: InteractiveShell,
        base: Callable[[], str | None],
        begin: Callable[[], None],
        site: Callable[[], str | None] = lambda: None,
    ) -> None:
        self._shell = shell
        self._base, self._begin, self._site = base, begin, site
        self._shown: list[object] = []

    @property
    def _formatter(self) -> Any:
        """The shell's display formatter."""
        return self._shell.display_formatter

    def register(self) -> None:
        """Register the formatters of pgmg's types."""
        formatter = self._formatter
        for kind in self.types:
            formatter.mimebundle_formatter.for_type(kind, self._bundle)
            formatter.formatters[PLAIN].for_type(kind, _text)  # for lists, which print their items as text
        self._shell.events.register("post_run_cell", self._reset)

    def unregister(self) -> None:
        """Unregister the formatters."""
        formatter = self._formatter
        for kind in self.types:
            formatter.mimebundle_formatter.pop(kind, None)
            formatter.formatters[PLAIN].pop(kind, None)
        self._shell.events.unregister("post_run_cell", self._reset)
        self._reset()

    def bundle(self, shown: object) -> Bundle:
        """Return all MIME types of one of pgmg's objects, with links that fit the notebook."""
        return bundle(shown, self._base(), self._site())

    def suppress_repeat(self, shown: object) -> None:
        """Do not display `shown` as the cell's value: the magic that returns it has displayed it."""
        self._shown.append(shown)
        self._formatter.ipython_display_formatter.for_type(type(shown), self._display_value)

    def _display_value(self, shown: object) -> None:
        from IPython.lib.pretty import pretty

        if not any(one is shown for one in self._shown):
            data = self.bundle(shown) if isinstance(shown, self.types) else {PLAIN: pretty(shown)}  # type: ignore[no-untyped-call]
            display_bundle(data)
        elif getattr(self._shell, "kernel", None) is None:
            display_bundle({PLAIN: f"{_short(shown)}, shown above"})  # a terminal prints every value

    def _reset(self, *_: object) -> None:
        for shown in self._shown:
            self._formatter.ipython_display_formatter.pop(type(shown), None)
        self._shown.clear()

    def _bundle(self, shown: object, include: Any = None, exclude: Any = None) -> Bundle:
        self._begin()
        found = bundle_as_magics(self.bundle(shown))
        chosen = {key: value for key, value in found.items() if not include or key in include}
        return {key: value for key, value in chosen.items() if not exclude or key not in exclude}


def _text(shown: object, printer: Any, cycle: bool) -> None:  # noqa: ARG001, FBT001 - IPython's signature
    inside = len(getattr(printer, "stack", ())) > 1
    printer.text(_short(shown) if inside else as_magics(bundle(shown)[PLAIN]))


def _short(shown: object) -> str:
    match shown:
        case Plan():
            return f"<Plan of {len(shown.steps)} steps, {shown.fingerprint[:19]}>"
        case ApplyResult():
            return f"<ApplyResult of {len(shown.steps)} steps>"
        case Graph():
            return f"<Graph of {len(shown.nodes)} objects>"
        case CellResult():
            return f"<CellResult of {shown.path}>"
        case QueryResult():
            return f"<QueryResult of {len(shown)} rows>"
        case PgmgError():
            return f"<{type(shown).__name__}>"
        case _:
            return f"<{type(shown).__name__}>"
