"""The interactive graph: its page, its data, its groups, and the view in which it opens."""

import html
import re
from xml.etree import ElementTree as ET

import pytest

from pgmg.model.naming.location import SourceLocation
from pgmg.model.naming.names import Kind, ObjectName, migration_name
from pgmg.model.plans.plan import ChangeKind, Edge
from pgmg.model.results.graph_data import Graph, GraphNode
from pgmg.render.explorer.explorer_page import explorer_data
from pgmg.render.explorer.grouping import ALL_SHOWN, MOST_SHOWN, first_view, groupings, overview
from pgmg.render.graph.formats import to_html
from pgmg.render.html import markup
from pgmg.render.html.graph_html import graph_bundle, graph_html
from tests.render import builders as made
from tests.render.pages import Elements, framed, pictured, unpacked


def chain(number, changed=(), schemas=("public",), folders=("sql",)):
    """Views, each on the one before it, spread over schemas and folders; some of them changed."""
    names = [made.view(f"v{n:04}", schemas[n % len(schemas)]) for n in range(number)]
    nodes = tuple(
        GraphNode(
            name,
            change=ChangeKind.MODIFIED if n in changed else None,
            location=SourceLocation(f"{folders[n % len(folders)]}/{name.name}.sql", 1),
        )
        for n, name in enumerate(names)
    )
    return Graph(nodes, tuple(map(Edge, names[1:], names)))


def test_a_page_needs_nothing_from_anywhere_else():
    elements = Elements(to_html(made.shop()))
    loaded = [attrs for _, attrs in elements.tags if attrs.keys() & {"src", "href", "xlink:href", "action", "data"}]
    assert loaded == []


def test_a_page_lets_no_script_run_but_its_own():
    elements = Elements(to_html(made.shop()))
    data, own = [attrs for tag, attrs in elements.tags if tag == "script"]
    assert (data, own) == ({"type": "text/plain", "id": "data"}, {})
    (policy,) = [attrs["content"] for tag, attrs in elements.tags if tag == "meta" and "http-equiv" in attrs]
    assert re.search(r"default-src 'none'.*script-src 'sha256-[\w+/=]+'", policy)
    assert not [attrs for _, attrs in elements.tags if any(name.startswith("on") for name in attrs)]


def test_the_data_of_a_page_is_that_of_the_graph():
    data = unpacked(to_html(made.shop()))
    name, kind, change, why, managed, place, sql = data["nodes"][2]
    assert (name, place, sql) == ("view.active_users", "sql/a b#1?.sql:1:1", 'SELECT 1 < 2 AS "</script>"')
    assert [data["words"][n] for n in (kind, change, why)] == ["view", "new", ""]
    assert managed
    source, user, why, classes = data["links"][0]
    assert [data["nodes"][n][0] for n in (source, user)] == ["table.users", "view.active_users"]  # data flows along
    assert [data["words"][n] for n in (why, classes)] == ["read in the source", "origin-source"]
    assert len(data["links"]) == 9
    assert all(node[6] == "" for node in explorer_data(made.shop(), sql=False)["nodes"])


def test_no_password_and_nothing_unprintable_is_in_a_page():
    text = to_html(made.shop(), title=f"postgresql://u:{made.PASSWORD}@h/d \x1b[31m")
    for shown in (text, str(unpacked(text))):
        assert made.PASSWORD not in shown
        assert not {char for char in shown if not char.isprintable()} - {"\n"}


def test_a_title_is_only_a_title():
    text = to_html(made.shop(), title="</title><script>alert(1)</script>")
    assert "<script>alert" not in text
    assert html.escape("</title><script>alert(1)</script>") in text


def test_an_empty_graph_has_a_page():
    assert "No objects." in to_html(Graph())
    assert "No objects." in graph_html(Graph())


def test_templates_refuse_missing_values():
    with pytest.raises(Exception, match="is undefined"):
        markup.fill("explorer.html.j2")


@pytest.mark.parametrize(
    "name", ["explorer.css", "explorer.js", "explorer_layout.js", "explorer_picture.js", "figure.js"]
)
def test_scripts_and_styles_cannot_end_their_elements_early(name):
    assert not re.search(r"</(script|style)", markup.asset(name))


# --- groups


def test_a_small_graph_opens_as_a_whole():
    graph = chain(ALL_SHOWN, schemas=("a", "b"))
    view = first_view(graph)
    assert view.groups.by == "schema"
    assert all(view.draws(number) for number in range(ALL_SHOWN))
    assert overview(graph, view) is graph
    assert first_view(chain(9)).groups is None


def test_a_large_graph_opens_with_closed_groups_and_the_changed_objects_with_their_neighbours():
    graph = chain(1000, changed={500}, schemas=("a", "b"))
    view = first_view(graph)
    shown = [n for n in range(1000) if view.draws(n)]
    assert shown == [499, 500, 501]
    small = overview(graph, view)
    assert [str(node.object) for node in small.nodes] == [
        "view.b.v0499", "view.a.v0500", "view.b.v0501", "other.a: 499 objects", "other.b: 498 objects",
    ]  # fmt: skip
    assert small.hidden == 997
    pairs = {(str(edge.object), str(edge.depends_on)) for edge in small.edges}
    assert ("view.b.v0499", "other.a: 499 objects") in pairs
    assert ("view.a.v0500", "view.b.v0499") in pairs


@pytest.mark.parametrize("changed", [set(), set(range(1000)), set(range(0, 1000, 3))])
def test_of_a_large_graph_no_more_is_drawn_than_can_be_read(changed):
    view = first_view(chain(1000, changed=changed, schemas=("a", "b", "c")))
    assert sum(view.draws(n) for n in range(1000)) <= MOST_SHOWN


def test_groups_are_schemas_or_folders_or_kinds_whichever_divides_the_graph():
    assert [way.by for way in groupings(chain(10, schemas=("a", "b"), folders=("x", "y", "z")))] == ["schema", "folder"]
    assert [way.by for way in groupings(chain(10, folders=("x", "y")))] == ["folder"]
    lopsided = chain(200, schemas=("a",), folders=("x", "y"))
    lopsided = Graph((*lopsided.nodes, GraphNode(made.view("w", "b"))), lopsided.edges)
    assert [way.by for way in groupings(lopsided)] == ["folder", "schema"]
    mixed = Graph(
        (
            GraphNode(made.table("t")),
            GraphNode(migration_name("1.sql")),
            GraphNode(ObjectName(Kind.CAST, arguments=("a", "b"))),
        )
    )
    assert groupings(mixed)[0].labels == ("tables", "migrations", "casts")


def test_the_data_holds_every_name_and_every_grouping_however_little_is_drawn():
    graph = chain(1000, changed={500}, schemas=("a", "b"), folders=("x", "y", "z"))
    data = explorer_data(graph)
    assert [node[0] for node in data["nodes"]] == [str(node.object) for node in graph.nodes]
    assert [(way, labels) for way, labels, _ in data["groups"]] == [
        ("schema", ("a", "b")),
        ("folder", ("x", "y", "z")),
    ] or [(way, list(labels)) for way, labels, _ in data["groups"]] == [
        ("schema", ["a", "b"]),
        ("folder", ["x", "y", "z"]),
    ]
    assert data["view"] == ["schema", [], [499, 500, 501]]


# --- in a notebook


def test_an_output_holds_a_picture_and_the_page_packed():
    bundle = graph_bundle(made.shop())
    assert bundle.keys() == {"text/plain", "text/html", "image/svg+xml"}
    assert unpacked(framed(bundle["text/html"])) == unpacked(to_html(made.shop()))
    drawn = pictured(bundle["text/html"])
    assert ET.fromstring(drawn).tag.endswith("svg")
    assert "ird&lt;/script&gt;" in drawn
    assert made.PASSWORD not in drawn


def test_of_a_large_graph_the_picture_shows_the_closed_groups():
    page = graph_html(chain(1000, changed={500}, schemas=("a", "b")))
    drawn = pictured(page)
    for text in ("v0500", "a: 499 objects", "b: 498 objects"):
        assert text in drawn
    assert "997 more objects not shown" in page
    assert len(page) < 60_000
    assert "image/svg+xml" not in graph_bundle(chain(1000))
