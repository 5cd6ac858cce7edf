import re
from xml.etree import ElementTree as ET

import pytest

from pgmg.model.naming.location import SourceLocation
from pgmg.model.plans.plan import Edge
from pgmg.model.results.graph_data import Graph, GraphNode
from pgmg.render.graph import formats
from tests.render import builders as made

SVG = "{http://www.w3.org/2000/svg}"
LINK = "{http://www.w3.org/1999/xlink}"
A, B, C = made.view("a"), made.view("b"), made.view("c")


def of(*edges):
    """A graph of views named by single letters: `of("a b")` says that a depends on b."""
    found = [tuple(made.view(name) for name in edge.split()) for edge in edges]
    names = dict.fromkeys(name for pair in found for name in pair)
    return Graph(tuple(map(GraphNode, names)), tuple(Edge(*pair) for pair in found))


def parsed(svg):
    root = ET.fromstring(svg)
    return root, {group.get("id"): group for group in root.iter(f"{SVG}g") if group.get("id")}


def texts(element):
    return [text.text for text in element.iter(f"{SVG}text")]


# --- the tree


def test_a_tree_has_what_nothing_depends_on_at_its_roots():
    expected = """\
view.c
├── view.b
│   └── view.a
└── view.a
view.d
└── view.a"""
    assert formats.to_tree(of("c b", "b a", "c a", "d a")) == expected


def test_a_tree_shows_shared_branches_once_and_closes_circles():
    expected = """\
view.d
└── view.c
    └── view.b
view.e
└── view.c (*)
view.x
└── view.y
    └── view.x (cycle)

(*) dependencies shown above
(cycle) part of a dependency cycle"""
    assert formats.to_tree(of("d c", "c b", "e c", "x y", "y x")) == expected


def test_a_tree_tells_changes_origins_and_what_is_hidden():
    assert formats.to_tree(made.shop()).splitlines()[1:] == [
        "└── learned: view.user_stats [modified]",
        "    ├── view.active_users [new]",
        "    │   └── table.users (unmanaged)",
        "    └── table.orders (unmanaged)",
        "view.reporting.by_hand (unmanaged)",
        "└── view.reporting.daily [drifted]",
        "    └── materialized_view.reporting.revenue [missing]",
        "        └── view.user_stats [modified] (*)",
        "function.is_even(integer) [adopted]",
        "└── ~ function.is_odd(integer) [formatting]",
        "    └── ~ function.is_even(integer) [adopted] (cycle)",
        "",
        "~ not tracked by the server",
        "(*) dependencies shown above",
        "(cycle) part of a dependency cycle",
        "… 3 more objects not shown",
    ]


def test_a_tree_is_as_deep_as_need_be_and_survives_being_its_own_root():
    names = [made.view(f"v{n}") for n in range(2000)]
    chain = Graph(tuple(map(GraphNode, names)), tuple(map(Edge, names[1:], names)))
    assert len(formats.to_tree(chain).splitlines()) == 2000
    assert formats.to_tree(of("a a")).splitlines()[1] == "└── view.a (cycle)"
    assert formats.to_tree(Graph()) == "No objects."


# --- DOT


def test_dot_says_kind_change_and_origin_in_words_and_colours():
    source = formats.to_dot(made.shop())
    (stats,) = re.findall(r'\t"view.user_stats" \[.*\]', source)
    for part in (
        'fillcolor="#fdeec8"', "shape=box", 'label="user_stats\\nview"', 'URL="sql/views/user_stats.sql#L3"',
        'class="kind-view change-modified"', "id=n4",
    ):  # fmt: skip
        assert part in stats
    (users,) = re.findall(r'\t"table.users" \[.*\]', source)
    assert 'style="filled,dashed"' in users
    (soft,) = re.findall(r'\t"function.is_even\(integer\)" -> .*is_odd.*', source)
    assert "style=dashed" in soft
    assert 'class="origin-source soft"' in soft
    (learned,) = [line for line in source.splitlines() if 'class="origin-error"' in line]
    assert "#d9612a" in learned


def test_dot_is_the_same_text_for_the_same_graph():
    assert formats.to_dot(made.shop()) == formats.to_dot(made.shop())


def test_schemas_become_clusters_where_there_are_several():
    assert "label=reporting" in formats.to_dot(made.shop())
    assert "cluster_" not in formats.to_dot(of("a b"))
    evil = Graph((GraphNode(made.view("v", made.HOSTILE)), GraphNode(A)))
    assert parsed(formats.to_svg(evil))


def test_a_legend_explains_what_occurs_and_nothing_else():
    legend = formats.to_dot(made.shop()).partition("cluster_legend")[2]
    assert re.findall(r'"legend ([^"]+)"', legend) == [
        "edge: learned", "edge: catalog", "edge: source, soft", "edge: source", "unmanaged",
        "formatting", "drifted", "missing", "adopted", "deleted", "modified", "new",
    ]  # fmt: skip
    assert "legend" not in formats.to_dot(of("a b"))


def test_edges_to_what_is_not_shown_are_left_out():
    cut = Graph((GraphNode(A), GraphNode(B)), (Edge(A, B), Edge(A, C), Edge(C, B)))
    assert formats.to_dot(cut).count(" -> ") == 1
    assert formats.to_mermaid(cut).count(" --> ") == 1
    assert formats.to_tree(cut) == "view.a\n└── view.b"


def test_names_that_look_alike_once_cleaned_stay_two_nodes():
    twins = Graph((GraphNode(made.view("a\x1b")), GraphNode(made.view("a\\x1b"))))
    _, groups = parsed(formats.to_svg(twins))
    assert {"n1", "n2"} <= groups.keys()


# --- SVG


def test_svg_is_well_formed_and_shows_hostile_names_as_they_are():
    root, groups = parsed(formats.to_svg(made.shop()))
    shown = (
        str(made.view(made.HOSTILE).display_name)
        .replace("\x1b", "\\x1b")
        .replace("\u202e", "\\u202e")
        .replace("\n", "\\n")
    )
    assert texts(groups["n9"]) == [shown, "view"]
    assert not list(root.iter(f"{SVG}script"))


def test_svg_links_lead_to_files_and_nowhere_else():
    root, _ = parsed(formats.to_svg(made.shop()))
    links = [a.get(f"{LINK}href") for a in root.iter(f"{SVG}a") if a.get(f"{LINK}href")]
    assert links == [
        "sql/a%20b%231%3F.sql#L1", "sql/views/user_stats.sql#L3", "javascript%3Aalert%281%29//x.sql#L1",
    ]  # fmt: skip


def test_a_path_cannot_name_a_host():
    elsewhere = Graph((GraphNode(A, location=SourceLocation("//example.com/x.sql", 1)),))
    assert 'xlink:href="example.com/x.sql#L1"' in formats.to_svg(elsewhere)


def test_svg_tooltips_hold_the_sql_without_passwords():
    root, groups = parsed(formats.to_svg(made.shop()))
    (tip,) = [a.get(f"{LINK}title") for a in groups["n3"].iter(f"{SVG}a")]
    assert tip == 'view.active_users\nview, new\nsql/a b#1?.sql:1:1\n\nSELECT 1 < 2 AS "</script>"'
    assert made.PASSWORD not in ET.tostring(root, "unicode")


def test_long_sql_is_cut_in_tooltips():
    svg = formats.to_svg(Graph((GraphNode(A, sql="\n".join(f"line {n}" for n in range(1000))),)))
    assert "line 24&#10;…" in svg
    assert "line 25" not in svg


def test_an_empty_graph_can_be_drawn():
    for draw in (formats.to_svg, formats.to_html, formats.to_mermaid, formats.to_dot):
        assert draw(Graph())


# --- Mermaid


def test_mermaid_draws_nodes_edges_and_classes():
    expected = """\
flowchart LR
  n1["a<br/>view"]
  n2["b<br/>view"]
  n3["c<br/>view"]
  n2 --> n1
  n3 --> n2
  linkStyle 0,1 stroke:#7b8794
  classDef unchanged fill:#f1f4f8,stroke:#7b8794,color:#1f2933
  class n1,n2,n3 unchanged
"""
    assert formats.to_mermaid(of("a b", "b c")) == expected


def test_mermaid_has_dashes_for_soft_edges_and_boxes_for_schemas():
    text = formats.to_mermaid(made.shop())
    assert "  n8 -.-> n7\n" in text
    assert '  subgraph s2["reporting"]\n' in text
    assert "  class n1,n2,n10 unmanaged\n" in text


def test_mermaid_spells_out_everything_that_could_mean_something():
    (label,) = re.findall(r'n9\["(.*)<br/>view"\]', formats.to_mermaid(made.shop()))
    assert re.fullmatch(r"(?:[\w .,()]|#\d+;)+", label)


# --- files


@pytest.mark.parametrize(
    ("suffix", "begins"),
    [(".svg", b"<?xml"), (".html", b"<!DOCTYPE"), (".dot", b"digraph"), (".GV", b"digraph"), (".mmd", b"flowchart")],
)
def test_each_suffix_has_its_writer(suffix, begins):
    writer = formats.file_writer(suffix)
    assert writer is not None
    assert writer(of("a b")).startswith(begins)


def test_an_unknown_suffix_has_none():
    assert formats.file_writer(".docx") is None
    assert formats.file_writer(".png") is formats.to_png
