"""Applies a plan in a thread, so that a notebook stays alive meanwhile and can stop it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from pgmg.errors import ApplyError, PgmgError
from pgmg.model.events import (
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

    from pgmg.model.plan import Plan, Step
    from pgmg.notebook.notebook_session import LiveProject

_AGAIN = 0.2
"""Seconds until the server is asked once more to stop: a request may come between two statements."""
_CANCELLED = "57014"

Outcome = ApplyResult | PgmgError | None
"""What became of it; None: something that nobody expected, which Python reports by itself."""


class ApplyStopped(PgmgError):
    """Somebody pressed Stop."""

    code = "stopped"


class Run:
    """One apply of one plan, in a thread of its own. `then` is called there with what became of it."""

    def __init__(self, project: LiveProject, plan: Plan, listener: Listener, then: Callable[[Outcome], None]) -> None:
        self._project, self._plan = project, plan
        self._listener, self._then = listener, then
        self._stop = threading.Event()
        self._ended = threading.Event()
        self._guard = threading.Lock()
        self._told_already = False
        self._at_work = False
        self._committed: list[str] = []
        self._step: Step | None = None

    def start(self) -> None:
        """Begin. A kernel that is shut down takes the thread along, and the server rolls back."""
        threading.Thread(target=self._run, name="pgmg apply", daemon=True).start()

    def stop(self) -> None:
        """End it: the running statement is cancelled, the transaction rolled back.

        One that only waits for another apply, or still plans, has nothing to roll back: nobody has to wait for it. Its
        thread ends with the next event that it meets, which comes before anything is changed where there are steps.
        """
        if self._stop.is_set():
            return
        self._stop.set()
        threading.Thread(target=self._cancel, name="pgmg stop", daemon=True).start()
        if not self._at_work and self._plan.steps:
            self._tell(ApplyStopped(f"Stopped. {self._left()}"))

    def join(self, seconds: float) -> bool:
        """Wait for the end; False where it has not come."""
        return self._ended.wait(seconds)

    def _cancel(self) -> None:
        while not self._ended.wait(_AGAIN):
            self._project.cancel()

    def _run(self) -> None:
        outcome: Outcome = None
        try:
            outcome = self._applied()
        finally:
            self._ended.set()
            self._tell(outcome)

    def _tell(self, outcome: Outcome) -> None:
        """Say what became of it, the first time only."""
        with self._guard:
            again, self._told_already = self._told_already, True
        if not again:
            self._then(outcome)

    def _applied(self) -> Outcome:
        try:
            with self._project.cancellable():
                # who was asked a second time, with the deletions listed, has said yes to them
                return self._project.apply(self._plan, listener=self._hear, yes=True)
        except ApplyError as error:
            return ApplyStopped(f"Stopped. {error.hint or self._left()}") if self._is_stop(error) else error
        except PgmgError as error:
            return error

    def _is_stop(self, error: ApplyError) -> bool:
        return self._stop.is_set() and error.sqlstate == _CANCELLED

    def _hear(self, event: Event) -> None:
        """Pass an event on; end here if that is wished, but never after a commit has been made."""
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
            raise ApplyStopped(f"Stopped. {self._left()}")
        self._listener(event)

    def _left(self) -> str:
        if self._committed:
            return f"Already committed: {'; '.join(self._committed)}. The next plan continues from there."
        if self._step is not None and not self._step.transactional:
            return f"What was done of {self._step.object} outside a transaction stays. The next plan continues there."
        return "Nothing has been changed."
