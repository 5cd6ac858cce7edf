"""The buttons under a plan: Apply runs exactly the displayed plan, asks before deletions, and can be stopped."""

from __future__ import annotations

import threading
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

import ipywidgets

from pgmg.errors import PgmgError, StalePlanError
from pgmg.model.results.events import ApplyResult
from pgmg.notebook.formatters import HTML, PLAIN, Bundle, display_updatable
from pgmg.notebook.live.background_apply import Outcome, Run
from pgmg.notebook.live.live_progress import Ticker
from pgmg.notebook.magic_commands.magic_hints import page_as_magics
from pgmg.render.html.confirm_html import confirm_html
from pgmg.render.html.lines_html import lines_html
from pgmg.render.text.spans import Role, Span, span_line

if TYPE_CHECKING:
    import weakref
    from collections.abc import Callable

    from pgmg.model.plans.plan import Plan
    from pgmg.notebook.notebook_session import LiveProject
    from pgmg.render.html.progress_html import HtmlProgress

HINT = "%pgmg_apply applies this plan."
_STOP_MARGIN = "2px 2px 2px 156px"
"""Margins of Stop: a double click on Apply must not hit it."""
_CLOSED = "The buttons of this plan are closed."
_STALE = "Something was applied since this plan was made."


class State(Enum):
    """The state of an approval."""

    OPEN = auto()
    ASKING = auto()
    RUNNING = auto()
    STALE = auto()
    FAILED = auto()
    CLOSED = auto()


_APPLY = {State.FAILED: "Try again", State.RUNNING: "Applying …"}


class Approval:
    """The buttons of one plan. `replace` replaces the displayed plan by another object."""

    def __init__(
        self,
        project: LiveProject,
        plan: Plan,
        replace: Callable[[object], None],
        error_html: Callable[[PgmgError], str],
        panels: weakref.WeakSet[Approval],
    ) -> None:
        self.project, self.plan = project, plan
        self._replace, self._error_html, self._panels = replace, error_html, panels
        self._guard = threading.RLock()
        self.state = State.OPEN
        self.run: Run | None = None
        self.message = ipywidgets.HTML()
        self.apply = self._button("Apply", "check", "Run exactly this plan", self._on_apply, "primary")
        self.discard = self._button("Discard", "times", "Do not run this plan", self._on_discard)
        self.back = self._button("Go back", "arrow-left", "Do nothing", self._on_back)
        self.confirm = self._button(
            "Yes, apply", "exclamation-triangle", "Delete and rewrite", self._on_confirm, "danger"
        )
        self.stop = self._button("Stop", "stop", "Cancel and roll back", self._on_stop, "danger")
        self.stop.layout.margin = _STOP_MARGIN
        self.again = self._button("Plan again", "refresh", "Plan from the current files and database", self._on_again)
        self.buttons = (self.apply, self.back, self.confirm, self.again, self.stop, self.discard)
        self._row = ipywidgets.HBox(self.buttons, layout=ipywidgets.Layout(flex_flow="row wrap"))
        self.box = ipywidgets.VBox([self.message, self._row])
        self._update: Callable[[Bundle], None] = lambda _: None
        panels.add(self)
        self._enter(State.OPEN)

    def show(self) -> None:
        """Display the buttons below the plan; once they have nothing left to do, plain HTML takes their place."""
        self._update = display_updatable(self.bundle())

    def bundle(self) -> Bundle:
        """Return the widget, with a text for front ends without widgets."""
        found: Bundle = self.box._repr_mimebundle_()
        return {**found, PLAIN: HINT, HTML: f'<p class="pgmg muted"><code>{HINT}</code></p>'}

    def mark_stale(self) -> None:
        """Report that another plan was applied meanwhile."""
        with self._guard:
            if self.state in (State.OPEN, State.ASKING, State.FAILED):
                self._enter(State.STALE, lines_html([span_line(Span(_STALE, Role.WARNING))], "Stale", Role.WARNING))

    # -- clicks: each acts only in the state that shows its button, so that a second click does nothing ----

    def _on_apply(self) -> None:
        if self.state not in (State.OPEN, State.FAILED):
            return
        question = confirm_html(self.plan)
        if question is None:
            self._start()
        else:
            self._enter(State.ASKING, question)
            self.back.focus()  # for the keyboard: Enter must not apply

    def _on_confirm(self) -> None:
        if self.state is State.ASKING:
            self._start()

    def _on_back(self) -> None:
        if self.state is State.ASKING:
            self._enter(State.OPEN)
            self.apply.focus()

    def _on_discard(self) -> None:
        if self.state in (State.OPEN, State.FAILED, State.STALE):
            text = span_line(Span("Discarded; nothing was changed.", Role.MUTED))
            self._enter(State.CLOSED, lines_html([text], "Discarded", Role.MUTED))

    def _on_stop(self) -> None:
        if self.state is State.RUNNING and self.run is not None:
            self.stop.disabled = True
            self.stop.description = "Stopping …"
            self.run.stop()

    def _on_again(self) -> None:
        if self.state not in (State.STALE, State.FAILED):
            return
        try:
            plan = self.project.plan(self.plan.options)
        except PgmgError as error:
            self._enter(self.state, self._error_html(error))
            return
        self.plan = plan
        self._replace(plan)
        self._enter(State.CLOSED if plan.is_empty else State.OPEN)

    def _button(self, text: str, icon: str, tooltip: str, act: Callable[[], None], style: str = "") -> Any:
        def click(_: object) -> None:
            with self._guard:
                act()

        button = ipywidgets.Button(description=text, icon=icon, tooltip=tooltip, button_style=style)
        button.on_click(click)
        return button

    # -- running ----------------------------------------------------------------------------------------

    def _start(self) -> None:
        ticker = Ticker(self._progress)
        self.stop.disabled, self.stop.description = False, "Stop"
        self._enter(State.RUNNING, ticker.state.html())
        self.run = Run(self.project, self.plan, ticker, lambda outcome: self._ended(outcome, ticker))
        self.run.start()

    def _progress(self, state: HtmlProgress) -> None:
        self.message.value = state.html("Stopping …" if self.stop.disabled else "")

    def _ended(self, outcome: Outcome, ticker: Ticker) -> None:
        ticker.close()
        with self._guard:
            match outcome:
                case ApplyResult():
                    self._replace(outcome)
                    self._enter(State.CLOSED, ticker.state.remarks_html())
                case StalePlanError():
                    self._enter(State.STALE, self._error_html(outcome))
                case PgmgError():
                    self._enter(State.FAILED, self._error_html(outcome))
                case None:
                    unknown = PgmgError("Unexpected error while applying", hint="The kernel's log has the traceback.")
                    self._enter(State.FAILED, self._error_html(unknown))
        if isinstance(outcome, ApplyResult) and outcome.applied:
            for panel in list(self._panels):
                if panel is not self and panel.project is self.project:
                    panel.mark_stale()

    def _enter(self, state: State, message: str = "") -> None:
        self.state = state
        self.message.value = page_as_magics(message)
        self.apply.description = _APPLY.get(state, "Apply")
        self.apply.disabled = state in (State.STALE, State.RUNNING)
        shown = self._shown()
        for button in self.buttons:  # hidden, not removed: a removed button cannot get the focus again
            button.layout.display = None if button in shown else "none"
        if state is State.CLOSED:
            self._update({HTML: message, PLAIN: _CLOSED})

    def _shown(self) -> tuple[Any, ...]:
        """Return the visible buttons of a state, in order.

        After a click, the same position never holds a button with another effect: people double-click.
        """
        match self.state:
            case State.OPEN:
                return (self.apply, self.discard)
            case State.ASKING:
                return (self.back, self.confirm)
            case State.RUNNING:
                return (self.apply, self.stop)
            case State.STALE | State.FAILED:
                return (self.apply, self.again, self.discard)
            case State.CLOSED:
                return ()
