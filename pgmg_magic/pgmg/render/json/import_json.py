"""The JSON document of an import."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pgmg.model.import_report import ImportReport


def import_document(report: ImportReport) -> dict[str, object]:
    """Return what `pgmg import --format json` prints."""
    proof = report.proof
    return {
        "dry_run": report.dry_run,
        "files": [{"path": file.path, "objects": list(file.objects)} for file in report.files],
        "migrations": [file.path for file in report.migrations],
        "left_out": [{"object": one.object, "reason": one.reason, "sql": one.sql} for one in report.left_out],
        "proof": {
            "plan_is_empty": proof.is_planned_empty,
            "dump_is_equal": proof.is_dump_equal,
            "why": proof.why or None,
            "compared": proof.compared,
            "differences": list(proof.differences),
        },
        "duration_ms": report.duration_ms,
    }
