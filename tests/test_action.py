"""The scripts of the action `.github/actions/plan`, run as the action runs them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ACTION = Path(__file__).parents[1] / ".github" / "actions" / "plan"

GH = """#!/usr/bin/env bash
# stands for GitHub's program: lists the comments that the test says, writes down every call and the body sent
echo "$@" >>"$CALLS"
for word in "$@"; do case "$word" in body=@*) cp "${word#body=@}" "$SENT" ;; esac; done
case "$*" in *--jq*) printf '%s' "$COMMENTS" | python3 -c '
import json, os, sys
for one in json.load(sys.stdin):
    if one["body"].startswith(os.environ["MARK"]): print(one["id"])
' ;; esac
"""


@pytest.fixture
def run(tmp_path):
    """Run a script of the action with these variables; return its exit code."""
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "gh").write_text(GH)
    (programs / "gh").chmod(0o755)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "GITHUB_"))}
    path = os.pathsep.join((str(programs), str(Path(sys.executable).parent), os.environ["PATH"]))

    def go(script, cwd=tmp_path, **variables):
        bash = shutil.which("bash")
        return subprocess.run(
            [bash, ACTION / script], cwd=cwd, env={**kept, "PATH": path, **variables}, check=False, capture_output=True
        ).returncode

    return go


def outputs(file):
    return dict(line.split("=", 1) for line in file.read_text().splitlines())


@pytest.fixture
def plan(run, project, tmp_path):
    """Run plan.sh in a project; return its exit code, outputs and summary."""
    files = {"GITHUB_OUTPUT": tmp_path / "output", "GITHUB_STEP_SUMMARY": tmp_path / "job-summary"}

    def go():
        for file in files.values():
            file.write_text("")
        settings = {"PGMG_CONNECTION_STRING": project.dsn, "RUNNER_TEMP": str(tmp_path), "PGMG_ENVIRONMENT": ""}
        code = run(
            "plan.sh", project.root, PGMG_ALLOW="", **settings, **{name: str(path) for name, path in files.items()}
        )
        return code, outputs(files["GITHUB_OUTPUT"]), files["GITHUB_STEP_SUMMARY"].read_text()

    return go


def test_a_pending_plan_is_reported_and_saved(plan, project):
    project.write("sql/v.sql", "CREATE VIEW v AS SELECT 1 AS x;")
    code, said, summary = plan()
    assert (code, said["pending"]) == (0, "true")
    assert Path(said["plan"]).read_text().startswith("{")
    assert "### pgmg plan: 1 to create" in summary
    assert Path(said["report"]).read_text() == summary


def test_nothing_to_do_is_no_failure(plan, project):
    project.write("sql/v.sql", "CREATE VIEW v AS SELECT 1 AS x;")
    project.apply()
    code, said, summary = plan()
    assert (code, said["pending"]) == (0, "false")
    assert "No changes" in summary


def test_no_plan_fails_and_the_report_holds_the_error(plan, project):
    project.write("sql/v.sql", "CREATE VIEW v AS SELEC 1;")
    code, said, summary = plan()
    assert (code, said["pending"]) == (1, "false")
    assert "plan" not in said
    assert "there is no plan" in summary
    assert "sql/v.sql:1" in summary


@pytest.mark.parametrize(
    ("comments", "call"),
    [
        ("[]", "--method POST repos/o/r/issues/7/comments"),
        (
            '[{"id": 3, "body": "hello"}, {"id": 4, "body": "<!-- pgmg plan: . prod -->\\nold"}]',
            "PATCH repos/o/r/issues/comments/4",
        ),
        ('[{"id": 4, "body": "<!-- pgmg plan: . staging -->\\nold"}]', "--method POST repos/o/r/issues/7/comments"),
    ],
)
def test_one_comment_is_kept(run, tmp_path, comments, call):
    report, calls, sent = tmp_path / "report.md", tmp_path / "calls", tmp_path / "sent"
    report.write_text("the report\n")
    variables = {"REPORT": str(report), "CALLS": str(calls), "SENT": str(sent), "COMMENTS": comments}
    assert run("comment.sh", NUMBER="7", KEY=". prod", GITHUB_REPOSITORY="o/r", **variables) == 0
    assert call in calls.read_text().splitlines()[-1]
    assert sent.read_text() == "<!-- pgmg plan: . prod -->\nthe report\n"


def test_a_key_cannot_end_the_mark(run, tmp_path):
    report, calls, sent = tmp_path / "report.md", tmp_path / "calls", tmp_path / "sent"
    report.write_text("x\n")
    variables = {"REPORT": str(report), "CALLS": str(calls), "SENT": str(sent), "COMMENTS": "[]"}
    assert run("comment.sh", NUMBER="7", KEY="a --> <b> $(id)", GITHUB_REPOSITORY="o/r", **variables) == 0
    assert sent.read_text().splitlines()[0] == "<!-- pgmg plan: a - b id -->"
