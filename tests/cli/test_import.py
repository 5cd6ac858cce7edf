"""The command `pgmg import`, without a server."""

from __future__ import annotations

import json

import pytest

from pgmg.importing import Importer
from pgmg.model.results.import_report import ImportedFile, ImportOptions, ImportReport, Layout, LeftOut, Proof
from pgmg.render.text.results.import_lines import import_lines


@pytest.fixture
def importing(monkeypatch):
    """What the import was asked for, and its report."""
    asked, reports = [], [ImportReport()]

    def run(_self, options, *, dry_run):
        asked.append((options, dry_run))
        return reports[-1]

    monkeypatch.setattr(Importer, "run", run)
    return asked, reports


def test_options_reach_the_import(fake, pgmg, importing):
    words = ["--schema", "app", "--kind", "view", "--include", "a*", "--include", "b*", "--exclude", "c*"]
    done = pgmg("import", "v", *words, "--layout", "flat", "--baseline", "--force", "--no-verify", "--dry-run")
    assert done.exit_code == 0, done.stderr
    assert importing[0] == [
        (
            ImportOptions(
                ("v",), ("app",), ("view",), ("a*", "b*"), ("c*",), Layout.FLAT, baseline=True, force=True, verify=False
            ),
            True,
        )
    ]


def test_json_is_the_document_alone(fake, pgmg, importing):
    done = pgmg("import", "--format", "json")
    assert json.loads(done.stdout)["files"] == []


def test_a_proof_that_fails_has_an_exit_code(fake, pgmg, importing):
    importing[1].append(ImportReport(proof=Proof(True, False, compared=1)))
    assert pgmg("import").exit_code == 5


@pytest.mark.parametrize("verbose", [0, 1])
def test_the_report_lists_files_what_is_missing_and_what_is_proved(verbose):
    report = ImportReport(
        files=tuple(ImportedFile(f"sql/{n}.sql", (f"view.v{n}",)) for n in range(30)),
        left_out=(LeftOut("view.v1", "no code file can state it", "ALTER …"),),
        proof=Proof(True, True, compared=1234),
    )
    said = "\n".join(import_lines(report, verbose))
    assert said.count("✓ Wrote") == (30 if verbose else 19)
    assert ("ALTER …" in said) == bool(verbose)
    assert "30 objects in 30 files, recorded as applied." in said
    assert "  - view.v1: no code file can state it" in said
    assert "✓ The next plan is empty." in said
    assert "pg_dump is equal (1,234 statements compared)" in said
