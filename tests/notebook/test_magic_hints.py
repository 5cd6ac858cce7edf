"""Hints name magics in a notebook and commands in a shell; messages are written once, in the shell's words."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import pgmg
from pgmg.cli.main import program
from pgmg.notebook.magic_commands.magic_hints import as_magics, page_as_magics

PACKAGE = Path(pgmg.__file__).parent
COMMANDS = "|".join(sorted(program.list_commands(None)))
BARE = re.compile(rf"(?<![`%\w./-])pgmg ({COMMANDS})\b")

NAME = re.compile(r"(### )?pgmg \w+( panel)?(: X)?")
"""Names of threads, a heading: nothing to type."""


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("`pgmg apply` restores it.", "`%pgmg_apply` restores it."),
        ("`pgmg import view.v 'trigger.t on x'`", "`%pgmg_import view.v 'trigger.t on x'`"),
        ("`pgmg baseline --rename OLD NEW` or `pgmg status`", "`%pgmg_baseline --rename OLD NEW` or `%pgmg_status`"),
        ("`pgmg apply --resume done`", "`%pgmg_apply --resume done`"),
        ("<code>pgmg plan</code> shows how", "<code>%pgmg_plan</code> shows how"),
        ("`pgmg reset --all` has no magic", "`pgmg reset --all` has no magic"),
        ("`pgmg plan --format markdown` has no such option", "`pgmg plan --format markdown` has no such option"),
        ("pgmg apply without quotes", "pgmg apply without quotes"),
        ("`pgmg` alone, `my pgmg plan`", "`pgmg` alone, `my pgmg plan`"),
    ],
)
def test_a_command_becomes_the_magic_that_takes_the_same_options(said, expected):
    assert as_magics(said) == expected


def test_sql_in_a_page_stays_as_it_is():
    page = '<p>`pgmg plan`</p><pre class="pgmg-sql" tabindex=0>-- `pgmg plan`</pre><table><td>`pgmg plan`</td></table>'
    assert page_as_magics(page) == page.replace("<p>`pgmg plan`", "<p>`%pgmg_plan`")


def _said(path):
    """Yield the texts of a module that are no docstrings, f-strings with a placeholder for each value."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    parts = {id(one) for joined in ast.walk(tree) if isinstance(joined, ast.JoinedStr) for one in joined.values}
    doc = {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(one.value) if isinstance(one, ast.Constant) else "X" for one in node.values), node.lineno
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and not {id(node)} & (parts | doc):
            yield node.value, node.lineno


def test_every_command_in_a_message_stands_between_backticks():
    """Otherwise nothing tells it from other words, and a notebook would show the shell's spelling."""
    modules = [p for p in PACKAGE.rglob("*.py") if p.relative_to(PACKAGE).parts[0] not in ("cli", "demo")]
    said = [(path.name, line, text) for path in modules for text, line in _said(path) if not NAME.fullmatch(text)]
    assert len(said) > 1000
    assert [one for one in said if BARE.search(re.sub(r"`[^`]*`|<!--.*", "", one[2]))] == []


def test_drift_offers_both_ways_in_the_words_of_the_front_end(cells, project):
    from pgmg.render.text.plain import plan_text, status_text

    project.write("sql/v.sql", "CREATE VIEW v AS SELECT 1 AS one;")
    project.write("sql/f.sql", "CREATE FUNCTION f(x integer) RETURNS integer LANGUAGE sql AS 'SELECT 1';")
    project.apply()
    project.do("CREATE OR REPLACE VIEW v AS SELECT 2 AS one", "COMMENT ON VIEW v IS 'by hand'")
    shell = "Drifted: `pgmg apply` restores the declared definition; `pgmg import view.v` keeps the database's."
    assert shell in plan_text(project.plan())
    with project.open() as opened:
        assert shell in status_text(opened.status())
    notebook = shell.replace("`pgmg ", "`%pgmg_")
    for magic in ("%pgmg_plan", "%pgmg_status"):
        (output, *_) = [
            one for one in cells(magic).outputs if "text/html" in one.data and "v" in one.data["text/plain"]
        ]
        assert notebook in output.data["text/plain"]
        shown = re.sub("`(.*?)`", r"<code>\1</code>", notebook.replace("'", "&#39;"))
        assert shown in output.data["text/html"]
    cells("%pgmg_import view.v")
    project.settled()
    project.do("CREATE OR REPLACE FUNCTION f(x integer) RETURNS integer LANGUAGE sql AS 'SELECT 2'")
    assert "`pgmg import 'function.f(integer)'` keeps" in plan_text(project.plan())
    cells("%pgmg_import 'function.f(integer)'")
    project.settled()


def test_errors_name_magics_too(cells, project):
    project.write("migrations/001.sql", "CREATE TABLE t ();")
    project.apply()
    project.remove("migrations/001.sql")
    project.write("migrations/002.sql", "CREATE TABLE t ();")
    said, _ = cells.failing("%pgmg_plan")
    assert "`%pgmg_baseline --rename 001.sql 002.sql`" in said
