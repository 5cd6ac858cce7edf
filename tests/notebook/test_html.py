"""What is put on a page: complete, escaped, usable by those who do not see it or use no mouse."""

from __future__ import annotations

import base64
import json
import re
import zlib
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from pgmg.errors import PgmgError, StalePlanError
from pgmg.model.naming.location import SourceLocation
from pgmg.model.naming.names import Kind, ObjectName, migration_name
from pgmg.model.plans.plan import Action, Affected, Change, ChangeKind, DatabaseInfo, Edge, MigrationImpact, Plan, Step
from pgmg.model.plans.risk import FirstLock, LockMode, Risk, RiskKind
from pgmg.model.results.events import AppliedStep, ApplyResult
from pgmg.model.results.graph_data import Graph, GraphNode
from pgmg.model.results.status_report import Status
from pgmg.model.sources.source import Alteration, Effect, Migration, Notice, Statement, Target
from pgmg.notebook.formatters import HTML, bundle
from pgmg.render import labels
from pgmg.render.graph.graphviz_engine import GraphError
from pgmg.render.html import graph_html
from pgmg.render.html.confirm_html import confirm_html
from pgmg.render.html.diff_html import changes_html, readable, rows
from pgmg.render.html.error_html import error_html
from pgmg.render.html.plan_html import plan_html
from pgmg.render.html.result_html import result_html
from pgmg.render.html.sql_html import highlighted
from pgmg.render.html.status_html import status_html
from pgmg.render.impact import counts, deletions, locks, rewrites
from pgmg.render.sql_layout import laid_out
from pgmg.render.text.side_by_side import sides

HOSTILE = "we\"ird</script><script>document.title='owned'</script><img src=x onerror=alert(1)>\x1b[31m\u202e'&amp;{{x}}"
SAID = ((Kind.GRANT, "a"), (Kind.GRANT, "b"), (Kind.COMMENT, None), (Kind.OWNER, None))
ALLOWED = re.compile(r"<script>.*?</script>", re.DOTALL)


def view(name, schema="public"):
    return ObjectName(Kind.VIEW, name, schema)


def plan_of(*steps, **more):
    return Plan("sha256:" + "ab" * 32, DatabaseInfo("shop", "18.4"), steps=steps, **more)


def step(number, action, name, *sql, reason="why", path="sql/a.sql", **more):
    return Step(number, action, name, sql or ("SELECT 1",), reason, SourceLocation(path, 3, 1), **more)


class Tags(HTMLParser):
    """The elements of a page, and whether they are closed in order."""

    void = frozenset({"input", "img", "br", "meta", "wbr", "col"})

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


def done(plan, milliseconds=0.4):
    return ApplyResult(
        plan,
        applied=True,
        steps=tuple(AppliedStep(one, milliseconds) for one in plan.steps),
        migrations_recorded=(HOSTILE,),
        objects_updated=2,
        discovered=plan.edges,
        duration_ms=1234.5,
    )


def status(plan):
    return Status(HOSTILE, plan.database, (HOSTILE,), (HOSTILE,), (("view", 2),), plan.changes, plan.warnings)


@pytest.mark.parametrize(
    "page",
    [
        plan_html(hostile(), "."),
        plan_html(hostile(), ".", applied=True),
        confirm_html(hostile()),
        result_html(done(hostile())),
        status_html(status(hostile())),
        changes_html(hostile().changes),
        error_html(PgmgError(HOSTILE, where=SourceLocation(HOSTILE, 1, 1, HOSTILE), hint=HOSTILE)),
        graph_html.graph_html(graph_html.plan_graph(hostile())),
    ],
    ids=["plan", "applied", "confirm", "result", "status", "diff", "error", "graph"],
)
def test_hostile_names_are_only_names(page):
    tags = Tags(page)
    assert all(
        source.startswith("data:image/svg+xml;base64,") for source in re.findall(r'<img [^>]*src="([^"]*)"', page)
    )
    assert "onerror" not in tags.attributes
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
    assert '<a href="./../sql/a.sql">sql/<wbr>a.sql:3</a>' in page
    assert '<span class="k">CREATE</span>' in page


def test_many_steps_are_folded_by_what_they_do():
    steps = [step(n, Action.DROP, view(f"v{n}")) for n in range(1, 301)]
    page = plan_html(plan_of(*steps))
    assert "Dropping 300 views" in page
    assert '<details class="pgmg-part steps">' in page
    assert len(page) < 100_000


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


def test_laying_out_keeps_what_a_statement_says():
    written = "CREATE VIEW v AS SELECT Now(), sum(x::numeric) AS s FROM t WHERE a /* why */ GROUP BY 1"
    assert laid_out(written) == (
        "CREATE VIEW v AS\nSELECT\n  Now(),\n  sum(CAST(x AS DECIMAL)) AS s\nFROM t\nWHERE\n  a /* why */\nGROUP BY\n  1"
    )
    # sqlglot would make another interval of this one
    assert laid_out("CREATE VIEW v AS SELECT INTERVAL '1 day' * n AS i FROM t") is None
    for beyond in ("CREATE VIEW v AS SELECT a FROM t ORDER BY a USING <", "CREATE OPERATOR ++ (LEFTARG = int)", "x ("):
        assert laid_out(beyond) is None


def test_what_the_database_prints_is_laid_out_as_the_source_is():
    change = Change(
        view("a"),
        ChangeKind.DRIFTED,
        before="CREATE VIEW a AS\n SELECT t.x,\n    2 AS n\n   FROM t",
        after="CREATE VIEW a AS SELECT t.x, 1 AS n FROM t",
    )
    assert [text for kind, text in rows(change) if kind in ("added", "removed")] == ["-  2 AS n", "+  1 AS n"]


def test_a_difference_can_be_looked_at_side_by_side():
    change = Change(
        view("a"), ChangeKind.MODIFIED, before="SELECT 1\nFROM t\nWHERE x < 1", after="SELECT 2,\n 3\nFROM t"
    )
    assert sides(rows(change)) == (
        (("hunk", "@@ -1,3 +1,3 @@"), None),
        (("removed", "SELECT 1"), ("added", "SELECT 2,")),
        (None, ("added", " 3")),
        (("same", "FROM t"), ("same", "FROM t")),
        (("removed", "WHERE x < 1"), None),
    )
    page = changes_html([change])
    assert "<summary>Side by side</summary>" in page
    assert '<td class="d-removed">WHERE x &lt; 1</td><td class="d-none"></td>' in page
    assert '<span class="d-removed">-WHERE x &lt; 1' in page
    new = Change(view("a"), ChangeKind.NEW, after="SELECT 1")
    assert sides(rows(new)) == ()
    assert "Side by side" not in changes_html([new])


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


def test_the_summary_counts_what_is_said_about_objects_by_kind():
    said = [ObjectName(kind, "", parent=view("a"), detail=who) for kind, who in SAID]
    plan = plan_of(*(step(n, Action.COMMENT, name) for n, name in enumerate(said, start=1)))
    assert [count.text for count in counts(plan)] == ["1 owner", "2 grants", "1 comment"]


def altered(*alterations):
    """A step that runs a migration with these alterations."""
    statement = Statement("", SourceLocation("migrations/1.sql", 1, 1), alterations=tuple(alterations))
    migration = Migration("1.sql", "migrations/1.sql", "", "", (statement,))
    return step(1, Action.MIGRATE, migration_name("1.sql"), migration=migration)


def table(*parts):
    return Target(Kind.TABLE, parts)


def test_relations_that_the_plan_creates_itself_are_neither_locked_nor_lost_nor_rewritten():
    plan = plan_of(
        altered(
            Alteration(Effect.CREATE, table("new")),
            Alteration(Effect.RETYPE_COLUMN, table("new"), "a"),
            Alteration(Effect.DROP_COLUMN, table("new"), "b"),
            Alteration(Effect.RENAME, table("new"), new_name="newer"),
            Alteration(Effect.ADD_COLUMN, table("newer"), "c"),
            Alteration(Effect.CREATE, table("here"), if_exists=True),
            Alteration(Effect.ADD_COLUMN, table("here"), "d"),
            Alteration(Effect.RENAME, table("old"), new_name="older"),
            Alteration(Effect.ADD_COLUMN, table("older"), "e"),
            Alteration(Effect.DROP, table("newer")),
        )
    )
    assert locks(plan).readers == ("table.here", "table.old")
    assert deletions(plan) == ()
    assert rewrites(plan) == ()


def test_a_table_that_is_dropped_and_created_again_loses_its_rows_and_a_view_does_not():
    for target, lost in ((table("t"), ("table.t (1.sql)",)), (Target(Kind.VIEW, ("v",)), ())):
        plan = plan_of(altered(Alteration(Effect.DROP, target), Alteration(Effect.CREATE, target)))
        assert deletions(plan) == lost


@pytest.mark.parametrize("kind", [ChangeKind.DRIFTED, ChangeKind.ADOPTED, ChangeKind.MISSING])
def test_code_changes_are_listed_with_their_reasons_however_many_there_are(kind):
    odd = Change(view("odd"), kind, "sql/odd.sql", 1)
    for others in (0, 200):
        changes = (odd, *(Change(view(f"v{n}"), ChangeKind.NEW, f"sql/v{n}.sql", 1) for n in range(others)))
        steps = [step(n, Action.CREATE, change.object) for n, change in enumerate(changes, start=1)]
        page = plan_html(plan_of(*steps, changes=changes), ".")
        listed = re.search(r'<details class="pgmg-part changes".*?</details>', page, re.DOTALL)[0]
        assert labels.change(kind).why in listed
        assert "view.odd" in listed
        assert '<a href="./sql/odd.sql">' in listed.replace("././", "./")
        assert ("200 new" in listed) is (others > 0)
        assert "view.v7" not in listed


def test_the_sql_of_a_long_plan_is_packed_and_complete():
    names = [view(f"v{n}") for n in range(200)]
    changes = (Change(names[7], ChangeKind.MODIFIED, "a.sql", 1, "SELECT 'old'", "SELECT 'neẅ </script>'"),)
    steps = [step(n, Action.REPLACE, name, f"SELECT {n}") for n, name in enumerate(names, start=1)]
    page = plan_html(plan_of(*steps, changes=changes), ".")
    Tags(page)
    (packed,) = re.findall(r'<script type="text/plain" class="packed">([A-Za-z0-9+/=]+)</script>', page)
    unpacked = json.loads(zlib.decompress(base64.b64decode(packed)))
    assert [sql for sql, _ in unpacked] == [f"SELECT {n};" for n in range(1, 201)]
    assert unpacked[7][1] == [
        ["hunk", "@@ -1 +1 @@"],
        ["removed", "-SELECT 'old'"],
        ["added", "+SELECT 'neẅ </script>'"],
    ]
    assert "pgmg-sql" not in ALLOWED.sub("", page)


def test_an_applied_plan_warns_and_locks_no_more():
    plan = plan_of(step(1, Action.DROP, view("gone")), warnings=(Notice("x", "mind this"),))
    before, after = plan_html(plan), plan_html(plan, applied=True)
    assert "Deleted:" in before
    assert "mind this" in before
    assert "Locks until the commit" in before
    for said in ("Deleted:", "mind this", "Locks until the commit"):
        assert said not in after
    assert "<strong>Applied plan</strong>" in after


@pytest.mark.parametrize("few", [True, False])
def test_the_first_locks_of_a_transaction_stand_where_its_steps_begin(few):
    more = range(4, 4 if few else 60)
    steps = [step(1, Action.CREATE, view("a")), step(2, Action.MIGRATE, migration_name("2.sql"), group=2)]
    steps += [step(3, Action.MIGRATE, migration_name("3.sql"), group=3)]
    steps += [step(n, Action.CREATE, view(f"v{n}"), group=3) for n in more]
    locks = [
        FirstLock(2, ObjectName(Kind.TABLE, "users"), LockMode.SHARE, 2),
        FirstLock(3, ObjectName(Kind.TABLE, "orders"), LockMode.ACCESS_EXCLUSIVE, 3),
    ]
    page = plan_html(replace(plan_of(*steps), first_locks=tuple(locks)))
    summaries = [re.sub(r"<[^>]*>", "", one) for one in re.findall(r"<summary>(.*?)</summary>", page)]
    shown = [one for one in summaries if "Group" in one]
    assert len(shown) == (3 if few else 4)
    assert [("locks first" in one) for one in shown] == [False, True, True, *([] if few else [False])]
    assert shown[1].endswith("locks first users (ShareLock)")
    assert shown[2].endswith("locks first orders (AccessExclusiveLock)")


def test_a_result_says_what_was_done_and_for_how_long():
    page = result_html(done(plan_of(step(1, Action.CREATE, view("a")))))
    assert "All changes applied successfully." in page
    assert "1.2 s" in page
    assert "recorded 2 objects" in page
    assert "Created view: a" in page
    assert "&lt; 1 ms" in page


def test_a_rehearsal_and_an_empty_result_say_so():
    plan = plan_of(step(1, Action.CREATE, view("a")))
    assert "Dry run: nothing was changed" in result_html(ApplyResult(plan, applied=False))
    assert "No changes." in result_html(ApplyResult(plan_of(), applied=False))


def test_a_status_says_what_is_to_be_done_first():
    plan = plan_of(changes=(Change(view("a"), ChangeKind.DRIFTED, "a.sql", 1), Change(view("b"), ChangeKind.NEW)))
    page = status_html(Status("here", plan.database, ("1.sql",), ("2.sql",), (("view", 2),), plan.changes))
    assert page.index("To do: 1 migration, 2 changes.") < page.index("Pending migrations") < page.index("Drift")
    assert "2 managed" in page
    assert ": 2 views" in page
    assert "Nothing to do." in status_html(Status("here", plan.database))


def test_errors_stand_out_and_a_stale_plan_is_no_error():
    assert 'class="callout r-dropped" role="alert"' in error_html(PgmgError("broken"))
    stale = error_html(StalePlanError("something was applied"))
    assert 'class="callout r-warning" role="alert"' in stale
    assert "Error:" not in stale
    assert "sekret" not in error_html(PgmgError("no sekret here"), ("sekret",))


def test_passwords_are_hidden_in_sql():
    assert "sekret" not in highlighted("ALTER ROLE me PASSWORD 'sekret'")


def test_sql_is_escaped_and_keeps_every_character():
    text = "SELECT '<b>', $$ & $$, 1.5 -- <i>\nFROM \"t\""
    shown = re.sub(r"<[^>]+>", "", highlighted(text))
    assert shown == text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("'", "&#39;").replace(
        '"', "&#34;"
    )


def test_without_graphviz_there_is_a_tree(monkeypatch):
    def none(*_):
        raise GraphError("There is no Graphviz")

    monkeypatch.setattr(graph_html.svg, "image", none)
    monkeypatch.setattr(graph_html.svg, "picture", none)
    graph = Graph((GraphNode(view("a")), GraphNode(view("b"))), (Edge(view("a"), view("b")),))
    found = graph_html.graph_bundle(graph)
    assert found.keys() == {"text/html", "text/plain"}
    assert "└── view.b" in found["text/html"]


def test_risks_say_what_is_locked_and_rewritten():
    """The server rewrites nothing for a longer varchar, whatever the migration's text looks like."""
    exclusive, share = LockMode.ACCESS_EXCLUSIVE, LockMode.SHARE_ROW_EXCLUSIVE
    changed = altered(Alteration(Effect.RETYPE_COLUMN, table("users"), "name"))
    locked = replace(plan_of(changed), risks=(Risk(1, RiskKind.EXCLUSIVE_LOCK, "table.users", exclusive),))
    assert (locks(locked).readers, locks(locked).writers, rewrites(locked)) == (("table.users",), (), ())
    reason = "column name gets another type"
    rewritten = Risk(
        1, RiskKind.REWRITE, "table.users", exclusive, bytes=2 << 30, reason=reason, where="migrations/1.sql:3"
    )
    plan = replace(locked, risks=(rewritten, Risk(1, RiskKind.LOCK, "table.orders", share)))
    assert (locks(plan).readers, locks(plan).writers) == (("table.users",), ("table.orders",))
    assert rewrites(plan) == ("table.users (2.0 GB): column name gets another type (1.sql)",)
    assert "table.users (2.0 GB)" in plan_html(plan)


def test_a_plan_in_a_notebook_shows_the_risks_and_those_of_each_step():
    """With their sizes, locks and causes, as the text has them."""
    changed = altered(Alteration(Effect.RETYPE_COLUMN, table("users"), "name"))
    reason, where = "column name gets another type", "migrations/1.sql:3"
    rewritten = Risk(1, RiskKind.REWRITE, "table.users", LockMode.ACCESS_EXCLUSIVE, 2 << 30, reason=reason, where=where)
    shown = bundle(replace(plan_of(changed), risks=(rewritten,)))[HTML]
    risks, _, steps = shown.partition('<details class="pgmg-part steps"')
    for said in ("Risks", "rewrite", "2.0 GB", reason, where, "AccessExclusiveLock"):
        assert said in risks
    assert '<span class="risk">' in steps
    assert "rewrite" in steps
