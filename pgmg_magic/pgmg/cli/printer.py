"""Prints results: JSON with --format json, coloured text on a terminal, plain text elsewhere."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from pgmg.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from rich.console import Console

    from pgmg.cli.invocation import Call
    from pgmg.model.plans.body_check import BodyCheck
    from pgmg.model.plans.plan import Change, Plan
    from pgmg.model.plans.rehearsal import Rehearsal
    from pgmg.model.plans.verification import Verification
    from pgmg.model.results.events import ApplyResult, Listener
    from pgmg.model.results.graph_data import Graph
    from pgmg.model.results.history_entries import History, RestoredSource
    from pgmg.model.results.import_report import ImportReport
    from pgmg.model.results.record_changes import RecordChanges
    from pgmg.model.results.refreshed import Refreshed
    from pgmg.model.results.reset_report import ResetReport
    from pgmg.model.results.row_questions import RowDifference
    from pgmg.model.results.status_report import Status
    from pgmg.model.results.watch_events import WatchListener
    from pgmg.render.plan_content import ReportExtras
    from pgmg.source.project_check import FileCheck

    Drawing = Callable[[Graph], bytes]


def plan(call: Call, shown: Plan, extras: ReportExtras | None = None) -> None:
    """Show a plan; `extras` are for reports."""
    verbose = max(call.verbosity, 0)
    if call.json:
        call.result(plan_json(shown))
    elif call.report is not None:
        from pgmg.cli.plan_report import plan_report

        call.result(plan_report(call.report, shown, extras))
    elif console := _terminal(call):
        from pgmg.render.text import styled

        styled.show_plan(console, shown, verbose)
    else:
        from pgmg.render.text import plain

        call.result(plain.plan_text(shown, verbose).rstrip("\n"))


def plan_json(shown: Plan) -> str:
    """Return a plan as JSON."""
    from pgmg.render.json import documents

    return documents.dumps(documents.plan_document(shown))


def question(call: Call, shown: Plan) -> None:
    """Show a plan on standard error, before the question about it."""
    from pgmg.render.text import styled

    styled.show_plan(_console(call, sys.stderr), shown, max(call.verbosity, 0))


def dry_run(call: Call, shown: Plan) -> None:
    """Show a dry run: the plan, or in JSON the result of an apply that changed nothing."""
    if call.json:
        from pgmg.model.results.events import AppliedStep, ApplyResult

        result(call, ApplyResult(shown, applied=False, steps=tuple(AppliedStep(step, 0.0) for step in shown.steps)))
    else:
        plan(call, shown)


def result(call: Call, shown: ApplyResult) -> None:
    """Show the result of an apply."""
    verbose = max(call.verbosity, 0)
    if call.json:
        from pgmg.render.json import documents

        call.result(documents.dumps(documents.result_document(shown)))
    elif console := _terminal(call):
        from pgmg.render.text import styled

        styled.show_result(console, shown, verbose)
    else:
        from pgmg.render.text import plain

        call.result(plain.result_text(shown, verbose).rstrip("\n"))


def rehearsal(call: Call, shown: Rehearsal) -> None:
    """Show a rehearsal."""
    if call.json:
        from pgmg.render.json import documents
        from pgmg.render.json.rehearsal_json import rehearsal_document

        call.result(documents.dumps(rehearsal_document(shown)))
    elif console := _terminal(call):
        from pgmg.render.text import styled

        styled.show_rehearsal(console, shown)
    else:
        from pgmg.render.text import plain

        call.result(plain.rehearsal_text(shown).rstrip("\n"))


def check(call: Call, files: FileCheck | None, bodies: BodyCheck | None) -> None:
    """Show what was checked: files, bodies, or both."""
    if call.json:
        from pgmg.render.json import documents
        from pgmg.render.json.body_json import check_document

        call.result(documents.dumps(check_document(files, bodies)))
        return
    from pgmg.render.text.plans.body_lines import body_lines, file_lines
    from pgmg.render.text.spans import plain

    lines = [*(() if files is None else file_lines(files)), *(() if bodies is None else body_lines(bodies))]
    if console := _terminal(call):
        from pgmg.render.text import styled

        styled.show(console, lines)
    else:
        call.result(plain(lines).rstrip("\n"))


def verification(call: Call, shown: Verification) -> None:
    """Show what of a report is still true."""
    from pgmg.render.text.plans.verification_lines import verification_lines
    from pgmg.render.text.spans import plain

    if call.json:
        from pgmg.render.json import documents
        from pgmg.render.json.verification_json import verification_document

        call.result(documents.dumps(verification_document(shown)))
    elif console := _terminal(call):
        from pgmg.render.text import styled

        styled.show(console, verification_lines(shown))
    else:
        call.result(plain(verification_lines(shown)).rstrip("\n"))


def status(call: Call, shown: Status) -> None:
    """Show a status."""
    if call.json:
        from pgmg.render.json import documents

        call.result(documents.dumps(documents.status_document(shown)))
    elif console := _terminal(call):
        from pgmg.render.text import styled

        styled.show_status(console, shown, max(call.verbosity, 0))
    else:
        from pgmg.render.text import plain

        call.result(plain.status_text(shown, max(call.verbosity, 0)).rstrip("\n"))


def changes(call: Call, shown: Sequence[Change]) -> None:
    """Show differences."""
    if call.json:
        from pgmg.render.json import documents

        call.result(documents.dumps(documents.diff_document(shown)))
    elif console := _terminal(call):
        from pgmg.render.text import styled

        styled.show_diff(console, shown)
    else:
        from pgmg.render.text import plain

        call.result(plain.diff_text(shown).rstrip("\n"))


def rows(call: Call, shown: Sequence[RowDifference]) -> None:
    """Show the row differences of views."""
    if call.json:
        from pgmg.render.json import documents
        from pgmg.render.json.rows_json import rows_document

        call.result(documents.dumps(rows_document(shown)))
    elif console := _terminal(call):
        from pgmg.render.text import styled

        styled.show_rows(console, shown)
    else:
        from pgmg.render.text import plain

        call.result(plain.rows_text(shown).rstrip("\n"))


def graph(call: Call, shown: Graph) -> None:
    """Show a graph as a tree."""
    if call.json:
        from pgmg.render.json import documents

        call.result(documents.dumps(documents.graph_document(shown)))
    elif console := _terminal(call):
        from pgmg.render.text import styled

        styled.show_graph(console, shown)
    else:
        from pgmg.render.graph import formats as drawing

        call.result(drawing.to_tree(shown).rstrip("\n"))


def baseline(call: Call, recorded: Sequence[str]) -> None:
    """Show the result of a baseline."""
    if call.json:
        from pgmg.render.json import documents

        call.result(documents.dumps(documents.baseline_document(recorded)))
    elif recorded:
        call.result("\n".join(f"✓ Recorded migration: {name}" for name in recorded))
    else:
        call.result("Nothing to record: all these migrations are recorded.")


def record_changes(call: Call, changes: RecordChanges) -> None:
    """Show how records were corrected."""
    if call.json:
        from pgmg.render.json import documents

        call.result(documents.dumps(documents.record_changes_document(changes)))
        return
    from pgmg.render.text.results.record_lines import results

    call.result("\n".join(results(changes)) or "Nothing to change: the records say so already.")


def refreshed(call: Call, done: Sequence[Refreshed]) -> None:
    """Show which materialized views were refreshed, and how."""
    if call.json:
        from pgmg.render.json import documents

        call.result(documents.dumps(documents.refresh_document(done)))
        return
    from pgmg.render.text.plain import refresh_text

    call.result(refresh_text(done))


def history(call: Call, found: History) -> None:
    """Show a history."""
    from pgmg.render.text.results.history_lines import history_lines
    from pgmg.render.text.spans import plain

    if call.json:
        from pgmg.render.json import documents
        from pgmg.render.json.history_json import history_document

        call.result(documents.dumps(history_document(found)))
    elif console := _terminal(call):
        from pgmg.render.text import styled

        styled.show(console, list(history_lines(found, max(call.verbosity, 0))))
    else:
        call.result(plain(history_lines(found, max(call.verbosity, 0))))


def restoration_question(call: Call, found: RestoredSource) -> None:
    """Show on standard error how a file would change."""
    from pgmg.render.text import styled
    from pgmg.render.text.results.history_lines import restoration_lines

    styled.show(_console(call, sys.stderr), list(restoration_lines(found)))


def restoration(call: Call, found: RestoredSource) -> None:
    """Show which file was written."""
    if call.json:
        from pgmg.render.json import documents
        from pgmg.render.json.history_json import restoration_document

        call.result(documents.dumps(restoration_document(found)))
    elif found.is_done:
        call.result(f"Nothing to restore: {found.path} declares {found.object} as entry {found.number} has it.")
    else:
        call.result(f"✓ Restored {found.object} in {found.path} from entry {found.number}. The next apply applies it.")


def imported(call: Call, report: ImportReport) -> None:
    """Show the result of an import."""
    if call.json:
        from pgmg.render.json import documents
        from pgmg.render.json.import_json import import_document

        call.result(documents.dumps(import_document(report)))
        return
    from pgmg.render.text.results.import_lines import import_lines

    call.result("\n".join(import_lines(report, max(call.verbosity, 0))))


def reset(call: Call, report: ResetReport) -> None:
    """Show the result of a reset."""
    if call.json:
        from pgmg.render.json import documents

        call.result(documents.dumps(documents.reset_document(report)))
    else:
        from pgmg.render.text.results.reset_lines import reset_lines

        call.result("\n".join(reset_lines(report, max(call.verbosity, 0))))


def drawing_for(path: Path) -> Drawing:
    """Return the renderer for a file of this name.

    Raises:
        UsageError: the file name's suffix is unknown.
    """
    from pgmg.render.graph import formats as drawing

    found = drawing.file_writer(path.suffix)
    if found is None:
        raise UsageError(f"{path}: unknown picture format", hint="Use .svg, .png, .html, .dot or .mmd.")
    return found


@contextmanager
def progress(call: Call) -> Iterator[Listener]:
    """Provide a listener that shows the progress of an apply on standard error."""
    from pgmg.render import progress_listeners as listeners

    if call.verbosity < 0:
        yield lambda _event: None
        return
    if call.json or not sys.stderr.isatty():
        with listeners.PlainProgress(sys.stderr) as listener:
            yield listener
        return
    with listeners.RichProgress(_console(call, sys.stderr)) as listener:
        yield listener


def watching(call: Call) -> WatchListener:
    """Return a listener that prints each event of a watcher."""
    from pgmg.model.results.watch_events import Disconnected, Reconnected, WatchEvent
    from pgmg.render.text.results.watch_lines import Quiet, watch_lines

    verbose = max(call.verbosity, 0)
    reported: list[str] = []
    quiet = Quiet()

    def show_event(event: WatchEvent) -> None:
        if call.json:
            from pgmg.render.json import documents
            from pgmg.render.json.watch_json import watch_document

            call.result(documents.dumps(watch_document(event), indent=None))
            return
        from pgmg.render.text.spans import plain

        if quiet.leaves_out(event):
            return
        if isinstance(event, Disconnected):
            if str(event.error) in reported:
                return  # report the same failure once
            reported.append(str(event.error))
        elif isinstance(event, Reconnected):
            reported.clear()
        lines = list(watch_lines(event, verbose))
        if console := _terminal(call):
            from pgmg.render.text import styled

            styled.show(console, lines)
        elif lines:
            call.result(plain(lines))

    return show_event


def _terminal(call: Call) -> Console | None:
    """Return a console for coloured output; None for plain text, which does not import rich."""
    return _console(call, sys.stdout) if sys.stdout.isatty() and not call.no_color else None


def _console(call: Call, stream: TextIO) -> Console:
    from rich.console import Console

    return Console(file=stream, color_system=None if call.no_color else "auto")
