"""The JSON document of an import."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.render.text.plans.diff_lines import unified_texts

if TYPE_CHECKING:
    from pgmg.model.results.import_report import ImportedFile, ImportReport


def _file(file: ImportedFile) -> dict[str, object]:
    found: dict[str, object] = {"path": file.path, "objects": list(file.objects)}
    if file.is_changed:
        rows = unified_texts(file.before, file.after, file.path, f"{file.path} (database)")
        found["diff"] = "\n".join(rows)
    return found


def import_document(report: ImportReport) -> dict[str, object]:
    """Return what `pgmg import --format json` prints."""
    proof = report.proof
    return {
        "dry_run": report.dry_run,
        "files": [_file(file) for file in report.files],
        "migrations": [file.path for file in report.migrations],
        "taken_over": list(report.taken_over),
        "left_out": [{"object": one.object, "reason": one.reason, "sql": one.sql} for one in report.left_out],
        "needs": list(report.needs),
        "proof": {
            "plan_is_empty": proof.is_planned_empty,
            "dump_is_equal": proof.is_dump_equal,
            "why": proof.why or None,
            "compared": proof.compared,
            "differences": list(proof.differences),
        },
        "duration_ms": report.duration_ms,
    }
