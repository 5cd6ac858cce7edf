"""What is put on a page: complete, escaped, usable by those who do not see it or use no mouse."""

from __future__ import annotations

import re
import sys
from html.parser import HTMLParser
from types import SimpleNamespace

import pytest

import pgmg
from pgmg.errors import PgmgError
from pgmg.model.graph import Graph, Node
from pgmg.model.names import Kind, ObjectName, migration_name
from pgmg.model.place import Place
from pgmg.model.plan import Action, Affected, Change, ChangeKind, DatabaseInfo, Edge, MigrationImpact, Plan, Step
from pgmg.model.source import Notice
from pgmg.render import html_graph
from pgmg.render.diff_html import changes_html, readable, rows
from pgmg.render.engine import GraphError
from pgmg.render.html_error import error_html
from pgmg.render.html_impact import counts, deletions, locks
from pgmg.render.html_sql import highlighted
from pgmg.render.plan_html import plan_html

HOSTILE = "we\"ird</script><script>document.title='owned'</script><img src=x onerror=alert(1)>\x1b[31m\u202e'&amp;{{x}}"
ALLOWED = re.compile(r"<script>.*?</script>", re.DOTALL)


def view(name, schema="public"):
    return ObjectName(Kind.VIEW, name, schema)


def plan_of(*steps, **more):
    return Plan("sha256:" + "ab" * 32, DatabaseInfo("shop", "18.4"), steps=steps, **more)


def step(number, action, name, *sql, reason="why", path="sql/a.sql", **more):
    return Step(number, action, name, sql or ("SELECT 1",), reason, Place(path, 3, 1), **more)


class Tags(HTMLParser):
    """The elements of a page, and whether they are closed in order."""

    void = frozenset({"input", "img", "br", "meta"})

    def __init__(self, page):
        super().__init__()
        self.found, self.open, self.attributes = [], [], []
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.found.append(tag)
        self.attributes += [name for name, _ in attributes]
        if tag not in self.void:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def hostile():
    name = view(HOSTILE)
    return plan_of(
        step(1, Action.DROP, name, HOSTILE, reason=HOSTILE, path=f"javascript:{HOSTILE}"),
        step(2, Action.REPLACE, view("other"), HOSTILE),
        changes=(
            Change(name, ChangeKind.DELETED, HOSTILE),
            Change(view("other"), ChangeKind.MODIFIED, HOSTILE, 1, HOSTILE, f"{HOSTILE}\n1"),
            Change(view(HOSTILE, HOSTILE), ChangeKind.FORMATTING, HOSTILE, 1),
        ),
        migrations=(MigrationImpact(HOSTILE, HOSTILE, (Affected(name, HOSTILE, (view(HOSTILE),)),)),),
        edges=(Edge(name, view("other")),),
        warnings=(Notice("x", HOSTILE, HOSTILE),),
    )


@pytest.mark.parametrize(
    "page",
    [
        plan_html(hostile(), "."),
        changes_html(hostile().changes),
        error_html(PgmgError(HOSTILE, where=Place(HOSTILE, 1, 1, HOSTILE), hint=HOSTILE)),
        html_graph.graph_html(html_graph.plan_graph(hostile())),
    ],
    ids=["plan", "diff", "error", "graph"],
)
def test_hostile_names_are_only_names(page):
    tags = Tags(page)
    assert "img" not in tags.found
    assert not [name for name in tags.attributes if name.startswith("on")]
    assert "owned" not in "".join(ALLOWED.findall(page))
    assert "\x1b" not in page
    assert "\u202e" not in page
    assert not re.search(r'href="(?!\./)', page)


def test_a_plan_is_a_table_with_headers_for_those_who_hear_it():
    page = plan_html(plan_of(step(1, Action.CREATE, view("a"), "CREATE VIEW a AS SELECT 1")), "..")
    for header in ("Action", "Kind", "Object", "Reason", "File"):
        assert f'<th scope="col">{header}</th>' in page
    assert 'scope="row"' in page
    assert 'aria-label="Plan"' in page
    assert '<a href="./../sql/a.sql">sql/a.sql:3</a>' in page
    assert '<span class="k">CREATE</span>' in page


def test_many_steps_are_folded_by_what_they_do():
    steps = [step(n, Action.DROP, view(f"v{n}")) for n in range(1, 301)]
    page = plan_html(plan_of(*steps))
    assert "Dropping 300 objects" in page
    assert '<details class="pgmg-part steps">' in page
    assert "not shown" in page
    assert len(page) < 1_000_000


def test_a_difference_is_shown_with_its_step():
    change = Change(
        view("a"), ChangeKind.MODIFIED, "a.sql", 1, "CREATE VIEW a AS\nSELECT 1", "CREATE VIEW a AS\nSELECT 2"
    )
    page = plan_html(plan_of(step(1, Action.REPLACE, view("a")), changes=(change,)))
    assert '<span class="d-removed">-SELECT 1' in page
    assert '<span class="d-added">+SELECT 2' in page


def test_long_lines_are_laid_out_before_they_are_compared():
    columns = ", ".join(f"column_number_{n}" for n in range(12))
    change = Change(
        view("a"),
        ChangeKind.MODIFIED,
        before=f"CREATE VIEW a AS SELECT {columns} FROM t",
        after=f"CREATE VIEW a AS SELECT {columns}, more FROM t",
    )
    assert [text for kind, text in rows(change) if kind == "added"] == ["+  column_number_11,", "+  more"]
    other = Change(view("a"), ChangeKind.MODIFIED, before="x" * 200, after="CREATE OPERATOR ++ (" + "y" * 200)
    assert readable(other) is other


def test_the_summary_counts_objects_not_steps():
    plan = plan_of(
        step(1, Action.DROP, view("a")),
        step(2, Action.DROP, view("gone")),
        step(3, Action.MIGRATE, migration_name("1.sql")),
        step(4, Action.CREATE, view("a")),
        step(5, Action.RESTORE, view("a")),
        step(6, Action.CREATE, view("b")),
    )
    assert [count.text for count in counts(plan)] == ["1 migration", "1 deleted", "1 recreated", "1 created"]
    assert deletions(plan) == ("view.gone",)
    assert locks(plan).readers == ("view.a", "view.gone")


def test_passwords_are_hidden_in_sql():
    assert "sekret" not in highlighted("ALTER ROLE me PASSWORD 'sekret'")


def test_sql_is_escaped_and_keeps_every_character():
    text = "SELECT '<b>', $$ & $$, 1.5 -- <i>\nFROM \"t\""
    shown = re.sub(r"<[^>]+>", "", highlighted(text))
    assert shown == text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("'", "&#39;").replace(
        '"', "&#34;"
    )


def test_a_large_graph_is_reduced_to_what_changes_and_says_how_much_it_hides():
    names = [view(f"v{n:04}") for n in range(1000)]
    nodes = tuple(Node(name, change=ChangeKind.NEW if n == 500 else None) for n, name in enumerate(names))
    edges = tuple(Edge(a, b) for a, b in zip(names[1:], names, strict=False))
    shown = html_graph.focus(Graph(nodes, edges))
    assert [node.object.name for node in shown.nodes] == ["v0499", "v0500", "v0501"]
    assert shown.hidden == 997
    assert "997 more objects not shown" in html_graph.graph_html(shown)


def test_without_graphviz_there_is_a_tree(monkeypatch):
    def none(_dot):
        raise GraphError("There is no Graphviz")

    monkeypatch.setattr(html_graph.svg, "element", none)
    monkeypatch.setattr(html_graph.svg, "picture", none)
    graph = Graph((Node(view("a")), Node(view("b"))), (Edge(view("a"), view("b")),))
    found = html_graph.graph_bundle(graph)
    assert found.keys() == {"text/html", "text/plain"}
    assert "└── view.b" in found["text/html"]


def test_to_frame_says_what_it_needs(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(PgmgError, match="pandas"):
        pgmg.to_frame(plan_of())


def test_to_frame_has_a_row_a_step_and_no_password(monkeypatch):
    class Frame:
        def __init__(self, rows, columns):
            self.rows, self.columns = rows, columns

        def set_index(self, name):
            assert name in self.columns
            return self

    monkeypatch.setitem(sys.modules, "pandas", SimpleNamespace(DataFrame=Frame))
    frame = pgmg.to_frame(plan_of(step(1, Action.CREATE, view("a"), "ALTER ROLE me PASSWORD 'sekret'")))
    (row,) = frame.rows
    assert row.keys() == set(frame.columns)
    assert (row["object"], row["path"], row["line"]) == ("view.a", "sql/a.sql", 3)
    assert "sekret" not in row["sql"]
