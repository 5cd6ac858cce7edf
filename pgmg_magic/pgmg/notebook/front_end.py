"""Puts results on the screen of whatever front end there is."""

from __future__ import annotations

import sys
import weakref
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pgmg.model.events import ApplyResult, Event, Finished, Listener
from pgmg.notebook.formatters import HTML, PLAIN, Bundle, Formatters, bundle, place, put
from pgmg.render.html.error_html import error_html
from pgmg.render.progress_listeners import PlainProgress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from IPython.core.interactiveshell import InteractiveShell

    from pgmg.model.plan import Change, Plan
    from pgmg.model.row_questions import RowDifference
    from pgmg.notebook.approval import Approval
    from pgmg.notebook.notebook_session import LiveProject
    from pgmg.notebook.tracebacks import Failures


class Front:
    """The front end: a kernel's, or a terminal."""

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
        """Somebody looks through a browser or an editor, not a terminal."""
        return getattr(self._shell, "kernel", None) is not None

    def show(self, shown: object) -> None:
        """Display one of pgmg's objects, which the magic is about to return."""
        put(bundle(shown, self._base()))
        self._formatters.once(shown)

    def changes(self, changes: Sequence[Change]) -> None:
        """Display differences."""
        from pgmg.render.html.diff_html import changes_html
        from pgmg.render.text.plain import diff_text

        put({PLAIN: diff_text(changes), HTML: changes_html(changes)})
        self._formatters.once(changes)

    def rows(self, found: Sequence[RowDifference]) -> None:
        """Display what a change does to the rows of views."""
        from pgmg.render.html.rows_html import rows_html
        from pgmg.render.text.plain import rows_text

        put({PLAIN: rows_text(found), HTML: rows_html(found)})
        self._formatters.once(found)

    def plan(self, project: LiveProject, plan: Plan, *, asks: bool = True) -> None:
        """Display a plan, and below it what it takes to apply it."""
        change = place(bundle(plan, self._base()))
        self._formatters.once(plan)
        if plan.is_empty or not asks:
            return
        if not self.has_kernel:
            print("%pgmg_apply applies this.")  # noqa: T201 - a terminal's output
            return
        from pgmg.notebook.approval import Approval

        base = self._base()
        approval = Approval(
            project,
            plan,
            lambda shown: change(_below(shown, base)),
            lambda error: error_html(error, self._failures.secrets()),
            self._panels,
        )
        put(approval.bundle())

    @contextmanager
    def progress(self, project: LiveProject) -> Iterator[Listener]:
        """Give a listener that shows how an apply goes, and what it ends in."""
        finished: list[ApplyResult] = []
        listener: Listener

        def hear(event: Event) -> None:
            if isinstance(event, Finished):
                finished.append(event.result)
            listener(event)

        if self.has_kernel:
            from pgmg.notebook.live_progress import PanelProgress

            with PanelProgress() as panel:
                listener = panel
                yield hear
            for result in finished:
                panel.end(bundle(result, self._base()))
        else:
            with PlainProgress(sys.stderr) as listener:
                yield hear
            for result in finished:
                put(bundle(result))
        for result in finished:
            self._formatters.once(result)
            for approval in list(self._panels) if result.applied else ():
                if approval.project is project:
                    approval.outdate()


def _below(shown: object, base: str | None) -> Bundle:
    """Return what takes a plan's place: a new plan, or the same with its result below, where the buttons were."""
    data = bundle(shown, base)
    if not isinstance(shown, ApplyResult):
        return data
    from pgmg.render.html.plan_html import plan_html
    from pgmg.render.text.plain import plan_text

    above = plan_html(shown.plan, base, applied=shown.applied)
    return {PLAIN: f"{plan_text(shown.plan)}\n\n{data[PLAIN]}", HTML: above + data[HTML]}
