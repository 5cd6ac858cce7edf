"""Displays results in a notebook's front end or in a terminal."""

from __future__ import annotations

import os
import sys
import weakref
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import quote

from pgmg.model.results.events import ApplyResult, Event, Finished, Listener
from pgmg.notebook.formatters import HTML, PLAIN, Bundle, Formatters, bundle, display_bundle, display_updatable
from pgmg.render.html.error_html import error_html
from pgmg.render.progress_listeners import PlainProgress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from IPython.core.interactiveshell import InteractiveShell

    from pgmg.model.plans.plan import Change, Plan
    from pgmg.model.results.refreshed import Refreshed
    from pgmg.model.results.row_questions import RowDifference
    from pgmg.notebook.live.approval import Approval
    from pgmg.notebook.notebook_session import LiveProject
    from pgmg.notebook.tracebacks import Failures


class FrontEnd:
    """The front end of a kernel, or a terminal."""

    def __init__(
        self, shell: InteractiveShell, formatters: Formatters, failures: Failures, base: Callable[[], str | None]
    ) -> None:
        self._shell = shell
        self._formatters = formatters
        self._failures = failures
        self._base = base
        self._panels: weakref.WeakSet[Approval] = weakref.WeakSet()

    @property
    def has_kernel(self) -> bool:
        """The shell runs in a kernel, not in a terminal."""
        return getattr(self._shell, "kernel", None) is not None

    def show(self, shown: object) -> None:
        """Display one of pgmg's objects, which the magic then returns."""
        display_bundle(self._formatters.bundle(shown))
        self._formatters.suppress_repeat(shown)

    def changes(self, changes: Sequence[Change]) -> None:
        """Display differences."""
        from pgmg.render.html.diff_html import changes_html
        from pgmg.render.text.plain import diff_text

        display_bundle({PLAIN: diff_text(changes), HTML: changes_html(changes)}, is_sql=True)
        self._formatters.suppress_repeat(changes)

    def rows(self, found: Sequence[RowDifference]) -> None:
        """Display the row differences of views."""
        from pgmg.render.html.rows_html import rows_html
        from pgmg.render.text.plain import rows_text

        display_bundle({PLAIN: rows_text(found), HTML: rows_html(found)}, is_sql=True)
        self._formatters.suppress_repeat(found)

    def refreshed(self, done: Sequence[Refreshed]) -> None:
        """Display which materialized views were refreshed."""
        from pgmg.render.text.plain import refresh_text

        display_bundle({PLAIN: refresh_text(done)})
        self._formatters.suppress_repeat(done)

    def lines(self, lines: Iterable[str], label: str) -> None:
        """Display lines of text; `label` is the accessible name of their block."""
        from pgmg.render.html.lines_html import lines_html
        from pgmg.render.text.spans import plain, span_line

        rows = [span_line(line) for line in lines]
        display_bundle({PLAIN: plain(rows), HTML: lines_html(rows, label)})

    def site(self, page: Path, objects: int) -> None:
        """Display a link to a documentation site."""
        from pgmg.render.html.markup import fill

        path = os.path.relpath(page).replace(os.sep, "/")
        html = fill("site_link.html.j2", path=path, address=quote(path), objects=objects)
        display_bundle({PLAIN: f"{path}: {objects:,} objects", HTML: html})
        self._formatters.suppress_repeat(page)

    def plan(self, project: LiveProject, plan: Plan, *, asks: bool = True) -> None:
        """Display a plan and, below it, the buttons to apply it."""
        change = display_updatable(self._formatters.bundle(plan))
        self._formatters.suppress_repeat(plan)
        if plan.is_empty or not asks:
            return
        if not self.has_kernel:
            print("%pgmg_apply applies this plan.")  # noqa: T201 - a terminal's output
            return
        from pgmg.notebook.live.approval import Approval

        base = self._base()
        approval = Approval(
            project,
            plan,
            lambda shown: change(_below(shown, base)),
            lambda error: error_html(error, self._failures.secrets()),
            self._panels,
        )
        approval.show()

    @contextmanager
    def progress(self, project: LiveProject) -> Iterator[Listener]:
        """Provide a listener that shows the progress of an apply and its result."""
        finished: list[ApplyResult] = []
        listener: Listener

        def forward(event: Event) -> None:
            if isinstance(event, Finished):
                finished.append(event.result)
            listener(event)

        if self.has_kernel:
            from pgmg.notebook.live.live_progress import PanelProgress

            with PanelProgress() as panel:
                listener = panel
                yield forward
            for result in finished:
                panel.end(self._formatters.bundle(result))
        else:
            with PlainProgress(sys.stderr) as listener:
                yield forward
            for result in finished:
                display_bundle(bundle(result))
        for result in finished:
            self._formatters.suppress_repeat(result)
            for approval in list(self._panels) if result.applied else ():
                if approval.project is project:
                    approval.mark_stale()


def _below(shown: object, base: str | None) -> Bundle:
    """Return the display that replaces a plan: a new plan, or the applied plan with its result below."""
    data = bundle(shown, base)
    if not isinstance(shown, ApplyResult):
        return data
    from pgmg.render.html.plan_html import plan_html
    from pgmg.render.text.plain import plan_text

    above = plan_html(shown.plan, base, applied=shown.applied)
    return {PLAIN: f"{plan_text(shown.plan)}\n\n{data[PLAIN]}", HTML: above + data[HTML]}
