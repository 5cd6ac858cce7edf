"""Columns as a graph: what belongs to a relation stands together, values and conditions differ, notes are said."""

import re
from xml.etree import ElementTree as ET

import jsonschema
import pytest

from pgmg.model.naming.location import SourceLocation
from pgmg.model.naming.names import Kind, ObjectName
from pgmg.model.plans.plan import ChangeKind, Origin
from pgmg.model.results.graph_data import ColumnEdge, Flow, Graph, GraphNode
from pgmg.render import labels
from pgmg.render.explorer.grouping import first_view, overview
from pgmg.render.graph import formats
from pgmg.render.html import graph_html
from pgmg.render.json import documents
from tests.render import builders as made
from tests.render.pages import unpacked

STATS, USERS, ODD = made.view("user_stats"), made.table("users"), made.view("odd", "reporting")


def column(relation, name):
    return ObjectName(Kind.COLUMN, name, parent=relation)


def lineage(hostile="score"):
    """A view's column from a table's, with a filter, and a view that could not be followed."""
    score, points, active = column(STATS, hostile), column(USERS, "points"), column(USERS, "active")
    odd = column(ODD, "Odd One")
    nodes = (
        GraphNode(score, change=ChangeKind.MODIFIED, location=SourceLocation("sql/v.sql", 3), sql="sum(u.points)"),
        GraphNode(points, managed=False),
        GraphNode(active, managed=False),
        GraphNode(STATS, change=ChangeKind.MODIFIED, sql="CREATE VIEW user_stats …"),
        GraphNode(ODD, managed=False),
        GraphNode(odd, managed=False),
    )
    edges = (
        ColumnEdge(score, points),
        ColumnEdge(score, STATS, flow=Flow.CONDITION),
        ColumnEdge(STATS, active, flow=Flow.CONDITION),
        ColumnEdge(ODD, score, Origin.CATALOG, flow=Flow.USED),
        ColumnEdge(odd, ODD, Origin.CATALOG, flow=Flow.USED),
    )
    return Graph(nodes, edges, asked=(score,), notes=("The query of view.reporting.odd could not be followed.",))


def test_as_a_tree():
    expected = """\
view.reporting.odd."Odd One" (unmanaged)
└── all columns of view.reporting.odd (unmanaged)
    └── view.user_stats.score [modified] = sum(u.points)
        ├── table.users.points
        └── rows of view.user_stats [modified]
            └── table.users.active

The query of view.reporting.odd could not be followed."""
    assert formats.to_tree(lineage()) == expected


@pytest.mark.parametrize(("sql", "shown"), [("u.score", ""), ("a\nb", ""), ("x" * 80, f" = {'x' * 70}…")])
def test_expressions_in_a_tree_are_short_and_say_something(sql, shown):
    score = column(STATS, "score")
    assert formats.to_tree(Graph((GraphNode(score, sql=sql),), asked=(score,))) == f"view.user_stats.score{shown}"


def test_as_a_picture():
    source = formats.to_dot(lineage())
    assert re.findall(r'label="?([^"\]]*\\n(?:view|table))"?', source) == [
        "user_stats\\nview", "users\\ntable", "reporting.odd\\nview",
    ]  # fmt: skip
    (asked,) = re.findall(r'\t"column.user_stats.score" \[.*\]', source)
    assert "penwidth=2" in asked
    assert 'class="kind-column change-modified asked"' in asked
    (rows,) = re.findall(r'\t"view.user_stats" \[.*\]', source)
    assert "label=rows" in rows
    edges = [line for line in source.splitlines() if " -> " in line]
    assert edges[0].strip().startswith('"column.users.points" -> "column.user_stats.score"')  # data flows along arrows
    assert ["style=dashed" in edge for edge in edges] == [False, True, True, True, True]
    root = ET.fromstring(formats.to_svg(lineage()))
    assert {f"n{n}" for n in range(1, 7)} <= {group.get("id") for group in root.iter("{http://www.w3.org/2000/svg}g")}


def test_a_legend_explains_other_ways_than_values():
    assert re.findall(r'"legend ([^"]+)"', formats.to_dot(lineage()).partition("cluster_legend")[2]) == [
        "used, in an unknown way", "filters, joins or groups rows", "computes the value", "unmanaged", "modified",
    ]  # fmt: skip
    score = column(STATS, "score")
    plain = Graph(
        (GraphNode(score), GraphNode(column(USERS, "a"))), (ColumnEdge(score, column(USERS, "a")),), asked=(score,)
    )
    assert "legend" not in formats.to_dot(plain)


def test_as_mermaid():
    text = formats.to_mermaid(lineage())
    assert text.startswith("flowchart LR\n")
    assert '  subgraph s2["users<br/>table"]\n    n2["points"]\n    n3["active"]\n  end\n' in text
    assert "  n2 --> n1\n  n4 -.-> n1\n  n3 -.-> n4\n" in text


def test_as_a_page():
    page = formats.to_html(lineage())
    data = unpacked(page)
    assert [node[0] for node in data["nodes"]] == [
        "view.user_stats.score", "table.users.points", "table.users.active", "rows of view.user_stats",
        "all columns of view.reporting.odd", 'view.reporting.odd."Odd One"',
    ]  # fmt: skip
    source, user, why, _ = data["links"][0]
    assert (data["nodes"][source][0], data["nodes"][user][0]) == ("table.users.points", "view.user_stats.score")
    assert data["words"][why] == "view.user_stats.score is computed from table.users.points: read in the source"
    assert "<title>Column lineage</title>" in page
    assert "4 columns of 3 relations" in page
    assert "<li>The query of view.reporting.odd could not be followed.</li>" in page
    assert labels.ARROWS in page
    assert 'class="line flow-condition"' in page


def test_in_a_notebook():
    bundle = graph_html.graph_bundle(lineage())
    assert bundle.keys() == {"text/plain", "text/html", "image/svg+xml"}
    assert 'aria-label="Column lineage"' in bundle["text/html"]
    assert "could not be followed" in bundle["text/html"]
    assert '<img alt="Column lineage: 4 columns of 3 relations"' in bundle["text/html"]


def test_hostile_names_are_only_names():
    hostile = lineage(made.HOSTILE)
    bundle = graph_html.graph_bundle(hostile)
    assert "\x1b" not in bundle["text/plain"]
    for text in (formats.to_html(hostile), bundle["text/html"], bundle["image/svg+xml"]):
        assert "<script>document.title" not in text
        assert "\x1b" not in text
    assert ET.fromstring(formats.to_svg(hostile))


def test_as_json():
    document = documents.graph_document(lineage())
    jsonschema.validate(document, documents.schema())
    assert [edge["flow"] for edge in document["edges"]] == ["value", "condition", "condition", "used", "used"]
    assert document["asked"] == ["column.user_stats.score"]
    assert document["notes"] == ["The query of view.reporting.odd could not be followed."]
    plain = documents.graph_document(made.shop())
    jsonschema.validate(plain, documents.schema())
    assert all("flow" not in edge for edge in plain["edges"])


def test_of_many_columns_the_nearest_are_drawn():
    names = [column(made.view(f"v{n}"), "c") for n in range(500)]
    chain = Graph(tuple(map(GraphNode, names)), tuple(map(ColumnEdge, names[1:], names)), asked=(names[250],))
    shown = overview(chain, first_view(chain))
    assert len(shown.nodes) == 150
    assert {names[n] for n in range(177, 323)} <= {node.object for node in shown.nodes}
    assert shown.hidden == 350
    assert "350 more columns not shown" in graph_html.graph_html(chain)
