"""Applies a plan in a thread, so that the notebook stays responsive and can stop it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from pgmg.errors import ApplyError, PgmgError
from pgmg.model.results.events import (
    ApplyResult,
    Discovered,
    Event,
    Listener,
    Recorded,
    Retrying,
    Started,
    StepBegun,
    StepDone,
    Waiting,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from pgmg.model.plans.plan import Plan, Step
    from pgmg.notebook.notebook_session import LiveProject

_CANCEL_EVERY = 0.2
"""Seconds between cancel requests; one that arrives between two statements has no effect."""
_CANCELLED = "57014"

Outcome = ApplyResult | PgmgError | None
"""The end of a run; None after an unexpected exception, which Python reports itself."""


class ApplyStopped(PgmgError):
    """The apply was stopped with the Stop button."""

    code = "stopped"


class Run:
    """One apply of one plan, in a thread of its own, which calls `then` with the outcome."""

    def __init__(self, project: LiveProject, plan: Plan, listener: Listener, then: Callable[[Outcome], None]) -> None:
        self._project, self._plan = project, plan
        self._listener, self._then = listener, then
        self._stop = threading.Event()
        self._ended = threading.Event()
        self._guard = threading.Lock()
        self._reported = False
        self._at_work = False
        self._committed: list[str] = []
        self._step: Step | None = None

    def start(self) -> None:
        """Start the thread. If the kernel is shut down, the thread ends and the server rolls back."""
        threading.Thread(target=self._run, name="pgmg apply", daemon=True).start()

    def stop(self) -> None:
        """Stop the apply: the running statement is cancelled, the transaction rolled back.

        A run that is still planning or waiting for another apply is reported as stopped at once; its thread ends at
        its next event, before anything is changed.
        """
        if self._stop.is_set():
            return
        self._stop.set()
        threading.Thread(target=self._cancel, name="pgmg stop", daemon=True).start()
        if not self._at_work and self._plan.steps:
            self._report(ApplyStopped(f"Stopped. {self._what_remains()}"))

    def join(self, seconds: float) -> bool:
        """Wait for the end; False after the timeout."""
        return self._ended.wait(seconds)

    def _cancel(self) -> None:
        while not self._ended.wait(_CANCEL_EVERY):
            self._project.cancel()

    def _run(self) -> None:
        outcome: Outcome = None
        try:
            outcome = self._applied()
        finally:
            self._ended.set()
            self._report(outcome)

    def _report(self, outcome: Outcome) -> None:
        """Report the outcome, once."""
        with self._guard:
            again, self._reported = self._reported, True
        if not again:
            self._then(outcome)

    def _applied(self) -> Outcome:
        try:
            with self._project.cancellable():
                # the confirmation has listed the deletions
                return self._project.apply(self._plan, listener=self._on_event, yes=True)
        except ApplyError as error:
            return ApplyStopped(f"Stopped. {error.hint or self._what_remains()}") if self._is_stop(error) else error
        except PgmgError as error:
            return error

    def _is_stop(self, error: ApplyError) -> bool:
        return self._stop.is_set() and error.sqlstate == _CANCELLED

    def _on_event(self, event: Event) -> None:
        """Forward an event; raise if a stop was requested and nothing has been committed since."""
        match event:
            case Recorded(migrations=migrations, objects=objects):
                self._committed.append(", ".join(migrations) or f"{objects} objects")
            case StepBegun(step=step) | StepDone(step=step):
                self._step = step
            case Started():
                self._at_work = True
            case Retrying():
                self._at_work = bool(self._committed)
            case _:
                pass
        if self._stop.is_set() and isinstance(event, Started | StepBegun | StepDone | Waiting | Retrying | Discovered):
            raise ApplyStopped(f"Stopped. {self._what_remains()}")
        self._listener(event)

    def _what_remains(self) -> str:
        if self._committed:
            return f"Already committed: {'; '.join(self._committed)}. The next plan continues from there."
        if self._step is not None and not self._step.transactional:
            done = f"Statements of {self._step.object} that ran outside a transaction remain applied."
            return f"{done} The next plan continues there."
        return "Nothing has been changed."
