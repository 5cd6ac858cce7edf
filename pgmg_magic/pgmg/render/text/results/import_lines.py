"""Says what an import wrote, what it left out, and what was proved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.render.text.plans.diff_lines import unified_texts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgmg.model.results.import_report import ImportedFile, ImportReport, LeftOut, Proof

_SHOWN = 20
"""Files listed without --verbose."""


def import_lines(report: ImportReport, verbose: int = 0) -> Iterator[str]:
    """Yield the lines of a report."""
    if not (report.files or report.migrations or report.left_out or report.taken_over):
        yield "Nothing to import: every object that files can declare is declared."
        return
    files = [*report.migrations, *report.files]
    shown = files if verbose or len(files) <= _SHOWN else files[: _SHOWN - 1]
    for file in shown:
        yield from _recorded(file, report) if report.records_only else _file(file, dry_run=report.dry_run)
    if len(shown) < len(files):
        yield f"  … and {len(files) - len(shown)} more files (-v lists them)"
    yield from _summary(report)
    if report.left_out:
        yield ""
        yield "Left to the next plan:" if report.records_only else "Not carried over:"
        for one in report.left_out:
            yield from _left_out(one, verbose)
    if report.needs:
        yield ""
        yield "Needed in a new database, and left to somebody else by the setting ignore:"
        yield from (f"  - {line}" for line in report.needs)
    yield from _proof(report.proof)


def _file(file: ImportedFile, *, dry_run: bool) -> Iterator[str]:
    done, to_do = ("✓ Changed", "  would change") if file.is_changed else ("✓ Wrote", "  would write")
    yield f"{to_do if dry_run else done} {file.path}"
    if file.is_changed:
        yield from (
            f"    {row}" for row in unified_texts(file.before, file.after, file.path, f"{file.path} (database)")
        )


def _recorded(file: ImportedFile, report: ImportReport) -> Iterator[str]:
    done = "  would record" if report.dry_run else "✓ Recorded"
    yield f"{done} {_count(len(file.objects), 'object')} of {file.path}"


def _summary(report: ImportReport) -> Iterator[str]:
    what = f"{_count(report.objects, 'object')} in {_count(len(report.files), 'file')}"
    if report.taken_over:
        what += f", {_count(len(report.taken_over), 'migration')} of the original pgmg"
    if report.migrations:
        what += f", {_count(len(report.migrations), 'migration')}"
    yield f"{what}{'' if report.dry_run else ', recorded as applied'}."


def _left_out(one: LeftOut, verbose: int) -> Iterator[str]:
    yield f"  - {one.object}: {one.reason}"
    if verbose and one.sql:
        yield from (f"      {line}" for line in one.sql.split("\n"))


def _proof(proof: Proof) -> Iterator[str]:
    if proof.is_planned_empty:
        yield "✓ The next plan is empty."
    elif proof.is_planned_empty is False:
        yield f"The next plan changes no imported object; {proof.why}."
    if proof.is_dump_equal:
        yield f"✓ Applied to an empty database, pg_dump is equal ({_count(proof.compared, 'statement')} compared)."
    elif proof.is_dump_equal is False:
        yield f"✗ Applied to an empty database, pg_dump differs in {_count(len(proof.differences), 'statement')}:"
        for difference in proof.differences:
            yield from (f"    {line}" for line in difference.split("\n"))
    elif proof.is_planned_empty is not None and proof.why:
        yield f"Not proved on an empty database: {proof.why}"


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"
