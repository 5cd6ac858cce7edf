"""`pgmg status`, `pgmg diff` and `pgmg graph`."""

import json

import pytest

from tests.render import builders


def test_status_is_one_screen(fake, pgmg):
    done = pgmg("status")
    assert (done.exit_code, done.stderr) == (0, "")
    assert "postgresql://app@db:5432/shop" in done.stdout
    assert json.loads(pgmg("status", "--format", "json").stdout)["database"]["name"] == "shop"


def test_diff_shows_the_sql_of_the_objects_named(fake, pgmg):
    done = pgmg("diff", "active_users", "view.b")
    assert fake.asked == [("diff", ("active_users", "view.b"))]
    assert "-SELECT 1" in done.stdout
    assert "+SELECT 2" in done.stdout
    assert json.loads(pgmg("diff", "--format", "json").stdout)["changes"]


def test_graph_is_a_tree_here(fake, pgmg):
    fake.graphed = builders.shop()
    done = pgmg("graph")
    assert "└── " in done.stdout
    assert json.loads(pgmg("graph", "--format", "json").stdout)["hidden"] == 3


def test_graph_is_told_where_to_look(fake, pgmg):
    pgmg("graph", "user_stats", "--upstream", "2", "--changes-only")
    assert fake.asked == [("graph", ("user_stats",), {"upstream": 2, "downstream": None, "changes_only": True})]


@pytest.mark.parametrize(("name", "start"), [("g.dot", "digraph"), ("g.mmd", "flowchart"), ("g.SVG", "<")])
def test_graph_writes_a_file_of_the_kind_its_name_says(fake, pgmg, here, name, start):
    fake.graphed = builders.shop()
    done = pgmg("graph", "--output", name)
    assert (done.exit_code, done.stdout, done.stderr) == (0, "", f"Wrote {name}\n")
    assert start in (here / name).read_text(encoding="utf-8")[:200]


@pytest.mark.parametrize("words", [["--output", "g.txt"], ["--upstream", "-1"], ["--upstream", "x"]])
def test_graph_refuses_what_makes_no_sense(fake, pgmg, words):
    assert (pgmg("graph", *words).exit_code, fake.asked) == (2, [])
